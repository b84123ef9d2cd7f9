"""What a command costs grows with the threads of a project and not with their square: no folder is listed for each."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from chatdoc.apps.importer.transcripts import import_transcripts
from chatdoc.open import open_document
from chatdoc.store.ledger.backfill import backfill
from chatdoc.store.ledger.bundle import bundle
from chatdoc.store.ledger.legacy_days import take_over_days
from chatdoc.store.ledger.parity import with_ledgers
from chatdoc.store.ledger.project import Project
from chatdoc.store.ledger.validate import statuses, validate
from tests.store.ledger.projects import NOW, project_of

DAY = "# Chat Archive for {}\n\n## Turn 2025-01-01T00:00:00Z\n\n### User\n\nq\n\n### Assistant\n\na\n\n---\n"


def _import(project: Project) -> None:
    with open_document(Path(project.path) / "all.chat") as document:
        import_transcripts(document, project)


COMMANDS: dict[str, Callable[[Project], object]] = {
    "status": statuses,
    "validate": validate,
    "backfill": lambda project: backfill(project, now_iso=NOW),
    "parity": with_ledgers,
    "bundle": lambda project: bundle(project, now_iso=NOW, versions={}),
    "import": _import,
    "take over": lambda project: take_over_days(project, NOW),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_folders_are_listed_as_often_for_many_threads_as_for_few(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where ledgers and markers are to be made, and where there are days that nobody took over."""
    listed: list[str] = []
    list_folder = os.listdir

    def counted(folder: str | os.PathLike[str]) -> list[str]:
        if "chats" in Path(folder).parts:
            listed.append(os.fspath(folder))
        return list_folder(folder)

    monkeypatch.setattr(os, "listdir", counted)
    counts = []
    for threads in (2, 12):
        folder = tmp_path / str(threads)
        for number in range(threads):
            thread_id = str(UUID(int=number + 1)).upper()
            project_of(folder, 1, thread_id)
            for day in ("2025-01-01", "2025-01-02"):
                (folder / "chats" / day).mkdir(exist_ok=True)
                for one in (thread_id, str(UUID(int=number + 1001)).upper()):  # The other has days alone.
                    (folder / "chats" / day / f"{one}.md").write_text(DAY.format(one))
        listed.clear()
        COMMANDS[command](Project(folder))
        counts.append(len(listed))
    assert counts[0] == counts[1] > 0


def test_a_name_in_lower_case_is_found_while_folders_are_listed_once(tmp_path: Path) -> None:
    """Of its transcript, its ledger and its marker; the files keep their names."""
    thread_id = "0000000A-0000-0000-0000-0000000000AB"
    project = project_of(tmp_path, 2, thread_id)
    backfill(project, now_iso=NOW)
    for path in [*project.threads.iterdir(), *project.markers.iterdir()]:
        if path.is_file():
            path.rename(path.with_name(path.name.lower()))
    before = sorted(path.name for path in tmp_path.rglob("*"))
    assert [one.status for one in backfill(project, now_iso=NOW).threads] == ["skipped"]
    assert [one.status for one in backfill(project, now_iso=NOW, force=True).threads] == ["exported"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
