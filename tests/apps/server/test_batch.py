"""A turn of a room takes what one client wrote in a row as one, and finds what is bad in it without losing the rest."""

from __future__ import annotations

import asyncio
from typing import Any

import pycrdt
import pytest

from chatdoc.apps.server.batch import Change, Outcome, carry_out
from chatdoc.apps.server.member import Member, Outbox
from chatdoc.apps.server.principal import ANYBODY, allow_own
from chatdoc.crdt.keys import digest
from chatdoc.document import Document
from chatdoc.serve import Limits
from tests.apps.server.facts import message, thread
from tests.engine.begin import begin

COUNT = 200


def burst(client_id: int, bad: set[int], first: int) -> list[bytes]:
    """Updates of one fact each, of one client; those of some numbers write where nothing of ours is."""
    doc = pycrdt.Doc[Any](client_id=client_id)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    facts = [*thread(), *(message(first + number) for number in range(COUNT - 2))]
    for number, (root, path, text) in enumerate(facts):
        if number in bad:
            doc.get("message", type=pycrdt.Map)[f"not a fact {number}"] = "x"
        else:
            doc.get(root, type=pycrdt.Map)[path + digest(text)] = text
    del subscription
    return updates


def member() -> Member:
    """A client that nobody reads for."""

    async def send(message: bytes) -> None:
        raise AssertionError("nothing is sent in a turn")

    return Member(Outbox(send, Limits()), ANYBODY, name=None, speaks_json=True)


def turn(document: Document, *bursts: list[bytes]) -> list[Outcome]:
    """One turn of what several clients sent, one after the other."""

    async def run() -> list[Any]:
        jobs = [
            Change(one, update, frozenset()) for given in bursts for one in [member()] for update in given
        ]
        return carry_out(document, list(jobs), allow_own, Limits())

    found = asyncio.run(run())
    assert all(isinstance(one, Outcome) for one in found)
    return found


def entries(document: Document) -> int:
    """How many entries the update log has."""
    return document.engine.store.updates.last_sequence()


def test_what_one_client_wrote_in_a_row_is_one_entry_of_the_log() -> None:
    """And each of its updates has its answer."""
    document = begin()
    outcomes = turn(document, burst(7, set(), 0), burst(8, set(), 500))
    assert [one.is_applied for one in outcomes] == [True] * (2 * COUNT)
    assert len(document.view.headers) == 2 * (COUNT - 2) + 1
    assert entries(document) == 2


@pytest.mark.parametrize("bad", [{0}, {COUNT - 1}, {70}, {3, 4, 150}, set(range(COUNT))])
def test_bad_ones_are_found_and_all_others_are_taken(bad: set[int]) -> None:
    """The refusals are those of the bad updates, and the good ones beside them stay joined as far as they go."""
    document = begin()
    outcomes = turn(document, burst(7, bad, 0))
    assert [number for number, one in enumerate(outcomes) if one.refused] == sorted(bad)
    assert all(one.refused[0].code == "wrong_place" for one in outcomes if one.refused)
    assert len(document.view.headers) + len(document.view.thread_facts) == COUNT - len(bad)
    assert entries(document) <= 16 * len(bad)
