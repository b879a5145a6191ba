"""What Prometheus reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

if TYPE_CHECKING:
    from simcash_env.service.keeper import Keeper


class Meters:
    """One service's figures, apart from those of any other in the same process."""

    def __init__(self, keeper: Keeper) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "simcash_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "simcash_request_seconds", "Time to answer.", ("method", "route"), registry=self.registry
        )
        self.under_way = Gauge("simcash_requests_under_way", "Requests not answered yet.", registry=self.registry)
        self.streams = Gauge("simcash_streams", "WebSockets open.", registry=self.registry)
        self.registry.register(_OfKeeper(keeper))

    def text(self) -> bytes:
        """In Prometheus's text format."""
        return generate_latest(self.registry)


class _OfKeeper:
    """Figures that are read, not counted."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def collect(self) -> Iterator[Metric]:
        """Each figure as it is now."""
        keeper = self._keeper
        yield GaugeMetricFamily("simcash_simulations", "Simulations held.", value=len(keeper.held))
        yield GaugeMetricFamily("simcash_memory_bytes", "Bytes that simulations hold.", value=keeper.num_bytes())
        yield CounterMetricFamily("simcash_ticks", "Ticks run.", value=keeper.num_ticks)
