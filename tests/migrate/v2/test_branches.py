"""Branches of version control merge like replicas: what git makes of two texts says all that both documents said."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatdoc.document import Document
from chatdoc.in_memory import memory_document
from chatdoc.model.facts import AtticRow, DocumentFact, Fact
from chatdoc.model.ids import derive
from chatdoc.testing.clocks import ManualClock
from chatdoc.testing.oracle import Oracle
from chatdoc.testing.writer import Writer
from migrate.v2.read import mend, read_text
from migrate.v2.write import render
from tests.migrate.v2.text.documents import view_of

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
MARKERS = ("<<<<<<< ", "=======", ">>>>>>> ")


def branches(seed: int) -> tuple[Document, Document, Document]:
    """A document, and two replicas of it that were written to apart from each other."""
    random, clock = Random(seed), ManualClock()
    own = [
        DocumentFact(field="document_id", value=derive("document", clock(), "branches")),
        DocumentFact(field="schema_version", value=2),
    ]

    def written(facts: list[DocumentFact], update: bytes | None, steps: int) -> Document:
        document = memory_document(clock=clock, random=random.randbytes, facts=facts)
        if update is not None:
            document.receive(update, origin="base")
        writer = Writer(random, Oracle())
        for _ in range(steps):
            clock.advance(random.randrange(-50, 1000))
            writer.act(document)
        return document

    base = written(own, None, 12)
    return base, written([], base.diff(), 8), written([], base.diff(), 8)


def merged_by_git(folder: Path, base: bytes, ours: bytes, theirs: bytes, *how: str) -> bytes:
    """What git leaves in the file, with markers where it asks somebody to decide."""
    for name, text in (("base", base), ("ours", ours), ("theirs", theirs)):
        (folder / name).write_bytes(text)
    subprocess.run(["git", "merge-file", "-q", *how, "ours", "base", "theirs"], cwd=folder, check=False)
    return (folder / "ours").read_bytes()


def said(text: bytes) -> list[Fact]:
    """The facts of a text; markers of a conflict, which are kept too, left out."""
    found = read_text(text)
    facts, _ = mend(found.facts, found.old_name)
    return [one for one in facts if not (isinstance(one, AtticRow) and one.text.startswith(MARKERS))]


@given(seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("how", [("--union",), ()], ids=["merge=union", "a conflict left in the file"])
def test_two_branches_merge_like_two_replicas(
    how: tuple[str, ...], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The same text as after an exchange of updates, whether git took the lines of both or asked about them."""
    base, ours, theirs = branches(seed)
    texts = [render(one.view) for one in (base, ours, theirs)]
    text = merged_by_git(tmp_path_factory.mktemp("branches"), texts[0], texts[1], texts[2], *how)
    ours.receive(theirs.diff(), origin="theirs")
    assert render(view_of(said(text))) == render(ours.view)
