"""The core-periphery scenarios, written by a program: ``python -m tools.core_periphery [--check] [FOLDER]``.

A file of 200 banks is not written by hand. Sizes and links follow from the number of banks alone, without a random
draw, so that the same file comes out everywhere; a test compares the library's files with this output.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tools.library_files import write_or_check

LARGEST_RATE: Final = 6.0
SIZE_EXPONENT: Final = 0.5
"""The bank of rank r has the size r ** -0.5; with the links that makes a heavy tail of value sent."""

MEAN_CENTS: Final = 100_000
DEVIATION_CENTS: Final = 200_000
LINKS_OF_PERIPHERY: Final = 3
FLOOR_CENTS: Final = 300_000
"""Funds of every bank in addition to its share of a day: a small bank must be able to make one large payment."""
TICKS: Final = 48

HEADER: Final = """\
# Question: does a policy learned by a few banks work in a network of {banks}, where most banks pay only through a
# core?
#
# Written by `python -m tools.core_periphery`; edit that program, not this file.
#
# Source: the shape, not the size, of Soramaki, Bech, Arnold, Glass and Beyeler, "The topology of interbank payment
# flows", Physica A 379 (2007): in Fedwire a few closely connected banks send most of the value, most banks have few
# links, and values are heavy-tailed. Here a tenth of the banks is the core, fully connected; every other bank is
# linked to {links} core banks. The bank of rank r has the size r ** -{exponent}, and linked banks send each other
# the product of their sizes, so that the core sends {share:.0%} of the value. Amounts are lognormal with a standard
# deviation of twice the mean. All money figures are our own.
#
# Trade-off: a bank starts with an eighth of a day's outgoing value plus three mean payments, and has the same amount
# of credit, at 6 bps per tick on the whole overdraft. Waiting costs 0.5 bps per tick in the internal queue and
# nothing in the central queue, which a payment reaches only once credit is used up. A missed deadline (6 to 20
# ticks) costs 20 bps of the amount, the close 40 bps. Holding what the balance does not cover is cheap as long as
# others pay; a core bank that holds payments starves the banks linked to it.
format: 1
name: {name}
description: {banks} banks in a core-periphery network, heavy-tailed amounts, bilateral and cycle offsetting.
rules: standard
simulation:
  ticks_per_day: {ticks}
  num_days: 1
  seed: 1
banks:
"""

FOOTER: Final = """\
costs:
  overdraft_bps_per_tick: 6
  delay_cost_per_tick_per_cent: 0.00005
  collateral_cost_per_tick_bps: 0
  deadline_penalty: {bps: 20}
  eod_penalty: {bps: 40}
  split_friction_cost: 100
lsm:
  algorithms: [bilateral, cycles]
  max_cycle_length: 3
"""


@dataclass(frozen=True)
class Network:
    """Rates of the banks, largest first, and whom each pays with which weight."""

    rates: tuple[float, ...]
    weights: tuple[dict[int, float], ...]


def core_size(num_banks: int) -> int:
    """A tenth of the banks, at least three, so that there are cycles."""
    return max(num_banks // 10, LINKS_OF_PERIPHERY)


def network(num_banks: int) -> Network:
    """Sizes and links; two banks send each other the product of their sizes, so that what a bank sends it gets back."""
    sizes = [rank**-SIZE_EXPONENT for rank in range(1, num_banks + 1)]
    core = core_size(num_banks)
    links: list[set[int]] = [set(range(core)) - {bank} for bank in range(num_banks)]
    for bank in range(core, num_banks):
        links[bank] = {(bank + step * step) % core for step in range(LINKS_OF_PERIPHERY)}
        for hub in links[bank]:
            links[hub].add(bank)
    flows = [{other: sizes[bank] * sizes[other] for other in sorted(linked)} for bank, linked in enumerate(links)]
    sent = [sum(flow.values()) for flow in flows]
    rates = tuple(round(LARGEST_RATE * cents / max(sent), 4) for cents in sent)
    weights = tuple({other: round(1_000 * cents, 2) for other, cents in flow.items()} for flow in flows)
    return Network(rates, weights)


def scenario_text(num_banks: int) -> str:
    """The scenario file: a line a bank."""
    shape = network(num_banks)
    names = [f"B{number:03d}" for number in range(1, num_banks + 1)]
    head = HEADER.format(
        banks=num_banks, links=LINKS_OF_PERIPHERY, exponent=SIZE_EXPONENT, name=name_of(num_banks), ticks=TICKS,
        share=sum(shape.rates[: core_size(num_banks)]) / sum(shape.rates),
    )  # fmt: skip
    rows = []
    for bank, rate in enumerate(shape.rates):
        day_cents = rate * TICKS * MEAN_CENTS
        funds = round(day_cents / 8, -3) + FLOOR_CENTS
        weights = ", ".join(f"{names[other]}: {weight:g}" for other, weight in shape.weights[bank].items())
        amount = f"{{type: lognormal, mean: {MEAN_CENTS}, std_dev: {DEVIATION_CENTS}}}"
        rows.append(
            f"  - {{id: {names[bank]}, opening_balance: {funds:.0f}, credit_limit: {funds:.0f},"
            " policy: {type: external},"
            f" arrivals: {{rate_per_tick: {rate}, amount: {amount}, deadline_range: [6, 20],"
            f" counterparty_weights: {{{weights}}}}}}}\n"
        )
    return head + "".join(rows) + FOOTER


def name_of(num_banks: int) -> str:
    """The scenario's id."""
    return f"core-periphery-{num_banks}-v0"


SIZES: Final = (50, 200)
"""Numbers of banks in the library."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the files, or report which are out of date."""
    texts = {name_of(num_banks): functools.partial(scenario_text, num_banks) for num_banks in SIZES}
    write_or_check("python -m tools.core_periphery", __doc__, texts, arguments)


if __name__ == "__main__":
    main()
