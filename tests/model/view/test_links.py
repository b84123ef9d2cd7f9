"""What the links know of every chain of replies is what following each chain to its end would find."""

from __future__ import annotations

from random import Random

import pytest

from chatdoc.model.clock import iso
from chatdoc.model.facts import Header
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.view import apply, reply_index
from chatdoc.model.view.view import View
from tests.model.view.raw import MESSAGES, THREADS, random_history

SEEDS = range(150)


def header(number: int, target: int | None, thread_id: ThreadId = THREADS[0]) -> Header:
    """Message `number`, replying to message `target`."""
    return Header(
        message_id=MESSAGES[number],
        thread_id=thread_id,
        sender_id="ada",
        date=iso(1_000),
        reply_to_message_id=None if target is None else MESSAGES[target],
    )


def chain_of(view: View, message_id: MessageId) -> list[MessageId | None]:
    """The message, what it replies to within its thread, and so on until the end or the first repetition."""
    chain: list[MessageId | None] = []
    one: MessageId | None = message_id
    while one is not None and view.thread_of(one) == view.thread_of(message_id) and one not in chain:
        chain.append(one)
        one = view.reply_target(one)
    return [*chain, one]


def assert_links_are_right(view: View) -> None:
    """Roots, anchors, circles and those who wait agree with the chains."""
    astray, looped, roots = set(), {}, set()
    for message_id in view.message_ids():
        chain = chain_of(view, message_id)
        if chain[-1] is not None:
            astray.add(message_id)
        if chain[-1] == message_id:
            looped[message_id] = min(one for one in chain if one is not None)
        if chain[1:] == [None]:
            roots.add((view.thread_of(message_id), message_id))
    assert view.unanchored == astray
    assert view.looped == looped
    assert {(thread_id, one) for thread_id, ids in view.roots.items() for one in ids} == roots
    assert {(target, one) for target, ids in view.waiting.items() for one in ids} == {
        (view.reply_target(one), one) for one in astray
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_links_agree_with_every_chain(seed: int) -> None:
    """After every step of a random history, and after every undo."""
    random = Random(seed)
    view = View()
    for _ in range(12):
        before = {one: (one in view.unanchored, view.looped.get(one)) for one in view.message_ids()}
        delta, added = apply.apply(view, random_history(random, random.choice([1, 1, 3, 6])), origin="peer")
        assert_links_are_right(view)
        changed = {one for one in before if before[one] != (one in view.unanchored, view.looped.get(one))}
        assert changed <= delta.messages | delta.relinked
        if random.random() < 0.3:
            apply.undo(view, added)
            assert_links_are_right(view)


@pytest.mark.parametrize("seed", range(40))
def test_links_of_many_are_the_links_of_each(seed: int) -> None:
    """Entering all messages at once gives the same links as one by one."""
    random = Random(seed)
    facts = [fact for fact in random_history(random, 60) if isinstance(fact, Header)]
    first = {fact.message_id: fact for fact in reversed(facts)}
    view = View()
    view.headers = dict(first)
    reply_index.link_all(view, first.values())
    assert_links_are_right(view)
    assert view.generating == {one for one in first if (first[one].fields or {}).get("generating") is True}


def test_message_that_replies_to_itself_reaches_no_root() -> None:
    """It is a circle of one."""
    view = View()
    apply.apply(view, [header(0, 0)], origin="peer")
    assert view.unanchored == {MESSAGES[0]}
    assert view.looped == {MESSAGES[0]: MESSAGES[0]}


def test_long_circle_is_found_however_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chain longer than what is followed for one message has its whole thread looked at."""
    monkeypatch.setattr(reply_index, "STEPS_MAX", 3)
    view = View()
    for number in (1, 2, 3, 4, 5, 0):
        delta, _ = apply.apply(view, [header(number, (number - 1) % 6)], origin="peer")
    assert view.looped == dict.fromkeys(MESSAGES[:6], MESSAGES[0])
    assert delta.relinked | delta.messages >= set(MESSAGES[:6])
