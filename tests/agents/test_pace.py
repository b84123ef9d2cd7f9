"""A long answer is few pieces and hardly more bytes than its text, and readers see its first words at once."""

from __future__ import annotations

from typing import Any

import pytest

from chatdoc.agents.flush_policy import Pace
from chatdoc.agents.turn import Turn
from chatdoc.document import Document
from chatdoc.model.ids import ThreadId
from chatdoc.testing.clocks import ManualClock
from tests.engine.begin import begin, pull

USAGE = {"input_tokens": 10, "output_tokens": 3}


def _turn(document: Document, thread_id: ThreadId, **given: Any) -> Turn:
    return document.start_turn(thread_id, sender_id="codex", **given)


def test_a_reply_of_3000_chunks_is_few_pieces_and_hardly_more_than_its_text(
    document: Document, thread_id: ThreadId, clock: ManualClock
) -> None:
    """At most 20 transactions for all of it; the document is at most 1.3 times the text, for joining peers too."""
    before = len(document.diff())
    sequence = document.engine.sequence
    turn = _turn(document, thread_id)
    words = [f"word{number % 7}"[: 4 + number % 2] for number in range(3000)]
    seen = []
    for word in words:
        clock.advance(20)
        turn.append(word)
        seen.append(len(turn.message.content))
    text = "".join(words)
    assert turn.finalize(usage=USAGE).content == text
    assert document.engine.sequence - sequence <= 20
    assert seen[15] > 0
    assert seen[-1] > len(text) / 2
    assert 12_000 < len(text) < 15_000
    limit = 1.3 * len(text)
    assert len(document.diff()) - before <= limit
    peer = begin(2)
    pull(peer, document)
    assert peer.message(turn.message_id).content == text
    assert len(document.engine.copy.session.warm().encode()) - before <= limit


@pytest.mark.parametrize(("chunk_ms", "pieces_max"), [(0, 13), (20, 14), (200, 19)])
def test_pieces_are_few_at_any_speed(
    document: Document, thread_id: ThreadId, clock: ManualClock, chunk_ms: int, pieces_max: int
) -> None:
    """3,000 chunks at once, in a minute, or in ten: their number grows with the logarithm."""
    turn = _turn(document, thread_id)
    sequence = document.engine.sequence
    for _ in range(3000):
        clock.advance(chunk_ms)
        turn.append("word ")
    turn.flush()
    assert 3 <= document.engine.sequence - sequence <= pieces_max


def test_text_is_written_by_time_too(document: Document, thread_id: ThreadId, clock: ManualClock) -> None:
    """A slow agent's few words are shown once they have waited, and what is never longer than asked for."""
    turn = _turn(document, thread_id, pace=Pace(chars=1000, ms=100, growth=10, ms_max=500))
    turn.append("One ")
    clock.advance(99)
    turn.append("two ")
    assert turn.message.content == ""
    clock.advance(1)
    turn.append("three ")
    assert turn.message.content == "One two three "
    turn.append("four ")
    clock.advance(500)
    turn.append("five")
    assert turn.message.content == "One two three four five"
    for wrong in ({"chars": 0}, {"ms": -1}, {"growth": 0.5}):
        with pytest.raises(ValueError, match="expected chars >= 1"):
            Pace(**wrong)  # type: ignore[arg-type]


def test_a_clock_that_is_set_back_keeps_no_text_from_its_readers(
    document: Document, thread_id: ThreadId, clock: ManualClock
) -> None:
    """They would wait for a day, until the clock has come again to when the text came."""
    turn = _turn(document, thread_id)
    clock.advance(86_400_000)
    turn.append("first")
    clock.advance(-86_400_000)
    turn.append(" and second")
    assert turn.message.content == "first and second"
    turn.finalize()
