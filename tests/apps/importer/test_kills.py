"""An import that is killed at any moment is finished by the next one, with the bytes of one that was never killed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.apps.importer.conftest import Import, files_in
from tests.tidy.source import PROJECT


@pytest.mark.slow
def test_a_killed_import_goes_on(tmp_path: Path, logs: Path, run_import: Import) -> None:
    """After kills at random moments every file is whole, and no session is there twice."""
    dice = random.Random(29)
    command = [
        sys.executable,
        "-m",
        "chatdoc.apps.cli.main",
        "import",
        str(logs),
        "--into",
        str(tmp_path / "killed"),
    ]
    for _ in range(8):
        process = subprocess.Popen(
            command, cwd=tmp_path, env={"PYTHONPATH": str(PROJECT)}, stdout=subprocess.DEVNULL
        )
        time.sleep(0.4 + dice.random())
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert run_import(logs, into=tmp_path / "killed").ok
    run_import(logs, into=tmp_path / "whole")
    killed, whole = files_in(tmp_path / "killed"), files_in(tmp_path / "whole")
    assert killed.keys() == whole.keys()
    for name, text in whole.items():
        assert rows_of(killed[name]) == rows_of(text)


def rows_of(text: bytes) -> list[bytes]:
    """The rows of a text but the document's own, which has an id of its own."""
    return [row for row in text.split(b"\n") if b'"event":"document"' not in row]
