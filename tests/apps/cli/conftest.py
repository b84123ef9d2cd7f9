"""Commands run as a user runs them: another process, its exit status and what it printed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tidy.source import PROJECT

Run = Callable[..., subprocess.CompletedProcess[str]]

ERAS = PROJECT / "golden" / "cli" / "eras"
"""A chat of 2013 to 2026 with an agent's thread, a draft, a video row and a torn last line."""


@pytest.fixture
def chatdoc(tmp_path: Path) -> Run:
    """Runs `chatdoc` in a fresh folder; a traceback fails the test whatever the exit status is."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "chatdoc.apps.cli.main", *map(str, arguments)]
        environment = {"PYTHONPATH": str(PROJECT), "PATH": "", "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", timeout=60
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


@pytest.fixture
def legacy(tmp_path: Path) -> Path:
    """A copy of the golden chat of several eras, in a fresh folder."""
    return Path(shutil.copyfile(ERAS / "team.sage-chat", tmp_path / "team.sage-chat"))
