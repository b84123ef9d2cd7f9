"""Random histories of two threads: messages, turns, approvals, checkpoints, reverts and their undoing."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from msgspec import UNSET

from chatdoc.model.events.types import (
    ApprovalResponded,
    MessageDeleted,
    MessageEdited,
    MessageRestored,
    Payload,
    ProjectMetaUpdated,
    Reverted,
    RevertUndone,
    ThreadDeleted,
    ThreadMetaUpdated,
    ThreadRestored,
    TurnInterruptRequested,
    TurnStartRequested,
    TurnStartWithdrawn,
)
from tests.store.projections.world import activity, checkpoint, message, moment, project, session, thread

THREADS = st.sampled_from(["t", "s"])
MESSAGES = st.sampled_from(["m1", "m2", "m3", "m4"])
TURNS = st.sampled_from(["a1", "a2", "a3"])
TIMES = st.integers(1, 40)


def _in_thread(thread_id: str) -> st.SearchStrategy[Payload]:
    def own(name: str) -> str:
        return f"{thread_id}-{name}"

    messages, turns = MESSAGES.map(own), TURNS.map(own)
    maybe_turn = st.none() | turns
    said: dict[str, Any] = {"thread_id": thread_id}
    date = TIMES.map(moment)
    return st.one_of(
        st.builds(
            message,
            messages | turns,
            st.sampled_from(["", "x", "yz"]),
            role=st.sampled_from(["user", "assistant", "assistant", "system"]),
            turn=maybe_turn,
            streaming=st.booleans(),
            thread_id=st.just(thread_id),
            at=TIMES,
        ),
        st.builds(message, messages, thread_id=st.just(thread_id), at=TIMES),
        st.builds(
            session,
            st.sampled_from(["running", "running", "ready", "error", "stopped", "starting", "interrupted"]),
            maybe_turn,
            user=st.just(UNSET) | st.none() | messages,
            at=TIMES,
            thread_id=st.just(thread_id),
        ),
        st.builds(checkpoint, turns, st.integers(0, 3), at=TIMES, thread_id=st.just(thread_id)),
        st.builds(
            activity,
            st.sampled_from(["x1", "x2", "x3", "x4"]).map(own),
            st.sampled_from(["tool.completed", "approval.requested", "approval.resolved"]),
            turn=maybe_turn,
            payload=st.sampled_from([None, {"requestId": own("r1")}, {"requestId": own("r2")}]),
            at=TIMES,
            thread_id=st.just(thread_id),
        ),
        st.builds(
            ApprovalResponded,
            request_id=st.sampled_from([own("r1"), own("r2")]),
            decision=st.sampled_from(["accept", "decline"]),
            created_at=date,
            **{"thread_id": st.just(thread_id)},
        ),
        st.builds(
            lambda m, d: MessageEdited(message_id=m, text="edited", updated_at=d, **said), messages, date
        ),
        st.builds(lambda m, d: MessageDeleted(message_id=m, deleted_at=d, **said), messages, date),
        st.builds(
            lambda m, d: MessageRestored(
                message_id=m, role="user", text="back", created_at=d, restored_at=d, **said
            ),
            messages,
            date,
        ),
        st.builds(lambda m, d: TurnStartRequested(message_id=m, created_at=d, **said), messages, date),
        st.builds(lambda m, d: TurnStartWithdrawn(message_id=m, created_at=d, **said), messages, date),
        st.builds(lambda a, d: TurnInterruptRequested(turn_id=a, created_at=d, **said), maybe_turn, date),
        st.builds(lambda n: Reverted(turn_count=n, **said), st.integers(0, 3)),
        st.builds(lambda n: RevertUndone(revert_sequence=n, **said), st.integers(1, 40)),
        st.builds(lambda d: ThreadMetaUpdated(title="Other", updated_at=d, **said), date),
        st.builds(lambda d: ThreadDeleted(deleted_at=d, **said), date),
        st.builds(lambda d: ThreadRestored(restored_at=d, **said), date),
        st.builds(lambda d: ProjectMetaUpdated(project_id="p", title="Moved", updated_at=d), date),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[list[Payload]]:
    """Batches of events, as commands would append them; the threads are there from the start."""
    steps = draw(st.lists(THREADS.flatmap(_in_thread), max_size=40))
    batches: list[list[Payload]] = [[project(), thread("t"), thread("s")]]
    while steps:
        size = draw(st.integers(1, 4))
        batches.append(steps[:size])
        steps = steps[size:]
    return batches
