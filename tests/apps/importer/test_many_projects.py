"""Logs of more projects than may be open at once are read project by project, however their paths are ordered."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc.apps.importer import documents
from chatdoc.model.errors import UnreadableFile
from chatdoc.open import open_document
from tests.apps.importer.conftest import Import, files_in, log_in

SESSION = b"019a0000-0000-7000-8000-000000000001"


def write_logs(folder: Path, count: int, projects: int) -> None:
    """Logs of several projects in turn, as a tool has them that keeps its logs by date."""
    raw = log_in("codex-minimal").read_bytes()
    folder.mkdir()
    for number in range(count):
        text = raw.replace(SESSION, SESSION[:-4] + b"%04d" % number)
        text = text.replace(b"/home/ada/loom", b"/home/ada/loom%d" % (number % projects))
        (folder / f"{number:04}.jsonl").write_bytes(text)


def test_each_document_is_opened_once(
    tmp_path: Path, run_import: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening and saving cost as much as a document holds, so each log would cost as much as all before it."""
    opened: list[str] = []

    def counted(path: Path) -> object:
        opened.append(path.name)
        return open_document(path)

    monkeypatch.setattr(documents, "open_document", counted)
    monkeypatch.setattr(documents, "OPEN_MAX", 2)
    write_logs(tmp_path / "logs", 12, 4)
    report = run_import(tmp_path / "logs")
    assert report.counts == {"imported": 12}
    assert [Path(one.path).name for one in report.sessions] == [f"{number:04}.jsonl" for number in range(12)]
    assert len(opened) == len(set(opened)) == len(files_in(tmp_path / "out")) == 4
    opened.clear()
    for path in (tmp_path / "logs").iterdir():
        raw = path.read_bytes()
        path.write_bytes(raw + raw.splitlines(keepends=True)[-1].replace(b"T10:", b"T11:"))
    assert run_import(tmp_path / "logs").counts == {"grown": 12}
    assert len(opened) == 4


def test_a_log_that_cannot_be_looked_into_is_told_in_its_place(
    tmp_path: Path, run_import: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a document that cannot be opened costs its own logs alone."""
    write_logs(tmp_path / "logs", 4, 2)
    first = run_import(tmp_path / "logs" / "0000.jsonl").sessions[0]

    def failing(path: Path) -> object:
        if str(path) == first.document:
            raise UnreadableFile("it is damaged", hint="Mend it")
        return open_document(path)

    monkeypatch.setattr(documents, "open_document", failing)
    report = run_import(tmp_path / "logs")
    assert [one.result for one in report.sessions] == ["unchanged", "imported", "failed", "imported"]
