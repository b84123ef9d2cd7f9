"""A folder that may not be looked into is named and stops nothing; what was imported from it is not taken for gone."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from chatdoc.apps.importer.audit import Audit
from chatdoc.apps.importer.documents import Target
from chatdoc.apps.importer.reindex import reindex
from chatdoc.apps.importer.run import Importer
from chatdoc.settings import Settings
from chatdoc.store.session_index.index import SessionIndex
from tests.apps.importer.conftest import NOW_MS, Import
from tests.closed_folder import close_below


@pytest.fixture
def closed(logs: Path, tmp_path: Path, run_import: Import) -> Path:
    """A folder that cannot be read; the index knows a log in it, which was imported when it could be."""
    first = run_import(logs / "codex-minimal").sessions[0]
    place = tmp_path / "closed"
    place.mkdir()
    folder = close_below(place)
    with SessionIndex.open(tmp_path / "out") as index:
        row = index.get(first.path)
        assert row is not None
        index.put(msgspec.structs.replace(row, path=str(folder / "log.jsonl")))
    return folder


def test_an_import_goes_on_and_takes_nothing_for_gone(
    closed: Path, logs: Path, tmp_path: Path, run_import: Import
) -> None:
    """The folder is named with why, and all other logs are imported."""
    report = run_import(tmp_path / "closed", logs / "claude-minimal")
    assert [(one.result, one.error != "") for one in report.sessions if one.source == ""] == [
        ("failed", True)
    ]
    assert [one.result for one in report.sessions if one.source] == ["imported"]
    assert report.missing == []
    named = run_import(closed, closed / "log.jsonl")
    assert [one.result for one in named.sessions] == ["failed", "failed"]


def test_a_tools_own_folder_that_is_closed_stops_no_other_tool(
    closed: Path, logs: Path, run_import: Import
) -> None:
    """Where no folder is named."""
    settings = Settings(codex_roots=(str(closed),), claude_roots=(str(logs / "claude-minimal"),))
    assert run_import(settings=settings).counts == {"failed": 1, "imported": 1}


def test_a_reindex_names_the_log_that_it_cannot_read(closed: Path, logs: Path, tmp_path: Path) -> None:
    """And reads the others."""
    with Importer(Target(tmp_path / "out"), Settings(), clock=lambda: NOW_MS) as importer:
        assert reindex(importer, ("codex",)).counts == {"failed": 1, "imported": 1}


def test_an_audit_names_it(closed: Path, logs: Path, tmp_path: Path) -> None:
    """Whether it is the tool's own folder or one that was imported from."""
    settings = Settings(codex_roots=(str(closed),))
    with SessionIndex.open(tmp_path / "out") as index:
        found = Audit(index, settings).run([]).findings
    assert {(one.code, one.path) for one in found} == {
        ("unreadable", str(closed)),
        ("unreadable", str(closed / "log.jsonl")),
    }
