"""A run on one page: balances, queues, liquidity, throughput, costs, network. The one module that needs matplotlib.

Colours are those of Okabe and Ito, which colour-blind readers can distinguish. Line styles, hatches and places repeat
what a colour says, so that a grey print can be read.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from simcash_env.amounts import CENTS_PER_UNIT, unit_name
from simcash_env.config.clock import HOUR_US
from simcash_env.errors import RecordError
from simcash_env.files import write_atomically
from simcash_env.literal import literal_label, literal_legend, literal_plot
from simcash_env.records.picture import Picture
from simcash_env.schema.arrays import I64
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
LEGEND_COLUMNS: Final = 4
LEGEND_ROW: Final = 13.0
"""Points that a row of a legend takes."""
LONG_LABEL: Final = 24
"""Characters of a label above which labels stand one below another."""
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
    figure = Figure(figsize=(11.0, 17.0), layout="constrained", dpi=150)
    FigureCanvasAgg(figure)
    span = f"ticks {facts.first_tick} to {facts.ticks - 1}" if facts.ticks > facts.first_tick else "no tick"
    figure.suptitle(f"{facts.scenario['name']}, seed {facts.seed}, {span} ({facts.status})", fontsize=13)
    axes = figure.subplots(4, 2)
    for axis, panel in zip(axes.flat, PANELS, strict=True):
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
    every = f" (every {picture.stride}th tick)" if picture.stride > 1 else ""
    clock = picture.hours
    import matplotlib.ticker as mpl_ticker

    has_days = facts.ticks - facts.first_tick > per_day

    def label(tick: float, _: Any) -> str:
        day = f"{int(tick) // per_day}, " if has_days else ""
        return f"{day}{clock(int(tick))}" if 0 <= tick < max(facts.ticks, 1) else ""

    axis.xaxis.set_major_locator(mpl_ticker.MaxNLocator(MAX_TIMES if not has_days else MAX_TIMES // 2, integer=True))
    axis.xaxis.set_major_formatter(label)
    axis.set_xlabel(("day, time of day" if has_days else "time of day") + every)


def _lines_of_banks(axis: Any, places: Any, values: Any, banks: Sequence[str]) -> None:
    """A line for each bank, or their distribution where there are too many."""
    if len(banks) <= MAX_LINES:
        for at, bank in enumerate(banks):
            axis.plot(
                places, values[:, at], color=COLOURS[at], linestyle=STYLES[at], linewidth=1.2, label=literal_label(bank)
            )
    elif len(values):
        low, quarter, half, three, high = np.percentile(values, (0, 25, 50, 75, 100), axis=1)
        axis.fill_between(places, low, high, color="0.90", label="lowest to highest")
        axis.fill_between(places, quarter, three, color="#56B4E9", alpha=0.6, label="middle half")
        axis.plot(places, half, color="#0072B2", linewidth=1.2, label=literal_label(f"median of {len(banks)} banks"))


def _balances(axis: Any, picture: Picture) -> None:
    balances, unit = _money(picture.balances, picture)
    _lines_of_banks(axis, picture.ticks, balances, picture.facts.bank_ids)
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
    axis.set_ylim(0, 1.05 * float(below.max()))


def _costs_by_hour(axis: Any, picture: Picture) -> None:
    costs, unit = _money(picture.costs, picture)
    first, last = picture.hours.first_hour, picture.hours.first_hour + picture.hours.num_hours
    _stacked(axis, np.arange(first, last) + 0.5, costs, 0.85)
    axis.set_title("Costs by hour of the day, all days")
    axis.set_ylabel(unit)
    axis.set_xticks(range(first, last + 1, 2))
    _time_of_day(axis)
    _legend(axis)


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
    _legend(axis)


def largest_banks(network: I64, banks: Sequence[str]) -> tuple[I64, list[str]]:
    """Return the network of the banks that pay and receive most, with all others as one, and their names."""
    if len(banks) <= MAX_BARS:
        return network, list(banks)
    order = np.argsort(-(network.sum(axis=0) + network.sum(axis=1)), kind="stable")
    place = np.empty(len(banks), np.int64)
    place[order] = np.minimum(np.arange(len(banks)), MAX_BARS)
    found = np.zeros((MAX_BARS + 1, MAX_BARS + 1), np.int64)
    np.add.at(found, (place[:, None], place[None, :]), network)
    return found, [*(banks[at] for at in order[:MAX_BARS]), f"{len(banks) - MAX_BARS} others"]


def _network(axis: Any, picture: Picture) -> None:
    network, banks = largest_banks(picture.network, picture.facts.bank_ids)
    values, unit = _money(network, picture)
    axis.set_title(f"Value settled between banks, {unit}")
    if len(banks) > MAX_NODES:
        from matplotlib.colors import LogNorm

        positive = values[values > 0]
        low, high = (float(positive.min()), float(positive.max())) if positive.size else (0.1, 1.0)
        norm = LogNorm(low, max(high, 1.01 * low))
        image = axis.imshow(np.where(values > 0, values, np.nan), cmap="cividis_r", norm=norm, aspect="equal")
        axis.figure.colorbar(image, ax=axis, shrink=0.8, format=lambda value, _: f"{value:,.10g}")
        axis.set_facecolor("white")
        axis.set_xticks(range(len(banks)), banks, rotation=90, fontsize=7)
        axis.set_yticks(range(len(banks)), banks, fontsize=7)
        axis.set_xlabel("receiver; white: nothing")
        axis.set_ylabel("sender")
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
    opens, closes = picture.hours.open_us / HOUR_US, picture.hours.close_us / HOUR_US
    hours, due = _hours(picture), picture.due
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
    axis.set_ylabel("share of the value that was due")
    axis.set_ylim(0, 1.02)
    _opening_hours(axis, picture)
    _legend(axis)


def _throughput_by_bank(axis: Any, picture: Picture) -> None:
    hours, due, banks = _hours(picture), picture.due_by_bank, picture.facts.bank_ids
    is_due = due > 0
    shares = np.vstack([np.zeros(len(banks)), np.cumsum(picture.paid, axis=0)])[:, is_due] / due[is_due]
    named = [bank for bank, has_any in zip(banks, is_due, strict=True) if has_any]
    _lines_of_banks(axis, hours, shares, named)
    axis.set_title("Throughput by bank, all days")
    axis.set_ylabel("share of the bank's value that was due")
    axis.set_ylim(0, 1.02)
    _opening_hours(axis, picture)
    _legend(axis)


def _liquidity(axis: Any, picture: Picture) -> None:
    facts = picture.facts
    days = max(-(-(facts.ticks - facts.first_tick) // facts.ticks_per_day), 1)
    debits, unit = _money(picture.net_debits / days, picture)
    hours, total = _hours(picture), debits.sum(axis=1)
    name = "all banks" if days == 1 else "all banks, mean day"
    axis.plot(hours, np.concatenate([[0.0], total]), color=COLOURS[0], linewidth=1.4, label=literal_label(name))
    order = np.argsort(-debits.max(axis=0), kind="stable")[: MAX_LINES // 2 - 1]
    for at, bank in enumerate(order if len(facts.bank_ids) > 1 and total.any() else (), start=1):
        axis.plot(
            hours, np.concatenate([[0.0], debits[:, bank]]), color=COLOURS[at], linestyle=STYLES[at], linewidth=1.0,
            label=literal_label(facts.bank_ids[bank]),
        )  # fmt: skip
    axis.axhline(debits.max(axis=0).sum(), color="0.4", linestyle=":", linewidth=1.0, label="largest ones, summed")
    axis.set_title("Liquidity used: net debits since the day began")
    axis.set_ylabel(unit)
    axis.set_ylim(bottom=0)
    _opening_hours(axis, picture)
    _legend(axis)


def _hours(picture: Picture) -> Any:
    """Hours at which the ticks of a day begin, and the day ends."""
    opens, closes = picture.hours.open_us / HOUR_US, picture.hours.close_us / HOUR_US
    return np.linspace(opens, closes, picture.facts.ticks_per_day + 1)


def _opening_hours(axis: Any, picture: Picture) -> None:
    """Set a time axis from opening to close."""
    opens, closes = picture.hours.open_us / HOUR_US, picture.hours.close_us / HOUR_US
    first = picture.hours.first_hour
    axis.set_xlim(opens, closes)
    axis.set_xticks([hour for hour in range(first, first + picture.hours.num_hours + 1, 2) if opens <= hour <= closes])
    _time_of_day(axis)


def _time_of_day(axis: Any) -> None:
    """Label an axis of hours as times of day."""
    axis.xaxis.set_major_formatter(lambda hour, _: f"{int(hour):02d}:{round(60 * (hour % 1)):02d}")
    axis.set_xlabel("time of day")


PANELS: Final = (
    _balances, _queues, _throughput, _throughput_by_bank, _liquidity, _network, _costs_by_hour, _costs_by_bank,
)  # fmt: skip
"""What a page shows, row by row."""


def _say(axis: Any, text: str) -> None:
    axis.text(0.5, 0.5, text, ha="center", va="center", transform=axis.transAxes, color="0.3")
    axis.set_yticks([])


def _legend(axis: Any) -> None:
    """A legend between title and plot, where it covers no line."""
    labels = axis.get_legend_handles_labels()[1]
    if not labels:
        return
    columns = 1 if max(map(len, labels)) > LONG_LABEL else LEGEND_COLUMNS
    rows = -(-len(labels) // columns)
    literal_legend(
        axis, fontsize=8, frameon=False, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, borderaxespad=0.0,
        columnspacing=1.2,
    )  # fmt: skip
    axis.set_title(axis.get_title(), pad=6.0 + LEGEND_ROW * rows)
