import json
from pathlib import Path

import pytest

from simcash_env.config import FifoPolicy
from simcash_env.errors import ConfigError
from simcash_env.evaluation import control, lower_bounds, penalised
from simcash_env.evaluation.bound_validity import AllowedDecisions
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.evaluation.known_bounds import bound_from_dict, bounds_file
from simcash_env.evaluation.lower_bounds import bound_kinds, gap, lower_bound, with_whole_payments
from simcash_env.evaluation.seeds import held_out_seeds
from simcash_env.registry import load


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(control, "MOST_CONTROL_DAYS", 400)
    monkeypatch.setattr(control, "MOST_TUNING_DAYS", 100)
    monkeypatch.setattr(penalised, "MEAN_DAYS", 20)
    monkeypatch.setattr(penalised, "FITTING_DAYS", 5)
    monkeypatch.setattr(penalised, "STEPS", 2)


def test_lower_bound_kinds_of_a_scenario():
    assert bound_kinds(load("2b-3t-v0")) == ("clairvoyant", "constant-share", "first-observation", "own-observation")
    varied = load("2b-3t-v0", changes={"simulation.day_factor_log_std": 0.1, "rules": "standard"})
    assert bound_kinds(varied) == ("clairvoyant", "constant-share", "first-observation")
    assert bound_kinds(load("lynx-day-v0")) == ("clairvoyant", "penalised")
    varied = load("lynx-day-v0", changes={"simulation.day_factor_log_std": 0.1, "rules": "standard"})
    assert bound_kinds(varied) == ("clairvoyant",)


@pytest.mark.parametrize("kind", ["clairvoyant", "constant-share", "first-observation", "own-observation"])
def test_lower_bound_of_a_pool_is_below_fifo_with_a_smaller_error(kind):
    config = load("2b-3t-v0")
    found = lower_bound(config, kind, num_days=20, num_forks=8)
    fifo = evaluate_policy(config, FifoPolicy(), held_out_seeds(400), [0.06, 0.06]).totals().mean()
    assert 0 < found.cents < fifo
    assert found.kind == kind
    assert (found.shares is None) == (kind == "clairvoyant")
    assert found.num_forks == (8 if kind.endswith("observation") else 1)
    assert found.plain_error > 0
    assert bound_from_dict(json.loads(json.dumps(found.as_dict()))).as_dict() == found.as_dict()


def test_lower_bound_with_penalties():
    found = lower_bound(load("two-banks-v0"), "penalised", num_days=6)
    assert found.shares is None
    assert not found.is_whole


def test_lower_bound_rises_by_the_mean_of_what_whole_payments_cost_more(monkeypatch):
    config = load("2b-3t-v0")
    parts = lower_bound(config, "own-observation", num_days=6, num_forks=4)
    taken = []

    def raised(config, seed, num_forks, may):
        taken.append(seed)
        return {8: 100.0, 9: 140.0, 10: 120.0}[len(taken) + 7]

    monkeypatch.setattr(lower_bounds, "raised_by_whole_payments", raised)
    two = with_whole_payments(config, parts, 2)
    assert (two.raised, two.is_whole) == ((100.0, 140.0), True)
    assert two.cents == pytest.approx(parts.cents + 120.0)
    assert two.plain_cents == pytest.approx(parts.plain_cents + 120.0)
    assert two.standard_error == pytest.approx((parts.standard_error**2 + 20.0**2) ** 0.5)
    three = with_whole_payments(config, two, 3)
    assert three.cents == pytest.approx(two.cents)
    assert three.standard_error == pytest.approx((parts.standard_error**2 + 20.0**2 / 3) ** 0.5)
    assert tuple(taken) == held_out_seeds(3, 6)
    assert bound_from_dict(json.loads(json.dumps(three.as_dict()))) == three
    with pytest.raises(ConfigError, match="num_whole: must be 0 or at least 2"):
        with_whole_payments(config, parts, 1)


def test_lower_bound_of_a_day_that_is_not_random_has_no_error():
    found = lower_bound(load("castro-2period-v0"), "constant-share", is_whole=True)
    assert found.standard_error == 0.0
    assert found.control is None
    assert found.cents == pytest.approx(2_000, rel=0.003)
    assert found.on_days(load("castro-2period-v0"), [1]) == found.cents
    assert found.as_dict()["control"] is None


def test_lower_bound_on_given_days_follows_the_control():
    config = load("2b-3t-v0")
    found = lower_bound(config, "constant-share", num_days=20)
    days = held_out_seeds(50)
    moved = found.control.cents(config, days).mean() - found.control.mean_cents
    assert found.on_days(config, days) == pytest.approx(found.cents + found.factor * moved)


def test_lower_bound_kind_that_is_unknown():
    with pytest.raises(ConfigError, match=r"kind: must be one of clairvoyant, constant-share.*got 'loose'"):
        lower_bound(load("2b-3t-v0"), "loose")


def test_lower_bound_gap_is_relative_to_the_bound():
    assert gap(110.0, 100.0) == pytest.approx(0.1)
    assert gap(110.0, 0.0) is None


def test_allowed_decisions_permit_those_that_do_less():
    wide, narrow = AllowedDecisions("at_deadline", 4, "any"), AllowedDecisions()
    assert wide.permits(narrow)
    assert not narrow.permits(wide)
    assert not wide.permits(AllowedDecisions("any_time"))
    assert not narrow.permits(AllowedDecisions(max_parts=2))
    assert not narrow.permits(AllowedDecisions(pool="any"))
    assert not narrow.permits(AllowedDecisions(collateral=True))
    assert not narrow.permits(AllowedDecisions(priorities=True))


def test_lower_bounds_that_are_shipped_name_no_folder_of_a_machine():
    rows = json.loads(bounds_file().read_text())["rows"]
    policies = [row["control"]["policy"] for row in rows if row["control"] and "policy" in row["control"]]
    files = [policy["file"] for policy in policies if policy.get("file")]
    assert files
    assert all(file == Path(file).name for file in files)
    for row in rows:
        bound = bound_from_dict(row)
        assert json.loads(json.dumps(bound.as_dict()["control"])) == row["control"]
        assert bound.control is None or len(bound.control.cents(load(bound.scenario), [1, 2])) == 2
