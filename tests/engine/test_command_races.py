"""A command id is carried out once, also when several writers are given it at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

from chatdoc.model.records.message import Message
from chatdoc.open import open_document
from chatdoc.store.ports import UnitOfWork

WRITERS = 4
ROUNDS = 5


def test_all_who_are_given_a_command_at_once_give_one_answer(tmp_path: Path) -> None:
    """Each has the file open on its own; one of them writes, the others answer what that one answered."""
    path = tmp_path / "plan.chat"
    with open_document(path) as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
    start = Barrier(WRITERS)

    def write(_: int) -> list[Message]:
        with open_document(path) as document:
            answers = []
            for number in range(ROUNDS):
                start.wait()
                answers.append(
                    document.send(thread_id, sender_id="bob", content="Hi", command_id=f"bob-{number}")
                )
            start.wait()
            return answers

    with ThreadPoolExecutor(WRITERS) as pool:
        given = list(pool.map(write, range(WRITERS)))
    assert all(answers == given[0] for answers in given)
    with open_document(path) as document:
        assert {one.message_id for one in document.messages(thread_id)[1:]} == {
            one.message_id for one in given[0]
        }
        assert document.check(full=True).ok


def test_what_another_wrote_before_we_had_the_lock_is_taken_first(tmp_path: Path) -> None:
    """Between our last look and our lock another writes under the same id: its answer is ours, and we go on working."""
    path = tmp_path / "plan.chat"
    with open_document(path) as one, open_document(path) as other:
        thread_id = one.create_thread(sender_id="ada", content="Hello").thread_id
        other.threads()
        store: Any = other.engine.store
        write = store.write

        def begins_late(work: Callable[[UnitOfWork], Any]) -> Any:
            store.write = write
            first.append(one.send(thread_id, sender_id="bob", content="Hi", command_id="bob-1"))
            return write(work)

        first: list[Message] = []
        store.write = begins_late
        assert [other.send(thread_id, sender_id="bob", content="Hi", command_id="bob-1")] == first
        other.send(thread_id, sender_id="eve", content="still working")
        assert [m.content for m in one.messages(thread_id)] == ["Hello", "Hi", "still working"]
        assert other.check(full=True).ok
        assert one.state_vector() == other.state_vector()
