"""A copy of a document's file is a document with a store and a log of its own, and lacks nothing of the original."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from chatdoc.document import Document
from chatdoc.engine.begin_event_log import begin_log
from chatdoc.model.ids import MessageId
from chatdoc.testing import tables
from chatdoc.testing.content import content_of
from chatdoc.testing.white_box import execute_of

COPIED = ("thread", "message", "revision")
"""Roots whose facts stand in the text of a file; of settings it has those that are in force."""


def assert_apart(copy: Document, original: Document) -> None:
    """Raise AssertionError unless a copy says it is one, has a store of its own, and lacks nothing that lasts."""
    assert copy.store_path != original.store_path, "a copy writes into the store of its original"
    told = [] if copy.report is None else [one.code for one in copy.report.anomalies]
    assert "copied_file" in told, f"a copy does not say that it is one, only {told}"
    lost = sorted(
        {
            place
            for place in content_of(original.view).keys() - content_of(copy.view).keys()
            if place[0] in COPIED and not _is_mended(copy, original, place)
        }
    )
    assert not lost, f"a copy lost {lost[:8]}"
    for thread in original.threads(deleted=True):
        ours, theirs = original.config(thread.thread_id), copy.config(thread.thread_id)
        assert ours == theirs, f"the config of thread {thread.thread_id} is {ours}, in a copy {theirs}"


def _is_mended(copy: Document, original: Document, place: tuple[str, str]) -> bool:
    """Whether a message replies to one that has not come yet, so that reading the file anew names another target."""
    root, key = place
    message_id = MessageId(key.partition("/")[0])
    if root != "message" or not copy.view.has_message(message_id):
        return False
    targets = {one.reply_to_message_id for one in original.view.variants_of_message(message_id)}
    instead_of = {
        (one.fields or {}).get("assumed_instead_of") for one in copy.view.variants_of_message(message_id)
    }
    return any(one in instead_of and not original.view.has_message(one) for one in targets if one is not None)


def use(copy: Document, random: Random, command_ids: Sequence[str]) -> None:
    """Write, delete and run a turn in a copy, under command ids that its original has answered, too.

    Its log is first used by looking into it, or by a command.
    """
    if len(command_ids) % 2 == 0:
        _assert_told(copy)
    command_id = random.choice(command_ids) if command_ids else None
    thread = copy.create_thread(sender_id="eve", content="in the copy", command_id=command_id)
    copy.send(thread.thread_id, sender_id="eve", content="alone")
    # A turn that ran when the file was copied is somebody else's here, as one of a peer is: it is left alone.
    running = {copy.view.thread_of(message_id) for message_id in copy.view.generating}
    for one in copy.threads():
        if one.thread_id not in running and not copy.agents.queue(one.thread_id):
            with copy.start_turn(one.thread_id, sender_id="copy of an agent") as turn:
                turn.append("to itself")
                turn.finalize()
        if random.random() < 0.5:
            copy.delete_thread(one.thread_id, deleted_by="eve")
    _assert_told(copy)


def _assert_told(copy: Document) -> None:
    begin_log(copy.engine)
    execute, view = execute_of(copy), copy.view
    tables.assert_log_is_whole(execute)
    tables.assert_shown(execute, [view])
    tables.assert_turns_run(execute, [view])
