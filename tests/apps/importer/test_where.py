"""Which document a log went into, and which log it is, is known from wherever and however the import is called."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from chatdoc.apps.importer.audit import Audit
from chatdoc.apps.importer.documents import Documents
from chatdoc.settings import Settings
from chatdoc.store.session_index.index import SessionIndex
from tests.apps.importer.conftest import Import, files_in


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Goes to a folder below the test's, as a shell does."""

    def go(name: str) -> None:
        (tmp_path / name).mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / name)

    return go


def test_an_import_from_another_folder_knows_what_was_imported(
    go: Callable[[str], None], logs: Path, tmp_path: Path, run_import: Import
) -> None:
    """A path below the current folder means another place from the next one, and there may be a file there."""
    go("out")
    first = run_import(logs, into=Path("."))
    assert first.counts == {"imported": len(first.sessions)}
    before = files_in(tmp_path / "out")
    go("elsewhere")
    for name in before:
        Path(name).write_bytes(b"")
    again = run_import(logs, into=Path("../out"))
    assert again.counts == {"unchanged": len(first.sessions)}
    assert files_in(tmp_path / "out") == before
    with SessionIndex.open(Path("../out")) as index:
        assert [one.code for one in Audit(index, Settings()).run([]).findings if one.code == "lost"] == []


def test_a_folder_that_was_moved_knows_what_was_imported(
    logs: Path, tmp_path: Path, run_import: Import
) -> None:
    """Its documents and its index moved together."""
    first = run_import(logs)
    shutil.move(tmp_path / "out", tmp_path / "moved")
    again = run_import(logs, into=tmp_path / "moved")
    assert again.counts == {"unchanged": len(first.sessions)}
    assert {Path(one.document).parent for one in again.sessions} == {tmp_path / "moved"}


def test_a_document_whose_text_is_behind_is_found_from_another_folder(
    go: Callable[[str], None], logs: Path, tmp_path: Path, run_import: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed import named it as it was called where it ran, and the next one opens it, which saves it."""
    document = run_import(logs / "codex-minimal").sessions[0].document
    with SessionIndex.open(tmp_path / "out") as index:
        index.note_unsaved(Path(document).name)
    opened: list[Path] = []
    get = Documents.get
    monkeypatch.setattr(Documents, "get", lambda self, path: opened.append(path) or get(self, path))
    go("elsewhere")
    run_import(logs / "codex-minimal", into=Path("../out"))
    assert opened == [Path(document)]
    with SessionIndex.open(tmp_path / "out") as index:
        assert index.unsaved() == []


def test_a_log_is_one_however_its_folder_is_spelled(
    go: Callable[[str], None], logs: Path, tmp_path: Path, run_import: Import
) -> None:
    """`../logs` and `logs` are one folder: what was imported from it is not read again, and an audit counts it once."""
    first = run_import(logs)
    go("elsewhere")
    assert run_import(Path("../logs")).counts == {"unchanged": len(first.sessions)}
    with SessionIndex.open(tmp_path / "out") as index:
        assert len(Audit(index, Settings()).run([Path("../logs")]).logs) == len(
            {one.path for one in first.sessions}
        )


def test_a_log_that_goes_into_another_document_is_not_told_to_have_changed(
    logs: Path, tmp_path: Path, run_import: Import
) -> None:
    """Neither one whose document was lost: its bytes are those that were read before."""
    for into in ("a.chat", "b.chat", "a.chat"):
        assert run_import(logs / "codex-minimal", into=tmp_path / "one" / into).counts == {"imported": 1}
    run_import(logs / "codex-minimal")
    shutil.rmtree(tmp_path / "out" / ".chatdoc" / "stores", ignore_errors=True)
    for path in (tmp_path / "out").glob("*.chat"):
        path.unlink()
    assert run_import(logs / "codex-minimal").counts == {"imported": 1}


def test_a_log_that_was_noted_by_way_of_another_folder_is_found_by_its_own(
    logs: Path, tmp_path: Path, run_import: Import
) -> None:
    """As earlier versions noted `../logs`; where both are noted, one of them is enough."""
    path = logs / "codex-minimal" / "codex-minimal.jsonl"
    run_import(path)
    astray = str(tmp_path / "out" / ".." / path.relative_to(tmp_path))
    with SessionIndex.open(tmp_path / "out") as index:
        row = index.get(str(path))
        assert row is not None
        index.put(msgspec.structs.replace(row, path=astray))
    with sqlite3.connect(index.path) as connection:
        connection.execute("DELETE FROM session_logs WHERE path = ?", (str(path),))
    (again,) = run_import(path).sessions
    assert (again.result, again.path) == ("unchanged", str(path))
    with SessionIndex.open(tmp_path / "out") as index:
        index.put(msgspec.structs.replace(row, path=astray))
    with SessionIndex.open(tmp_path / "out") as index:
        assert [one.path for one in index.rows()] == [str(path)]
