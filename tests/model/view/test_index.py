"""The view depends on which facts came, never on their order, and what is undone never was."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from chatdoc.model.clock import iso
from chatdoc.model.facts import DocumentFact, Header, MarkFact, PieceFact
from chatdoc.model.view import apply
from chatdoc.model.view.view import View
from tests.model.view.raw import MESSAGES, THREADS, random_history, snapshot, stamp

SEEDS = range(150)


@pytest.mark.parametrize("seed", SEEDS)
def test_order_of_arrival_changes_nothing(seed: int) -> None:
    """Two replicas with the same facts have equal views, whatever came first, however it was batched."""
    random = Random(seed)
    facts = random_history(random, 40)
    views = [View(), View()]
    for view in views:
        if random.random() < 0.5:
            view.sharing("ada", iso(1_000))
        random.shuffle(facts)
        done = 0
        while done < len(facts):
            size = random.choice([1, 1, 2, 7])
            apply.apply(view, facts[done : done + size], origin="peer")
            done += size
        view.sharing("ada", iso(1_000))
    assert snapshot(views[0]) == snapshot(views[1])
    for message_id in MESSAGES:
        assert views[0].message(message_id) == views[1].message(message_id)


@pytest.mark.parametrize("seed", SEEDS)
def test_undo_restores_the_view_exactly(seed: int) -> None:
    """After undo every slot is what it was before the facts were applied."""
    random = Random(seed)
    view = View()
    apply.apply(view, random_history(random, random.randrange(30)), origin="peer")
    if random.random() < 0.5:
        view.sharing("ada", iso(1_000))
    for _ in range(4):
        before = snapshot(view)
        _, added = apply.apply(view, random_history(random, random.choice([1, 3, 12])), origin="command")
        apply.undo(view, added)
        assert snapshot(view) == before


def test_facts_that_python_takes_for_equal_are_two() -> None:
    """1, 1.0 and true under one stamp are three facts, and the same one of them holds on every replica."""
    facts = [
        MarkFact(message_id=MESSAGES[0], field="own", stamp=stamp(1), value=value, by="ada")
        for value in (1, 1.0, True)
    ]
    one, other = View(), View()
    apply.apply(one, facts, origin="peer")
    apply.apply(other, facts[::-1], origin="peer")
    assert snapshot(one) == snapshot(other)
    assert len(one.marks[MESSAGES[0]]["own"]) == 3


def test_undone_document_field_leaves_no_trace() -> None:
    """The last value of a field goes with its field."""
    view = View()
    _, added = apply.apply(view, [DocumentFact(field="own", value=1)], origin="command")
    apply.undo(view, added)
    assert view.document_values == {}


def test_second_text_of_a_piece_gives_way_to_the_first_again() -> None:
    """A piece that came with two texts shows the smaller; without it, the other."""
    view = View()
    apply.apply(view, [PieceFact(message_id=MESSAGES[0], seq=1, text="b")], origin="peer")
    _, added = apply.apply(view, [PieceFact(message_id=MESSAGES[0], seq=1, text="a")], origin="peer")
    assert view.pieces[MESSAGES[0]] == {1: "a"}
    apply.undo(view, added)
    assert view.pieces[MESSAGES[0]] == {1: "b"}


def test_mark_of_an_unfit_reply_target_is_passed_over() -> None:
    """A peer may mark a message as replying to a number or a list; the header's word holds."""
    header = Header(
        message_id=MESSAGES[1], thread_id=THREADS[0], sender_id="", date="", reply_to_message_id=MESSAGES[0]
    )
    for value in (7, ["x"], {}):
        view = View()
        mark = MarkFact(
            message_id=MESSAGES[1], field="reply_to_message_id", stamp=stamp(1), value=value, by="eve"
        )
        apply.apply(view, [header, mark], origin="peer")
        message = view.message(MESSAGES[1])
        assert message is not None
        assert view.reply_target(MESSAGES[1]) == message.reply_to_message_id == MESSAGES[0]


def test_field_of_a_placeholder_goes_with_it() -> None:
    """A message, its fields and the set of those being written agree which of its headers have a say."""
    real = Header(message_id=MESSAGES[0], thread_id=THREADS[0], sender_id="ada", date=iso(1_000))
    copy = msgspec.structs.replace(real, assumed=True, fields={"generating": True})
    placeholder = Header(
        message_id=MESSAGES[0],
        thread_id=THREADS[0],
        sender_id="",
        date=iso(1_000),
        assumed=True,
        fields={"generating": False},
    )
    view = View()
    apply.apply(view, [placeholder, copy, real], origin="peer")
    message = view.message(MESSAGES[0])
    assert message is not None
    assert message.generating is True
    assert view.field(MESSAGES[0], "generating") is True
    assert view.generating == {MESSAGES[0]}


def test_document_id_is_a_text() -> None:
    """A document id of another kind, from a peer, is passed over."""
    view = View()
    apply.apply(
        view, [DocumentFact(field="document_id", value=value) for value in (1, "b", None, "a")], origin="peer"
    )
    assert view.document_id() == "a"


@pytest.mark.parametrize("seed", SEEDS)
def test_reading_order_is_kept_up_through_everything(seed: int) -> None:
    """However messages come, change, move and go: the root, then by date and id, and pages of it are parts of it."""
    random = Random(seed)
    view = View()
    for _ in range(12):
        _, added = apply.apply(view, random_history(random, random.choice([1, 3, 90])), origin="peer")
        if random.random() < 0.4:
            apply.undo(view, added)
        for thread_id in random.sample(THREADS, 2):
            root, headers = view.root_of(thread_id), view.headers
            expected = sorted(
                view.messages_of(thread_id), key=lambda one: (one != root, headers[one].date, one)
            )
            assert view.ordered(thread_id) == expected
            if expected:
                place = random.randrange(len(expected))
                assert [*view.ordered_before(thread_id, expected[place])] == expected[:place][::-1]
