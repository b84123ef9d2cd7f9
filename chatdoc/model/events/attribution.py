"""Who caused an event is told from its command id and metadata, as the orchestration contract tells it.

1. The command id begins with `provider:` or `server:`: that one.
2. The metadata names a session, thread, turn or item of a provider: the provider.
3. There is no command id: the server noticed it; `origin` in the metadata says from where (a peer, a migration, …).
4. Else: a client.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chatdoc.model.events.event import ActorKind

ORIGIN = "origin"
PROVIDER_IDS = ("providerSessionId", "providerThreadId", "providerTurnId", "providerItemId")
"""Metadata that only what a provider said has."""


def actor_kind(command_id: str | None, metadata: Mapping[str, Any]) -> ActorKind:
    """Who caused an event with this command id and metadata."""
    if command_id is not None:
        if command_id.startswith("provider:"):
            return "provider"
        if command_id.startswith("server:"):
            return "server"
    for name in PROVIDER_IDS:
        if metadata.get(name) is not None:
            return "provider"
    return "server" if command_id is None else "client"


def metadata_of(origin: str, known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The metadata of an event: where it came from, and what is known besides; None is not known.

    What may be known: the ids of a provider, `adapterKey`, `requestId` and `ingestedAt`.
    """
    metadata: dict[str, Any] = {ORIGIN: origin}
    for name, value in (known or {}).items():
        if name != ORIGIN and value is not None:
            metadata[name] = value
    return metadata
