"""What several writers do at once is all kept, and every reader shows the same of it."""

from __future__ import annotations

from chatdoc.document import Document
from chatdoc.model.ids import ThreadId
from tests.engine.begin import begin, meet, pull


def test_concurrent_edits_are_both_kept(document: Document, thread_id: ThreadId) -> None:
    """The greatest revision is shown, and the other stands in the history of both."""
    other = begin(2)
    pull(other, document)
    root = document.threads()[0].root_message_id
    document.edit(root, author_id="ada", content="A")
    other.edit(root, author_id="bob", content="B")
    meet(document, other)
    assert document.message(root) == other.message(root)
    assert {one.content for one in document.message(root).history} == {"root", "A", "B"}


def test_an_edit_and_a_deletion_at_once_are_both_kept(document: Document) -> None:
    """The message is deleted, and restoring it shows the edit."""
    other = begin(2)
    pull(other, document)
    root = document.threads()[0].root_message_id
    document.delete_message(root, deleted_by="ada")
    other.edit(root, author_id="bob", content="B")
    meet(document, other)
    for each in (document, other):
        assert each.message(root).deleted_by == "ada"
    assert other.restore_message(root, restored_by="bob").content == "B"
    meet(document, other)
    assert document.message(root).deleted_at is None


def test_different_fields_set_at_once_are_both_kept(document: Document, thread_id: ThreadId) -> None:
    """Also inside acp_config; of one field the greater stamp holds, and the other is in the history."""
    other = begin(2)
    pull(other, document)
    document.configure(thread_id, updated_by="ada", pin=True, acp_config={"model": "x"}, name="A")
    other.configure(thread_id, updated_by="bob", acp_config={"mode": "y"}, name="B")
    meet(document, other)
    config = document.config(thread_id)
    assert config == other.config(thread_id)
    assert (config.pin, config.acp_config) == (True, {"model": "x", "mode": "y"})
    names = [change.value for change in document.config_history(thread_id) if change.field == "name"]
    assert names[0] == config.name
    assert sorted(names) == ["A", "B", "Plan"]


def test_clearing_and_setting_again_are_changes_like_others(document: Document, thread_id: ThreadId) -> None:
    """None clears a field or all of acp_config, and the history tells."""
    document.configure(thread_id, updated_by="ada", acp_config={"model": "x", "mode": "y"})
    assert document.configure(thread_id, updated_by="bob", acp_config=None).acp_config is None
    assert document.configure(thread_id, updated_by="bob", acp_config={"mode": "z"}).acp_config == {
        "mode": "z"
    }
    assert len([one for one in document.config_history(thread_id) if one.field == "acp_config.mode"]) == 3


def test_a_clock_that_stands_or_runs_back_orders_edits_rightly() -> None:
    """What was written after having seen another is shown, whatever the clocks say."""
    ahead, behind = begin(1), begin(2)
    ahead.engine.clock.advance(86_400_000)  # type: ignore[attr-defined]
    thread = ahead.create_thread(sender_id="ada", content="root", name="A")
    pull(behind, ahead)
    behind.edit(thread.root_message_id, author_id="bob", content="later")
    behind.configure(thread.thread_id, updated_by="bob", name="B")
    behind.delete_thread(thread.thread_id, deleted_by="bob")
    pull(ahead, behind)
    assert ahead.message(thread.root_message_id).content == "later"
    assert ahead.config(thread.thread_id).name == "B"
    assert ahead.thread(thread.thread_id).deleted_by == "bob"
    ahead.restore_thread(thread.thread_id, restored_by="ada")
    pull(behind, ahead)
    assert behind.thread(thread.thread_id).deleted_at is None


def test_a_fork_takes_the_config_and_leaves_the_session(document: Document, thread_id: ThreadId) -> None:
    """The new thread names where it came from; the agent's session stays with the old one."""
    document.configure(
        thread_id, updated_by="ada", acp_config={"model": "x", "sessionId": "s"}, thread_icon="i"
    )
    root = document.threads()[0].root_message_id
    fork = document.fork(thread_id, at=root, sender_id="bob")
    config = document.config(fork.thread_id)
    assert (config.name, config.thread_icon, config.acp_config) == ("Plan", "i", {"model": "x"})
    first = document.messages(fork.thread_id)[0]
    assert first.extra["forked_from_message_id"] == root
    assert first.extra["forked_from_thread_id"] == thread_id
