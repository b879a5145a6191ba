"""Rollout policies on the command line: ``--policy rollout:BASE`` and the settings of their search."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from pydantic import ValidationError
from rich.table import Table

from simcash_env.amounts import amount_text
from simcash_env.cli.choices import chosen_changes, policy_fields
from simcash_env.cli.screen import data
from simcash_env.config.overrides import Changes
from simcash_env.config.report import broken_of, config_error
from simcash_env.errors import ConfigError, Fault
from simcash_env.registry import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simcash_env.config import ScenarioConfig
    from simcash_env.evaluation.contenders import Contender
    from simcash_env.evaluation.evaluate import Evaluation
    from simcash_env.evaluation.rollout_policy import RolloutBase, RolloutSettings

PREFIX: Final = "rollout:"
TUNED: Final = "tuned"

RolloutPolicy = Annotated[
    str | None,
    typer.Option(
        "--policy",
        metavar="rollout:BASE",
        help="Rollout policy to play; BASE is NAME, NAME:parameter=value,..., tuned or tuned:NAME.",
        show_default=False,
    ),
]
RolloutPolicies = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="rollout:BASE",
        help="Rollout policy to add; BASE is NAME, NAME:parameter=value,..., tuned or tuned:NAME (may be repeated).",
        show_default=False,
    ),
]
RolloutSets = Annotated[
    list[str] | None,
    typer.Option(
        "--rollout",
        metavar="KEY=VALUE",
        help="Setting of rollout policies, such as samples=64, horizon_ticks=12, milliseconds_per_decision=5 or "
        "banks=jointly (may be repeated).",
        show_default=False,
    ),
]


def chosen_settings(sets: list[str] | None) -> RolloutSettings:
    """Parse the values of ``--rollout``.

    Raises:
        ConfigError: unknown keys, or values that break a rule; lists all faults.
    """
    from simcash_env.evaluation.rollout_policy import RolloutSettings

    try:
        values = chosen_changes(sets)
    except ConfigError as error:
        faults = [
            Fault(None, None, fault.path.replace("--set", "--rollout", 1), fault.value, fault.rule)
            for fault in error.faults
        ]
        raise ConfigError(faults) from error
    try:
        return RolloutSettings(**values)
    except ValidationError as error:
        found = config_error(broken_of(error, values), None)
        raise ConfigError(
            [Fault(None, None, f"--rollout {fault.path}".strip(), fault.value, fault.rule) for fault in found.faults]
        ) from error


class ChosenRollout:
    """A rollout policy by the text of ``--policy``; the base is tuned when it is first played on a scenario.

    Args:
        text: ``rollout:BASE``.
        settings: budget and search.
        tuning_seeds: training days on which ``tuned`` bases are searched.

    Attributes:
        settings: budget and search.

    Raises:
        ConfigError: the text is of another form, or the base is not a policy.
    """

    def __init__(self, text: str, settings: RolloutSettings, tuning_seeds: int) -> None:
        self._place, self.settings, self._tuning_seeds = f"--policy {text}", settings, tuning_seeds
        self._family: str | None = None
        self._fields: dict[str, Any] | None = None
        base = text.removeprefix(PREFIX)
        if not text.startswith(PREFIX) or not base:
            rule = "must be rollout:BASE, such as rollout:fifo, rollout:deadline:urgency_threshold=2 or rollout:tuned"
            raise ConfigError([Fault(None, None, self._place, None, rule)])
        name, _, rest = base.partition(":")
        if name == TUNED:
            self._family = rest
            self._require_family()
        else:
            self._fields = policy_fields(base)

    def _require_family(self) -> None:
        from simcash_env.evaluation.policy_families import ALL_FAMILIES

        rule = ""
        if self._family and self._family not in ALL_FAMILIES:
            rule = f"must be tuned, or tuned: and one of {', '.join(ALL_FAMILIES)}"
        elif not self._tuning_seeds:
            rule = "needs --tuning-seeds of at least 1"
        if rule:
            raise ConfigError([Fault(None, None, self._place, None, rule)])

    def base(self, config: ScenarioConfig) -> RolloutBase:
        """The base policy on a scenario.

        Raises:
            ConfigError: no such policy.
        """
        from simcash_env.evaluation.policy_families import ALL_FAMILIES
        from simcash_env.evaluation.rollout_policy import rollout_base, tuned_base
        from simcash_env.evaluation.seeds import training_seeds

        if self._fields is None:
            families = (self._family,) if self._family else ALL_FAMILIES
            return tuned_base(config, training_seeds(self._tuning_seeds), families)
        try:
            return rollout_base(config, self._fields)
        except ConfigError as error:
            raise ConfigError([Fault(None, None, self._place, None, fault.rule) for fault in error.faults]) from error

    def play(self, config: ScenarioConfig, seeds: Sequence[int]) -> Contender:
        """Play the policy on days of a scenario."""
        from simcash_env.evaluation.rollout_policy import play_rollout

        return play_rollout(config, self.base(config), seeds, self.settings)


def cli_rollout(
    scenario: str, chosen: ChosenRollout, seeds: int, *, as_json: bool = False, changes: Changes | None = None
) -> None:
    """Play a rollout policy on test seeds, next to its base, and print the costs."""
    from simcash_env.evaluation.evaluate import evaluate_policy, played_seeds
    from simcash_env.evaluation.rollout_policy import play_rollout
    from simcash_env.evaluation.seeds import held_out_seeds

    config = load(scenario, changes=changes)
    base, days = chosen.base(config), played_seeds(config, held_out_seeds(seeds))
    plain = evaluate_policy(config, base.policy, days, base.shares)
    played = play_rollout(config, base, days, chosen.settings)
    if as_json:
        typer.echo(json.dumps(rollout_as_dict(played, plain, chosen.settings), indent=1))
    else:
        data.print(rollout_table(played, plain))


def rollout_as_dict(played: Contender, base: Evaluation, settings: RolloutSettings) -> dict[str, Any]:
    """Return the result as plain data."""
    evaluation, interval, difference = played.evaluation, played.evaluation.total(), played.evaluation.minus(base)
    return {
        "scenario": evaluation.scenario,
        "policy": played.policy,
        "settings": settings.model_dump(mode="json"),
        "is_deterministic": settings.is_deterministic,
        "milliseconds_per_decision": evaluation.milliseconds_per_decision,
        "test_seeds": len(evaluation.seeds),
        "total_cost": {"mean": interval.mean, "low": interval.low, "high": interval.high},
        "base_cost": base.total().mean,
        "difference_to_base": {"mean": difference.mean, "low": difference.low, "high": difference.high},
        "by_kind": evaluation.by_kind(),
        "by_bank": evaluation.by_bank(),
    }


def rollout_table(played: Contender, base: Evaluation) -> Table:
    """Return a table with the cost by bank under the rollout policy and under its base, and the difference."""
    from simcash_env.evaluation.statistics import PLAYED_ONCE

    evaluation = played.evaluation
    count = len(evaluation.seeds)
    over = f"currency units a run, means over {count:,} test seeds; interval: 95 %, bootstrap"
    over = PLAYED_ONCE if count == 1 else over
    table = Table(
        title=f"{evaluation.scenario}: {played.policy}, {played.parameters}",
        caption=f"{over}; {evaluation.milliseconds_per_decision:.2g} ms a decision of a bank",
    )
    for name in ("bank", "cost", "base", "difference"):
        table.add_column(name, justify="left" if name == "bank" else "right")
    before = base.by_bank()
    for bank, cents in evaluation.by_bank().items():
        table.add_row(
            bank, amount_text(cents), amount_text(before[bank]), amount_text(cents - before[bank], signed=True)
        )
    table.add_section()
    table.add_row("all", evaluation.total().amount(), base.total().amount(), evaluation.minus(base).amount())
    return table
