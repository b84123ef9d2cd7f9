"""`chatdoc compact` makes stores smaller, says by how much, and changes nothing that is read."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from chatdoc import open_document
from chatdoc.engine import compact_logs
from chatdoc.testing.white_box import execute_of
from tests.apps.cli.conftest import Run

MESSAGES = 300
_FREE = "SELECT freelist_count, page_count FROM pragma_freelist_count, pragma_page_count"


def furnish(path: Path) -> bytes:
    """A document with some messages; returns its text."""
    with open_document(path) as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        for number in range(MESSAGES):
            document.send(thread_id, sender_id="bob", content=f"Message {number} " * 20)
        return document.text()


def rows(done: object) -> list[dict[str, object]]:
    """What `--json` printed of each document."""
    found: list[dict[str, object]] = json.loads(done.stdout)["documents"]  # type: ignore[attr-defined]
    return found


def test_a_dry_run_says_what_is_saved_then(chatdoc: Run, tmp_path: Path) -> None:
    """The same figures, and the store is smaller only afterwards; the text stays as it is."""
    (tmp_path / "below").mkdir()
    text = furnish(tmp_path / "below" / "team.chat")
    (said,) = rows(chatdoc("compact", "--dry-run", "--json"))
    (done,) = rows(chatdoc("compact", "--json"))
    assert {**said, "store_bytes": 0} == {**done, "store_bytes": 0}
    assert (done["path"], done["entries"]) == ("below/team.chat", MESSAGES + 1)
    assert int(str(done["store_bytes"])) < int(str(said["store_bytes"]))
    assert "team.chat" in chatdoc("compact", "below/team.chat", "--dry-run").stdout
    (again,) = rows(chatdoc("compact", "below/team.chat", "--json"))
    assert again["entries"] == 0
    with open_document(tmp_path / "below" / "team.chat") as document:
        assert document.text() == text
        assert document.check().ok


def test_a_store_that_cannot_be_read_is_named(chatdoc: Run, tmp_path: Path) -> None:
    """The others are compacted, and the exit status says that one was not; nothing stored is an error."""
    done = chatdoc("compact")
    assert (done.returncode, done.stdout) == (1, "")
    furnish(tmp_path / "team.chat")
    (tmp_path / ".chatdoc" / "broken.sqlite3").write_bytes(b"no database")
    done = chatdoc("compact", "--json")
    assert done.returncode == 1
    assert [(one["path"], one["entries"]) for one in rows(done)] == [(None, 0), ("team.chat", MESSAGES + 1)]
    assert "broken.sqlite3" in chatdoc("compact").stdout.replace("\n", "")


@pytest.mark.parametrize("setting", ["1", "perhaps"])
def test_a_document_is_closed_also_where_its_log_cannot_be_sealed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, setting: str
) -> None:
    """A full disk, or a setting that is none, costs space and nothing else."""
    with open_document(tmp_path / "team.chat") as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        for number in range(50):
            document.send(thread_id, sender_id="bob", content=Random(number).randbytes(2_000).hex())
        document.save()
        monkeypatch.setattr(compact_logs, "ENTRIES_MIN", 10)
        monkeypatch.setenv("CHATDOC_COMPACT", setting)
        pages = execute_of(document)("PRAGMA page_count").fetchone()[0]
        execute_of(document)(f"PRAGMA max_page_count = {pages + 8}")
    assert "the log was not compacted" in caplog.text
    with open_document(tmp_path / "team.chat") as document:
        assert len(document.messages(thread_id)) == 51
        assert document.engine.store.updates.sealed_through() == 0


@pytest.mark.parametrize(("setting", "sealed"), [("", MESSAGES + 1), ("0", 0)])
def test_a_long_log_is_sealed_when_its_document_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, sealed: int
) -> None:
    """Once it has grown by enough, and not where the environment says no."""
    monkeypatch.setattr(compact_logs, "ENTRIES_MIN", MESSAGES - 1)
    monkeypatch.setenv("CHATDOC_COMPACT", setting)
    furnish(tmp_path / "team.chat")
    with open_document(tmp_path / "team.chat") as document:
        assert document.engine.store.updates.sealed_through() == sealed
        document.send(document.threads()[0].thread_id, sender_id="eve", content="later")
    with open_document(tmp_path / "team.chat") as document:
        assert document.engine.store.updates.sealed_through() == sealed


def test_a_document_that_stays_open_is_sealed_as_it_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is open for weeks does not wait for its end: what comes takes the space of what was sealed."""
    monkeypatch.setattr(compact_logs, "ENTRIES_MIN", 99)
    pages = {}
    for setting in ("0", "1"):
        monkeypatch.setenv("CHATDOC_COMPACT", setting)
        with open_document(tmp_path / f"{setting}.chat") as document:
            thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
            for rounds in range(12):
                for number in range(100):
                    document.send(thread_id, sender_id="bob", content=f"Message {rounds} {number} " * 20)
                document.save()
            unsealed = document.engine.sequence - document.engine.store.updates.sealed_through()
            pages[setting] = execute_of(document)("PRAGMA page_count").fetchone()[0]
            assert document.check(full=True).ok
            text = document.text()
    assert unsealed <= 1201 // compact_logs.SHARE
    assert pages["1"] < 0.6 * pages["0"]
    with open_document(tmp_path / "1.chat") as document:
        assert document.text() == text
        assert len(document.messages(thread_id)) == 1201


def test_a_document_that_is_closed_gives_back_what_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sealed while it was open left free space, which goes once it is a good part of the file."""
    monkeypatch.setattr(compact_logs, "ENTRIES_MIN", 99)
    with open_document(tmp_path / "team.chat") as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        for number in range(400):
            document.send(thread_id, sender_id="bob", content=f"Message {number} " * 20)
        document.save()
        free, pages = execute_of(document)(_FREE).fetchone()
        assert free > pages / compact_logs.SHARE
    with open_document(tmp_path / "team.chat") as document:
        assert execute_of(document)(_FREE).fetchone()[0] <= 2
