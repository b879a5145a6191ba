"""The calibrated scenarios are what their program writes, and have the published figures that follow without a run."""

import pytest

from simcash_env.registry import load, scenario_path
from tools.calibrated_scenarios import (
    LYNX_LARGE,
    RITS_MAJORS,
    T2_MOST_CENTS,
    T2_PARTS,
    TEXTS,
    capped_mean,
    main,
    share_below,
)


@pytest.mark.parametrize("name", TEXTS)
def test_calibrated_scenario_is_what_its_program_writes(name):
    assert scenario_path(name).read_text("utf-8") == TEXTS[name]()


def test_calibrated_scenarios_are_written_and_checked(tmp_path, capsys):
    with pytest.raises(SystemExit, match="1"):
        main(["--check", str(tmp_path)])
    with pytest.raises(SystemExit, match="0"):
        main([str(tmp_path)])
    assert capsys.readouterr().out.count("written") == len(TEXTS)
    with pytest.raises(SystemExit, match="0"):
        main(["--check", str(tmp_path)])
    assert (tmp_path / "rits-2011-v0.yaml").read_text("utf-8") == TEXTS["rits-2011-v0"]()


def payments_per_day(config):
    return [bank.arrivals.rate_per_tick * config.simulation.ticks_per_day for bank in config.banks]


def liquidity(config, share=None):
    pools = [(bank.liquidity_pool, bank.liquidity_allocation_fraction) for bank in config.banks]
    return sum(pool * (fraction if share is None else share) for pool, fraction in pools) / 10**11


def test_rits_2011_has_the_published_aggregates():
    config = load("rits-2011-v0")
    sent = payments_per_day(config)
    assert len(sent) == 59
    assert sum(sent) == pytest.approx(35_500, rel=1e-4)
    assert sum(sent[:RITS_MAJORS]) / sum(sent) == pytest.approx(0.6, abs=1e-4)
    assert liquidity(config) == pytest.approx(16, rel=1e-4)
    parts = [(part.weight, part.log_mean, part.log_std_dev) for part in config.banks[0].arrivals.amount.components]
    value = sum(sent) * capped_mean(tuple(parts), config.banks[0].arrivals.amount.max)
    assert value / 10**11 == pytest.approx(171, rel=1e-3)
    assert (config.lsm.algorithms, config.lsm.max_offset_payments) == (("bilateral",), 10)
    assert config.actions.sub_limit


def test_lynx_2019_has_the_published_aggregates():
    config = load("lynx-2019-v0")
    sent = payments_per_day(config)
    assert len(sent) == 17
    assert sum(sent) == pytest.approx(35_000, rel=1e-4)
    assert sum(sent[:LYNX_LARGE]) / sum(sent) == pytest.approx(0.81, abs=1e-4)
    assert liquidity(config, 1.0) == pytest.approx(29.3, rel=1e-4)
    assert (config.actions.send_limit, config.switches.limits_basis) == ("multilateral", "net")


def test_target2_day_v1_has_the_published_sizes():
    assert share_below(T2_PARTS, 5_000_000) == pytest.approx(0.72, abs=0.002)
    assert 1 - share_below(T2_PARTS, 100_000_000) == pytest.approx(0.09, abs=0.002)
    assert capped_mean(T2_PARTS, T2_MOST_CENTS) == pytest.approx(5.4e8, rel=0.01)
    assert sum(payments_per_day(load("target2-day-v1"))) == pytest.approx(20_000, rel=1e-4)
