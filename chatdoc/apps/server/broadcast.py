"""Fan-out: what was committed is merged into a few messages, each framed once, and sent to every client."""

from __future__ import annotations

from collections.abc import Iterable

from chatdoc.apps.server import wire
from chatdoc.apps.server.member import Member
from chatdoc.apps.server.metrics import Metrics
from chatdoc.apps.server.websocket_protocol import frame_of
from chatdoc.crdt.ydoc import merge


def broadcast(updates: list[bytes], members: Iterable[Member], bytes_max: int, metrics: Metrics) -> None:
    """Send updates to whoever is live, their senders too.

    In messages of bounded size: each socket copies what it sends, and one that does not read keeps its copy.
    """
    for group in wire.grouped(updates, bytes_max):
        message = wire.update(group[0] if len(group) == 1 else merge(group))
        metrics.broadcasts.inc()
        framed: dict[str | None, tuple[bytes, bytes]] = {}
        for member in members:
            if member.is_live:
                if member.name not in framed:
                    named = member.frame(message)
                    framed[member.name] = named, frame_of(named)
                member.outbox.put(*framed[member.name])
