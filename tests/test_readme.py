"""What the README shows is what happens."""

from __future__ import annotations

import doctest
import re
import shutil
from pathlib import Path

import pytest

from invariants.registry import RULES
from tests import forked

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text()
LOGGED = re.compile(r"^( *\d+  )\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


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


@pytest.mark.parametrize(("number", "count"), [(0, 3), (1, 5), (2, 3), (3, 6)])
def test_the_sessions_print_what_they_show(tmp_path: Path, number: int, count: int) -> None:
    """Every `$` line of the README runs, in order, on a copy of the golden chat, and prints just that.

    Only the moment at which a file came into the log is another one each time.
    """
    home = tmp_path / "chats"
    home.mkdir()
    shutil.copy(PROJECT / "golden" / "cli" / "eras" / "team.sage-chat", home)
    (home / "logs").mkdir()
    for case in ("codex-tool-heavy", "claude-split-message", "codex-welded-line"):
        shutil.copy(PROJECT / "golden" / "sessions" / case / "log.jsonl", home / "logs" / f"{case}.jsonl")
    sessions = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    steps = re.findall(r"^\$ (\w+) (.*)\n((?:(?!\$ ).*\n)*)", sessions[number], re.MULTILINE)
    assert (len(sessions), len(steps)) == (4, count)
    for program, arguments, shown in steps:
        if program == "rm":
            (home / arguments).unlink()
            continue
        assert program == "chatdoc"
        ran = forked.run(*arguments.split(), module="chatdoc.apps.cli.main", folder=home)
        assert (ran.stderr, ran.returncode) == ("", 0)
        assert anytime(ran.stdout.replace(str(tmp_path), "/home/ada")) == anytime(shown)


def anytime(printed: str) -> list[str]:
    """The lines, those of the log without their moment."""
    return [LOGGED.sub(r"\1", line.rstrip()) for line in printed.splitlines()]


def test_the_number_of_rules_is_that_of_the_registry() -> None:
    """The table of promises counts what is there."""
    said = re.search(r"\| (\d+) rules, checked after every change", README)
    assert said is not None
    assert int(said[1]) == len(RULES)
