"""However a turn ends, all its text becomes one revision in the transaction that ends it, and its pieces go.

Finished, interrupted, recovered or failed: the message is no longer generating, and the thread's state says how it was.
A thread whose state is about another turn by then keeps that state.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from chatdoc.model.arguments import require_object, require_text, shortly
from chatdoc.model.clock import iso
from chatdoc.model.commands.plan import Now, Plan
from chatdoc.model.commands.repairs import ms_above, streamed
from chatdoc.model.commands.turn_facts import leftovers, marks, pieces_of, state
from chatdoc.model.commands.turn_states import Step, require_turn
from chatdoc.model.errors import CommandRefused
from chatdoc.model.facts import Fact, RevisionFact
from chatdoc.model.ids import MessageId, RevisionId, ThreadId, derive
from chatdoc.model.limits import ERROR_LENGTH_MAX
from chatdoc.model.records.message import Revision
from chatdoc.model.records.thread_state import State
from chatdoc.model.view.assemble import build_history
from chatdoc.model.view.view import View

Reason = Literal["interrupt", "server_restart", "worker_stopped", "backend_error"]
NOTICES: dict[str, str] = {
    "interrupt": "Interrupted by the user.",
    "server_restart": "Interrupted: the server was restarted.",
    "worker_stopped": "Interrupted: the agent stopped before it was done.",
    "backend_error": "Interrupted: the agent's backend failed.",
}


class FinalizeTurn(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """End a turn well: its text is `content`, else what was streamed and `tail` after it."""

    thread_id: ThreadId
    message_id: MessageId
    content: str | None = None
    tail: str = ""
    usage: dict[str, Any] | None = None


class InterruptTurn(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """End a turn before it is done; what was streamed, and `tail` after it, is its text."""

    thread_id: ThreadId
    message_id: MessageId
    reason: Reason = "interrupt"
    notice: str | None = None
    by: str | None = None
    tail: str = ""


class RecoverTurn(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """End a turn whose owner is gone; what was streamed is its text."""

    thread_id: ThreadId
    message_id: MessageId
    reason: Reason = "server_restart"
    notice: str | None = None


class FailTurn(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """End a turn with an error, which follows what was streamed and `tail`."""

    thread_id: ThreadId
    message_id: MessageId
    error: str
    tail: str = ""


class KeepLate(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Keep all an agent said, `content`, after somebody else ended its turn."""

    thread_id: ThreadId
    message_id: MessageId
    content: str


def require_end(command: FinalizeTurn | InterruptTurn | RecoverTurn | FailTurn) -> None:
    """Raise CommandRefused for arguments with which no turn can end, whatever state it is in.

    An end has one command id, and a refusal under it would be its answer for ever: it is asked before the id is used.
    """
    if not isinstance(command, RecoverTurn):
        require_text("tail", command.tail)
    if isinstance(command, FailTurn):
        require_text("error", command.error)
    elif isinstance(command, FinalizeTurn):
        if command.content is not None:
            require_text("content", command.content)
        if command.usage is not None:
            require_object("usage", command.usage)
    else:
        recovers = isinstance(command, RecoverTurn)
        if command.reason not in NOTICES or (recovers and command.reason == "interrupt"):
            step = "recover" if recovers else "interrupt"
            raise CommandRefused(
                f"reason: expected one of {', '.join(NOTICES)}, got {shortly(command.reason)} to {step}"
            )
        if command.notice is not None:
            require_text("notice", command.notice)


def decide_finalize(command: FinalizeTurn, view: View, now: Now) -> Plan:
    """The plan for a finished answer; its answer is the message."""
    after = require_turn(view, "finalize", command.thread_id, command.message_id)
    require_end(command)
    text = _text(view, command.message_id, command.tail) if command.content is None else command.content
    fields = {} if command.usage is None else {"acp_usage": command.usage}
    return _end(
        view, now, command.thread_id, command.message_id, after, _minted(view, now, command, text), fields
    )


def decide_interrupt(command: InterruptTurn | RecoverTurn, view: View, now: Now) -> Plan:
    """The plan for an answer that breaks off; its answer is the message.

    The revision's id is derived and lies below that of a finished answer: where another replica finalizes at the same
    time, its text is shown, and where two recover a turn at once they write the same.
    """
    step: Step = "recover" if isinstance(command, RecoverTurn) else "interrupt"
    tail = command.tail if isinstance(command, InterruptTurn) else ""
    after = require_turn(view, step, command.thread_id, command.message_id)
    require_end(command)
    notice = NOTICES[command.reason] if command.notice is None else command.notice
    text = _text(view, command.message_id, tail)
    revision = (
        streamed(view, command.message_id, text)
        if text != _newest(view, command.message_id).content
        else None
    )
    fields = {
        "acp_interrupted": True,
        "acp_interrupted_reason": command.reason,
        "acp_interrupted_text": notice,
    }
    by = command.by if isinstance(command, InterruptTurn) else None
    return _end(view, now, command.thread_id, command.message_id, after, revision, fields, by)


def decide_fail(command: FailTurn, view: View, now: Now) -> Plan:
    """The plan for an answer that ends with an error; its answer is the message."""
    after = require_turn(view, "fail", command.thread_id, command.message_id)
    require_end(command)
    text = _text(view, command.message_id, command.tail)
    error = command.error
    if len(error) > ERROR_LENGTH_MAX:
        error = f"{error[:ERROR_LENGTH_MAX]}… ({len(error)} characters)"
    text = f"{text}\n\n{error}" if text else error
    revision = _minted(view, now, command, text)
    fields = {"acp_error": error}
    return _end(view, now, command.thread_id, command.message_id, after, revision, fields)


def decide_late(command: KeepLate, view: View, now: Now) -> Plan:
    """The plan for text that came too late, or for nothing when the history has it; its answer is the message.

    It is shown where it goes on from what is shown; else it stands in the history, below what is.
    """
    message_id = command.message_id
    require_turn(view, "keep_late", command.thread_id, message_id)
    require_text("content", command.content)
    history = build_history(view.variants_of_message(message_id), view.revisions.get(message_id, ()))
    sender, newest = view.headers[message_id].sender_id, history[0]
    facts: tuple[Fact, ...] = ()
    if not any(command.content in one.content for one in history):
        if newest.author_id == sender and command.content.startswith(newest.content):
            revision_id, date = now.ids.mint(above=newest.revision_id), iso(now.ms)
        else:  # Whoever keeps it, and whenever, writes the same.
            date = newest.date
            revision_id = derive("late", max(ms_above(newest) - 2, 0), message_id, command.content)
        facts = (
            RevisionFact(
                message_id=message_id,
                revision_id=RevisionId(revision_id),
                author_id=sender,
                content=command.content,
                date=date,
            ),
        )
    return Plan(facts=facts, kind="message", subject=message_id)


def _text(view: View, message_id: MessageId, tail: str) -> str:
    """What the message shows while it is written, and what comes after it."""
    pieces = view.pieces.get(message_id, {})
    return _newest(view, message_id).content + "".join(pieces[seq] for seq in sorted(pieces)) + tail


def _newest(view: View, message_id: MessageId) -> Revision:
    return build_history(view.variants_of_message(message_id), view.revisions.get(message_id, ())[-1:])[0]


def _minted(view: View, now: Now, command: FinalizeTurn | FailTurn, text: str) -> RevisionFact | None:
    message_id = command.message_id
    newest = _newest(view, message_id)
    if newest.content == text:
        return None
    return RevisionFact(
        message_id=message_id,
        revision_id=RevisionId(now.ids.mint(above=newest.revision_id)),
        author_id=view.headers[message_id].sender_id,
        content=text,
        date=iso(now.ms),
    )


def _end(
    view: View,
    now: Now,
    thread_id: ThreadId,
    message_id: MessageId,
    after: State,
    revision: RevisionFact | None,
    fields: dict[str, Any],
    by: str | None = None,
) -> Plan:
    author = view.headers[message_id].sender_id if by is None else by
    facts: list[Fact] = [] if revision is None else [revision]
    facts += marks(view, now, message_id, author, generating=False, **fields)
    states = view.states.get(thread_id)
    last = states[-1] if states else None
    elsewhere = (
        last is not None and last.state in ("running", "queued") and last.active_message_id != message_id
    )
    if not elsewhere:
        facts += state(view, now, thread_id, after, message_id)
    gone = (*pieces_of(view, message_id), *leftovers(view, facts))
    return Plan(facts=tuple(facts), kind="message", subject=message_id, removals=gone)
