"""A peer that forges pieces of a running answer takes none of its agent's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc import open_document
from chatdoc.crdt.keys import encode
from chatdoc.crdt.ydoc import update_of
from chatdoc.model.commands.turn_stream import SEQ_END
from chatdoc.model.facts import PieceFact


@pytest.mark.parametrize("text", ["", "0 forged"])
@pytest.mark.parametrize("comes", ["before", "after"])
def test_forged_pieces_take_nothing_from_the_agent(tmp_path: Path, text: str, comes: str) -> None:
    """A peer writes pieces where the agent is about to write, or has written; all it said is in one text at the end."""
    with open_document(tmp_path / "team.chat") as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        turn = document.start_turn(thread_id, sender_id="codex")
        forged = [PieceFact(message_id=turn.message_id, seq=seq, text=text) for seq in (0, 1)]
        update = update_of(77, 0, [encode(fact) for fact in forged])
        if comes == "before":
            document.receive(update)
        turn.append("said by ")
        turn.flush()
        turn.append("the agent")
        turn.flush()
        if comes == "after":
            document.receive(update)
        turn.leave()
        texts = [one.content for one in document.message(turn.message_id).history]
        assert any("said by the agent" in one for one in texts), texts
        assert document.check(full=True).ok


def test_a_forged_number_near_the_end_holds_up_nobody(tmp_path: Path) -> None:
    """Who goes on with a turn writes in the first place that is free, and not beyond the last number there is."""
    with open_document(tmp_path / "team.chat") as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        turn = document.start_turn(thread_id, sender_id="codex")
        turn.append("One ")
        turn.flush()
        forged = PieceFact(message_id=turn.message_id, seq=SEQ_END - 1, text="forged")
        document.receive(update_of(77, 0, [encode(forged)]))
        again = document.agents.turn(thread_id, turn.message_id)
        for text in ("two ", "three "):
            again.append(text)
            again.flush()
        assert again.finalize().content == "One two three forged"
