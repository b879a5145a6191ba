"""Families of scenarios: members of their own for training and test, one at every reset, the same for the same seed."""

import numpy as np
import pytest

from simcash_env import make_vec, simcash_v0
from simcash_env.config import ScenarioConfig
from simcash_env.envs.families import Randomize
from simcash_env.errors import ConfigError
from simcash_env.simulation import Simulation
from tests.worlds import LIBRARY, busy, legal

FAMILY = Randomize(num_members=5)


def test_families_copy_plays_the_member_of_its_seed():
    members = FAMILY.members(busy())
    assert len({member.model_dump_json() for member in members}) == 5
    vec = make_vec(busy(), 8, randomize=FAMILY, autoreset="disabled")
    vec.reset(seed=11)
    assert vec.members.tolist() == [(11 + copy) % 5 for copy in range(8)]
    for step in range(6):
        vec.step(np.stack([legal(mask, step, 11 + copy) for copy, mask in enumerate(vec.masks)]))
    for copy in range(8):
        alone = make_vec(members[(11 + copy) % 5], 1, autoreset="disabled")
        alone.reset(seed=11 + copy)
        for step in range(6):
            alone.step(legal(alone.masks[0], step, 11 + copy)[None])
        assert vec.digest(copy) == alone.digest(0)
        assert np.array_equal(vec.observations[copy], alone.observations[0])


@pytest.mark.parametrize(
    ("amount", "twice"),
    [
        ({"type": "uniform", "min": 10, "max": 30}, {"min": 20, "max": 60}),
        ({"type": "lognormal", "mean": 10, "std_dev": 3}, {"mean": 20.0, "std_dev": 6.0}),
        ({"type": "exponential", "rate": 0.5}, {"rate": 0.25}),
        ({"type": "empirical", "probabilities": [0.0, 1.0], "quantiles": [10, 30], "max": 40}, {"max": 80}),
    ],
)
def test_families_amounts_of_a_member_are_as_much_larger_as_its_money(amount, twice):
    rows = busy().model_dump(mode="json")
    rows["rules"] = "standard"
    rows["banks"][0]["arrivals"]["amount"] = amount
    (member,) = Randomize(num_members=1, sizes=(2.0, 2.0)).members(ScenarioConfig.model_validate(rows))
    bank = member.banks[0].model_dump()
    assert {name: bank["arrivals"]["amount"][name] for name in twice} == pytest.approx(twice)
    assert bank["opening_balance"] == 2 * rows["banks"][0]["opening_balance"]


def test_family_resizes_mixtures():
    rows = busy().model_dump(mode="json")
    part = {"weight": 1.0, "log_mean": 5.0, "log_std_dev": 1.0}
    rows["rules"] = "standard"
    rows["banks"][0]["arrivals"]["amount"] = {"type": "mixture", "components": [part]}
    (member,) = Randomize(num_members=1, sizes=(2.0, 2.0)).members(ScenarioConfig.model_validate(rows))
    amount = member.banks[0].arrivals.amount
    assert amount.components[0].log_mean == pytest.approx(5.0 + np.log(2.0))
    assert amount.max is None


def test_families_every_reset_plays_another_member():
    vec = make_vec(busy(), 1, randomize=FAMILY)
    vec.reset(seed=1)
    seen = set()
    for step in range(800):
        seen.add(int(vec.members[0]))
        vec.step(legal(vec.masks, step))
    assert seen == set(range(5))


def test_families_splits_share_no_member():
    drawn = [
        member.model_dump_json()
        for split in ("train", "validation", "test")
        for member in Randomize(num_members=20, split=split).members(busy())
    ]
    assert len(set(drawn)) == 60


@pytest.mark.parametrize("scenario", LIBRARY)
def test_families_members_of_every_library_scenario_run(scenario):
    for member in Randomize(num_members=2, split="test").members(make_vec(scenario).config):
        simulation = Simulation(member, events=False)
        simulation.run(5)
        assert simulation.current_tick == min(5, simulation.num_ticks)


def test_families_prices_of_the_member_are_shown():
    vec = make_vec(busy(), 5, randomize=FAMILY)
    vec.reset(seed=0)
    at = vec.observation_layout.index("price_delay")
    assert len(set(vec.observations[:, 0, at].tolist())) == 5


def test_families_game_goes_on_from_its_snapshot_in_its_own_member():
    env = simcash_v0.parallel_env(busy(), randomize=FAMILY)
    env.reset(seed=3)
    other = simcash_v0.parallel_env(busy(), randomize=FAMILY)
    other.restore(env.snapshot())
    assert other._vec.members.tolist() == env._vec.members.tolist() == [3]
    assert other.digest() == env.digest()


@pytest.mark.parametrize(
    ("option", "value"), [("sizes", (0.0, 1.0)), ("rates", (2.0, 1.0)), ("num_members", 0), ("split", "exam")]
)
def test_family_that_is_none_is_refused(option, value):
    with pytest.raises(ConfigError, match=rf"randomize\.{option}"):
        Randomize(**{option: value})


class Growing(Randomize):
    """Members of different length: no family."""

    def draw(self, config, rng):
        longer = config.simulation.model_copy(update={"num_days": int(rng.integers(3, 9))})
        return config.model_copy(update={"simulation": longer})


def test_families_members_that_differ_in_more_than_numbers_are_refused():
    with pytest.raises(ConfigError, match="randomize: members differ in numbers only"):
        make_vec(busy(), randomize=Growing())
