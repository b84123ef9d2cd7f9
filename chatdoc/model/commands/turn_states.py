"""A step of a turn is legal in the states this table names and leads to the one it shows; others are refused by it.

| step | idle | queued | running | interrupted | error | complete |
| --- | --- | --- | --- | --- | --- | --- |
| queue | queued | queued | running | queued | queued | queued |
| withdraw | idle | queued | running | interrupted | error | complete |
| send_now | queued | queued | running | queued | queued | queued |
| start | running | running | - | running | running | running |
| append | - | - | running | - | - | - |
| bind | - | - | running | - | - | - |
| finalize | - | - | complete | - | - | - |
| interrupt | - | - | interrupted | - | - | - |
| recover | - | - | interrupted | - | - | - |
| fail | - | - | error | - | - | - |
| keep_late | - | - | - | interrupted | error | complete |

The first four steps are judged by the thread: it is running while any of its messages is being written.
The others are judged by the one message they name, so turns that two replicas began at once in one thread each end on
their own. Withdrawing the last queued message leads from queued to idle.
"""

from __future__ import annotations

from typing import Literal, get_args

from chatdoc.model.arguments import require_member
from chatdoc.model.errors import CommandRefused
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.records.thread_state import State
from chatdoc.model.view.view import View

Step = Literal[
    "queue",
    "withdraw",
    "send_now",
    "start",
    "append",
    "bind",
    "finalize",
    "interrupt",
    "recover",
    "fail",
    "keep_late",
]
STATES: tuple[State, ...] = get_args(State)
TRACE = "acp_started_at_ms"
"""The field that tells the message of a turn from others."""


_ENDED: dict[State, State] = {"interrupted": "interrupted", "error": "error", "complete": "complete"}
_WAITING: dict[State, State] = {
    "idle": "queued",
    "queued": "queued",
    "running": "running",
    "interrupted": "queued",
    "error": "queued",
    "complete": "queued",
}
NEXT: dict[Step, dict[State, State]] = {
    "queue": _WAITING,
    "withdraw": {"idle": "idle", "queued": "queued", "running": "running", **_ENDED},
    "send_now": _WAITING,
    "start": {state: "running" for state in STATES if state != "running"},
    "append": {"running": "running"},
    "bind": {"running": "running"},
    "finalize": {"running": "complete"},
    "interrupt": {"running": "interrupted"},
    "recover": {"running": "interrupted"},
    "fail": {"running": "error"},
    "keep_late": _ENDED,
}
"""The table above: from the state that is found to the next."""


def next_state(step: Step, found: State, *, thread_id: str, message_id: str | None) -> State:
    """The state a step leads to; raises CommandRefused, with the state that was found, where it is illegal."""
    after = NEXT[step].get(found)
    if after is None:
        subject = f"thread {thread_id}" + (f", message {message_id}" if message_id else "")
        raise CommandRefused(
            f"cannot {step.replace('_', ' ')} in {subject}: it is {found},"
            f" expected {' or '.join(NEXT[step])}",
            hint="state(thread_id) says what the thread's agent does, queue(thread_id) what waits",
        )
    return after


def state_of_thread(view: View, thread_id: ThreadId) -> State:
    """What a thread's agent does: what its state says, unless its messages know better."""
    if any(view.thread_of(one) == thread_id for one in view.generating):
        return "running"
    facts = view.states.get(thread_id)
    if not facts:
        return "idle"
    last = facts[-1]
    if last.state != "running":
        return last.state
    active = last.active_message_id
    return "interrupted" if active is None else state_of_turn(view, active)


def state_of_turn(view: View, message_id: MessageId) -> State:
    """How the turn stands that a message is the answer of; idle when the message is none."""
    if message_id in view.generating:
        return "running"
    if view.field(message_id, "acp_error") is not None:
        return "error"
    if view.field(message_id, "acp_interrupted") is True:
        return "interrupted"
    if view.field(message_id, TRACE) is None and view.field(message_id, "generating") is None:
        return "idle" if view.has_message(message_id) else "interrupted"
    return "complete"


def require_turn(view: View, step: Step, thread_id: ThreadId, message_id: MessageId) -> State:
    """The state a step leads to that names thread and message; raises NotFound or CommandRefused."""
    require_member(view, thread_id, message_id, step.replace("_", " "))
    return next_state(step, state_of_turn(view, message_id), thread_id=thread_id, message_id=message_id)
