"""Metrics for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

if TYPE_CHECKING:
    from simcash_env.service.keeper import Keeper


class Meters:
    """Metrics of one service, separate from other services in the process."""

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
        """Return the metrics in Prometheus's text format."""
        return generate_latest(self.registry)


class _OfKeeper:
    """Gauges that are read at scrape time."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def collect(self) -> Iterator[Metric]:
        """Yield the current value of each gauge."""
        keeper = self._keeper
        yield GaugeMetricFamily("simcash_simulations", "Simulations held.", value=len(keeper.held))
        yield GaugeMetricFamily("simcash_memory_bytes", "Bytes that simulations hold.", value=keeper.num_bytes())
        yield CounterMetricFamily("simcash_ticks", "Ticks run.", value=keeper.num_ticks)
