"""What was written after having seen a message stands behind it, whatever the clocks say, in every reading."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from chatdoc.document import Document
from chatdoc.open import open_document
from chatdoc.testing.clocks import ManualClock


def opened(path: Path, seed: int, clock: ManualClock) -> Document:
    """A stored document with a clock of its own."""
    path.parent.mkdir(exist_ok=True)
    return open_document(path, clock=clock, random=Random(seed).randbytes, durability="normal")


@pytest.mark.parametrize("seed", range(20))
def test_two_openings_of_one_millisecond_are_shown_as_they_saw_each_other(tmp_path: Path, seed: int) -> None:
    """Each writes after having seen the other's message; their random ids say nothing of the order."""
    clock = ManualClock()
    with (
        opened(tmp_path / "a.chat", seed, clock) as one,
        opened(tmp_path / "a.chat", -1 - seed, clock) as other,
    ):
        thread_id = one.create_thread(sender_id="ada", content="0").thread_id
        for number in range(1, 7):
            (one if number % 2 else other).send(thread_id, sender_id="ada", content=str(number))
        expected = [str(number) for number in range(7)]
        for document in (one, other):
            assert [message.content for message in document.messages(thread_id)] == expected
        (thread,) = one.snapshot().threads
        assert [message.text for message in thread.messages] == expected


def test_a_prompt_of_a_fast_clock_keeps_its_place(tmp_path: Path) -> None:
    """Answers and later prompts stand behind it in messages, snapshot and replay, on both replicas."""
    right, ahead = ManualClock(), ManualClock()
    ahead.advance(5 * 3_600_000)
    server, peer = (
        opened(tmp_path / "server" / "a.chat", 1, right),
        opened(tmp_path / "peer" / "a.chat", 2, ahead),
    )
    thread_id = server.create_thread(sender_id="ann", content="hello").thread_id

    def sync() -> None:
        server.receive(peer.diff(server.state_vector()))
        peer.receive(server.diff(peer.state_vector()))

    sync()
    peer.agents.queue_turn(thread_id, sender_id="win", content="fast prompt")
    sync()
    for prompt in ("answer one", None), ("answer two", "right prompt"):
        right.advance(1000)
        if prompt[1] is not None:
            server.agents.queue_turn(thread_id, sender_id="ann", content=prompt[1])
        turn = server.agents.start_next(thread_id, sender_id="codex")
        assert turn is not None
        turn.append(prompt[0])
        turn.finalize()
        sync()
    expected = ["hello", "fast prompt", "answer one", "right prompt", "answer two"]
    for document in (server, peer):
        assert [one.content for one in document.messages(thread_id)] == expected
    (thread,) = server.snapshot().threads
    assert [one.text for one in thread.messages] == expected
    replayed = server.log.replay_thread(thread_id)
    assert [one.assistant_text for one in replayed.turns] == ["answer one", "answer two"]
    server.close()
    peer.close()
