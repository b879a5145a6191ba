"""Curves of liquidity and delay: scaling, the saving, and the files."""

import json

import pytest

from benchmarks.literature import liquidity_delay
from benchmarks.literature.liquidity_delay import MECHANISMS, SYSTEMS, liquidity_cents, saving, scaled


@pytest.mark.parametrize("name", SYSTEMS)
def test_liquidity_delay_scaling_scales_all_liquidity(name):
    full, half = (liquidity_cents(scaled(name, factor, is_saving=True)) for factor in (1.0, 0.5))
    assert half == pytest.approx(full / 2, rel=1e-9)


def test_liquidity_delay_without_saving_nothing_is_offset():
    plain = scaled("target2-day-v1", 1.0, is_saving=False)
    assert plain.lsm.algorithms == ()
    assert not plain.switches.entry_disposition_offsetting
    assert scaled("target2-day-v1", 1.0, is_saving=True).lsm.algorithms == ("bilateral", "cycles", "prefix")


def points(*pairs):
    return [{"liquidity": liquidity, "delay": [delay]} for liquidity, delay in pairs]


def test_liquidity_delay_saving_at_equal_delay():
    """With the mechanism half of the liquidity gives the same delay; the first point is out of its curve's reach."""
    curves = dict(zip(MECHANISMS, (points((2, 20), (4, 10), (8, 5)), points((2, 10), (4, 5), (8, 1))), strict=True))
    assert saving(curves, 0) is None
    assert saving(curves, 1) == pytest.approx(0.5)
    assert saving(curves, 2) == pytest.approx(0.5)


def test_liquidity_delay_saving_between_points_is_interpolated_in_logarithms():
    curves = dict(
        zip(
            MECHANISMS,
            (
                points(
                    (4, 10),
                ),
                points((1, 15), (4, 5)),
            ),
            strict=True,
        )
    )
    assert saving(curves, 0) == pytest.approx(0.5)


def test_liquidity_delay_command_writes_results_table_and_figure(tmp_path, monkeypatch):
    monkeypatch.setattr(liquidity_delay, "SYSTEMS", {"lynx-day-v0": SYSTEMS["lynx-day-v0"]})
    monkeypatch.setattr(liquidity_delay, "SCALES", (0.25, 0.5, 1.0))
    liquidity_delay.main(["--days", "3", "--folder", str(tmp_path), "--assets", str(tmp_path)])
    results = json.loads((tmp_path / "liquidity-delay.json").read_text(encoding="utf-8"))
    curves = results["curves"]["lynx-day-v0"]
    for at in range(3):
        plain, saved = (curves[mechanism][at] for mechanism in MECHANISMS)
        assert len(plain["delay"]) == 30
        assert sum(saved["delay"]) <= sum(plain["delay"])
        assert plain["offset"] == 0.0
    assert sum(curves["without"][0]["delay"]) > sum(curves["without"][2]["delay"])
    assert "| `lynx-day-v0` | 34.8 thousand units |" in (tmp_path / "liquidity-delay.md").read_text(encoding="utf-8")
    assert (tmp_path / "liquidity-delay.png").read_bytes().startswith(b"\x89PNG")
