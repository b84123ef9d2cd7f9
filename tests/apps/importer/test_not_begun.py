"""A log in which nothing was said yet is no session, and does not decide into which document its session will go."""

from __future__ import annotations

from pathlib import Path

from chatdoc.apps.importer.read_log import PARSER_VERSION
from chatdoc.store.session_index.index import SessionIndex
from tests.apps.importer.conftest import Import, files_in, log_in

MODE = (
    b'{"type":"permission-mode","permissionMode":"plan","sessionId":"c1a0de00-0000-4000-8000-000000000001"}\n'
)


def test_a_session_goes_into_its_projects_document_whenever_its_log_was_seen_first(
    tmp_path: Path, run_import: Import
) -> None:
    """A tool that was started and not asked anything has written its mode, and not yet where it works."""
    lines = [MODE, *log_in("claude-minimal").read_bytes().splitlines(keepends=True)]
    for name, counts in (("once", (len(lines),)), ("grown", range(1, len(lines) + 1))):
        path = tmp_path / name / "log.jsonl"
        path.parent.mkdir()
        for count in counts:
            path.write_bytes(b"".join(lines[:count]))
            (done,) = run_import(path, into=tmp_path / name / "out").sessions
        assert done.lines["total"] == len(lines)
    once, grown = files_in(tmp_path / "once" / "out"), files_in(tmp_path / "grown" / "out")
    assert once.keys() == grown.keys() == {Path(done.document).name}
    rows = [
        [row for row in text.split(b"\n") if b'"event":"document"' not in row]
        for files in (once, grown)
        for text in files.values()
    ]
    assert rows[0] == rows[1]


def test_a_log_that_only_has_its_settings_is_empty(tmp_path: Path, run_import: Import) -> None:
    """It makes no document, and no row in the index."""
    (tmp_path / "log.jsonl").write_bytes(MODE)
    assert run_import(tmp_path / "log.jsonl").counts == {"empty": 1}
    assert files_in(tmp_path / "out") == {}
    with SessionIndex.open(tmp_path / "out") as index:
        assert index.rows() == []


def test_one_that_an_earlier_version_imported_is_read_anew_once(tmp_path: Path, run_import: Import) -> None:
    """An audit told for ever that another version had read it, and advised a reindex that changed nothing."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(MODE + log_in("claude-minimal").read_bytes())
    run_import(path)
    with SessionIndex.open(tmp_path / "out") as index:
        path.write_bytes(MODE)
        index.expire(("claude",))
    assert run_import(path).counts == {"imported": 1}
    with SessionIndex.open(tmp_path / "out") as index:
        assert [row.parser_version for row in index.rows()] == [PARSER_VERSION]
    assert run_import(path).counts == {"unchanged": 1}
