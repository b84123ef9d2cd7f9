"""One Prometheus gauge a rule: the counters of all open documents' integrity reports, added up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class IntegrityGauges(Collector):
    """Asks for the counters whenever metrics are read."""

    def __init__(self, read: Callable[[], Iterable[dict[str, int]]]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """One gauge a rule."""
        sums: dict[str, int] = {}
        for counters in self._read():
            for name, number in counters.items():
                sums[name] = sums.get(name, 0) + number
        for name, number in sorted(sums.items()):
            yield GaugeMetricFamily(
                name.replace(".", "_").replace("-", "_"), f"Now in open documents: {name}.", value=number
            )
