"""Fan-out: what was committed is merged into a few messages, each framed once, and sent to every client."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from chatdoc.apps.server import wire
from chatdoc.apps.server.member import Member
from chatdoc.apps.server.metrics import Metrics
from chatdoc.apps.server.websocket_protocol import frame_of
from chatdoc.crdt.ydoc import merge


class Held(NamedTuple):
    """A broadcast by which its sender sees that its own change is stored: a y-websocket client has no other sign."""

    member: Member
    message: bytes
    frame: bytes


def broadcast(
    updates: list[bytes],
    members: Iterable[Member],
    senders: Collection[Member],
    bytes_max: int,
    metrics: Metrics,
) -> list[Held]:
    """Send updates to whoever is live but to senders for whom it is a sign; what is held for those is returned.

    In messages of bounded size: each socket copies what it sends, and one that does not read keeps its copy.
    """
    held: list[Held] = []
    for group in wire.grouped(updates, bytes_max):
        message = wire.update(group[0] if len(group) == 1 else merge(group))
        metrics.broadcasts.inc()
        framed: dict[str | None, tuple[bytes, bytes]] = {}
        for member in members:
            if member.is_live:
                if member.name not in framed:
                    named = member.frame(message)
                    framed[member.name] = named, frame_of(named)
                if member.held or (member.name is None and member in senders):
                    member.held += 1
                    held.append(Held(member, *framed[member.name]))
                else:
                    member.outbox.put(*framed[member.name])
    return held
