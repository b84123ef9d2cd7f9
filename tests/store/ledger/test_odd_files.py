"""One odd file of a project costs its own thread alone: it is named, the rest is carried out, and nothing is lost."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from chatdoc.apps.importer.transcripts import import_transcripts
from chatdoc.model.errors import UnreadableFile
from chatdoc.open import open_document
from chatdoc.store.ledger.backfill import backfill
from chatdoc.store.ledger.bundle import bundle
from chatdoc.store.ledger.legacy_days import take_over_days
from chatdoc.store.ledger.parity import with_ledger
from chatdoc.store.ledger.project import MARKER_FOLDER, Project
from chatdoc.store.ledger.replay import LedgerReader
from chatdoc.store.ledger.standing import examine
from chatdoc.store.ledger.validate import statuses, validate
from migrate.transcript.ledger import read as read_ledger
from tests.migrate.transcript.test_ledger import DAY
from tests.migrate.transcript.turns import THREAD, turn
from tests.store.ledger.projects import NOW, OTHER, project_of

KINDS = ("folder", "pipe", "circle", "dangling", "memory")


def put(kind: str, path: Path) -> None:
    """Let something stand under a name that is no file one can read, also for root."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "circle":
            path.symlink_to(path.name)
        case "dangling":
            path.symlink_to("nowhere")
        case "memory":  # A regular file whose reading fails with EIO, as that on a broken disk.
            path.symlink_to("/proc/self/mem")
        case _:
            raise AssertionError(kind)


def two_threads(folder: Path) -> Project:
    """A project with two threads and their ledgers."""
    project_of(folder)
    project = project_of(folder, 2, OTHER)
    backfill(project, now_iso=NOW)
    return Project(folder)


@pytest.mark.parametrize("which", ["transcript", "ledger", "marker"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_cannot_be_read_costs_its_own_thread_alone(tmp_path: Path, which: str, kind: str) -> None:
    """It is named, its thread has a code of its own, and the other thread is done."""
    project = two_threads(tmp_path)
    odd = getattr(project, which)(THREAD)
    project_of(tmp_path, 4, OTHER)
    put(kind, odd)
    assert [one.code for one in statuses(project)] == [f"{which}_unreadable", "transcript_changed"]
    assert list(project.unreadable) == [odd]
    done = backfill(project, now_iso=NOW)
    assert [(one.status, one.reason) for one in done.threads] == [
        ("failed", f"{which}_unreadable"),
        ("exported", "transcript_changed"),
    ]
    assert done.failed_thread_count == 1
    assert os.path.lexists(odd)
    assert [(one.file, one.severity, one.code) for one in validate(project)] == [
        (which, "error", "unreadable")
    ]
    assert with_ledger(project, OTHER).equal
    assert with_ledger(project, THREAD).code == f"{which}_unreadable"
    assert bundle(project, now_iso=NOW, versions={})


@pytest.mark.parametrize("kind", KINDS)
def test_a_transcript_that_cannot_be_read_keeps_no_other_out_of_a_document(tmp_path: Path, kind: str) -> None:
    """Its thread gives no row, and the project names the file."""
    project = two_threads(tmp_path)
    put(kind, project.transcript(THREAD))
    with open_document(tmp_path / "team.chat") as document:
        assert [one.added_turn_count for one in import_transcripts(document, project)] == [2]
    assert list(project.unreadable) == [project.transcript(THREAD)]


@pytest.mark.parametrize("kind", ["circle", "dangling", "memory"])
def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, kind: str) -> None:
    """The markers' folder, one of the days, or that of all threads."""
    project = two_threads(tmp_path)
    day = project.chats / "2026-01-31"
    put(kind, day)
    assert [one.code for one in statuses(project)] == ["current", "current"]
    assert list(project.unreadable) == ([] if kind == "memory" else [day])  # A file there is no day.
    day.unlink()
    for path in (project.markers, project.threads):
        path.rename(tmp_path / f"away-{path.name}")
        put(kind, path)
        found = Project(tmp_path)
        assert not {one.code for one in statuses(found)} & {"current", "marker_missing"}
        assert path in found.unreadable, path
        path.unlink()
        (tmp_path / f"away-{path.name}").rename(path)


def test_what_was_mended_is_named_no_more(tmp_path: Path) -> None:
    """A project that lives as long as its document says how its files are now."""
    project = two_threads(tmp_path)
    odd = project.ledger(THREAD)
    put("folder", odd)
    assert examine(project, THREAD).code == "ledger_unreadable"
    odd.rmdir()
    assert examine(project, THREAD).code == "ledger_deleted"
    assert project.unreadable == {}


@pytest.mark.parametrize(
    ("which", "source", "diagnostic"),
    [
        ("transcript", "ledger", "transcript_unreadable"),
        ("ledger", "transcript", "ledger_invalid"),
        ("marker", "ledger", "ledger_unmarked"),
    ],
)
def test_a_thread_is_replayed_from_what_can_be_read(
    tmp_path: Path, which: str, source: str, diagnostic: str
) -> None:
    """And why is said; where neither can be read, the file is named."""
    project = two_threads(tmp_path)
    put("folder", getattr(project, which)(THREAD))
    reading = LedgerReader(project).read(THREAD)
    assert (reading.source, reading.diagnostic, len(reading.turns)) == (source, diagnostic, 3)
    project.ledger(THREAD).unlink(missing_ok=True) if which == "transcript" else None
    if which == "transcript":
        with pytest.raises(UnreadableFile, match=rf"{THREAD}\.md"):
            LedgerReader(project).read(THREAD)


@pytest.mark.parametrize("damage", [b"", b"\0" * 4096, b"\xff\xfe\x81" * 50, b"# Notes\n"])
def test_a_damaged_transcript_takes_no_turn_out_of_its_ledger(tmp_path: Path, damage: bytes) -> None:
    """The ledger is the last that has them: it is left, also without its marker, and replayed, until told otherwise."""
    project = two_threads(tmp_path)
    ledger = project.ledger(THREAD).read_bytes()
    project.transcript(THREAD).write_bytes(damage)
    for _ in range(2):
        assert examine(project, THREAD).code == "transcript_damaged"
        done = backfill(project, now_iso=NOW).threads[0]
        assert (done.status, done.reason) == ("failed", "transcript_damaged")
        assert project.transcript(THREAD).name in done.problem
        assert project.ledger(THREAD).read_bytes() == ledger
        reading = LedgerReader(project).read(THREAD)
        assert (reading.diagnostic, len(reading.turns)) == ("transcript_damaged", 3)
        project.marker(THREAD).unlink(missing_ok=True)
    assert "error" in [one.severity for one in validate(project)]
    assert backfill(project, now_iso=NOW, force=True).threads[0].entry_count == 0


def test_a_text_whose_bytes_broke_does_not_replace_the_whole_one(tmp_path: Path) -> None:
    """The turn is there still; what the ledger has of it is better."""
    project = two_threads(tmp_path)
    path = project.transcript(THREAD)
    path.write_bytes(path.read_bytes().replace(b"answer 2", b"answ\xff\xfe 2"))
    assert backfill(project, now_iso=NOW).threads[0].reason == "transcript_damaged"


def test_a_damaged_transcript_that_tells_more_is_backfilled_and_named(tmp_path: Path) -> None:
    """What can be read of it goes into the ledger, each time it grows."""
    project = two_threads(tmp_path)
    path = project.transcript(THREAD)
    path.write_bytes(path.read_bytes() + b"<!-- CODEXCHAT_TURN_BEGIN id=torn\n")
    for count in (3, 4):
        done = backfill(project, now_iso=NOW).threads[0]
        assert (done.status, done.entry_count) == ("exported" if count > 3 else "skipped", 2 * count)
        assert f"{path} is damaged" in done.problem
        assert "malformed_marker" in done.problem
        whole = (
            project_of(tmp_path / "more", [turn(9)])
            .transcript(THREAD)
            .read_bytes()
            .partition(b"<!-- CODEXCHAT_TURN")
        )
        path.write_bytes(path.read_bytes() + b"".join(whole[1:]))


def test_a_thread_that_was_never_read_has_no_empty_ledger(tmp_path: Path) -> None:
    """A file in which nothing is of a transcript is none."""
    project = project_of(tmp_path)
    project.transcript(THREAD).write_bytes(b"")
    done = backfill(project, now_iso=NOW).threads[0]
    assert (done.status, done.reason) == ("failed", "transcript_damaged")
    assert not project.ledger(THREAD).exists()


def test_a_ledger_that_cannot_be_written_keeps_no_other_from_being_so(tmp_path: Path) -> None:
    """The folder of the markers is a file, say."""
    project = project_of(tmp_path)
    project_of(tmp_path, 2, OTHER)
    (project.threads / MARKER_FOLDER).write_text("in the way")
    done = backfill(project, now_iso=NOW)
    assert [one.status for one in done.threads] == ["failed", "failed"]
    project.markers.unlink()
    project.ledger(OTHER).write_text("{}")
    project.ledger(OTHER).chmod(0o444)
    done = backfill(project, now_iso=NOW)
    assert [one.status for one in done.threads] == ["exported", "failed"]
    assert "may not be written" in done.threads[1].problem


@pytest.mark.parametrize("kind", KINDS)
def test_days_that_cannot_be_read_are_taken_over_later(tmp_path: Path, kind: str) -> None:
    """The other days are merged now; the archive is not marked as taken over before all of it was."""
    project = project_of(tmp_path, 1)
    for name in ("2026-01-30", "2026-01-31"):
        day = project.chats / name / f"{THREAD}.md"
        day.parent.mkdir()
        day.write_text(DAY.replace("Hello", name))
    odd = project.chats / "2026-01-30" / f"{THREAD}.md"
    text = odd.read_text()
    put(kind, odd)
    assert take_over_days(project, NOW) == 1
    assert list(project.unreadable) == [odd]
    assert not project.days_are_merged()
    odd.rmdir() if kind == "folder" else odd.unlink()
    odd.write_text(text)
    assert take_over_days(project, NOW) == 1
    assert project.days_are_merged()
    asked = [one.user_text for one in project.require_turns(THREAD).turns]
    assert asked == ["2026-01-30", "2026-01-31", "question 1"]


def test_a_day_that_cannot_be_read_takes_no_turn_out_of_a_ledger(tmp_path: Path) -> None:
    """The ledger was made when it could."""
    project = project_of(tmp_path, 1)
    day = project.chats / "2026-01-31" / f"{THREAD}.md"
    day.parent.mkdir()
    day.write_text(DAY)
    assert backfill(project, now_iso=NOW).threads[0].entry_count > 2
    put("memory", day)
    assert backfill(project, now_iso=NOW).threads[0].reason == "transcript_damaged"
    assert json.loads(project.ledger(THREAD).read_bytes())["entries"]
    assert read_ledger(project.ledger(THREAD).read_bytes()).entry_count > 2


def test_a_transcript_of_which_nothing_can_be_read_is_to_be_mended_and_not_backfilled(tmp_path: Path) -> None:
    """A backfill of it fails, so that the advice to run one leads nowhere."""
    project = project_of(tmp_path, 1)
    project.transcript(THREAD).write_bytes(b"")
    (found,) = statuses(project)
    assert (found.code, found.turn_count) == ("transcript_only", 0)
    assert found.advice.startswith("Mend the transcript")
    assert [one.status for one in backfill(project, now_iso=NOW).threads] == ["failed"]
