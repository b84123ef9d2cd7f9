"""A command id is carried out once, also when two processes are given it at the same moment."""

from __future__ import annotations

from pathlib import Path

from chatdoc.opening import open_document
from chatdoc.store.log import Receipt


def test_the_second_process_gives_the_first_ones_answer(tmp_path: Path) -> None:
    """The other one writes between our look for a receipt and our write: its answer is ours, and we go on working."""
    path = tmp_path / "plan.chat"
    with open_document(path) as one, open_document(path) as other:
        thread = one.create_thread(sender_id="ada", content="Hello")
        log = other.corridor.log
        looked: list[Receipt | None] = []
        look = log.receipt

        def looks_too_early(command_id: str) -> Receipt | None:
            if looked:
                return look(command_id)
            looked.append(look(command_id))
            first.append(one.send(thread.thread_id, sender_id="bob", content="Hi", command_id=command_id))
            return looked[0]

        first: list[object] = []
        log.receipt = looks_too_early  # type: ignore[method-assign]
        second = other.send(thread.thread_id, sender_id="bob", content="Hi", command_id="bob-1")
        assert looked == [None]
        assert [second] == first
        for document in (one, other):
            assert len(document.messages(thread.thread_id)) == 2
        other.send(thread.thread_id, sender_id="eve", content="still working")
        assert [m.content for m in one.messages(thread.thread_id)] == ["Hello", "Hi", "still working"]
        assert other.check(full=True).ok
        assert one.state_vector() == other.state_vector()
