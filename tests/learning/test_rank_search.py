"""The search over constants of a rank action: same seed, same constants, resumed or not; and what a policy says."""

import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from simcash_env import make_vec
from simcash_env.agents.observation import AT
from simcash_env.config import FifoPolicy
from simcash_env.envs.learners import assign_learners
from simcash_env.errors import ConfigError, SnapshotError
from simcash_env.evaluation.evaluate import evaluate_agent, evaluate_policy
from simcash_env.evaluation.run_columns import record_agent
from simcash_env.evaluation.seeds import training_seeds
from simcash_env.files import shipped_folder
from simcash_env.learning.checkpoint import facts_path, find_checkpoint, read_facts
from simcash_env.learning.evaluate import evaluate_checkpoint, evaluate_learned
from simcash_env.learning.learner import learner_named
from simcash_env.learning.policies import open_checkpoint
from simcash_env.learning.rank_policy import RankParameters, RankPolicy, RankShape
from simcash_env.learning.rank_search import COVERS, LAST_DAYS, LAST_TRAINING, RankSearch, resume_path, save, train
from simcash_env.learning.settings import (
    MOST_SEARCH_DAYS,
    SLOPES_OF_RELEASES,
    SLOPES_OF_SAVING,
    SearchSettings,
    load_settings,
    planned_steps,
)
from simcash_env.registry import load
from simcash_env.schema.rank import RANK
from tests.worlds import busy
from training import cli_train

DAY = "castro-12period-v0"


def small(scenario=DAY, **search):
    """Settings of a search of a few generations on a few days."""
    own = {"generations": 3, "population": 4, "days": 8, **search}
    return load_settings(scenario).model_copy(update={"search": SearchSettings(**own)})


def load_small(changes):
    """The same of one generation, with changes."""
    return small(generations=1).model_copy(update=changes)


def test_rank_search_same_seed_gives_the_same_constants_and_another_seed_others():
    first, again, other = (train(small(), seed) for seed in (0, 0, 1))
    assert np.array_equal(first.policy.parameters, again.policy.parameters)
    assert first.facts == again.facts
    assert first.facts.curve != other.facts.curve


def test_rank_search_saves_what_loads_and_costs_the_same(tmp_path):
    path = tmp_path / "found.npy"
    trained = train(small(generations=1), 0, out=path)
    loaded = learner_named("cmaes").load(path)
    direct, agent = evaluate_learned(trained.policy, load(DAY), [1, 2, 3])
    again, _ = evaluate_learned(loaded, load(DAY), [1, 2, 3])
    assert (direct.cents == again.cents).all()
    assert (evaluate_checkpoint(path, [1, 2, 3]).evaluation.cents == direct.cents).all()
    assert len(agent.pool_shares()) == 2
    assert all(0.05 < share < 0.3 for share in agent.pool_shares())


def test_rank_search_with_a_risk_weight_minimises_mean_and_tail():
    plain, averse = RankSearch(small(), 0), RankSearch(small(risk_weight=2.0, risk_level=0.75), 0)
    cents = np.array([100.0, 100.0, 100.0, 500.0])
    assert plain.objective(cents) == 200.0
    assert averse.objective(cents) == 200.0 + 2.0 * 500.0
    seeds = averse.days_of(0)
    least = min(averse.objective(averse.costs(row, seeds)) for row in averse.starts().values())
    assert averse.objective(averse.costs(averse.start, seeds)) == least
    averse.step()
    assert averse.history[0].min() > plain.costs(plain.start, seeds).min()


def test_rank_search_resumed_ends_as_one_that_was_not_interrupted(tmp_path):
    path, whole = tmp_path / "half.npy", train(small(generations=4), 0)
    train(small(generations=4).model_copy(), 0, out=path, max_seconds=0.0)
    half = read_facts(path)
    assert len(half.curve) == 1
    resumed = train(small(generations=4), 0, out=path, resume=path)
    assert np.array_equal(resumed.policy.parameters, whole.policy.parameters)
    assert resumed.facts.curve == whole.facts.curve


def test_rank_search_resume_needs_its_files_and_settings(tmp_path):
    path = tmp_path / "found.npy"
    train(small(generations=1), 0, out=path)
    with pytest.raises(SnapshotError, match="trained by cmaes with seed 0; settings that differ: none"):
        train(small(generations=1), 1, resume=path)
    with pytest.raises(SnapshotError, match="settings that differ: search"):
        train(small(days=9), 0, resume=path)
    with resume_path(path).open("wb") as file:
        np.save(file, np.zeros((2, 4)))
    with pytest.raises(SnapshotError, match="written at another moment"):
        train(small(generations=1), 0, resume=path)
    resume_path(path).unlink()
    with pytest.raises(SnapshotError, match="needed to resume, and cannot be read"):
        train(small(generations=1), 0, resume=path)


def test_rank_search_is_never_worse_than_its_start_on_its_last_days():
    run = RankSearch(small(), 0)
    assert np.array_equal(run.best(), run.start), "nothing has been played"
    while run.goes_on(small()):
        run.step()
    best = run.best()
    candidates = [run.start, run.means[-1]]
    assert any(np.array_equal(best, one) for one in candidates) or len(run.means) > 1


def test_rank_search_starts_from_the_cheapest_script():
    run = RankSearch(small("lynx-day-v0", days=16), 0)
    costs = {name: run.costs(row, run.days_of(0)).mean() for name, row in run.starts().items()}
    assert run.start_name == min(costs, key=costs.get)
    assert set(run.starts()) == {
        "fifo 0", *(f"tree {place}" for place in range(1, 9)), "expert"
    }  # fmt: skip
    assert np.array_equal(run.start, run.starts()[run.start_name])


def test_rank_search_without_an_expert_tries_pool_shares():
    run = RankSearch(small("castro-2period-v0", days=1, generations=1), 0)
    assert {name.rpartition(" ")[2] for name in run.starts()} >= {"0.02", "0.5", "1"}


def test_rank_search_starts_from_the_constants_of_an_earlier_search(tmp_path):
    path, slope = tmp_path / "first.npy", "pool.by_queue1_count"
    earlier = train(small(generations=1, by_day=["balance_share"]), 0, out=path).policy
    run = RankSearch(small(generations=1, start=str(path), slopes=[slope]), 1)
    values = earlier.layout.named(earlier.parameters[0])
    assert run.start_name == str(path)
    assert run.layout.named(run.start) == values | {"credit_share.by_day": 0.0, slope: 0.0}
    own = RankSearch(small(start=str(path)).model_copy(update={"policies": "own"}), 1)
    assert (own.start.reshape(2, -1) == own.start[: len(own.start) // 2]).all()


def test_rank_search_refuses_a_start_that_it_cannot_express(tmp_path):
    path, slope = tmp_path / "first.npy", "pool.by_queue1_count"
    run = RankSearch(small(generations=1, slopes=[slope]).model_copy(update={"policies": "own"}), 0)
    run.step()
    run.start[-1] = 0.1
    save(run, run.policy(run.start), path, [])
    with pytest.raises(ConfigError, match=r"search\.start: has pool\.by_queue1_count, which this search lacks"):
        RankSearch(small(start=str(path)).model_copy(update={"policies": "own"}), 0)
    with pytest.raises(
        ConfigError, match=r"search\.start: has constants for each of 2 banks, this search has the same"
    ):
        RankSearch(small(start=str(path), slopes=[slope]), 0)


def test_rank_search_own_policies_have_constants_of_their_own(tmp_path):
    path = tmp_path / "own.npy"
    settings = small(generations=2).model_copy(update={"policies": "own"})
    trained = train(settings, 0, out=path)
    assert trained.policy.parameters.shape == (2, len(trained.policy.layout.names))
    assert np.array_equal(RankPolicy.load(path).parameters, trained.policy.parameters)
    if not np.array_equal(*trained.policy.parameters):
        actions = trained.policy.act(np.zeros((1, 2, 60), np.float32))
        assert not np.array_equal(actions[0, 0], actions[0, 1])


def test_rank_search_days_are_training_days_and_those_of_the_choice_are_kept_apart():
    run = RankSearch(small(), 3)
    assert run.days_of(0)[0] == 30_001
    assert run.days_of(2)[0] == 30_017
    assert max(run.days_of(10**6)) <= LAST_DAYS


@pytest.mark.parametrize(("days", "checks"), [(1, 16), (6_187, 16), (6_188, 15), (MOST_SEARCH_DAYS, 1)])
@pytest.mark.parametrize("seed", [0, 3])
def test_rank_search_days_of_the_choice_are_as_many_as_there_are(monkeypatch, days, checks, seed):
    run, played = RankSearch(small(), seed), []
    run.days, run.means = days, [run.start]
    monkeypatch.setattr(run, "costs", lambda _row, seeds: played.append(seeds) or np.zeros(1))
    run.best()
    assert len(played) == 3 * checks
    assert all(len(seeds) == days and min(seeds) > LAST_DAYS and max(seeds) <= LAST_TRAINING + 1 for seeds in played)


def test_rank_search_generation_of_more_days_than_there_are_to_choose_is_refused():
    with pytest.raises(ValidationError, match="less than or equal to 90000"):
        SearchSettings(days=MOST_SEARCH_DAYS + 1)


@pytest.mark.parametrize(("steps", "generations"), [(1, 1), (2 * 4 * 8 * 24, 2)])
def test_rank_search_takes_its_budget_from_the_steps(steps, generations):
    settings = small(generations=0).model_copy(update={"total_steps": steps})
    assert len(train(settings, 0).facts.curve) == generations
    assert planned_steps(settings, "cmaes") == steps
    assert planned_steps(small(), "cmaes") == 3 * 4 * 8 * 24
    assert planned_steps(small(), "ippo") == small().total_steps


def test_rank_search_expensive_days_are_those_on_which_the_start_costs_most():
    run = RankSearch(small(days=8, expensive_days=3, expensive_among=20), 1)
    days = run.strata.expensive + run.strata.others
    assert sorted(days) == list(training_seeds(20, 10_000))
    cents = dict(zip(days, costs_on(run, days), strict=True))
    assert list(run.strata.expensive) == sorted(cents, key=cents.get)[:-4:-1]
    assert run.days_of(0)[:3] == run.days_of(7)[:3] == run.strata.expensive


def costs_on(run, days):
    """Costs of the start on any number of days."""
    padded = np.resize(np.array(days), -(-len(days) // run.days) * run.days).reshape(-1, run.days)
    return np.concatenate([run.costs(run.start, tuple(part.tolist())) for part in padded])[: len(days)]


def test_rank_search_expensive_days_count_as_often_as_they_occur():
    run = RankSearch(small(days=8, expensive_days=3, expensive_among=20), 0)
    every = costs_on(run, run.strata.expensive + run.strata.others)
    assert every[:3].mean() > 1.5 * every.mean(), "the strata differ"
    generations = range(17)  # the 17 other days, five at a time: each is played five times
    found = [run.objective_of_generation(run.costs(run.start, run.days_of(one))) for one in generations]
    assert np.mean(found) == pytest.approx(every.mean())
    assert run.objective(every) == pytest.approx(every.mean())


@pytest.mark.parametrize(
    ("search", "rule"),
    [
        ({"days": 8, "expensive_days": 8, "expensive_among": 20}, "must be less than days, 8"),
        ({"days": 8, "expensive_days": 3, "expensive_among": 7}, "at most expensive_among"),
        ({"days": 8, "expensive_days": 3, "expensive_among": 9, "risk_weight": 1.0}, "risk_weight must be 0"),
    ],
)
def test_rank_search_expensive_days_without_others_are_refused(search, rule):
    with pytest.raises(ValidationError, match=rule):
        SearchSettings(**search)


def test_rank_search_begins_at_the_values_that_are_named_and_may_keep_its_start():
    given = {"slopes": ("balance_share.by_queue2_value",), "generations": 1}
    run = RankSearch(small(**given, start_values={"balance_share.by_queue2_value": -25.0, "submit_urgent": 0.06}), 0)
    begun, start = run.layout.named(run.origin), run.layout.named(run.start)
    assert {name for name in begun if begun[name] != start[name]} == {"balance_share.by_queue2_value", "submit_urgent"}
    assert run.layout.named(run.moved(np.zeros(run.is_searched.sum()))) == begun
    worse = RankSearch(small(**given, spread=1e-9, start_values={"pool": 0.9}), 0)
    worse.step()
    assert np.array_equal(worse.best(), worse.start)
    with pytest.raises(ConfigError, match=r"search.start_values: no parameter of this name.* got 'size'"):
        RankSearch(small(start_values={"size": 1.0}), 0)


def test_rank_search_leaves_parameters_that_are_not_searched_at_their_start():
    run = RankSearch(small(components=("pool", "weight_size")), 0)
    run.step()
    moved = np.array(run.layout.names)[run.means[0] != run.start]
    assert moved.tolist() == ["weight_size", "pool"]
    with pytest.raises(ConfigError, match=r"search\.components: no parameter of this name; there are weight_urgency"):
        RankSearch(small(components=("luck",)), 0)


def test_rank_search_reports_every_generation():
    seen = []
    train(small(generations=2), 0, report=lambda *row: seen.append(row))
    assert [row[0] for row in seen] == [4 * 8 * 24, 2 * 4 * 8 * 24]
    assert all(row[2] == -row[1] for row in seen)


def test_rank_search_command_trains_and_evaluates(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("simcash_env.cli.training.load_settings", lambda _, **more: load_small(more))
    trained = cli_train(DAY, algorithm="cmaes", quiet=True)
    path = tmp_path / "results" / "training" / f"{DAY}-cmaes-seed0.npy"
    assert read_facts(path).algorithm == "cmaes"
    assert trained.is_complete
    steps = cli_train(DAY, steps=1, algorithm="cmaes", quiet=True).facts.steps
    assert steps == 4 * 8 * 24


def test_rank_search_policy_is_recorded_as_it_is_evaluated(tmp_path):
    path = tmp_path / "found.npy"
    train(small(generations=1), 0, out=path)
    player = open_checkpoint(path)
    record = record_agent(player.config, player.agent, 5, max_queue_slots=player.max_queue_slots, action="rank")
    assert (record.costs == evaluate_checkpoint(path, [5]).evaluation.cents[0]).all()


# -- the policy ------------------------------------------------------------------------------------------------------


def policy_of(config, by_day=("balance_share",), slopes=(), **values):
    """A batch and a policy with these values."""
    vec = make_vec(assign_learners(config, "external"), 2, action="rank", autoreset="disabled", max_queue_slots=0)
    shape = RankShape.of(vec)
    settings = small(by_day=by_day, slopes=slopes)
    return vec, RankPolicy(settings, shape, RankParameters(shape, by_day, slopes).array(values))


def test_rank_policy_of_constants_is_the_encoded_action():
    vec, policy = policy_of(load("lynx-day-v0"), weight_size=0.5, balance_share=1.2, submit_closing=0.0)
    vec.reset(seed=1)
    expected = vec.action.encode(vec, {"weight_size": 0.5, "balance_share": 1.2, "submit_closing": 0.0})
    assert np.allclose(policy.act(vec.observations), expected)


def test_rank_policy_moves_with_the_day_and_stays_in_bounds():
    vec, policy = policy_of(load("lynx-day-v0"), balance_share=1.0, **{"balance_share.by_day": 4.0})
    vec.reset(seed=1)
    place, numbers = policy.layout.names.index("balance_share"), []
    for _ in range(vec.num_ticks):
        actions = policy.act(vec.observations)
        numbers.append(actions[0, 0, 8])
        vec.step(actions)
    assert place == 8
    assert numbers[0] == 0.0
    assert numbers[-1] == 1.0
    assert (np.diff(numbers) >= 0).all()


def test_rank_policy_pool_share_follows_what_waits_at_the_first_decision():
    vec, policy = policy_of(load(DAY), pool=0.1, **{"pool.by_arrivals": 1.5})
    vec.reset(seed=3)
    vec.step(policy.act(vec.observations))
    pools, waiting = vec.scenario.view.bank_pool_cents, np.zeros((2, 2))
    other = make_vec(load(DAY), 2, max_queue_slots=64, autoreset="disabled")
    other.reset(seed=3)
    view = other.queue1_view()
    waiting = (view["remaining"] * view["present"]).sum(axis=2)
    assert np.allclose(vec.columns().bank_pool_allocated_cents, pools * (0.1 + 1.5 * waiting / pools), atol=2)


def test_rank_policy_slopes_follow_entries_of_the_observation():
    slopes = ("pool.by_queue1_count", "weight_size.by_queue1_value")
    vec, policy = policy_of(load(DAY), slopes=slopes, pool=0.1, weight_size=0.2, **{slopes[0]: 0.3, slopes[1]: -0.5})
    _, plain = policy_of(load(DAY), pool=0.1, weight_size=0.2)
    vec.reset(seed=3)
    actions, constant = policy.act(vec.observations), plain.act(vec.observations)
    for head, name, slope in ((vec.head_index["pool"], "queue1_count", 0.6), (2, "queue1_value", -0.5)):
        moved = slope * vec.observations[:, :, getattr(AT, name)].astype(np.float64)
        assert moved.any()
        assert np.allclose(actions[:, :, head], constant[:, :, head] + moved)
        actions[:, :, head] = constant[:, :, head]
    assert (actions == constant).all()


def test_rank_policy_slopes_of_a_purpose_have_one_name():
    assert SearchSettings(slopes=["saving"]).slopes == SLOPES_OF_SAVING
    given = SearchSettings(slopes=["pool.by_queue1_count", "releases"]).slopes
    assert given == ("pool.by_queue1_count", *SLOPES_OF_RELEASES)
    assert len(set(SLOPES_OF_RELEASES)) == 28
    _, policy = policy_of(load(DAY), slopes=given, pool=0.1, **dict.fromkeys(given, 0.0))
    assert set(policy.layout.sloped) == {
        "pool", "balance_share", "credit_share", "unfunded_share", "submit_urgent", "submit_small",
    }  # fmt: skip


def test_rank_policy_slopes_over_the_day_are_added_whichever_way_they_are_said():
    vec, twice = policy_of(load(DAY), slopes=("balance_share.by_day_position",),
                           **{"balance_share.by_day": -0.2, "balance_share.by_day_position": -0.1})  # fmt: skip
    _, once = policy_of(load(DAY), **{"balance_share.by_day": -0.3})
    vec.reset(seed=3)
    for _ in range(3):
        vec.step(once.act(vec.observations))
    head = RANK.balance_share
    assert np.allclose(twice.act(vec.observations)[:, :, head], once.act(vec.observations)[:, :, head])
    assert (once.act(vec.observations)[:, :, head] < 0.0).all()


@pytest.mark.parametrize("name", ["pool", "pool.by_luck", "luck.by_balance", "pool.by_arrivals.by_balance"])
def test_rank_policy_slope_in_an_entry_needs_a_component_and_an_entry(name):
    with pytest.raises(ConfigError, match=r"search\.slopes: must be COMPONENT\.by_ENTRY, of weight_urgency.* got '"):
        policy_of(load(DAY), slopes=(name,))


def test_rank_policy_order_in_the_market_follows_what_the_bank_lacks():
    name, head = "money-market-v0", "market"
    vec, silent = policy_of(load(name))
    vec.reset(seed=3)
    assert (silent.act(vec.observations)[:, :, vec.head_index[head]] == 0.0).all()
    _, policy = policy_of(load(name), **{"market.lack": 0.4, "market.cover": 1.0, "market.rate": 0.5})
    view, columns = vec.scenario.view, vec.columns()
    credit, flow = view.bank_credit_limit_cents[vec.learners], view.bank_flow_scale_cents[vec.learners]
    sides = set()
    for _ in range(12):
        lack = columns.bank_queue1_cents - columns.bank_balance_cents - credit + 0.4 * flow
        numbers = policy.act(vec.observations)[:, :, vec.head_index[head]]
        assert (np.sign(numbers) == np.sign(lack)).all()
        assert (np.abs(numbers)[lack != 0] * 9 >= 4 - 1e-9).all(), "at the middle rate"
        used = columns.trader_credit_locked_cents + columns.trader_owed_cents
        offered = columns.bank_balance_cents + columns.trader_locked_cents
        room = np.where(lack > 0, view.trader_credit_line_cents[vec.learners] - used, offered)
        size = np.searchsorted([0.25, 0.5], np.abs(lack) / np.maximum(room, 1))
        assert np.allclose((np.abs(numbers) * 9)[room > 0], (4 + size)[room > 0])
        sides |= set(np.sign(lack).ravel())
        vec.step(policy.act(vec.observations))
        columns = vec.columns()
    assert sides >= {-1.0, 1.0}
    assert columns.trader_owed_cents.any(), "some banks have borrowed"


def test_rank_policy_order_in_the_market_is_the_same_whatever_slots_an_observation_has():
    config = load("money-market-v0", changes={"actions.sub_limit": True})
    vec, policy = policy_of(config, **{"market.lack": 0.4, "market.cover": 0.3, "market.rate": 0.5})
    wider = make_vec(assign_learners(config, "external"), 2, action="rank", autoreset="disabled", max_queue_slots=5)
    for batch in (vec, wider):
        batch.reset(seed=3)
    for _ in range(8):
        actions = policy.act(vec.observations)
        assert (policy.act(wider.observations) == actions).all()
        assert actions[:, :, vec.head_index["market"]].any()
        for batch in (vec, wider):
            batch.step(actions)


def test_rank_search_starts_with_and_without_orders_where_there_is_a_market():
    run = RankSearch(small("money-market-v0", generations=1), 0)
    cover, lack = (run.layout.names.index(name) for name in ("market.cover", "market.lack"))
    assert {float(start[cover]) for start in run.starts().values()} == set(COVERS)
    assert (
        {round(float(start[lack]), 3) for start in run.starts().values()} == {round(run.credit_share(), 3)} == {0.333}
    )


def test_rank_policy_without_splits_has_no_parameter_for_them():
    _, policy = policy_of(busy(scripted=0, max_split=1))
    assert "split_parts" not in policy.layout.names
    _, policy = policy_of(busy(scripted=0, max_split=3), split_parts=1.0)
    assert policy.layout.named(policy.parameters[0])["split_parts"] == 1.0


def test_rank_policy_slope_of_an_unknown_component_is_refused():
    with pytest.raises(ConfigError, match=r"search\.by_day: no component of this name; there are weight_urgency"):
        policy_of(busy(scripted=0), by_day=("luck",))


def test_rank_policy_that_does_not_fit_its_metadata_is_refused(tmp_path):
    path = tmp_path / "found.npy"
    train(small(generations=1), 0, out=path)
    values = json.loads(facts_path(path).read_text())
    facts_path(path).write_text(json.dumps(values | {"shape": values["shape"] | {"pool": None}}))
    with pytest.raises(SnapshotError, match=r"needs constants of shape \(1, 19\), holds \(1, 21\)"):
        RankPolicy.load(path)
    facts_path(path).write_text(json.dumps(values | {"shape": {"banks": 2}}))
    with pytest.raises(SnapshotError, match=r"does not hold the constants that found\.json describes"):
        RankPolicy.load(path)


def test_rank_policy_agent_reads_the_clock_of_the_observation():
    vec, policy = policy_of(load("lynx-day-v0"))
    observations = np.zeros((1, 4, AT.queue1_value + 1), np.float32)
    assert policy.act(observations).shape == (1, 4, vec.actions.shape[2])
    assert evaluate_agent(load("lynx-day-v0"), Acting(policy), [1], action="rank").totals()[0] > 0


class Acting:
    def __init__(self, policy):
        self._policy = policy

    def act(self, vec):
        return self._policy.act(vec.observations)


SHIPPED = sorted(path.stem.removesuffix("-seed0") for path in shipped_folder("trained").glob("*-seed0.npy"))


@pytest.mark.parametrize("name", SHIPPED)
def test_rank_search_policy_that_is_shipped_plays_and_costs_less_than_fifo(name):
    result = evaluate_checkpoint(find_checkpoint(Path(name)), range(1_000_000, 1_000_020))
    fifo = evaluate_policy(result.config, FifoPolicy(), range(1_000_000, 1_000_020))
    assert result.facts.algorithm == "cmaes"
    assert result.evaluation.totals().mean() < fifo.totals().mean()


def test_rank_search_policies_are_shipped():
    assert sum(name.endswith("-rank") for name in SHIPPED) == 17
    assert sum(name.endswith("-slopes") for name in SHIPPED) == len(SHIPPED) - 17 == 14
