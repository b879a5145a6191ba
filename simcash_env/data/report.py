"""A report on a payments table: one HTML file with figures and tables that needs nothing else.

The page loads nothing, has no script, follows the reader's light or dark scheme and prints. All text that comes from
data or from a caller is escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any, Final

from simcash_env._version import __version__
from simcash_env.amounts import amount_text
from simcash_env.data import figures
from simcash_env.data.columns import columns_of
from simcash_env.data.figures import DrawnFigure, Series, currency_text
from simcash_env.data.payments import Payments, clock_text
from simcash_env.data.profile import Profile, Quantile, profile_of_columns
from simcash_env.errors import DataError, Fault, printable
from simcash_env.files import write_atomically

OPEN_ROWS: Final = 25
"""A longer table is folded; it is complete all the same."""

LABELS: Final = ("recorded", "generated")

PAGE: Final = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="simcash-env $version">
<title>$title</title>
<style>
$style</style>
</head>
<body>
<header>
<h1>$title</h1>
$summary
<nav aria-label="Sections"><ul>$links</ul></nav>
</header>
<main>
$sections
</main>
</body>
</html>
""")


@dataclass(frozen=True)
class SkippedRows:
    """Rows of the source that an import left out or changed.

    Attributes:
        rule: what was wrong with them.
        action: what was done: ``skipped``, ``clamped``.
        num_rows: how many rows.
        value_cents: their total amount; None if it could not be read.
    """

    rule: str
    action: str
    num_rows: int
    value_cents: int | None


@dataclass(frozen=True)
class Report:
    """What a page is made of: data sets (the second one is compared with the first), notes and skipped rows."""

    series: tuple[Series, ...]
    payments: Payments
    notes: tuple[str, ...]
    skipped: tuple[SkippedRows, ...]

    @property
    def profile(self) -> Profile:
        """Statistics of the first data set."""
        return self.series[0].profile

    @property
    def currency(self) -> str:
        """Label of the amounts."""
        return currency_text(self.profile.currency)


def write_report(
    payments: Payments,
    banks: Iterable[str],
    path: Path | str,
    *,
    notes: Sequence[str] = (),
    skipped: Sequence[SkippedRows] = (),
    compare: Payments | None = None,
    labels: tuple[str, str] = LABELS,
) -> Profile:
    """Write a report as one HTML file.

    Args:
        payments: the payments to describe.
        banks: ids of all banks, also of those that neither send nor receive; may be empty.
        path: HTML file to write.
        notes: sentences on how the table was made; shown at the top, one paragraph each.
        skipped: rows of the source that were left out or changed.
        compare: other payments, such as generated days, that figures and tables show next to the first ones.
        labels: names of the two data sets.

    Returns:
        The statistics of ``payments``.

    Raises:
        DataError: a table is empty, or the two have different currencies.
        WriteError: the file cannot be written.
    """
    target = Path(path)
    text, profile = _report_html(payments, banks, notes, skipped, compare, labels)
    write_atomically(target, text.encode())
    return profile


def _report_html(
    payments: Payments,
    banks: Iterable[str],
    notes: Sequence[str],
    skipped: Sequence[SkippedRows],
    compare: Payments | None,
    labels: tuple[str, str],
) -> tuple[str, Profile]:
    if compare is not None and compare.currency != payments.currency:
        rule = f"must have the currency of the first payments, {payments.currency!r}"
        raise DataError([Fault(compare.source or None, None, "currency", repr(compare.currency), rule)])
    ids = tuple(banks)
    sets = [payments] if compare is None else [payments, compare]
    series = tuple(
        Series("" if compare is None else label, profile_of_columns(one, columns), columns)
        for one, label in zip(sets, labels, strict=False)
        for columns in (columns_of(one, ids),)
    )
    report = Report(series, payments, tuple(notes), tuple(skipped))
    sections = [(name, "".join(write(report))) for name, write in SECTIONS]
    title = f"Payments: {_text(payments.source)}" if payments.source else "Payments"
    page = PAGE.substitute(
        version=escape(__version__),
        title=title,
        style=resources.files("simcash_env.data").joinpath("report.css").read_text(encoding="utf-8"),
        summary=_summary(report),
        links="".join(f'<li><a href="#{_anchor(name)}">{escape(name)}</a></li>' for name, _ in sections),
        sections="\n".join(
            f'<section id="{_anchor(name)}"><h2>{escape(name)}</h2>\n<div class="row">\n{body}</div></section>'
            for name, body in sections
        ),
    )
    return page, report.profile


# -- pieces of HTML ---------------------------------------------------------------------------------------------------


def _text(text: str) -> str:
    """Text of data as HTML."""
    return escape(printable(text))


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")


def _paragraph(text: str, css_class: str = "") -> str:
    attribute = f' class="{css_class}"' if css_class else ""
    return f"<p{attribute}>{_text(text)}</p>\n"


def _figures(drawn: Iterable[DrawnFigure]) -> str:
    """Figures one after the other; a section places its figures and tables side by side where there is room."""
    return "".join(map(_figure, drawn))


def _figure(drawn: DrawnFigure) -> str:
    """One figure. Titles and captions are printable already."""
    caption = f"<p>{escape(drawn.caption)}</p>" if drawn.caption else ""
    svg = drawn.svg.replace("<svg ", f'<svg aria-label="{escape(drawn.title)}" ', 1)
    return f"<figure>\n<figcaption><strong>{escape(drawn.title)}</strong>{caption}</figcaption>\n{svg}\n</figure>\n"


def _table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], *, num_texts: int = 1) -> str:
    """A table; the first ``num_texts`` columns are text, the others numbers. Long tables are folded."""

    def css_class(place: int) -> str:
        return ' class="number"' if place >= num_texts else ' class="text"'

    head = "".join(f'<th scope="col"{css_class(place)}>{_text(name)}</th>' for place, name in enumerate(header))
    body = "\n".join(
        "<tr>"
        + "".join(
            f'<th scope="row">{_text(cell)}</th>' if not place else f"<td{css_class(place)}>{_text(cell)}</td>"
            for place, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    is_folded = len(rows) > OPEN_ROWS
    caption = "" if is_folded else f"<caption>{_text(title)}</caption>"
    table = (
        f'<div class="table" tabindex="0" role="region" aria-label="{_text(title)}">'
        f"<table>{caption}<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>\n"
    )
    return (
        f"<details><summary>{_text(title)}: {len(rows):,} rows</summary>\n{table}</details>\n" if is_folded else table
    )


def _percent(share: float | None) -> str:
    return "not defined" if share is None else f"{100 * share:.1f} %"


def _duration(seconds: float | None) -> str:
    """Seconds as hours, minutes and seconds."""
    if seconds is None:
        return "none"
    if seconds < 60:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def _hours(start_us: int, end_us: int) -> str:
    return f"{clock_text(start_us)} to {clock_text(end_us)}"


def _level(share: float) -> str:
    names = {0.0: "smallest", 0.5: "median", 1.0: "largest"}
    return names.get(share, f"{100 * share:g} %")


# -- sections ---------------------------------------------------------------------------------------------------------


def _summary(report: Report) -> str:
    """Key figures, next to those of the compared data set if there is one."""
    calendar = report.payments.calendar
    sentences = [f"Business day {_hours(calendar.open_us, calendar.close_us)}, {calendar.ticks_per_day} ticks."]
    if report.payments.time_zone:
        sentences.append(f"Time zone {report.payments.time_zone}.")
    sentences.append(f"Amounts in {report.currency}." if report.profile.currency else "The currency is not known.")
    rows = [(name, *(value(one.profile) for one in report.series)) for name, value in key_figures(report.currency)]
    header = ("", *(one.label or "all days" for one in report.series))
    return (
        "".join(map(_paragraph, report.notes))
        + _paragraph(" ".join(sentences), "muted")
        + _table("Key figures", header, rows)
    )


def key_figures(currency: str) -> list[tuple[str, Callable[[Profile], str]]]:
    """Names of the key figures, and functions that write them; ``currency`` labels the amounts."""
    return [
        ("business days", lambda one: f"{one.num_days:,}"),
        ("first day", lambda one: one.days[0].day.isoformat()),
        ("last day", lambda one: one.days[-1].day.isoformat()),
        ("banks", lambda one: f"{one.num_banks:,}"),
        ("payments", lambda one: f"{one.num_payments:,}"),
        ("payments per day", lambda one: f"{one.num_payments / one.num_days:,.1f}"),
        (f"value ({currency})", lambda one: amount_text(one.value_cents)),
        (f"value per day ({currency})", lambda one: amount_text(one.value_cents / one.num_days)),
        (f"mean amount ({currency})", lambda one: amount_text(one.sizes.mean_cents)),
        (f"median amount ({currency})", lambda one: amount_text(_median(one.sizes.quantiles))),
        ("value sent by the 5 largest senders", lambda one: _percent(one.concentration.top5_share_of_value)),
        ("Herfindahl index of value sent", lambda one: f"{one.concentration.herfindahl_value:.4f}"),
        ("density of the network", lambda one: _percent(one.network.density)),
        ("reciprocity of the network", lambda one: _percent(one.network.reciprocity)),
        ("value offset by bilateral netting of each day", lambda one: _percent(one.network.offset_share)),
        (f"lower liquidity bound, mean of days ({currency})", lambda one: _mean_bound(one, "lower_cents")),
        (f"upper liquidity bound, mean of days ({currency})", lambda one: _mean_bound(one, "upper_cents")),
        (
            "settlement delay, weighted by value",
            lambda one: _duration(one.delay.value_weighted_mean_seconds) if one.delay else "not recorded",
        ),
    ]


def _median(quantiles: Sequence[Quantile]) -> int:
    return next(quantile.value for quantile in quantiles if quantile.share == 0.5)


def _mean_bound(profile: Profile, name: str) -> str:
    return amount_text(sum(getattr(day, name) for day in profile.bounds) / profile.num_days)


def _imported(report: Report) -> Iterator[str]:
    """What was imported, and what was not."""
    profile = report.profile
    yield _paragraph(
        f"The table has {profile.num_payments:,} payments with a value of {amount_text(profile.value_cents)} "
        f"{report.currency}."
    )
    if not report.skipped:
        yield _paragraph("No row of the source was skipped or changed.")
        return
    num_rows = sum(rows.num_rows for rows in report.skipped)
    yield _paragraph(f"{num_rows:,} rows of the source were skipped or changed:")
    yield _table(
        "Skipped or changed rows",
        ("rule", "action", "rows", f"value ({report.currency})"),
        [
            (
                rows.rule,
                rows.action,
                f"{rows.num_rows:,}",
                "not readable" if rows.value_cents is None else amount_text(rows.value_cents),
            )
            for rows in report.skipped
        ],
        num_texts=2,
    )


def _days(report: Report) -> Iterator[str]:
    yield _figures([figures.draw_days(report.series, is_value=is_value) for is_value in (False, True)])
    for one in report.series:
        yield _table(
            _titled("Days", one),
            ("day", "payments", f"value ({report.currency})"),
            [(day.day.isoformat(), f"{day.num_payments:,}", amount_text(day.value_cents)) for day in one.profile.days],
        )


def _by_hour(report: Report) -> Iterator[str]:
    yield _figures([figures.draw_hours(report.series, is_value=is_value) for is_value in (False, True)])
    for one in report.series:
        yield _table(
            _titled("Hours of submission", one),
            ("hour", "payments", f"value ({report.currency})", "share of payments", "share of value"),
            [
                (
                    _hours(hour.start_us, hour.end_us),
                    f"{hour.num_payments:,}",
                    amount_text(hour.value_cents),
                    _percent(hour.share_of_payments),
                    _percent(hour.share_of_value),
                )
                for hour in one.profile.hours
            ],
        )


def _sizes(report: Report) -> Iterator[str]:
    yield _figures([figures.draw_sizes(report.series), figures.draw_bands(report.series)])
    yield from (
        _table(
            "Quantiles of the amounts",
            ("share of payments", *(_titled(f"amount ({report.currency})", one) for one in report.series)),
            [
                (_level(row[0].share), *(amount_text(quantile.value) for quantile in row))
                for row in zip(*(one.profile.sizes.quantiles for one in report.series), strict=True)
            ],
        ),
        *(
            _table(
                _titled("Size bands", one),
                (f"amount ({report.currency})", *SHARE_COLUMNS),
                [
                    (figures.band_name(band.low_cents, band.high_cents), *_shares(band))
                    for band in one.profile.size_bands
                ],
            )
            for one in report.series
        ),
        *(
            _table(
                _titled("Priorities", one),
                ("priority", *SHARE_COLUMNS),
                [(row.name or "", *_shares(row)) for row in one.profile.priorities],
            )
            for one in report.series
        ),
        *(
            _table(
                _titled("Kinds", one),
                ("kind", *SHARE_COLUMNS),
                [("(none)" if row.name is None else row.name, *_shares(row)) for row in one.profile.kinds],
            )
            for one in report.series
            if one.profile.kinds
        ),
    )


SHARE_COLUMNS: Final = ("payments", "share of payments", "share of value")


def _shares(row: Any) -> tuple[str, str, str]:
    return f"{row.num_payments:,}", _percent(row.share_of_payments), _percent(row.share_of_value)


def _concentration(report: Report) -> Iterator[str]:
    yield _figures([figures.draw_concentration(report.series)])
    rows: list[tuple[str, Callable[[Profile], str]]] = [
        ("value sent by the 5 largest senders", lambda one: _percent(one.concentration.top5_share_of_value)),
        ("payments sent by the 5 most active senders", lambda one: _percent(one.concentration.top5_share_of_payments)),
        ("Herfindahl index of value sent", lambda one: f"{one.concentration.herfindahl_value:.4f}"),
        ("Herfindahl index of payments sent", lambda one: f"{one.concentration.herfindahl_payments:.4f}"),
    ]
    yield _comparison("Concentration", report, rows)
    yield _paragraph(
        "The Herfindahl index is the sum of the squared shares: 1 divided by the number of banks if all send the same, "
        "1 if one bank sends everything.",
        "muted",
    )


def _network(report: Report) -> Iterator[str]:
    yield _figures(drawn for one in report.series for drawn in (figures.draw_network(one), figures.draw_matrix(one)))
    rows: list[tuple[str, Callable[[Profile], str]]] = [
        ("banks that send or receive", lambda one: f"{one.network.num_banks:,}"),
        ("pairs of sender and receiver", lambda one: f"{one.network.num_pairs:,}"),
        ("density: share of the possible pairs", lambda one: _percent(one.network.density)),
        ("reciprocity: share of pairs with payments both ways", lambda one: _percent(one.network.reciprocity)),
        ("receivers per sender, mean", lambda one: f"{one.network.mean_counterparties:,.1f}"),
        ("value offset by bilateral netting of each day", lambda one: _percent(one.network.offset_share)),
    ]
    yield _comparison("Network", report, rows)


def _liquidity(report: Report) -> Iterator[str]:
    yield _paragraph(
        "Lower bound: what a bank sends in a day less what it receives, if positive. It is enough if all payments "
        "netted at the end of the day. Upper bound: the largest cumulative net debit if every payment settles as soon "
        "as it is submitted and its earliest settlement time has come."
    )
    yield _figures([*map(figures.draw_bank_bounds, report.series), figures.draw_day_bounds(report.series)])
    for one in report.series:
        yield _table(_titled(f"Banks, amounts in {report.currency}", one), BANK_COLUMNS, [*_bank_rows(one.profile)])


BANK_COLUMNS: Final = (
    "bank",
    "payments sent",
    "value sent",
    "payments received",
    "value received",
    "lower bound, mean of days",
    "lower bound, largest",
    "upper bound, mean of days",
    "upper bound, largest",
)


def _bank_rows(profile: Profile) -> Iterator[tuple[str, ...]]:
    """Cells of the table of banks, largest sender first."""
    for row in sorted(profile.banks, key=lambda row: (-row.sent_cents, row.bank)):
        yield (
            row.bank,
            f"{row.num_sent:,}",
            amount_text(row.sent_cents),
            f"{row.num_received:,}",
            amount_text(row.received_cents),
            amount_text(row.mean_lower_bound_cents),
            amount_text(row.max_lower_bound_cents),
            amount_text(row.mean_upper_bound_cents),
            amount_text(row.max_upper_bound_cents),
        )


def _delay(report: Report) -> Iterator[str]:
    recorded = [(one, one.profile.delay) for one in report.series]
    if not any(delay for _, delay in recorded):
        yield _paragraph("The table has no settlement times.")
        return
    yield _figures([figures.draw_delays(report.series)])
    for one, delay in recorded:
        if delay is None:
            yield _paragraph(f"{_titled('No settlement times', one)}.")
            continue
        yield _paragraph(
            f"{_titled('Settled', one)}: {delay.num_settled:,} payments, {amount_text(delay.settled_cents)} "
            f"{report.currency}. Without a settlement time: {delay.num_unsettled:,} payments, "
            f"{amount_text(delay.unsettled_cents)} {report.currency}. Mean delay "
            f"{_duration(delay.mean_seconds)}, weighted by value {_duration(delay.value_weighted_mean_seconds)}."
        )
        yield from (
            _table(
                _titled("Quantiles of the delay", one),
                ("share of payments", "delay"),
                [(_level(quantile.share), _duration(quantile.value / 1e6)) for quantile in delay.quantiles],
            ),
            _table(
                _titled("Delay by hour of submission", one),
                ("hour", "payments", "mean delay", "mean, weighted by value"),
                [
                    (
                        _hours(hour.start_us, hour.end_us),
                        f"{hour.num_settled:,}",
                        _duration(hour.mean_seconds),
                        _duration(hour.value_weighted_mean_seconds),
                    )
                    for hour in delay.hours
                ],
            ),
        )


def _titled(title: str, one: Series) -> str:
    return f"{title}, {one.label}" if one.label else title


def _comparison(title: str, report: Report, rows: Sequence[tuple[str, Callable[[Profile], str]]]) -> str:
    """One row per figure, one column per data set."""
    return _table(
        title,
        ("", *(one.label or "all days" for one in report.series)),
        [(name, *(value(one.profile) for one in report.series)) for name, value in rows],
    )


SECTIONS: Final[tuple[tuple[str, Callable[[Report], Iterator[str]]], ...]] = (
    ("Import", _imported),
    ("Days", _days),
    ("Hours", _by_hour),
    ("Sizes", _sizes),
    ("Concentration", _concentration),
    ("Network", _network),
    ("Liquidity", _liquidity),
    ("Settlement delay", _delay),
)
