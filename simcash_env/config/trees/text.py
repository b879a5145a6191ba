"""Trees as a person reads them: conditions as formulas, actions with their parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Row = Mapping[str, Any]

INFIX: Final = frozenset({"+", "-", "*", "/"})


def value_text(row: Row, *, is_inner: bool = False) -> str:
    """A value: a name, a number, or a formula, in brackets where it is part of another."""
    ((source, content),) = row.items()
    if source != "compute":
        return f"{content:.15g}" if isinstance(content, float) else str(content)
    op = content["op"]
    if op in INFIX:
        left, right = (value_text(content[side], is_inner=True) for side in ("left", "right"))
        return f"({left} {op} {right})" if is_inner else f"{left} {op} {right}"
    operands = content["values"] if "values" in content else [content[key] for key in content if key != "op"]
    return f"{op}({', '.join(map(value_text, operands))})"


def condition_text(row: Row, *, is_inner: bool = False) -> str:
    """A condition, in brackets where it is part of another."""
    op = row["op"]
    if op == "not":
        return f"not {condition_text(row['condition'], is_inner=True)}"
    if op in {"and", "or"}:
        text = f" {op} ".join(condition_text(item, is_inner=True) for item in row["conditions"])
        return f"({text})" if is_inner and len(row["conditions"]) > 1 else text
    return f"{value_text(row['left'])} {op} {value_text(row['right'])}"


def action_text(row: Row) -> str:
    """An action and its parameters."""
    given = (row.get("parameters") or {}).items()
    parameters = ", ".join(f"{name}={value_text(value)}" for name, value in given)
    return f"{row['action']}({parameters})" if parameters else str(row["action"])
