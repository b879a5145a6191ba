"""An environment in names and text, for agents that know no arrays: one run, decided payment by payment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from simcash_env.amounts import amount_text, unit_name
from simcash_env.config.external import RELEASE, External
from simcash_env.config.report import shown
from simcash_env.config.suggest import likely, suggestion
from simcash_env.envs.episodes import IS_OVER, call_reset
from simcash_env.envs.learners import Learners, ScenarioLike
from simcash_env.envs.options import one_seed
from simcash_env.envs.vector import SimCashVec
from simcash_env.errors import ActionError, Fault
from simcash_env.literal import facts_html, facts_text
from simcash_env.schema.arrays import I64, State
from simcash_env.schema.codes import NO_CHANGE, NONE
from simcash_env.schema.heads import HEADS
from simcash_env.simulation.event_log import tx_name

PARTS: Final = ("payments", "others", "heads")
"""Keys of a bank's action."""


class NamedEnv:
    """One run in which banks decide by name; rewards, observations and legal choices are those of ``SimCashVec``.

    Args:
        scenario: library id, path of a scenario file, mapping or ``ScenarioConfig``.
        learners: banks that decide: ``"external"``, ``"all"`` or a list of bank ids.
        external: policy of external banks that do not decide.
        max_queue_slots: payments of a bank that are shown and decided on; the others are held.
        alpha: weight of the mean cost of all banks in a bank's reward, from 0 to 1.
    """

    def __init__(
        self,
        scenario: ScenarioLike,
        *,
        learners: Learners = "external",
        external: External = RELEASE,
        max_queue_slots: int = 32,
        alpha: float = 0.0,
    ) -> None:
        self._vec = SimCashVec(
            scenario,
            1,
            learners=learners,
            external=external,
            max_queue_slots=max_queue_slots,
            reward="mixed",
            alpha=alpha,
            autoreset="disabled",
        )
        self.config, self.bank_ids = self._vec.config, self._vec.bank_ids
        self.num_ticks, self.nbytes = self._vec.num_ticks, int(self._vec.bytes_per_copy)
        self._heads = {head.name: head for head in HEADS if head.name in self._vec.head_index}
        self._choices = [self._vec.slot_choices.describe(choice) for choice in range(self._vec.slot_choices.size)]

    def _facts(self) -> dict[str, object]:
        """What a representation shows."""
        tick = f"{self.tick} of {self.num_ticks}" if self._vec.has_begun else "before reset"
        return {"scenario": self.config.name, "banks": ", ".join(self.bank_ids), "tick": tick}

    def __repr__(self) -> str:
        return facts_text(type(self).__name__, self._facts())

    def _repr_html_(self) -> str:
        """Return a table for notebooks."""
        return facts_html(type(self).__name__, self._facts())

    @property
    def tick(self) -> int:
        """The tick that is decided next; the number of ticks when the episode is over."""
        return int(self._vec.state(0).tick[0]) if self._vec.has_begun else 0

    @property
    def is_over(self) -> bool:
        """Whether the episode has ended."""
        return self._vec.has_begun and (self._vec.is_terminated(0) or self._vec.is_truncated(0))

    def reset(self, seed: int | None = None) -> None:
        """Start an episode; without a seed, one is derived from the previous one, or from the scenario's own."""
        seed = one_seed(seed)
        if seed is None and not self._vec.has_begun:
            seed = self.config.simulation.seed
        self._vec.reset(seed)
        self._vec.costs[:] = 0
        self._vec.rewards[:] = 0

    def step(self, actions: Mapping[str, Any]) -> dict[str, float]:
        """Carry out the banks' actions and run to the next decision.

        Args:
            actions: by bank: ``payments`` (choice by payment id), ``others`` (choice for the payments that are not
                named, ``hold`` by default; held where it is not legal) and ``heads`` (number by name of the head).
                A bank that is not named holds everything; a head that is not named is 0, which changes nothing, but for
                the pool at the first decision of a day, where it is a share of 0.

        Returns:
            The reward of each bank.

        Raises:
            ActionError: ``reset`` was not called, the episode is over, or a bank, payment, head or choice is unknown
                or not legal; nothing changes.
        """
        if not self._vec.has_begun:
            raise ActionError(call_reset())
        if self.is_over:
            raise ActionError(IS_OVER)
        heads = np.full((1, len(self.bank_ids), len(self._vec.action_nvec)), NO_CHANGE, np.int64)
        require_mapping("banks", actions)
        for bank, action in actions.items():
            if bank not in self.bank_ids:
                rule = f"no bank of this name decides; banks are {', '.join(self.bank_ids)}"
                raise wrong(None, f"banks.{bank}", f"{rule}{suggestion(likely(str(bank), self.bank_ids))}")
            number = self.bank_ids.index(bank)
            self._write(f"banks.{bank}", number, action, heads[0, number])
        self._vec.step(heads)
        return dict(zip(self.bank_ids, self._vec.rewards[0].tolist(), strict=True))

    def _write(self, path: str, number: int, action: Any, row: I64) -> None:
        """Write a bank's action to its heads."""
        require_mapping(path, action)
        for key in action:
            if key not in PARTS:
                raise wrong(None, f"{path}.{key}", f"unknown key{suggestion(likely(str(key), PARTS))}")
        payments, named = action.get("payments", {}), action.get("heads", {})
        require_mapping(f"{path}.payments", payments)
        require_mapping(f"{path}.heads", named)
        slots = {tx_name(tx): slot for slot, tx in enumerate(self._ids(number))}
        others = self._choice(f"{path}.others", action.get("others", self._choices[self._vec.slot_choices.hold]))
        for slot in slots.values():
            row[slot] = others if self._is_legal(number, slot, others) else self._vec.slot_choices.hold
        for tx, text in payments.items():
            if tx not in slots:
                rule = "no payment of this id is shown to the bank"
                raise wrong(None, f"{path}.payments.{tx}", f"{rule}; payments are {', '.join(slots) or 'none'}")
            choice = self._choice(f"{path}.payments.{tx}", text)
            if not self._is_legal(number, slots[tx], choice):
                rule = f"is not legal now; legal are {', '.join(self._legal(number, slots[tx]))}"
                raise wrong(text, f"{path}.payments.{tx}", rule)
            row[slots[tx]] = choice
        for name, value in named.items():
            at = self._vec.head_index.get(name) if name in self._heads else None
            if at is None:
                rule = f"no head of this name; heads are {', '.join(self._heads) or 'none'}"
                raise wrong(None, f"{path}.heads.{name}", rule)
            legal = self._legal_numbers(number, at)
            if isinstance(value, bool) or value not in legal:
                raise wrong(value, f"{path}.heads.{name}", f"must be one of {', '.join(map(str, legal))}")
            row[at] = value

    def _choice(self, path: str, text: Any) -> int:
        """Return the number of a choice for a payment."""
        if not isinstance(text, str) or text not in self._choices:
            raise wrong(text, path, f"must be one of {', '.join(self._choices)}")
        return self._choices.index(text)

    def _is_legal(self, number: int, head: int, choice: int) -> bool:
        return bool(self._vec.masks[0, number, head, choice])

    def _legal_numbers(self, number: int, head: int) -> list[int]:
        found: list[int] = np.flatnonzero(self._vec.masks[0, number, head]).tolist()
        return found

    def _legal(self, number: int, slot: int) -> list[str]:
        return [self._choices[choice] for choice in self._legal_numbers(number, slot)]

    def _rows(self, number: int) -> list[int]:
        """Return the rows of the payments that a bank is shown, in the order of its queue."""
        state, rows = self._vec.state(0), list[int]()
        row = int(state.bank_queue1_head[self._vec.learners[number]])
        while row != NONE and len(rows) < self._vec.num_slots:
            rows.append(row)
            row = int(state.pay_next[row])
        return rows

    def _ids(self, number: int) -> list[int]:
        ids: list[int] = self._vec.state(0).pay_id[self._rows(number)].tolist()
        return ids

    def observations(self) -> dict[str, dict[str, Any]]:
        """Return the observation of every deciding bank, as plain data.

        Raises:
            ActionError: ``reset`` was not called.
        """
        if not self._vec.has_begun:
            raise ActionError(call_reset())
        state = self._vec.state(0)
        return {bank: self._observation(number, state) for number, bank in enumerate(self.bank_ids)}

    def _observation(self, number: int, state: State) -> dict[str, Any]:
        view, tick = self._vec.queue1_view(), self.tick
        bank = int(self._vec.learners[number])
        payments = [
            {
                "id": tx_name(int(state.pay_id[row])),
                "receiver": self._vec.scenario.bank_ids[int(state.pay_receiver[row])],
                "amount_cents": int(state.pay_amount_cents[row]),
                "remaining_cents": int(state.pay_remaining_cents[row]),
                "deadline_tick": int(state.pay_deadline_tick[row]),
                "ticks_to_deadline": int(state.pay_deadline_tick[row]) - tick,
                "priority": int(state.pay_priority[row]),
                "legal": [] if self.is_over else self._legal(number, slot),
            }
            for slot, row in enumerate(self._rows(number))
        ]
        heads = {
            name: {
                "meaning": f"{head.subject}: {head.choices}",
                "legal": [] if self.is_over else self._legal_numbers(number, self._vec.head_index[name]),
            }
            for name, head in self._heads.items()
        }
        costs = dict(zip(self._vec.cost_names, self._vec.costs[0, number].tolist(), strict=True))
        found = {
            "bank": self.bank_ids[number],
            "tick": tick,
            "reward": float(self._vec.rewards[0, number]),
            "account_cents": {
                "balance": int(view["balance"][0, number]),
                "available_liquidity": int(view["available_liquidity"][0, number]),
                "queue1": int(state.bank_queue1_cents[bank]),
                "queue2": int(state.bank_queue2_cents[bank]),
            },
            "payments": payments,
            "num_not_shown": int(state.bank_queue1_count[bank]) - len(payments),
            "heads": heads,
            "last_costs_cents": costs,
            "values": dict(zip(self._vec.observation_layout, self._vec.observations[0, number].tolist(), strict=True)),
        }
        return {**found, "text": self._text(found)}

    def _text(self, found: Mapping[str, Any]) -> str:
        """Return an observation in words, with everything that may be decided."""
        config, account = self.config, found["account_cents"]
        clock, last = config.simulation.clock, min(found["tick"], self.num_ticks - 1)
        time = f"day {last // config.simulation.ticks_per_day}" + ("" if clock is None else f", {clock(last)}")
        money = {name: amount_text(cents) for name, cents in account.items()}
        cost = amount_text(sum(found["last_costs_cents"].values()))
        lines = [
            f"You are {found['bank']}, a bank in a payment system.",
            f"Tick {found['tick']} of {self.num_ticks} ({time}); amounts in {unit_name(config.currency)}.",
            f"Balance {money['balance']}, available liquidity {money['available_liquidity']}.",
            f"Internal queue {money['queue1']}, central queue {money['queue2']}. The last tick cost {cost}.",
        ]
        if self.is_over:
            return "\n".join([*lines, "The episode is over."])
        lines.append("Payments in your internal queue:" if found["payments"] else "Your internal queue is empty.")
        for payment in found["payments"]:
            left = payment["ticks_to_deadline"]
            due = f"due in {left} ticks" if left >= 0 else f"overdue by {-left} ticks"
            lines.append(
                f"- {payment['id']}: {amount_text(payment['remaining_cents'])} to {payment['receiver']}, {due}, "
                f"priority {payment['priority']}; {' / '.join(payment['legal'])}"
            )
        if found["num_not_shown"]:
            lines.append(f"{found['num_not_shown']} more payments are not shown and are held.")
        lines += [
            f"{name} ({head['meaning']}): one of {', '.join(map(str, head['legal']))}"
            for name, head in found["heads"].items()
            if head["legal"] != [NO_CHANGE]
        ]
        return "\n".join(lines)


def require_mapping(path: str, value: Any) -> None:
    """Refuse what is no mapping.

    Raises:
        ActionError: it is none.
    """
    if not isinstance(value, Mapping):
        raise wrong(value, path, "must be a mapping")


def wrong(value: Any, path: str, rule: str) -> ActionError:
    """The error for a part of an action; a value of None is not printed."""
    return ActionError(str(Fault(None, None, path, shown(value), rule)))
