"""Fuzz your own writers: a simulated network of documents, hypothesis strategies, a state machine, and `fuzz`.

`fuzz(steps, replicas, seed)` runs everything at once and says what broke. To try a writer of your own, let it loose
on the documents of a `Network`, deliver, and compare:

>>> from chatdoc.testing import Network
>>> network = Network(2, seed=1)
>>> ada, bob = network.documents
>>> thread = ada.create_thread(sender_id="ada", content="Hello")
>>> network.settle()
>>> _ = ada.edit(thread.root_message_id, author_id="ada", content="Hello all")
>>> _ = bob.edit(thread.root_message_id, author_id="bob", content="Hello, world")
>>> network.settle()
>>> network.assert_converged()
>>> len(bob.message(thread.root_message_id).history)
3

`fuzz_stored(steps, seed)` does the same to documents in files, with turns, crashes and the event log.

`chatdoc.testing.strategies`, `chatdoc.testing.machine` and `chatdoc.testing.stored_machine` need hypothesis; the rest
needs nothing besides.
"""

from __future__ import annotations

from chatdoc.testing.clocks import ManualClock
from chatdoc.testing.fuzz import FuzzReport, fuzz
from chatdoc.testing.network import Network
from chatdoc.testing.oracle import Oracle
from chatdoc.testing.promises import PromiseBroken
from chatdoc.testing.stored import fuzz_stored

__all__ = ["Network", "Oracle", "ManualClock", "PromiseBroken", "FuzzReport", "fuzz", "fuzz_stored"]
