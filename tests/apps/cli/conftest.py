"""Commands run as a user runs them: another process, its exit status and what it printed.

The process is forked from one that has loaded the commands; `test_main.py` begins each of them afresh.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import forked
from tests.tidy.source import PROJECT

Run = Callable[..., subprocess.CompletedProcess[str]]

ERAS = PROJECT / "golden" / "cli" / "eras"
"""A chat of 2013 to 2026 with an agent's thread, a draft, a video row and a torn last line."""


@pytest.fixture
def chatdoc(tmp_path: Path) -> Run:
    """Runs `chatdoc` in a fresh folder; a traceback fails the test whatever the exit status is."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        done = forked.run(*arguments, module="chatdoc.apps.cli.main", folder=tmp_path)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


@pytest.fixture
def legacy(tmp_path: Path) -> Path:
    """A copy of the golden chat of several eras, in a fresh folder."""
    return Path(shutil.copyfile(ERAS / "team.sage-chat", tmp_path / "team.sage-chat"))
