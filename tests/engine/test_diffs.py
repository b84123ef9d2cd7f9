"""A document of any size reaches a peer in updates that no guard refuses."""

from __future__ import annotations

from chatdoc.crdt.read_update import read
from chatdoc.testing.content import differences
from tests.engine.begin import begin, pull


def test_pieces_say_what_the_whole_says() -> None:
    """Each is small and read by the guard; received in order they make the same document, removals too."""
    document, peer, whole = begin(1), begin(2), begin(3)
    for number in range(6):
        thread = document.create_thread(sender_id="ada", content=f"thread {number}")
        for text in ("one", "two 😀" * 50, "three"):
            message = document.send(thread.thread_id, sender_id="bob", content=text)
            document.edit(message.message_id, author_id="bob", content=text + "!")
        turn = document.start_turn(thread.thread_id, sender_id="codex")
        turn.append("answer")
        turn.flush()
        turn.finalize()
    pieces = list(document.diffs(peer.state_vector(), bytes_max=2000))
    assert len(pieces) > 5
    for piece in pieces:
        read(piece)
        peer.receive(piece)
    pull(whole, document)
    assert not list(differences(peer.view, document.view))
    assert not list(differences(peer.view, whole.view))
    assert peer.state_vector() == document.state_vector()
    assert peer.check().ok


def test_what_is_small_is_one_update() -> None:
    """The very bytes of `diff`."""
    document = begin(1)
    document.create_thread(sender_id="ada", content="Hello")
    assert list(document.diffs()) == [document.diff()]
