"""Exact forks of a batch: candidate actions, played on over sampled futures while every bank follows a base policy.

A fork copies a copy's state, carries out one candidate action, and plays the rest of the day from new random streams:
it shares the past of the run and none of its future.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from pydantic import ValidationError

from simcash_env.agents.decode import decode
from simcash_env.agents.seeds import next_seed
from simcash_env.agents.tables import Buffers, Window
from simcash_env.compile.scenario import STATE_LAYOUT, CompiledScenario, compile_scenario, initial_work
from simcash_env.config import ScenarioConfig
from simcash_env.config.policies import PolicyConfig, TreePolicy
from simcash_env.config.report import broken_of, config_error
from simcash_env.envs.vector import SimCashVec
from simcash_env.envs.windows import new_window
from simcash_env.errors import ActionError, SimulationError
from simcash_env.kernels._numba.jit import entry, kernel
from simcash_env.kernels._numba.views import argument_opener, part
from simcash_env.kernels.arrivals import current_rate
from simcash_env.kernels.decisions import decide_all
from simcash_env.kernels.pool import allocate_pool
from simcash_env.kernels.rng import draw_float, draw_integer, draw_normal, start_stream
from simcash_env.kernels.tables import open_scenario, open_state, open_work
from simcash_env.kernels.tick import close_tick, open_tick, start_accounts
from simcash_env.kernels.trees.bank_trees import run_bank_trees
from simcash_env.policies import trees_of
from simcash_env.schema.arrays import I64, Scenario, State, Work
from simcash_env.schema.codes import NONE, NUM_COSTS, Phase, Status, Verb
from simcash_env.schema.layout import argument_fields, pack_arguments
from simcash_env.simulation.engine import grow_payments

OK, NEEDS_ROOM = int(Status.OK), int(Status.NEEDS_ROOM)
OVER = int(Phase.OVER)
HOLD = int(Verb.HOLD)
EVERYBODY: Final = NONE
"""In place of a bank whose costs count: those of all banks."""
FACTOR_DRAWS: Final = 64
"""Draws of a day's arrival factor from which one is chosen by its likelihood."""
COLLATERAL_TREES: Final = ("strategic_collateral_tree", "end_of_tick_collateral_tree")


class ForkRows(NamedTuple):
    """The rows that forks read and the scratch space in which they are played."""

    rules_row: I64  # the scenario in which learners decide
    rules_sizes: I64
    rules_work_row: I64
    rules_work_sizes: I64
    policy_row: I64  # the scenario in which the learners follow a policy
    policy_sizes: I64
    policy_work_row: I64
    policy_work_sizes: I64
    states: I64  # N * words of a state
    state_sizes: I64
    after_row: I64  # room for the state after the candidate's tick
    future_row: I64  # room for the state of a sampled future
    window: Window


class ForkCall(NamedTuple):
    """Arguments of ``play_forks`` for F forks and K samples."""

    rows: ForkRows
    buffers: Buffers  # of F copies: actions are read, illegal and liquidity written, the others empty
    copies: I64  # (F,) copy that each fork continues
    payers: I64  # (F,) bank whose costs count, EVERYBODY: the sum over all banks
    costs: I64  # F * K cents, written
    progress: I64  # (1,) forks finished; the call goes on from there
    num_samples: int  # K
    first_sample: int  # number of the first sample's future
    horizon_ticks: int  # ticks that are played at most, the candidate's own included
    seed: int  # of the futures


class DecisionCall(NamedTuple):
    """Arguments of ``decide_copies``."""

    rows: ForkRows
    buffers: Buffers  # of N copies: the optional heads as they are to be, nothing released
    decisions: I64  # N * L * slots of codes.Verb or SPLIT plus parts, written


open_fork_call = argument_opener(ForkCall)
open_decision_call = argument_opener(DecisionCall)


@kernel
def copy_row(source: I64, target: I64) -> None:
    """Copy a row of words."""
    for word in range(target.shape[0]):
        target[word] = source[word]


@kernel
def cost_of(state: State, payer: int) -> int:
    """Cents of the run so far, interest of a market included, of one bank or of all of them."""
    total = 0
    if payer == EVERYBODY:
        for at in range(state.run_cost_cents.shape[0]):
            total += state.run_cost_cents[at]
        for bank in range(state.trader_run_interest_cents.shape[0]):
            total += state.trader_run_interest_cents[bank]
        return total
    for at in range(payer * NUM_COSTS, (payer + 1) * NUM_COSTS):
        total += state.run_cost_cents[at]
    if state.trader_run_interest_cents.shape[0] > 0:
        total += state.trader_run_interest_cents[payer]
    return total


@kernel
def mixed(word: int, value: int) -> int:
    """A hash of a word and a value, from 0 to 2**63 - 1."""
    return next_seed(word ^ value)


@kernel
def seed_of_futures(state: State, seed: int) -> int:
    """Seed of the sampled futures of a decision: of what has happened so far, never of the run's random stream."""
    word = mixed(mixed(seed, state.tick[0]), state.arrived_cents[0])
    word = mixed(word, state.settled_cents[0])
    for bank in range(state.bank_balance_cents.shape[0]):
        word = mixed(word, state.bank_balance_cents[bank])
    return word


@kernel
def begin_future(scenario: Scenario, state: State, seed: int, recorded_day: int, now: int) -> None:
    """Replace what is hidden from the banks: the random stream, the day's arrival factor, and the recorded day.

    Args:
        scenario: whose recorded days are drawn.
        state: of the fork, after the candidate's tick.
        seed: of the future.
        recorded_day: number in the data set of the day that is being played, which no future repeats; NONE: none.
        now: tick of the candidate.
    """
    start_stream(state, seed)
    if scenario.day_factor_log_std[0] > 0.0:
        state.day_rate_factor[0] = draw_day_factor(scenario, state, now)
    num_days = scenario.recorded_day.shape[0]
    if num_days > 0:
        place = draw_integer(state, 0, num_days - 1)
        if scenario.recorded_day[place] == recorded_day:
            place = (place + draw_integer(state, 1, max(num_days - 1, 1))) % num_days
        state.recorded_place[0] = place


@kernel
def expected_count(scenario: Scenario, state: State, now: int) -> float:
    """Expected number of random payments from the start of the day to this tick if the day's factor is 1."""
    ticks_per_day, total = scenario.ticks_per_day[0], 0.0
    elapsed = now % ticks_per_day + 1
    for source in range(scenario.source_bank.shape[0]):
        weight = float(elapsed)
        if scenario.source_has_pattern[source]:
            weight = 0.0
            for tick in range(elapsed):
                weight += scenario.pattern_factor[source * ticks_per_day + tick]
        total += current_rate(scenario, state, source) * weight
    return total


@kernel
def draw_day_factor(scenario: Scenario, state: State, now: int) -> float:
    """The day's arrival factor given the number of arrivals so far (sampling importance resampling).

    Of ``FACTOR_DRAWS`` draws from the distribution of factors one is chosen with the likelihood of the count. On later
    days of a run the count of the day is not known; the factor is then drawn without it.
    """
    spread, count, expected = scenario.day_factor_log_std[0], 0.0, 0.0
    if now < scenario.ticks_per_day[0]:
        expected = expected_count(scenario, state, now)
        count = float(state.arrived_count[0]) if expected > 0.0 else 0.0
    chosen, total = 1.0, 0.0
    peak = count * math.log(count / expected) - count if count > 0.0 else 0.0
    for _ in range(FACTOR_DRAWS):
        log_factor = spread * draw_normal(state) - spread * spread / 2.0
        weight = math.exp(count * log_factor - math.exp(log_factor) * expected - peak)
        total += weight
        if draw_float(state) * total < weight:  # reservoir sampling
            chosen = math.exp(log_factor)
    return chosen


@entry
def play_forks(words: I64) -> int:
    """Play forks ``progress[0]`` and after, each over all samples; writes what they cost in cents.

    All samples of a fork share its first tick, which draws nothing: arrivals come with the opening of the next one.
    A fork ends with its day, with the horizon, or with the run.

    Args:
        words: a ``ForkCall``, as ``pack_arguments`` packs it.

    Returns:
        OK, or the status that stopped it; with NEEDS_ROOM call again with more payment rows.
    """
    call = open_fork_call(words)
    rows = call.rows
    rules, policy = open_scenario(rows.rules_row, rows.rules_sizes), open_scenario(rows.policy_row, rows.policy_sizes)
    rules_work = open_work(rows.rules_work_row, rows.rules_work_sizes)
    policy_work = open_work(rows.policy_work_row, rows.policy_work_sizes)
    width, num_samples = rows.after_row.shape[0], call.num_samples
    after, future = open_state(rows.after_row, rows.state_sizes), open_state(rows.future_row, rows.state_sizes)
    while call.progress[0] < call.copies.shape[0]:
        fork = call.progress[0]
        payer, first = call.payers[fork], fork * num_samples
        copy_row(part(rows.states, call.copies[fork] * width, width), rows.after_row)
        now, before = after.tick[0], cost_of(after, payer)
        seed, recorded_day = seed_of_futures(after, call.seed), NONE
        if rules.recorded_day.shape[0] > 0:
            recorded_day = rules.recorded_day[after.recorded_place[0]]
        decode(rules, after, rules_work, rows.window, fork, call.buffers)
        status = close_tick(rules, after, rules_work)
        if status != OK:
            return status
        end = (now // rules.ticks_per_day[0] + 1) * rules.ticks_per_day[0]
        end = min(end, now + call.horizon_ticks)
        if after.phase[0] == OVER or after.tick[0] >= end:  # nothing is left to chance
            cents = cost_of(after, payer) - before
            for sample in range(num_samples):
                call.costs[first + sample] = cents
        else:
            for sample in range(num_samples):
                copy_row(rows.after_row, rows.future_row)
                begin_future(policy, future, mixed(seed, call.first_sample + sample), recorded_day, now)
                status = play_on(policy, future, policy_work, end)
                if status != OK:
                    return status
                call.costs[first + sample] = cost_of(future, payer) - before
        call.progress[0] += 1
    return OK


@kernel
def play_on(scenario: Scenario, state: State, work: Work, end: int) -> int:
    """Play until this tick or the end of the run; returns the status."""
    while state.phase[0] != OVER and state.tick[0] < end:
        status = open_tick(scenario, state, work)
        if status == OK:
            status = close_tick(scenario, state, work)
        if status != OK:
            return status
    return OK


@entry
def decide_copies(words: I64) -> int:
    """Write what a policy decides on the payments that every copy shows, once the learners' pool shares hold.

    Args:
        words: a ``DecisionCall``, as ``pack_arguments`` packs it.

    Returns:
        OK.
    """
    call = open_decision_call(words)
    rows, window = call.rows, call.rows.window
    rules, policy = open_scenario(rows.rules_row, rows.rules_sizes), open_scenario(rows.policy_row, rows.policy_sizes)
    rules_work = open_work(rows.rules_work_row, rows.rules_work_sizes)
    work = open_work(rows.policy_work_row, rows.policy_work_sizes)
    width, num_learners, num_slots = rows.after_row.shape[0], window.learners.shape[0], window.num_slots
    state = open_state(rows.after_row, rows.state_sizes)
    for copy in range(call.buffers.illegal.shape[0] // num_learners):
        copy_row(part(rows.states, copy * width, width), rows.after_row)
        decode(rules, state, rules_work, window, copy, call.buffers)
        start_accounts(state, work)
        allocate_pool(rules, state, rules_work)
        run_bank_trees(policy, state, work)
        decide_all(policy, state, work)
        for index in range(num_learners):
            first, slot = (copy * num_learners + index) * num_slots, 0
            row = state.bank_queue1_head[window.learners[index]]
            while slot < num_slots:
                call.decisions[first + slot] = HOLD if row == NONE else work.pay_decision[row]
                row = NONE if row == NONE else state.pay_next[row]
                slot += 1
    return OK


def following(config: ScenarioConfig, bank_ids: tuple[str, ...], policy: PolicyConfig) -> ScenarioConfig:
    """The scenario in which these banks follow a policy, and in which recorded days are training days."""
    banks = tuple(bank.model_copy(update={"policy": policy}) if bank.id in bank_ids else bank for bank in config.banks)
    changes: dict[str, object] = {"banks": banks}
    if config.arrivals is not None:
        recorded = config.arrivals.recorded.model_copy(update={"days": "train"})
        changes["arrivals"] = config.arrivals.model_copy(update={"recorded": recorded})
    return config.model_copy(update=changes)


class Forks:
    """Forks of the copies of a batch in which the learners follow a policy after the candidate's tick.

    Args:
        vec: the batch; its action is of any kind.
        policy: of all learning banks, interpreted by the kernel.

    Raises:
        ActionError: the policy remembers or moves collateral, the batch plays a family of scenarios, or the scenario
            has recorded days and too few of them are training days.
    """

    def __init__(self, vec: SimCashVec, policy: PolicyConfig) -> None:
        if len(vec.variants) > 1:
            message = "forks: need a batch of one scenario, not a family (randomize)"
            raise ActionError(message)
        self._vec, self._rules = vec, vec.scenario
        self._policy = _compiled(vec, policy)
        self._window = new_window(vec.variants, vec, vec.action, vec.num_features)
        self._doublings = 0

    def costs(
        self, actions: I64, copies: I64, payers: I64, num_samples: int, *,
        first_sample: int = 0, horizon_ticks: int | None = None, seed: int = 0,
    ) -> I64:  # fmt: skip
        """Cents (F, K) of F forks from the candidate's tick on, over K futures that are common to the forks of a copy.

        Args:
            actions: (F, L, H) heads of the candidates.
            copies: (F,) copy of each fork; its episode must be running.
            payers: (F,) number of the bank whose costs count, ``EVERYBODY`` for the sum.
            num_samples: K.
            first_sample: number of the first future; futures of different numbers are independent.
            horizon_ticks: ticks that are played at most; None for the rest of the day.
            seed: of the futures.

        Raises:
            SimulationError: a total left the range of int64 cents.
        """
        costs, progress = np.zeros((len(actions), num_samples), np.int64), np.zeros(1, np.int64)
        buffers = _buffers(actions)
        horizon = self._vec.num_ticks if horizon_ticks is None else horizon_ticks
        copies, payers = np.ascontiguousarray(copies, np.int64), np.ascontiguousarray(payers, np.int64)
        while True:
            call = ForkCall(
                self._rows(), buffers, copies, payers, costs.reshape(-1), progress,
                num_samples, first_sample, horizon, seed,
            )  # fmt: skip
            status = play_forks(pack_arguments(call))
            if status == OK:
                return costs
            if status != NEEDS_ROOM:
                message = f"fork of copy {copies[progress[0]]}: a total left the range of int64 cents (4e18)"
                raise SimulationError(message)
            self._doublings += 1

    def decisions(self, actions: I64) -> I64:
        """(N, L, K) what the policy decides on the payments shown: a ``codes.Verb``, or ``Verb.SPLIT`` plus the parts.

        Args:
            actions: (N, L, H) heads that hold all payments; the pool shares among them count as allocated.
        """
        vec = self._vec
        decisions = np.zeros((vec.num_envs, vec.num_banks, vec.num_slots), np.int64)
        call = DecisionCall(self._rows(), _buffers(actions), decisions.reshape(-1))
        decide_copies(pack_arguments(call))
        return decisions

    def _rows(self) -> ForkRows:
        """The present states with room for more payments, and scratch space."""
        states, sizes = self._vec.state_rows()
        for _ in range(self._doublings):
            states, sizes = grow_payments(states, sizes)
        rules, policy, width = self._rules, self._policy, states.shape[1]
        return ForkRows(
            rules.row, rules.sizes, *initial_work(rules, sizes),
            policy.row, policy.sizes, *initial_work(policy, sizes),
            states.reshape(-1), sizes, np.zeros(width, np.int64), np.zeros(width, np.int64), self._window,
        )  # fmt: skip


def _buffers(actions: I64) -> Buffers:
    """Buffers that hold actions (copies, L, H), and nothing that only an observed step needs."""
    rows = len(actions) * actions.shape[1]
    empty = {field.name: np.zeros(0, field.kind) for field in argument_fields(Buffers)}
    used = {
        "actions": np.ascontiguousarray(actions, np.int32).reshape(-1),
        "illegal": np.zeros(rows, np.int64),
        "liquidity": np.zeros(2 * rows, np.int64),
    }
    return Buffers(**{**empty, **used})


def _compiled(vec: SimCashVec, policy: PolicyConfig) -> CompiledScenario:
    """The batch's scenario with the learners following a policy.

    Raises:
        ActionError: see ``Forks``.
    """
    name = policy.type
    if isinstance(policy, TreePolicy):
        moved = [tree for tree in COLLATERAL_TREES if tree in policy.definition]
        if moved:
            message = f"base policy {name}: {', '.join(moved)}: a rollout cannot carry out decisions on collateral"
            raise ActionError(message)
    if trees_of(policy, simcash=vec.config.rules.set == "simcash") is None:
        message = f"base policy {name}: the kernel must be able to decide by itself; choose a scripted policy"
        raise ActionError(message)
    try:
        compiled = compile_scenario(following(vec.config, vec.bank_ids, policy))
    except ValidationError as error:
        rules = "; ".join(f"{fault.path}: {fault.rule}" for fault in config_error(broken_of(error, {}), None).faults)
        message = f"forks: futures are drawn from training days: {rules}"
        raise ActionError(message) from error
    own, other = STATE_LAYOUT.lengths(vec.scenario.state_sizes), STATE_LAYOUT.lengths(compiled.state_sizes)
    if own != other:
        message = f"base policy {name}: remembers from tick to tick, which a learner's state has no room for"
        raise ActionError(message)
    played = compiled.view.recorded_day
    if len(played) == 1 and played[0] in vec.scenario.view.recorded_day:
        message = "forks: futures are drawn from training days, and the only one is a day that is played"
        raise ActionError(message)
    return compiled
