"""The data dictionary: every array the engine knows, with its axis, unit and meaning.

Three tables, each one row of 64-bit words a copy (``kernels/_numba/views.py`` opens a row as named arrays):

* ``Scenario`` is what a configuration says; it never changes during a run.
* ``State`` is everything that changes; a snapshot is a copy of its row.
* ``Work`` is scratch space that holds nothing between two calls but the decisions to be applied and the event log.

Money is whole cents, time whole ticks, rates whole millionths (``_ppm``) of their unit unless a name says otherwise.
A value that may be absent is ``codes.NONE``. Axes: ``copy`` has one element, ``bank`` one a bank in sorted id order,
``pair`` one an ordered pair of banks (sender * banks + receiver), ``source`` one a stream of random arrivals,
``weight`` banks a source, ``pattern`` ticks of the day a source, ``slot_choice`` one a choice of a queue head,
``event`` one a scenario event, ``cost`` one a bank and cost kind (bank * NUM_COSTS + kind), ``run_cost`` likewise,
``pay`` one a payment row, ``register`` one a number that a bank's trees remember, ``focus`` banks a list of
counterparties in a tree. Of the intraday market, empty where a scenario has none: ``market`` has one element,
``book`` one a market for a maturity, ``trader`` one a bank, ``exposure`` one an ordered pair of banks (lender * banks
+ borrower) where any bank limits its counterparties, ``order`` and ``loan`` one a row of each.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from simcash_env.schema.layout import interleaved

I64: TypeAlias = npt.NDArray[np.int64]
F64: TypeAlias = npt.NDArray[np.float64]

One: TypeAlias = Annotated[I64, "copy", False]
OneFloat: TypeAlias = Annotated[F64, "copy", True]
PerBank: TypeAlias = Annotated[I64, "bank", False]
PerPair: TypeAlias = Annotated[I64, "pair", False]
PerLimit: TypeAlias = Annotated[I64, "limit", False]
PerSource: TypeAlias = Annotated[I64, "source", False]
PerSourceFloat: TypeAlias = Annotated[F64, "source", True]
PerWeight: TypeAlias = Annotated[I64, "weight", False]
PerWeightFloat: TypeAlias = Annotated[F64, "weight", True]
PerLiveWeight: TypeAlias = Annotated[F64, "live_weight", True]
PerPatternFloat: TypeAlias = Annotated[F64, "pattern", True]
PerChoice: TypeAlias = Annotated[I64, "choice", False]
PerChoiceFloat: TypeAlias = Annotated[F64, "choice", True]
PerSlotChoice: TypeAlias = Annotated[I64, "slot_choice", False]
PerEvent: TypeAlias = Annotated[I64, "event", False]
PerEventFloat: TypeAlias = Annotated[F64, "event", True]
PerAlgorithm: TypeAlias = Annotated[I64, "algorithm", False]
PerNode: TypeAlias = Annotated[I64, "node", False]
PerFocus: TypeAlias = Annotated[I64, "focus", False]
PerRegisterFloat: TypeAlias = Annotated[F64, "register", True]
PerRecent: TypeAlias = Annotated[I64, "recent", False]
PerBankFloat: TypeAlias = Annotated[F64, "bank", True]
PerInstruction: TypeAlias = Annotated[I64, "instruction", False]
PerInstructionFloat: TypeAlias = Annotated[F64, "instruction", True]
PerCost: TypeAlias = Annotated[I64, "cost", False]
PerRunCost: TypeAlias = Annotated[I64, "run_cost", False]
PerPayment: TypeAlias = Annotated[I64, "pay", False]
PerMarket: TypeAlias = Annotated[I64, "market", False]
PerBook: TypeAlias = Annotated[I64, "book", False]
PerTrader: TypeAlias = Annotated[I64, "trader", False]
PerExposure: TypeAlias = Annotated[I64, "exposure", False]
PerOrder: TypeAlias = Annotated[I64, "order", False]
PerLoan: TypeAlias = Annotated[I64, "loan", False]
PerStack: TypeAlias = Annotated[F64, "stack", True]
PerLogWord: TypeAlias = Annotated[I64, "log", False]


class Scenario(NamedTuple):
    """What a configuration says, compiled; read-only during a run."""

    # -- size and time --
    num_banks: One
    ticks_per_day: One
    num_ticks: One  # of the whole run
    # -- rules, each a truth value unless said otherwise --
    is_delay_charged_in_queue2: One
    is_eod_penalty_for_all: One  # else only for payments past their deadline
    drops_expired: One
    caps_deadline_at_eod: One
    random_cap_lag_ticks: One  # 0: the day's last tick; 1: the next day's first
    splits_any: One  # else only divisible payments may be split
    settles_at_day_end: One
    defers_credits: One
    reallocates_pool_daily: One
    orders_queue1_by_priority: One
    orders_queue2_by_priority: One
    escalation_start_ticks: One  # NONE: no escalation
    escalation_max_boost: One
    escalation_curve: One  # codes.EscalationCurve
    pays_unlisted: One  # a source whose weights are all 0 pays as SimCash's does, else it is silent
    penalises_parts_anew: One  # parts of an overdue payment are charged the deadline penalty, as in SimCash
    reports_algorithms: One
    offsets_at_entry: One
    nets_limits: One  # limits hold for outflow less inflow, else for outflow
    offers_collateral: One  # to learners of an environment
    offers_revoke: One  # likewise: taking payments out of Queue 2
    choice_verb: PerSlotChoice  # what a learner's choice for a payment of its queue means: codes.Verb
    choice_parts: PerSlotChoice  # of a split, else 0
    # -- liquidity saving --
    offsets_subsets: One  # of a pair that cannot settle whole
    max_cycle_length: One
    max_cycles_per_tick: One
    cycle_work_limit: One  # edge steps a search
    # -- trees --
    num_bank_trees: One
    num_collateral_trees: One  # of all banks, so many posts with a timer can a tick bring
    # -- prices --
    overdraft_rate_ppm: One  # bps a tick
    delay_rate_ppm: One  # cents a cent and tick
    collateral_rate_ppm: One  # bps a tick
    liquidity_rate_ppm: One  # bps a tick
    deadline_penalty_cents: One  # NONE: the rate below holds
    deadline_penalty_ppm: One  # bps of the original amount
    eod_penalty_cents: One
    eod_penalty_ppm: One  # bps of the remaining amount
    drop_penalty_cents: One  # NONE with a rate of NONE: deadline penalty + end-of-day penalty
    drop_penalty_ppm: One  # bps of the remaining amount
    split_friction_cents: One
    overdue_multiplier_thousandths: One
    urgent_multiplier_thousandths: One  # priorities 8 to 10
    normal_multiplier_thousandths: One  # 4 to 7
    low_multiplier_thousandths: One  # 0 to 3
    # -- banks --
    bank_opening_balance_cents: PerBank
    bank_credit_limit_cents: PerBank
    bank_posted_collateral_cents: PerBank
    bank_haircut_ppm: PerBank
    bank_collateral_capacity_cents: PerBank
    bank_safety_buffer_cents: PerBank  # collateral kept above what credit in use needs
    bank_pool_cents: PerBank  # 0: no pool
    bank_pool_fraction_ppm: PerBank
    bank_min_holding_ticks: PerBank  # collateral stays so long after the last post
    bank_is_learning: PerBank  # decides from outside
    bank_payment_root: PerBank  # node of the payment tree; NONE of a learner
    bank_bank_root: PerBank  # of the bank tree; NONE where there is none, as below
    bank_strategic_collateral_root: PerBank
    bank_end_collateral_root: PerBank
    bank_tree_revokes: PerBank  # may its payment tree take a payment out of Queue 2?
    bank_name_hash: PerBankFloat  # FNV-1a of the id, as trees see it
    bank_multilateral_limit_cents: PerBank  # a day, NONE: no limit
    # -- scales of observations and rewards, at least 1 --
    bank_flow_scale_cents: PerBank  # expected outflow of a day
    bank_payment_scale_cents: PerBank  # mean payment
    bank_cost_scale_cents: PerBank  # keeping a mean payment waiting for a tick at the dearest rate
    # -- bilateral limits, axis empty where no bank has one --
    pair_limit_cents: PerLimit
    # -- random arrivals --
    source_bank: PerSource
    source_rate: PerSourceFloat  # payments a tick
    source_amount_kind: PerSource
    source_amount_min: PerSource
    source_amount_max: PerSource
    source_amount_mean: PerSourceFloat  # of the logarithm for lognormal
    source_amount_std: PerSourceFloat  # likewise; the rate of an exponential
    source_is_weighted: PerSource  # else every other bank is equally likely
    source_deadline_min_ticks: PerSource
    source_deadline_max_ticks: PerSource
    source_priority_kind: PerSource
    source_priority_min: PerSource  # the priority itself where fixed
    source_priority_max: PerSource
    source_first_choice: PerSource
    source_num_choices: PerSource
    source_is_divisible: PerSource
    source_has_pattern: PerSource
    weight_bank: PerWeight  # receivers in the order of the file
    weight_value: PerWeightFloat  # UNLISTED: the file gives the receiver no weight, which is as 0
    pattern_factor: PerPatternFloat  # multiplies the rate
    choice_priority: PerChoice
    choice_weight: PerChoiceFloat
    # -- scenario events, in file order --
    event_kind: PerEvent
    event_tick: PerEvent
    event_every_ticks: PerEvent  # NONE: once
    event_bank: PerEvent
    event_counterparty: PerEvent
    event_cents: PerEvent
    event_priority: PerEvent
    event_deadline_ticks: PerEvent
    event_is_divisible: PerEvent
    event_factor: PerEventFloat
    event_second_factor: PerEventFloat
    event_order: PerEvent  # those that happen once, by tick, then those that repeat; in file order otherwise
    num_once_events: One
    # -- liquidity-saving algorithms in order --
    algorithm: PerAlgorithm
    # -- intraday market; rates are hundredths of a basis point --
    market_is_regulated: PerMarket
    market_offers_orders: PerMarket  # to learning banks
    market_deposit_rate: PerMarket
    market_lending_rate: PerMarket
    market_band_low_rate: PerMarket  # NONE: no band
    market_band_high_rate: PerMarket  # likewise
    market_has_traders: PerMarket  # does any bank trade of its own accord?
    market_interest_scale: PerMarket  # interest is principal * rate * ticks over this
    book_maturity: PerBook  # codes.Maturity
    book_maturity_ticks: PerBook  # where it is a number of ticks
    trader_credit_line_cents: PerTrader  # of principal and interest that the bank may owe in the market
    trader_kind: PerTrader  # codes.TraderKind
    trader_book: PerTrader
    trader_buffer_cents: PerTrader
    trader_sigma_cents: PerTrader
    exposure_limit_cents: PerExposure  # principal that the lender may have lent to the borrower, NONE: no limit
    # -- tree programs of all banks --
    num_registers: One  # of each bank
    any_tree_revokes: One  # may any payment tree take a payment out of Queue 2?
    reads_committed_to: One  # does any program read what was released to the payment's receiver?
    reads_nearest_deadline: One  # does any program read when the first of a bank's payments in Queue 2 is due?
    node_action: PerNode  # codes.TreeAction of a leaf, NONE of a condition
    node_key: PerNode  # of a leaf: priority to set, RTGS priority, register or list of counterparties; or NONE
    node_first: PerNode  # first instruction of a condition, or of a leaf's values
    node_end: PerNode  # one past the last instruction
    node_on_true: PerNode
    node_on_false: PerNode
    node_path: PerNode  # number of a leaf's decision path, NONE where nodes have no names
    instruction_op: PerInstruction
    instruction_field: PerInstruction  # field, register, or instructions to skip
    instruction_value: PerInstructionFloat
    focus_has_bank: PerFocus  # list * banks + bank: may be released to under the budget


@interleaved
class State(NamedTuple):
    """Everything that changes during a run; one row is one copy."""

    # -- clock --
    tick: One  # the tick that is open, or to be opened next
    phase: One  # codes.Phase
    fault: One  # codes.Status; not OK once a sum left the range of money
    rng: One  # xorshift64* state, the bits of a uint64
    cursor_event: One  # where opening a tick goes on after a call for room
    cursor_source: One
    cursor_left: One  # payments still to be drawn from that source; NONE: count not drawn yet
    next_event_tick: One
    # -- payment rows --
    next_id: One  # ids are sequential from 1
    free_head: One  # free rows, linked through pay_next
    free_count: One
    # -- central queue, linked through pay_next --
    queue2_head: One
    queue2_tail: One
    queue2_count: One
    queue2_value_cents: One
    # -- totals of the run --
    arrived_count: One
    arrived_cents: One
    settled_count: One
    settled_cents: One
    dropped_count: One
    dropped_cents: One
    lsm_released_count: One
    lsm_released_cents: One
    # -- totals of the day and of the tick --
    day_arrived_cents: One
    day_settled_cents: One
    tick_arrived_count: One
    tick_settled_count: One
    tick_lsm_count: One
    tick_lsm_cents: One
    tick_cycle_attempts: One
    tick_work_limit_hit: One
    tick_is_charged: One  # has any bank been charged since the tick's accounts began?
    # -- banks --
    bank_balance_cents: PerBank  # settlement account, may be negative
    bank_credit_limit_cents: PerBank
    bank_posted_collateral_cents: PerBank
    bank_collateral_since_tick: PerBank  # of the last post, NONE: none yet
    bank_timer_head: PerBank  # collateral that is to come back, linked through pay_next
    bank_deferred_cents: PerBank  # credits applied at the end of the tick
    bank_pool_allocated_cents: PerBank
    bank_pool_fraction_ppm: PerBank
    bank_outflow_cents: PerBank  # settled today
    bank_inflow_cents: PerBank  # settled today
    bank_queue1_head: PerBank
    bank_queue1_tail: PerBank
    bank_queue1_count: PerBank
    bank_queue1_cents: PerBank
    bank_queue2_count: PerBank  # own payments waiting in the central queue
    bank_queue2_cents: PerBank
    bank_expected_cents: PerBank  # payments to this bank waiting in the central queue
    bank_budget_node: PerBank  # leaf that set this tick's release budget, NONE: no limit
    bank_budget_cents: PerBank
    bank_budget_each_cents: PerBank  # to one counterparty
    # -- memory --
    register_value: PerRegisterFloat  # bank * registers + register; cleared at day end
    recent_lsm_count: PerRecent  # payments released by liquidity saving, by tick modulo RECENT_TICKS
    # -- pairs --
    pair_outflow_cents: PerPair  # settled today
    pair_queue2_cents: PerPair  # waiting in the central queue
    # -- random arrivals --
    source_rate: PerSourceFloat
    source_base_rate: PerSourceFloat
    source_exp_neg_rate: PerSourceFloat  # exp(-rate), kept because the draw needs it at every tick
    source_deadline_min_ticks: PerSource
    source_deadline_max_ticks: PerSource
    source_is_weighted: PerSource
    live_weight: PerLiveWeight  # receiver weights, axis empty where no event changes one
    # -- scenario events --
    event_next_tick: PerEvent  # NONE: never again
    # -- costs --
    tick_cost_cents: PerCost  # since the last tick began to close
    run_cost_cents: PerRunCost
    # -- intraday market; rates are hundredths of a basis point --
    market_next_order: PerMarket  # ids are sequential from 1
    market_next_loan: PerMarket  # likewise
    market_order_free: PerMarket  # free rows, linked through order_next
    market_loan_free: PerMarket  # likewise
    market_loan_head: PerMarket  # loans that stand, oldest first, linked through loan_next
    market_loan_tail: PerMarket
    market_has_pending: PerMarket  # has any learner decided on an order in this tick?
    market_has_interest: PerMarket  # did any fall due in the last tick?
    book_bid_head: PerBook  # resting orders, best first, linked through order_next
    book_ask_head: PerBook
    book_last_rate: PerBook  # of the last trade, NONE: none yet
    trader_locked_cents: PerTrader  # reserves that back the bank's resting asks, taken out of its balance
    trader_credit_locked_cents: PerTrader  # of the credit line, by the bank's resting bids
    trader_owed_cents: PerTrader  # principal and contracted interest of what the bank has borrowed
    trader_borrowed_cents: PerTrader  # principal
    trader_lent_cents: PerTrader  # principal
    trader_interest_paid_cents: PerTrader  # since the run began
    trader_interest_received_cents: PerTrader  # likewise
    trader_tick_interest_cents: PerTrader  # of the last tick: what became due to others less what others came to owe
    trader_run_interest_cents: PerTrader  # likewise, since the run began
    trader_pending_side: PerTrader  # codes.Side of the order that the market's step of this tick will place
    trader_pending_rate: PerTrader  # NONE: nothing decided, 0: to have no order
    trader_pending_cents: PerTrader  # of an ask, they have left the balance already
    exposure_cents: PerExposure  # principal lent and not repaid
    order_id: PerOrder  # 0: the row is free
    order_bank: PerOrder
    order_book: PerOrder
    order_side: PerOrder  # codes.Side
    order_rate: PerOrder
    order_cents: PerOrder  # not traded yet
    order_locked_cents: PerOrder  # reserves of an ask, credit line of a bid
    order_only: PerOrder  # the one bank it may trade with, NONE: any
    order_until_tick: PerOrder  # the last tick in which it rests
    order_next: PerOrder
    order_prev: PerOrder
    loan_id: PerLoan  # 0: the row is free
    loan_book: PerLoan
    loan_lender: PerLoan
    loan_borrower: PerLoan
    loan_cents: PerLoan  # principal
    loan_rate: PerLoan
    loan_tick: PerLoan  # of the trade
    loan_due_tick: PerLoan
    loan_repayment_cents: PerLoan  # principal and contracted interest
    loan_is_overdue: PerLoan
    loan_next: PerLoan
    # -- payments --
    pay_place: PerPayment  # codes.Place
    pay_id: PerPayment
    pay_sender: PerPayment
    pay_receiver: PerPayment
    pay_amount_cents: PerPayment
    pay_remaining_cents: PerPayment
    pay_arrival_tick: PerPayment
    pay_deadline_tick: PerPayment
    pay_priority: PerPayment
    pay_original_priority: PerPayment
    pay_rtgs_priority: PerPayment
    pay_submit_tick: PerPayment
    pay_is_divisible: PerPayment
    pay_overdue_since: PerPayment  # NONE: not overdue
    pay_parent: PerPayment  # row of the split parent
    pay_release_tick: PerPayment  # tick at which a part of a staggered split is released, NONE: its policy decides
    pay_open_children: PerPayment
    pay_next: PerPayment  # in its queue, or the next free row
    pay_prev: PerPayment


class Work(NamedTuple):
    """Scratch space of one thread, and the border that decisions and events cross."""

    log_count: One  # rows wanted since it was last set to 0; past the log's room they are counted, not kept
    bank_pool_level: PerBank  # decision: NONE keeps the allocation
    bank_collateral_ask_cents: PerBank  # decision: to post, or to withdraw where negative
    has_orders: One  # decision: has any learner decided on an order?
    trader_order_side: PerTrader  # decision: codes.Side of the order that the bank wants to have in the market
    trader_order_rate: PerTrader  # decision: NONE leaves what rests, 0 takes it out
    trader_order_cents: PerTrader  # decision
    trader_to_receive_cents: PerTrader  # repayments of loans that are due soon
    trader_to_repay_cents: PerTrader
    has_revocations: One  # decision: is ``pay_decision`` filled in for the learners' Queue-2 payments?
    bank_delay_high: PerBank  # what is charged for waiting, in thousandths of cents: the billions ...
    bank_delay_low: PerBank  # ... and the rest; the sum itself may pass 64 bits
    bank_due_now_cents: PerBank  # of the bank's own Queue-2 payments
    bank_due_soon_cents: PerBank
    bank_edge: PerBank  # heads of the lists of waiting payments by sender
    bank_net_cents: PerBank  # received less paid by what is looked at
    bank_paid_cents: PerBank  # paid by what is looked at
    pair_key: PerPair  # here and in the next two lie the chains of ``kernels/pair_chains.py``, among others
    pair_order: PerPair
    pair_scratch: PerPair
    bank_nearest_tick: PerBank  # earliest deadline of the bank's payments in Queue 2, NONE where it has none
    bank_committed_cents: PerBank  # released in this tick
    bank_charged_cents: PerBank  # of the release budget
    to_committed_cents: PerBank  # released in this tick by bank ``committed_owner`` to each counterparty
    to_charged_cents: PerBank  # of the release budget of the bank that decides, by counterparty
    committed_owner: One  # NONE while payments in Queue 2 are decided on: what was released is in ``pair_scratch``
    pay_decision: PerPayment  # decision for a Queue-1 payment, or on taking one out of Queue 2: codes.Verb
    pay_leaf: PerPayment  # node that decided, NONE where no tree did
    pay_parts_now: PerPayment  # of a split: parts released at once
    pay_gap_ticks: PerPayment  # of a split: ticks between the other parts
    pay_new_priority: PerPayment  # decision: priority of the payment or of the parts; of a resubmission in Queue 2
    pay_order: PerPayment
    pay_key: PerPayment
    pay_scratch: PerPayment
    stack: PerStack
    log: PerLogWord  # rows of LOG_WORDS


RECENT_TICKS = 10
"""Ticks over which a tree sees how much liquidity saving releases."""

LOG_COLUMNS = ("tick", "kind", "bank", "counterparty", "pay_id", "cents", "value_1", "value_2")
"""Words of one row of the event log; what the last three mean for each kind is in ``events.py``."""

LOG_WORDS = len(LOG_COLUMNS)
