"""The one stream of random numbers: xorshift64*, and the distributions drawn from it."""

import math

from tests.oracle.exact import round_double

MASK_64 = 2**64 - 1
MULTIPLIER = 0x2545F4914F6CDD1D
DOUBLE_STEP = 2.0**-53
STATE_OF_SEED_0 = 0x9E3779B97F4A7C15
POISSON_PART = 30.0


class RandomStream:
    """xorshift64* with shifts 12, 25, 27; the seed is the first state, for 0 another one that no seed is."""

    def __init__(self, seed: int) -> None:
        """Start the stream at a seed."""
        self.state = seed or STATE_OF_SEED_0

    def next_u64(self) -> int:
        """The next 64 random bits."""
        x = self.state
        x ^= x >> 12
        x ^= (x << 25) & MASK_64
        x ^= x >> 27
        self.state = x
        return (x * MULTIPLIER) & MASK_64

    def uniform(self) -> float:
        """A double in [0, 1) from the top 53 bits."""
        return (self.next_u64() >> 11) * DOUBLE_STEP

    def integer(self, low: int, high: int) -> int:
        """An integer in [low, high], by modulo."""
        return low + self.next_u64() % (high + 1 - low)

    def poisson(self, rate: float) -> int:
        """A Poisson count; rates above 30 are drawn in parts of 30 and a rest, and added."""
        count = 0
        while rate > POISSON_PART:
            count += self._small_poisson(POISSON_PART)
            rate -= POISSON_PART
        return count + self._small_poisson(rate)

    def _small_poisson(self, rate: float) -> int:
        threshold = math.exp(-rate)
        count = 0
        product = self.uniform()
        while product > threshold:
            count += 1
            product *= self.uniform()
        return count

    def _positive_uniform(self) -> float:
        """A double in (0, 1), for logarithms."""
        return self.uniform() or DOUBLE_STEP

    def standard_normal(self) -> float:
        """Box-Muller, cosine branch only: two draws each time."""
        radius = math.sqrt(-2.0 * math.log(self._positive_uniform()))
        return radius * math.cos(2.0 * math.pi * self.uniform())

    def normal_cents(self, mean: float, std_dev: float) -> int:
        """A normal amount, rounded, at least one cent."""
        return max(1, round_double(mean + std_dev * self.standard_normal()))

    def lognormal_cents(self, mean: float, std_dev: float) -> int:
        """A lognormal amount whose own mean and deviation are given, rounded, at least one cent."""
        ratio = std_dev / mean
        variance = math.log(1.0 + ratio * ratio)
        location = math.log(mean) - variance / 2.0
        return max(1, round_double(math.exp(location + math.sqrt(variance) * self.standard_normal())))

    def exponential_cents(self, rate: float) -> int:
        """An exponential amount, rounded, at least one cent."""
        return max(1, round_double(-math.log(self._positive_uniform()) / rate))

    def walk(self, weights: list[float]) -> int:
        """An index drawn by weight: walk the list subtracting, stop at the first rest that is not positive."""
        target = self.uniform() * sum(weights)
        for index, weight in enumerate(weights):
            target -= weight
            if target <= 0.0:
                return index
        return len(weights) - 1
