"""Every thread has one root, and nothing a row said about its reply is lost where it cannot be followed."""

from __future__ import annotations

from chatdoc.model.clock import iso
from tests.migrate.cocalc.building import (
    ADA,
    BOB,
    ONE,
    OTHER_THREAD,
    T0,
    THREAD,
    THREE,
    TWO,
    codes,
    message,
    messages,
    opened,
    record,
    said,
)


def test_the_root_a_thread_row_names_goes_before_the_earliest() -> None:
    """The others reply to it, and a word it said about its own reply is kept."""
    view, made = opened(
        record("", root_message_id=TWO, created_at=iso(T0), created_by=BOB),
        said("early", message_id=ONE, thread_id=THREAD),
        said("root", 1, message_id=TWO, thread_id=THREAD, parent_message_id=ONE),
    )
    assert message(view, "early").reply_to_message_id == TWO
    root = message(view, "root")
    assert (root.reply_to_message_id, root.extra["legacy_parent_message_id"]) == (None, ONE)
    thread = view.thread(THREAD)
    assert thread is not None
    assert (thread.root_message_id, thread.created_by) == (TWO, BOB)
    assert sorted(codes(made)) == ["extra_root", "root_replied"]


def test_a_root_that_was_archived_away_has_a_placeholder_under_its_id() -> None:
    """So the copy that still has it fits; the thread row tells when it was."""
    view, _ = opened(
        record("", root_message_id=ONE, created_at=iso(T0), created_by=BOB),
        said("kept", 5, message_id=TWO, thread_id=THREAD, parent_message_id=ONE),
    )
    placeholder = messages(view)[0]
    assert (placeholder.message_id, placeholder.sender_id, placeholder.date) == (ONE, "", iso(T0))
    assert placeholder.extra == {"placeholder": "missing root"}
    assert not message(view, "kept").assumed


def test_without_a_thread_row_the_earliest_missing_parent_is_the_root() -> None:
    """Other missing parents become words."""
    view, made = opened(
        said("a", 5, message_id=ONE, thread_id=THREAD, parent_message_id=TWO),
        said("b", 6, message_id=THREE, thread_id=THREAD, parent_message_id="gone"),
    )
    assert view.root_of(THREAD) == TWO
    other = message(view, "b")
    assert (other.reply_to_message_id, other.extra["legacy_parent_message_id"]) == (TWO, "gone")
    assert sorted(codes(made)) == ["missing_reply_target", "missing_root"]


def test_a_parent_in_another_thread_is_a_word() -> None:
    """The message stays in the thread its row names."""
    view, _ = opened(
        said("one", message_id=ONE, thread_id=THREAD),
        said("two", 1, message_id=TWO, thread_id=OTHER_THREAD, parent_message_id=ONE),
    )
    other = message(view, "two")
    assert other.thread_id == OTHER_THREAD
    assert other.reply_to_message_id == view.root_of(OTHER_THREAD) != ONE
    assert other.extra["legacy_parent_message_id"] == ONE


def test_two_threads_that_miss_one_parent_have_a_placeholder_each() -> None:
    """One of them under the parent's id."""
    view, _ = opened(
        said("one", message_id=ONE, thread_id=THREAD, parent_message_id=THREE),
        said("two", 1, message_id=TWO, thread_id=OTHER_THREAD, parent_message_id=THREE),
    )
    assert view.root_of(THREAD) == THREE
    assert view.root_of(OTHER_THREAD) not in (None, THREE)


def test_children_that_became_roots_have_one_root_again() -> None:
    """CoCalc does so when it deletes the root; the earliest stands for it, and that is assumed."""
    view, made = opened(
        said("a", 1, message_id=ONE, thread_id=THREAD), said("b", 2, message_id=TWO, thread_id=THREAD)
    )
    assert [one.reply_to_message_id for one in messages(view)] == [None, ONE]
    assert [one.assumed for one in messages(view)] == [True, True]
    assert codes(made) == ["extra_root"]


def test_a_thread_of_circles_alone_begins_with_its_earliest_message() -> None:
    """And every circle is cut, each once."""
    view, made = opened(
        said("a", 1, message_id=ONE, thread_id=THREAD, parent_message_id=TWO),
        said("b", 2, message_id=TWO, thread_id=THREAD, parent_message_id=ONE),
        said("x", 3, message_id=THREE, thread_id=THREAD, parent_message_id="y"),
        said("y", 4, message_id="y", thread_id=THREAD, parent_message_id=THREE),
    )
    assert [one.content for one in messages(view) if one.reply_to_message_id is None] == ["a"]
    assert message(view, "x").reply_to_message_id == ONE
    assert sorted(codes(made)) == ["reply_circle", "root_replied"]


def test_a_thread_of_records_alone_keeps_them() -> None:
    """Its placeholder is by nobody, and of the time its records tell."""
    view, made = opened(record("config", name="Nothing said yet", updated_at=iso(T0), updated_by=ADA))
    config = view.config(THREAD)
    assert (config.name, config.updated_by) == ("Nothing said yet", ADA)
    assert [(one.sender_id, one.date) for one in messages(view)] == [("", iso(T0))]
    assert codes(made) == ["missing_root"]
