"""What docs/turns.md shows is what happens."""

from __future__ import annotations

import asyncio
import doctest
import re
from collections.abc import AsyncIterator
from typing import Any

from chatdoc.commands import turn_states
from chatdoc.document import Document
from chatdoc.ids import ThreadId
from tests.tidy.source import PROJECT

PAGE = (PROJECT / "docs" / "turns.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_turn_that_is_walked_leaves_the_rows_that_are_shown() -> None:
    """Every `>>>` line of the page runs, in order, and prints just that."""
    lines = "\n".join(block for block in BLOCKS if block.startswith(">>>"))
    example = doctest.DocTestParser().get_doctest(lines, {}, "turns", "docs/turns.md", 0)
    assert len(example.examples) > 20
    assert doctest.DocTestRunner().run(example).failed == 0


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
        document.queue_turn(thread_id, sender_id="ada", content=text)

    async def agent(asked: str) -> AsyncIterator[str]:
        yield "I heard: "
        if asked == "stop me":
            (running,) = document.view.generating
            await asyncio.to_thread(document.interrupt, thread_id, running)
        yield asked * 40

    asyncio.run(names["answer_all"](document, thread_id, agent))
    answers = [one for one in document.messages(thread_id) if one.sender_id == "codex"]
    assert [one.content for one in answers] == [
        f"I heard: {asked * 40}" for asked in ("one", "stop me", "three")
    ]
    assert [one.acp_interrupted for one in answers] == [None, True, None]
    assert document.queue(thread_id) == []
