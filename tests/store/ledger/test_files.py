"""Files of a project are replaced whole: days are taken over once, failures leave old bytes, the bundle has no text."""

from __future__ import annotations

import io
import os
import threading
import zipfile
from pathlib import Path

import pytest

from chatdoc.model.errors import CommandRefused, ReadOnlyTarget
from chatdoc.store.atomic_file import temporary_path
from chatdoc.store.ledger.backfill import backfill
from chatdoc.store.ledger.bundle import bundle
from chatdoc.store.ledger.legacy_days import take_over_days
from chatdoc.store.ledger.project import LEGACY_MARKER, Project, thread_uuid
from chatdoc.store.ledger.transcript_writer import TranscriptWriter
from chatdoc.store.ledger.validate import statuses, validate, validate_ledger
from migrate.transcript import read
from tests.migrate.transcript.test_ledger import DAY
from tests.migrate.transcript.turns import GOLDEN, THREAD, turn, turn_id
from tests.store.ledger.projects import NOW, OTHER, bytes_below, project_of
from tests.strace import every, kills_and_failures, run


def turns_of(project: Project, thread_id: str = THREAD) -> list[str]:
    """What was asked in each turn of a thread."""
    found = project.turns(thread_id)
    return [one.user_text for one in found.turns] if found is not None else []


def add_day(folder: Path, day: str = "2026-01-31", text: str = DAY) -> Path:
    """A file of the legacy archive."""
    path = folder / "chats" / day / f"{THREAD}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_days_are_taken_over_once_and_stay(tmp_path: Path) -> None:
    """Turns that the thread file has already are not added; a second run and new days after it add nothing."""
    project = project_of(tmp_path, 1)
    day = add_day(tmp_path)
    add_day(tmp_path, "2026-02-01")
    assert turns_of(project) == ["Hello", "question 1"]
    assert take_over_days(project, NOW) == 1
    assert turns_of(project) == ["Hello", "question 1"]
    assert day.read_text() == DAY
    assert (project.threads / LEGACY_MARKER).read_text() == "Backfilled at 2026-11-28T12:00:00Z\n"
    before = bytes_below(tmp_path)
    assert take_over_days(project, NOW) == 0
    assert bytes_below(tmp_path) == before


def test_a_thread_that_only_days_tell_of_is_read_and_backfilled(tmp_path: Path) -> None:
    """Its turns have the same ids before and after they are taken over."""
    project = Project(tmp_path)
    add_day(tmp_path)
    before = project.require_turns(THREAD).turns
    assert backfill(project, now_iso=NOW).scanned_thread_count == 1
    assert take_over_days(project, NOW) == len(before)
    assert project.require_turns(THREAD).turns == before


def test_days_join_a_damaged_file_without_moving_what_is_damaged(tmp_path: Path) -> None:
    """Every byte that was there is there."""
    project = project_of(tmp_path, 2)
    add_day(tmp_path)
    path = project.transcript(THREAD)
    data = path.read_bytes().replace(b"id=" + turn_id(1).encode(), b"id=torn")
    path.write_bytes(data)
    assert take_over_days(project, NOW) == 1
    assert path.read_bytes().startswith(data)


def test_a_turn_goes_from_pending_to_its_end_in_one_place(tmp_path: Path) -> None:
    """Begin, finalize and fail are upserts by the turn's id; other turns' bytes stay."""
    project = Project(tmp_path)
    assert TranscriptWriter(project).put(THREAD, [turn(1, status="pending", assistant_text="")])
    assert TranscriptWriter(project).put(THREAD, [turn(2)])
    assert TranscriptWriter(project).put(THREAD, [turn(1, status="failed", assistant_text="")])
    assert not TranscriptWriter(project).put(THREAD, [turn(2)])
    found = read.read(project.transcript(THREAD).read_bytes())
    assert [(one.status, one.user_text) for one in found.turns] == [
        ("failed", "question 1"),
        ("completed", "question 2"),
    ]


def test_a_file_of_a_newer_version_is_not_written(tmp_path: Path) -> None:
    """What its fields mean is not known here."""
    project = project_of(tmp_path)
    path = project.transcript(THREAD)
    path.write_text(GOLDEN.replace("VERSION: 2", "VERSION: 3"))
    with pytest.raises(ReadOnlyTarget, match="version 3"):
        TranscriptWriter(project).put(THREAD, [turn(9)])


PUT = """
import sys
from chatdoc.model.errors import ChatdocError
from chatdoc.store.ledger.project import Project
from chatdoc.store.ledger.transcript_writer import TranscriptWriter
from tests.migrate.transcript.turns import THREAD, turn
try:
    TranscriptWriter(Project(sys.argv[1])).put(THREAD, [turn(2, status="completed", assistant_text="written")])
except ChatdocError as error:
    print(type(error).__name__)
"""


@pytest.mark.parametrize("call", ["openat", "write", "fsync", "renameat2"])
def test_a_write_that_is_killed_or_fails_anywhere_leaves_the_old_file_or_the_new_one(
    tmp_path: Path, call: str
) -> None:
    """SIGKILL and a full disk at every call; the next write finds nothing in its way and leaves nothing behind."""
    project = project_of(tmp_path / "project", [turn(1), turn(2, status="pending", assistant_text="")])
    path = project.transcript(THREAD)
    old = path.read_bytes()
    paths = (project.threads, path, temporary_path(path))
    count = every(PUT, project.path, trace=call, paths=paths, folder=tmp_path)
    new = path.read_bytes()
    assert new != old
    for inject in kills_and_failures(count, ("ENOSPC",)):
        path.write_bytes(old)
        run(PUT, project.path, trace=call, paths=paths, folder=tmp_path, inject=inject)
        assert path.read_bytes() in (old, new), inject
        assert project.thread_ids() == [THREAD]
        TranscriptWriter(project).put(THREAD, [turn(2, assistant_text="written")])
        assert path.read_bytes() == new
        # What a kill left behind is hidden, counts as no thread, and goes with the next file that is written.
        TranscriptWriter(project).put(THREAD, [turn(2, assistant_text="again")])
        assert os.listdir(project.threads) == [f"{THREAD}.md"]


def test_writers_of_one_file_wait_for_each_other(tmp_path: Path) -> None:
    """Twenty turns put by four threads at once are all there."""
    project = Project(tmp_path)

    def put(first: int) -> None:
        for number in range(first, 20, 4):
            TranscriptWriter(Project(tmp_path)).put(THREAD, [turn(number)])

    workers = [threading.Thread(target=put, args=(first,)) for first in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(project.require_turns(THREAD).turns) == 20


def test_the_bundle_holds_no_word_of_the_texts(tmp_path: Path) -> None:
    """Neither of a text nor of a folder's name; equal projects give equal bytes."""
    project = project_of(
        tmp_path / "secret-project", [turn(1, user_text="hunter2", assistant_text="swordfish")]
    )
    project_of(tmp_path / "secret-project", 2, OTHER)
    backfill(project, now_iso=NOW)
    data = bundle(project, now_iso=NOW, versions={"chatdoc": "1"})
    assert data == bundle(project, now_iso=NOW, versions={"chatdoc": "1"})
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        told = b"".join(packed.read(name) for name in packed.namelist())
        assert packed.namelist() == [
            "manifest.json",
            "status.json",
            "validation.json",
            "parity.json",
            "files.json",
        ]
    assert THREAD.encode() in told
    for word in (b"hunter2", b"swordfish", b"question", b"secret-project"):
        assert word not in told


def test_validation_names_file_place_and_code(tmp_path: Path) -> None:
    """Errors are what costs something that was written, or what nobody may rely on; the rest are warnings."""
    project = project_of(tmp_path, [turn(1), turn(1)])
    backfill(project, now_iso=NOW)
    project.marker(THREAD).write_text("{")
    ledger = project.ledger(THREAD)
    ledger.write_bytes(ledger.read_bytes().replace(b'"sequence" : 2', b'"sequence" : 7'))
    found = [(one.file, one.severity, one.code, one.place) for one in validate(project)]
    assert found[0] == ("transcript", "warning", "repeated_turn", 29)
    assert ("ledger", "error", "sequence_gap", 2) in found
    assert ("marker", "error", "marker_invalid", 0) in found
    assert [one.code for one in validate_ledger(b"{")] == ["not_json"]


def test_every_state_has_its_advice(tmp_path: Path) -> None:
    """What is current needs none."""
    project = project_of(tmp_path)
    assert [(one.code, one.advice) for one in statuses(project)] == [
        ("transcript_only", "Run `chatdoc ledger backfill`")
    ]
    backfill(project, now_iso=NOW)
    assert [(one.code, one.turn_count, one.entry_count, one.advice) for one in statuses(project)] == [
        ("current", 3, 6, "")
    ]
    project.transcript(THREAD).unlink()
    assert statuses(project)[0].code == "transcript_missing"


def test_an_id_is_a_uuid_or_the_ulid_of_a_thread() -> None:
    """Anything else is refused without being repeated."""
    assert thread_uuid(THREAD.lower()) == THREAD
    assert thread_uuid("01HF7YAT0ABCDEFGHJKMNPQRST") == "018BCFE5-680A-5B1A-E7C2-329D2B6BE33A"
    with pytest.raises(CommandRefused) as refusal:
        thread_uuid("../../etc")
    assert "etc" not in str(refusal.value)
