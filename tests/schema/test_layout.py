"""Arrays and their aliases in every Python that the package claims."""

import ast

from tests.sources import EVERYTHING, modules

ALIASES = {"NDArray", "ArrayLike", "F32", "F64", "I8", "I16", "I32", "I64"}


def array_aliases_of(tree):
    """Classes that have an alias of an array type as a base."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            names = {
                name
                for base in node.bases
                for each in ast.walk(base)
                for name in (vars(each).get("attr"), vars(each).get("id"))
            }
            if names & ALIASES:
                yield node.name


def test_layout_no_class_has_an_alias_of_an_array_as_its_base():
    """From Python 3.12 and NumPy 2.5 on such an alias is no class, and the package could not be imported there."""
    found = {
        f"{source}: {name}"
        for source, path in modules(*EVERYTHING, "benchmarks").items()
        for name in array_aliases_of(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == set()


def test_layout_search_for_aliases_finds_one():
    tree = ast.parse("class A(npt.NDArray[Any]): ...\nclass B(np.ndarray[Any, Any]): ...\nclass C(I64): ...")
    assert list(array_aliases_of(tree)) == ["A", "C"]
