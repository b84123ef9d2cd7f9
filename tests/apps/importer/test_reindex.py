"""`POST /api/system/reindex`: all sources when none is named, one without touching the others, 400 for unknown ones."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from chatdoc.apps.importer.reindex_app import PATH, build_reindex_app
from chatdoc.settings import Settings
from chatdoc.store.session_index.index import LogRow, SessionIndex
from tests.apps.importer.conftest import NOW_MS, Import, files_in

LATER_MS = NOW_MS + 5000


def rows(folder: Path, source: str) -> list[LogRow]:
    """The index's rows of one source."""
    with SessionIndex.open(folder) as index:
        return index.rows((source,))


async def post(folder: Path, content: bytes) -> httpx.Response:
    """The answer to one request."""
    app = build_reindex_app(folder, settings=Settings, clock=lambda: LATER_MS)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, verify=False, base_url="http://localhost") as client:
        return await client.post(PATH, content=content)


def ask(folder: Path, content: bytes) -> httpx.Response:
    """The same, from outside of a loop."""
    return asyncio.run(post(folder, content))


def test_one_source_leaves_the_others_rows_untouched(logs: Path, tmp_path: Path, run_import: Import) -> None:
    """Codex only: its rows are new, Claude's are the same to the last field, and no document changes."""
    run_import(logs)
    folder = tmp_path / "out"
    claude, texts = rows(folder, "claude"), files_in(folder)
    answer = ask(folder, b'{"sources": ["codex"]}')
    assert answer.status_code == 200
    assert answer.json()["sources"] == ["codex"]
    assert rows(folder, "claude") == claude
    assert {row.indexed_at_ms for row in rows(folder, "codex")} == {LATER_MS}
    assert files_in(folder) == texts


def test_absent_sources_are_all(logs: Path, tmp_path: Path, run_import: Import) -> None:
    """Nothing, an empty object and null each reindex every source."""
    run_import(logs / "codex-minimal", logs / "claude-minimal", logs / "acp-two-sessions")
    for content in (b"", b"{}", b'{"sources": null}'):
        answer = ask(tmp_path / "out", content)
        assert answer.json()["sources"] == ["claude", "codex", "acp"]
        assert answer.json()["counts"] == {"imported": 4}


def test_a_log_that_could_not_be_read_is_named(logs: Path, tmp_path: Path, run_import: Import) -> None:
    """With why, and all others are read."""
    path = logs / "codex-minimal" / "codex-minimal.jsonl"
    run_import(path, logs / "claude-minimal")
    path.unlink()
    path.symlink_to(path)
    answer = ask(tmp_path / "out", b"").json()
    assert (answer["ok"], answer["counts"]) == (False, {"failed": 1, "imported": 1})
    assert answer["failed"] == [{"path": str(path), "error": "Too many levels of symbolic links"}]


@pytest.mark.parametrize(
    "content",
    [
        b'{"sources": ["gemini"]}',
        b'{"sources": "codex"}',
        b'{"sources": []}',
        b'{"source": ["codex"]}',
        b"[1]",
        b"{",
    ],
)
def test_unknown_sources_are_refused(content: bytes, logs: Path, tmp_path: Path, run_import: Import) -> None:
    """400, words that say what was expected, and nothing read."""
    run_import(logs / "codex-minimal")
    before = rows(tmp_path / "out", "codex")
    answer = ask(tmp_path / "out", content)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert rows(tmp_path / "out", "codex") == before
