"""Commands run as a user runs them: another process, its exit status and what it printed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tidy.source import PROJECT

Run = Callable[..., subprocess.CompletedProcess[str]]

# Two threads of 2020: one with a reply, one of an agent. Written for these tests.
LEGACY = """\
{"event":"chat","sender_id":"ada","date":"2020-05-01T10:00:00.000Z","history":[{"author_id":"ada","content":"When do \
we ship?","date":"2020-05-01T10:00:00.000Z"}]}
{"event":"chat","sender_id":"bob","date":"2020-05-01T10:05:00.000Z","reply_to":"2020-05-01T10:00:00.000Z","history":\
[{"author_id":"bob","content":"On Friday.","date":"2020-05-01T10:06:00.000Z"},{"author_id":"bob","content":"On Frday.",\
"date":"2020-05-01T10:05:00.000Z"}]}
{"event":"chat","sender_id":"ada","date":"2020-05-02T09:00:00.000Z","name":"Plan","history":[{"author_id":"ada",\
"content":"A plan, please","date":"2020-05-02T09:00:00.000Z"}]}
"""


@pytest.fixture
def chatdoc(tmp_path: Path) -> Run:
    """Runs `chatdoc` in a fresh folder; a traceback fails the test whatever the exit status is."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "chatdoc.cli.main", *map(str, arguments)]
        environment = {"PYTHONPATH": str(PROJECT), "PATH": "", "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", timeout=60
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


@pytest.fixture
def legacy(tmp_path: Path) -> Path:
    """A chat of 2020 with two threads, in a fresh folder."""
    path = tmp_path / "team.sage-chat"
    path.write_text(LEGACY, encoding="utf-8")
    return path
