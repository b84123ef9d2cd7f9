"""Documents keep transcripts where their workspace says so, from opening to closing, at a cost that does not grow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from chatdoc.agents.transcripts import Transcripts
from chatdoc.apps.integrity_counters import counters_of
from chatdoc.document import Document
from chatdoc.event_view import EventView
from chatdoc.model.errors import UnreadableFile
from chatdoc.store.ledger.project import Project, thread_uuid
from chatdoc.store.ledger.workspace_setting import SETTINGS
from chatdoc.store.projections.replay import Replay, ReplayTurn, TurnParts
from migrate.transcript import read
from tests.event_view.workplace import opened


def say(folder: Path, text: str) -> None:
    """Write the workspace's settings."""
    (folder / SETTINGS).parent.mkdir(parents=True, exist_ok=True)
    (folder / SETTINGS).write_text(text)


def statuses(folder: Path, thread_id: str) -> list[str]:
    """How the turns of a thread stand, as its transcript says."""
    found = Project(folder).turns(thread_uuid(thread_id))
    return [] if found is None else [one.status for one in found.turns]


def run(document: Document, thread_id: str, text: str = "answer") -> None:
    """One whole turn."""
    turn = document.start_turn(thread_id, sender_id="codex")
    turn.append(text)
    turn.finalize()


def test_setting_keeps_transcripts_from_opening_to_closing(tmp_path: Path) -> None:
    """Turns of before the setting, turns that run, and one that closing interrupts are all in the file."""
    with opened(tmp_path) as document:
        thread_id = document.create_thread(sender_id="ada", content="Plan").thread_id
        run(document, thread_id)
    assert not (tmp_path / "chats").exists()
    say(tmp_path, '[transcripts]\nfolder = "archive"')
    document = opened(tmp_path, seed=2)
    assert statuses(tmp_path / "archive", thread_id) == ["completed"]
    run(document, thread_id)
    document.start_turn(thread_id, sender_id="codex")
    assert statuses(tmp_path / "archive", thread_id) == ["completed", "completed", "pending"]
    document.close()
    assert statuses(tmp_path / "archive", thread_id) == ["completed", "completed", "failed"]


def test_setting_that_is_off_keeps_none(tmp_path: Path) -> None:
    """Nor does one of another folder."""
    say(tmp_path, "[transcripts]\nenabled = false")
    with opened(tmp_path) as document:
        run(document, document.create_thread(sender_id="ada", content="Plan").thread_id)
    assert not (tmp_path / "chats").exists()


def test_setting_that_cannot_be_meant_is_told_before_anything_is_written(tmp_path: Path) -> None:
    """A document whose transcripts were silently not kept would be noticed too late."""
    say(tmp_path, "[transcripts]\nfolder = 7")
    with pytest.raises(UnreadableFile, match=r"settings\.toml"):
        opened(tmp_path)
    assert sorted(one.name for one in (tmp_path / ".chatdoc").iterdir()) == ["settings.toml"]


def test_transcript_folder_that_cannot_be_written_stops_no_document(tmp_path: Path) -> None:
    """It opens, its turns run, it closes; the next opening writes what was missed."""
    say(tmp_path, "[transcripts]")
    (tmp_path / "chats").write_text("a file where the folder should be")
    with opened(tmp_path) as document:
        thread_id = document.create_thread(sender_id="ada", content="Plan").thread_id
        run(document, thread_id)
        kept = document.kept_transcripts
        assert kept is not None
        counted = counters_of(document.check(full=False), kept)
        assert counted["chat.transcripts.behind"] == 1
        assert counted["chat.transcripts.failed_writes"] == sum(kept.failures.values()) >= 2
    (tmp_path / "chats").unlink()
    with opened(tmp_path, seed=2):
        assert statuses(tmp_path, thread_id) == ["completed"]


def test_what_only_the_log_hears_is_told_at_once(tmp_path: Path) -> None:
    """Each growth of the log calls back with its last sequence, whether an update came with it or not."""
    with opened(tmp_path) as document:
        thread_id = document.create_thread(sender_id="ada", content="Plan").thread_id
        updates: list[bytes] = []
        heard: list[int] = []
        document.subscribe(lambda update, _: updates.append(update))
        end = document.subscribe_log(heard.append)
        document.agents.append_activity(thread_id, kind="exec", summary="ls")
        assert heard == [document.log.last_sequence()]
        assert updates == []
        document.send(thread_id, sender_id="ada", content="Hi")
        assert heard[-1] == document.log.last_sequence()
        assert len(updates) == 1
        with opened(tmp_path, seed=2) as other:
            other.agents.append_activity(thread_id, kind="exec", summary="ls")
        document.engine.catch_up()
        assert heard[-1] == document.log.last_sequence()
        end()
        before = list(heard)
        document.send(thread_id, sender_id="ada", content="Hi")
        assert heard == before


class CountedLog:
    """An event log that counts what is read of whole threads, and of how many turns otherwise."""

    def __init__(self, log: EventView) -> None:
        self.log = log
        self.whole = self.parts = 0

    def events(self, *, from_sequence_exclusive: int = 0) -> Iterable[Any]:
        """As the log says."""
        return self.log.events(from_sequence_exclusive=from_sequence_exclusive)

    def replay_thread(self, thread_id: str, *, limit: int | None = None) -> Replay:
        """As the log says."""
        self.whole += 1
        return self.log.replay_thread(thread_id, limit=limit)

    def replay_turns(self, parts: Mapping[str, TurnParts]) -> list[ReplayTurn]:
        """As the log says."""
        self.parts += len(parts)
        return self.log.replay_turns(parts)

    def turns(self, thread_id: str) -> list[Any]:
        """As the log says."""
        return self.log.turns(thread_id)

    def turn_ids(self, thread_id: str) -> set[str]:
        """As the log says."""
        return self.log.turn_ids(thread_id)

    def last_sequence(self) -> int:
        """As the log says."""
        return self.log.last_sequence()


def test_boundary_reads_its_own_turn_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thread with many turns neither the other rows are read nor what the file says of them."""
    with opened(tmp_path) as document:
        thread_id = document.create_thread(sender_id="ada", content="Plan").thread_id
        for _ in range(12):
            run(document, thread_id)
        log = CountedLog(document.log)
        transcripts = Transcripts(
            log, tmp_path, thread_ids=lambda: [thread_id], subscribe=document.subscribe_log
        )
        run(document, thread_id)
        parsed = 0
        whole = read.read

        def counted(data: bytes) -> read.ThreadFile:
            nonlocal parsed
            parsed += 1
            return whole(data)

        monkeypatch.setattr(read, "read", counted)
        before = (log.whole, log.parts)
        question = document.send(thread_id, sender_id="ada", content="Why?")
        turn = document.start_turn(thread_id, sender_id="codex", answers=question.message_id)
        document.agents.append_activity(thread_id, kind="exec", summary="ls", turn_id=turn.message_id)
        turn.append("Because")
        turn.finalize()
        document.agents.append_activity(thread_id, kind="note", summary="late", turn_id=turn.message_id)
        assert log.whole == before[0]
        assert 3 <= log.parts - before[1] <= 12
        assert parsed == 0
        told = Project(tmp_path).require_turns(thread_uuid(thread_id)).turns[-1]
        assert (told.user_text, told.assistant_text) == ("Why?", "Because")
        assert [one.title for one in told.actions] == ["ls", "late"]
        transcripts.close()
