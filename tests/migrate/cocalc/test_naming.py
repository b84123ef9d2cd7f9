"""Ids say what a message is, so that two copies of a file agree on it, and no two messages have one."""

from __future__ import annotations

import random
from itertools import permutations

from chatdoc.model.ids import derive, time_ms
from migrate.cocalc.naming import message_named, message_of, root_of, thread_named, thread_of
from tests.migrate.cocalc.building import (
    ADA,
    BOB,
    ONE,
    OTHER_THREAD,
    T0,
    THREAD,
    TWO,
    codes,
    message,
    messages,
    opened,
    said,
)


def test_a_reply_is_named_by_its_millisecond_and_sender() -> None:
    """Whatever else the row says, and whatever other rows there are."""
    view, _ = opened(said("root"), said("reply", 1, by=BOB, to=0))
    more, _ = opened(said("root"), said("reply", 1, by=BOB, to=0, feedback={"a": "b"}), said("another", 1))
    assert (
        message(view, "reply").message_id == message_of(T0 + 1000, BOB) == message(more, "reply").message_id
    )


def test_the_one_root_of_a_millisecond_is_named_by_that_alone() -> None:
    """So the placeholder of a copy that lost it has the same id, in the same thread."""
    whole, _ = opened(said("root"), said("reply", 1, to=0))
    rest, made = opened(said("reply", 1, to=0))
    assert message(whole, "root").message_id == root_of(T0) == message(rest, "").message_id
    assert {one.thread_id for one in (*messages(whole), *messages(rest))} == {thread_of(T0)}
    assert codes(made) == ["missing_root"]
    assert message(rest, "").sender_id == ""


def test_messages_of_one_sender_and_millisecond_are_told_apart_by_their_oldest_text() -> None:
    """An edit does not change the id, and the same message in two rows is one."""
    root = said("root")
    left, right = said("left", 1, to=0), said("right", 1, to=0)
    edited = left | {
        "history": [{"author_id": BOB, "content": "edited"}, *left["history"]],
        "feedback": {"a": "b"},
    }
    view, made = opened(root, left, right, edited)
    assert codes(made) == ["same_message"]
    assert {one.content for one in messages(view)} == {"root", "edited", "right"}
    assert message(view, "edited").message_id == message_of(T0 + 1000, ADA, "left")
    assert [one.content for one in message(view, "edited").history] == ["edited", "left"]


def test_rows_that_say_different_things_of_one_message_are_kept_too() -> None:
    """The fuller row speaks; what the other says otherwise lies in the attic."""
    view, made = opened(said("x", feedback={"a": "1"}), said("x", feedback={"a": "2"}))
    assert len(messages(view)) == 1
    assert [row.reason for row in view.attic()] == [f"another row of the message {root_of(T0)}"]
    assert made.report.lines["record"] == 2


def test_ids_that_are_ulids_or_uuids_are_kept() -> None:
    """Others are derived from what they are called, the millisecond in the name being theirs, and kept as words."""
    ulid = derive("message", T0, "x")
    view, _ = opened(
        said("a", message_id=ulid, thread_id=THREAD),
        said("b", 1, message_id="strange/id", thread_id=THREAD, parent_message_id=ulid),
    )
    assert message(view, "a").message_id == ulid
    other = message(view, "b")
    assert (other.message_id, other.extra["legacy_message_id"]) == (message_named("strange/id"), "strange/id")
    assert time_ms(message_named(f"x-{T0}")) == T0
    assert thread_named("no id at all", T0) == derive("thread", T0, "no id at all")


def test_ids_of_cocalcs_own_upgrade_name_what_the_legacy_row_is_named() -> None:
    """A file migrated there and the same file not migrated become the same messages and threads."""
    before, _ = opened(said("root"), said("reply", 1, by=BOB, to=0))
    thread, root = f"legacy-thread-{T0}", f"legacy-message-{T0}-{ADA}"
    after, _ = opened(
        said("root", message_id=root, thread_id=thread),
        said(
            "reply",
            1,
            by=BOB,
            message_id=f"legacy-message-{T0 + 1000}-{BOB}",
            thread_id=thread,
            parent_message_id=root,
        ),
    )
    assert [(one.message_id, one.thread_id, one.reply_to_message_id) for one in messages(before)] == [
        (one.message_id, one.thread_id, one.reply_to_message_id) for one in messages(after)
    ]
    rest, _ = opened(
        said(
            "reply",
            1,
            by=BOB,
            message_id=f"legacy-message-{T0 + 1000}-{BOB}",
            thread_id=thread,
            parent_message_id=root,
        )
    )
    assert message(rest, "").message_id == root_of(T0)
    assert message(rest, "reply").extra["legacy_parent_message_id"] == root


def test_one_id_of_two_messages_stays_with_the_first() -> None:
    """By millisecond, sender and thread; the other one gets a name, a word for the old one, and is told."""
    rows = [
        said("first", message_id=ONE, thread_id=THREAD),
        said("later", 1, message_id=ONE, thread_id=OTHER_THREAD),
        said("by another", 1, by=BOB, message_id=ONE, thread_id=THREAD, parent_message_id=ONE),
    ]
    view, made = opened(*rows)
    assert message(view, "first").message_id == ONE
    assert len({one.message_id for one in messages(view)}) == 3
    assert message(view, "later").extra["legacy_message_id"] == ONE
    assert codes(made).count("duplicate_message_id") == 2
    random.Random(1).shuffle(rows)
    assert [one.message_id for one in messages(opened(*rows)[0])] == [
        one.message_id for one in messages(view)
    ]


def test_dates_beyond_the_last_id_are_told_apart() -> None:
    """Ids end in 2099; two messages later than that are still two, in two threads."""
    view, _ = opened(said("a", date="2105-01-01T00:00:00.000Z"), said("b", date="2106-01-01T00:00:00.000Z"))
    assert (
        len({one.message_id for one in messages(view)}) == len({one.thread_id for one in messages(view)}) == 2
    )


def test_an_undated_row_is_not_the_one_of_1970() -> None:
    """Though both are shown there."""
    view, _ = opened(said("undated", date="?", history=[{"content": "undated"}]), said("epoch", date=0))
    assert len(messages(view)) == 2


def test_a_row_without_a_thread_is_the_message_of_its_millisecond() -> None:
    """Of several messages of one id and sender: that which stands where the row does, else one of its own."""
    at_first = said("first", message_id=ONE)
    view, _ = opened(
        said("first", message_id=ONE, thread_id=THREAD),
        said("second", 1, message_id=ONE, thread_id=THREAD, parent_message_id=ONE),
        said("third", 2, message_id=ONE),
        at_first,
    )
    assert len(messages(view)) == 3
    assert message(view, "first").thread_id == THREAD
    assert message(view, "third").thread_id != THREAD


def test_one_id_in_two_threads_is_two_messages_though_all_else_is_equal() -> None:
    """A row without a thread belongs to the first of them."""
    view, made = opened(
        said("x", message_id=ONE, thread_id=THREAD),
        said("x", message_id=ONE, thread_id=OTHER_THREAD),
        said("x", message_id=ONE),
    )
    assert sorted((one.thread_id, one.message_id == ONE) for one in messages(view)) == [
        (THREAD, True),
        (OTHER_THREAD, False),
    ]
    assert sorted(codes(made)) == ["duplicate_message_id", "same_message"]


def test_a_row_without_id_is_the_first_of_several_that_say_the_same() -> None:
    """In any order of lines."""
    rows = [
        said("x", message_id=TWO, thread_id=THREAD),
        said("x", message_id=ONE, thread_id=THREAD, feedback={"a": "b"}),
        said("x", zero=0),
    ]
    for order in permutations(rows):
        view, _ = opened(*order)
        found = view.message(ONE)
        assert found is not None
        assert found.extra == {"feedback": {"a": "b"}, "zero": 0}


def test_two_roots_of_one_sender_and_millisecond_are_two_messages_in_two_threads() -> None:
    """Neither is the one root of that millisecond."""
    view, _ = opened(said("a"), said("b"))
    assert {one.message_id for one in messages(view)} == {message_of(T0, ADA, "a"), message_of(T0, ADA, "b")}
    assert len(list(view.thread_ids())) == 2


def test_a_row_lends_its_message_what_the_fuller_row_does_not_say() -> None:
    """Ids, what it replies to, fields and settings."""
    rows = [
        said("root"),
        said("x", 1, message_id=ONE, thread_id=thread_of(T0), feedback={"a": "b"}),
        said("x", 1, to=0, zero=0, folding=["a"]),
    ]
    for order in permutations(rows):
        view, made = opened(*order)
        found = message(view, "x")
        assert (found.message_id, found.reply_to_message_id) == (ONE, root_of(T0))
        assert found.extra == {"feedback": {"a": "b"}, "zero": 0}
        assert view.config(thread_of(T0)).extra == {"folding": ["a"]}
        assert made.report.counts["attic"] == 0
