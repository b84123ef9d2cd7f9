"""A transcript follows the log at each boundary of a turn, never runs ahead of it, and stops no turn when it fails."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest

from chatdoc.agents.transcripts import Transcripts, TurnLog
from chatdoc.document import Document
from chatdoc.model.commands.turn_end import InterruptTurn
from chatdoc.model.events.event import Event
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.store.atomic_file import temporary_path
from chatdoc.store.ledger.backfill import backfill
from chatdoc.store.ledger.log_turns import turn_uuid
from chatdoc.store.ledger.parity import with_ledger, with_log
from chatdoc.store.ledger.project import Project, thread_uuid
from migrate.transcript.identity import as_ulid
from migrate.transcript.turn import TranscriptTurn
from tests.agents.transcripts.beside import compact_log, tell_activity, transcripts_of, turns_told
from tests.event_view.workplace import opened
from tests.store.ledger.projects import NOW
from tests.strace import every, kills_and_failures, run


def began(folder: Path) -> tuple[Document, str]:
    """A stored document with one thread, and the thread's id."""
    folder.mkdir(exist_ok=True)
    document = opened(folder)
    thread = document.create_thread(sender_id="ada", content="Plan", name="Plan", acp_config={"model": "gpt"})
    return document, thread.thread_id


def told(folder: Path, thread_id: str) -> list[TranscriptTurn]:
    """The turns of a thread as its transcript tells them."""
    found = Project(folder).turns(thread_uuid(thread_id))
    return found.turns if found is not None else []


def agree(document: Document, folder: Path) -> bool:
    """Whether all transcripts tell what the log tells."""
    logs = turns_told(document)
    return all(one.equal for one in with_log(Project(folder), logs))


def test_a_turn_is_pending_from_its_start_and_ends_as_the_log_says(tmp_path: Path) -> None:
    """Begin, finalize and fail each leave the file as it should be when the call returns."""
    document, thread_id = began(tmp_path)
    with document, transcripts_of(document, tmp_path) as transcripts:
        question = document.send(thread_id, sender_id="ada", content="Why?\n\n### Actions")
        turn = document.start_turn(thread_id, sender_id="codex", answers=question.message_id)
        assert [(one.status, one.user_text, one.assistant_text) for one in told(tmp_path, thread_id)] == [
            ("pending", "Why?\n\n### Actions", "")
        ]
        before = transcripts.project.transcript(thread_uuid(thread_id)).read_bytes()
        turn.append("Because")
        tell_activity(
            document, thread_id, turn.message_id, kind="exec", summary="ls", payload={"detail": "3 files"}
        )
        turn.flush()
        assert transcripts.project.transcript(thread_uuid(thread_id)).read_bytes() == before
        turn.finalize()
        [first] = told(tmp_path, thread_id)
        assert (first.status, first.assistant_text, first.turn_id) == (
            "completed",
            "Because",
            turn_uuid(turn.message_id),
        )
        assert [(one.method, one.title, one.detail) for one in first.actions] == [("exec", "ls", "3 files")]
        assert as_ulid(first.turn_id) == turn.message_id
        document.start_turn(thread_id, sender_id="codex").fail("out of tokens")
        assert [one.status for one in told(tmp_path, thread_id)] == ["completed", "failed"]
        assert agree(document, tmp_path)
        assert (transcripts.behind, dict(transcripts.failures)) == ([], {})


def test_what_is_told_of_a_turn_after_its_end_is_written_too(tmp_path: Path) -> None:
    """An activity that comes late, and an edit of the question, are there when the call returns."""
    document, thread_id = began(tmp_path)
    with document, transcripts_of(document, tmp_path):
        question = document.send(thread_id, sender_id="ada", content="Why?")
        turn = document.start_turn(thread_id, sender_id="codex", answers=question.message_id)
        turn.append("x")
        turn.finalize()
        tell_activity(document, thread_id, turn.message_id, kind="note", summary="late")
        assert [one.title for one in told(tmp_path, thread_id)[0].actions] == ["late"]
        document.edit(question.message_id, author_id="ada", content="Why not?")
        assert told(tmp_path, thread_id)[0].user_text == "Why not?"


def test_a_transcript_that_cannot_be_written_stops_no_turn(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The failure is told without content, and the next boundary of any thread repairs the file."""
    document, thread_id = began(tmp_path)
    with document, transcripts_of(document, tmp_path) as transcripts:
        chats = tmp_path / "chats"
        chats.write_text("a file where the folder should be")
        with caplog.at_level(logging.WARNING, "chatdoc.transcripts"):
            turn = document.start_turn(thread_id, sender_id="codex")
            turn.append("secret")
            turn.finalize()
        assert transcripts.behind == [thread_id]
        assert sum(transcripts.failures.values()) >= 2
        assert thread_id in caplog.text
        assert "secret" not in caplog.text
        assert document.message(turn.message_id).content == "secret"
        chats.unlink()
        other = document.create_thread(sender_id="ada", content="Other").thread_id
        document.start_turn(other, sender_id="codex").interrupt(reason="interrupt")
        assert transcripts.behind == []
        assert [one.status for one in told(tmp_path, thread_id)] == ["completed"]
        assert agree(document, tmp_path)


def test_attaching_brings_the_files_to_what_the_log_says(tmp_path: Path) -> None:
    """Turns from before, deleted files and files that somebody spoilt; what others wrote into them stays."""
    document, thread_id = began(tmp_path)
    with document:
        for _ in range(3):
            turn = document.start_turn(thread_id, sender_id="codex")
            turn.append("answer")
            turn.finalize()
        transcripts_of(document, tmp_path).close()
        path = Project(tmp_path).transcript(thread_uuid(thread_id))
        whole = path.read_bytes()
        path.unlink()
        transcripts_of(document, tmp_path).close()
        assert path.read_bytes() == whole
        path.write_bytes(whole.replace(b"answer", b"forged", 1) + b"\na note of somebody\n")
        transcripts_of(document, tmp_path).close()
        assert path.read_bytes() == whole + b"\na note of somebody\n"
        assert agree(document, tmp_path)


def test_ledger_transcript_and_log_are_three_tellings_of_one_thread(tmp_path: Path) -> None:
    """The event log, the transcript beside it and the ledger made from that replay the same."""
    document, thread_id = began(tmp_path)
    with document, transcripts_of(document, tmp_path):
        for number in range(4):
            turn = document.start_turn(thread_id, sender_id="codex")
            turn.append(f"answer {number}\n\n<!-- CODEXCHAT_TURN_END -->")
            turn.finalize() if number % 2 else turn.fail("broken")
        backfill(Project(tmp_path), now_iso=NOW)
        assert with_ledger(Project(tmp_path), thread_uuid(thread_id)).equal
        assert agree(document, tmp_path)


def test_a_log_that_another_process_compacted_costs_no_boundary(tmp_path: Path) -> None:
    """What was folded away before it was read is looked up in the rows."""
    document, thread_id = began(tmp_path)
    with document, transcripts_of(document, tmp_path) as transcripts:
        turn = document.start_turn(thread_id, sender_id="codex")
        with opened(tmp_path, seed=5) as other:
            other.execute(
                InterruptTurn(
                    thread_id=ThreadId(thread_id), message_id=MessageId(turn.message_id), reason="interrupt"
                )
            )
            compact_log(other)
        assert transcripts.catch_up() == []
        assert [one.status for one in told(tmp_path, thread_id)] == ["failed"]
        assert agree(document, tmp_path)


TURNS = """
import sys
from pathlib import Path
from tests.agents.transcripts.beside import transcripts_of
from tests.event_view.workplace import opened
folder = Path(sys.argv[1])
document = opened(folder, seed=7)
thread_id = document.threads()[0].thread_id
transcripts = transcripts_of(document, folder)
for number in range(2):
    turn = document.start_turn(thread_id, sender_id="codex")
    turn.append("answer")
    turn.finalize() if number else turn.fail("broken")
print("done" if not transcripts.behind else "behind")
"""


@pytest.mark.parametrize("call", ["write", "renameat2"])
def test_the_file_is_never_ahead_of_the_log_and_whole_after_a_kill_at_every_write(
    tmp_path: Path, call: str
) -> None:
    """SIGKILL and failing writes at every boundary: what the file holds the log holds, and reopening repairs it."""
    ready = tmp_path / "ready"
    document, thread_id = began(ready)
    document.close()
    folder = tmp_path / "project"
    project = Project(folder)
    path = project.transcript(thread_uuid(thread_id))
    paths = (path, path.parent, temporary_path(path))

    def fresh() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(ready, folder)

    fresh()
    count = every(TURNS, folder, trace=call, paths=paths, folder=tmp_path)
    assert count >= 4, "there are two boundaries a turn"
    for inject in kills_and_failures(count, ("ENOSPC",)):
        fresh()
        run(TURNS, folder, trace=call, paths=paths, folder=tmp_path, inject=inject)
        found = {one.turn_id: one for one in told(folder, thread_id)}
        with opened(folder, seed=8) as again:
            logged = {one.turn_id: one for one in turns_told(again)[thread_uuid(thread_id)]}
            for turn_id, one in found.items():
                assert one.status in ("pending", logged[turn_id].status), inject
            transcripts_of(again, folder).close()
            assert agree(again, folder), inject
        assert [one for one in os.listdir(project.threads) if not one.startswith(".")] == [path.name]


@pytest.mark.parametrize("how", ["removed", "cut", "changed", "replaced"])
def test_a_file_that_is_not_as_it_was_left_gets_every_turn_again(tmp_path: Path, how: str) -> None:
    """Whatever somebody did to the file, the next boundary of its thread brings it to what the log says."""
    document, thread_id = began(tmp_path)
    with document, transcripts_of(document, tmp_path) as transcripts:
        for number in range(3):
            with document.start_turn(thread_id, sender_id="codex") as turn:
                turn.append(f"answer {number}")
                turn.finalize()
        path = transcripts.project.transcript(thread_uuid(thread_id))
        text = path.read_bytes()
        path.unlink()
        if how != "removed":
            others = {
                "cut": text[: len(text) // 2],
                "changed": text.replace(b"answer 1", b"no"),
                "replaced": b"",
            }
            path.write_bytes(others[how])
        with document.start_turn(thread_id, sender_id="codex") as turn:
            turn.append("the last")
            turn.finalize()
        assert agree(document, tmp_path)
        assert transcripts.behind == []


def test_a_turn_that_ends_while_somebody_catches_up_is_written(tmp_path: Path) -> None:
    """Its writer leaves that to who is at it, who may have read the log before."""
    document, thread_id = began(tmp_path)
    during: list[Callable[[], None]] = []

    class Log:
        def __getattr__(self, name: str) -> Any:
            return getattr(document.log, name)

        def events(self, *, from_sequence_exclusive: int = 0) -> Iterator[Event]:
            yield from document.log.events(from_sequence_exclusive=from_sequence_exclusive)
            while during:
                with ThreadPoolExecutor(1) as other:
                    other.submit(during.pop()).result(60)

    def answer() -> None:
        with document.start_turn(thread_id, sender_id="codex") as turn:
            turn.append("meanwhile")
            turn.finalize()

    log = cast(TurnLog, Log())
    with (
        document,
        Transcripts(
            log, tmp_path, thread_ids=lambda: [thread_id], subscribe=document.subscribe_log
        ) as transcripts,
    ):
        during.append(answer)
        transcripts.catch_up()
        assert agree(document, tmp_path)
