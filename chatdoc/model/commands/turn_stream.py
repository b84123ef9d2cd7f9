"""While a turn runs its text comes in numbered pieces, and it may bind the agent's session to the thread, nothing more.

A piece is known by message and number: written again, it changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import count

import msgspec

from chatdoc.model.arguments import equal, require_name, require_text, shortly
from chatdoc.model.commands.plan import Now, Plan
from chatdoc.model.commands.turn_states import require_turn
from chatdoc.model.errors import CommandRefused
from chatdoc.model.facts import PieceFact, SettingFact
from chatdoc.model.ids import MessageId, Stamp, ThreadId
from chatdoc.model.limits import ANSWER_BYTES_MAX, JSON_GROWTH
from chatdoc.model.view.assemble import ACP
from chatdoc.model.view.view import View

SEQ_END = 10**10
SESSION = ACP + "sessionId"
"""The one field of a thread's config that a turn may write."""


class AppendPiece(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Add a piece to the answer that is being written."""

    thread_id: ThreadId
    message_id: MessageId
    seq: int
    text: str


class BindSession(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Note the agent's session, to be resumed by the thread's next turn; runs of an automation may not."""

    thread_id: ThreadId
    message_id: MessageId
    session_id: str


def seq_behind(pieces: Collection[int]) -> int:
    """The number behind the last of these pieces; the first free one where a forger has come near the last number."""
    behind = max(pieces, default=-1) + 1
    return behind if behind < SEQ_END // 2 else next(seq for seq in count() if seq not in pieces)


def decide_append(command: AppendPiece, view: View, now: Now) -> Plan:
    """The plan for one piece, or for nothing when it is there; it is answered by nothing."""
    message_id, seq = command.message_id, command.seq
    require_turn(view, "append", command.thread_id, message_id)
    require_text("text", command.text)
    if not isinstance(seq, int) or isinstance(seq, bool) or not 0 <= seq < SEQ_END:
        raise CommandRefused(f"seq: expected a number from 0 to {SEQ_END - 1}, got {shortly(seq)}")
    present = view.texts_of_piece(message_id, seq)
    if command.text in present or not command.text:
        return Plan(facts=(), kind="none")
    if present:
        raise CommandRefused(
            f"piece {seq} of message {message_id} is there and says something else:"
            f" it has {len(present[0])} characters, the one that came {len(command.text)}",
            hint="Two writers are at one turn; turn(thread_id, message_id) goes on behind the last piece",
        )
    _require_room(view, message_id, command.text)
    piece = PieceFact(message_id=message_id, seq=seq, text=command.text)
    return Plan(facts=(piece,), kind="none")


def _require_room(view: View, message_id: MessageId, text: str) -> None:
    """Raise CommandRefused for a piece with which the answer could not end any more: its end is one record."""
    pieces = view.pieces.get(message_id, {})
    length = sum(map(len, pieces.values())) + len(text)
    if length * JSON_GROWTH <= ANSWER_BYTES_MAX:
        return
    size = len(msgspec.json.encode("".join([*pieces.values(), text])))
    if size > ANSWER_BYTES_MAX:
        raise CommandRefused(
            f"cannot append to message {message_id}: with this piece its answer takes {size} bytes as JSON,"
            f" expected at most {ANSWER_BYTES_MAX}",
            hint="End the turn with what it has, and go on in another one",
        )


def decide_bind(command: BindSession, view: View, now: Now) -> Plan:
    """The plan for one setting, or for nothing when it is so; its answer is the config."""
    thread_id, message_id = command.thread_id, command.message_id
    require_turn(view, "bind", thread_id, message_id)
    require_name("session_id", command.session_id)
    automation = view.field(message_id, "acp_automation_id")
    if automation is not None:
        raise CommandRefused(
            f"cannot bind a session in thread {thread_id}: message {message_id} is a run of automation"
            f" {shortly(automation)}, whose session is not the thread's",
            hint="Start the turn without acp_automation_id where its session is to be resumed",
        )
    history = view.settings.get(thread_id, {}).get(SESSION, [])
    if equal(history[-1].value if history else None, command.session_id):
        return Plan(facts=(), kind="config", subject=thread_id)
    setting = SettingFact(
        thread_id=thread_id,
        field=SESSION,
        stamp=Stamp(now.ids.mint(above=history[-1].stamp if history else "")),
        value=command.session_id,
        by=view.headers[message_id].sender_id,
    )
    return Plan(facts=(setting,), kind="config", subject=thread_id)
