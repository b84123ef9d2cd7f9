"""Messages stand in the thread their row is of, however their replies run."""

from __future__ import annotations

from itertools import permutations

from chatdoc.model.clock import iso
from migrate.cocalc.naming import root_of, thread_of
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
    record,
    said,
)


def test_replies_to_replies_stand_in_the_thread_of_the_root() -> None:
    """The first days of replies knew chains; what each one replies to is kept."""
    view, made = opened(said("a"), said("b", 1, to=0), said("c", 2, to=1), said("older", -9, to=2))
    assert {one.thread_id for one in messages(view)} == {thread_of(T0)}
    assert message(view, "c").reply_to_message_id == message(view, "b").message_id
    assert message(view, "older").reply_to_message_id == message(view, "c").message_id
    assert codes(made) == []


def test_a_reply_to_itself_is_a_root() -> None:
    """By its date, and by its id."""
    view, _ = opened(said("a", to=0), said("b", 1, message_id=ONE, thread_id=THREAD, parent_message_id=ONE))
    assert [one.reply_to_message_id for one in messages(view)] == [None, None]


def test_a_root_goes_before_a_reply_of_its_millisecond() -> None:
    """A reply by date means the root that stands there."""
    view, made = opened(
        said("other"), said("reply", 1, by=ADA, to=0), said("root", 1, by=BOB), said("x", 2, to=1)
    )
    assert message(view, "x").reply_to_message_id == message(view, "root").message_id
    assert codes(made) == []


def test_a_reply_to_one_of_two_roots_is_told_and_assumed() -> None:
    """Distinct roots stay distinct threads; which one is meant is the same in any order of lines."""
    view, made = opened(said("by ada"), said("by bob", by=BOB), said("whose?", 1, to=0))
    assert len(list(view.thread_ids())) == 2
    reply = message(view, "whose?")
    assert (reply.reply_to_message_id, reply.assumed) == (message(view, "by ada").message_id, True)
    assert codes(made) == ["ambiguous_root"]


def test_what_hangs_on_a_missing_message_hangs_on_its_placeholder_alone() -> None:
    """Another copy may have what is missing, and another thread for it: so all of it is assumed, and flat."""
    view, made = opened(said("a", 2, to=1), said("b", 3, to=2), said("c", 4, to=3))
    root = root_of(T0 + 1000)
    assert [one.reply_to_message_id for one in messages(view)] == [None, root, root, root]
    assert all(one.assumed for one in messages(view))
    assert message(view, "c").extra["legacy_reply_to"] == iso(T0 + 3000)
    assert [(one.code, one.subject) for one in made.report.anomalies] == [
        ("missing_root", thread_of(T0 + 1000))
    ]


def test_a_circle_of_dates_is_cut_at_its_earliest_row() -> None:
    """Rows beside it hang where they hung."""
    view, made = opened(said("a", 0, to=2), said("b", 1, to=0), said("c", 2, to=1), said("d", 3, to=1))
    first = message(view, "a")
    assert (first.reply_to_message_id, first.extra["legacy_reply_to"]) == (None, iso(T0 + 2000))
    assert message(view, "d").reply_to_message_id == message(view, "b").message_id
    assert codes(made) == ["reply_circle"]


def test_rows_that_know_their_thread_bring_along_those_that_do_not() -> None:
    """A root without ids stands in the thread of the replies that have them, a reply in that of its root."""
    view, _ = opened(
        said("root"),
        said("reply", 1, to=0, message_id=ONE, thread_id=THREAD),
        said("another", 2, to=0),
        said("root with ids", 5, message_id=TWO, thread_id=OTHER_THREAD),
        said("without", 6, to=5),
    )
    assert {one.content: one.thread_id for one in messages(view)} == {
        "root": THREAD,
        "reply": THREAD,
        "another": THREAD,
        "root with ids": OTHER_THREAD,
        "without": OTHER_THREAD,
    }


def test_a_thread_row_brings_along_the_root_it_names() -> None:
    """By the id that CoCalc's own upgrade would have given it."""
    view, _ = opened(
        said("root"), record("", root_message_id=f"legacy-message-{T0}-{ADA}", created_at=iso(T0))
    )
    assert message(view, "root").thread_id == THREAD
    assert view.root_of(THREAD) == message(view, "root").message_id


def test_a_thread_that_has_a_root_takes_no_other_one_along() -> None:
    """The row without ids keeps a thread of its own, and the reply to it stays in the thread it names."""
    view, made = opened(
        said("root of the thread", 9, message_id=ONE, thread_id=THREAD),
        said("root without ids"),
        said("reply", 1, to=0, message_id=TWO, thread_id=THREAD),
    )
    assert message(view, "root without ids").thread_id == thread_of(T0)
    reply = message(view, "reply")
    assert (reply.thread_id, reply.reply_to_message_id, reply.assumed) == (THREAD, ONE, True)
    assert reply.extra["legacy_reply_to"] == iso(T0)
    assert codes(made) == ["missing_reply_target"]


def test_a_missing_message_stands_in_the_thread_of_those_that_know_it() -> None:
    """A row without ids that replies to the same missing row is of that thread too."""
    view, _ = opened(said("with", 2, to=0, message_id=ONE, thread_id=THREAD), said("without", 3, to=0))
    assert {one.thread_id for one in messages(view)} == {THREAD}


def test_a_legacy_thread_id_and_a_row_without_one_are_the_same_thread() -> None:
    """`legacy-thread-<ms>` is the thread whose root stands at that millisecond."""
    view, _ = opened(said("root"), said("reply", 1, to=0, message_id=ONE, thread_id=f"legacy-thread-{T0}"))
    assert {one.thread_id for one in messages(view)} == {thread_of(T0)}
    fact = view.thread(thread_of(T0))
    assert fact is not None
    assert fact.extra == {"legacy_thread_id": f"legacy-thread-{T0}"}


def test_a_reply_means_the_row_of_its_own_thread() -> None:
    """Where several stand at the millisecond, or have the id, that it names."""
    view, _ = opened(
        said("one", message_id=ONE, thread_id=THREAD),
        said("two", by=BOB, message_id=ONE, thread_id=OTHER_THREAD),
        said("to one", 1, to=0, thread_id=THREAD),
        said("to two", 2, to=0, thread_id=OTHER_THREAD),
        said("by id", 3, message_id=TWO, thread_id=OTHER_THREAD, parent_message_id=ONE),
    )
    assert message(view, "to one").reply_to_message_id == message(view, "one").message_id
    assert message(view, "to two").reply_to_message_id == message(view, "two").message_id
    assert message(view, "by id").reply_to_message_id == message(view, "two").message_id
    assert not any(one.assumed for one in messages(view))


def test_a_date_is_followed_where_the_parent_is_missing() -> None:
    """The id is kept as a word; without a date, or with its own, the parent is what is missing."""
    gone = {"message_id": ONE, "parent_message_id": TWO}
    view, _ = opened(said("root"), said("reply", 1, to=0, **gone))
    reply = message(view, "reply")
    assert reply.reply_to_message_id == message(view, "root").message_id
    assert reply.extra["legacy_parent_message_id"] == TWO
    for more in ({}, {"to": 1}):
        view, _ = opened(said("root"), said("reply", 1, **gone, **more))
        assert message(view, "reply").reply_to_message_id == TWO


def test_a_root_that_two_threads_claim_stands_in_the_first() -> None:
    """The replies of the other thread stay there, in any order of lines."""
    rows = [
        said("root"),
        said("one", 1, to=0, message_id=ONE, thread_id=THREAD),
        said("two", 2, to=0, message_id=TWO, thread_id=OTHER_THREAD),
    ]
    for order in permutations(rows):
        view, made = opened(*order)
        assert [one.thread_id for one in messages(view) if one.content] == [THREAD, THREAD, OTHER_THREAD]
        assert message(view, "two").extra["legacy_reply_to"] == iso(T0)
        assert sorted(codes(made)) == ["missing_reply_target", "missing_root"]


def test_a_root_whose_plain_thread_is_another_ones_has_one_of_its_own() -> None:
    """`legacy-thread-<ms>` may have its own root at that millisecond, or have taken another row along."""
    view, _ = opened(said("a"), said("b", by=BOB, message_id=ONE, thread_id=f"legacy-thread-{T0}"))
    assert message(view, "b").thread_id == thread_of(T0) != message(view, "a").thread_id
    view, _ = opened(
        said("a"), said("b", 5), said("c", 6, to=5, message_id=ONE, thread_id=f"legacy-thread-{T0}")
    )
    assert message(view, "b").thread_id == thread_of(T0) != message(view, "a").thread_id
