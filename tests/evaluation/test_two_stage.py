"""Bounds that choose the pool's share before the day is known lie below every policy, and meet known optima."""

import numpy as np
import pytest

from simcash_env.compile.scenario import compile_scenario
from simcash_env.config import FifoPolicy, load_scenario
from simcash_env.config.policies import LiquidityReservePolicy
from simcash_env.errors import ConfigError
from simcash_env.evaluation import two_stage
from simcash_env.evaluation.arrivals import arrived_payments
from simcash_env.evaluation.bank_days import BankDay, pool_price_cents, rounding_cents
from simcash_env.evaluation.bound_validity import AllowedDecisions
from simcash_env.evaluation.control import Control, control_of, controlled_mean, first_arrivals_of, standard_error
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.evaluation.seeds import fresh_seeds
from simcash_env.evaluation.share_search import OfShare, least_over_shares
from simcash_env.evaluation.two_stage import (
    begun_alike,
    constant_share_bound,
    first_observation_bound,
    forked_days,
    given_share_costs,
    least_share,
    own_days,
    own_observation_bound,
    raised_by_whole_payments,
)
from simcash_env.registry import load
from tests.evaluation.test_clairvoyant import POLICIES, WORLDS, world

ANY = AllowedDecisions(pool="any")
WIDE = AllowedDecisions("any_time", 9, "any")
SEEDS = tuple(range(2_000_000, 2_000_012))
FIFO = Control(FifoPolicy(), None, 0.0, 0.0, 1, 1e12)
POOLED = [name for name, config in WORLDS.items() if config.banks[0].liquidity_pool]


def planned(config, seed, bank, *, may=ANY):
    return BankDay(
        config,
        compile_scenario(config),
        arrived_payments(config, seed),
        may,
        bank,
        granted_days=config.simulation.num_days,
    )


@pytest.mark.parametrize("name", POOLED)
def test_bank_day_costs_no_more_with_more_liquidity_and_no_more_than_any_script(name):
    config = WORLDS[name]
    compiled = compile_scenario(config)
    for share in (0.1, 0.6):
        for policy in POLICIES[::2]:
            paid = evaluate_policy(config, policy, SEEDS[:2], [share] * len(config.banks)).totals()
            for seed, cents in zip(SEEDS[:2], paid, strict=True):
                least = sum(
                    planned(config, seed, bank, may=WIDE).cost(int(40_000 * share))
                    + pool_price_cents(compiled, bank, config.simulation.num_days) * share
                    - rounding_cents(compiled, config.simulation.num_days)
                    for bank in range(len(config.banks))
                )
                assert least <= cents + 1e-3, (share, policy.type)
    day = planned(config, SEEDS[0], 0)
    costs = [day.cost(cents) for cents in (36_000, 20_000, 4_000, 0)]
    assert costs == sorted(costs)


def test_bank_day_keeps_what_it_has_solved(monkeypatch):
    day = planned(load("castro-12period-v0"), 2_000_005, 0)
    solved = []
    monkeypatch.setattr(day, "_enough_cents", None)
    monkeypatch.setattr(day, "_solve", lambda cents: solved.append(cents) or (float(400_000 - cents), cents - 50_000))
    assert day.cost(100_000) == 300_000.0
    assert day.cost(60_000) == 300_000.0  # the plan that was found needs no more
    assert day.cost(40_000) == 360_000.0
    assert solved == [100_000, 40_000]


def test_bank_day_that_has_enough_for_everything_costs_nothing_without_being_solved(monkeypatch):
    day = planned(load("castro-12period-v0"), 2_000_005, 0)
    monkeypatch.setattr(day, "_solve", None)
    assert day.cost(1_000_000) == 0.0


def test_bank_day_whole_payments_cost_no_less_than_fractions():
    config = load("2b-3t-v0")
    for seed in SEEDS[:6]:
        for bank in (0, 1):
            for cents in (20_000, 40_000):
                day = planned(config, seed, bank)
                parts, slope = day.relaxed_cost(cents)
                assert day.cost(cents) >= parts * (1 - 0.011)  # the search stops at a gap of 1 %
                assert slope <= 0
                for other in (10_000, 30_000, 70_000):
                    assert day.relaxed_cost(other)[0] >= parts + slope * (other - cents) - 0.1


class Steps:
    """A day that costs a price until the allocation is enough; in fractions, what is missing of it costs in part."""

    def __init__(self, enough, price):
        self.enough, self.price = enough, price

    def cost(self, cents):
        return self.price if cents < self.enough else 0.0

    def relaxed_cost(self, cents):
        return (self.price * (1 - cents / self.enough), -self.price / self.enough) if cents < self.enough else (0, 0)


def test_share_search_finds_the_least_cost_between_steps():
    days = [Steps(cents, 5_000.0) for cents in (100_000, 230_000, 310_000, 900_000)]
    found = least_over_shares(days, 10**6, 10_000.0, is_whole=True, tolerance=0.001)
    # 310 000 are enough for three of four days: 3 100 for the pool and 5 000 / 4
    assert found.cents == pytest.approx(4_350, rel=0.0015)
    assert found.cents <= 4_350
    assert found.day_cents.mean() == pytest.approx(4_350, rel=0.0015)
    assert found.share == pytest.approx(0.31, abs=0.0007)


@pytest.mark.parametrize("is_whole", [False, True])
@pytest.mark.parametrize("height", [0.0, 400.0])
def test_share_search_every_share_costs_at_least_what_is_found(is_whole, height):
    """Also with something added that is not convex in the share."""
    rng = np.random.default_rng(0)
    days = [Steps(*pair) for pair in zip(rng.integers(1, 10**6, 40), rng.uniform(0, 9_000, 40), strict=True)]
    added = OfShare(np.linspace(0.0, 1.0, 33), rng.uniform(-height, height, 33))
    found = least_over_shares(days, 10**6, 10_000.0, is_whole=is_whole, tolerance=0.002, added=added)
    costs = [[day.cost(ppm) if is_whole else day.relaxed_cost(ppm)[0] for day in days] for ppm in range(0, 10**6, 500)]
    every = [
        ppm / 100 + np.mean(cents) + added.at(ppm / 10**6)
        for ppm, cents in zip(range(0, 10**6, 500), costs, strict=True)
    ]
    assert found.cents <= min(every) <= found.day_cents.mean() * 1.002 <= found.cents * 1.005


def test_share_search_of_a_pool_that_is_never_worth_its_price_or_always():
    assert least_over_shares([Steps(9, 1.0)], 10, 1e6, is_whole=True, tolerance=0.01).share <= 0.01
    free = least_over_shares([Steps(10, 1.0)], 10, 0.0, is_whole=True, tolerance=0.01)
    assert (free.cents, free.share) == (0.0, 1.0)


def test_constant_share_bound_is_the_known_optimum_of_the_published_game():
    config = load("castro-2period-v0")
    found = constant_share_bound(config, [1], ANY, FIFO)
    assert found.cents == pytest.approx(2_000, rel=0.003)
    assert found.shares == pytest.approx((0.0, 0.2), abs=0.001)
    assert first_observation_bound(config, [1], 2, ANY, FIFO).cents == pytest.approx(2_000, rel=0.003)
    assert own_observation_bound(config, [1], 2, ANY, FIFO).cents == pytest.approx(2_000, rel=0.003)


@pytest.mark.parametrize("name", ["simcash", "two days", "waiting costs everywhere"])
def test_constant_share_bound_is_below_every_script_on_common_days(name):
    config = WORLDS[name]
    bound = constant_share_bound(config, SEEDS[:4], WIDE, FIFO, tolerance=0.02)
    for policy in POLICIES:
        for share in (0.2, 0.37, 0.6):
            shares = [share] * len(config.banks)
            assert evaluate_policy(config, policy, SEEDS[:4], shares).totals().mean() >= bound.cents - 1e-3


@pytest.mark.slow
def test_two_stage_bounds_are_in_order():
    """What knows more costs less: clairvoyant <= first observation <= constant share, up to the noise of the sample."""
    config = load("2b-3t-v0")
    seeds = range(2_000_000, 2_000_020)
    fractions = constant_share_bound(config, seeds, ANY, FIFO, is_whole=False)
    whole = constant_share_bound(config, seeds, ANY, FIFO)
    first = first_observation_bound(config, seeds, 10, ANY, FIFO)
    assert fractions.cents <= whole.cents * 1.005
    assert first.cents <= fractions.cents + 3 * standard_error(fractions.values - fractions.controls)


def test_first_observation_bound_is_below_a_script_on_the_same_forks():
    config = load("2b-3t-v0")
    control = Control(LiquidityReservePolicy(target_buffer=0, urgency_threshold=0), (0.07, 0.05), 0.0, 0.0, 1, 1e12)
    found = first_observation_bound(config, SEEDS[:5], 10, ANY, control)
    assert (found.values <= found.controls).all()


def test_forked_days_begin_alike_and_go_on_differently():
    config = load("2b-3t-v0")
    forks = forked_days(config, 2_000_000, 5, FIFO)
    real = arrived_payments(config, 2_000_000)
    first = [arrived.cents[arrived.arrival_tick == 0].tolist() for arrived, _ in forks]
    later = {tuple(arrived.cents[arrived.arrival_tick > 0].tolist()) for arrived, _ in forks}
    assert first == [real.cents[real.arrival_tick == 0].tolist()] * 5
    assert len(later) == 5
    assert tuple(real.cents[real.arrival_tick > 0].tolist()) not in later
    again = forked_days(config, 2_000_000, 5, FIFO)
    assert [cost for _, cost in again] == [cost for _, cost in forks]


def test_own_days_keep_what_the_bank_sends_first_and_nothing_else():
    config = load("2b-3t-v0")
    real = arrived_payments(config, 2_000_000)
    others = [arrived_payments(config, seed) for seed in fresh_seeds(2_000_000, 3)]
    for bank, days in enumerate(own_days(config, 2_000_000, 3)):
        for day, other in zip(days, others, strict=True):
            for name in ("cents", "deadline_tick", "receiver"):
                mine, rest = (
                    (day.sender == bank) & (day.arrival_tick == 0),
                    (other.sender != bank) | (other.arrival_tick != 0),
                )
                kept = (real.sender == bank) & (real.arrival_tick == 0)
                assert getattr(day, name)[mine].tolist() == getattr(real, name)[kept].tolist()
                assert getattr(day, name)[~mine].tolist() == getattr(other, name)[rest].tolist()


def test_own_observation_bound_is_the_first_observation_bound_of_a_bank_that_sends_alone():
    """Other banks' first payments do not matter to a bank that receives nothing: the days after its own are alike."""
    row = load("2b-3t-v0").model_dump(mode="json")
    row["banks"][1]["arrivals"] = None
    config = load_scenario(row)
    first = first_observation_bound(config, SEEDS[:6], 25, ANY, FIFO)
    own = own_observation_bound(config, SEEDS[:6], 25, ANY, FIFO)
    assert own.values == pytest.approx(first.values, rel=0.4)
    assert own.cents == pytest.approx(first.cents, rel=0.1)


def test_least_share_costs_less_where_more_is_known_before_it_is_chosen():
    """The reason why knowing all banks' first arrivals gives a lower bound than knowing one's own."""
    config = load("2b-3t-v0")
    days = own_days(config, 2_000_000, 12)[0]
    compiled = compile_scenario(config)
    told, half, other = (
        least_share(config, compiled, some, ANY, 0, 1, is_whole=False, tolerance=1e-4).cents
        for some in (days, days[:6], days[6:])
    )
    assert told >= (half + other) / 2 * (1 - 1e-3)
    assert half != other


def test_own_observation_bound_is_below_a_good_policy():
    config = load("2b-3t-v0")
    own = own_observation_bound(config, SEEDS[:6], 20, ANY, FIFO)
    policy = LiquidityReservePolicy(target_buffer=0, urgency_threshold=0)
    played = evaluate_policy(config, policy, range(2_000_000, 2_002_000), (0.06, 0.06)).totals()
    assert own.cents < played.mean()


def test_whole_payments_raise_the_own_observation_bound():
    config = load("castro-12period-v0")
    raised = [raised_by_whole_payments(config, seed, 3, ANY) for seed in SEEDS[3:5]]
    parts = own_observation_bound(config, SEEDS[:3], 3, ANY, FIFO)
    assert min(raised) > -parts.cents * 0.005  # both searches stop within 0.2 %
    assert raised[0] != raised[1]


def test_own_observation_of_days_that_depend_on_each_other_is_refused():
    config = load("castro-12period-v0").model_copy()
    object.__setattr__(config, "arrivals", object())
    with pytest.raises(ConfigError, match="arrivals: recorded days cannot be continued"):
        own_observation_bound(config, [1], 2, ANY, FIFO)
    varied = load("castro-12period-v0", changes={"simulation.day_factor_log_std": 0.1, "rules": "standard"})
    with pytest.raises(ConfigError, match=r"simulation.day_factor_log_std: must be 0: a bank's first arrivals tell"):
        own_observation_bound(varied, [1], 2, ANY, FIFO)
    with pytest.raises(ConfigError, match="must be 0: a bank's first arrivals tell"):
        raised_by_whole_payments(varied, 1, 2, ANY)


def test_two_stage_without_a_pool_is_refused():
    config = load("two-banks-v0")
    with pytest.raises(ConfigError, match="no bank that decides has a liquidity_pool"):
        constant_share_bound(config, [1], ANY, FIFO)
    with pytest.raises(ConfigError, match="liquidity_pool"):
        first_observation_bound(config, [1], 2, ANY, FIFO)
    with pytest.raises(ConfigError, match="liquidity_pool"):
        own_observation_bound(config, [1], 2, ANY, FIFO)


def test_first_observation_of_recorded_days_is_refused():
    config = load("castro-12period-v0").model_copy()
    object.__setattr__(config, "arrivals", object())
    with pytest.raises(ConfigError, match="arrivals: recorded days cannot be continued"):
        first_observation_bound(config, [1], 2, ANY, FIFO)


def test_constant_share_bank_without_a_pool_has_no_share():
    row = world(pool=40_000).model_dump()
    row["banks"] = [row["banks"][0], row["banks"][1] | {"liquidity_pool": None, "credit_limit": 90_000}]
    config = load_scenario(row)
    for is_whole in (True, False):
        found = constant_share_bound(config, SEEDS[:3], WIDE, FIFO, is_whole=is_whole)
        assert found.shares[1] == 0.0
        assert found.cents <= evaluate_policy(config, FifoPolicy(), SEEDS[:3], [0.5, 0.0]).totals().mean()


@pytest.mark.slow
def test_control_is_the_cheapest_untuned_form_with_tuned_shares():
    control = control_of(load("castro-12period-v0"), 10, num_days=500)
    assert control.policy.type == "liquidity_reserve"
    assert control.num_days == 500
    assert all(0.08 < share < 0.18 for share in control.shares)
    assert control.cents(load("castro-12period-v0"), range(2_000_000, 2_000_200)).max() <= control.cap_cents
    alone = control_of(load("castro-2period-v0"), 1)
    assert (alone.num_days, alone.mean_cents, alone.error_cents) == (1, 2_000.0, 0.0)
    assert control_of(load("two-banks-v0"), 10, num_days=50).shares is None


def test_first_arrivals_are_the_value_of_the_first_tick():
    config = load("2b-3t-v0")
    found = first_arrivals_of(config, 10)
    days = [arrived_payments(config, seed) for seed in SEEDS[:5]]
    expected = [float(day.cents[day.arrival_tick == 0].sum()) for day in days]
    assert found.cents(config, SEEDS[:5]).tolist() == expected
    assert found.mean_cents == pytest.approx(40_000, abs=4 * found.error_cents)  # two banks, two payments of 10,000


def test_least_cost_of_a_bank_is_almost_linear_in_the_value_of_its_first_arrivals():
    """So that this value is a good control variate: each cent of it is paid at once, from a cent of the pool."""
    config = load("2b-3t-v0")
    compiled, later = compile_scenario(config), [arrived_payments(config, seed) for seed in fresh_seeds(1, 30)]
    values, cents = [], []
    for seed in SEEDS[:8]:
        first = arrived_payments(config, seed)
        days = [begun_alike(first, day, 0) for day in later]
        values.append(first.cents[(first.sender == 0) & (first.arrival_tick == 0)].sum())
        found = least_share(config, compiled, days, ANY, 0, 1, is_whole=False, tolerance=1e-4)
        cents.append(found.cents)
    assert np.corrcoef(values, cents)[0, 1] > 0.9999


def test_controlled_mean_takes_out_what_the_control_explains():
    rng = np.random.default_rng(1)
    day = rng.normal(0.0, 1_000.0, 400)
    values, controls = 5_000 + day + rng.normal(0.0, 10.0, 400), 7_000 + 2 * day
    control = Control(FifoPolicy(), None, 7_000.0, 0.0, 10_000, 1e12)
    found = controlled_mean(values, controls, control)
    assert found.factor == pytest.approx(0.5, abs=0.01)
    assert found.cents == pytest.approx(5_000, abs=3)
    assert found.standard_error < standard_error(values) / 50
    known = Control(FifoPolicy(), None, 7_000.0, 40.0, 100, 1e12)
    assert controlled_mean(values, controls, known).standard_error == pytest.approx(20.0, abs=1)


def test_controlled_mean_of_a_constant_control_or_few_days_is_the_mean():
    control = Control(FifoPolicy(), None, 3.0, 1.0, 10, 1e12)
    assert controlled_mean([1.0, 2.0, 6.0], [5.0, 5.0, 5.0], control).cents == 3.0
    assert controlled_mean([1.0, 2.0], [5.0, 6.0], control) == controlled_mean([1.0, 2.0], [9.0, 9.0], control)


def test_given_share_costs_of_both_banks_together_are_those_of_each_by_itself_or_more():
    config, compiled = load("2b-3t-v0"), compile_scenario(load("2b-3t-v0"))
    together = given_share_costs(config, SEEDS[:6], ANY, 0.05)
    for seed, cents in zip(SEEDS[:6], together, strict=True):
        alone = sum(
            planned(config, seed, bank).cost(50_000) + 0.05 * pool_price_cents(compiled, bank, 1) for bank in (0, 1)
        )
        assert cents >= alone * 0.98 - 5
    fifo = evaluate_policy(config, FifoPolicy(), SEEDS[:6], [0.05, 0.05]).totals()
    assert (together <= fifo + 1e-3).all()
    with pytest.raises(ConfigError, match="liquidity_pool"):
        given_share_costs(load("two-banks-v0"), [1], ANY, 0.5)


def test_given_share_costs_may_have_a_share_for_each_day_and_bank():
    config, shares = load("2b-3t-v0"), np.array([[0.05, 0.05], [0.08, 0.03]])
    of_days = [given_share_costs(config, [seed], ANY, row)[0] for seed, row in zip(SEEDS[:2], shares, strict=True)]
    assert given_share_costs(config, SEEDS[:2], ANY, shares).tolist() == of_days
    assert given_share_costs(config, SEEDS[:1], ANY, 0.05)[0] == of_days[0]
    swapped = given_share_costs(config, SEEDS[1:2], ANY, shares[1, ::-1])[0]
    assert swapped != of_days[1]


def test_given_share_costs_where_time_runs_out_are_those_of_the_relaxation(monkeypatch):
    monkeypatch.setattr(two_stage, "SECONDS", 0.0)
    config = load("2b-3t-v0")
    assert given_share_costs(config, SEEDS[:2], ANY, 0.02).sum() > 0
