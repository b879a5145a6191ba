"""The boxes of BIS Working Paper 1310, to the digits that follow from the paper's numbers."""

import json
from fractions import Fraction

import pytest

from benchmarks.literature import bis1310
from benchmarks.literature.bis1310 import TIMINGS, box, box3, cost_of, dollars
from simcash_env.config import FifoPolicy
from simcash_env.evaluation.evaluate import with_common_policy
from simcash_env.evaluation.outcomes import expected_costs

SAME, NEXT = TIMINGS
BOX3 = {SAME: (0.27321, 0.08039, 0.15003, 0.22500), NEXT: (0.32320, 0.21270, 0.15136, 0.22500)}


@pytest.mark.parametrize("timing", TIMINGS)
def test_bis1310_box3_costs_of_pools(timing):
    """With $0, $5, $10 and $15 of liquidity, everything released at once."""
    costs = [cost_of(box3(timing), (0,), level) for level in (0, 5, 10, 15)]
    assert [round(dollars(cents), 5) for cents in costs] == list(BOX3[timing])
    in_kernel = with_common_policy(box3(timing), FifoPolicy())
    shares = [expected_costs(in_kernel, [level / 20] * 2)["FOCAL"] for level in (0, 5, 10, 15)]
    assert shares == costs


@pytest.mark.parametrize(("timing", "best"), [(SAME, 5), (NEXT, 10)])
def test_bis1310_box3_best_pool(timing, best):
    """$5 where money received is usable at once, the language model's answer; else $10."""
    costs = [min(cost_of(box3(timing), (tick,), level) for tick in range(3)) for level in range(21)]
    assert costs.index(min(costs)) == best


def test_bis1310_box3_cost_of_five_dollars_by_hand():
    """The urgent payment waits (0.15) and is borrowed for (0.15 for $5, 0.30 for $10) where receipts fail."""
    miss = Fraction(1, 100)
    fails = 2 * miss * (1 - miss) * Fraction("0.30") + miss**2 * Fraction("0.45")
    assert cost_of(box3(SAME), (0,), 5) / bis1310.DOLLAR == Fraction("0.075") + Fraction("0.9") * fails


@pytest.mark.parametrize("urgent", [0.5, 0.1, 0.001])
def test_bis1310_box1_costs_by_hand(urgent):
    """Holding both: 0.02, and where the urgent payment comes another 0.02 and $2 borrowed at 0.06.

    Sending both: where the urgent payment comes it waits for 0.15, and $2 are borrowed at 0.06.
    """
    chance = Fraction(str(urgent))
    hold, send = (cost_of(box((1, 1), urgent=urgent), plan) / bis1310.DOLLAR for plan in ((1, 1), (0, 0)))
    assert hold == Fraction("0.02") + chance * Fraction("0.08")
    assert send == chance * Fraction("0.21")


def test_bis1310_box1_break_even():
    """0.02 + 0.08 p = 0.21 p."""
    assert bis1310.break_even() == Fraction(2, 13)


def test_bis1310_box2_costs_by_hand():
    """Sending $2: $1 waits for 0.01, sending neither 0.03; then the urgent payment comes or everything is paid.

    Sending $2: with the receipt, $10 pay the urgent payment, the $1 waits again and is borrowed (0.01 + 0.03); without,
    the urgent payment waits for 0.15, the $1 is paid, and $3 are borrowed (0.09). Sending neither: with the receipt,
    $12 pay the urgent payment and the $1, the $2 wait again and $1 is borrowed (0.02 + 0.03); without, both wait again
    and $3 are borrowed (0.03 + 0.09).
    """
    config, half = box((1, 2), urgent=0.5, received=0.9), Fraction(1, 2)
    send, hold = (cost_of(config, plan) / bis1310.DOLLAR for plan in ((1, 0), (1, 1)))
    received, missing = Fraction("0.9"), Fraction("0.1")
    assert send == Fraction("0.01") + half * (received * Fraction("0.04") + missing * Fraction("0.24"))
    assert hold == Fraction("0.03") + half * (received * Fraction("0.05") + missing * Fraction("0.12"))


@pytest.mark.slow
def test_bis1310_command_writes_results_table_and_figure(tmp_path, monkeypatch):
    monkeypatch.setattr(bis1310, "URGENT", (0.5,))
    monkeypatch.setattr(bis1310, "SAME_ANSWER", (10,))
    where = ["--folder", str(tmp_path), "--assets", str(tmp_path)]
    bis1310.main(where)
    results = json.loads((tmp_path / "bis-boxes.json").read_text(encoding="utf-8"))
    assert [row["at_once"] for row in results["box3"][SAME]][5] == pytest.approx(0.0803865)
    page = (tmp_path / "bis-boxes.md").read_text(encoding="utf-8")
    assert "| $5 | 0.08039 | 0.21270 | period 1: 0.08039 / period 2: 0.17360 |" in page
    assert "`python -m benchmarks.literature.bis1310`" in page
    assert (tmp_path / "bis-boxes.png").read_bytes().startswith(b"\x89PNG")
    (tmp_path / "bis-boxes.md").unlink()
    bis1310.main(["--tables", *where])
    assert (tmp_path / "bis-boxes.md").read_text(encoding="utf-8") == page
