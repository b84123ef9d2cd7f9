"""Projects with transcripts in every state that the ledger's tests need."""

from __future__ import annotations

from pathlib import Path

from chatdoc.store.ledger.project import Project
from migrate.transcript import write
from migrate.transcript.turn import TranscriptTurn
from tests.migrate.transcript.turns import THREAD, turn

NOW = "2026-11-28T12:00:00.000Z"
OTHER = "00000000-0000-0000-0000-0000000000F2"


def project_of(folder: Path, turns: int | list[TranscriptTurn] = 3, thread_id: str = THREAD) -> Project:
    """A project with one more thread, of so many turns."""
    project = Project(folder)
    told = [turn(number) for number in range(1, turns + 1)] if isinstance(turns, int) else turns
    project.threads.mkdir(parents=True, exist_ok=True)
    (project.threads / f"{thread_id}.md").write_bytes(write.render(thread_id, told))
    return project


def bytes_below(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
