"""Equilibria: best responses, exploitability, and the closed form of Castro's game.

``Game`` lets every bank choose among strategies (a policy and a share of its pool); its costs are means over seeds of
runs in the kernel. ``exploitability`` says how much any bank could still gain by changing its mind alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final, TypeAlias

import numpy as np

from simcash_env.config import BankConfig, FifoPolicy, ScenarioConfig
from simcash_env.config.policies import PolicyConfig
from simcash_env.evaluation.evaluate import deciding_banks
from simcash_env.evaluation.grid_search import F64
from simcash_env.evaluation.rollout import run_scripted

LEVELS: Final = tuple(level / 20 for level in range(21))
"""The pool shares that a learner can choose."""

MOST_PROFILES: Final = 200_000


@dataclass(frozen=True)
class Strategy:
    """What a bank does for a whole run."""

    share: float
    policy: PolicyConfig = field(default_factory=FifoPolicy)


Profile: TypeAlias = tuple[Strategy, ...]
"""One strategy a deciding bank, banks sorted by id."""


@dataclass(frozen=True)
class Exploitability:
    """How far a profile is from an equilibrium.

    Attributes:
        costs: mean cents of every deciding bank in the profile.
        gains: cents that each would save by its best response, the others staying as they are.
    """

    costs: tuple[float, ...]
    gains: tuple[float, ...]

    @property
    def cents(self) -> float:
        """The largest gain of any bank."""
        return max(self.gains)

    def relative(self, equilibrium_cents: float | None = None) -> float:
        """The largest gain as a share of a system cost; by default of the profile's own."""
        whole = sum(self.costs) if equilibrium_cents is None else equilibrium_cents
        return self.cents / whole if whole > 0 else (0.0 if self.cents <= 0 else float("inf"))


def castro_best_response(own: tuple[float, float], other: tuple[float, float], other_liquidity: float) -> float:
    """Liquidity that is best in the two-period game (Castro and others, SWP 2021-7, sec. 6.3), payments divisible.

    P1 + max(P2 - min(l_j, P1_j), 0): enough for the first period, and for what the other's first payments do not fund.

    Args:
        own: what the bank owes in the first and in the second period.
        other: what the other bank owes.
        other_liquidity: what the other bank has chosen.
    """
    return own[0] + max(own[1] - min(other_liquidity, other[0]), 0.0)


class Game:
    """A scenario whose banks choose among strategies.

    Args:
        config: the scenario; its external banks choose, or all where there is none.
        seeds: over which costs are averaged.
    """

    def __init__(self, config: ScenarioConfig, seeds: Sequence[int]) -> None:
        self.config, self.seeds = config, tuple(seeds)
        self.bank_ids = deciding_banks(config)
        self._order = tuple(sorted(bank.id for bank in config.banks))
        self._known: dict[tuple[tuple[float, str], ...], F64] = {}

    def costs(self, profiles: Sequence[Profile]) -> F64:
        """(profiles, deciding banks) mean cents."""
        missing = {key_of(profile): profile for profile in profiles if key_of(profile) not in self._known}
        groups: dict[tuple[str, ...], list[Profile]] = {}
        for key, profile in missing.items():
            groups.setdefault(tuple(policy for _, policy in key), []).append(profile)
        for group in groups.values():
            for profile, cents in zip(group, self._play(group), strict=True):
                self._known[key_of(profile)] = cents
        return np.array([self._known[key_of(profile)] for profile in profiles])

    def _play(self, group: Sequence[Profile]) -> F64:
        """Profiles that differ in shares only, in one call of the kernel."""
        chosen = {bank: choice.policy for bank, choice in zip(self.bank_ids, group[0], strict=True)}
        banks = tuple(
            bank.model_copy(update={"policy": chosen[bank.id]}) if bank.id in chosen else bank
            for bank in self.config.banks
        )
        played = self.config.model_copy(update={"banks": banks})
        places, count = [self._order.index(bank) for bank in self.bank_ids], len(self.seeds)
        shares = np.tile([bank.liquidity_allocation_fraction for bank in sorted(banks, key=by_id)], (len(group), 1))
        shares[:, places] = [[choice.share for choice in profile] for profile in group]
        costs = run_scripted(played, list(self.seeds) * len(group), np.repeat(shares, count, axis=0)).sum(axis=2)
        means: F64 = costs.reshape(len(group), count, -1).mean(axis=1)[:, places]
        return means

    def best_response(self, profile: Profile, bank: int, choices: Sequence[Strategy]) -> tuple[Strategy, float]:
        """The cheapest strategy of one bank, the others staying as they are, with its mean cents.

        What it plays already is among the choices, and keeps its place in a tie.
        """
        tried = [profile[bank], *choices]
        found = self.costs([(*profile[:bank], choice, *profile[bank + 1 :]) for choice in tried])[:, bank]
        best = int(found.argmin())
        return tried[best], float(found[best])

    def exploitability(self, profile: Profile, choices: Sequence[Strategy]) -> Exploitability:
        """How much each bank could gain with any of the choices, by trying them all."""
        costs = self.costs([profile])[0]
        gains = [
            float(costs[bank]) - self.best_response(profile, bank, choices)[1] for bank in range(len(self.bank_ids))
        ]
        return Exploitability(tuple(costs.tolist()), tuple(gains))

    def equilibria(self, choices: Sequence[Strategy]) -> list[tuple[Profile, F64]]:
        """All equilibria in pure strategies with their costs by bank, by trying every profile.

        Raises:
            ValueError: there are more than ``MOST_PROFILES`` profiles.
        """
        num_banks = len(self.bank_ids)
        if len(choices) ** num_banks > MOST_PROFILES:
            message = f"{len(choices)} strategies of {num_banks} banks are more than {MOST_PROFILES:,} profiles"
            raise ValueError(message)
        profiles = list(product(choices, repeat=num_banks))
        table = self.costs(profiles).reshape(*[len(choices)] * num_banks, num_banks)
        is_stable = np.ones(table.shape[:-1], bool)
        for bank in range(num_banks):
            own = table[..., bank]
            is_stable &= own == own.min(axis=bank, keepdims=True)
        flat = table.reshape(-1, num_banks)
        return [(profiles[place], flat[place]) for place in np.flatnonzero(is_stable.ravel())]

    def follow_best_responses(self, start: Profile, choices: Sequence[Strategy], rounds: int = 100) -> Profile | None:
        """Let the banks reply in turn until none changes its mind; None where they go round in circles."""
        profile = start
        for _ in range(rounds):
            before = profile
            for bank in range(len(profile)):
                reply, _ = self.best_response(profile, bank, choices)
                profile = (*profile[:bank], reply, *profile[bank + 1 :])
            if profile == before:
                return profile
        return None


def key_of(profile: Profile) -> tuple[tuple[float, str], ...]:
    """What tells a profile from others; trees cannot be hashed, their text can."""
    return tuple((choice.share, choice.policy.model_dump_json()) for choice in profile)


def by_id(bank: BankConfig) -> str:
    """The order of banks everywhere."""
    return bank.id


def strategies(policies: Sequence[PolicyConfig], shares: Sequence[float] = LEVELS) -> list[Strategy]:
    """Every policy with every share."""
    return [Strategy(share, policy) for policy in policies for share in shares]


def exploitability_of(
    costs_of: Callable[[Mapping[str, object]], Mapping[str, float]],
    profile: Mapping[str, object],
    responses: Mapping[str, Sequence[object]],
) -> Exploitability:
    """As ``Game.exploitability`` for whatever decides: learned policies against trained best responses, for one.

    On games too large to enumerate this is a lower bound: a better response than those given may exist.

    Args:
        costs_of: mean cents by bank of a profile, on seeds of its own choice, the same at every call.
        profile: what each bank plays.
        responses: what each bank may play instead.
    """
    played = costs_of(profile)
    gains = [
        max([0.0, *(played[bank] - costs_of({**profile, bank: other})[bank] for other in responses.get(bank, ()))])
        for bank in profile
    ]
    return Exploitability(tuple(played[bank] for bank in profile), tuple(gains))
