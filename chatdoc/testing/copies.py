"""Copies of one legacy file are migrated apart, edited, and meet: no edit is lost, and no message stands twice.

Two things are left out on purpose, for ids cannot be the same where one copy has less to tell rows apart by:
two messages of one sender and millisecond, which the old database could not hold, and two roots of one millisecond,
of which another copy has one only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random

from chatdoc.document import Document
from chatdoc.model.clock import Clock, system_clock
from chatdoc.model.view.view import View
from chatdoc.testing.assertions import assert_kept, assert_ledger_is_full_check
from chatdoc.testing.fuzz import FuzzReport
from chatdoc.testing.legacy import Row, drifted, legacy_file, legacy_rows
from chatdoc.testing.network import Network
from chatdoc.testing.oracle import Oracle
from chatdoc.testing.writer import Writer
from migrate import migrate

EDITS_MAX = 8


def meet(seed: int) -> tuple[Network, Oracle]:
    """Migrate 2 to 4 copies of one random file, edit each, let them meet; AssertionError when a promise breaks."""
    random = Random(seed)
    rows = legacy_rows(random, random.randrange(1, 14))
    replicas = random.randrange(2, 5)
    copies: list[list[Row]] = [rows]
    for _ in range(replicas - 1):
        copies.append(rows if random.random() < 0.4 else drifted(random, rows))
    migrations = [migrate(legacy_file(random, copy)) for copy in copies]
    network = Network(replicas, seed=random.getrandbits(64), facts=[one.facts for one in migrations])
    network.in_flight.clear()
    before = [_places_of_texts(document.view) for document in network.documents]
    oracle = Oracle()
    writer = Writer(random, oracle)
    for document in network.documents:
        for thread_id in document.view.thread_ids():
            oracle.see_thread(document, thread_id)
        for _ in range(random.randrange(EDITS_MAX)):
            network.tick()
            writer.act(document)
        assert_ledger_is_full_check(document)
    network.settle()
    network.assert_converged()
    assert_kept(network.documents, oracle)
    twice = list(_twice(network.documents[0], before))
    assert not twice, "\n".join(twice[:8])
    return network, oracle


def meetings(trials: int, seed: int = 0, *, clock: Clock = system_clock) -> FuzzReport:
    """So many meetings, each of copies of its own; stops at the first broken promise, whose seed it names."""
    began = clock()
    done: Counter[str] = Counter()
    for trial in range(seed, seed + trials):
        try:
            network, _ = meet(trial)
        except Exception as error:  # Whatever escapes is a finding, and the seed must not be lost with it.
            problem = f"meeting {trial}: {type(error).__name__}: {error}"
            return _report(trial, trial - seed, done, (problem,), clock() - began)
        done["meetings"] += 1
        done["replicas"] += len(network.documents)
    return _report(seed, trials, done, (), clock() - began)


def _report(
    seed: int, trials: int, done: Counter[str], problems: tuple[str, ...], elapsed_ms: int
) -> FuzzReport:
    return FuzzReport(
        seed=seed, steps=trials, replicas=4, done=dict(done), problems=problems, elapsed_ms=elapsed_ms
    )


def _places_of_texts(view: View) -> Counter[str]:
    """In how many messages each of the file's own texts stands."""
    places: Counter[str] = Counter()
    for message_id in view.message_ids():
        message = view.message(message_id)
        assert message is not None
        places.update({one.content for one in message.history if one.content})
    return places


def _twice(document: Document, before: list[Counter[str]]) -> Iterator[str]:
    """Texts that stand in more messages than in any one of the copies, in words."""
    after = _places_of_texts(document.view)
    for text in sorted(set().union(*before)):
        most = max(places[text] for places in before)
        if text.startswith(("text", "again", "new", "edit")) and after[text] > most:
            yield f"{text!r} stands in {after[text]} messages, before they met in at most {most}"
