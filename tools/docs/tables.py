"""The generated tables, one function each; ``generate.BLOCKS`` names them."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from simcash_env import config, registry
from simcash_env._registration import environment_id, episode_ticks
from simcash_env.agents import observation
from simcash_env.envs.learners import DEFAULT_SCENARIO
from simcash_env.envs.parallel import SimCashParallelEnv
from simcash_env.envs.vector import SimCashVec
from simcash_env.kernels import tick
from simcash_env.schema import arrays
from simcash_env.schema.codes import CostKind, EventKind
from simcash_env.schema.heads import head_table
from simcash_env.schema.layout import layout_of
from simcash_env.schema.rank import rank_table
from simcash_env.schema.verbs import VERBS, describe_choices
from simcash_env.simulation.event_log import VALUE_NAMES
from tools.docs import meanings
from tools.docs.markdown import summary, table

UNITS: Final = {
    "_cents": "cents",
    "_ticks": "ticks",
    "_tick": "tick",
    "_ppm": "millionths",
    "_thousandths": "thousandths",
    "_count": "count",
    "_per_tick": "a tick",
}
"""What the end of a field's name says of its unit."""


# -- environment ------------------------------------------------------------------------------------------------------


def environment_ids() -> str:
    """The ids of Gymnasium and PettingZoo, with what they play."""
    rows = [
        (
            "`SimCash/Bank-v0` (Gymnasium), `SimCash/Banks-v0` (PettingZoo)",
            f"`{DEFAULT_SCENARIO}`, or any other",
            "",
            "",
        )
    ]
    for name, ticks in episode_ticks().items():
        banks = [bank for bank in registry.load(name).banks if bank.policy.type == "external"]
        rows.append((f"`{environment_id(name)}`", f"`{name}`", str(len(banks)), str(ticks)))
    return table(("id", "scenario", "learning banks", "`max_episode_steps`"), rows)


def observation_layout() -> str:
    """Every entry of an observation: index, name, meaning, scale."""
    slots_at, num_slot = observation.SLOTS_AT, observation.NUM_SLOT
    blocks = (
        ([str(at) for at in range(slots_at)], "", observation.FIXED),
        ([at_offset(f"{slots_at} + {num_slot} k", place) for place in range(num_slot)], "slot{k}.", observation.SLOT),
        (
            [at_offset(f"{slots_at} + {num_slot} n", place) for place in range(observation.NUM_MARKET)],
            "",
            observation.MARKET,
        ),
        (
            [at_offset(f"{slots_at} + {num_slot} n + m", place) for place in range(observation.NUM_LIMITS)],
            "",
            observation.LIMITS,
        ),
    )
    rows = [
        (place, f"`{prefix}{entry.name}`", entry.meaning, entry.scale.value)
        for places, prefix, entries in blocks
        for place, entry in zip(places, entries, strict=True)
    ]
    return table(("index", "name", "meaning", "scale"), rows)


def at_offset(first: str, place: int) -> str:
    """A position as a formula."""
    return f"{first} + {place}" if place else first


def action_heads() -> str:
    """Every head of the queue action: subject, choices, condition of presence."""
    offers = ", ".join(f"{row.verb.name.lower()} with `actions.{row.key}`" for row in VERBS if row.key)
    slots = ("one for each of the first `max_queue_slots` payments of Queue 1", describe_choices(), f"always; {offers}")
    return table(("head", "choices", "present"), [slots, *head_table()])


def rank_components() -> str:
    """Every component of the rank action: position, name, bounds, default, unit, meaning."""
    return table(("number", "component", "bounds", "default", "unit", "meaning"), rank_table())


def cost_kinds() -> str:
    """Every cost, in the order of the cost arrays."""
    known = config.CostConfig.model_fields
    rows = []
    for kind in CostKind:
        when, field = meanings.COST[kind]
        if field not in known:
            message = f"costs have no field {field}"
            raise KeyError(message)
        rows.append((str(int(kind)), f"`{kind.name.lower()}`", when, f"`{field}`"))
    rows.append((str(len(CostKind)), "`interest`", meanings.INTEREST, "`market`"))
    return table(("index", "name", "charged", "price in the scenario's `costs`"), rows)


def arguments() -> str:
    """The arguments of the two constructors, from their docstrings and signatures."""
    parallel, batch = dict(_arguments(SimCashParallelEnv)), dict(_arguments(SimCashVec))
    _, options = parallel.pop("options")
    rows = []
    for name, (default, text) in parallel.items():
        other = batch.get(name, (default, ""))[0]
        shown = default if other == default else f"{default}; make_vec: {other}"
        rows.append((f"`{name}`", shown, "both" if name in batch else "parallel_env", text))
    shared = re.findall(r"`(\w+)`", options)
    for name, (default, text) in batch.items():
        if name not in parallel:
            rows.append((f"`{name}`", default, "both" if name in shared else "make_vec", text))
    return table(("argument", "default", "accepted by", "meaning"), rows)


def _arguments(cls: type[Any]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Name, default and description of each argument that a class's docstring explains."""
    section = inspect.getdoc(cls).split("Args:\n")[1].split("\n\n")[0]  # type: ignore[union-attr]
    parameters = inspect.signature(cls).parameters
    for name, text in re.findall(r"^    (\w+): ((?:.|\n(?!    \w))*)", section, re.MULTILINE):
        default = parameters[name].default
        shown = "" if default is inspect.Parameter.empty else f"`{default!r}`"
        yield name, (shown, re.sub(r"\s+", " ", text).replace("``", "`").strip())


# -- engine -----------------------------------------------------------------------------------------------------------


def tick_steps() -> str:
    """The steps of a tick in the order of ``kernels/tick.py``, each with what it says of itself."""
    source = Path(inspect.getfile(tick))
    functions = {node.name: node for node in ast.parse(source.read_text()).body if isinstance(node, ast.FunctionDef)}
    parts = []
    for half in ("open_tick", "close_tick"):
        rows = []
        for name in _calls(functions[half]):
            step = inspect.unwrap(getattr(tick, name))
            path = Path(inspect.getfile(step)).relative_to(source.parents[2]).as_posix()
            rows.append((f"`{name}`", f"[{Path(path).name}](../{path})", summary(step)))
        parts.append(f"**`{half}`**\n\n{table(('step', 'file', 'what'), rows)}")
    return "\n\n".join(parts)


def _calls(function: ast.FunctionDef) -> list[str]:
    """Names of the kernels that a function calls, in the order of the text."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    return [node.func.id for node in sorted(calls, key=lambda node: node.lineno) if isinstance(node.func, ast.Name)]


def fields_of(name: str) -> Callable[[], str]:
    """A function that writes the table of one class of ``arrays.py``."""
    return lambda: _fields(getattr(arrays, name))


def _fields(cls: type[tuple[Any, ...]]) -> str:
    columns, rows = layout_of(cls).columns, []
    for line in inspect.getsource(cls).splitlines():
        section = re.match(r"\s+# -- (.+) --$", line)
        field = re.match(r"\s+(\w+): \w+(?:  # (.*))?$", line)
        if section:
            rows.append((f"**{section[1]}**", "", "", ""))
        elif field and field[1] in columns:
            unit = next((UNITS[end] for end in sorted(UNITS, key=len, reverse=True) if field[1].endswith(end)), "")
            rows.append((f"`{field[1]}`", columns[field[1]].axis, unit, field[2] or ""))
    return table(("field", "axis", "unit", "meaning"), rows)


def event_kinds() -> str:
    """Every kind of event, and what its own two values are."""
    step_of = {kind: step for step, kinds in meanings.STEP.items() for kind in kinds}
    rows = []
    for kind in EventKind:
        values = [f"`{name}` ({unit_of(name)})" for name in VALUE_NAMES.get(kind, ()) if name]
        rows.append((str(int(kind)), f"`{kind.label}`", meanings.EVENT[kind], step_of[kind], ", ".join(values)))
    return table(("code", "kind", "written when", "step", "values (unit)"), rows)


def unit_of(value: str) -> str:
    """The unit of an event's own value, from its name."""
    for ending, unit in (("cents", "cents"), ("ticks", "ticks"), ("tick", "tick"), ("priority", "priority")):
        if value.endswith(ending):
            return unit
    return meanings.VALUE_UNIT[value]
