"""``compile_scenario``: a configuration becomes arrays; names become row numbers, rates become integers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from simcash_env.compile.market import compile_market, market_axes, start_market
from simcash_env.compile.programs import Programs
from simcash_env.compile.recorded import RecordedArrivals
from simcash_env.compile.scales import write_scales
from simcash_env.compile.sources import build_sources
from simcash_env.schema.arrays import I64, LOG_WORDS, RECENT_TICKS, Scenario, State, Work
from simcash_env.schema.codes import (
    KEEP,
    NONE,
    NUM_COSTS,
    STATE_OF_SEED_0,
    EscalationCurve,
    LsmAlgorithm,
    Phase,
    ScheduledKind,
    SendLimitScope,
)
from simcash_env.schema.layout import layout_of, plain_opener
from simcash_env.schema.verbs import SlotChoices

if TYPE_CHECKING:
    from simcash_env.config import BankConfig, PolicyConfig, ScenarioConfig
    from simcash_env.config.recorded_days import RecordedDays

SCENARIO_LAYOUT = layout_of(Scenario)
STATE_LAYOUT = layout_of(State)
WORK_LAYOUT = layout_of(Work)

FIRST_ROWS_PER_BANK = 2
"""Payment rows a bank gets at first; the arena grows when they do not do."""


CHANGES_OF_ARRIVALS: Final = frozenset(
    {
        "global_arrival_rate_change",
        "arrival_rate_change",
        "counterparty_weight_change",
        "deadline_window_change",
    }
)
"""Types of events after which a source differs from the scenario."""

LIVE_SOURCE: Final = (
    "source_rate",
    "source_exp_neg_rate",
    "source_deadline_min_ticks",
    "source_deadline_max_ticks",
    "source_is_weighted",
)
"""Columns of a state with the axis ``live_source`` that begin as the scenario's columns of the same name."""


@dataclass(frozen=True)
class CompiledScenario:
    """A scenario as the kernels read it, with the names that the rows stand for."""

    config: ScenarioConfig
    bank_ids: tuple[str, ...]  # sorted; a bank's number is its place here
    row: I64
    sizes: I64
    state_sizes: I64  # with the payment rows a run starts with
    work_sizes: I64  # as ``state_sizes``, without an event log
    view: Scenario
    default_row: I64  # as ``row``, but external banks follow ``external``; ``row`` itself where that is None
    external: PolicyConfig | None  # what external banks do in a tick in which nobody decides for them; None holds
    registers: tuple[tuple[str, ...], ...]  # of each bank, the names of what its trees remember
    paths: tuple[str, ...]  # decision paths by number
    recorded: RecordedDays | None  # keeps the recorded payments in memory, whose address is in the row

    @property
    def num_banks(self) -> int:
        """Banks in the scenario."""
        return len(self.bank_ids)

    def content(self) -> bytes:
        """What the kernels read, the same in every process: the row, and the data set by its checksum."""
        row = self.row.copy()
        plain_opener(Scenario)(row, self.sizes).recorded_address[0] = 0
        return row.tobytes() + (b"" if self.recorded is None else self.recorded.checksum.encode())

    def __reduce__(self) -> Any:
        """A pickle holds the configuration; unpickling compiles it again, read-only as here."""
        return compile_scenario, (self.config, self.external)

    def __deepcopy__(self, memo: dict[int, Any]) -> CompiledScenario:
        """Nothing in it ever changes, so copies share it."""
        return self


def compile_scenario(config: ScenarioConfig, external: PolicyConfig | None = None) -> CompiledScenario:
    """Compile a valid configuration; whatever could be wrong with it has been refused before.

    Args:
        config: the scenario.
        external: the policy that external banks follow in a tick in which nobody decides for them; None holds.
    """
    banks = sorted(config.banks, key=lambda bank: bank.id)
    bank_ids = tuple(bank.id for bank in banks)
    number = {name: index for index, name in enumerate(bank_ids)}
    programs = Programs(banks, simcash=config.rules.set == "simcash", external=external)
    sources = build_sources(banks, number)
    recorded = RecordedArrivals.of(config)
    num_banks = len(banks)
    sets_limits = config.actions.send_limit != "none"
    has_limits = sets_limits or any(bank.bilateral_limits or bank.multilateral_limit is not None for bank in banks)
    has_sub_limits = config.actions.sub_limit or any(bank.sub_limit is not None for bank in banks)
    axes = {
        "copy": 1,
        "bank": num_banks,
        "pair": num_banks**2,
        "limit": num_banks**2 if has_limits else 0,
        "sub_limit": num_banks if has_sub_limits else 0,
        "send_limit": num_banks if sets_limits else 0,
        "pair_send_limit": num_banks**2 if sets_limits else 0,
        "source": len(sources.bank),
        "live_source": len(sources.bank) if _changes_arrivals(config) else 0,
        "weight": len(sources.bank) * num_banks,
        "live_weight": len(sources.bank) * num_banks if _changes_weights(config) else 0,
        "pattern": len(sources.bank) * config.simulation.ticks_per_day if sources.has_pattern() else 0,
        "choice": len(sources.choices),
        "amount": len(sources.amounts),
        "slot_choice": SlotChoices.of(config.actions).size,
        **recorded.axes(),
        "event": len(config.events),
        "algorithm": len(config.lsm.algorithms),
        **programs.axes(),
        **market_axes(config),
        "recent": RECENT_TICKS,
        "cost": num_banks * NUM_COSTS,
        "run_cost": num_banks * NUM_COSTS,
        "pay": num_banks * FIRST_ROWS_PER_BANK,
        "log": 0,
    }
    sizes = SCENARIO_LAYOUT.sizes(axes)
    row = np.zeros(SCENARIO_LAYOUT.width(sizes), np.int64)
    view = plain_opener(Scenario)(row, sizes)
    _write_rules(view, config)
    _write_prices(view, config)
    _write_banks(view, banks, number)
    write_scales(view, config, banks)
    sources.write(view, config.simulation.ticks_per_day)
    recorded.write(view, number)
    _write_events(view, config, number)
    programs.write(view, bank_ids)
    compile_market(view, config, banks, number)
    view.algorithm[:] = [int(LsmAlgorithm[name.upper()]) for name in config.lsm.algorithms]
    default_row = row
    if external is not None:
        default_row = row.copy()
        programs.write_roots(plain_opener(Scenario)(default_row, sizes), by_default=True)
        default_row.setflags(write=False)
    row.setflags(write=False)
    return CompiledScenario(
        config,
        bank_ids,
        row,
        sizes,
        STATE_LAYOUT.sizes(axes),
        WORK_LAYOUT.sizes(axes),
        plain_opener(Scenario)(row, sizes),
        default_row,
        external,
        programs.registers(),
        tuple(programs.builder.paths),
        recorded.data,
    )


def initial_state(scenario: CompiledScenario, seed: int) -> I64:
    """The state row before the first tick is opened."""
    row = np.zeros(STATE_LAYOUT.width(scenario.state_sizes), np.int64)
    state = plain_opener(State)(row, scenario.state_sizes)
    view = scenario.view
    state.phase[0] = Phase.CLOSED
    state.rng[0] = STATE_OF_SEED_0 if seed == 0 else seed
    state.next_id[0] = 1
    state.cursor_left[0] = NONE
    due = view.event_tick.min() if len(view.event_tick) else NONE
    state.next_event_tick[0] = due
    state.event_next_tick[:] = view.event_tick
    state.queue2_head[0] = state.queue2_tail[0] = NONE
    state.bank_collateral_since_tick[:] = state.bank_timer_head[:] = NONE
    state.bank_balance_cents[:] = view.bank_opening_balance_cents
    state.bank_credit_limit_cents[:] = view.bank_credit_limit_cents
    state.bank_posted_collateral_cents[:] = view.bank_posted_collateral_cents
    state.bank_pool_fraction_ppm[:] = view.bank_pool_fraction_ppm
    state.bank_budget_node[:] = NONE
    state.bank_queue1_head[:] = state.bank_queue1_tail[:] = NONE
    state.day_rate_factor[0] = 1.0
    state.sub_limit_cents[:] = view.bank_sub_limit_cents
    if len(state.send_limit_cents):
        state.send_limit_cents[:] = view.bank_multilateral_limit_cents
        state.pair_send_limit_cents[:] = view.pair_limit_cents
    if len(state.source_rate):
        state.source_base_rate[:] = view.source_rate
        for name in LIVE_SOURCE:
            getattr(state, name)[:] = getattr(view, name)
    if len(state.live_weight):
        state.live_weight[:] = view.weight_value
    start_market(state)
    state.free_head[0] = NONE
    chain_free_rows(state, 0)
    return row


def initial_work(scenario: CompiledScenario, state_sizes: I64, log_rows: int = 0) -> tuple[I64, I64]:
    """Return a work row and its sizes for a state of these sizes, with room for this number of events."""
    lengths = WORK_LAYOUT.lengths(scenario.work_sizes)
    rows = STATE_LAYOUT.lengths(state_sizes)["pay"]
    sizes = WORK_LAYOUT.sizes({**lengths, "pay": rows, "log": log_rows * LOG_WORDS})
    row = np.zeros(WORK_LAYOUT.width(sizes), np.int64)
    work = plain_opener(Work)(row, sizes)
    work.bank_pool_share_ppm[:] = NONE
    work.trader_order_rate[:] = NONE
    work.sub_limit_ask_cents[:] = work.send_limit_ask_cents[:] = work.pair_send_limit_ask_cents[:] = KEEP
    return row, sizes


def chain_free_rows(state: State, first: int) -> None:
    """Put the payment rows from ``first`` on at the head of the free list, in ascending order; in one row or many."""
    rows = state.pay_next.shape[-1]
    state.pay_next[..., first:rows] = np.arange(first + 1, rows + 1)
    state.pay_next[..., -1] = state.free_head[..., 0]
    state.free_head[...] = first
    state.free_count[...] += rows - first


def _changes_arrivals(config: ScenarioConfig) -> bool:
    return any(event.type in CHANGES_OF_ARRIVALS for event in config.events)


def _changes_weights(config: ScenarioConfig) -> bool:
    return any(event.type == "counterparty_weight_change" for event in config.events)


def _write_rules(view: Scenario, config: ScenarioConfig) -> None:
    rules, switches, simulation = config.rules, config.switches, config.simulation
    view.num_banks[0] = len(config.banks)
    view.ticks_per_day[0] = simulation.ticks_per_day
    view.day_factor_log_std[0] = simulation.day_factor_log_std
    view.num_ticks[0] = simulation.ticks_per_day * simulation.num_days
    view.is_delay_charged_in_queue2[0] = rules.delay_cost_scope == "both"
    view.is_eod_penalty_for_all[0] = rules.eod_penalty_scope == "unsettled"
    view.drops_expired[0] = rules.deadline_mode == "drop"
    view.caps_deadline_at_eod[0] = switches.deadline_cap_at_eod
    view.random_cap_lag_ticks[0] = rules.deadline_cap == "next_day"
    view.splits_any[0] = rules.split_scope == "any"
    view.settles_at_day_end[0] = bool(rules.end_of_day_settlement)
    view.pays_unlisted[0] = rules.set == "simcash"
    view.penalises_parts_again[0] = rules.set == "simcash"
    view.defers_credits[0] = switches.deferred_crediting
    view.reallocates_pool_daily[0] = switches.daily_liquidity_reallocation
    view.orders_queue1_by_priority[0] = switches.queue1_ordering == "priority_deadline"
    view.orders_queue2_by_priority[0] = switches.queue2_priority_mode
    view.reports_algorithms[0] = switches.algorithm_sequencing
    view.offers_collateral[0] = config.actions.collateral
    view.offers_revoke[0] = config.actions.revoke
    view.offers_sub_limit[0] = config.actions.sub_limit
    view.send_limit_scope[0] = SendLimitScope[config.actions.send_limit.upper()]
    view.sub_limit_priority[0] = switches.sub_limit_priority
    choices = SlotChoices.of(config.actions)
    view.choice_verb[:], view.choice_parts[:] = choices.verbs, choices.parts
    escalation = config.priority_escalation
    view.escalation_start_ticks[0] = NONE if escalation is None else escalation.start_ticks
    view.escalation_max_boost[0] = 0 if escalation is None else escalation.max_boost
    view.escalation_curve[0] = 0 if escalation is None else EscalationCurve[escalation.curve.upper()]
    view.offsets_at_entry[0] = switches.entry_disposition_offsetting
    view.nets_limits[0] = switches.limits_basis == "net"
    view.offsets_subsets[0] = config.lsm.bilateral == "subset"
    view.max_offset_payments[0] = NONE if config.lsm.max_offset_payments is None else config.lsm.max_offset_payments
    view.max_cycle_length[0] = config.lsm.max_cycle_length
    view.max_cycles_per_tick[0] = config.lsm.max_cycles_per_tick
    view.cycle_work_limit[0] = config.lsm.cycle_work_limit


def _write_prices(view: Scenario, config: ScenarioConfig) -> None:
    costs, ticks_per_day = config.costs, config.simulation.ticks_per_day
    view.overdraft_rate_ppm[0] = costs.overdraft_rate_ppm(ticks_per_day)
    view.delay_rate_ppm[0] = costs.delay_rate_ppm(ticks_per_day)
    view.collateral_rate_ppm[0] = costs.collateral_rate_ppm(ticks_per_day)
    view.liquidity_rate_ppm[0] = costs.liquidity_rate_ppm(ticks_per_day)
    for name, price in (("deadline", costs.deadline_penalty), ("eod", costs.eod_penalty), ("drop", costs.drop_penalty)):
        cents, ppm = _penalty(price)
        getattr(view, f"{name}_penalty_cents")[0] = cents
        getattr(view, f"{name}_penalty_ppm")[0] = ppm
    view.split_friction_cents[0] = costs.split_friction_cost
    view.overdue_multiplier_thousandths[0] = costs.overdue_multiplier_thousandths()
    bands = costs.band_multipliers_thousandths()
    view.urgent_multiplier_thousandths[0], view.normal_multiplier_thousandths[0], view.low_multiplier_thousandths[0] = (
        bands
    )


def _penalty(price: Any) -> tuple[int, int]:
    """Fixed cents and rate of a penalty; NONE for what it has not."""
    if price is None:
        return NONE, NONE
    return (price, NONE) if isinstance(price, int) else (NONE, price.ppm())


def _write_banks(view: Scenario, banks: Sequence[BankConfig], number: dict[str, int]) -> None:
    def column(values: Iterable[int | None]) -> list[int]:
        return [NONE if item is None else int(item) for item in values]

    view.bank_opening_balance_cents[:] = column(bank.opening_balance for bank in banks)
    view.bank_credit_limit_cents[:] = column(bank.credit_limit for bank in banks)
    view.bank_posted_collateral_cents[:] = column(bank.posted_collateral for bank in banks)
    view.bank_haircut_ppm[:] = column(bank.haircut_ppm() for bank in banks)
    view.bank_collateral_capacity_cents[:] = column(bank.collateral_capacity() for bank in banks)
    view.bank_min_holding_ticks[:] = column(bank.min_holding_ticks for bank in banks)
    view.bank_safety_buffer_cents[:] = column(bank.safety_buffer for bank in banks)
    view.bank_pool_cents[:] = column(bank.liquidity_pool or 0 for bank in banks)
    view.bank_pool_fraction_ppm[:] = column(bank.pool_fraction_ppm() for bank in banks)
    view.bank_is_learning[:] = column(bank.policy.type == "external" for bank in banks)
    view.bank_multilateral_limit_cents[:] = column(bank.multilateral_limit for bank in banks)
    if len(view.bank_sub_limit_cents):
        view.bank_sub_limit_cents[:] = column(bank.sub_limit or 0 for bank in banks)
    if len(view.pair_limit_cents):
        view.pair_limit_cents[:] = NONE
        for row, bank in enumerate(banks):
            for other, cents in bank.bilateral_limits.items():
                view.pair_limit_cents[row * len(banks) + number[other]] = cents


def _write_events(view: Scenario, config: ScenarioConfig, number: dict[str, int]) -> None:
    for row, event in enumerate(config.events):
        fields = event.model_dump()
        bank = fields.get("from_bank", fields.get("bank"))
        other = fields.get("to_bank", fields.get("counterparty"))
        factor = fields.get("multiplier", fields.get("weight", fields.get("min_multiplier", 0.0)))
        every = fields["every"]
        deadline = event.ticks_to_deadline() if event.type == "payment" else None
        view.event_kind[row] = int(ScheduledKind[event.type.upper()])
        view.event_tick[row] = event.tick
        view.event_every_ticks[row] = NONE if every is None else every
        view.event_bank[row] = NONE if bank is None else number[bank]
        view.event_counterparty[row] = NONE if other is None else number[other]
        view.event_cents[row] = fields.get("amount", fields.get("delta", 0))
        view.event_priority[row] = fields.get("priority", 0)
        view.event_deadline_ticks[row] = NONE if deadline is None else deadline
        view.event_is_divisible[row] = fields.get("divisible", False)
        view.event_factor[row] = factor
        view.event_second_factor[row] = fields.get("max_multiplier", 0.0)
        probability = fields.get("probability")
        view.event_probability[row] = NONE if probability is None else probability
    repeats = view.event_every_ticks != NONE
    view.event_order[:] = np.lexsort((np.where(repeats, 0, view.event_tick), repeats))  # stable
    view.num_once_events[0] = np.count_nonzero(~repeats)
