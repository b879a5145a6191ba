"""What a training run is: one file a scenario in ``configs/training``."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from simcash_env.config.documents import read_document
from simcash_env.config.faults import RULE
from simcash_env.config.fields import Model, Number, Text, Truth, Whole
from simcash_env.config.report import broken_of, config_error, shown
from simcash_env.config.suggest import unknown_key
from simcash_env.envs.families import Randomize
from simcash_env.errors import ConfigError, Fault
from simcash_env.learning.expert import TeacherSettings

_CHECKOUT: Final = Path(__file__).resolve().parent.parent
_FOLDERS: Final = (_CHECKOUT / "configs" / "training", _CHECKOUT / "simcash_env" / "_configs" / "training")
"""Where the files are in a checkout, and in an installed wheel."""


class TrainingSettings(Model):
    """PPO over one batch of copies; every learning bank of every copy is a row, all rows share one policy."""

    scenario: Text = Field(description="an id of the library or a file")
    total_steps: Whole = Field(default=1_000_000, ge=1, description="decisions of banks, all rows together")
    num_envs: Whole = Field(default=512, ge=1, description="copies of the scenario")
    steps_per_rollout: Whole = Field(default=12, ge=1, description="ticks of every copy between two updates")
    num_minibatches: Whole = Field(default=4, ge=1)
    num_epochs: Whole = Field(default=4, ge=1)
    learning_rate: Number = Field(default=1e-3, gt=0, description="at the beginning")
    final_learning_rate: Number = Field(default=1e-5, ge=0, description="at the end")
    entropy: Number = Field(default=0.02, ge=0, description="weight of the entropy bonus at the beginning")
    final_entropy: Number = Field(default=0.0, ge=0, description="its weight at the end")
    entropy_until: Number = Field(default=0.8, gt=0, le=1, description="share of the training after which it is final")
    scarce_until: Number = Field(
        default=0.0, ge=0, lt=1, description="share of the training in which only small pool shares may be chosen"
    )
    scarce_levels: tuple[Whole, Whole] = Field(
        default=(1, 3), description="smallest and largest level (of 20) of the pool then"
    )
    pool_entropy: Number = Field(
        default=1.0, ge=0, description="how much more the entropy of the pool share counts than that of a release"
    )
    gamma: Number = Field(default=1.0, gt=0, le=1, description="1: a day's cost counts in full")
    gae_lambda: Number = Field(default=0.95, ge=0, le=1)
    clip_range: Number = Field(default=0.2, gt=0)
    value_weight: Number = Field(default=0.5, ge=0)
    max_grad_norm: Number = Field(default=0.5, gt=0)
    hidden: tuple[Whole, ...] = Field(default=(64, 64), min_length=1, description="widths of policy and value network")
    max_queue_slots: Whole = Field(default=8, ge=1, description="payments of Queue 1 that a bank sees and decides on")
    reward: Literal["individual", "system", "mixed"] = "individual"
    alpha: Number | None = Field(default=None, ge=0, le=1, description="of the mixed reward: 0 selfish, 1 social")
    bank_id: Truth = Field(default=True, description="tell the shared policy which bank it decides for")


class IppoSettings(TrainingSettings):
    """The same for the PPO of ``simcash_env/learning/ippo.py``, which knows every action, unequal policies and families."""

    action: Literal["queue", "budget", "threshold"] = "queue"
    learners: Literal["external", "all"] | tuple[Text, ...] = Field(
        default="external", description="banks that learn; the others follow their policies, an external one FIFO"
    )
    policies: Literal["shared", "own"] = Field(default="shared", description="one policy for all banks, or one a bank")
    network: Literal["slots", "flat"] = Field(
        default="slots", description="slots: every payment shown is judged by the same small network (queue action)"
    )
    critic: Literal["own", "shared", "central"] = Field(
        default="own", description="networks of its own, the actor's, or one that sees all learning banks at once"
    )
    activation: Literal["tanh", "relu"] = Field(default="tanh", description="of all hidden layers; relu is faster")
    max_queue_slots: Whole = Field(default=8, ge=0, description="payments of Queue 1 that a bank sees")
    largest_share: Number = Field(
        default=1.0, gt=0, le=1, description="of the pool; the 21 levels to choose from reach from 0 to it"
    )
    max_ticks: Whole | None = Field(default=None, ge=1, description="cut episodes after so many ticks")
    pool_head: Literal["level", "share"] = Field(
        default="share",
        description="level: a score for each; share: the scores are a normal curve around a learned one",
    )
    pool_start: Number = Field(default=0.5, ge=0, le=1, description="share of the largest share to begin around")
    teacher: TeacherSettings | None = Field(default=None, description="a scripted policy that is imitated first")
    imitate_steps: Whole = Field(default=0, ge=0, description="steps of imitation, out of the total")
    imitate_rate: Number = Field(default=1e-3, gt=0, description="learning rate of imitation")
    same_day: Whole = Field(
        default=1, ge=1, description="copies that play the same days: what they gain over one another is no luck"
    )
    trains: tuple[Text, ...] = Field(default=(), description="of the learning banks those that learn against opponents")
    opponents: tuple[Text, ...] = Field(default=(), description="checkpoints that play the other learning banks")
    past_share: Number = Field(
        default=0.0, ge=0, le=1, description="of the copies in which one bank learns and past selves play the others"
    )
    past_every: Whole = Field(default=10, ge=1, description="rollouts between two past selves that are kept")
    past_size: Whole = Field(default=8, ge=2, description="most past selves")
    randomize: dict[str, Any] | None = Field(default=None, description="arguments of Randomize: a family of scenarios")

    @field_validator("randomize")
    @classmethod
    def _is_a_family(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        known = [field.name for field in fields(Randomize)]
        rules = [f"{name}: {unknown_key(name, known)}" for name in value or {} if name not in known]
        if not rules and value is not None:
            try:
                Randomize(**value)
            except ConfigError as error:
                rules = [f"{fault.path.removeprefix('randomize.')}: {fault.rule}" for fault in error.faults]
        if rules:
            raise PydanticCustomError(RULE, "; ".join(rules))
        return value


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
    values = document.value
    if isinstance(values, dict) and values.keys() & SCENARIO_KEYS:
        values = {"scenario": str(path)}
    if not isinstance(values, dict):
        raise ConfigError([Fault(str(path), None, "training", shown(values), "must be a mapping of settings")])
    try:
        settings = ALGORITHMS[algorithm](**{**values, **changes})
    except ValidationError as error:
        broken = broken_of(error, {**values, **changes})
        given = config_error([fault for fault in broken if fault.place[:1] and fault.place[0] in changes], str(path))
        broken = [fault for fault in broken if not fault.place[:1] or fault.place[0] not in changes]
        raise ConfigError((*document.error([*document.broken, *broken]).faults, *given.faults)) from error
    if document.broken:
        raise document.error(document.broken)
    return settings
