"""A scripted policy that a learner may imitate first, with a pool share that follows what has arrived.

``python -m training.teacher SCENARIO`` searches one on training days and prints the lines for ``configs/training``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from baselines.evaluate import with_policy
from baselines.grid import Tuned, tune
from baselines.rollout import run_scripted
from baselines.scripted import agent_for
from baselines.seeds import training_seeds
from simcash_env.codes import POOL_LEVELS
from simcash_env.config import ScenarioConfig
from simcash_env.config.library import policy_path
from simcash_env.config.policies import PolicyConfig, TreePolicy
from simcash_env.envs.vector import SimCashVec, make_vec
from simcash_env.registry import load

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
POLICY: Final[TypeAdapter[Any]] = TypeAdapter(PolicyConfig)
FAMILIES: Final = ("fifo", "liquidity_reserve", "balance_first", "small_first")
DAYS, TUNING_DAYS = 1_000, 200
WEIGHTS: Final = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
SHIFTS: Final = tuple(step / 200 for step in range(-8, 9))


class TeacherSettings(BaseModel):
    """A policy and the share of the pool that each bank allocates with it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    policy: dict[str, Any] = Field(description="as in a scenario file")
    shares: tuple[float, ...] = Field(default=(), description="of the learning banks' pools; one for all, or one a bank")
    arrivals: float = Field(default=0.0, ge=0, description="what is added for each cent that waits at the first decision")
    noise: float = Field(default=1.5, ge=0, description="standard deviation of the levels that are shown, in levels")


class Teacher:
    """Plays it on a batch.

    Args:
        settings: of it.
        largest_share: of the pool that the batch's levels reach to.
    """

    def __init__(self, settings: TeacherSettings, largest_share: float) -> None:
        self._settings, self._largest = settings, largest_share
        policy = dict(settings.policy)
        if "file" in policy:  # a tree of the library
            policy["file"] = str(policy_path(Path(policy["file"]).stem))
        self._agent = agent_for(POLICY.validate_python(policy))

    def act(self, vec: SimCashVec, noise: F64) -> I64:
        """(N, L, H) actions; ``noise`` (N, L) is added to the levels, standard normal."""
        if "pool" in vec.head_index:
            levels = self.shares(vec) / self._largest * (POOL_LEVELS - 1) + self._settings.noise * noise
            self._agent.levels = np.rint(levels).clip(0, POOL_LEVELS - 1).astype(np.int64)  # type: ignore[assignment]
        actions: I64 = self._agent.act(vec)
        return actions

    def shares(self, vec: SimCashVec) -> F64:
        """(N, L) share of each bank's whole pool."""
        view = vec.queue1_view()
        pools = np.stack([variant.view.bank_pool_cents[vec.learners] for variant in vec.variants])[vec.members]
        waiting = (view["remaining"] * view["present"]).sum(axis=2) * self._largest / np.maximum(pools, 1)
        return np.asarray(self._settings.shares or 0.0) + self._settings.arrivals * waiting


def search(config: ScenarioConfig, tuned: Tuned, seeds: Sequence[int]) -> TeacherSettings:
    """The tuned policy with the best weight of what has arrived, on training days.

    Its shares move with the weight, so that their mean stays what was tuned, plus a shift that is searched too.
    """
    policy = tuned.policy.model_dump(mode="json", exclude_defaults=True) | {"type": tuned.policy.type}
    if isinstance(tuned.policy, TreePolicy):
        policy["file"] = Path(str(tuned.policy.file)).name
    if tuned.shares is None:
        return TeacherSettings(policy=policy)
    vec = make_vec(config, len(seeds))
    vec.reset(list(seeds))
    whole = TeacherSettings(policy=policy, arrivals=1.0)
    waiting = Teacher(whole, 1.0).shares(vec)
    places = [sorted(bank.id for bank in config.banks).index(bank) for bank in vec.bank_ids]
    base = np.tile(np.array(tuned.shares), (len(seeds), 1))
    played, best = with_policy(config, tuned.policy), (np.inf, 0.0, base[0, places])
    for weight in WEIGHTS:
        for shift in SHIFTS:
            fixed = base[0, places] + shift - weight * waiting.mean(axis=0)
            shares = base.copy()
            shares[:, places] = (fixed + weight * waiting).clip(0.0, 1.0)
            cents = float(run_scripted(played, seeds, shares).sum(axis=(1, 2)).mean())
            best = min(best, (cents, weight, fixed), key=lambda found: found[0])
    return TeacherSettings(policy=policy, arrivals=best[1], shares=tuple(round(float(share), 4) for share in best[2]))


def find(scenario: str) -> tuple[TeacherSettings, Tuned]:
    """The best of some families, tuned on training days, and the search above with it."""
    config = load(scenario)
    found = min(
        (tune(config, family, training_seeds(TUNING_DAYS)) for family in FAMILIES), key=lambda item: item.training_cents
    )
    return search(config, found, training_seeds(DAYS)), found


def main(arguments: Sequence[str] | None = None) -> None:
    """Search and print."""
    parser = argparse.ArgumentParser(prog="python -m training.teacher", description=__doc__)
    parser.add_argument("scenarios", nargs="+", help="ids or files")
    given: Any = parser.parse_args(arguments)
    for scenario in given.scenarios:
        teacher, tuned = find(scenario)
        print(f"# {scenario}: {tuned.describe()}: {tuned.training_cents:,.0f} cents of a training day")
        print(yaml.safe_dump({"teacher": teacher.model_dump(mode="json", exclude={"noise"})}, sort_keys=False))


if __name__ == "__main__":
    main()
