"""Setup and verification of the pytest fixtures: what a test begins with, and which promises it must leave intact."""

from __future__ import annotations

from pathlib import Path
from random import Random

from chatdoc.document import Document
from chatdoc.open import open_document
from chatdoc.testing import white_box
from chatdoc.testing.assertions import assert_clean, assert_kept
from chatdoc.testing.clocks import ManualClock
from chatdoc.testing.conversation import PAUSE_MS, converse
from chatdoc.testing.legacy import legacy_file, legacy_rows
from chatdoc.testing.network import Network
from chatdoc.testing.oracle import Oracle
from chatdoc.testing.promises import BACKED_UP, REOPENED, promised, require

LEGACY_ROWS = 16


def end_network(network: Network, *, clean: bool) -> None:
    """Deliver everything; raises PromiseBroken where something shown is lost, documents differ, or a rule is broken."""
    oracle = _seen(network.documents)
    network.settle()
    network.assert_converged()
    assert_kept(network.documents, oracle)
    if clean:
        assert_clean(network.documents)


def begin_stored(path: Path, *, seed: int) -> Document:
    """A new document in a file, with the conversation in it."""
    clock = ManualClock()
    document = open_document(path, clock=clock, random=Random(seed).randbytes, durability="normal")
    converse([document], pause=lambda: clock.advance(PAUSE_MS))
    return document


def end_stored(document: Document, *, clean: bool) -> None:
    """Close a document and open its file again; raises PromiseBroken unless it says what it said."""
    assert document.path is not None, "a stored document has a path"
    if clean and white_box.is_open(document):
        assert_clean([document])
    oracle, text = _seen([document]), document.text()
    document.close()
    with promised(REOPENED):
        again = open_document(document.path)
    with again:
        assert_kept([again], oracle)
        require(again.text() == text, REOPENED, f"the text of {document.path.name} is another one")
        if clean:
            assert_clean([again])


def legacy_source(*, seed: int) -> bytes:
    """A legacy file, the same for a seed each time."""
    random = Random(seed)
    return legacy_file(random, legacy_rows(random, LEGACY_ROWS))


def end_legacy(path: Path, source: bytes) -> None:
    """Raise PromiseBroken unless the source is kept: as the file it was, or as a backup beside it."""
    kept = any(one.read_bytes() == source for one in path.parent.rglob("*") if one.is_file())
    require(kept, BACKED_UP, f"no file beside {path.name} has the {len(source)} bytes it began with")


def _seen(documents: list[Document]) -> Oracle:
    oracle = Oracle()
    for document in documents:
        for thread in document.threads(deleted=True):
            oracle.see_thread(document, thread.thread_id)
    return oracle
