"""Prometheus exposition of a move between tables and of a project's ledgers: numbers, states and field names only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_LABELS = {
    "reads": ("path", "Reads by the side that answered."),
    "fallback": ("reason", "Reads that one side could not answer alone."),
    "dual_write": ("result", "Writes of both sides."),
    "mismatch": ("field", "Values that differ between the sides."),
}


class DualMetrics(Collector):
    """The counters of moves as `chatdoc dual status` tells them, one entity each."""

    def __init__(self, entities: Iterable[Mapping[str, Any]]) -> None:
        self._entities = list(entities)

    def collect(self) -> Iterator[Metric]:
        """Counters by their labels, and gauges of the phase, of rows and of what waits for a repair."""
        phase = GaugeMetricFamily("chatdoc_dual_phase", "1 for the phase now.", labels=("entity", "phase"))
        rows = GaugeMetricFamily("chatdoc_dual_rows", "Rows of each side.", labels=("entity", "side"))
        pending = GaugeMetricFamily("chatdoc_dual_pending", "Writes that a side lacks.", labels=("entity",))
        seconds = CounterMetricFamily(
            "chatdoc_dual_read_seconds", "Time that reads took.", labels=("entity", "path")
        )
        counters = {
            name: CounterMetricFamily(f"chatdoc_dual_{name}", told, labels=("entity", label))
            for name, (label, told) in _LABELS.items()
        }
        for one in self._entities:
            entity = one["entity"]
            phase.add_metric((entity, one["phase"]), 1)
            pending.add_metric((entity,), one["pending"])
            for side in ("old", "new"):
                rows.add_metric((entity, side), one[f"{side}_rows"])
            for name, labels in one["counters"].items():
                for label, value in labels.items():
                    if name == "latency_us":
                        seconds.add_metric((entity, label), value / 1e6)
                    else:
                        counters[name].add_metric((entity, label), value)
        yield from (phase, rows, pending, seconds, *counters.values())


class LedgerMetrics(Collector):
    """How a project's ledgers stand, and by which way its threads were read."""

    def __init__(self, *, states: Mapping[str, int], reads: Mapping[str, int]) -> None:
        self._states, self._reads = dict(states), dict(reads)

    def collect(self) -> Iterator[Metric]:
        """A gauge of threads by state, and a counter of reads by diagnostic code."""
        if self._states:
            states = GaugeMetricFamily("chatdoc_ledger_threads", "Threads by state.", labels=("state",))
            for state, value in sorted(self._states.items()):
                states.add_metric((state,), value)
            yield states
        if self._reads:
            reads = CounterMetricFamily(
                "chatdoc_ledger_reads", "Threads read, by why there.", labels=("diagnostic",)
            )
            for code, value in sorted(self._reads.items()):
                reads.add_metric((code,), value)
            yield reads


def exposition(collector: Collector) -> bytes:
    """What a collector tells, in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry)
