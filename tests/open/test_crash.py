"""A process killed at any system call leaves a file that opens with everything that was acknowledged."""

from __future__ import annotations

import shutil
import sqlite3
from hashlib import sha256
from pathlib import Path

import pytest

from benchmarks.data import legacy
from chatdoc.document import Document
from chatdoc.engine.begin_event_log import begin_log
from chatdoc.model.clock import iso
from chatdoc.model.events.derive import begin
from chatdoc.open import open_document, read_document
from chatdoc.rollback import rollback
from chatdoc.store.sql.begin_log import SEALED_MIN
from tests import strace
from tests.model.events.folding import Folded
from tests.model.events.truth import assert_tables, assert_true
from tests.store_file import store_file
from tests.tidy.source import PROJECT

SOURCE = (PROJECT / "golden" / "cli" / "eras" / "team.sage-chat").read_bytes()

# Opens a legacy file, edits it twice, saves, and says after each step that it was done.
PROGRAM = """
import itertools, random, sys
from chatdoc.open import open_document
ticks = itertools.count(1_790_000_000_000)
document = open_document(sys.argv[1], clock=lambda: next(ticks), random=random.Random(7).randbytes)
print("opened", flush=True)
thread = document.threads()[0].thread_id
message = document.send(thread, sender_id="ada", content="one", command_id="one")
print("sent", message.message_id, flush=True)
document.edit(message.message_id, author_id="ada", content="two")
print("edited", flush=True)
document.close()
print("closed", flush=True)
"""

OPENS = "import sys; from chatdoc.open import open_document; open_document(sys.argv[1]).close()"

CALLS = ("pwrite64", "write", "fsync", "fdatasync", "rename", "renameat2", "link", "unlink", "ftruncate")


@pytest.mark.parametrize("call", CALLS)
def test_killed_at_any_call_everything_acknowledged_is_there(call: str, tmp_path: Path) -> None:
    """Whatever the call was, the file opens again, and what was printed as done is in it."""
    plain = _folder(tmp_path, "plain")
    seen = strace.run(PROGRAM, plain, trace=call, paths=(), folder=tmp_path)
    points = [number for number, line in enumerate(seen.calls, 1) if str(plain.parent) in line]
    if call in ("unlink", "ftruncate", "write", "fdatasync") and not points:
        return  # SQLite's choice of calls differs between versions; the others must occur.
    assert points, f"an opening makes no {call}; this test would test nothing"
    for number in points[:: max(1, len(points) // 12)]:
        path = _folder(tmp_path, f"{call}-{number}")
        ended = strace.run(
            PROGRAM, path, trace=call, paths=(), folder=tmp_path, inject=f"signal=KILL:when={number}"
        )
        assert ended.status == strace.SIGKILL_STATUS
        _must_have(path, ended.printed)


@pytest.mark.parametrize("call", ["pwrite64", "link"])
def test_killed_while_a_long_log_is_sealed_the_file_opens_whole(call: str, tmp_path: Path) -> None:
    """Store, first update and sealed log are there together or not at all; the next opening has every event."""
    source = legacy(1_500)
    plain = _large(tmp_path, "plain", source)
    points = strace.every(OPENS, plain, trace=call, paths=(), folder=tmp_path)
    with open_document(plain) as document:
        expected = _told_of_threads(document)
        count = sum(len(document.messages(one.thread_id)) for one in document.threads())
    assert len(expected) > SEALED_MIN
    for number in sorted({max(1, points * part // 6) for part in range(1, 7)}):
        path = _large(tmp_path, f"{call}-{number}", source)
        inject = f"signal=KILL:when={number}"
        assert strace.run(OPENS, path, trace=call, paths=(), folder=tmp_path, inject=inject).status
        with open_document(path) as document:
            assert _told_of_threads(document) == expected
            assert sum(len(document.messages(one.thread_id)) for one in document.threads()) == count
            assert document.check(full=True).ok
            assert document.engine.store.verify() == []


def test_killed_again_while_recovering_nothing_is_lost(tmp_path: Path) -> None:
    """A second crash, in the opening that finishes what the first one left, does no harm either."""
    path = _folder(tmp_path, "twice")
    for _ in range(2):
        ended = _killed_at_publishing(path, tmp_path)
        assert (ended.status, ended.printed) == (strace.SIGKILL_STATUS, "")
        assert path.read_bytes() == SOURCE
    _must_have(path, "")


def test_a_crash_between_commit_and_publish_is_finished_at_the_next_opening(tmp_path: Path) -> None:
    """The document is committed, the file is still the old one: the next opening publishes it."""
    path = _folder(tmp_path, "between")
    ended = _killed_at_publishing(path, tmp_path)
    assert (ended.status, ended.printed) == (strace.SIGKILL_STATUS, "")
    assert path.read_bytes() == SOURCE
    with open_document(path) as document:
        assert len(document.threads()) == 6
    assert path.read_bytes().startswith(b'{"event":"document"')
    assert rollback(path) == sha256(SOURCE).hexdigest()
    assert path.read_bytes() == SOURCE


def _killed_at_publishing(path: Path, folder: Path) -> strace.Ended:
    """Run the program and kill it where the new text is about to replace the file."""
    spare = path.parent.parent / f"spare-{path.parent.name}"
    shutil.copytree(path.parent, spare)
    calls = strace.run(PROGRAM, spare / path.name, trace="renameat2", paths=(), folder=folder).calls
    shutil.rmtree(spare)
    at = next(number for number, call in enumerate(calls, 1) if f'{path.name}"' in call)
    return strace.run(
        PROGRAM, path, trace="renameat2", paths=(), folder=folder, inject=f"signal=KILL:when={at}"
    )


def _folder(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    path = folder / "team.sage-chat"
    path.write_bytes(SOURCE)
    return path


def _large(tmp_path: Path, name: str, source: bytes) -> Path:
    (tmp_path / name).mkdir()
    path = tmp_path / name / "team.sage-chat"
    path.write_bytes(source)
    return path


def _told_of_threads(document: Document) -> list[tuple[str, str, int]]:
    """Every event but that of the project, which has its id by chance."""
    return [
        (one.event_type, one.stream_id, one.stream_version)
        for one in document.log.events()
        if one.aggregate_kind == "thread"
    ]


def _must_have(path: Path, printed: str) -> None:
    present = path.read_bytes()
    assert present == SOURCE or present.startswith(b'{"event":"document"'), "the file is half written"
    backups = list((path.parent / ".chatdoc" / "backups").glob("team*"))
    if present != SOURCE:
        assert [backup.read_bytes() for backup in backups] == [SOURCE]
    lines = dict(line.partition(" ")[::2] for line in printed.splitlines())
    with open_document(path) as document:
        assert len(document.threads()) == 6
        assert document.check(full=True).ok
        if "sent" in lines:
            message = document.message(lines["sent"])
            assert message.content == ("two" if "edited" in lines else message.content)
            assert message.history[-1].content == "one"
            again = document.send(message.thread_id, sender_id="ada", content="one", command_id="one")
            assert again.message_id == message.message_id
        texts = [one.content for thread in document.threads() for one in document.messages(thread.thread_id)]
        assert texts.count("one") + texts.count("two") <= 1
        _must_be_told(path, document)
    assert len(read_document(path).threads()) == 6


def _must_be_told(path: Path, document: Document) -> None:
    """The event log says what the document shows, each stream without a gap, and so do the tables folded from it."""
    begin_log(document.engine)
    told = Folded(begin(document.view, project_id="p", now_iso=iso(0)))
    assert_true(told, document.view)
    connection = sqlite3.connect(store_file(path.parent))
    try:
        assert_tables(connection, told)
        gaps = connection.execute(
            "SELECT stream_id FROM orchestration_events GROUP BY aggregate_kind, stream_id"
            " HAVING max(stream_version) + 1 <> count(*)"
        ).fetchall()
        updates, commands = connection.execute(
            "SELECT (SELECT count(*) FROM updates WHERE origin = 'one'),"
            " (SELECT count(*) FROM orchestration_events WHERE command_id = 'one')"
        ).fetchone()
    finally:
        connection.close()
    assert gaps == []
    assert updates == commands, "an update and its event are there together or not at all"
