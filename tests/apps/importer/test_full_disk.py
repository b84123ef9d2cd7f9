"""On a disk that is really full nothing is torn or lost by imports and transcripts, and all goes on with room."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatdoc import open_document
from chatdoc.model.errors import ChatdocError
from chatdoc.store.ledger.backfill import backfill
from chatdoc.store.ledger.project import Project, thread_uuid
from chatdoc.store.ledger.validate import validate
from tests import forked
from tests.migrate.sessions.logs import CASES
from tests.open.chats import furnish
from tests.store.ledger.projects import NOW

Grow = Callable[[int], None]
LOGS = ("codex-tool-heavy", "claude-split-message", "codex-compacted")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[Path, Grow]]:
    """A small disk, and what gives it so many KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("only root may mount a disk of a size of its own")

    def grow(size_kib: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size_kib}k", str(place)], check=True)

    yield place, grow
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("size_kib", [16, 128, 300, 450])
def test_an_import_goes_on_when_there_is_room(tmp_path: Path, disk: tuple[Path, Grow], size_kib: int) -> None:
    """Wherever it was stopped; an audit of all bytes finds nothing missing then."""
    place, grow = disk
    logs = tmp_path / "logs"
    logs.mkdir()
    for name in LOGS:
        (log,) = (CASES / name).glob("*.jsonl")
        shutil.copyfile(log, logs / f"{name}.jsonl")

    def run(command: str) -> subprocess.CompletedProcess[str]:
        done = forked.run(command, logs, "--into", place, module="chatdoc.apps.cli.main", folder=tmp_path)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    grow(size_kib)
    for _ in range(2):
        assert run("import").returncode == 1
    grow(60_000)
    assert run("import").returncode == 0
    audited = run("audit")
    assert (audited.returncode, audited.stdout.splitlines()[-1]) == (0, "3 present; 0 findings")


def test_a_transcript_and_its_ledger_are_whole_or_as_they_were(
    tmp_path: Path, disk: tuple[Path, Grow]
) -> None:
    """Turns go on meanwhile, and the file has all of them once there is room."""
    place, grow = disk
    grow(32)
    thread = furnish(tmp_path / "a.chat")
    with open_document(tmp_path / "a.chat") as document, document.transcripts(place) as transcripts:
        for number in range(12):
            with document.start_turn(thread, sender_id="codex") as turn:
                turn.append(f"{number} " + "x" * 4000)
                turn.finalize()
        assert transcripts.behind == [thread]
        project = Project(place)
        held = project.require_turns(thread_uuid(thread))
        assert (0 < len(held.turns) < 12, held.problems) == (True, [])
        grow(80)
        assert transcripts.catch_up() == []
        assert len(project.require_turns(thread_uuid(thread)).turns) == 12
    (failed,) = backfill(project, now_iso=NOW).threads
    assert (failed.status, "No space left" in failed.problem) == ("failed", True)
    grow(4000)
    assert [one.status for one in backfill(project, now_iso=NOW).threads] == ["exported"]
    assert validate(project) == []


def test_who_finds_no_room_is_told_so(disk: tuple[Path, Grow]) -> None:
    """With what to do about it."""
    place, _ = disk
    (place / "filling").write_bytes(b"x" * 15_000)
    with pytest.raises(ChatdocError, match=r"(?i)disk is full|no space left|free space"):
        furnish(place / "a.chat")
