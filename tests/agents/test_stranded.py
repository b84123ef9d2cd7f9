"""Text that only its dead owner knew of is kept when the document is next opened."""

from __future__ import annotations

from pathlib import Path

from chatdoc.open import open_document
from tests.engine.begin import begin, pull


def test_text_that_nobody_could_keep_in_time_is_kept_at_the_next_opening(tmp_path: Path) -> None:
    """A peer interrupts without knowing the last piece, and the owner dies before its next step."""
    path, peer = tmp_path / "team.chat", begin(9)
    document = open_document(path)
    thread_id = document.create_thread(sender_id="ada", content="root").thread_id
    turn = document.start_turn(thread_id, sender_id="codex")
    turn.append("known ")
    turn.flush()
    pull(peer, document)
    turn.append("stranded")
    turn.flush()
    peer.agents.interrupt(thread_id, turn.message_id)
    document.receive(peer.diff(document.state_vector()))
    document.agents.ownership.close()
    document.engine.close()
    with open_document(path) as again:
        message = again.message(turn.message_id)
        assert message.acp_interrupted
        assert any("stranded" in one.content for one in message.history)
        assert again.agents.ownership.lease(turn.message_id) is None
        kept = again.message(turn.message_id)
    with open_document(path) as once_more:
        assert once_more.message(turn.message_id) == kept
