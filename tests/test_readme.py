"""What the README shows is what happens."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text()


def test_the_python_examples_give_what_they_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every `>>>` line of the README runs, in order, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / ".chatdoc").mkdir()
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    example = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "README", "README.md", 0)
    assert len(example.examples) > 15
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example)
    assert result.failed == 0


def test_the_session_prints_what_it_shows(tmp_path: Path) -> None:
    """Every `$` line of the README runs, in order, on a copy of the golden chat, and prints just that."""
    shutil.copy(PROJECT / "golden" / "cli" / "eras" / "team.sage-chat", tmp_path)
    (session,) = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    steps = re.findall(r"^\$ chatdoc (.*)\n((?:(?!\$ ).*\n)*)", session, re.MULTILINE)
    assert len(steps) == 3
    for command, shown in steps:
        ran = subprocess.run(
            [sys.executable, "-m", "chatdoc.cli.main", *command.split()],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.stderr, ran.returncode) == ("", 0)
        printed = "\n".join(line.rstrip() for line in ran.stdout.splitlines())
        assert printed == "\n".join(line.rstrip() for line in shown.splitlines())
