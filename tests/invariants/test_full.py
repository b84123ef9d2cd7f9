"""The full check finds everything that is broken, though it looks at suspects only."""

from __future__ import annotations

from random import Random

import pytest

from chatdoc.model.clock import iso
from chatdoc.model.facts import Fact, Header, ThreadFact
from chatdoc.model.ids import MessageId, ThreadId, derive
from chatdoc.model.view import apply
from chatdoc.model.view.view import View
from invariants.full import check_all
from invariants.registry import RULES
from tests.model.view.raw import MESSAGES, THREADS, random_history


def a_chain(length: int) -> View:
    """One thread in which every message replies to the one before."""
    ids = [MessageId(derive("message", number, "chain")) for number in range(length)]
    thread_id = ThreadId(derive("thread", 0, "chain"))
    facts: list[Fact] = [
        ThreadFact(thread_id=thread_id, created_at=iso(0), created_by="ada", root_message_id=ids[0])
    ]
    for number, message_id in enumerate(ids):
        above = ids[number - 1] if number else None
        facts.append(
            Header(
                message_id=message_id,
                thread_id=thread_id,
                sender_id="ada",
                date=iso(number),
                reply_to_message_id=above,
            )
        )
    view = View()
    apply.apply(view, facts, origin="store")
    return view


@pytest.mark.parametrize("seed", range(200))
def test_whatever_is_broken_is_among_the_suspects(seed: int) -> None:
    """Asked about every id there is, no rule finds more than among those it suspects in bulk."""
    random = Random(seed)
    view = View()
    apply.apply(view, random_history(random, random.randrange(5, 60)), origin="peer")
    found = check_all(view)
    for rule in RULES:
        for subject in (*MESSAGES, *THREADS):
            assert rule.check(view, subject) == found.get((rule.code, subject))


@pytest.mark.parametrize("seed", range(100))
def test_reply_to_a_foreign_message_is_never_anchored(seed: int) -> None:
    """So the unanchored are the only suspects of invalid_reply_target."""
    random = Random(seed)
    view = View()
    apply.apply(view, random_history(random, 40), origin="peer")
    wrong = {
        one
        for one in view.message_ids()
        if (target := view.reply_target(one)) is not None and view.thread_of(target) != view.thread_of(one)
    }
    assert wrong <= view.unanchored
    assert {subject for code, subject in check_all(view) if code == "invalid_reply_target"} == wrong


def test_good_document_is_checked_without_an_index_of_its_moments() -> None:
    """The memory that index costs is spent by documents that change, not by each that is opened."""
    view = a_chain(50)
    assert check_all(view) == {}
    assert view.moments is None


def test_long_chain_is_followed_without_recursion() -> None:
    """Ten thousand replies, one below the other."""
    assert check_all(a_chain(10_000)) == {}
