"""A step of a turn that is delivered again, whenever and to whichever process, is answered and leaves no trace."""

from __future__ import annotations

from pathlib import Path

from chatdoc.model.commands.turn_stream import AppendPiece
from chatdoc.open import open_document


def test_a_piece_delivered_after_the_end_takes_no_lease(tmp_path: Path) -> None:
    """Nobody runs a turn that has ended, so there is nothing to hold; the store is as it was."""
    with open_document(tmp_path / "team.chat") as document:
        thread = document.create_thread(sender_id="ada", content="Hello", name="Plan")
        turn = document.start_turn(thread.thread_id, sender_id="codex")
        piece = AppendPiece(thread_id=turn.thread_id, message_id=turn.message_id, seq=0, text="Hi")
        document.execute(piece, command_id="piece")
        document.agents.interrupt(turn.thread_id, turn.message_id)
        document.execute(piece, command_id="piece")
        assert document.agents.ownership.leases() == ()
        assert not document.agents.ownership.holds_any()
