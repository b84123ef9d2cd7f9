"""What agents and those who wait for them do to a document, at random, within what the commands of turns allow."""

from __future__ import annotations

from random import Random
from typing import get_args

from chatdoc.model.commands.decide import TurnCommand
from chatdoc.model.commands.turn_end import (
    FailTurn,
    FinalizeTurn,
    InterruptTurn,
    KeepLate,
    Reason,
    RecoverTurn,
)
from chatdoc.model.commands.turn_queue import QueueTurn, SendNow, WithdrawQueued, queue_of
from chatdoc.model.commands.turn_start import StartTurn
from chatdoc.model.commands.turn_states import state_of_thread, state_of_turn
from chatdoc.model.commands.turn_stream import AppendPiece, BindSession
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.view.view import View

TURN_WEIGHTS = {
    "queue": 8,
    "withdraw": 2,
    "send now": 3,
    "start": 12,
    "append": 24,
    "bind": 3,
    "finalize": 6,
    "interrupt": 3,
    "recover": 2,
    "fail": 2,
    "late": 2,
}
AGENTS = ("codex", "claude")
CHUNKS = ("", "Hello", ", world", "\n", "\U0001f600 漢", "x" * 300)
_REASONS: tuple[Reason, ...] = get_args(Reason)


def some_turn_command(random: Random, view: View, kind: str, by: str) -> TurnCommand | None:
    """A command of a kind that means something in this view, or None when no turn here can be so changed."""
    if kind in ("queue", "start"):
        # A thread without a config is told of as soon as an agent works in it, and a turn may not make one.
        configured = [one for one in view.thread_ids() if view.has_config(one)]
        if kind == "queue":
            configured = [one for one in configured if not _is_deleted(view, one)]
        else:
            configured = [one for one in configured if state_of_thread(view, one) != "running"]
        return _entering(random, view, kind, by, random.choice(configured)) if configured else None
    if kind in ("withdraw", "send now"):
        waiting = sorted(one for one in view.queued if view.has_thread(view.thread_of(one) or ""))
        if not waiting:
            return None
        waits = random.choice(waiting)
        home = view.headers[waits].thread_id
        change = WithdrawQueued if kind == "withdraw" else SendNow
        return change(thread_id=home, message_id=waits, by=by)
    if kind == "late":
        # A turn that has ended has marks.
        turns = sorted(MessageId(one) for one in view.marks if view.has_message(one))
        turns = [one for one in turns if state_of_turn(view, one) not in ("idle", "running")]
    else:
        turns = sorted(view.generating)
    if kind == "bind":
        turns = [one for one in turns if view.field(one, "acp_automation_id") is None]
    # The thread of a message may be late.
    turns = [one for one in turns if view.has_thread(view.headers[one].thread_id)]
    if not turns:
        return None
    message_id = random.choice(turns)
    return _running(random, view, kind, view.headers[message_id].thread_id, message_id)


def _is_deleted(view: View, thread_id: ThreadId) -> bool:
    thread = view.thread(thread_id)
    return thread is not None and thread.deleted_at is not None


def _entering(random: Random, view: View, kind: str, by: str, thread_id: ThreadId) -> TurnCommand:
    present = view.ordered(thread_id)
    if kind == "queue":
        asked = [one for one in present if state_of_turn(view, one) == "idle"]
        if asked and random.random() < 0.2:
            return QueueTurn(thread_id=thread_id, message_id=random.choice(asked))
        return QueueTurn(thread_id=thread_id, sender_id=by or "ada", content=random.choice(CHUNKS))
    waiting = queue_of(view, thread_id)
    fields = {"acp_automation_id": "nightly"} if random.random() < 0.2 else {}
    if waiting and random.random() < 0.7:
        return StartTurn(
            thread_id=thread_id,
            sender_id=random.choice(AGENTS),
            answers=waiting[0],
            from_queue=True,
            fields=fields,
        )
    answers = random.choice(present) if present and random.random() < 0.8 else None
    return StartTurn(thread_id=thread_id, sender_id=random.choice(AGENTS), answers=answers, fields=fields)


def _running(
    random: Random, view: View, kind: str, thread_id: ThreadId, message_id: MessageId
) -> TurnCommand:
    text = random.choice(CHUNKS)
    match kind:
        case "append":
            pieces = view.pieces.get(message_id)
            seq = max(pieces) + 1 if pieces else 0
            return AppendPiece(thread_id=thread_id, message_id=message_id, seq=seq, text=text)
        case "bind":
            session = f"session-{random.randrange(4)}"
            return BindSession(thread_id=thread_id, message_id=message_id, session_id=session)
        case "finalize":
            usage = {"input_tokens": random.randrange(9)} if random.random() < 0.5 else None
            whole = text if random.random() < 0.2 else None
            return FinalizeTurn(
                thread_id=thread_id, message_id=message_id, content=whole, tail=text, usage=usage
            )
        case "interrupt":
            return InterruptTurn(
                thread_id=thread_id, message_id=message_id, reason=random.choice(_REASONS), tail=text
            )
        case "recover":
            return RecoverTurn(thread_id=thread_id, message_id=message_id, reason=random.choice(_REASONS[1:]))
        case "fail":
            return FailTurn(thread_id=thread_id, message_id=message_id, error="no route to host", tail=text)
        case "late":
            message = view.message(message_id)
            assert message is not None
            said = message.content if random.random() < 0.6 else ""
            return KeepLate(thread_id=thread_id, message_id=message_id, content=said + text)
    raise ValueError(f"expected one of {', '.join(TURN_WEIGHTS)}, got {kind!r}")
