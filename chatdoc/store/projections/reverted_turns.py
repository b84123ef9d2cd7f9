"""A revert keeps the turns with a checkpoint within its count, and what belongs to them."""

from __future__ import annotations

from typing import NamedTuple

from chatdoc.model.events.types import Reverted
from chatdoc.store.projections.projector import Execute

_KEPT = (
    "SELECT turn_id, user_message_id, assistant_message_id FROM projection_thread_turns"
    " WHERE thread_id = ? AND turn_count <= ?"
)


class KeptTurns(NamedTuple):
    """The turns that stay, and the messages they name."""

    ids: frozenset[str]
    messages: frozenset[str]


def kept_turns(execute: Execute, said: Reverted) -> KeptTurns:
    """What a revert keeps; asked before the turns themselves are hidden, as the order of projectors has it."""
    rows = execute(_KEPT, (said.thread_id, said.turn_count)).fetchall()
    named = {message_id for _, *messages in rows for message_id in messages if message_id is not None}
    return KeptTurns(frozenset(row[0] for row in rows), frozenset(named))
