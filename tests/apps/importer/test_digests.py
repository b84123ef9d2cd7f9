"""What a log costs is as much as it is long: its bytes are digested once, in however many batches it is read."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import pytest

from chatdoc.apps.importer import prefix, read_log
from tests.apps.importer.conftest import Import


def test_a_log_that_is_read_in_many_batches_is_digested_once(
    logs: Path, run_import: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the block in which a batch ends is digested again."""
    path = logs / "codex-minimal" / "codex-minimal.jsonl"
    raw = path.read_bytes()
    last = raw.splitlines(keepends=True)[-1]
    digested = []
    digest_of = prefix._digest

    def counted(file: BinaryIO, start: int, end: int) -> bytes:
        digested.append(end - start)
        return digest_of(file, start, end)

    monkeypatch.setattr(prefix, "_digest", counted)
    monkeypatch.setattr(prefix, "BLOCK_BYTES", 100)
    monkeypatch.setattr(read_log, "BATCH_BYTES", 1000)
    for repeated in (200, 400):
        path.write_bytes(raw + last * repeated)
        digested.clear()
        (done,) = run_import(path).sessions
        assert done.result in ("imported", "grown")
        assert sum(digested) < 2 * path.stat().st_size
