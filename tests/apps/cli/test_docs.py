"""What the pages about ledgers and dual schemas show on the command line is what happens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from chatdoc.store.dual.phases import POLICIES
from chatdoc.store.dual.sqlite_file import SqliteFile
from chatdoc.store.ledger.replay import DIAGNOSTICS
from chatdoc.store.ledger.standing import CODES
from tests.apps.cli.conftest import Run
from tests.event_view.workplace import opened
from tests.migrate.transcript.turns import GOLDEN, THREAD
from tests.store.dual.consensus import upstream, upstream_writes
from tests.store.dual.memory_side import NOTE, MemorySide
from tests.tidy.source import PROJECT


@pytest.mark.parametrize(("page", "count"), [("ledger.md", 4), ("dual.md", 6)])
def test_the_sessions_of_a_page_print_what_they_show(
    chatdoc: Run, tmp_path: Path, page: str, count: int
) -> None:
    """Every `$` line runs, in order, in a folder with the page's files, and prints just that."""
    threads = tmp_path / "plan" / "chats" / "threads"
    threads.mkdir(parents=True)
    (threads / f"{THREAD}.md").write_text(GOLDEN)
    upstream(tmp_path / "consensus.db")
    upstream_writes(tmp_path / "consensus.db", "claude", "old", 5, new=False)
    upstream_writes(tmp_path / "consensus.db", "gemini", "both", 500)
    text = (PROJECT / "docs" / page).read_text()
    [session] = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    steps = re.findall(r"^\$ chatdoc (.*)\n((?:(?!\$ ).*\n)*)", session, re.MULTILINE)
    assert len(steps) == count
    for command, shown in steps:
        done = chatdoc(*command.split())
        assert done.stderr == ""
        assert done.stdout.replace(str(tmp_path), "/home/ada") == shown


def test_every_code_of_the_page_is_one_that_is_told() -> None:
    """The table of states has each code of the ledger's standing and each diagnostic of a replay."""
    from_page = (PROJECT / "docs" / "ledger.md").read_text()
    for code in (*CODES, *DIAGNOSTICS):
        assert f"`{code}`" in from_page, code


def test_the_table_of_phases_says_what_the_policies_say() -> None:
    """And has a row for each."""
    rows = re.findall(
        r"^\| `(\w+)` \| ([\w, ]+) \| (\w+) \| (\w+) \|$", (PROJECT / "docs" / "dual.md").read_text(), re.M
    )
    told = {
        phase: (
            ", then ".join(policy.written),
            "both" if len(policy.read) > 1 else policy.read[0],
            policy.wins,
        )
        for phase, policy in POLICIES.items()
    }
    assert {phase: (written, read, wins) for phase, written, read, wins in rows} == told


def test_the_python_examples_of_the_pages_run(tmp_path: Path) -> None:
    """With the names that they leave to their reader."""
    document = opened(tmp_path)
    examples: dict[str, dict[str, Any]] = {
        "ledger.md": {
            "folder": tmp_path,
            "thread_ids": lambda: [one.thread_id for one in document.threads()],
            "document": document,
        },
        "dual.md": {
            "ENTITY": NOTE,
            "old_side": MemorySide("old"),
            "new_side": MemorySide("new"),
            "file": SqliteFile(tmp_path / "notes.db", create=True),
            "now_iso": lambda: "2026-11-28T12:00:00.000Z",
        },
    }
    with document:
        for page, names in examples.items():
            [example] = re.findall(r"```python\n(.*?)```", (PROJECT / "docs" / page).read_text(), re.DOTALL)
            exec(example, names)
    store = examples["dual.md"]["store"]
    assert store.phase == "old_only"
