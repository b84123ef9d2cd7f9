"""Hypothesis strategies: commands that fit a document, documents, legacy files, and damaged updates.

Each is built on one random source that hypothesis draws and shrinks, so all of them take the shapes that
`chatdoc fuzz` takes.
"""

from __future__ import annotations

from random import Random

from hypothesis import strategies as st

from chatdoc.document import Document
from chatdoc.in_memory import memory_document
from chatdoc.model.commands.decide import Command
from chatdoc.model.facts import DocumentFact, Fact
from chatdoc.model.ids import derive
from chatdoc.model.view.lookup import all_facts
from chatdoc.model.view.view import View
from chatdoc.testing.clocks import ManualClock
from chatdoc.testing.legacy import drifted, legacy_file, legacy_rows
from chatdoc.testing.oracle import Oracle
from chatdoc.testing.writer import WEIGHTS, Writer, some_command

STEPS_MAX = 20


def randoms() -> st.SearchStrategy[Random]:
    """A random source under hypothesis' control."""
    return st.randoms(use_true_random=False)


@st.composite
def commands(draw: st.DrawFn, view: View) -> Command:
    """A command that means something in this view; another one where nothing can be so changed."""
    random = draw(randoms())
    return some_command(random, view, draw(st.sampled_from(sorted(WEIGHTS))))


@st.composite
def documents(draw: st.DrawFn, *, steps_max: int = STEPS_MAX) -> Document:
    """A document in memory, with an id as opened files have one, after some commands."""
    random = Random(draw(st.integers(0, 2**32 - 1)))
    clock = ManualClock()
    own = [
        DocumentFact(field="document_id", value=derive("document", clock(), "strategies")),
        DocumentFact(field="schema_version", value=2),
    ]
    document = memory_document(clock=clock, random=random.randbytes, facts=own)
    writer = Writer(random, Oracle())
    for _ in range(draw(st.integers(0, steps_max))):
        clock.advance(random.randrange(-50, 1000))
        writer.act(document)
    return document


def fact_sets(*, steps_max: int = STEPS_MAX) -> st.SearchStrategy[list[Fact]]:
    """All facts of a document; any subset of them, in any order, is a document too."""
    return documents(steps_max=steps_max).map(lambda document: list(all_facts(document.view)))


@st.composite
def legacy_files(draw: st.DrawFn, *, rows_max: int = 12, damage: float = 0.1) -> bytes:
    """The bytes of a legacy file."""
    random = draw(randoms())
    return legacy_file(random, legacy_rows(random, draw(st.integers(1, rows_max))), damage=damage)


@st.composite
def legacy_copies(draw: st.DrawFn, *, copies: int = 2, rows_max: int = 12) -> list[bytes]:
    """One legacy file as several people have it."""
    random = draw(randoms())
    rows = legacy_rows(random, draw(st.integers(1, rows_max)))
    others = [drifted(random, rows) for _ in range(copies - 1)]
    return [legacy_file(random, copy) for copy in [rows, *others]]


@st.composite
def damaged(draw: st.DrawFn, update: bytes) -> bytes:
    """An update with one to three changes: bits flipped, bytes set, cut out or put in, its end torn off."""
    raw = bytearray(update)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(raw)))
        kind = draw(st.sampled_from(("flip", "set", "cut", "insert", "tear")))
        if kind == "flip" and at < len(raw):
            raw[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "set" and at < len(raw):
            raw[at] = draw(st.sampled_from((0, 1, 0x21, 0x28, 0x7F, 0x80, 0x81, 0x88, 0xA1, 0xA8, 0xFF)))
        elif kind == "cut":
            del raw[at : at + draw(st.integers(1, 8))]
        elif kind == "insert":
            raw[at:at] = draw(st.binary(min_size=1, max_size=6))
        else:
            del raw[at:]
    return bytes(raw)
