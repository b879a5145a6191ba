"""A run on one page: balances, queues, costs, network, throughput. The one module that needs matplotlib.

Colours are those of Okabe and Ito, which colour-blind readers can distinguish. Line styles, hatches and places repeat
what a colour says, so that a grey print can be read.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final

import numpy as np

from simcash_env.amounts import CENTS_PER_UNIT, unit_name
from simcash_env.config.clock import HOUR_US
from simcash_env.errors import RecordError
from simcash_env.files import write_atomically
from simcash_env.literal import literal_label, literal_legend, literal_plot
from simcash_env.records.picture import Picture
from simcash_env.schema.codes import CostKind

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
STYLES: Final = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))
HATCHES: Final = ("", "///", "...", "\\\\\\", "xx", "++", "oo", "--")
GUIDELINE: Final = ((12.0, 0.50), (14.5, 0.75))
"""The CHAPS throughput guideline: share of the value due in a day that has settled by that hour."""

FORMATS: Final = frozenset({".png", ".svg", ".pdf"})
UNITS: Final = ((1e12, "trillion "), (1e9, "billion "), (1e6, "million "), (1e3, "thousand "))
MAX_TIMES: Final = 8
"""Largest number of labels on a time axis."""
MAX_LINES: Final = len(COLOURS)
MAX_NODES: Final = 8
MAX_BARS: Final = 20


def require_format(path: Path) -> None:
    """Refuse a file that cannot be drawn to, before anything has been run.

    Raises:
        RecordError: matplotlib is missing, or the file's ending is no format of ours.
    """
    if path.suffix.lower() not in FORMATS:
        message = f"{path}: a plot ends in {', '.join(sorted(FORMATS))}"
        raise RecordError(message)
    try:
        import matplotlib as mpl
    except ModuleNotFoundError as missing:
        message = "plots need matplotlib: pip install 'simcash-env[plots]'"
        raise RecordError(message) from missing
    del mpl


@literal_plot()
def draw(picture: Picture, path: Path) -> None:
    """Draw a run to a file.

    Raises:
        WriteError: the file cannot be written.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    facts = picture.facts
    figure = Figure(figsize=(11.0, 13.0), layout="constrained", dpi=150)
    FigureCanvasAgg(figure)
    span = f"ticks {facts.first_tick} to {facts.ticks - 1}" if facts.ticks > facts.first_tick else "no tick"
    figure.suptitle(f"{facts.scenario['name']}, seed {facts.seed}, {span} ({facts.status})", fontsize=13)
    axes = figure.subplots(3, 2)
    for axis, panel in zip(
        axes.flat, (_balances, _queues, _costs_by_hour, _costs_by_bank, _network, _throughput), strict=True
    ):
        panel(axis, picture)
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "simcash_env"}):
        figure.savefig(buffer, format=path.suffix[1:].lower(), metadata=_METADATA.get(path.suffix.lower()))
    write_atomically(path, buffer.getvalue())


_METADATA: Final[dict[str, dict[str, Any]]] = {
    ".png": {"Software": "simcash_env"},
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}
"""No dates, and ids in an SVG that are not drawn by lot: the same run gives the same file."""


def _money(values: Any, picture: Picture) -> tuple[Any, str]:
    """Cents as floats in a unit that keeps axis labels short, and the unit's name."""
    amounts, unit = np.asarray(values, float) / CENTS_PER_UNIT, unit_name(picture.facts.currency)
    largest = float(np.abs(amounts).max(initial=0))
    for size, name in UNITS:
        if largest >= size:
            return amounts / size, name + unit
    return amounts, unit


def _mark_days(axis: Any, picture: Picture) -> None:
    per_day, facts = picture.facts.ticks_per_day, picture.facts
    days = range(facts.first_tick // per_day + 1, -(-facts.ticks // per_day))
    if len(days) <= 31:
        for day in days:
            axis.axvline(day * per_day - 0.5, color="0.85", linewidth=0.8, zorder=0)
    every = f" (every {picture.stride}th)" if picture.stride > 1 else ""
    clock = facts.clock
    if clock is None:
        axis.set_xlabel(f"tick{every}")
        return
    import matplotlib.ticker as mpl_ticker

    has_days = facts.ticks - facts.first_tick > per_day

    def label(tick: float, _: Any) -> str:
        day = f"{int(tick) // per_day}, " if has_days else ""
        return f"{day}{clock(int(tick))}" if tick >= 0 else ""

    axis.xaxis.set_major_locator(mpl_ticker.MaxNLocator(MAX_TIMES if not has_days else MAX_TIMES // 2, integer=True))
    axis.xaxis.set_major_formatter(label)
    axis.set_xlabel(("day, time of day" if has_days else "time of day") + every)


def _balances(axis: Any, picture: Picture) -> None:
    balances, unit = _money(picture.balances, picture)
    banks = picture.facts.bank_ids
    if len(banks) <= MAX_LINES:
        for at, bank in enumerate(banks):
            axis.plot(
                picture.ticks, balances[:, at], color=COLOURS[at], linestyle=STYLES[at], linewidth=1.2,
                label=literal_label(bank),
            )  # fmt: skip
    elif len(balances):
        low, quarter, half, three, high = np.percentile(balances, (0, 25, 50, 75, 100), axis=1)
        axis.fill_between(picture.ticks, low, high, color="0.90", label="lowest to highest")
        axis.fill_between(picture.ticks, quarter, three, color="#56B4E9", alpha=0.6, label="middle half")
        axis.plot(
            picture.ticks, half, color="#0072B2", linewidth=1.2, label=literal_label(f"median of {len(banks)} banks")
        )
    axis.axhline(0, color="black", linewidth=0.8)
    axis.set_title("Balances after each tick")
    axis.set_ylabel(unit)
    _mark_days(axis, picture)
    _legend(axis)


def _queues(axis: Any, picture: Picture) -> None:
    both, unit = _money(np.stack([picture.queue1, picture.queue2]), picture)
    for values, name, colour, style in zip(both, ("banks' own queues", "Queue 2"), COLOURS, STYLES, strict=False):
        axis.plot(picture.ticks, values, color=colour, linestyle=style, linewidth=1.2, label=literal_label(name))
    if not both.any():
        _say(axis, "nothing waited at the end of a tick")
    axis.set_ylim(bottom=0)
    axis.set_title("Value waiting after each tick")
    axis.set_ylabel(unit)
    _mark_days(axis, picture)
    _legend(axis)


def _stacked(axis: Any, places: Any, costs: Any, width: float) -> None:
    """Bars of costs, one block a kind that occurs."""
    below = np.zeros(len(places))
    for kind in CostKind:
        values = costs[:, kind]
        if values.any():
            style = {"color": COLOURS[kind], "hatch": HATCHES[kind], "edgecolor": "white", "linewidth": 0.5}
            axis.bar(
                places, values, width, bottom=below, label=literal_label(kind.name.lower().replace("_", " ")), **style
            )
            below += values
    if not below.any():
        _say(axis, "nothing was charged")
        return
    axis.set_ylim(0, 1.35 * float(below.max()))  # room for the legend above the bars
    literal_legend(axis, fontsize=8, frameon=False, loc="upper center", ncols=3)


def _costs_by_hour(axis: Any, picture: Picture) -> None:
    costs, unit = _money(picture.costs, picture)
    first, last = picture.hours.first_hour, picture.hours.first_hour + picture.hours.num_hours
    _stacked(axis, np.arange(first, last) + 0.5, costs, 0.85)
    axis.set_title("Costs by hour of the day, all days")
    axis.set_xlabel("hour")
    axis.set_ylabel(unit)
    axis.set_xticks(range(first, last + 1, 2))


def _costs_by_bank(axis: Any, picture: Picture) -> None:
    totals = picture.bank_costs.sum(axis=1)
    order = np.argsort(-totals, kind="stable")[:MAX_BARS]
    costs, unit = _money(picture.bank_costs[order], picture)
    _stacked(axis, np.arange(len(order)), costs, 0.8)
    names = [picture.facts.bank_ids[at] for at in order]
    is_crowded = sum(map(len, names)) > 40
    axis.set_xticks(range(len(order)), names, rotation=90 if is_crowded else 0)
    more = len(totals) - len(order)
    axis.set_title("Costs by bank" + (f", the most expensive {len(order)} of {len(totals)}" if more else ""))
    axis.set_ylabel(unit)


def _network(axis: Any, picture: Picture) -> None:
    values, unit = _money(picture.network, picture)
    banks = picture.facts.bank_ids
    axis.set_title(f"Value settled between banks, {unit}")
    if len(banks) > MAX_NODES:
        image = axis.imshow(values, cmap="cividis_r", aspect="equal")
        axis.figure.colorbar(image, ax=axis, shrink=0.8)
        is_named = len(banks) <= MAX_BARS
        if is_named:
            axis.set_xticks(range(len(banks)), banks, rotation=90, fontsize=7)
            axis.set_yticks(range(len(banks)), banks, fontsize=7)
        axis.set_xlabel("receiver" if is_named else "receiver, in order of ids")
        axis.set_ylabel("sender" if is_named else "sender, in order of ids")
        return
    axis.set_axis_off()
    axis.set_aspect("equal")
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(banks)) / len(banks)
    places = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    largest = max(float(values.max()), 1e-9)
    for sender, receiver in zip(*np.nonzero(values), strict=True):
        share = values[sender, receiver] / largest
        arrow = {
            "arrowstyle": "-|>",
            "connectionstyle": "arc3,rad=0.12",
            "shrinkA": 11,
            "shrinkB": 11,
            "linewidth": 0.4 + 2.6 * share,
            "color": str(round(0.75 - 0.75 * share, 3)),
        }
        axis.annotate("", places[receiver], places[sender], arrowprops=arrow, zorder=1 + share)
    paid = values.sum(axis=1)
    sizes = 120 + 400 * paid / max(float(paid.max()), 1e-9)
    axis.scatter(*places.T, s=sizes, color="#E69F00", edgecolor="black", linewidth=0.8, zorder=3)
    for bank, (x, y) in zip(banks, places, strict=True):
        side = "center" if abs(x) < 0.1 else "left" if x > 0 else "right"
        axis.text(1.2 * x, 1.2 * y, bank, ha=side, va="center", fontsize=8)
    axis.set_xlim(-1.8, 1.8)
    axis.set_ylim(-1.35, 1.35)
    axis.text(0, -1.33, "wider and darker: more; a larger disc pays more", ha="center", fontsize=8, color="0.3")


def _throughput(axis: Any, picture: Picture) -> None:
    per_day = picture.facts.ticks_per_day
    opens, closes = picture.hours.open_us / HOUR_US, picture.hours.close_us / HOUR_US
    hours = np.linspace(opens, closes, per_day + 1)
    due = picture.due
    if due:
        never = f"settled ({100 * picture.never_settled / due:.1f} % of what was due never did)"
        for values, start, name, colour, style in (
            (picture.settled, 0, never, COLOURS[0], "-"),
            (picture.arrived, picture.carried_in, "arrived", COLOURS[7], "--"),
        ):
            shares = np.concatenate([[start], start + np.cumsum(values)]) / due
            axis.plot(hours, shares, color=colour, linestyle=style, linewidth=1.4, label=literal_label(name))
    reached = [(hour, share) for hour, share in GUIDELINE if opens <= hour <= closes]
    for hour, share in reached:
        axis.plot([opens, hour, hour], [share, share, 0], color=COLOURS[1], linestyle=":", linewidth=1.0)
    marks = np.array(reached).reshape(-1, 2)
    axis.plot(*marks.T, "D", color=COLOURS[1], markersize=6, label="guideline: 50 % by 12:00, 75 % by 14:30")
    axis.set_title("Throughput over the day, all days")
    axis.set_xlabel("hour")
    axis.set_ylabel("share of the value that was due")
    axis.set_xlim(opens, closes)
    axis.set_ylim(0, 1.02)
    first = picture.hours.first_hour
    axis.set_xticks([hour for hour in range(first, first + picture.hours.num_hours + 1, 2) if opens <= hour <= closes])
    _legend(axis)


def _say(axis: Any, text: str) -> None:
    axis.text(0.5, 0.5, text, ha="center", va="center", transform=axis.transAxes, color="0.3")
    axis.set_yticks([])


def _legend(axis: Any) -> None:
    if axis.get_legend_handles_labels()[1]:
        literal_legend(axis, fontsize=8, frameon=False, loc="best")
