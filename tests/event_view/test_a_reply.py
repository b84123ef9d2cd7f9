"""One reply costs the log a handful of events and the document little more than its text."""

from __future__ import annotations

from pathlib import Path

from chatdoc.crdt.ydoc import EMPTY_UPDATE
from chatdoc.model.events.types import MessageSent
from tests.engine.begin import begin
from tests.event_view.workplace import ask, opened
from tests.every_store import on_every_store

pytestmark = on_every_store

CHUNKS = [f"tok{number % 10} " for number in range(3000)]
TEXT = "".join(CHUNKS)


def test_a_reply_of_3000_chunks_makes_at_most_20_events(tmp_path: Path) -> None:
    """From its start to its end, on the way of it, and in all; the rows have the whole text."""
    with opened(tmp_path) as document:
        thread = document.create_thread(sender_id="ada", content="Tell me everything.")
        before = document.snapshot().snapshot_sequence
        with document.start_turn(thread.thread_id, sender_id="codex") as turn:
            for chunk in CHUNKS:
                turn.append(chunk)
            turn.finalize(usage={"total_tokens": 3000})
        events = list(document.replay(from_sequence_exclusive=before))
        assert len(events) <= 20
        streamed = [one.payload for one in events if isinstance(one.payload, MessageSent)]
        assert streamed[0].streaming
        assert not streamed[-1].streaming
        row = document.log.message(turn.message_id)
        assert row is not None
        assert (row.text, row.streaming, row.role) == (TEXT, False, "assistant")
    assert ask(tmp_path, "SELECT status FROM projection_thread_turns") == [("completed",)]


def test_readers_of_the_rows_see_the_text_grow(tmp_path: Path) -> None:
    """While the turn runs, the row holds ever more of what was flushed, and never anything else."""
    with opened(tmp_path) as document:
        thread = document.create_thread(sender_id="ada", content="Tell me everything.")
        seen = set()
        with document.start_turn(thread.thread_id, sender_id="codex") as turn:
            for chunk in CHUNKS:
                turn.append(chunk)
                row = document.log.message(turn.message_id)
                assert row is not None
                assert row.streaming
                seen.add(row.text)
            turn.finalize()
    assert len(seen) > 2
    assert all(TEXT.startswith(text) for text in seen)


def test_a_finished_reply_takes_little_more_than_its_text(tmp_path: Path) -> None:
    """What the reply added to the whole document, as a new peer gets it, is at most 1.3 times its text."""
    with opened(tmp_path) as document:
        thread = document.create_thread(sender_id="ada", content="Tell me everything.")
        document.compact()
        before = len(document.diff())
        with document.start_turn(thread.thread_id, sender_id="codex") as turn:
            for chunk in CHUNKS:
                turn.append(chunk)
            turn.finalize()
        document.compact()
        whole = document.diff()
        assert len(whole) - before <= 1.3 * len(TEXT.encode())
        peer = begin(9)
        peer.receive(whole)
        assert peer.message(turn.message_id).content == TEXT
        assert peer.diff(peer.state_vector()) == EMPTY_UPDATE
