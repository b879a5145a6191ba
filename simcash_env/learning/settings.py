"""Settings of a training run: one file for each scenario, in ``configs/training``."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from simcash_env.config import ScenarioConfig
from simcash_env.config.documents import read_document
from simcash_env.config.faults import RULE
from simcash_env.config.fields import Model, Number, Text, Truth, Whole
from simcash_env.config.report import broken_of, config_error, shown
from simcash_env.config.suggest import unknown_key
from simcash_env.envs.families import Randomize
from simcash_env.errors import ConfigError, Fault
from simcash_env.files import shipped_folder
from simcash_env.learning.expert import AnyExpertSettings
from simcash_env.registry import load

MOST_SEARCH_DAYS: Final = 90_000
"""Of a generation; as many training days and some more choose between what was found and the start."""
_STATE: Final = ("queue1_gap", "available_liquidity", "queue1_due_now", "queue1_due_soon", "queue2_value")
_AMOUNTS: Final = ("balance_share", "credit_share")
_UNFUNDED: Final = ("unfunded_share", "submit_urgent", "submit_small")
RELEASES: Final = "releases"
"""Name in settings for the slopes of what decides how much a bank releases, and which payments it submits unfunded. The
shares of balance and credit have no slope in the time of day here: ``by_day`` gives them one."""
SLOPES_OF_RELEASES: Final = (
    *(f"{component}.by_{entry}" for component in _AMOUNTS for entry in _STATE),
    *(f"{component}.by_{entry}" for component in _UNFUNDED for entry in ("day_position", *_STATE)),
)
SAVING: Final = "saving"
"""Name in settings for the slopes with which a bank saves up for a payment that it could not fund: what it submits
unfunded, and how little it releases while that waits in Queue 2."""
SLOPES_OF_SAVING: Final = (
    *(f"balance_share.by_{entry}" for entry in ("queue1_due_now", "queue2_value")),
    *(f"submit_urgent.by_{entry}" for entry in ("run_position", "queue1_due_soon", "queue1_value")),
    *(
        f"{component}.by_{entry}"
        for component in ("submit_score", "weight_size")
        for entry in ("run_position", "queue1_value")
    ),
)
SLOPES_BY_NAME: Final = {RELEASES: SLOPES_OF_RELEASES, SAVING: SLOPES_OF_SAVING}


class SearchSettings(Model):
    """Settings of a search over the constants of a rank action (``--algorithm cmaes``)."""

    generations: Whole = Field(default=60, ge=0, description="generations; 0: as many as total_steps allows")
    population: Whole = Field(default=20, ge=4, description="candidates of a generation")
    days: Whole = Field(
        default=256, ge=1, le=MOST_SEARCH_DAYS, description="training days on which a generation is played"
    )
    spread: Number = Field(
        default=0.6, gt=0, description="width of the first generation, in steps of an eighth of a range"
    )
    components: tuple[Text, ...] = Field(
        default=(), description="parameters that are searched, the others stay as at the start; none named: all"
    )
    adapts_rate: Truth = Field(default=False, description="adapt the learning rate to the noise")
    by_day: tuple[Text, ...] = Field(
        default=("balance_share", "credit_share"), description="components that also move with the time of day"
    )
    slopes: tuple[Text, ...] = Field(
        default=(),
        description="slopes of components or of the pool share in entries of the observation: COMPONENT.by_ENTRY; "
        f"{RELEASES}: {len(SLOPES_OF_RELEASES)} slopes of how much is released and what is submitted unfunded; "
        f"{SAVING}: {len(SLOPES_OF_SAVING)} slopes with which a bank saves up for what it submitted unfunded",
    )
    start: Text | None = Field(
        default=None, description="a shipped policy or checkpoint of a search to start from, instead of scripts"
    )
    start_values: dict[Text, Number] = Field(
        default_factory=dict,
        description="values by name of parameters at which the search begins, other than the start's",
    )
    expensive_days: Whole = Field(
        default=0,
        ge=0,
        description="of the days of a generation: those on which the start costs most of `expensive_among` training "
        "days, in every generation; the others are drawn from the rest, and each kind counts as often as it occurs",
    )
    expensive_among: Whole = Field(
        default=0, ge=0, le=MOST_SEARCH_DAYS, description="training days of which the most expensive are taken"
    )
    risk_weight: Number = Field(
        default=0.0,
        ge=0,
        description="weight of the mean cost of the most expensive days, added to the mean of all days",
    )
    risk_level: Number = Field(
        default=0.95, gt=0, lt=1, description="share of the days that are not among the most expensive"
    )

    @field_validator("slopes")
    @classmethod
    def _with_slopes_by_name(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        named = (SLOPES_BY_NAME.get(name, (name,)) for name in value)
        return tuple(name for names in named for name in names)

    @model_validator(mode="after")
    def _has_other_days(self) -> Self:
        if self.expensive_days and not self.expensive_days < self.days <= self.expensive_among:
            rule = f"expensive_days must be less than days, {self.days}, which is at most expensive_among"
            raise PydanticCustomError(RULE, rule)
        if self.expensive_days and self.risk_weight:
            raise PydanticCustomError(RULE, "risk_weight must be 0 with expensive_days, which count less than others")
        return self


class TrainingSettings(Model):
    """Settings of independent PPO over one batch of copies: networks, schedule, curriculum, opponents."""

    scenario: Text = Field(description="an id of the library or a file")
    changes: dict[Text, Any] = Field(default_factory=dict, description="changed values of the scenario by dotted key")
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
        default=1.0, ge=0, description="weight of the entropy of the pool share relative to that of a release"
    )
    gamma: Number = Field(default=1.0, gt=0, le=1, description="discount factor of a tick; 1: no discounting")
    gae_lambda: Number = Field(default=0.95, ge=0, le=1)
    clip_range: Number = Field(default=0.2, gt=0)
    value_weight: Number = Field(default=0.5, ge=0, description="weight of the value loss")
    max_grad_norm: Number = Field(default=0.5, gt=0)
    hidden: tuple[Whole, ...] = Field(default=(64, 64), min_length=1, description="widths of policy and value network")
    max_queue_slots: Whole = Field(default=8, ge=0, description="payments of Queue 1 that a bank sees and decides on")
    reward: Literal["individual", "system", "mixed"] = "individual"
    alpha: Number | None = Field(
        default=None, ge=0, le=1, description="weight of the system in the mixed reward: 0 selfish, 1 social"
    )
    bank_id: Truth = Field(default=True, description="add a one-hot of the bank to the rows of a shared policy")
    action: Literal["queue", "budget", "threshold", "rank"] = "queue"
    learners: Literal["external", "all"] | tuple[Text, ...] = Field(
        default="external",
        description="banks that learn; the others follow their policies, an external one releases everything",
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
    largest_share: Number = Field(
        default=1.0, gt=0, le=1, description="share of the pool that the highest of the 21 levels allocates"
    )
    max_ticks: Whole | None = Field(default=None, ge=1, description="truncate episodes after this number of ticks")
    pool_head: Literal["level", "share"] = Field(
        default="share",
        description="level: a logit for each level; share: the logits are a normal curve around a learned mean",
    )
    pool_start: Number = Field(
        default=0.5, ge=0, le=1, description="mean of the untrained curve, as a share of the highest level"
    )
    expert: AnyExpertSettings | None = Field(
        default=None,
        validation_alias=AliasChoices("expert", "teacher"),  # files of version 0.1.0 say teacher
        description="a scripted expert that is imitated first (behaviour cloning), or {type: rollout, base: ...}",
    )
    imitate_steps: Whole = Field(default=0, ge=0, description="steps of behaviour cloning, out of the total")
    imitate_rate: Number = Field(default=1e-3, gt=0, description="learning rate of behaviour cloning")
    fit_epochs: Whole = Field(
        default=20, ge=1, description="passes over all labels after each iteration of expert_iteration"
    )
    likeliest: Whole = Field(
        default=4, ge=0, description="sampled actions of the policy that expert_iteration adds to the candidates"
    )
    same_day: Whole = Field(
        default=1, ge=1, description="copies that play the same days; their mean is the baseline of advantages"
    )
    trains: tuple[Text, ...] = Field(default=(), description="learning banks that learn against opponents")
    opponents: tuple[Text, ...] = Field(default=(), description="checkpoints that play the other learning banks")
    past_share: Number = Field(
        default=0.0, ge=0, le=1, description="share of the copies in which one bank learns against past policies"
    )
    past_every: Whole = Field(default=10, ge=1, description="rollouts between two past policies that are kept")
    past_size: Whole = Field(default=8, ge=2, description="largest number of past policies")
    start: Text | None = Field(
        default=None,
        description="a search's checkpoint or the name of a shipped one; the policy adds to its actions (rank action)",
    )
    log_std: Number = Field(
        default=-0.5, description="logarithm of the standard deviation of an untrained continuous action"
    )
    search: SearchSettings = Field(default_factory=SearchSettings, description="of --algorithm cmaes")
    randomize: dict[str, Any] | None = Field(default=None, description="arguments of Randomize: a family of scenarios")

    def config(self) -> ScenarioConfig:
        """The scenario with its changes.

        Raises:
            ConfigError: it cannot be run.
        """
        return load(self.scenario, changes=self.changes)

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

    @model_validator(mode="after")
    def _days_fill_the_batch(self) -> Self:
        if self.num_envs % self.same_day:
            raise PydanticCustomError(RULE, f"num_envs must be a multiple of same_day, {self.same_day}")
        return self

    @model_validator(mode="after")
    def _starts_with_a_rank_action(self) -> Self:
        if self.start is not None and self.action != "rank":
            raise PydanticCustomError(RULE, f"start needs action: rank, not {self.action}")
        return self


SCENARIO_KEYS: Final = {"banks", "agents", "simulation"}
"""Keys that only a scenario file has."""

ALGORITHM: Final = "ippo"
"""Name of the learner in checkpoints and in ``--algorithm``: independent PPO."""
SEARCH: Final = "cmaes"
"""Name of the search over constants of a rank action."""
EXPERT_ITERATION: Final = "expert_iteration"
"""Name of expert iteration, whose policies are those of independent PPO."""
ALGORITHMS: Final = (ALGORITHM, EXPERT_ITERATION, SEARCH)
"""Names of all learners."""


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
    values = document.value
    if isinstance(values, dict) and values.keys() & SCENARIO_KEYS:
        values = {"scenario": str(path)}
    if not isinstance(values, dict):
        raise ConfigError([Fault(str(path), None, "training", shown(values), "must be a mapping of settings")])
    try:
        settings = TrainingSettings(**{**values, **changes})
    except ValidationError as error:
        broken = broken_of(error, {**values, **changes})
        given = config_error([fault for fault in broken if fault.place[:1] and fault.place[0] in changes], str(path))
        broken = [fault for fault in broken if not fault.place[:1] or fault.place[0] not in changes]
        raise ConfigError((*document.error([*document.broken, *broken]).faults, *given.faults)) from error
    if document.broken:
        raise document.error(document.broken)
    return settings


def num_learners(settings: TrainingSettings) -> int:
    """Return the number of learning banks."""
    config, learners = settings.config(), settings.learners
    if learners == "external":
        return sum(bank.policy.type == "external" for bank in config.banks)
    return len(config.banks) if learners == "all" else len(learners)


def planned_steps(settings: TrainingSettings, algorithm: str) -> int:
    """Return the decisions of banks that a training takes at most."""
    search = settings.search
    if algorithm != SEARCH or search.generations == 0:
        return settings.total_steps
    clock = settings.config().simulation
    ticks = min(clock.num_ticks, settings.max_ticks or clock.num_ticks)
    return search.generations * search.population * search.days * ticks * num_learners(settings)


def require_a_rollout(settings: TrainingSettings, steps: int | None, option: str = "--steps") -> None:
    """Reject a total below one rollout: training collects whole rollouts and would run more steps than requested.

    Raises:
        ConfigError: too few steps.
    """
    if steps is None:
        return
    banks = num_learners(settings)
    rollout = settings.num_envs * banks * settings.steps_per_rollout
    if steps < rollout:
        parts = f"{settings.num_envs} copies x {banks} banks x {settings.steps_per_rollout} ticks"
        rule = f"must be at least one rollout, {rollout} decisions ({parts})"
        raise ConfigError([Fault(None, None, option, str(steps), rule)])
