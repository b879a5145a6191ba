"""Building blocks of the rules as functions that Python can call: a rule alone has no wrapper for it."""

from simcash_env.kernels import money, queues, rng, sorting, waiting_pairs
from simcash_env.kernels._numba.jit import entry, wrapping_kernel
from simcash_env.kernels.market import interest as market_interest
from simcash_env.kernels.market import traders as market_traders
from simcash_env.kernels.tables import open_state, open_work
from simcash_env.kernels.trees.interpreter import apply_binary, apply_unary


@wrapping_kernel
def _draw_bits(state, bits):
    for at in range(bits.shape[0]):
        bits[at] = rng.next_word(state)


@entry
def draw_words(row, sizes, bits):
    """Fill ``bits`` (uint64) from the state's stream."""
    _draw_bits(open_state(row, sizes), bits)


@entry
def draw_floats(row, sizes, found):
    """Fill ``found`` with uniform numbers in [0, 1)."""
    state = open_state(row, sizes)
    for at in range(found.shape[0]):
        found[at] = rng.draw_float(state)


@entry
def draw_positive_floats(row, sizes, found):
    """Fill ``found`` with uniform numbers in (0, 1)."""
    state = open_state(row, sizes)
    for at in range(found.shape[0]):
        found[at] = rng.draw_positive_float(state)


@entry
def draw_integers(row, sizes, low, high, found):
    """Fill ``found`` with whole numbers from low to high."""
    state = open_state(row, sizes)
    for at in range(found.shape[0]):
        found[at] = rng.draw_integer(state, low, high)


@entry
def draw_normals(row, sizes, found):
    """Fill ``found`` with standard normal numbers."""
    state = open_state(row, sizes)
    for at in range(found.shape[0]):
        found[at] = rng.draw_normal(state)


@entry
def draw_poissons(row, sizes, rate, exp_neg_rate, found):
    """Fill ``found`` with Poisson counts."""
    state = open_state(row, sizes)
    for at in range(found.shape[0]):
        found[at] = rng.draw_poisson(state, rate, exp_neg_rate)


@entry
def multiply_divide(amount, rate, half, scale):
    """``money.multiply_divide``."""
    return money.multiply_divide(amount, rate, half, scale)


@entry
def wide_multiply_divide(amount, factor, half, scale):
    """``market_interest.wide_multiply_divide``."""
    return market_interest.wide_multiply_divide(amount, factor, half, scale)


@entry
def theoretical_rate(deposit, lending, surplus, sigma):
    """``market_traders.theoretical_rate``."""
    return market_traders.theoretical_rate(deposit, lending, surplus, sigma)


@entry
def round_half_away(value):
    """``money.round_half_away``."""
    return money.round_half_away(value)


@entry
def sort_by_key(order, key, scratch, count):
    """``sorting.sort_by_key``."""
    sorting.sort_by_key(order, key, scratch, count)


@entry
def enqueue1(row, sizes, payment):
    """A new payment (sender, receiver, cents, deadline, priority, divisible) at the end of Queue 1; returns its row."""
    state = open_state(row, sizes)
    pay = queues.take_row(state)
    queues.write_payment(state, pay, payment[0], payment[1], payment[2], payment[3], payment[4], payment[5])
    queues.count_arrival(state, pay)
    queues.join_queue1(state, pay)
    return pay


@entry
def dequeue1(row, sizes, pay):
    """Out of Queue 1, and the row is free again."""
    state = open_state(row, sizes)
    queues.leave_queue1(state, pay)
    queues.free_row(state, pay)


@entry
def hand_over(row, sizes, num_banks, pay):
    """From Queue 1 to the end of Queue 2."""
    state = open_state(row, sizes)
    queues.leave_queue1(state, pay)
    queues.join_queue2(num_banks, state, pay)


@entry
def dequeue2(row, sizes, num_banks, pay):
    """Out of Queue 2, and the row is free again."""
    state = open_state(row, sizes)
    queues.leave_queue2(num_banks, state, pay)
    queues.free_row(state, pay)


@entry
def binary(op, left, right):
    """An operation of trees on two values."""
    return apply_binary(op, left, right)


@entry
def unary(op, value):
    """An operation of trees on one value."""
    return apply_unary(op, value)


@entry
def list_pairs_both_ways(num_banks, row, sizes, work_row, work_sizes, found):
    """Write the pairs found in the matrix and those found in Queue 2 to the rows of ``found``; how many of each."""
    state, work = open_state(row, sizes), open_work(work_row, work_sizes)
    of_matrix = waiting_pairs.pairs_of_matrix(num_banks, state, work)
    for at in range(of_matrix):
        found[0, at] = work.pair_order[at]
    of_queue = waiting_pairs.pairs_of_queue(num_banks, state, work)
    for at in range(of_queue):
        found[1, at] = work.pair_order[at]
    return of_matrix, of_queue
