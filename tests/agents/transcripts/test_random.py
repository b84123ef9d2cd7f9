"""Whatever happens in a document, and whether its folder can be written or not, its transcripts end as its log says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from chatdoc.agents.turn import Turn
from chatdoc.model.errors import ChatdocError
from chatdoc.store.ledger.parity import with_log
from chatdoc.store.ledger.project import Project
from tests.agents.transcripts.beside import tell_activity, transcripts_of, turns_told
from tests.event_view.workplace import opened
from tests.migrate.transcript.turns import TEXTS

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "start",
                "append",
                "activity",
                "finalize",
                "fail",
                "interrupt",
                "edit",
                "delete",
                "thread",
                "break",
                "mend",
            ]
        ),
        st.integers(0, 3),
        TEXTS,
    ),
    min_size=4,
    max_size=18,
)


@settings(deadline=None, max_examples=20, phases=(Phase.explicit, Phase.generate))
@given(STEPS)
def test_transcripts_end_as_the_log_says(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, str]]
) -> None:
    """Files never say what the log does not; while the folder can be written they say all of it."""
    folder = tmp_path_factory.mktemp("random")
    document = opened(folder)
    document.create_thread(sender_id="ada", content="Plan")
    chats, away = folder / "chats", folder / "chats-away"
    chats.mkdir()
    running: dict[str, Turn] = {}
    messages: list[str] = []
    with document, transcripts_of(document, folder) as transcripts:
        for step, number, text in steps:
            threads = [one.thread_id for one in document.threads()]
            thread_id = threads[number % len(threads)]
            try:
                _step(document, step, thread_id, text, running, messages, chats, away)
            except ChatdocError:
                running.pop(thread_id, None)
            if chats.is_dir() and not transcripts.catch_up():
                _agrees(document, folder)
        if away.is_dir():
            chats.unlink()
            away.rename(chats)
        assert transcripts.catch_up() == []
        _agrees(document, folder)


def _step(
    document: Any,
    step: str,
    thread_id: str,
    text: str,
    running: dict[str, Turn],
    messages: list[str],
    chats: Path,
    away: Path,
) -> None:
    turn = running.get(thread_id)
    match step:
        case "start" if turn is None:
            question = document.send(thread_id, sender_id="ada", content=text)
            messages.append(question.message_id)
            running[thread_id] = document.start_turn(
                thread_id, sender_id="codex", answers=question.message_id
            )
            messages.append(running[thread_id].message_id)
        case "append" if turn is not None:
            turn.append(text)
            turn.flush()
        case "activity" if messages:
            tell_activity(
                document, thread_id, turn.message_id if turn else messages[-1], kind="exec", summary=text
            )
        case "finalize" | "fail" | "interrupt" if turn is not None:
            del running[thread_id]
            {"finalize": turn.finalize, "fail": lambda: turn.fail("x"), "interrupt": turn.interrupt}[step]()
        case "edit" if messages:
            document.edit(messages[-1], author_id="ada", content=text)
        case "delete" if messages:
            document.delete_message(messages[len(text) % len(messages)], deleted_by="ada")
        case "thread":
            document.create_thread(sender_id="ada", content=text)
        case "break" if chats.is_dir():
            chats.rename(away)
            chats.write_text("in the way")
        case "mend" if away.is_dir():
            chats.unlink()
            away.rename(chats)


def _agrees(document: Any, folder: Path) -> None:
    logs = turns_told(document)
    found = with_log(Project(folder), logs)
    assert [one.differences for one in found] == [[] for _ in found]
