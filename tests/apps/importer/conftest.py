"""Workspaces into which golden session logs are imported, as the command does it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chatdoc.apps.importer.documents import Target
from chatdoc.apps.importer.outcome import ImportReport
from chatdoc.apps.importer.run import Importer
from chatdoc.settings import Settings
from tests.tidy.source import PROJECT

CASES = PROJECT / "golden" / "sessions"
SHARED = (b"019a0000-0000-7000-8000-000000000001", b"c1a0de00-0000-4000-8000-000000000001", b"acp0-session-1")
"""Sessions that several cases are about."""
NOW_MS = 1_780_000_000_000

Import = Callable[..., ImportReport]


def log_in(case: str) -> Path:
    """The log of a golden case."""
    (path,) = [one for one in (CASES / case).iterdir() if one.suffix in (".jsonl", ".ndjson")]
    return path


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A folder with a copy of every golden log, named after its case and with a session of its own."""
    folder = tmp_path / "logs"
    for number, case in enumerate(sorted(CASES.iterdir()), 1):
        source = log_in(case.name)
        name = source.name if source.stem != "log" else f"{case.name}{source.suffix}"
        raw = source.read_bytes()
        for shared in SHARED:
            raw = raw.replace(shared, shared[:-4] + f"{number:04d}".encode())
        (folder / case.name).mkdir(parents=True)
        (folder / case.name / name).write_bytes(raw)
    return folder


@pytest.fixture
def run_import(tmp_path: Path) -> Import:
    """Imports paths into a folder or file, each time with an importer of its own."""

    def run(*paths: Path, into: Path | None = None, settings: Settings | None = None) -> ImportReport:
        target = Target(into if into is not None else tmp_path / "out")
        with Importer(target, settings or Settings(), clock=lambda: NOW_MS) as importer:
            return importer.run(paths)

    return run


def files_in(folder: Path) -> dict[str, bytes]:
    """Every `.chat` file of a folder, by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.chat"))}
