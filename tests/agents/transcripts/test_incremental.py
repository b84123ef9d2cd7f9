"""What is written turn by turn, from events alone, is what a look at all turns would write."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from chatdoc.model.errors import ChatdocError
from tests.agents.transcripts.beside import transcripts_of
from tests.event_view.workplace import opened

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "ask", "start", "append", "finalize", "fail", "activity", "late activity", "edit", "delete", "restore",
                "session", "session of a turn", "stop", "interrupt", "checkpoint", "revert", "undo", "elsewhere",
            ]
        ),
        st.integers(0, 7),
    ),
    min_size=5,
    max_size=30,
)  # fmt: skip


LATE = [("start", 0), ("revert", 1), ("late activity", 7), ("restore", 0), ("checkpoint", 2)]
"""Something is told of a turn that a revert has hidden, and then the turn is shown again."""


@example(LATE)
@example([("delete", 3), *LATE])
@settings(deadline=None, max_examples=30, phases=(Phase.explicit, Phase.generate))
@given(STEPS)
def test_incremental_writing_leaves_what_a_whole_look_leaves(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    """Sessions, checkpoints, reverts, late activities, edits and another opening: attaching anew finds nothing."""
    folder = tmp_path_factory.mktemp("incremental")
    with opened(folder) as document, opened(folder, seed=2) as other:
        thread_id = document.create_thread(sender_id="ada", content="Plan").thread_id
        with transcripts_of(document, folder) as transcripts:
            world = World(document, thread_id)
            for step, number in steps:
                with suppress(ChatdocError):
                    World.step(World(other, thread_id) if step == "elsewhere" else world, step, number)
            document.engine.catch_up()
            assert transcripts.catch_up() == []
            path = transcripts.project.transcript(next(iter(transcripts.project.thread_ids()), thread_id))
            before = path.read_bytes() if path.exists() else b""
        transcripts_of(document, folder).close()
        assert (path.read_bytes() if path.exists() else b"") == before


class World:
    """One document, and what was done in it."""

    def __init__(self, document: Any, thread_id: str) -> None:
        self.document, self.thread_id = document, thread_id
        self.turns: list[Any] = []

    def step(self, step: str, number: int) -> None:
        """Do one thing; what cannot be done is refused."""
        document, thread_id, agents = self.document, self.thread_id, self.document.agents
        messages = [one.message_id for one in document.messages(thread_id, deleted=True)]
        chosen = messages[number % len(messages)]
        turn = self.turns[-1] if self.turns else None
        match step:
            case "ask" | "elsewhere":
                document.send(thread_id, sender_id="ada", content=f"question {number}")
            case "start":
                self.turns.append(document.start_turn(thread_id, sender_id="codex", answers=chosen))
            case "append" if turn:
                turn.append(f"piece {number} ")
                turn.flush()
            case "finalize" | "fail" if turn:
                turn.finalize() if step == "finalize" else turn.fail("broken")
            case "activity" if turn:
                agents.append_activity(thread_id, kind="exec", summary=f"{number}", turn_id=turn.message_id)
            case "late activity" if self.turns:
                chosen = self.turns[number % len(self.turns)].message_id
                agents.append_activity(thread_id, kind="note", summary=f"{number}", turn_id=chosen)
            case "edit":
                document.edit(chosen, author_id="ada", content=f"edited {number}")
            case "delete":
                document.delete_message(chosen, deleted_by="ada")
            case "restore":
                document.restore_message(chosen, restored_by="ada")
            case "session":
                agents.set_session(thread_id, ("idle", "ready", "running", "error")[number % 4])
            case "session of a turn" if turn:
                agents.set_session(thread_id, "running", active_turn_id=turn.message_id)
            case "stop":
                agents.stop_session(thread_id)
            case "interrupt":
                agents.request_interrupt(thread_id, turn_id=turn.message_id if turn else None)
            case "checkpoint" if turn:
                agents.complete_checkpoint(
                    thread_id,
                    turn_id=turn.message_id,
                    turn_count=len(self.turns),
                    checkpoint_ref=f"ref {number}",
                    status="ready",
                )
            case "revert":
                agents.revert(thread_id, number % 3)
            case "undo":
                agents.undo_revert(thread_id)
