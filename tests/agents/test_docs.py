"""What docs/turns.md shows is what happens."""

from __future__ import annotations

import asyncio
import doctest
import re
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chatdoc.document import Document
from chatdoc.model.commands import turn_states
from chatdoc.model.ids import ThreadId
from tests.agents.processes import ENVIRONMENT
from tests.tidy.source import PROJECT

PAGE = (PROJECT / "docs" / "turns.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_turns_that_are_walked_leave_the_rows_that_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every `>>>` line of the page runs, in order, in an empty folder, and prints just that."""
    chats = tmp_path / "chats"
    chats.mkdir()
    monkeypatch.chdir(chats)
    monkeypatch.syspath_prepend(PROJECT / "docs")
    monkeypatch.setenv("PYTHONPATH", ENVIRONMENT["PYTHONPATH"])
    lines = "\n".join(block for block in BLOCKS if block.startswith(">>>"))
    example = doctest.DocTestParser().get_doctest(lines, {}, "turns", "docs/turns.md", 0)
    assert len(example.examples) > 50
    assert doctest.DocTestRunner().run(example).failed == 0


def test_the_heart_of_the_backend_is_the_one_that_runs() -> None:
    """What the page shows of `agent_backend.py` stands in it, line by line."""
    (shown,) = (block for block in BLOCKS if "async def _hear" in block)
    source = (PROJECT / "docs" / "agent_backend.py").read_text(encoding="utf-8")
    assert textwrap.indent(shown, "    ") in source


def test_the_table_of_the_page_is_the_one_that_holds() -> None:
    """It is the table in the docstring, line by line."""
    rows = [line for line in (turn_states.__doc__ or "").splitlines() if line.startswith("| ")]
    assert "\n".join(rows) in PAGE


def test_the_small_backend_answers_what_waits(document: Document, thread_id: ThreadId) -> None:
    """It answers every message in turn, and goes on when the user interrupts one."""
    (source,) = (block for block in BLOCKS if "async def answer_all" in block)
    names: dict[str, Any] = {}
    exec(compile(source, "docs/turns.md", "exec"), names)
    for text in ("one", "stop me", "three"):
        document.agents.queue_turn(thread_id, sender_id="ada", content=text)

    async def agent(asked: str) -> AsyncIterator[str]:
        yield "I heard: "
        if asked == "stop me":
            (running,) = document.view.generating
            # Were it interrupted before its first words are written, it would hear of that before it says the rest.
            while document.message(running).content != "I heard: ":
                await asyncio.sleep(0.01)
            await asyncio.to_thread(document.agents.interrupt, thread_id, running)
        yield asked * 40

    asyncio.run(names["answer_all"](document, thread_id, agent))
    answers = [one for one in document.messages(thread_id) if one.sender_id == "codex"]
    assert [one.content for one in answers] == [
        f"I heard: {asked * 40}" for asked in ("one", "stop me", "three")
    ]
    assert [one.acp_interrupted for one in answers] == [None, True, None]
    assert document.agents.queue(thread_id) == []
