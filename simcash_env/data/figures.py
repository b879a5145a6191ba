"""Figures of a payments table as SVG that takes its colours from the page's style sheet.

Every figure is drawn at the width of a telephone and scales with its column. Text stays text, so that it can be
searched and copied, and a name in any script is shown with the reader's fonts. What a colour says, a line's style or
a fill says too, so that a grey print can be read.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from simcash_env.amounts import unit_name
from simcash_env.data.columns import HOUR_US, PaymentColumns, sums_by
from simcash_env.data.payments import clock_text
from simcash_env.data.profile import Profile, quantiles_of
from simcash_env.errors import printable
from simcash_env.literal import literal_label, literal_legend, literal_plot
from simcash_env.schema.arrays import I64

INK, MUTED, FIRST, SECOND = "#0a0a01", "#0a0a02", "#0a0a03", "#0a0a04"
VARIABLES: Final = {INK: "var(--ink)", MUTED: "var(--muted)", FIRST: "var(--first)", SECOND: "var(--second)"}
"""Colours that are drawn, and the custom properties of the style sheet that replace them."""

STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": MUTED,
    "grid.alpha": 0.25,
    "hatch.linewidth": 0.6,
}
WIDTH, HEIGHT, ROW_HEIGHT = 4.4, 2.9, 0.2
"""Inches."""

COLOURS: Final = (FIRST, SECOND)
LINES: Final = ("-", "--")
MARKERS: Final = ("o", "s")

MAX_BARS: Final = 40
"""More days than this are drawn as a line."""

MAX_NODES: Final = 10
MAX_ROWS: Final = 20
MAX_LABEL: Final = 14
"""Banks in the network picture, banks in a table or matrix, characters of a name in a figure."""

UNITS: Final = ((10**14, "trillion"), (10**11, "billion"), (10**8, "million"), (10**5, "thousand"), (100, ""))
"""Units in cents, each with its name before the currency."""

LETTERS: Final = "k: thousand, M: million, B: billion, T: trillion"

DURATIONS: Final = ((3600, "hours"), (60, "minutes"), (1, "seconds"))


@dataclass(frozen=True)
class Series:
    """One data set of a figure: its label, its statistics and its columns."""

    label: str
    profile: Profile
    columns: PaymentColumns


@dataclass(frozen=True)
class DrawnFigure:
    """A figure as text: its title, its caption and its SVG element."""

    title: str
    caption: str
    svg: str


def currency_text(currency: str | None) -> str:
    """What amounts are counted in, for headings and axes; the label is the data's, so it may need escapes."""
    return printable(unit_name(currency))


def unit_of(largest_cents: float, currency: str | None) -> tuple[int, str]:
    """Cents of a unit that keeps numbers short, and its name with the currency."""
    cents, name = next(((cents, name) for cents, name in UNITS if abs(largest_cents) >= cents), UNITS[-1])
    return cents, f"{name} {currency_text(currency)}".strip()


def short(name: str) -> str:
    """A name for a figure, cut to ``MAX_LABEL`` characters in the middle: names often differ at the end."""
    plain = printable(name)
    if len(plain) <= MAX_LABEL:
        return plain
    kept = MAX_LABEL - 1
    return f"{plain[: kept - kept // 2]}…{plain[-(kept // 2) :]}"


# -- drawing ----------------------------------------------------------------------------------------------------------


@contextmanager
def _axes(size: tuple[float, float] = (WIDTH, HEIGHT)) -> Iterator[tuple[Any, list[str]]]:
    """Axes to draw on; the list receives the SVG element at the end."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    written: list[str] = []
    with literal_plot(), mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # the reader's fonts draw the text
        figure = Figure(figsize=size, layout="constrained")
        canvas: Any = FigureCanvasSVG(figure)  # its print_svg draws once, where savefig draws twice
        axis = figure.subplots()
        figure.patch.set_visible(False)
        axis.patch.set_visible(False)
        yield axis, written
        buffer = io.StringIO()
        with mpl.rc_context({"svg.hashsalt": axis.get_title() + axis.get_ylabel() + axis.get_xlabel()}):
            canvas.print_svg(buffer, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    written.append(_inline(buffer.getvalue()))


def _inline(svg: str) -> str:
    """An SVG file as an element of a page: no prolog, fixed size or fixed colours, no ids that other figures have."""
    element = svg[svg.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    element = re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1" role="img">', element, count=1)
    element = re.sub(r'<g id="[^"]*"', "<g", element)
    element = re.sub(r"<!--.*?-->\s*", "", element, flags=re.DOTALL)  # matplotlib repeats each text as a comment
    element = element.replace("'DejaVu Sans'", "system-ui, sans-serif")
    for colour, variable in VARIABLES.items():
        element = element.replace(colour, variable)
    return re.sub(r"\n\s*", "\n", element).strip()


def _legend(axis: Any) -> None:
    """A legend below the axes."""
    literal_legend(axis.figure, loc="outside lower center", ncols=2)


def _thousands(axis: Any) -> None:
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def _percent(axis: Any) -> None:
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.10g} %"))


def _hour_axis(axis: Any, open_us: int, close_us: int) -> None:
    """Clock times on the x axis, at most eight."""
    first, last = open_us / HOUR_US, close_us / HOUR_US
    step = max(1, -(-int(last - first) // 6))
    ticks = np.arange(np.ceil(first), last + 1e-9, step)
    if len(ticks) < 2:
        ticks = np.array([first, last])
    axis.set_xticks(ticks, [clock_text(round(tick * HOUR_US)) for tick in ticks])
    axis.set_xlim(first, last)
    axis.set_xlabel("time of submission")


def _both(name: str, series: Sequence[Series], values: Callable[[Series], tuple[Any, Any]], axis: Any) -> None:
    """Lines of all data sets, with a legend if there are two."""
    for place, one in enumerate(series):
        axis.plot(
            *values(one), color=COLOURS[place], linestyle=LINES[place], linewidth=1.5,
            label=literal_label(" ".join(filter(None, (printable(one.label) if len(series) > 1 else "", name)))),
        )  # fmt: skip


def _day_axis(axis: Any, series: Sequence[Series]) -> None:
    """Days from 0 on the x axis: dates of the only data set, or numbers where two have different dates."""
    num_days = max(one.profile.num_days for one in series)
    places = np.unique(np.linspace(0, num_days - 1, min(num_days, 4)).round().astype(int))
    axis.set_xlim(-0.75, num_days - 0.25)
    if len(series) == 1:
        axis.set_xticks(places, [series[0].profile.days[place].day.isoformat() for place in places])
        axis.set_xlabel("business day")
    else:
        axis.set_xticks(places, [str(place + 1) for place in places])
        axis.set_xlabel("number of the business day in its data set")


# -- days and hours ---------------------------------------------------------------------------------------------------


def draw_days(series: Sequence[Series], *, is_value: bool) -> DrawnFigure:
    """Number or value of the payments of each day."""
    rows = [[day.value_cents if is_value else day.num_payments for day in one.profile.days] for one in series]
    cents, unit = unit_of(max(map(max, rows)), series[0].profile.currency) if is_value else (1, "payments")
    with _axes() as (axis, written):
        num_days = max(map(len, rows))
        is_bars = len(series) == 1 and num_days <= MAX_BARS
        for place, values in enumerate(rows):
            heights = np.array(values, float) / cents
            if is_bars:
                axis.bar(np.arange(len(heights)), heights, 0.75, color=FIRST)
            else:
                marker = MARKERS[place] if num_days <= MAX_BARS else ""
                axis.plot(
                    np.arange(len(heights)), heights, color=COLOURS[place], linestyle=LINES[place], marker=marker,
                    markersize=4, linewidth=1.3, label=literal_label(printable(series[place].label)),
                )  # fmt: skip
        axis.set_ylim(bottom=0)
        _day_axis(axis, series)
        if len(series) > 1:
            _legend(axis)
        axis.set_ylabel(f"value\n({unit})" if is_value else "payments")
        axis.grid(axis="y")
        _thousands(axis.yaxis)
    return DrawnFigure(f"{'Value' if is_value else 'Payments'} per day", "", written[0])


def draw_hours(series: Sequence[Series], *, is_value: bool) -> DrawnFigure:
    """Mean number or value per day of the payments submitted in each hour."""
    rows = [
        [hour.mean_value_cents if is_value else hour.mean_num_payments for hour in one.profile.hours] for one in series
    ]
    cents, unit = unit_of(max(map(max, rows)), series[0].profile.currency) if is_value else (1, "payments")
    with _axes() as (axis, written):
        for place, (one, values) in enumerate(zip(series, rows, strict=True)):
            edges = np.array([one.profile.hours[0].start_us, *(hour.end_us for hour in one.profile.hours)]) / HOUR_US
            heights = np.array(values, float) / cents
            if not place:
                axis.stairs(heights, edges, fill=True, color=FIRST, alpha=0.3)
            axis.stairs(
                heights, edges, baseline=None if place else 0, color=COLOURS[place], linestyle=LINES[place],
                linewidth=1.5, label=literal_label(printable(one.label)),
            )  # fmt: skip
        _hour_axis(
            axis,
            min(one.profile.hours[0].start_us for one in series),
            max(one.profile.hours[-1].end_us for one in series),
        )
        axis.set_ylim(bottom=0)
        axis.set_ylabel(f"mean value per day\n({unit})" if is_value else "mean payments per day")
        axis.grid(axis="y")
        _thousands(axis.yaxis)
        if len(series) > 1:
            _legend(axis)
    return DrawnFigure(f"{'Value' if is_value else 'Payments'} by hour of submission", "", written[0])


# -- sizes and concentration ------------------------------------------------------------------------------------------


def draw_sizes(series: Sequence[Series]) -> DrawnFigure:
    """Cumulative distribution of the amounts."""
    shares = np.linspace(0, 1, 201)

    def curve(one: Series) -> tuple[Any, Any]:
        return [np.log10(level.value / 100) for level in quantiles_of(one.columns.amount_cents, shares)], shares

    with _axes() as (axis, written):
        _both("", series, curve, axis)
        axis.set_xlabel(f"amount not exceeded ({currency_text(series[0].profile.currency)}, logarithmic scale)")
        axis.set_ylabel("share of payments")
        axis.set_ylim(0, 1.02)
        axis.grid(visible=True)
        _percent(axis.yaxis)
        _log_axis(
            axis,
            [value for one in series for value in (one.columns.amount_cents.min(), one.columns.amount_cents.max())],
        )
        if len(series) > 1:
            _legend(axis)
    return DrawnFigure("Distribution of amounts", f"{LETTERS}.", written[0])


def _log_axis(axis: Any, cents: Sequence[int]) -> None:
    """Powers of ten on an x axis of decimal logarithms of units; at least one power wide."""
    low, high = np.floor(np.log10(min(cents) / 100)), np.ceil(np.log10(max(cents) / 100))
    high = max(high, low + 1)
    powers = np.arange(low, high + 1, max(1, (high - low) // 5))
    names = {0: "1", 1: "10", 2: "100", -1: "0.1", -2: "0.01"}
    labels = [
        names.get(int(power), f"{10 ** (int(power) % 3)}{' kMBT'[int(power) // 3].strip()}" if power > 2 else "")
        for power in powers
    ]
    axis.set_xlim(low, high)
    axis.set_xticks(powers, labels)


def band_name(low_cents: int, high_cents: int | None) -> str:
    """A size band in words: ``1k to 10k``, the lower end included."""
    if high_cents is None:
        return f"from {_compact(low_cents)}"
    return f"below {_compact(high_cents)}" if not low_cents else f"{_compact(low_cents)} to {_compact(high_cents)}"


def _compact(cents: int) -> str:
    """An end of a size band, at least a thousand units."""
    size, letter = next(unit for unit in ((10**9, "B"), (10**6, "M"), (10**3, "k")) if cents // 100 >= unit[0])
    return f"{cents // 100 // size}{letter}"


def draw_bands(series: Sequence[Series]) -> DrawnFigure:
    """Share of the payments and of the value in each size band."""
    bands = series[0].profile.size_bands
    height = 0.38 if len(series) == 1 else 0.2
    with _axes((WIDTH, 3.6)) as (axis, written):
        rows = np.arange(len(bands))
        place = 0
        for number, one in enumerate(series):
            prefix = f"{printable(one.label)}: " if len(series) > 1 else ""
            for name, fill, shares in (
                ("payments", 0.9, [band.share_of_payments for band in one.profile.size_bands]),
                ("value", 0.4, [band.share_of_value for band in one.profile.size_bands]),
            ):
                axis.barh(
                    rows + (place - (2 * len(series) - 1) / 2) * height, shares, height, color=COLOURS[number],
                    alpha=fill, label=literal_label(f"{prefix}share of {name}"),
                )  # fmt: skip
                place += 1
        axis.set_yticks(rows, [band_name(band.low_cents, band.high_cents) for band in bands])
        axis.invert_yaxis()
        axis.set_ylabel(f"amount\n({currency_text(series[0].profile.currency)})")
        axis.set_xlabel("share of payments or of value")
        axis.grid(axis="x")
        _percent(axis.xaxis)
        _legend(axis)
    return DrawnFigure("Size bands", f"{LETTERS}. The lower end of a band is included.", written[0])


def draw_concentration(series: Sequence[Series]) -> DrawnFigure:
    """Cumulative share of the value that the largest senders sent."""

    def curve(one: Series) -> tuple[Any, Any]:
        sent = np.sort(sums_by(one.columns.sender, one.columns.amount_cents, len(one.columns.banks)))[::-1]
        return np.arange(len(sent) + 1), np.concatenate([[0], np.cumsum(sent / sent.sum())])

    with _axes() as (axis, written):
        _both("", series, curve, axis)
        axis.set_xlabel("number of largest senders")
        axis.set_ylabel("share of value sent")
        axis.set_xlim(left=0)
        axis.set_ylim(0, 1.02)
        axis.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        axis.grid(visible=True)
        _percent(axis.yaxis)
        if len(series) > 1:
            _legend(axis)
    return DrawnFigure("Concentration of senders", "", written[0])


# -- network ----------------------------------------------------------------------------------------------------------


def flows_of(columns: PaymentColumns, most: int) -> tuple[list[str], I64]:
    """Value between the banks with the largest turnover; the last row stands for all others if there are more.

    Returns:
        Names, and cents (senders, receivers).
    """
    num_banks = len(columns.banks)
    turnover = sums_by(columns.sender, columns.amount_cents, num_banks).astype(float)
    turnover += sums_by(columns.receiver, columns.amount_cents, num_banks)
    order = np.argsort(-turnover, kind="stable")
    shown = order if num_banks <= most else order[: most - 1]
    place = np.full(num_banks, len(shown), np.int64)
    place[shown] = np.arange(len(shown))
    names = [columns.banks[row] for row in shown]
    if num_banks > len(shown):
        names.append(f"{num_banks - len(shown)} others")
    cells = sums_by(place[columns.sender] * len(names) + place[columns.receiver], columns.amount_cents, len(names) ** 2)
    return names, cells.reshape(len(names), len(names))


def draw_network(one: Series) -> DrawnFigure:
    """The banks with the largest turnover on a circle, with an arrow for each pair."""
    from matplotlib.patches import FancyArrowPatch

    names, cents = flows_of(one.columns, MAX_NODES)
    count = len(names)
    angles = np.pi / 2 - 2 * np.pi * np.arange(count) / count
    places = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    largest = _largest_named(cents, len(one.columns.banks) - count)
    with _axes((WIDTH, 3.6)) as (axis, written):
        axis.set_axis_off()
        axis.set_aspect("equal")
        for sender, receiver in sorted(zip(*np.nonzero(cents), strict=True), key=lambda pair: cents[pair]):
            if sender == receiver:
                continue  # between two of the others
            share = min(1.0, float(cents[sender, receiver]) / largest)
            arrow = FancyArrowPatch(
                places[sender],
                places[receiver],
                arrowstyle="-|>",
                connectionstyle="arc3,rad=0.14",
                mutation_scale=6 + 5 * share,
                shrinkA=8,
                shrinkB=8,
                linewidth=0.4 + 3 * share,
                color=FIRST,
                alpha=0.2 + 0.7 * share,
            )
            axis.add_patch(arrow)
        sent = cents.sum(axis=1, dtype=float)
        axis.scatter(*places.T, s=30 + 150 * sent / sent.max(), color=SECOND, zorder=3)
        for name, (x, y) in zip(names, places, strict=True):
            side = "center" if abs(x) < 0.1 else "left" if x > 0 else "right"
            axis.text(1.15 * x, 1.18 * y, short(name), ha=side, va="center")
        axis.set_xlim(-1.9, 1.9)
        axis.set_ylim(-1.35, 1.35)
    unit_cents, unit = unit_of(largest, one.profile.currency)
    return DrawnFigure(
        f"Network of payments{_of(one)}",
        f"An arrow points from sender to receiver; the widest stands for {largest / unit_cents:,.4g} {unit} over all "
        f"days. A larger disc sends more. {_others(one, names, MAX_NODES)}",
        written[0],
    )


def _largest_named(cents: I64, num_others: int) -> float:
    """Largest value between two banks with a place of their own; at least that of all, if there is none."""
    named = cents[:-1, :-1] if num_others else cents
    return float(named.max(initial=0) or cents.max())


def _of(one: Series) -> str:
    return f" ({printable(one.label)})" if one.label else ""


def _others(one: Series, names: Sequence[str], most: int) -> str:
    """Sentences on the banks that have no place of their own, and on names that are cut."""
    sentences = []
    if len(one.columns.banks) > most:
        sentences.append(
            f"Shown are the {len(names) - 1} banks with the largest turnover; {names[-1]} are taken together and may "
            "exceed the scale."
        )
    if any(len(printable(name)) > MAX_LABEL for name in names):
        sentences.append(f"Names are cut to {MAX_LABEL} characters.")
    return " ".join(sentences)


def draw_matrix(one: Series) -> DrawnFigure:
    """Value sent from each bank to each other as shades of one colour."""
    from matplotlib.collections import PatchCollection
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Rectangle

    names, cents = flows_of(one.columns, MAX_ROWS)
    count = len(names)
    largest = _largest_named(cents, len(one.columns.banks) - count)
    cells = [(row, column) for row, column in zip(*np.nonzero(cents), strict=True)]
    with _axes((WIDTH, 4.2)) as (axis, written):
        patches = [Rectangle((column - 0.5, row - 0.5), 1, 1) for row, column in cells]
        shades = [
            (*to_rgb(FIRST), round(0.06 + 0.94 * min(1.0, float(cents[cell]) / largest) ** 0.5, 3)) for cell in cells
        ]
        axis.add_collection(PatchCollection(patches, facecolors=shades, edgecolors="none", linewidths=0))
        axis.set_xlim(-0.5, count - 0.5)
        axis.set_ylim(count - 0.5, -0.5)
        axis.set_aspect("equal")
        axis.set_xticks(range(count), [short(name) for name in names], rotation=90, fontsize=7)
        axis.set_yticks(range(count), [short(name) for name in names], fontsize=7)
        axis.tick_params(length=0)
        axis.set_xlabel("receiver")
        axis.set_ylabel("sender")
    unit_cents, unit = unit_of(largest, one.profile.currency)
    return DrawnFigure(
        f"Value between banks{_of(one)}",
        f"A stronger shade is more value over all days; the strongest is {largest / unit_cents:,.4g} {unit}, "
        f"no shade is none. {_others(one, names, MAX_ROWS)}",
        written[0],
    )


# -- liquidity --------------------------------------------------------------------------------------------------------


def draw_bank_bounds(one: Series) -> DrawnFigure:
    """Lower and upper liquidity bound of the banks with the largest upper bound, mean over days."""
    banks = sorted(one.profile.banks, key=lambda row: -row.mean_upper_bound_cents)
    shown = banks if len(banks) <= MAX_ROWS else banks[: MAX_ROWS - 1]
    rows = [(short(row.bank), row.mean_lower_bound_cents, row.mean_upper_bound_cents) for row in shown]
    rest = banks[len(shown) :]
    caption = "Mean over days. The lower bound is the part of the bar in full colour."
    if rest:
        lower = sum(row.mean_lower_bound_cents for row in rest)
        upper = sum(row.mean_upper_bound_cents for row in rest)
        rows.append((f"mean of {len(rest)} others", lower / len(rest), upper / len(rest)))
        cents, unit = unit_of(upper, one.profile.currency)
        caption += (
            f" Shown are the {len(shown)} banks with the largest upper bound, and the mean of the other {len(rest)}; "
            f"together these need {lower / cents:,.4g} to {upper / cents:,.4g} {unit}."
        )
    if any(len(printable(row.bank)) > MAX_LABEL for row in shown):
        caption += f" Names are cut to {MAX_LABEL} characters."
    cents, unit = unit_of(max(upper for _, _, upper in rows), one.profile.currency)
    with _axes((WIDTH, 1.2 + ROW_HEIGHT * len(rows))) as (axis, written):
        places = np.arange(len(rows))
        axis.barh(
            places, [upper / cents for _, _, upper in rows], 0.7, color=FIRST, alpha=0.3,
            label=literal_label("upper bound"),
        )  # fmt: skip
        axis.barh(places, [lower / cents for _, lower, _ in rows], 0.7, color=FIRST, label=literal_label("lower bound"))
        axis.set_yticks(places, [name for name, _, _ in rows])
        axis.set_ylim(len(rows) - 0.4, -0.6)
        axis.set_xlabel(f"liquidity ({unit})")
        axis.grid(axis="x")
        _thousands(axis.xaxis)
        _legend(axis)
    return DrawnFigure(f"Liquidity bounds by bank{_of(one)}", caption, written[0])


def draw_day_bounds(series: Sequence[Series]) -> DrawnFigure:
    """Sum of the banks' lower and upper bounds on each day."""
    largest = max(day.upper_cents for one in series for day in one.profile.bounds)
    cents, unit = unit_of(largest, series[0].profile.currency)
    num_days = max(one.profile.num_days for one in series)
    with _axes() as (axis, written):
        for place, one in enumerate(series):
            prefix = f"{printable(one.label)}: " if len(series) > 1 else ""
            for name, marker, style, values in (
                ("upper bound", "^", "-", [day.upper_cents for day in one.profile.bounds]),
                ("lower bound", "v", "--", [day.lower_cents for day in one.profile.bounds]),
            ):
                axis.plot(
                    np.arange(len(values)), np.array(values, float) / cents, color=COLOURS[place],
                    linestyle=style, marker=marker if num_days <= MAX_BARS else "", markersize=4, linewidth=1.2,
                    label=literal_label(f"{prefix}{name}"),
                )  # fmt: skip
        axis.set_ylim(bottom=0)
        _day_axis(axis, series)
        axis.set_ylabel(f"sum over banks\n({unit})")
        axis.grid(axis="y")
        _thousands(axis.yaxis)
        _legend(axis)
    return DrawnFigure("Liquidity bounds by day", "", written[0])


# -- settlement delay -------------------------------------------------------------------------------------------------


def duration_unit(largest_seconds: float) -> tuple[int, str]:
    """Seconds of a unit that keeps numbers short, and its name."""
    return next((unit for unit in DURATIONS if largest_seconds >= 2 * unit[0]), DURATIONS[-1])


def draw_delays(series: Sequence[Series]) -> DrawnFigure:
    """Value-weighted mean delay of the payments submitted in each hour, of the data sets with settlement times."""
    recorded = [(place, one, one.profile.delay) for place, one in enumerate(series)]
    hours = [hour for _, _, delay in recorded if delay for hour in delay.hours]
    seconds, unit = duration_unit(max(hour.value_weighted_mean_seconds or 0.0 for hour in hours))
    with _axes() as (axis, written):
        for place, one, delay in recorded:
            if delay is None:
                continue
            middles = [(hour.start_us + hour.end_us) / 2 / HOUR_US for hour in delay.hours]
            means = [
                np.nan if hour.value_weighted_mean_seconds is None else hour.value_weighted_mean_seconds / seconds
                for hour in delay.hours
            ]
            axis.plot(
                middles, means, color=COLOURS[place], linestyle=LINES[place], marker=MARKERS[place], markersize=4,
                linewidth=1.3, label=literal_label(printable(one.label)),
            )  # fmt: skip
        _hour_axis(axis, hours[0].start_us, max(hour.end_us for hour in hours))
        axis.set_ylim(bottom=0)
        axis.set_ylabel(f"mean delay, weighted by value\n({unit})")
        axis.grid(axis="y")
        _thousands(axis.yaxis)
        if len(series) > 1:
            _legend(axis)
    return DrawnFigure("Settlement delay by hour of submission", "", written[0])
