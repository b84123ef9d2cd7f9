"""Closing a document writes what its turns have gathered, and waits for nobody who is at it."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from chatdoc.document import Document
from chatdoc.model.ids import ThreadId
from chatdoc.open import open_document


def test_text_that_was_gathered_is_written_when_the_document_is_closed(tmp_path: Path) -> None:
    """The turn is interrupted with all it was given, also what waited to be flushed."""
    path = tmp_path / "team.chat"
    document = open_document(path)
    thread = document.create_thread(sender_id="ada", content="root")
    turn = document.start_turn(thread.thread_id, sender_id="codex")
    turn.append("half")
    assert turn.waiting
    document.close()
    with open_document(path) as again:
        message = again.message(turn.message_id)
        assert message.content.startswith("half")
        assert message.acp_interrupted_reason == "worker_stopped"


def test_closing_while_another_thread_streams_ends(tmp_path: Path) -> None:
    """Neither waits for the other for ever, and what was appended before the end is there."""
    for number in range(8):
        path = tmp_path / f"{number}.chat"
        document = open_document(path, durability="normal")
        thread = document.create_thread(sender_id="ada", content="root")
        turn = document.start_turn(thread.thread_id, sender_id="codex")
        begun = threading.Event()

        def stream(turn=turn, begun=begun) -> None:  # type: ignore[no-untyped-def]
            try:
                for _ in range(10_000):
                    turn.append("word ")
                    turn.flush()
                    begun.set()
            except Exception:
                begun.set()

        writer = threading.Thread(target=stream, daemon=True)
        writer.start()
        assert begun.wait(30)
        closer = threading.Thread(target=document.close, daemon=True)
        closer.start()
        closer.join(30)
        writer.join(30)
        assert not closer.is_alive()
        assert not writer.is_alive()
        with open_document(path) as again:
            assert again.message(turn.message_id).content.startswith("word ")


def test_turns_may_begin_while_those_that_are_there_are_written(
    document: Document, thread_id: ThreadId
) -> None:
    """As a save writes them, in a thread of its own; threads are switched as often as can be."""
    first = document.start_turn(thread_id, sender_id="codex")
    others = [document.agents.turn(thread_id, first.message_id) for _ in range(500)]
    done = threading.Event()

    def begin() -> None:
        while not done.is_set():
            others.append(document.agents.turn(thread_id, first.message_id))

    switched = sys.getswitchinterval()
    beginning = threading.Thread(target=begin)
    sys.setswitchinterval(1e-6)
    try:
        beginning.start()
        for _ in range(200):
            document.agents.flush()
    finally:
        done.set()
        beginning.join(60)
        sys.setswitchinterval(switched)
