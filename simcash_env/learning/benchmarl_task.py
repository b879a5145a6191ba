"""A BenchMARL task, for BenchMARL's algorithms with ``Discrete`` actions: MAPPO, IPPO, QMIX, VDN, IQL and others.

``benchmarl`` has no support for ``MultiDiscrete``, so the default action is ``"budget"``. Needs benchmarl
(``constraints/benchmarl.txt``)::

    task = SimCashTask.CASTRO12.get_task()
    Experiment(task=task, algorithm_config=MappoConfig.get_from_yaml(), ...)
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final

from benchmarl.environments.common import Task, TaskClass
from pettingzoo import ParallelEnv
from torchrl.data import Composite
from torchrl.envs import EnvBase
from torchrl.envs.libs.pettingzoo import PettingZooWrapper

from simcash_env import simcash_v0
from simcash_env.envs.torchrl import GROUP, SimCashTorchRL
from simcash_env.envs.vector import SimCashVec, make_vec
from simcash_env.evaluation.seeds import FIRST_TRAINING_SEED, SEEDS_PER_RUN


class SimCashClass(TaskClass):
    """A scenario as a task; ``config`` has the options of ``simcash_v0.parallel_env``, such as ``scenario``."""

    def make_env(self) -> ParallelEnv[Any, Any, Any]:
        """Return one copy of the PettingZoo environment."""
        return simcash_v0.parallel_env(**{"action": "budget", **copy.deepcopy(self.config)})

    def get_env_fun(
        self,
        num_envs: int,
        continuous_actions: bool,  # noqa: FBT001 - BenchMARL's
        seed: int | None,
        device: Any,
    ) -> Callable[[], EnvBase]:
        """Return a function that creates one copy; BenchMARL makes several of it."""

        def make() -> EnvBase:
            env = self.make_env()
            groups = {GROUP: list(env.possible_agents)}
            return PettingZooWrapper(
                env, categorical_actions=True, group_map=groups, return_state=True, device=device, seed=seed
            )

        return make

    def supports_continuous_actions(self) -> bool:
        """Whether the action is a Box."""
        return self.config.get("action") in {"threshold", "rank"}

    def supports_discrete_actions(self) -> bool:
        """Whether the action is a Discrete."""
        return bool(self.config.get("action", "budget") == "budget")

    def max_steps(self, env: EnvBase) -> int:
        """Ticks of an episode."""
        return int(self.make_env().unwrapped.max_cycles)

    def has_render(self, env: EnvBase) -> bool:
        """Nothing is drawn."""
        return False

    def group_map(self, env: EnvBase) -> dict[str, list[str]]:
        """One group with all banks."""
        return {GROUP: list(env.group_map[GROUP])}

    def observation_spec(self, env: EnvBase) -> Composite:
        """Vectors of the banks."""
        return _only(env, "observation")

    def action_mask_spec(self, env: EnvBase) -> Composite | None:
        """Masks of the banks; None for continuous actions."""
        return (
            _only(env, "action_mask")
            if "action_mask" in set(env.full_observation_spec_unbatched[GROUP].keys())
            else None
        )

    def info_spec(self, env: EnvBase) -> Composite | None:
        """Costs and counts of the banks."""
        return _only(env, "info") if "info" in set(env.full_observation_spec_unbatched[GROUP].keys()) else None

    def state_spec(self, env: EnvBase) -> Composite | None:
        """The state for central critics: all observations."""
        return Composite({"state": env.full_observation_spec_unbatched["state"].clone()})

    def action_spec(self, env: EnvBase) -> Composite:
        """Actions of the banks."""
        return env.full_action_spec_unbatched

    @staticmethod
    def env_name() -> str:
        """Name of the family of tasks."""
        return "simcash"


class SimCashBatchClass(SimCashClass):
    """The same with one batch for all copies, which is much faster; ``config`` has the options of ``make_vec``."""

    def make_vec(self, num_envs: int) -> SimCashVec:
        """Return a batch of copies."""
        return make_vec(num_envs=num_envs, autoreset="disabled", **{"action": "budget", **copy.deepcopy(self.config)})

    def get_env_fun(
        self,
        num_envs: int,
        continuous_actions: bool,  # noqa: FBT001 - BenchMARL's
        seed: int | None,
        device: Any,
    ) -> Callable[[], EnvBase]:
        """Return a function that creates all copies; their days follow the training seed of ``seed``."""
        first = FIRST_TRAINING_SEED + (seed or 0) * SEEDS_PER_RUN

        def make() -> EnvBase:
            return SimCashTorchRL(self.make_vec(num_envs), seed=first, device=device)

        return make

    def max_steps(self, env: EnvBase) -> int:
        """Ticks of an episode."""
        ticks, cut = env.vec.num_ticks, self.config.get("max_ticks")
        return int(ticks if cut is None else min(ticks, cut))

    def info_spec(self, env: EnvBase) -> None:
        """None: a batch has no infos."""


def _only(env: EnvBase, key: str) -> Composite:
    """Return one entry of the group's observations."""
    spec = env.full_observation_spec_unbatched.clone()
    del spec["state"]
    for other in list(spec[GROUP].keys()):
        if other != key:
            del spec[GROUP][other]
    return spec


class SimCashTask(Task):
    """Scenarios as tasks; ``get_task(config={"scenario": ...})`` takes any other."""

    CASTRO2 = None
    CASTRO12 = None
    TEN_BANKS = None

    @staticmethod
    def associated_class() -> type[SimCashClass]:
        """The class of these tasks."""
        return SimCashClass

    def get_task(self, config: dict[str, Any] | None = None) -> SimCashClass:
        """Return the task with these options of ``simcash_v0.parallel_env``."""
        return SimCashClass(self.name, {"scenario": SCENARIOS[self.name]} if config is None else config)


SCENARIOS: Final = {"CASTRO2": "castro-2period-v0", "CASTRO12": "castro-12period-v0", "TEN_BANKS": "ten-banks-v0"}
"""Scenario of each task."""
