"""What is told of a turn wrongly costs no text, and no right to tell it again."""

from __future__ import annotations

from typing import Any

import pytest

from chatdoc.agents.turn import Turn
from chatdoc.document import Document
from chatdoc.model.errors import CommandRefused, DocumentClosed
from chatdoc.model.ids import ThreadId

USAGE = {"input_tokens": 10, "output_tokens": 3}


def _turn(document: Document, thread_id: ThreadId) -> Turn:
    return document.start_turn(thread_id, sender_id="codex")


@pytest.mark.parametrize(
    ("end", "wrong"),
    [
        (Turn.finalize, {"usage": ["10 tokens"]}),
        (Turn.finalize, {"usage": {"cost": 1 + 2j}}),
        (Turn.finalize, {"content": 5}),
        (Turn.interrupt, {"reason": "because"}),
    ],
)
def test_an_end_that_was_told_wrongly_can_be_told_again(
    document: Document, thread_id: ThreadId, end: Any, wrong: dict[str, Any]
) -> None:
    """The refusal is no answer to the command id that the end has, so a right one is no conflict."""
    turn = _turn(document, thread_id)
    turn.append("All said")
    with pytest.raises(CommandRefused):
        end(turn, **wrong)
    assert turn.state == "running"
    assert end(turn, **({"usage": USAGE} if end is Turn.finalize else {})).content == "All said"


def test_a_piece_that_could_not_be_written_is_counted_as_waiting(
    document: Document, thread_id: ThreadId, caplog: pytest.LogCaptureFixture
) -> None:
    """What is told of a turn that loses text is how much of it, not 0."""
    turn = _turn(document, thread_id)
    document.engine.close()
    with pytest.raises(DocumentClosed):
        turn.append("x" * 100_000)
    assert turn.waiting == 100_000
    document.agents.flush()
    assert "100000 characters of a turn could not be written" in caplog.text


def test_a_text_of_a_class_of_its_own_streams_as_the_text_it_is(
    document: Document, thread_id: ThreadId
) -> None:
    """Parsers and templates hand over subclasses of str."""

    class Markup(str):
        __slots__ = ()

    with _turn(document, thread_id) as turn:
        turn.append(Markup("said"))
        assert turn.finalize().content == "said"
