"""The data dictionary: every array of the engine, with axis, unit and meaning.

Three tables; each has one row of 64-bit words per copy (``kernels/_numba/views.py`` opens a row as named arrays):

* ``Scenario``: the compiled configuration; constant during a run.
* ``State``: everything that changes; a snapshot is a copy of its row.
* ``Work``: scratch space; between two calls it holds only pending decisions and the event log.

Amounts are whole cents, times are whole ticks, rates are whole millionths (``_ppm``) of their unit unless the name says
otherwise. ``codes.NONE`` is a missing value. Columns of ``State`` that hold no money take 8 to 32 bits where a bound
allows it (``schema/limits.py``); kernels read all whole numbers as int64. ``docs/data-dictionary.md`` lists the axes.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from simcash_env.schema.layout import interleaved

I64: TypeAlias = npt.NDArray[np.int64]
F64: TypeAlias = npt.NDArray[np.float64]
I32: TypeAlias = npt.NDArray[np.int32]
I16: TypeAlias = npt.NDArray[np.int16]
I8: TypeAlias = npt.NDArray[np.int8]

One: TypeAlias = Annotated[I64, "copy"]
OneFloat: TypeAlias = Annotated[F64, "copy"]
PerBank: TypeAlias = Annotated[I64, "bank"]
PerPair: TypeAlias = Annotated[I64, "pair"]
PerLimit: TypeAlias = Annotated[I64, "limit"]
PerSubLimit: TypeAlias = Annotated[I64, "sub_limit"]
PerSendLimit: TypeAlias = Annotated[I64, "send_limit"]
PerPairSendLimit: TypeAlias = Annotated[I64, "pair_send_limit"]
PerSource: TypeAlias = Annotated[I64, "source"]
PerSourceFloat: TypeAlias = Annotated[F64, "source"]
PerLiveSource: TypeAlias = Annotated[I64, "live_source"]
PerLiveSourceFloat: TypeAlias = Annotated[F64, "live_source"]
PerWeight: TypeAlias = Annotated[I64, "weight"]
PerWeightFloat: TypeAlias = Annotated[F64, "weight"]
PerLiveWeight: TypeAlias = Annotated[F64, "live_weight"]
PerPatternFloat: TypeAlias = Annotated[F64, "pattern"]
PerChoice: TypeAlias = Annotated[I64, "choice"]
PerChoiceFloat: TypeAlias = Annotated[F64, "choice"]
PerAmountFloat: TypeAlias = Annotated[F64, "amount"]
PerSlotChoice: TypeAlias = Annotated[I64, "slot_choice"]
PerRecordedDay: TypeAlias = Annotated[I64, "recorded_day"]
PerRecordedBank: TypeAlias = Annotated[I64, "recorded_bank"]
PerEvent: TypeAlias = Annotated[I64, "event"]
PerEventFloat: TypeAlias = Annotated[F64, "event"]
PerAlgorithm: TypeAlias = Annotated[I64, "algorithm"]
PerNode: TypeAlias = Annotated[I64, "node"]
PerFocus: TypeAlias = Annotated[I64, "focus"]
PerRegisterFloat: TypeAlias = Annotated[F64, "register"]
PerRecent: TypeAlias = Annotated[I32, "recent"]
PerBankNumber: TypeAlias = Annotated[I32, "bank"]
PerBankFloat: TypeAlias = Annotated[F64, "bank"]
PerInstruction: TypeAlias = Annotated[I64, "instruction"]
PerInstructionFloat: TypeAlias = Annotated[F64, "instruction"]
PerCost: TypeAlias = Annotated[I64, "cost"]
PerRunCost: TypeAlias = Annotated[I64, "run_cost"]
PerPayment: TypeAlias = Annotated[I64, "pay"]
PerPaymentNumber: TypeAlias = Annotated[I32, "pay"]
PerPaymentShort: TypeAlias = Annotated[I16, "pay"]
PerPaymentCode: TypeAlias = Annotated[I8, "pay"]
PerMarket: TypeAlias = Annotated[I64, "market"]
PerBook: TypeAlias = Annotated[I64, "book"]
PerTrader: TypeAlias = Annotated[I64, "trader"]
PerExposure: TypeAlias = Annotated[I64, "exposure"]
PerOrder: TypeAlias = Annotated[I64, "order"]
PerLoan: TypeAlias = Annotated[I64, "loan"]
PerStack: TypeAlias = Annotated[F64, "stack"]
PerLogWord: TypeAlias = Annotated[I64, "log"]


@interleaved("bank", "source")
class Scenario(NamedTuple):
    """The compiled configuration; read-only during a run."""

    # -- size and time --
    num_banks: One  # number of banks
    ticks_per_day: One  # ticks in a day
    num_ticks: One  # ticks in the whole run
    # -- rules, Boolean unless stated otherwise --
    is_delay_charged_in_queue2: One  # delay cost also in the central queue, else only in the internal queue
    is_eod_penalty_for_all: One  # end-of-day penalty for all unsettled payments, else only for overdue ones
    drops_expired: One  # drop payments at their deadline
    caps_deadline_at_eod: One  # cap deadlines at the end of the day
    random_cap_lag_ticks: One  # cap of random deadlines: 0: last tick of the day, 1: first tick of the next day
    splits_any: One  # any payment may be split, else only divisible ones
    settles_at_day_end: One  # one more settlement pass at the end of the day
    defers_credits: One  # deferred crediting
    reallocates_pool_daily: One  # allocate the pool again every day
    orders_queue1_by_priority: One  # sort internal queues by priority
    orders_queue2_by_priority: One  # sort the central queue by RTGS priority
    escalation_start_ticks: One  # ticks before the deadline, NONE: no escalation
    escalation_max_boost: One  # largest increase of a priority
    escalation_curve: One  # codes.EscalationCurve
    pays_unlisted: One  # SimCash's rule for a source whose weights are all 0; else such a source is silent
    penalises_parts_again: One  # parts of an overdue payment are charged the deadline penalty again, as in SimCash
    reports_algorithms: One  # write AlgorithmExecution events
    offsets_at_entry: One  # entry disposition: offset a payment when it is submitted
    nets_limits: One  # limits apply to outflow minus inflow, else to outflow
    offers_collateral: One  # collateral head for learning banks
    offers_revoke: One  # revoke head for learning banks
    offers_sub_limit: One  # sub-limit head for learning banks
    send_limit_scope: One  # codes.SendLimitScope of the send limit head
    sub_limit_priority: One  # payments of this priority or a higher one may use the reserved liquidity
    # -- liquidity saving --
    offsets_subsets: One  # bilateral offsetting may settle part of a pair's payments
    max_offset_payments: One  # maximum number of payments of each bank in a bilateral offset, NONE: no maximum
    max_cycle_length: One  # maximum number of banks in a cycle
    max_cycles_per_tick: One  # maximum number of cycles tried in a tick
    cycle_work_limit: One  # maximum edge steps of a cycle search
    # -- trees --
    num_bank_trees: One  # banks with a bank tree
    num_collateral_trees: One  # collateral trees of all banks; maximum number of timed posts in a tick
    # -- prices --
    overdraft_rate_ppm: One  # basis points per tick
    delay_rate_ppm: One  # cents per cent and tick
    collateral_rate_ppm: One  # basis points per tick
    liquidity_rate_ppm: One  # basis points per tick
    deadline_penalty_cents: One  # NONE: deadline_penalty_ppm applies
    deadline_penalty_ppm: One  # basis points of the original amount
    eod_penalty_cents: One  # NONE: eod_penalty_ppm applies
    eod_penalty_ppm: One  # basis points of the remaining amount
    drop_penalty_cents: One  # NONE: drop_penalty_ppm applies; both NONE: deadline penalty + end-of-day penalty
    drop_penalty_ppm: One  # basis points of the remaining amount
    split_friction_cents: One  # cost of each part but the first
    overdue_multiplier_thousandths: One  # factor of the delay cost of overdue payments
    urgent_multiplier_thousandths: One  # factor of the delay cost of priorities 8 to 10
    normal_multiplier_thousandths: One  # factor of the delay cost of priorities 4 to 7
    low_multiplier_thousandths: One  # factor of the delay cost of priorities 0 to 3
    # -- banks --
    bank_opening_balance_cents: PerBank  # balance at the start of the run
    bank_credit_limit_cents: PerBank  # overdraft limit at the start of the run
    bank_posted_collateral_cents: PerBank  # collateral posted at the start of the run
    bank_haircut_ppm: PerBank  # haircut on collateral
    bank_collateral_capacity_cents: PerBank  # maximum posted collateral
    bank_safety_buffer_cents: PerBank  # collateral kept above what the used credit requires
    bank_pool_cents: PerBank  # liquidity pool, 0: none
    bank_pool_fraction_ppm: PerBank  # share of the pool allocated at the start
    bank_min_holding_ticks: PerBank  # minimum time between the last post and a withdrawal of collateral
    bank_is_learning: PerBank  # decisions come from outside
    bank_payment_root: PerBank  # root node of the payment tree, NONE: learning bank
    bank_bank_root: PerBank  # root node of the bank tree, NONE: none
    bank_strategic_collateral_root: PerBank  # root node of the strategic collateral tree, NONE: none
    bank_end_collateral_root: PerBank  # root node of the end-of-tick collateral tree, NONE: none
    bank_tree_revokes: PerBank  # payment tree may revoke payments from the central queue
    bank_name_hash: PerBankFloat  # FNV-1a hash of the bank id, for trees
    bank_multilateral_limit_cents: PerBank  # limit per day towards all banks, NONE: no limit
    # -- scales of observations and rewards, at least 1 --
    bank_flow_scale_cents: PerBank  # expected outflow of a day
    bank_payment_scale_cents: PerBank  # mean payment
    bank_cost_scale_cents: PerBank  # highest cost of holding a mean payment for one tick
    # -- bilateral limits, axis empty if no bank has one --
    pair_limit_cents: PerLimit  # limit per day, NONE: no limit
    # -- sub-limits, axis empty if the scenario has none --
    bank_sub_limit_cents: PerSubLimit  # liquidity reserved for priority payments at the start of the run
    # -- random arrivals --
    source_bank: PerSource  # sender
    source_rate: PerSourceFloat  # mean number of payments per tick
    source_exp_neg_rate: PerSourceFloat  # exp(-rate), for the Poisson draw
    source_amount_kind: PerSource  # codes.AmountKind
    source_amount_min: PerSource  # minimum amount in cents
    source_amount_max: PerSource  # maximum amount in cents
    source_amount_mean: PerSourceFloat  # mean; of the logarithm for lognormal
    source_amount_std: PerSourceFloat  # standard deviation, of the logarithm for lognormal; rate; exponent of the tail
    source_first_amount: PerSource  # first element of the amount axis
    source_num_amounts: PerSource  # number of elements of the amount axis
    source_is_weighted: PerSource  # receivers are drawn by weight, else uniformly from the other banks
    source_deadline_min_ticks: PerSource  # shortest time from arrival to deadline
    source_deadline_max_ticks: PerSource  # longest time from arrival to deadline
    source_priority_kind: PerSource  # codes.PriorityKind
    source_priority_min: PerSource  # lowest priority, or the fixed priority
    source_priority_max: PerSource  # highest priority
    source_first_choice: PerSource  # first element of the choice axis
    source_num_choices: PerSource  # number of elements of the choice axis
    source_is_divisible: PerSource  # payments are divisible
    source_has_pattern: PerSource  # the rate varies over the day
    weight_bank: PerWeight  # receivers in file order
    weight_value: PerWeightFloat  # weight; UNLISTED: the file has no weight for the receiver, same effect as 0
    pattern_factor: PerPatternFloat  # factor of the rate
    choice_priority: PerChoice  # priority
    choice_weight: PerChoiceFloat  # probability weight
    amount_share: PerAmountFloat  # weight of a lognormal; probability of an amount up to the quantile
    amount_log: PerAmountFloat  # mean of the logarithm of the cents; logarithm of the quantile
    amount_log_std: PerAmountFloat  # standard deviation of the logarithm of the cents; 0 for a quantile
    day_factor_log_std: OneFloat  # of the logarithm of the day's factor of all rates, 0: none
    # -- recorded arrivals; axes empty if there are none --
    recorded_address: One  # where the recorded payments lie in this process's memory (``schema/recorded.py``)
    recorded_words: One  # number of words that they take
    recorded_resampling: One  # codes.Resampling
    recorded_block_ticks: One  # ticks of a block, for codes.Resampling.BLOCKS
    recorded_day: PerRecordedDay  # days that may be played, in order of date: number of the day in the data set
    recorded_date: PerRecordedDay  # their dates, as the number YYYYMMDD
    recorded_bank: PerRecordedBank  # bank of each bank number in the data set
    # -- scenario events, in file order --
    event_kind: PerEvent  # codes.ScheduledKind
    event_tick: PerEvent  # first tick of the event
    event_every_ticks: PerEvent  # period, NONE: once
    event_bank: PerEvent  # bank, or sender
    event_counterparty: PerEvent  # receiver
    event_cents: PerEvent  # amount, or change of collateral or of the overdraft limit
    event_priority: PerEvent  # priority of the payment
    event_deadline_ticks: PerEvent  # time from arrival to deadline, NONE: default
    event_is_divisible: PerEvent  # payment is divisible
    event_factor: PerEventFloat  # factor of a rate or of the shortest deadline, or the new weight
    event_second_factor: PerEventFloat  # factor of the longest deadline
    event_probability: PerEventFloat  # probability that the payment arrives, NONE: it always arrives
    event_order: PerEvent  # one-time events by tick, then periodic events; ties in file order
    num_once_events: One  # number of one-time events
    # -- choices of a queue head --
    choice_verb: PerSlotChoice  # choice of a queue head: codes.Verb
    choice_parts: PerSlotChoice  # choice of a queue head: parts of a split, else 0
    # -- liquidity-saving algorithms in the order in which they run --
    algorithm: PerAlgorithm  # codes.LsmAlgorithm
    # -- intraday market; rates in hundredths of a basis point --
    market_is_regulated: PerMarket  # rates must stay inside corridor and band
    market_offers_orders: PerMarket  # market head for learning banks
    market_deposit_rate: PerMarket  # lower bound of the corridor
    market_lending_rate: PerMarket  # upper bound of the corridor
    market_band_low_rate: PerMarket  # lower bound of the band, NONE: no band
    market_band_high_rate: PerMarket  # upper bound of the band, NONE: no band
    market_has_traders: PerMarket  # any bank has a scripted trader
    market_interest_scale: PerMarket  # interest is principal * rate * ticks / this number
    book_maturity: PerBook  # codes.Maturity
    book_maturity_ticks: PerBook  # maturity in ticks, for codes.Maturity.TICKS
    trader_credit_line_cents: PerTrader  # maximum principal and interest that the bank may owe in the market
    trader_kind: PerTrader  # codes.TraderKind
    trader_book: PerTrader  # book of the scripted trader
    trader_buffer_cents: PerTrader  # balance that the trader keeps
    trader_sigma_cents: PerTrader  # sigma of the corridor formula
    exposure_limit_cents: PerExposure  # maximum principal lent to the borrower, NONE: no limit
    # -- tree programs of all banks --
    num_registers: One  # number of registers of each bank
    any_tree_revokes: One  # any payment tree may revoke payments from the central queue
    reads_committed_to: One  # any program reads the value released to the payment's receiver
    reads_nearest_deadline: One  # any program reads the earliest deadline of a bank's payments in the central queue
    node_action: PerNode  # codes.TreeAction of a leaf, NONE: a condition
    node_key: PerNode  # leaf: new priority, RTGS priority, register or list of counterparties, or NONE
    node_first: PerNode  # first instruction of a condition, or of a leaf's values
    node_end: PerNode  # one past the last instruction
    node_on_true: PerNode  # next node if the condition is true
    node_on_false: PerNode  # next node if the condition is false
    node_path: PerNode  # number of a leaf's decision path, NONE: nodes without names
    instruction_op: PerInstruction  # codes.Op
    instruction_field: PerInstruction  # field, register, or number of instructions to skip
    instruction_value: PerInstructionFloat  # constant
    focus_has_bank: PerFocus  # list * banks + bank: release to this bank is allowed under the budget


@interleaved()
class State(NamedTuple):
    """Everything that changes during a run; one row for each copy."""

    # -- clock --
    tick: One  # open tick, or the next tick to open
    phase: One  # codes.Phase
    fault: One  # codes.Status; not OK after an overflow of an amount
    rng: One  # state of the xorshift64* stream, the bits of a uint64
    cursor_event: One  # position at which opening a tick resumes after the rows were doubled
    cursor_source: One  # position at which arrivals resume
    cursor_left: One  # payments still to draw from that source, NONE: count not drawn yet
    next_event_tick: One  # tick of the next scenario event
    cursor_recorded: One  # word at which recorded arrivals resume, NONE: the tick's have not begun
    recorded_place: One  # recorded day in use: position on the scenario's recorded_day axis
    # -- payment rows --
    next_id: One  # next payment id; ids are sequential from 1
    free_head: One  # list of free rows, linked by pay_next
    free_count: One  # free rows
    # -- central queue --
    queue2_head: One  # first payment, linked by pay_next
    queue2_tail: One  # last payment
    queue2_count: One  # payments
    queue2_value_cents: One  # value
    # -- totals of the run --
    arrived_count: One  # payments that arrived
    arrived_cents: One  # value that arrived
    settled_count: One  # payments settled
    settled_cents: One  # value settled
    dropped_count: One  # payments dropped
    dropped_cents: One  # value dropped
    lsm_released_count: One  # payments settled by liquidity saving
    lsm_released_cents: One  # value settled by liquidity saving
    # -- totals of the day and the tick --
    day_arrived_cents: One  # value that arrived today
    day_settled_cents: One  # value settled today
    tick_arrived_count: One  # payments that arrived in the tick
    tick_settled_count: One  # payments settled in the tick
    tick_lsm_count: One  # payments settled by liquidity saving in the tick
    tick_lsm_cents: One  # value settled by liquidity saving in the tick
    tick_cycle_attempts: One  # cycles tried in the tick
    tick_work_limit_hit: One  # a cycle search reached cycle_work_limit
    tick_is_charged: One  # any bank was charged in the tick
    # -- banks --
    bank_balance_cents: PerBank  # settlement account, may be negative
    bank_credit_limit_cents: PerBank  # overdraft limit
    bank_posted_collateral_cents: PerBank  # posted collateral
    bank_collateral_since_tick: PerBankNumber  # tick of the last post, NONE: none yet
    bank_timer_head: PerBankNumber  # collateral with a withdrawal timer, linked by pay_next
    bank_deferred_cents: PerBank  # credits that become usable at the end of the tick
    bank_pool_allocated_cents: PerBank  # allocated part of the pool
    bank_pool_fraction_ppm: PerBankNumber  # allocated share of the pool
    bank_outflow_cents: PerBank  # settled payments sent today
    bank_inflow_cents: PerBank  # settled payments received today
    bank_queue1_head: PerBankNumber  # first payment of the internal queue
    bank_queue1_tail: PerBankNumber  # last payment of the internal queue
    bank_queue1_count: PerBankNumber  # payments in the internal queue
    bank_queue1_cents: PerBank  # value in the internal queue
    bank_queue2_count: PerBankNumber  # the bank's payments in the central queue
    bank_queue2_cents: PerBank  # their value
    bank_expected_cents: PerBank  # value of payments to this bank in the central queue
    bank_budget_node: PerBankNumber  # leaf that set this tick's release budget, NONE: no limit
    bank_budget_cents: PerBank  # release budget
    bank_budget_each_cents: PerBank  # release budget for each counterparty
    # -- memory of trees --
    register_value: PerRegisterFloat  # bank * registers + register; cleared at the end of the day
    recent_lsm_count: PerRecent  # payments settled by liquidity saving, by tick modulo RECENT_TICKS
    # -- pairs --
    pair_outflow_cents: PerPair  # settled today
    pair_queue2_cents: PerPair  # value in the central queue
    # -- limits that banks set during the run; axes empty if the scenario does not offer them --
    sub_limit_cents: PerSubLimit  # liquidity reserved for priority payments
    send_limit_cents: PerSendLimit  # multilateral limit, NONE: no limit
    pair_send_limit_cents: PerPairSendLimit  # bilateral limit, NONE: no limit
    # -- random arrivals --
    day_rate_factor: OneFloat  # today's factor of all rates
    # axis empty if no event changes arrivals: the scenario's values hold
    source_rate: PerLiveSourceFloat  # current mean number of payments per tick
    source_base_rate: PerLiveSourceFloat  # rate without global rate changes
    source_exp_neg_rate: PerLiveSourceFloat  # exp(-rate), cached for the Poisson draw
    source_deadline_min_ticks: PerLiveSource  # shortest time from arrival to deadline
    source_deadline_max_ticks: PerLiveSource  # longest time from arrival to deadline
    source_is_weighted: PerLiveSource  # receivers are drawn by weight
    live_weight: PerLiveWeight  # receiver weights; axis empty if no event changes a weight
    # -- scenario events --
    event_next_tick: PerEvent  # next tick of the event, NONE: never again
    # -- costs --
    tick_cost_cents: PerCost  # costs since the last tick began to close
    run_cost_cents: PerRunCost  # costs of the run
    # -- intraday market; rates in hundredths of a basis point --
    market_next_order: PerMarket  # next order id; ids are sequential from 1
    market_next_loan: PerMarket  # next loan id; ids are sequential from 1
    market_order_free: PerMarket  # free rows, linked by order_next
    market_loan_free: PerMarket  # free rows, linked by loan_next
    market_loan_head: PerMarket  # open loans, oldest first, linked by loan_next
    market_loan_tail: PerMarket  # last open loan
    market_has_pending: PerMarket  # any learning bank placed an order in this tick
    market_has_interest: PerMarket  # interest fell due in the last tick
    book_bid_head: PerBook  # resting bids, best first, linked by order_next
    book_ask_head: PerBook  # resting asks, best first, linked by order_next
    book_last_rate: PerBook  # rate of the last trade, NONE: none yet
    trader_locked_cents: PerTrader  # reserves that back the bank's resting asks, taken out of its balance
    trader_credit_locked_cents: PerTrader  # credit line locked by the bank's resting bids
    trader_owed_cents: PerTrader  # principal and contracted interest of the bank's borrowing
    trader_borrowed_cents: PerTrader  # principal borrowed
    trader_lent_cents: PerTrader  # principal lent
    trader_interest_paid_cents: PerTrader  # interest paid since the start of the run
    trader_interest_received_cents: PerTrader  # interest received since the start of the run
    trader_tick_interest_cents: PerTrader  # interest cost minus interest income that fell due in the last tick
    trader_run_interest_cents: PerTrader  # interest cost minus interest income of the run
    trader_pending_side: PerTrader  # codes.Side of the order that this tick's market step places
    trader_pending_rate: PerTrader  # NONE: no decision, 0: no order
    trader_pending_cents: PerTrader  # quantity; that of an ask is already taken out of the balance
    exposure_cents: PerExposure  # principal lent and not repaid
    order_id: PerOrder  # 0: the row is free
    order_bank: PerOrder  # owner
    order_book: PerOrder  # book
    order_side: PerOrder  # codes.Side
    order_rate: PerOrder  # rate
    order_cents: PerOrder  # quantity that has not traded
    order_locked_cents: PerOrder  # reserves locked by an ask, credit line locked by a bid
    order_only: PerOrder  # the only bank it may trade with, NONE: any
    order_until_tick: PerOrder  # last tick in which it rests
    order_next: PerOrder  # next order of the book, or next free row
    order_prev: PerOrder  # previous order of the book
    loan_id: PerLoan  # 0: the row is free
    loan_book: PerLoan  # book
    loan_lender: PerLoan  # lender
    loan_borrower: PerLoan  # borrower
    loan_cents: PerLoan  # principal
    loan_rate: PerLoan  # rate
    loan_tick: PerLoan  # tick of the trade
    loan_due_tick: PerLoan  # tick of the repayment
    loan_repayment_cents: PerLoan  # principal and contracted interest
    loan_is_overdue: PerLoan  # was not repaid at maturity
    loan_next: PerLoan  # next loan, or next free row
    # -- payments --
    pay_place: PerPaymentCode  # codes.Place
    pay_id: PerPayment  # payment id
    pay_sender: PerPaymentShort  # sender
    pay_receiver: PerPaymentShort  # receiver
    pay_amount_cents: PerPayment  # original amount
    pay_remaining_cents: PerPayment  # remaining amount
    pay_arrival_tick: PerPaymentNumber  # tick of arrival
    pay_deadline_tick: PerPaymentNumber  # last tick on time
    pay_priority: PerPaymentCode  # priority
    pay_original_priority: PerPaymentCode  # priority before escalation
    pay_rtgs_priority: PerPaymentCode  # codes.RtgsPriority
    pay_submit_tick: PerPaymentNumber  # tick of submission
    pay_is_divisible: PerPaymentCode  # may be split
    pay_overdue_since: PerPaymentNumber  # tick, NONE: not overdue
    pay_parent: PerPaymentNumber  # row of the split parent
    pay_release_tick: PerPayment  # part of a staggered split: release tick, NONE: the policy decides; timer: when due
    pay_open_children: PerPaymentShort  # unsettled parts of a split parent
    pay_next: PerPaymentNumber  # next payment of its queue, or next free row
    pay_prev: PerPaymentNumber  # previous payment of its queue


class Work(NamedTuple):
    """Scratch space of one thread, and the interface for decisions and events."""

    log_count: One  # rows written since the last reset; rows beyond the log's size are counted but not kept
    bank_pool_share_ppm: PerBank  # decision, NONE: keep the allocation
    bank_collateral_ask_cents: PerBank  # decision: cents to post, or to withdraw if negative
    sub_limit_ask_cents: PerSubLimit  # decision: new sub-limit, KEEP: no change
    send_limit_ask_cents: PerSendLimit  # decision: new multilateral limit, NONE: no limit, KEEP: no change
    pair_send_limit_ask_cents: PerPairSendLimit  # decision: new bilateral limit, NONE: no limit, KEEP: no change
    has_orders: One  # decision: any learning bank placed a market order
    trader_order_side: PerTrader  # decision: codes.Side of the bank's market order
    trader_order_rate: PerTrader  # decision, NONE: keep resting orders, 0: cancel them
    trader_order_cents: PerTrader  # decision: quantity
    trader_to_receive_cents: PerTrader  # repayments to the bank that are due soon
    trader_to_repay_cents: PerTrader  # repayments by the bank that are due soon
    has_revocations: One  # decision: pay_decision is set for learning banks' payments in the central queue
    bank_delay_high: PerBank  # weighted queued value in thousandths of cents: the billions
    bank_delay_low: PerBank  # the rest; the sum may exceed 64 bits
    bank_due_now_cents: PerBank  # the bank's payments in the central queue that are due now
    bank_due_soon_cents: PerBank  # the bank's payments in the central queue that are due soon
    bank_edge: PerBank  # heads of the lists of queued payments by sender
    bank_net_cents: PerBank  # received minus paid in the candidate set
    bank_paid_cents: PerBank  # paid in the candidate set
    pair_key: PerPair  # scratch; also the chains of ``kernels/pair_chains.py``
    pair_order: PerPair  # scratch; also the chains of ``kernels/pair_chains.py``
    pair_scratch: PerPair  # scratch; also the chains of ``kernels/pair_chains.py``
    bank_nearest_tick: PerBank  # earliest deadline of the bank's payments in the central queue, NONE: none
    bank_committed_cents: PerBank  # value released in this tick
    bank_charged_cents: PerBank  # value charged to the release budget
    to_committed_cents: PerBank  # value that bank ``committed_owner`` released to each counterparty in this tick
    to_charged_cents: PerBank  # value charged to the deciding bank's release budget, by counterparty
    committed_owner: One  # NONE during decisions on the central queue: released values are in ``pair_scratch``
    pay_decision: PerPayment  # decision on a payment of the internal queue, or on revoking one: codes.Verb
    pay_leaf: PerPayment  # node that decided, NONE: no tree
    pay_parts_now: PerPayment  # split: parts released at once
    pay_gap_ticks: PerPayment  # split: ticks between the other parts
    pay_new_priority: PerPayment  # decision: priority of the payment or its parts, or RTGS priority of a resubmission
    pay_order: PerPayment  # rows in the order of a sort, or of submission
    pay_key: PerPayment  # sort key
    pay_scratch: PerPayment  # scratch of a sort
    stack: PerStack  # stack of the expression interpreter
    log: PerLogWord  # rows of LOG_WORDS words


RECENT_TICKS = 10
"""Window, in ticks, of the tree field for payments settled by liquidity saving."""

LOG_COLUMNS = ("tick", "kind", "bank", "counterparty", "pay_id", "cents", "value_1", "value_2")
"""Words of one row of the event log; ``simulation/event_log.py`` names the last two for each kind."""

LOG_WORDS = len(LOG_COLUMNS)
