"""``simcash new``: write a commented scenario that is a game."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from simcash_env.amounts import CENTS_PER_UNIT
from simcash_env.cli.choices import AsJson, complete_file
from simcash_env.cli.examples import examples
from simcash_env.cli.outputs import unusable_path
from simcash_env.cli.screen import note, notes
from simcash_env.config import load_scenario
from simcash_env.config.documents import parse_yaml
from simcash_env.config.scenario import MAX_BANKS
from simcash_env.errors import ConfigError, Fault
from simcash_env.files import write_atomically
from simcash_env.schema.limits import MAX_CENTS, MAX_TICKS, MAX_TICKS_PER_DAY

SUFFIXES: Final = frozenset({".yaml", ".yml"})
OVERDRAFT_BPS_PER_DAY, POOL_BPS_PER_DAY, DELAY_BPS_PER_DAY = 600, 500, 60
POOL_DELAY_BPS_PER_DAY: Final = 12_000
"""Where liquidity is committed before the day, waiting must cost more than liquidity, or no bank would commit any."""
PENALTY_BPS: Final = 900
PENALTY_TICKS: Final = 6
"""Ticks of delay that the penalty for a missed deadline costs, as a minimum."""
LEAST_TICKS: Final = 4
"""Of a day: with fewer there is nothing to wait for."""


@dataclass(frozen=True)
class Wanted:
    """What a new scenario is to look like.

    Attributes:
        banks: number of banks.
        ticks: of a day.
        days: of a run.
        payments: expected number that a bank sends in a day.
        mean_payment: in currency units.
        liquidity: ``credit`` or ``pool``.
        currency: label of amounts; empty for none.
    """

    banks: int = 4
    ticks: int = 24
    days: int = 1
    payments: float = 24.0
    mean_payment: str = "100.00"
    liquidity: str = "credit"
    currency: str = ""


QUESTIONS: Final = {
    "banks": "Number of banks",
    "ticks": "Ticks a day (decisions of a bank in a day)",
    "days": "Days of a run",
    "payments": "Payments that a bank sends in a day, on average",
    "mean_payment": "Mean payment in currency units",
    "liquidity": "Liquidity: credit (overdraft at a price) or pool (committed before the day)",
    "currency": "Currency, such as EUR (empty: none)",
}
DEFAULT: Final = Wanted()


@examples("simcash new my-scenario.yaml", "simcash new my.yaml --banks 10 --ticks 48 --liquidity pool --currency EUR")
def new(
    file: Annotated[
        Path, typer.Argument(help="Scenario file to write (.yaml).", autocompletion=complete_file, show_default=False)
    ],
    banks: Annotated[
        int | None, typer.Option(min=2, max=MAX_BANKS, help=f"Number of banks (default: {DEFAULT.banks}).")
    ] = None,
    ticks: Annotated[
        int | None,
        typer.Option(min=LEAST_TICKS, max=MAX_TICKS_PER_DAY, help=f"Ticks a day (default: {DEFAULT.ticks})."),
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=MAX_TICKS, help=f"Days of a run (default: {DEFAULT.days}).")
    ] = None,
    payments: Annotated[
        float | None,
        typer.Option(
            min=0.01, help=f"Payments that a bank sends in a day, on average (default: {DEFAULT.payments:g})."
        ),
    ] = None,
    mean_payment: Annotated[
        str | None, typer.Option(help=f"Mean payment in currency units (default: {DEFAULT.mean_payment}).")
    ] = None,
    liquidity: Annotated[
        str | None,
        typer.Option(
            help="Liquidity: credit (overdraft at a price) or pool (committed before the day) "
            f"(default: {DEFAULT.liquidity})."
        ),
    ] = None,
    currency: Annotated[str | None, typer.Option(help="Currency code, such as EUR (default: none).")] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a commented scenario in which it matters what banks decide; on a terminal, ask for what is not given.

    Questions are asked only if no option is given.
    """
    given = {
        "banks": banks, "ticks": ticks, "days": days, "payments": payments, "mean_payment": mean_payment,
        "liquidity": liquidity, "currency": currency,
    }  # fmt: skip
    _require_free(file, force=force)
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    is_asked = not chosen and not as_json and sys.stdin.isatty() and sys.stderr.isatty()
    wanted = asked() if is_asked else replace(DEFAULT, **chosen)
    text = scenario_text(wanted, file.stem)
    config = load_scenario(_parsed(text))
    write_atomically(file, text.encode())
    if as_json:
        typer.echo(json.dumps({"file": str(file), "name": config.name, "banks": len(config.banks)}))
        return
    typer.echo(str(file))
    note(f"next: simcash validate {file}   |   simcash run {file} --policy '*=deadline:urgency_threshold=3'")


def _require_free(file: Path, *, force: bool) -> None:
    rule = unusable_path(file)
    if file.suffix.lower() not in SUFFIXES:
        rule = f"must end in {' or '.join(sorted(SUFFIXES))}"
    elif not rule and file.exists() and not force:
        rule = "exists; --force replaces it"
    if rule:
        raise ConfigError([Fault(None, None, "FILE", repr(str(file)), rule)])


def _parsed(text: str) -> Any:
    """The scenario as a mapping; what users name is checked with it."""
    return parse_yaml(text, None).value


def asked() -> Wanted:
    """Ask the questions on the terminal; an empty answer takes the default."""
    answers = {}
    for field in fields(Wanted):
        default = getattr(DEFAULT, field.name)
        answers[field.name] = answer(QUESTIONS[field.name], default)
    return Wanted(**answers)


def answer(question: str, default: Any) -> Any:
    """Ask until the answer is of the default's type; on stderr, so that stdout has the file's name alone.

    Raises:
        Abort: the input ends.
    """
    while True:
        notes.print(f"{question} [{default}]: ", end="")
        line = sys.stdin.readline()
        if not line:
            raise typer.Abort
        try:
            return type(default)(line.strip()) if line.strip() else default
        except ValueError:
            notes.print(f"must be a number, got {line.strip()!r}")


def cents_of(text: str) -> int:
    """Parse an amount in currency units to cents.

    Raises:
        ConfigError: not a positive amount of whole cents.
    """
    try:
        cents = Decimal(text) * CENTS_PER_UNIT
        is_amount = cents == cents.to_integral_value() and 0 < cents <= MAX_CENTS
    except (InvalidOperation, ValueError):
        is_amount = False
    if not is_amount:
        rule = "must be a positive amount in currency units with at most two decimals, such as 250.00"
        raise ConfigError([Fault(None, None, "--mean-payment", repr(text), rule)])
    return int(cents)


def require_possible(wanted: Wanted) -> None:
    """Check what the configuration does not.

    Raises:
        ConfigError: lists all faults.
    """
    faults = []
    for name, least in (("banks", 2), ("ticks", LEAST_TICKS), ("days", 1)):
        if getattr(wanted, name) < least:
            faults.append(Fault(None, None, f"--{name}", str(getattr(wanted, name)), f"must be at least {least}"))
    if not wanted.payments > 0:
        faults.append(Fault(None, None, "--payments", str(wanted.payments), "must be above 0"))
    if wanted.liquidity not in {"credit", "pool"}:
        faults.append(Fault(None, None, "--liquidity", repr(wanted.liquidity), "must be credit or pool"))
    if faults:
        raise ConfigError(faults)


def scenario_text(wanted: Wanted, name: str) -> str:
    """Return the scenario as YAML with comments.

    Raises:
        ConfigError: what is wanted is not possible.
    """
    require_possible(wanted)
    mean = cents_of(wanted.mean_payment)
    daily, typical_net = round(mean * wanted.payments), round(mean * math.sqrt(wanted.payments * wanted.days))
    delay = POOL_DELAY_BPS_PER_DAY if wanted.liquidity == "pool" else DELAY_BPS_PER_DAY
    penalty = max(PENALTY_BPS, round(PENALTY_TICKS * delay / wanted.ticks))
    is_pool = wanted.liquidity == "pool"
    width = len(str(wanted.banks))
    days = "one day" if wanted.days == 1 else f"{wanted.days} days"
    first, last = max(wanted.ticks // 8, 1), max(wanted.ticks // 3, 2)
    question = (
        "how much of its pool does a bank commit before the day, and which payments does it hold until it is paid?"
        if is_pool
        else "should a bank pay at once on credit, or wait until it is paid?"
    )
    lines = [
        f"# Question: {question}",
        "#",
        "# Source: written by simcash new; every value may be changed. docs/scenarios.md lists all keys.",
        "#",
        *(POOL_TRADE_OFF if is_pool else CREDIT_TRADE_OFF),
        "format: 1",
        f"name: {json.dumps(name)}",
        f"description: {wanted.banks} banks, {days} of {wanted.ticks} ticks, liquidity from {wanted.liquidity}.",
        *([f"currency: {json.dumps(wanted.currency)}"] if wanted.currency else []),
        "rules: standard",
        "simulation:",
        f"  ticks_per_day: {wanted.ticks}  # a bank decides once a tick",
        f"  num_days: {wanted.days}",
        "  seed: 1  # simcash run --seed plays other days",
        "banks:  # amounts are whole cents",
    ]
    for number in range(1, wanted.banks + 1):
        lines += [
            f"  - id: BANK_{number:0{width}d}",
            *(_pool_lines(daily + 4 * typical_net) if is_pool else _credit_lines(typical_net)),
            "    policy: {type: external}  # decided by a learner, by --policy or by a person",
            "    arrivals:",
            f"      rate_per_tick: {wanted.payments / wanted.ticks:.6g}  # {wanted.payments:g} payments a day",
            f"      amount: {{type: lognormal, mean: {mean}, std_dev: {max(mean // 2, 1)}}}",
            f"      deadline_range: [{first}, {last}]  # ticks after arrival",
        ]
    lines += [
        "costs:",
        *(_pool_costs() if is_pool else _credit_costs()),
        f"  deadline_penalty: {{bps: {penalty}}}  # once, when a payment is not settled by its deadline",
        f"  eod_penalty: {{bps: {2 * penalty}}}  # for each payment that is unsettled at the end of a day",
        "lsm:",
        "  algorithms: [bilateral]  # payments of two banks in the central queue offset each other",
    ]
    return "\n".join(lines) + "\n"


CREDIT_TRADE_OFF: Final = (
    "# Trade-off: an overdraft costs ten times as much a day as waiting in the internal queue, so holding is cheaper",
    "# than borrowing if money arrives. A payment that misses its deadline costs more than a day of overdraft, and if",
    "# all banks wait, none is paid.",
)
POOL_TRADE_OFF: Final = (
    "# Trade-off: committed liquidity costs 5 % a day, used or not; a waiting payment costs more than twice as much a",
    "# day, and one that misses its deadline at least six ticks of that at once. Payments received can be passed on:",
    "# a bank needs less than it sends, but with too little, all banks wait for each other.",
)


def _credit_lines(typical_net: int) -> list[str]:
    """Balance and credit by what a bank typically sends more or less than it receives until the run ends."""
    return [
        f"    opening_balance: {typical_net // 2}",
        f"    credit_limit: {3 * typical_net}  # intraday credit, priced below",
    ]


def _pool_lines(cents: int) -> list[str]:
    return [f"    liquidity_pool: {cents}  # more than it needs; a bank commits a share of it"]


def _credit_costs() -> list[str]:
    return [
        f"  overdraft_bps_per_day: {OVERDRAFT_BPS_PER_DAY}  # on a negative balance",
        f"  delay_cost_per_day_per_cent: {DELAY_BPS_PER_DAY / 10_000:g}  # on payments in the internal queue",
    ]


def _pool_costs() -> list[str]:
    return [
        f"  liquidity_cost_per_day_bps: {POOL_BPS_PER_DAY}  # on the committed share of the pool",
        f"  delay_cost_per_day_per_cent: {POOL_DELAY_BPS_PER_DAY / 10_000:g}  # on payments in the internal queue",
    ]
