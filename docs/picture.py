"""The picture of the architecture page: ``python -m docs.picture`` writes ``docs/assets/architecture.svg``.

Boxes are modules and tables, bands are when they are at work. A test compares the file with what this writes, and the
modules with those that exist.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

ROOT: Final = Path(__file__).resolve().parent.parent
PICTURE: Final = ROOT / "docs" / "assets" / "architecture.svg"
WIDTH: Final = 1_000
HEIGHT: Final = 640
STYLE: Final = """
text { font: 14px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2430; }
.small { font-size: 12px; fill: #5b6472; } .band { font-size: 12px; font-weight: 600; fill: #5b6472; }
.title { font-weight: 600; } .module { fill: #ffffff; stroke: #9aa5b8; } .table { fill: #fff6e5; stroke: #e0a53d; }
.kernel { fill: #e9f0ff; stroke: #2457c5; stroke-width: 1.6; } .lane { fill: #f3f5f9; }
.arrow { fill: none; stroke: #5b6472; stroke-width: 1.6; marker-end: url(#head); }
"""

OPENING: Final = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
    'aria-label="From a scenario file to a reward, and from an action to a balance">'
)
HEAD: Final = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 L8 4 L0 8 z" fill="#5b6472"/></marker></defs>'
)


class Box(NamedTuple):
    """A rectangle with a title and lines of small print; ``kind`` is a class of the style."""

    x: int
    y: int
    w: int
    h: int
    kind: str
    title: str
    lines: tuple[str, ...] = ()


class Band(NamedTuple):
    """A lane of the picture, and when what lies in it is at work."""

    y: int
    h: int
    title: str
    x: int = WIDTH - 28
    anchor: str = "end"


BANDS: Final = (
    Band(12, 128, "once a scenario: input is judged, names become numbers"),
    Band(152, 262, "every step: one compiled call for all copies"),
    Band(426, 202, "faces: Python", 28, "start"),
)
BOXES: Final = (
    Box(28, 44, 160, 76, "module", "YAML file", ("an id or a mapping too",)),
    Box(238, 44, 160, 76, "module", "config/", ("checks everything,", "names every fault")),
    Box(448, 44, 180, 76, "module", "scenario.py", ("rows of integers", "sources.py, scales.py")),
    Box(678, 44, 190, 76, "module", "policies/", ("trees become programs", "programs.py")),
    Box(28, 190, 176, 88, "table", "Scenario row", ("read only: rates,", "banks, programs")),
    Box(28, 306, 176, 88, "table", "State, Work rows", ("one a copy: queues,", "balances, random stream")),
    Box(278, 184, 450, 214, "kernel", "kernels/tick.py"),
    Box(
        294,
        216,
        418,
        70,
        "module",
        "open_tick",
        ("day_start · scheduled · arrivals · ordering", "and there is something to decide"),
    ),
    Box(
        294,
        306,
        418,
        78,
        "module",
        "close_tick",
        ("decisions · rtgs · lsm · credits · costs · day_end", "ledger.py alone moves money, charges.py alone charges"),
    ),
    Box(796, 190, 176, 72, "table", "event log", ("only where asked for;", "costs are sums of events")),
    Box(
        796,
        294,
        176,
        100,
        "kernel",
        "spaces/",
        ("decode.py: actions in", "observe.py: windows out", "step.py: the batch's step"),
    ),
    Box(796, 470, 176, 66, "module", "envs/", ("parallel, vector,", "single, sb3")),
    Box(796, 554, 176, 58, "module", "render/", ("text, image, window",)),
    Box(540, 470, 190, 66, "module", "baselines, training", ("agents, networks, scores",)),
    Box(278, 470, 190, 66, "module", "simulation.py", ("a run, by name",)),
    Box(28, 470, 176, 66, "module", "cli/, service/", ("shell, HTTP, viewer",)),
    Box(28, 554, 176, 58, "module", "records/", ("Parquet, DuckDB, replay",)),
)
ARROWS: Final = (
    "M188 82 H234",
    "M398 82 H444",
    "M678 82 H632",
    "M538 120 V142 Q538 146 534 146 H120 Q116 146 116 150 V186",
    "M204 234 H274",
    "M204 340 H274",
    "M278 362 H208",
    "M728 226 H792",
    "M728 334 H792",
    "M796 360 H732",
    "M846 394 V466",
    "M922 470 V398",
    "M796 494 H734",
    "M730 514 H792",
    "M884 536 V550",
    "M373 398 V466",
    "M278 503 H208",
    "M373 536 V579 Q373 583 369 583 H208",
)
NOTES: Final = (
    (220, 226, "start", "reads"),
    (212, 382, "start", "changes"),
    (838, 448, "end", "observations, masks, rewards"),
    (930, 448, "start", "actions"),
    (382, 448, "start", "events, figures"),
)


def drawn() -> str:
    """The picture as SVG."""
    parts = [
        OPENING,
        f"<style>{STYLE}</style>",
        HEAD,
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="10" fill="#ffffff"/>',
    ]
    for band in BANDS:
        parts.append(f'<rect class="lane" x="12" y="{band.y}" width="{WIDTH - 24}" height="{band.h}" rx="8"/>')
        parts.append(
            f'<text class="band" x="{band.x}" y="{band.y + 20}" text-anchor="{band.anchor}">{escape(band.title)}</text>'
        )
    parts += [f'<path class="arrow" d="{path}"/>' for path in ARROWS]
    for box in BOXES:
        parts.append(f'<rect class="{box.kind}" x="{box.x}" y="{box.y}" width="{box.w}" height="{box.h}" rx="7"/>')
        parts.append(f'<text class="title" x="{box.x + 12}" y="{box.y + 23}">{escape(box.title)}</text>')
        for number, line in enumerate(box.lines):
            parts.append(f'<text class="small" x="{box.x + 12}" y="{box.y + 43 + 17 * number}">{escape(line)}</text>')
    for x, y, anchor, word in NOTES:
        parts.append(f'<text class="small" x="{x}" y="{y}" text-anchor="{anchor}">{escape(word)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(drawn(), encoding="utf-8")
    print(PICTURE)


if __name__ == "__main__":
    main()
