"""The library of scenarios: found by id, each a game with a header, with the figures it is published for."""

import itertools
from pathlib import Path

import pytest

from simcash_env import files, registry
from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.errors import ConfigError
from tests.oracle import Decision, Oracle

IDS = registry.scenario_ids()
PACK = ("2b-3t-v0", "3b-6t-v0", "4b-8t-v0", "castro-12period-v0", "2b-stress-v0")


def with_fifo(scenario: ScenarioConfig, pool_share: float, seed: int) -> ScenarioConfig:
    """The scenario with every bank releasing at once, with one share of its pool."""
    rows = scenario.model_dump()
    rows["simulation"]["seed"] = seed
    for bank in rows["banks"]:
        bank |= {"policy": {"type": "fifo"}, "liquidity_allocation_fraction": pool_share}
    return load_scenario(rows)


def total_cost(scenario: ScenarioConfig) -> int:
    """What a run costs all banks together."""
    oracle = Oracle(scenario)
    for _ in range(oracle.num_ticks):
        oracle.tick()
    return sum(sum(bank["costs"].values()) for bank in oracle.snapshot()["banks"].values())


def test_library_holds_at_least_these() -> None:
    games = {"5b-12t-v0", "castro-2period-v0", "castro-3period-v0", "bis-box3-v0", "ten-banks-v0", "two-banks-v0"}
    days = {"lynx-day-v0", "target2-day-v0", "core-periphery-50-v0", "core-periphery-200-v0", "crisis-v0"}
    assert set(IDS) >= {*PACK, *games, *days}
    assert list(IDS) == sorted(IDS)


@pytest.mark.parametrize("scenario_id", IDS)
def test_library_scenario_is_named_as_its_file_and_says_what_it_asks(scenario_id: str) -> None:
    path = registry.scenario_path(scenario_id)
    scenario = registry.load(scenario_id)
    assert scenario.name == scenario_id == path.stem
    assert scenario.description
    assert scenario == registry.load(path) == registry.load(str(path)) == load_scenario(scenario_id)
    text = path.read_text("utf-8")
    assert text.startswith("# Question: ")
    assert "# Source: " in text
    assert "# Trade-off: " in text


def test_library_unknown_id_is_refused_with_the_nearest_one() -> None:
    for find in (registry.scenario_path, registry.load):
        with pytest.raises(ConfigError, match=r"got 'castro-2periods-v0'\. Did you mean castro-2period-v0\?"):
            find("castro-2periods-v0")


def test_library_installed_package_finds_its_own_copy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = registry.scenario_path("two-banks-v0").read_text("utf-8")
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "two-banks-v0.yaml").write_text(text, "utf-8")
    monkeypatch.setattr(files, "_CONFIGS", (tmp_path, Path("nowhere")))
    assert registry.scenario_ids() == ("two-banks-v0",)
    assert registry.load("two-banks-v0").name == "two-banks-v0"
    monkeypatch.setattr(files, "_CONFIGS", (tmp_path / "nowhere", tmp_path / "nor here"))
    assert registry.scenario_ids() == ()


@pytest.mark.parametrize(
    ("scenario_id", "half_the_pool", "best_share", "best", "mean_share", "mean"),
    [
        ("2b-3t-v0", 99_900, 0.06, 15_247, 0.06, 13_688),
        ("3b-6t-v0", 74_700, 0.06, 11_527, 0.08, 14_748),
        ("4b-8t-v0", 132_800, 0.08, 25_660, 0.10, 30_758),
        ("castro-12period-v0", 99_600, 0.08, 15_936, 0.15, 31_035),
        ("2b-stress-v0", 99_600, 0.08, 15_936, 0.15, 31_035),
    ],
)
def test_library_pack_gives_the_figures_measured_on_the_reference_engine(
    scenario_id: str, half_the_pool: int, best_share: float, best: int, mean_share: float, mean: int
) -> None:
    scenario = registry.load(scenario_id)
    assert total_cost(with_fifo(scenario, 0.5, 42)) == half_the_pool
    assert total_cost(with_fifo(scenario, best_share, 42)) == best
    costs = [total_cost(with_fifo(scenario, mean_share, seed)) for seed in (42, *range(1, 20))]
    assert abs(sum(costs) / len(costs) - mean) <= 0.5


Choice = tuple[int, int, int]
"""A bank's strategy: its level of liquidity, and the ticks in which it releases what arrived in ticks 0 and 1."""


def play(scenario: ScenarioConfig, choices: dict[str, Choice]) -> tuple[int, ...]:
    """What each bank pays when all banks keep to their strategies."""
    oracle = Oracle(scenario)
    for tick in range(oracle.num_ticks):
        oracle.open_tick()
        actions: dict[str, dict[str, Decision]] = {
            bank.id: {
                payment.id: "release" if tick >= choices[bank.id][1 + payment.arrival_tick] else "hold"
                for payment in bank.queue1
            }
            for bank in oracle.world.banks.values()
        }
        levels = {name: choice[0] for name, choice in choices.items()} if tick == 0 else None
        oracle.close_tick(actions, pool_levels=levels)
    return tuple(sum(bank["costs"].values()) for bank in oracle.snapshot()["banks"].values())


@pytest.mark.parametrize(
    ("scenario_id", "highest_level", "expected"),
    [
        pytest.param("castro-2period-v0", 20, {((0, 1), (4, 0, 1), (0, 2_000))}, marks=pytest.mark.slow),
        ("castro-3period-v0", 5, {((4, 0, 1), (4, 0, 1), (6_000, 6_000))}),
    ],
)
def test_library_known_equilibrium_is_the_only_one(scenario_id: str, highest_level: int, expected: set[object]) -> None:
    scenario = registry.load(scenario_id)
    never = scenario.simulation.num_ticks
    releases = [(first, second) for first in range(never + 1) for second in range(1, never + 1)]
    choices = [(level, *ticks) for level in range(highest_level + 1) for ticks in releases]
    costs = {
        (one, other): play(scenario, {"BANK_A": one, "BANK_B": other})
        for one, other in itertools.product(choices, choices)
    }
    best_of_a = {other: min(costs[one, other][0] for one in choices) for other in choices}
    best_of_b = {one: min(costs[one, other][1] for other in choices) for one in choices}
    equilibria = {
        (one, other, cost) for (one, other), cost in costs.items() if cost == (best_of_a[other], best_of_b[one])
    }
    if scenario_id == "castro-2period-v0":  # A owes nothing in tick 0: what it would do with it then is no choice
        assert {one[1] for one, _, _ in equilibria} == set(range(never + 1))
        assert {((one[0], one[2]), other, cost) for one, other, cost in equilibria} == expected
    else:
        assert equilibria == expected
