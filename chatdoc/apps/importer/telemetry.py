"""Metrics and logs of imports: counters for Prometheus and one structured line a file, none of them with content."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from chatdoc.apps.importer.read_log import PARSER_VERSION
from chatdoc.apps.integrity_gauges import IntegrityGauges
from chatdoc.model.clock import Clock, iso, system_clock

LABELS = ("source", "stage", "result")
KIND_LENGTH_MAX = 80


class Telemetry:
    """An observer that counts, and logs when asked to."""

    def __init__(self, *, logs: bool = False, clock: Clock = system_clock) -> None:
        registry = self.registry = CollectorRegistry()
        self._scanned = Counter("chatdoc_import_files_scanned", "Files looked at.", LABELS, registry=registry)
        self._failures = Counter(
            "chatdoc_import_parse_failures", "Lines that were no whole record.", LABELS, registry=registry
        )
        self._indexed = Counter(
            "chatdoc_import_sessions_indexed", "Log files read.", LABELS, registry=registry
        )
        self._latency = Histogram(
            "chatdoc_import_pass2_latency_seconds",
            "How long reading what a file gained took.",
            LABELS,
            registry=registry,
            buckets=(0.001, 0.005, 0.01, 0.035, 0.1, 0.5, 2.0, 10.0),
        )
        self._unknown = Counter(
            "chatdoc_import_unknown_kinds",
            "Records of kinds that no reader knows.",
            ("source", "kind"),
            registry=registry,
        )
        self._log = _logger(clock) if logs else None

    def scanned(self, source: str, stage: str, result: str) -> None:
        """A file was looked at."""
        self._scanned.labels(source, stage, result).inc()

    def indexed(
        self, source: str, session: str, path: str, stage: str, result: str, took_ms: int, damaged: int
    ) -> None:
        """A file was read."""
        self._indexed.labels(source, stage, result).inc()
        self._latency.labels(source, stage, result).observe(took_ms / 1000)
        if damaged:
            self._failures.labels(source, stage, result).inc(damaged)
        if self._log is not None:
            self._log.info(
                "log read",
                source=source,
                session_id=session,
                path=path,
                parser=f"migrate.{source}",
                parser_version=PARSER_VERSION,
                stage=stage,
                result=result,
                took_ms=took_ms,
                damaged_lines=damaged,
            )

    def met(self, source: str, kinds: dict[str, int]) -> None:
        """Records of unknown kinds were read."""
        for kind, count in kinds.items():
            self._unknown.labels(source, kind[:KIND_LENGTH_MAX]).inc(count)

    def watch_integrity(self, read: Callable[[], Iterable[dict[str, int]]]) -> None:
        """Show the counters of the documents that were imported into, under the names of the rules."""
        self.registry.register(IntegrityGauges(read))

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)


def _logger(clock: Clock) -> structlog.types.FilteringBoundLogger:
    def stamp(_logger: object, _name: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
        event["timestamp"] = iso(clock())
        return event

    logger: structlog.types.FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(sys.stderr),
        processors=[structlog.processors.add_log_level, stamp, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(20),
    )
    return logger
