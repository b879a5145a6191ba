"""The scripted expert that a learner may imitate first, with a pool share that follows the value that has arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Discriminator, Field, Tag, TypeAdapter

from simcash_env.config import ScenarioConfig
from simcash_env.config.fields import Model, Number, Text, Whole
from simcash_env.config.library import policy_path
from simcash_env.config.policies import PolicyConfig
from simcash_env.envs.actions import Language
from simcash_env.envs.vector import SimCashVec, make_vec
from simcash_env.evaluation.evaluate import Evaluation, evaluate_agent
from simcash_env.evaluation.rollout_policy import RolloutSettings
from simcash_env.evaluation.scripted import ScriptedAgent, agent_for
from simcash_env.learning.pool_cap import with_largest_share
from simcash_env.schema.limits import POOL_LEVELS, TYPICAL_TICKS

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
POLICY: Final[TypeAdapter[Any]] = TypeAdapter(PolicyConfig)
WEIGHTS: Final = (0.0, 0.5, 1.0)
SHIFTS: Final = (-0.02, -0.01, 0.0, 0.01)
URGENT_TICKS: Final = 2


class UrgencyAgent(ScriptedAgent):
    """Base of scripts that treat payments near their deadline as urgent.

    Args:
        urgent_ticks: to the deadline.
    """

    def __init__(self, urgent_ticks: int) -> None:
        super().__init__()
        self.urgent_ticks = urgent_ticks


class UrgentFirst(UrgencyAgent):
    """Release what is funded: payments due in ``urgent_ticks`` by deadline, then the largest of the others."""

    def releases(self, view: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
        """One payment after another, each with what those before have left."""
        cents, ticks = view["remaining"], view["ticks_to_deadline"]
        is_urgent = ticks <= self.urgent_ticks
        far = int(cents.max(initial=0)) + 1
        keys = np.where(is_urgent, (ticks - self.urgent_ticks - 2) * far, 0) - cents
        order = np.where(view["present"].astype(bool), keys, far).argsort(axis=2, kind="stable")
        released = np.zeros(cents.shape, bool)
        left = view["available_liquidity"].astype(np.int64)
        for place in range(cents.shape[2]):
            at = order[:, :, place : place + 1]
            need = np.take_along_axis(cents, at, axis=2)[:, :, 0]
            goes = (need > 0) & (need <= left)
            left -= np.where(goes, need, 0)
            np.put_along_axis(released, at, goes[:, :, None], axis=2)
        return released


class BalanceThresholds(UrgencyAgent):
    """In the threshold action: release what the balance covers; where something is urgent, that alone, on credit."""

    def act(self, vec: SimCashVec) -> Any:
        """(N, L, H) numbers from -1 to 1."""
        view = vec.queue1_view()
        is_due = ((view["ticks_to_deadline"] <= self.urgent_ticks) & view["present"].astype(bool)).any(axis=2)
        covered = np.maximum(view["balance"], 0) / np.maximum(view["available_liquidity"], 1)
        ticks = self.urgent_ticks + 0.5
        shares = np.ones(vec.actions.shape)
        shares[..., 0] = np.where(is_due, ticks / (ticks + TYPICAL_TICKS), 1.0)
        shares[..., 1] = np.where(is_due, 0.0, 1.0)
        shares[..., 3] = np.where(is_due, 1.0, covered.clip(0.0, 1.0))
        return 2.0 * shares - 1.0


def policy_of(policy: Mapping[str, Any]) -> PolicyConfig:
    """A policy of a scenario file; files of the library are found by name."""
    found = dict(policy)
    if "file" in found:
        found["file"] = str(policy_path(Path(found["file"]).stem))
    checked: PolicyConfig = POLICY.validate_python(found)
    return checked


def agent_of(policy: Mapping[str, Any]) -> ScriptedAgent:
    """``urgent_first``, ``balance_thresholds``, or any policy of a scenario file."""
    if policy["type"] in OURS:
        return OURS[policy["type"]](int(policy["urgent_ticks"]))
    return agent_for(policy_of(policy))


OURS: Final[dict[str, type[UrgencyAgent]]] = {"urgent_first": UrgentFirst, "balance_thresholds": BalanceThresholds}
"""Scripts that are no policy of a scenario file, all with ``urgent_ticks``."""


class ExpertSettings(Model):
    """A policy and the share of the pool that each bank allocates with it."""

    policy: dict[str, Any] = Field(
        description="as in a scenario file, or {type: urgent_first or balance_thresholds, urgent_ticks: N}"
    )
    shares: tuple[Number, ...] = Field(
        default=(), description="of the learning banks' pools; one for all, or one a bank"
    )
    arrivals: Number = Field(
        default=0.0, ge=0, description="what is added for each cent that waits at the first decision"
    )
    noise: Number = Field(default=1.5, ge=0, description="standard deviation of the levels that are shown, in levels")


class RolloutExpertSettings(Model):
    """A rollout policy as the expert: what it does on some training days is imitated."""

    type: Literal["rollout"]
    base: dict[str, Any] = Field(description="base policy, as in a scenario file or {type: NAME of a tree, ...}")
    shares: tuple[Number, ...] = Field(
        default=(), description="of the banks' whole pools that the base allocates, banks sorted by id; or one for all"
    )
    search: RolloutSettings = Field(default_factory=RolloutSettings, description="budget and search")
    days: Whole = Field(default=512, ge=1, description="training days of which the decisions are imitated")
    cache: Text = Field(
        default="results/labels", description="folder in which decisions are kept for trainings of the same days"
    )


def _kind_of_expert(value: Any) -> str:
    kind = value.get("type") if isinstance(value, Mapping) else getattr(value, "type", None)
    return "<rollout>" if kind == "rollout" else "<script>"


AnyExpertSettings = Annotated[
    Annotated[ExpertSettings, Tag("<script>")] | Annotated[RolloutExpertSettings, Tag("<rollout>")],
    Discriminator(_kind_of_expert),
]
"""A scripted expert, or a rollout policy (``type: rollout``)."""


class Expert:
    """A scripted expert on a batch, as a target of behaviour cloning.

    Args:
        settings: of it.
        largest_share: of the pool that the batch's levels reach to.
    """

    def __init__(self, settings: ExpertSettings, largest_share: float) -> None:
        self._settings, self._largest = settings, largest_share
        self._agent = agent_of(settings.policy)

    def act(self, vec: SimCashVec, noise: F64) -> Any:
        """(N, L, H) heads or numbers; ``noise`` (N, L) is added to the levels, standard normal."""
        if "pool" in vec.head_index:
            levels = self.shares(vec) / self._largest * (POOL_LEVELS - 1) + self._settings.noise * noise
            self._agent.levels = np.rint(levels).clip(0, POOL_LEVELS - 1).astype(np.int64)  # type: ignore[assignment]
        return self._agent.act(vec)

    def shares(self, vec: SimCashVec) -> F64:
        """(N, L) share of each bank's whole pool."""
        view = vec.queue1_view()
        pools = np.stack([variant.view.bank_pool_cents[vec.learners] for variant in vec.variants])[vec.members]
        waiting = (view["remaining"] * view["present"]).sum(axis=2) * self._largest / np.maximum(pools, 1)
        shares: F64 = np.asarray(self._settings.shares or 0.0) + self._settings.arrivals * waiting
        return shares


class NoiselessExpert:
    """The expert as an agent, without exploration noise."""

    def __init__(self, settings: ExpertSettings, largest_share: float) -> None:
        self._expert = Expert(settings, largest_share)

    def act(self, vec: SimCashVec) -> Any:
        """Decide for all learning banks of all copies."""
        return self._expert.act(vec, np.zeros((vec.num_envs, vec.num_banks)))


def cost(
    config: ScenarioConfig, settings: ExpertSettings, largest_share: float, seeds: Sequence[int],
    action: Language = "queue",
) -> Evaluation:  # fmt: skip
    """Cost of the expert when all learners follow it, with its shares on the learners' grid."""
    agent = NoiselessExpert(settings, largest_share)
    return evaluate_agent(with_largest_share(config, largest_share), agent, seeds, action=action)


def search_expert(
    config: ScenarioConfig, shares: Sequence[float], largest_share: float, seeds: Sequence[int]
) -> tuple[ExpertSettings, float]:
    """``urgent_first`` with the best shift of tuned shares and weight of what has arrived, and its mean cents.

    Shares move with the weight, so that their mean stays what was tuned, plus the shift.
    """
    vec = make_vec(config, len(seeds))
    vec.reset(list(seeds))
    policy = {"type": "urgent_first", "urgent_ticks": URGENT_TICKS}
    mean = Expert(ExpertSettings(policy=policy, arrivals=1.0), 1.0).shares(vec).mean(axis=0)
    places = [sorted(bank.id for bank in config.banks).index(bank) for bank in vec.bank_ids]
    base = np.array(shares)[places]
    tried: list[tuple[ExpertSettings, float]] = []
    for weight in WEIGHTS:
        for shift in SHIFTS:
            fixed = tuple(round(float(share), 4) for share in base + shift - weight * mean)
            settings = ExpertSettings(policy=policy, arrivals=weight, shares=fixed)
            tried.append((settings, float(cost(config, settings, largest_share, seeds).totals().mean())))
    return min(tried, key=lambda one: one[1])
