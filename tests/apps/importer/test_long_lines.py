"""A line longer than any that is read is counted, and neither its parts nor what lies in it is taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc.apps.importer import read_log
from tests.apps.importer.conftest import Import


def test_a_line_too_long_to_be_read_is_waited_for_to_its_end(
    logs: Path, tmp_path: Path, run_import: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rest is no line of its own, and what lies in it is no record."""
    monkeypatch.setattr(read_log, "LINE_BYTES_MAX", 2000)
    path = logs / "codex-minimal" / "codex-minimal.jsonl"
    raw = path.read_bytes()
    said = raw.splitlines()[-1]
    long = b'{"timestamp":"2026-03-01T10:00:00Z","type":"x","payload":"' + b"y" * 3000
    counts, records = [], set()
    for text in (raw, raw + long, raw + long + said + b'"}\n'):
        path.write_bytes(text)
        (done,) = run_import(path).sessions
        counts.append([done.lines[one] for one in ("total", "quarantined", "unfinished")])
        records.add(done.lines["record"])
    total = counts[0][0]
    assert counts == [[total, 0, 0], [total + 1, 0, 1], [total + 1, 1, 0]]
    assert len(records) == 1
