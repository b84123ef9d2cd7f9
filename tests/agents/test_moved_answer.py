"""A peer that tells another thread of the message of a running turn takes nothing away from its agent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from chatdoc import open_document
from chatdoc.agents.turn import Turn

ENDS: dict[str, Callable[[Turn], object]] = {
    "finalize": lambda turn: turn.finalize(),
    "interrupt": lambda turn: turn.interrupt("interrupt"),
    "fail": lambda turn: turn.fail("the model is gone"),
    "leave": lambda turn: turn.leave(),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_the_agent_said_stays_and_its_turn_ends(tmp_path: Path, end: str) -> None:
    """Found by `test_random_lives_of_turns_break_no_rule_and_lose_no_text` beside a hostile peer."""
    with open_document(tmp_path / "team.chat") as document:
        threads = [
            document.create_thread(sender_id="ada", content=str(number)).thread_id for number in range(2)
        ]
        turn = document.start_turn(threads[0], sender_id="codex")
        turn.append("before, ")
        header = document.view.headers[turn.message_id]
        for date in ("2000-01-01T00:00:00.000Z", "2099-01-01T00:00:00.000Z"):
            moved = msgspec.structs.replace(header, thread_id=threads[1], date=date)
            document.engine.enter([moved], origin="hostile")
        turn.append("and after")
        ENDS[end](turn)
        message = document.message(turn.message_id)
        assert message.content.startswith("before, and after")
        assert turn.message_id not in document.view.generating
        again = document.start_turn(threads[0], sender_id="codex")
        again.finalize("goes on")
