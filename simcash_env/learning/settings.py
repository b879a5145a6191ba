"""What a training run is: one file a scenario in ``configs/training``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simcash_env.config.documents import read_document
from simcash_env.errors import ConfigError, Fault
from simcash_env.learning.expert import TeacherSettings

_CHECKOUT: Final = Path(__file__).resolve().parent.parent
_FOLDERS: Final = (_CHECKOUT / "configs" / "training", _CHECKOUT / "simcash_env" / "_configs" / "training")
"""Where the files are in a checkout, and in an installed wheel."""


class TrainingSettings(BaseModel):
    """PPO over one batch of copies; every learning bank of every copy is a row, all rows share one policy."""

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
        default=1.0, ge=0, description="how much more the entropy of the pool share counts than that of a release"
    )
    gamma: float = Field(default=1.0, gt=0, le=1, description="1: a day's cost counts in full")
    gae_lambda: float = Field(default=0.95, ge=0, le=1)
    clip_range: float = Field(default=0.2, gt=0)
    value_weight: float = Field(default=0.5, ge=0)
    max_grad_norm: float = Field(default=0.5, gt=0)
    hidden: tuple[int, ...] = Field(default=(64, 64), min_length=1, description="widths of policy and value network")
    max_queue_slots: int = Field(default=8, ge=1, description="payments of Queue 1 that a bank sees and decides on")
    reward: Literal["individual", "system", "mixed"] = "individual"
    alpha: float | None = Field(default=None, ge=0, le=1, description="of the mixed reward: 0 selfish, 1 social")
    bank_id: bool = Field(default=True, description="tell the shared policy which bank it decides for")


class IppoSettings(TrainingSettings):
    """The same for the PPO of ``simcash_env/learning/ippo.py``, which knows every action, unequal policies and families."""

    action: Literal["queue", "budget", "threshold"] = "queue"
    learners: Literal["external", "all"] | tuple[str, ...] = Field(
        default="external",
        description="banks that learn; the others follow their policies, an external one releases everything",
    )
    policies: Literal["shared", "own"] = Field(default="shared", description="one policy for all banks, or one a bank")
    network: Literal["slots", "flat"] = Field(
        default="slots", description="slots: every payment shown is judged by the same small network (queue action)"
    )
    critic: Literal["own", "shared", "central"] = Field(
        default="own", description="networks of its own, the actor's, or one that sees all learning banks at once"
    )
    activation: Literal["tanh", "relu"] = Field(default="tanh", description="of all hidden layers; relu is faster")
    max_queue_slots: int = Field(default=8, ge=0, description="payments of Queue 1 that a bank sees")
    largest_share: float = Field(
        default=1.0, gt=0, le=1, description="of the pool; the 21 levels to choose from reach from 0 to it"
    )
    max_ticks: int | None = Field(default=None, ge=1, description="cut episodes after so many ticks")
    pool_head: Literal["level", "share"] = Field(
        default="share",
        description="level: a score for each; share: the scores are a normal curve around a learned one",
    )
    pool_start: float = Field(default=0.5, ge=0, le=1, description="share of the largest share to begin around")
    teacher: TeacherSettings | None = Field(default=None, description="a scripted policy that is imitated first")
    imitate_steps: int = Field(default=0, ge=0, description="steps of imitation, out of the total")
    imitate_rate: float = Field(default=1e-3, gt=0, description="learning rate of imitation")
    same_day: int = Field(
        default=1, ge=1, description="copies that play the same days: what they gain over one another is no luck"
    )
    trains: tuple[str, ...] = Field(default=(), description="of the learning banks those that learn against opponents")
    opponents: tuple[str, ...] = Field(default=(), description="checkpoints that play the other learning banks")
    past_share: float = Field(
        default=0.0, ge=0, le=1, description="of the copies in which one bank learns and past selves play the others"
    )
    past_every: int = Field(default=10, ge=1, description="rollouts between two past selves that are kept")
    past_size: int = Field(default=8, ge=2, description="most past selves")
    randomize: dict[str, Any] | None = Field(default=None, description="arguments of Randomize: a family of scenarios")


SCENARIO_KEYS: Final = {"banks", "agents", "simulation"}
"""What a scenario has and settings have not."""

ALGORITHMS: Final[dict[str, type[TrainingSettings]]] = {"ppo": TrainingSettings, "ippo": IppoSettings}
"""``ppo``: MaskablePPO of sb3-contrib; ``ippo``: our own."""


def settings_path(scenario_id: str, algorithm: str = "ppo") -> Path:
    """The training file of a scenario of the library: those of ``ippo`` are in a folder of that name.

    Raises:
        ConfigError: there is none; it names those there are.
    """
    folders = [folder if algorithm == "ppo" else folder / algorithm for folder in _FOLDERS]
    for folder in folders:
        path = folder / f"{scenario_id}.yaml"
        if path.is_file():
            return path
    known = sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})
    rule = f"no training settings of this name; there are {', '.join(known)}"
    raise ConfigError([Fault(None, None, "training", repr(scenario_id), rule)])


def load_settings(scenario: str | Path, algorithm: str = "ppo", **changes: Any) -> Any:
    """Settings for a scenario of the library, or from a file that ends in .yaml; ``changes`` replace single values.

    A file that is a scenario itself is trained on with the settings that all fields have by default.

    Returns:
        ``TrainingSettings`` for ``ppo``, ``IppoSettings`` for ``ippo``.

    Raises:
        ConfigError: no such algorithm or settings, or values that break a rule; every fault is named.
    """
    if algorithm not in ALGORITHMS:
        rule = f"must be one of {', '.join(ALGORITHMS)}"
        raise ConfigError([Fault(None, None, "algorithm", repr(algorithm), rule)])
    path = Path(scenario) if str(scenario).endswith((".yaml", ".yml")) else settings_path(str(scenario), algorithm)
    document = read_document(path)
    if document.broken:
        raise document.error(document.broken)
    values = document.value
    if isinstance(values, dict) and values.keys() & SCENARIO_KEYS:
        values = {"scenario": str(path)}
    if not isinstance(values, dict):
        raise ConfigError([Fault(str(path), None, "training", repr(values), "must be a mapping of settings")])
    try:
        return ALGORITHMS[algorithm](**{**values, **changes})
    except ValidationError as error:
        faults = [
            Fault(str(path), None, ".".join(map(str, item["loc"])), repr(item["input"]), item["msg"])
            for item in error.errors()
        ]
        raise ConfigError(faults) from error
