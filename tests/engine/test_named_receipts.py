"""A receipt that names its message gives the first answer, whatever peers told of that message since."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from chatdoc import open_document
from chatdoc.model.errors import StoreDamaged
from chatdoc.testing.white_box import execute_of


def test_the_first_answer_is_given_beside_other_identities_of_the_message(tmp_path: Path) -> None:
    """A peer tells of the same message with an earlier date and another text; the retry gets what it got."""
    path = tmp_path / "team.chat"
    with open_document(path) as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        first = document.send(thread_id, sender_id="bob", content="mine", command_id="c")
        header = document.view.headers[first.message_id]
        for date, text in (("2000-01-01T00:00:00.000Z", "theirs"), ("2099-01-01T00:00:00.000Z", "another")):
            other = msgspec.structs.replace(header, date=date, content=text)
            document.engine.enter([other], origin="hostile")
        document.edit(first.message_id, author_id="eve", content="edited")
    with open_document(path) as document:
        assert document.send(thread_id, sender_id="bob", content="mine", command_id="c") == first
        assert document.message(first.message_id).content == "edited"


def test_a_receipt_holds_no_second_copy_of_a_text(tmp_path: Path) -> None:
    """A sent text stands in the update and the event, not in the receipt as well."""
    with open_document(tmp_path / "team.chat") as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        document.send(thread_id, sender_id="bob", content="a text of one's own", command_id="c")
        (result,) = execute_of(document)(
            "SELECT result FROM orchestration_command_receipts WHERE command_id = 'c'"
        ).fetchone()
    assert b"a text" not in result


def test_receipts_of_edits_do_not_grow_with_what_the_message_said(tmp_path: Path) -> None:
    """Each names the texts of its answer; so a message of many long texts is not copied with each further one."""
    path, edits = tmp_path / "team.chat", 12
    text = "a text of one's own. " * 500
    with open_document(path) as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        sent = document.send(thread_id, sender_id="bob", content=text)
        answers = [
            document.edit(
                sent.message_id, author_id="bob", content=f"{text}{number}", command_id=f"edit {number}"
            )
            for number in range(edits)
        ]
        rows = execute_of(document)("SELECT result FROM orchestration_command_receipts").fetchall()
        document.edit(sent.message_id, author_id="eve", content="another")
        document.delete_message(sent.message_id, deleted_by="ada")
    assert all(b"a text" not in row[0] and len(row[0]) < 800 for row in rows), [len(row[0]) for row in rows]
    with open_document(path) as document:
        for number, answer in enumerate(answers):
            again = document.edit(
                sent.message_id, author_id="bob", content=f"{text}{number}", command_id=f"edit {number}"
            )
            assert again == answer
            assert len(again.history) == number + 2


def test_the_receipt_of_a_finished_answer_names_its_text(tmp_path: Path) -> None:
    """The text of a streamed answer stands in its revision; an answer given while it is streamed has its own copy."""
    path = tmp_path / "team.chat"
    with open_document(path) as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        turn = document.start_turn(thread_id, sender_id="codex")
        turn.append("spoken by an agent ")
        turn.flush()
        meanwhile = document.edit(
            turn.message_id, author_id="ada", content="corrected", command_id="meanwhile"
        )
        turn.append("at length")
        turn.finalize()
        rows = execute_of(document)(
            "SELECT result FROM orchestration_command_receipts WHERE command_id != 'meanwhile'"
        ).fetchall()
        assert document.message(turn.message_id).content.endswith("spoken by an agent at length")
    assert all(b"spoken" not in row[0] for row in rows)
    with open_document(path) as document:
        assert meanwhile == document.edit(
            turn.message_id, author_id="ada", content="corrected", command_id="meanwhile"
        )


def test_a_receipt_whose_message_is_not_there_is_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is never answered with another record."""
    with open_document(tmp_path / "team.chat") as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        sent = document.send(thread_id, sender_id="bob", content="mine", command_id="c")
        monkeypatch.delitem(document.view.headers, sent.message_id)
        with pytest.raises(StoreDamaged, match=f"'c' names message {sent.message_id}"):
            document.send(thread_id, sender_id="bob", content="mine", command_id="c")


def test_a_receipt_whose_revision_is_not_there_is_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text that is named and not found is never left out."""
    with open_document(tmp_path / "team.chat") as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        sent = document.send(thread_id, sender_id="bob", content="mine")
        document.edit(sent.message_id, author_id="bob", content="later", command_id="c")
        monkeypatch.delitem(document.view.revisions, sent.message_id)
        with pytest.raises(StoreDamaged, match=f"'c' names message {sent.message_id}"):
            document.edit(sent.message_id, author_id="bob", content="later", command_id="c")
