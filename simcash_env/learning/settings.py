"""Settings of a training run: one file for each scenario, in ``configs/training``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator

from simcash_env.config.documents import read_document
from simcash_env.config.library import shipped_folder
from simcash_env.errors import ConfigError, Fault
from simcash_env.learning.expert import ExpertSettings


class TrainingSettings(BaseModel):
    """Settings of independent PPO over one batch of copies: networks, schedule, curriculum, opponents."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scenario: str = Field(description="an id of the library or a file")
    total_steps: int = Field(default=1_000_000, ge=1, description="decisions of banks, all rows together")
    num_envs: int = Field(default=512, ge=1, description="copies of the scenario")
    steps_per_rollout: int = Field(default=12, ge=1, description="ticks of every copy between two updates")
    num_minibatches: int = Field(default=4, ge=1)
    num_epochs: int = Field(default=4, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0, description="at the beginning")
    final_learning_rate: float = Field(default=1e-5, ge=0, description="at the end")
    entropy: float = Field(default=0.02, ge=0, description="weight of the entropy bonus at the beginning")
    final_entropy: float = Field(default=0.0, ge=0, description="its weight at the end")
    entropy_until: float = Field(default=0.8, gt=0, le=1, description="share of the training after which it is final")
    scarce_until: float = Field(
        default=0.0, ge=0, lt=1, description="share of the training in which only small pool shares may be chosen"
    )
    scarce_levels: tuple[int, int] = Field(
        default=(1, 3), description="smallest and largest level (of 20) of the pool then"
    )
    pool_entropy: float = Field(
        default=1.0, ge=0, description="weight of the entropy of the pool share relative to that of a release"
    )
    gamma: float = Field(default=1.0, gt=0, le=1, description="discount factor of a tick; 1: no discounting")
    gae_lambda: float = Field(default=0.95, ge=0, le=1)
    clip_range: float = Field(default=0.2, gt=0)
    value_weight: float = Field(default=0.5, ge=0, description="weight of the value loss")
    max_grad_norm: float = Field(default=0.5, gt=0)
    hidden: tuple[int, ...] = Field(default=(64, 64), min_length=1, description="widths of policy and value network")
    max_queue_slots: int = Field(default=8, ge=0, description="payments of Queue 1 that a bank sees and decides on")
    reward: Literal["individual", "system", "mixed"] = "individual"
    alpha: float | None = Field(
        default=None, ge=0, le=1, description="weight of the system in the mixed reward: 0 selfish, 1 social"
    )
    bank_id: bool = Field(default=True, description="add a one-hot of the bank to the rows of a shared policy")
    action: Literal["queue", "budget", "threshold"] = "queue"
    learners: Literal["external", "all"] | tuple[str, ...] = Field(
        default="external", description="banks that learn; the others follow their policies, an external one FIFO"
    )
    policies: Literal["shared", "own"] = Field(default="shared", description="one policy for all banks, or one a bank")
    network: Literal["slots", "flat"] = Field(
        default="slots", description="slots: the same small network scores every payment shown (queue action)"
    )
    critic: Literal["own", "shared", "central"] = Field(
        default="own",
        description="own networks, the actor's hidden layers, or one critic that sees all learning banks at once",
    )
    activation: Literal["tanh", "relu"] = Field(default="tanh", description="of all hidden layers; relu is faster")
    largest_share: float = Field(
        default=1.0, gt=0, le=1, description="share of the pool that the highest of the 21 levels allocates"
    )
    max_ticks: int | None = Field(default=None, ge=1, description="truncate episodes after this number of ticks")
    pool_head: Literal["level", "share"] = Field(
        default="share",
        description="level: a logit for each level; share: the logits are a normal curve around a learned mean",
    )
    pool_start: float = Field(
        default=0.5, ge=0, le=1, description="mean of the untrained curve, as a share of the highest level"
    )
    expert: ExpertSettings | None = Field(
        default=None,
        validation_alias=AliasChoices("expert", "teacher"),  # files of version 0.1.0 say teacher
        description="a scripted expert that is imitated first (behaviour cloning)",
    )
    imitate_steps: int = Field(default=0, ge=0, description="steps of behaviour cloning, out of the total")
    imitate_rate: float = Field(default=1e-3, gt=0, description="learning rate of behaviour cloning")
    same_day: int = Field(
        default=1, ge=1, description="copies that play the same days; their mean is the baseline of advantages"
    )
    trains: tuple[str, ...] = Field(default=(), description="learning banks that learn against opponents")
    opponents: tuple[str, ...] = Field(default=(), description="checkpoints that play the other learning banks")
    past_share: float = Field(
        default=0.0, ge=0, le=1, description="share of the copies in which one bank learns against past policies"
    )
    past_every: int = Field(default=10, ge=1, description="rollouts between two past policies that are kept")
    past_size: int = Field(default=8, ge=2, description="largest number of past policies")
    randomize: dict[str, Any] | None = Field(default=None, description="arguments of Randomize: a family of scenarios")

    @model_validator(mode="after")
    def _days_fill_the_batch(self) -> Self:
        if self.num_envs % self.same_day:
            message = f"num_envs must be a multiple of same_day, {self.same_day}"
            raise ValueError(message)
        return self


SCENARIO_KEYS: Final = {"banks", "agents", "simulation"}
"""Keys that only a scenario file has."""

ALGORITHM: Final = "ippo"
"""Name of the learner in checkpoints and in ``--algorithm``: independent PPO."""


def settings_path(scenario_id: str) -> Path:
    """The file of settings for a scenario of the library, in ``configs/training``.

    Raises:
        ConfigError: no such file; the message names the scenarios that have one.
    """
    folder = shipped_folder("training")
    path = folder / f"{scenario_id}.yaml"
    if path.is_file():
        return path
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    rule = f"no training settings of this name; there are {', '.join(known)}"
    raise ConfigError([Fault(None, None, "training", repr(scenario_id), rule)])


def load_settings(scenario: str | Path, **changes: Any) -> TrainingSettings:
    """Settings for a scenario of the library, or from a file that ends in .yaml; ``changes`` replace single values.

    A file that is a scenario itself is trained on with the default settings.

    Raises:
        ConfigError: no such settings, or values that break a rule; the message lists every fault.
    """
    path = Path(scenario) if str(scenario).endswith((".yaml", ".yml")) else settings_path(str(scenario))
    document = read_document(path)
    if document.broken:
        raise document.error(document.broken)
    values = document.value
    if isinstance(values, dict) and values.keys() & SCENARIO_KEYS:
        values = {"scenario": str(path)}
    if not isinstance(values, dict):
        raise ConfigError([Fault(str(path), None, "training", repr(values), "must be a mapping of settings")])
    try:
        return TrainingSettings(**{**values, **changes})
    except ValidationError as error:
        faults = [
            Fault(str(path), None, ".".join(map(str, item["loc"])), repr(item["input"]), item["msg"])
            for item in error.errors()
        ]
        raise ConfigError(faults) from error
