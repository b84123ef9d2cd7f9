"""Prometheus metrics of the server and of every rule, in a registry of its own; none holds a text or a user's id."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from chatdoc.apps.integrity_gauges import IntegrityGauges

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """What the server counts."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.clients = Gauge("chatdoc_server_clients", "Open websockets.", registry=registry)
        self.rooms = Gauge("chatdoc_server_rooms", "Open documents.", registry=registry)
        self.unsaved = Gauge(
            "chatdoc_server_unsaved_documents",
            "Open documents whose text could not be written; their stores have everything.",
            registry=registry,
        )
        self.updates = Counter("chatdoc_server_updates", "Updates that clients sent.", registry=registry)
        self.broadcasts = Counter(
            "chatdoc_server_broadcasts", "Merged updates, each sent once to every client.", registry=registry
        )
        self.refused = Counter(
            "chatdoc_server_refused", "Refused items of updates.", ["code"], registry=registry
        )
        self.closed = Counter("chatdoc_server_closed", "Closed websockets.", ["code"], registry=registry)
        self.commands = Counter(
            "chatdoc_server_commands", "Commands by type and result.", ["type", "result"], registry=registry
        )
        self.forwarded = Counter(
            "chatdoc_server_forwarded",
            "Commands that the owner of a hot document, another server, has carried out.",
            registry=registry,
        )
        self.turn_seconds = Histogram(
            "chatdoc_server_turn_seconds",
            "How long one turn of a room took.",
            registry=registry,
            buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0),
        )
        self.sync_seconds = Histogram(
            "chatdoc_server_sync_seconds",
            "How long answers waited for the disk.",
            registry=registry,
            buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0),
        )
        self.turn_updates = Histogram(
            "chatdoc_server_turn_jobs",
            "How many updates and calls were one turn.",
            registry=registry,
            buckets=(1, 2, 5, 10, 20, 50, 100, 500, 2000),
        )

    def watch_integrity(self, read: Callable[[], Iterable[dict[str, int]]]) -> None:
        """Show the counters of all open documents, added up, under the names of the rules."""
        self.registry.register(IntegrityGauges(read))

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)
