"""Mutants of a kernel: the same function with one place changed, as code that can take its place."""

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
"""The bound moved by one, and the opposite."""

OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
}

TWINS = {"min": "max", "max": "min", "abs": "int"}


@dataclass(frozen=True)
class Mutant:
    """One change.

    Attributes:
        module: the file's name without its suffix.
        function: the kernel, or the constant of the module.
        line: where.
        change: what, as source.
        code: the function's new code; None where a constant changes.
        value: the constant's new value.
        number: among the equal changes of its function.
    """

    module: str
    function: str
    line: int
    change: str
    code: CodeType | None = None
    value: int | float = 0
    number: int = 1

    @property
    def name(self) -> str:
        """Without its line, so that it keeps its name while lines above come and go."""
        return f"{self.module}.{self.function}: {self.change}" + (f" #{self.number}" if self.number > 1 else "")


def mutants_of(path: Path) -> Iterator[Mutant]:
    """All mutants of a file of kernels, in the order of its lines."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            yield from of_function(path, node)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            yield from of_constants(path.stem, node)


def of_constants(module: str, node: ast.Assign | ast.AnnAssign) -> Iterator[Mutant]:
    """A constant that a rule counts by, one larger. Codes of events, statuses and places are no rule."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    pairs = [(target, node.value)]
    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
        pairs = list(zip(target.elts, node.value.elts, strict=True))
    for name, value in pairs:
        if isinstance(name, ast.Name) and value is not None and "Kind" not in ast.dump(value):
            try:
                number = eval(compile(ast.Expression(value), module, "eval"), {})  # noqa: S307 - our own source
            except NameError:
                continue  # a code
            yield Mutant(module, name.id, node.lineno, f"{name.id} = {number + 1}", value=number + 1)


def of_function(path: Path, function: ast.FunctionDef) -> Iterator[Mutant]:
    """Every place of a function, changed in every way."""
    told_before = Counter[str]()
    for at, original in enumerate(places(function)):
        for way, _ in enumerate(alternatives(original.node, original)):
            changed = copy.deepcopy(function)
            changed.decorator_list = []
            place = list(places(changed))[at]
            told = change(place, way)
            told_before[told] += 1
            code = compiled(changed, path)
            yield Mutant(path.stem, function.name, place.node.lineno, told, code, number=told_before[told])


def compiled(function: ast.FunctionDef, path: Path) -> CodeType:
    """The code of a function, as it would be in its module."""
    future = ast.parse("from __future__ import annotations").body
    module = ast.fix_missing_locations(ast.Module([*future, function], []))
    codes = [each for each in compile(module, str(path), "exec").co_consts if isinstance(each, CodeType)]
    (code,) = [each for each in codes if each.co_name == function.name]  # 3.14 adds code for the annotations
    return code


@dataclass(frozen=True)
class Place:
    """A node that may change, and where it hangs."""

    node: ast.expr | ast.stmt
    parent: ast.AST
    field: str
    index: int | None

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def places(root: ast.AST) -> Iterator[Place]:
    """Expressions and statements of a body, docstring, annotations and the ``[0]`` of a table's scalars left out."""
    for field, value in ast.iter_fields(root):
        if field in {"annotation", "returns", "args", "decorator_list"} and not isinstance(root, ast.Call):
            continue
        if isinstance(root, ast.Subscript) and field == "slice" and isinstance(value, ast.Constant):
            continue
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if isinstance(node, ast.expr | ast.stmt) and not is_docstring:
                yield Place(node, root, field, index)
            if isinstance(node, ast.AST):
                yield from places(node)


def change(place: Place, way: int) -> str:
    """Change a place in one of its ways, and say how."""
    node = place.node
    before = ast.unparse(node)
    found = list(alternatives(node, place))
    place.put(found[way])
    if isinstance(node, ast.If | ast.While | ast.For):  # told by its head
        return f"without {before.splitlines()[0]}"
    return f"{before} -> {ast.unparse(found[way])}"


def alternatives(node: ast.expr | ast.stmt, place: Place) -> Iterator[ast.AST]:
    """What may stand in a node's place."""
    if isinstance(node, ast.Compare):
        for other in COMPARISONS.get(type(node.ops[0]), ()):
            yield ast.Compare(node.left, [other(), *node.ops[1:]], node.comparators)
    elif isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        yield ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)
        if len(node.values) == 2:
            yield from node.values
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1)
        if node.value:
            yield ast.Constant(node.value - 1)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TWINS:
        yield ast.Call(ast.Name(TWINS[node.func.id], ast.Load()), node.args, node.keywords)
    elif isinstance(node, ast.AugAssign) and type(node.op) in OPERATORS:
        yield ast.AugAssign(node.target, OPERATORS[type(node.op)](), node.value)
        yield ast.Pass()
    elif isinstance(node, ast.Break | ast.Continue | ast.Expr) or is_write(node):
        yield ast.Pass()
    if place.field == "test" and not isinstance(node, ast.Compare | ast.BoolOp | ast.UnaryOp):
        yield ast.UnaryOp(ast.Not(), node)


def is_write(node: ast.AST) -> bool:
    """Does a statement write into a table?"""
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript)
