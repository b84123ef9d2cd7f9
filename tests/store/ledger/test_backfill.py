"""A backfill makes the ledgers that are missing or stale and no other, and says which were which."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from chatdoc.model.errors import NotFound
from chatdoc.store.ledger.backfill import backfill, export
from chatdoc.store.ledger.project import Project
from chatdoc.store.ledger.standing import examine
from migrate.transcript.ledger import LIMIT_ALL
from tests.migrate.transcript.turns import THREAD, turn
from tests.store.ledger.projects import NOW, OTHER, bytes_below, project_of


def outcome(project: Project, **given: int) -> tuple[int, int]:
    """How many threads a backfill exported and skipped."""
    done = backfill(project, now_iso=NOW, **given)
    return done.exported_thread_count, done.skipped_thread_count


def test_a_second_backfill_writes_nothing_and_force_writes_all(tmp_path: Path) -> None:
    """Two exported, then two skipped, then two by force; a file that is named otherwise is no thread."""
    project = project_of(tmp_path)
    project_of(tmp_path, 2, OTHER)
    (project.threads / "notes.md").write_text("# Thread Transcript for nobody")
    (project.threads / f"{THREAD}.md.tmp-{OTHER}").write_text("left behind by a crash")
    assert outcome(project) == (2, 0)
    before = bytes_below(tmp_path)
    assert outcome(project) == (0, 2)
    assert bytes_below(tmp_path) == before
    assert outcome(project, force=True) == (2, 0)
    assert bytes_below(tmp_path) == before


def test_the_default_limit_is_all_and_is_spelled_so(tmp_path: Path) -> None:
    """120 turns are 240 entries."""
    project = project_of(tmp_path, 120)
    done = backfill(project, now_iso=NOW)
    assert done.threads[0].entry_count == 240
    assert json.loads(project.marker(THREAD).read_bytes())["turnLimit"] == 9_223_372_036_854_775_807


def test_golden_marker(tmp_path: Path) -> None:
    """The fields of version 1 in Swift's spelling, and one of ours."""
    project = project_of(tmp_path)
    backfill(project, now_iso=NOW)
    ledger = project.ledger(THREAD).read_bytes()
    transcript = project.transcript(THREAD).read_bytes()
    spelled = project.path.replace("/", "\\/")
    assert project.marker(THREAD).read_text() == (
        '{\n  "entryCount" : 6,\n  "generatedAt" : "2026-11-28T12:00:00Z",\n'
        f'  "ledgerPath" : "{spelled}\\/chats\\/threads\\/{THREAD}.ledger.json",\n  "projectPath" : "{spelled}",\n'
        f'  "schemaVersion" : 1,\n  "sha256" : "{sha256(ledger).hexdigest()}",\n  "threadID" : "{THREAD}",\n'
        f'  "transcriptSHA256" : "{sha256(transcript).hexdigest()}",\n  "turnLimit" : 9223372036854775807\n}}'
    )


def spoil(project: Project, how: str) -> None:
    """Brings the ledger of a thread into a state."""
    ledger, marker = project.ledger(THREAD), project.marker(THREAD)
    said = json.loads(marker.read_bytes())
    match how:
        case "ledger_deleted":
            ledger.unlink()
        case "marker_missing":
            marker.unlink()
        case "marker_invalid":
            marker.write_bytes(marker.read_bytes()[:40])
        case "marker_other_thread":
            marker.write_text(json.dumps({**said, "threadID": OTHER}))
        case "digest_differs":
            ledger.write_bytes(ledger.read_bytes().replace(b"answer 1", b"answer 9"))
        case "count_differs":
            marker.write_text(json.dumps({**said, "entryCount": 7}))
        case "ledger_invalid":
            ledger.write_bytes(ledger.read_bytes()[:-9])
        case "ledger_other_thread":
            ledger.write_bytes(ledger.read_bytes().replace(THREAD.encode(), OTHER.encode()))
        case "transcript_changed":
            project_of(Path(project.path), 4)
        case _:
            raise AssertionError(how)


@pytest.mark.parametrize(
    "code",
    [
        "ledger_deleted", "marker_missing", "marker_invalid", "marker_other_thread", "digest_differs", "count_differs",
        "ledger_invalid", "ledger_other_thread", "transcript_changed",
    ],
)  # fmt: skip
def test_each_kind_of_stale_ledger_is_found_and_made_anew(tmp_path: Path, code: str) -> None:
    """The code says what was wrong; afterwards the ledger is current and holds what the transcript tells."""
    project = project_of(tmp_path)
    backfill(project, now_iso=NOW)
    spoil(project, code)
    assert examine(project, THREAD).code == code
    done = backfill(project, now_iso=NOW)
    assert [(one.status, one.reason) for one in done.threads] == [("exported", code)]
    assert examine(project, THREAD).code == "current"
    assert outcome(project) == (0, 1)


def test_another_limit_makes_the_ledger_anew(tmp_path: Path) -> None:
    """Five turns are ten entries, then all twenty are forty."""
    project = project_of(tmp_path, 20)
    assert backfill(project, now_iso=NOW, limit=5).threads[0].entry_count == 10
    done = backfill(project, now_iso=NOW).threads[0]
    assert (done.reason, done.entry_count) == ("limit_differs", 40)


def test_a_marker_of_codexchat_is_checked_against_what_the_transcript_tells(tmp_path: Path) -> None:
    """It has no digest of the transcript; a ledger that tells the same is left, one of a thread that grew is not."""
    project = project_of(tmp_path)
    backfill(project, now_iso=NOW)
    marker = project.marker(THREAD)
    said = json.loads(marker.read_bytes())
    del said["transcriptSHA256"]
    marker.write_text(json.dumps(said))
    assert outcome(project) == (0, 1)
    project_of(tmp_path, 4)
    assert outcome(project) == (1, 0)


def test_a_transcript_that_was_only_spelled_anew_is_not_stale(tmp_path: Path) -> None:
    """Other line ends tell the same."""
    project = project_of(tmp_path)
    backfill(project, now_iso=NOW)
    path = project.transcript(THREAD)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert outcome(project) == (0, 1)


def test_an_export_is_the_same_bytes_whenever_it_is_made(tmp_path: Path) -> None:
    """No clock is in it, so its digest says whether the content is the same."""
    project = project_of(tmp_path, 120)
    first = export(project, THREAD, limit=100)
    assert first.entry_count == 200
    assert first.sha256 == sha256(project.ledger(THREAD).read_bytes()).hexdigest()
    out = tmp_path / "out" / "ledger.json"
    second = export(project, THREAD, limit=100, output=out)
    assert (second.sha256, second.output_path) == (first.sha256, str(out))


def test_a_thread_without_a_transcript_has_no_ledger(tmp_path: Path) -> None:
    """A mistyped id makes no empty ledger."""
    project = project_of(tmp_path)
    with pytest.raises(NotFound, match=OTHER):
        export(project, OTHER)
    assert not project.ledger(OTHER).exists()


def test_a_name_in_lower_case_is_the_same_thread(tmp_path: Path) -> None:
    """Its files are found and replaced where they are."""
    project = project_of(tmp_path)
    low = project.threads / f"{THREAD.lower()}.md"
    project.transcript(THREAD).rename(low)
    assert outcome(project) == (1, 0)
    assert project.transcript(THREAD) == low
    assert project.thread_ids() == [THREAD]


def test_an_unreadable_turn_costs_no_other_turn_its_entries(tmp_path: Path) -> None:
    """CodexChat's reader stops there, and its ledger lacks all that follows."""
    project = project_of(tmp_path, [turn(1), turn(2), turn(3)])
    path = project.transcript(THREAD)
    path.write_bytes(path.read_bytes().replace(b"id=00000000-0000-0000-0000-000000000002", b"id=torn"))
    assert backfill(project, now_iso=NOW, limit=LIMIT_ALL).threads[0].entry_count == 4
