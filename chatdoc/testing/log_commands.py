"""What agents tell the event log, at random: what they did, asked leave for and left behind, and what is hidden."""

from __future__ import annotations

from random import Random
from typing import get_args

from chatdoc.model.clock import iso
from chatdoc.model.commands.activities import AppendActivity, ExpireApproval, RequestApproval, RespondApproval
from chatdoc.model.commands.checkpoints import CompleteCheckpoint, RevertCheckpoint, UndoRevert
from chatdoc.model.commands.decide import LogCommand
from chatdoc.model.commands.sessions import RequestTurnInterrupt, SetSession, StopSession, UpdateProject
from chatdoc.model.events.types import ChangedFile, CheckpointStatus, Decision, SessionStatus, Tone
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.view.view import View

LOG_COMMAND_WEIGHTS = {
    "activity": 10,
    "request": 5,
    "respond": 6,
    "expire": 3,
    "session": 3,
    "stop session": 1,
    "wish to interrupt": 1,
    "checkpoint": 8,
    "revert": 4,
    "undo revert": 4,
    "project": 1,
}
_KINDS = ("tool.started", "tool.completed", "note", "provider.approval.respond.failed")
_PAYLOADS = (
    None, "", [1.5, None], {"deep": {"er": "漢"}}, {"requestId": "request-1", "detail": "unknown pending request"},
)  # fmt: skip
_STATUSES: tuple[SessionStatus, ...] = get_args(SessionStatus)
_DECISIONS: tuple[Decision, ...] = get_args(Decision)
_CHECKPOINTS: tuple[CheckpointStatus, ...] = get_args(CheckpointStatus)
_TONES: tuple[Tone, ...] = get_args(Tone)


def some_log_command(random: Random, view: View, kind: str, now_ms: int) -> LogCommand | None:
    """A command of a kind, or None where there is no thread; the ids come from a few, so that they meet."""
    threads = view.thread_ids()
    if not threads:
        return None
    thread_id = random.choice(threads)
    request_id = f"request-{random.randrange(30)}"
    match kind:
        case "activity":
            return _activity(random, view, thread_id)
        case "request":
            expires_at = random.choice((None, iso(now_ms - 5), iso(now_ms + 600), iso(now_ms + 600_000)))
            return RequestApproval(
                thread_id=thread_id,
                request_id=request_id,
                summary="rm -rf build",
                payload={"command": "rm -rf build"},
                turn_id=_some_turn(random, view, thread_id),
                expires_at=expires_at,
            )
        case "respond":
            decision = random.choice(_DECISIONS)
            return RespondApproval(thread_id=thread_id, request_id=request_id, decision=decision)
        case "expire":
            return ExpireApproval(thread_id=thread_id, request_id=request_id)
        case "session":
            return SetSession(
                thread_id=thread_id,
                status=random.choice(_STATUSES),
                provider_name="codex",
                active_turn_id=_some_turn(random, view, thread_id),
                last_error=random.choice((None, "no route to host")),
            )
        case "stop session":
            return StopSession(thread_id=thread_id)
        case "wish to interrupt":
            return RequestTurnInterrupt(thread_id=thread_id, turn_id=_some_turn(random, view, thread_id))
        case "checkpoint":
            return _checkpoint(random, view, thread_id)
        case "revert":
            return RevertCheckpoint(thread_id=thread_id, turn_count=random.randrange(4))
        case "undo revert":
            return UndoRevert(thread_id=thread_id)
        case "project":
            return UpdateProject(title=random.choice(("Work", "Play")), scripts=[{"name": "test"}])
    raise ValueError(f"expected one of {', '.join(LOG_COMMAND_WEIGHTS)}, got {kind!r}")


def _activity(random: Random, view: View, thread_id: ThreadId) -> AppendActivity:
    return AppendActivity(
        thread_id=thread_id,
        kind=random.choice(_KINDS),
        summary=random.choice(("", "ls", "x" * 300)),
        tone=random.choice(_TONES),
        payload=random.choice(_PAYLOADS),
        turn_id=_some_turn(random, view, thread_id),
        activity_id=random.choice((None, f"item-{random.randrange(30)}")),
    )


def _checkpoint(random: Random, view: View, thread_id: ThreadId) -> CompleteCheckpoint:
    turn = _some_turn(random, view, thread_id)
    count = random.randrange(1, 5)
    return CompleteCheckpoint(
        thread_id=thread_id,
        turn_id=turn or MessageId("a turn of long ago"),
        turn_count=count,
        checkpoint_ref=f"refs/chatdoc/checkpoints/{count}",
        status=random.choice(_CHECKPOINTS),
        files=(ChangedFile(path="a.py", kind="modified", additions=2),) if random.random() < 0.5 else (),
        assistant_message_id=turn,
        diff=random.choice((None, "", "--- a.py\n+++ a.py\n")),
    )


def _some_turn(random: Random, view: View, thread_id: ThreadId) -> MessageId | None:
    """A message of the thread that is or was a turn, often; now and then one that is none, or nothing."""
    present = view.ordered(thread_id)
    turns = [one for one in present if one in view.generating or one in view.marks]
    if turns and random.random() < 0.7:
        return random.choice(turns)
    return random.choice(present) if present and random.random() < 0.3 else None
