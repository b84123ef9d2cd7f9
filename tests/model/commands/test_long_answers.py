"""An answer that grows beyond what one record may have is refused piece by piece, and can end however it ends."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count

import pytest

from chatdoc.agents.turn import Turn
from chatdoc.document import Document
from chatdoc.in_memory import memory_document
from chatdoc.model.commands.turn_end import FailTurn
from chatdoc.model.errors import CommandRefused
from chatdoc.model.limits import ANSWER_BYTES_MAX, ERROR_LENGTH_MAX
from migrate import migrate
from migrate.v2.write import render

MEGA = 1_000_000


ENDS: dict[str, Callable[[Document, Turn], object]] = {
    "interrupt": lambda doc, turn: doc.agents.interrupt(turn.thread_id, turn.message_id, by="ada"),
    "recover": lambda doc, turn: doc.agents.recover(turn.thread_id, turn.message_id),
    "fail": lambda doc, turn: doc.execute(
        FailTurn(thread_id=turn.thread_id, message_id=turn.message_id, error="no " * MEGA)
    ),
}
"""Ways in which a turn ends."""


def append_all(turn: Turn, letter: str) -> None:
    """Append until a piece is refused."""
    for _ in range(17):
        turn.append(letter * MEGA)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("letter", ["q", "\n", "é"])
def test_an_answer_of_any_length_ends(end: str, letter: str) -> None:
    """The piece that is too much is refused in words, all before it is kept, and the thread goes on."""
    ticks = count(1_700_000_000_000)
    doc = memory_document(clock=lambda: next(ticks), random=random.Random(1).randbytes)
    thread_id = doc.create_thread(sender_id="ada", content="x", name="n").thread_id
    turn = doc.start_turn(thread_id, sender_id="codex")
    with pytest.raises(CommandRefused, match=f"expected at most {ANSWER_BYTES_MAX}"):
        append_all(turn, letter)
    written = len(doc.message(turn.message_id).content)
    assert written >= 6 * MEGA
    ENDS[end](doc, turn)
    ended = doc.message(turn.message_id)
    assert not ended.generating
    assert len(ended.content) <= written + 2 * MEGA + ERROR_LENGTH_MAX + 100
    assert doc.start_turn(thread_id, sender_id="codex").message_id != turn.message_id
    assert migrate(render(doc.view)).report.lines["quarantined"] == 0
