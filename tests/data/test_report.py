"""The report on a payments table: one page that needs nothing else, for any names, sizes and numbers of banks."""

import datetime as dt
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest

from simcash_env.data import figures
from simcash_env.data.columns import columns_of
from simcash_env.data.payments import Calendar, make_payments
from simcash_env.data.profile import profile_of
from simcash_env.data.report import SECTIONS, SkippedRows, write_report
from simcash_env.errors import DataError, WriteError
from tests.data.tables import CALENDAR, HOUR, payments_of

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
HOSTILE = ("<b>&amp;\"'", "$x_$", "_hidden", "銀行 東京", "\N{RIGHT-TO-LEFT OVERRIDE}evil", "-->")
EMPTY = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """Elements, attributes and text of a page; unbalanced elements are an error."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.text, self.cells = [], [], [], "", []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in EMPTY:
            self.open.append(tag)
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += data
        if self.open and self.open[-1] in {"td", "th"}:
            self.cells[-1] += data


def many(num_banks, num_days, per_day, seed=0, names=None, **columns):
    """Random payments of all kinds."""
    rng = np.random.default_rng(seed)
    count = num_days * per_day
    names = names or [f"BANK_{number:04}" for number in range(num_banks)]
    sender = rng.integers(0, num_banks, count)
    receiver = (sender + rng.integers(1, num_banks, count)) % num_banks
    submitted = rng.integers(7 * HOUR, 18 * HOUR, count)
    columns = {
        "day": [dt.date(2026, 1, 1) + dt.timedelta(days=int(day)) for day in np.repeat(np.arange(num_days), per_day)],
        "submitted": submitted,
        "settled": np.minimum(submitted + rng.integers(0, HOUR, count), 18 * HOUR - 1),
        "sender": [names[bank] for bank in sender],
        "receiver": [names[bank] for bank in receiver],
        "amount_cents": np.exp(rng.normal(13, 3, count)).astype(np.int64) + 1,
        "priority": rng.integers(0, 11, count),
        "kind": [("customer", "interbank", None)[kind] for kind in rng.integers(0, 3, count)],
    } | columns
    return make_payments(columns, CALENDAR, currency="EUR", time_zone="Europe/Paris", source="many")


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """The text of a report on three days of 25 banks."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(many(25, 3, 100), [], path)
    return path.read_text(encoding="utf-8")


def page_of(path, payments, banks=(), **options):
    """Write a report and read it."""
    write_report(payments, banks, path / "report.html", **options)
    return Page((path / "report.html").read_text(encoding="utf-8"))


def test_report_has_every_section_and_all_figures(usual):
    page = Page(usual)
    for name, _ in SECTIONS:
        assert ("id", name.lower().replace(" ", "-")) in page.attributes
    assert page.tags.count("figure") == page.tags.count("svg") == 12
    for title in (
        "Payments per day", "Value per day", "Payments by hour of submission", "Value by hour of submission",
        "Distribution of amounts", "Size bands", "Concentration of senders", "Network of payments",
        "Value between banks", "Liquidity bounds by bank", "Liquidity bounds by day",
        "Settlement delay by hour of submission",
    ):  # fmt: skip
        assert title in page.text
    assert "No row of the source was skipped or changed." in page.text
    assert "Business day 07:00 to 18:00, 132 ticks. Time zone Europe/Paris. Amounts in EUR." in page.text


def test_report_figures_name_units_and_currency(tmp_path):
    text = page_of(tmp_path, payments_of((0, "08:00", "A", "B", 250_000_000_00))).text
    for label in (
        "(million EUR)",
        "(EUR)",
        "business day",
        "time of submission",
        "share of payments",
        "08:00",
        "2026-03-02",
    ):
        assert label in text
    assert "not recorded" in text
    assert "The table has no settlement times." in text


def test_report_needs_nothing_else(usual):
    page = Page(usual)
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    for name, value in page.attributes:
        if name in {"src", "href", "xlink:href", "action", "data"}:
            assert value.startswith("#")
    assert not re.search(r"@import|url\((?!#)", usual)
    assert set(re.findall(r"https?://[^\"' ]*", usual)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_report_colours_follow_the_scheme(usual):
    drawings = "".join(re.findall(r"<svg.*?</svg>", usual, re.DOTALL))
    assert set(re.findall(r"#[0-9a-fA-F]{6}\b", drawings)) == set()
    assert set(re.findall(r"var\(--(\w+)\)", drawings)) == {"ink", "muted", "first", "second"}
    assert "prefers-color-scheme: dark" in usual


def test_report_ids_are_unique(usual):
    ids = [value for name, value in Page(usual).attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_report_is_deterministic(usual, tmp_path):
    write_report(many(25, 3, 100), [], tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == usual


def test_report_escapes_text(tmp_path):
    payments = many(len(HOSTILE), 2, 60, names=list(HOSTILE), kind=["<script>alert(1)</script>"] * 120)
    object.__setattr__(payments, "source", "</title><script>")
    object.__setattr__(payments, "currency", "<i>")
    page = page_of(tmp_path, payments, notes=["note <script>"], skipped=[SkippedRows("rule <u>", "skip <u>", 1, None)])
    assert not {"script", "b", "i", "u"} & set(page.tags)
    for text in ("</title><script>", "note <script>", "rule <u>", "<script>alert(1)</script>", *HOSTILE):
        assert text in page.text
    assert {"$x_$", "_hidden", "-->"} <= set(page.cells)


def test_report_lists_skipped_rows(tmp_path):
    skipped = [
        SkippedRows("outside hours", "skipped", 1_200, 123_456_789),
        SkippedRows("zero amount", "clamped", 3, None),
    ]
    page = page_of(tmp_path, many(3, 1, 10), notes=["From a.csv.", "Second note."], skipped=skipped)
    assert "1,203 rows of the source were skipped or changed" in page.text
    places = page.cells.index("outside hours"), page.cells.index("zero amount")
    assert page.cells[places[0] : places[0] + 4] == ["outside hours", "skipped", "1,200", "1,234,567.89"]
    assert page.cells[places[1] : places[1] + 4] == ["zero amount", "clamped", "3", "not readable"]
    assert "From a.csv." in page.text
    assert "Second note." in page.text


def test_report_amounts_are_exact(tmp_path):
    payments = payments_of((0, "08:00", "A", "B", 10**15 - 1), (0, "08:00", "A", "B", 10**15 - 2))
    assert "19,999,999,999,999.97" in page_of(tmp_path, payments).cells


@pytest.mark.parametrize(("num_banks", "num_days", "per_day"), [(2, 1, 1), (10, 1, 200), (1_000, 60, 100)])
def test_report_sizes(num_banks, num_days, per_day, tmp_path):
    page = page_of(tmp_path, many(num_banks, num_days, per_day))
    assert ("Shown are the 9 banks" in page.text) == (num_banks > 10)
    assert ("the mean of the other" in page.text) == (num_banks > 20)
    assert bool(re.search(r"99\d others", page.text)) == (num_banks == 1_000)
    assert page.tags.count("details") == 2 * (num_banks > 25)  # complete, but folded
    assert len({cell for cell in page.cells if cell.startswith("BANK_")}) >= min(num_banks, 2)


def test_report_long_names_are_cut_in_figures_only(tmp_path):
    names = [f"The very long name of bank {number}" for number in range(3)]
    page = page_of(tmp_path, many(3, 1, 20, names=names))
    assert page.text.count("Names are cut to 14 characters.") == 3
    assert {*names} <= set(page.cells)
    assert "The ver…bank 0" in page.text


def test_report_bank_without_payments(tmp_path):
    assert "IDLE" in page_of(tmp_path, many(3, 1, 10), ["IDLE", "BANK_0001"]).cells


def test_report_unknown_currency(tmp_path):
    text = page_of(tmp_path, payments_of((0, "08:00", "A", "B", 100), currency=None)).text
    assert "The currency is not known." in text
    assert "(currency units)" in text


def test_report_short_day(tmp_path):
    calendar = Calendar(HOUR // 2, HOUR // 2 + 60_000_000, 6)
    assert "00:30 to 00:31" in page_of(tmp_path, payments_of((0, "00:30", "A", "B", 1), calendar=calendar)).cells


def test_report_compares_two_data_sets(tmp_path):
    recorded, generated = many(12, 3, 100), many(6, 50, 30, seed=1, settled=[None] * 1_500)
    page = page_of(tmp_path, recorded, compare=generated)
    assert page.tags.count("figure") == 15
    for text in (
        "Days, recorded",
        "Days, generated",
        "Network of payments (recorded)",
        "Network of payments (generated)",
        "recorded: upper bound",
        "generated: lower bound",
        "No settlement times, generated.",
    ):
        assert text in page.text
    start = page.cells.index("payments per day")
    assert page.cells[start : start + 3] == ["payments per day", "100.0", "30.0"]
    labelled = page_of(tmp_path, generated, compare=recorded, labels=("<one>", "_two"))
    assert "Days, <one>" in labelled.text
    assert "_two" in labelled.text


def test_report_refuses_another_currency(tmp_path):
    with pytest.raises(DataError) as caught:
        write_report(
            payments_of((0, "08:00", "A", "B", 1)), [], tmp_path / "report.html",
            compare=payments_of((0, "08:00", "A", "B", 1), currency="AUD", source="other"),
        )  # fmt: skip
    assert str(caught.value) == "other: currency: must have the currency of the first payments, 'EUR', got 'AUD'"
    assert list(tmp_path.iterdir()) == []


def test_report_returns_its_statistics(tmp_path):
    payments = many(3, 2, 10)
    assert write_report(payments, ["Z"], tmp_path / "report.html") == profile_of(payments, ["Z"])


def test_report_cannot_be_written(tmp_path):
    with pytest.raises(WriteError, match="cannot be written"):
        write_report(payments_of((0, "08:00", "A", "B", 1)), [], tmp_path / "none" / "report.html")


@pytest.mark.parametrize(
    ("cents", "expected"),
    [(0, (100, "EUR")), (99_999, (100, "EUR")), (100_000, (10**5, "thousand EUR")), (10**14, (10**14, "trillion EUR"))],
)
def test_figures_unit(cents, expected):
    assert figures.unit_of(cents, "EUR") == expected


def test_figures_short_name():
    assert figures.short("exactly 14 long"[:14]) == "exactly 14 lon"
    assert figures.short("BANK OF SOMEWHERE 17") == "BANK OF…ERE 17"
    assert figures.short("a\nb") == "a\nb"
    assert figures.short("a\x00b") == "a\\x00b"


@pytest.mark.parametrize(
    ("seconds", "unit"), [(0.0, (1, "seconds")), (119, (1, "seconds")), (120, (60, "minutes")), (7200, (3600, "hours"))]
)
def test_figures_duration_unit(seconds, unit):
    assert figures.duration_unit(seconds) == unit


def test_figures_flows_of_others():
    columns = columns_of(
        payments_of(
            (0, "08:00", "A", "B", 100), (0, "08:00", "B", "A", 50), (0, "08:00", "C", "D", 3),
            (0, "08:00", "D", "A", 2), (1, "08:00", "A", "C", 1),
        )
    )  # fmt: skip
    names, cents = figures.flows_of(columns, 3)
    assert names == ["A", "B", "2 others"]
    assert cents.tolist() == [[0, 100, 1], [50, 0, 0], [2, 0, 3]]
    names, cents = figures.flows_of(columns, 4)
    assert (names[:2], cents.sum()) == (["A", "B"], 156)
    assert "others" not in "".join(names)


@pytest.mark.slow
@pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not installed")
def test_report_in_a_browser(tmp_path):
    """No part of the page is wider than the window, and colours change with the reader's scheme."""
    from selenium import webdriver

    write_report(
        many(30, 30, 50, names=[f"A long name of bank {number}" for number in range(30)]),
        [],
        tmp_path / "report.html",
        compare=many(12, 5, 50),
    )
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        f"--user-data-dir={tmp_path / 'profile'}",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        colours = {}
        for width in (390, 1600):
            for scheme in ("light", "dark"):
                metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
                driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
                media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
                driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
                driver.get((tmp_path / "report.html").as_uri())
                assert driver.execute_script("return document.documentElement.scrollWidth") <= width
                widths = driver.execute_script(
                    "return [...document.querySelectorAll('svg')].map(svg => svg.getBoundingClientRect().width)"
                )
                assert min(widths) > 300
                colours[scheme] = driver.execute_script(
                    "return [document.body, document.querySelector('svg text')].map("
                    "part => getComputedStyle(part).backgroundColor + getComputedStyle(part).fill)"
                )
        assert colours["light"][0] != colours["dark"][0]
        assert colours["light"][1] != colours["dark"][1]
        assert driver.get_log("browser") == []
    finally:
        driver.quit()
