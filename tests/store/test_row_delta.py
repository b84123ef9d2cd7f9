"""A copy is brought up to date page by page, behind a source that is written, sealed and compacted meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from chatdoc.cutover import SHAPES
from chatdoc.document import Document
from chatdoc.engine.adopt_file import first_entry
from chatdoc.model.errors import NewerEdits
from chatdoc.open import open_document
from chatdoc.store.sql import row_delta
from chatdoc.store.sql.row_delta import Copy
from chatdoc.store.sql.store import SqlStore
from chatdoc.store.sqlite.folder import SqliteFolder

AT = "2024-01-01T00:00:00.000Z"


@pytest.fixture
def doc(tmp_path: Path) -> Iterator[Document]:
    """A document with some messages."""
    (tmp_path / "source").mkdir()
    with open_document(tmp_path / "source" / "a.chat") as made:
        thread = made.create_thread(sender_id="ada", content="Hello").thread_id
        for number in range(9):
            made.send(thread, sender_id="ada", content=f"{number}", command_id=f"c{number}")
        yield made


@pytest.fixture
def target(doc: Document, tmp_path: Path) -> Iterator[SqlStore]:
    """A store of the same document that serves nobody."""
    (tmp_path / "target").mkdir()
    source = doc.engine.store
    said = msgspec.structs.replace(source.registry.registration(), text_digest=None, retired_at_ms=7)
    folder = SqliteFolder(tmp_path / "target")
    with closing(
        folder.create(tmp_path / "target" / "a.chat", said, **first_entry(source), recorded_at_ms=7)
    ) as made:
        yield made


def step(doc: Document, target: SqlStore, copy: Copy, page: int = 3) -> tuple[Copy, bool]:
    """One page."""
    source = doc.engine.store
    assert isinstance(source, SqlStore)
    delta = source.tables.ask(lambda run: row_delta.lacking(run, SHAPES, copy, page=page), "be read")
    done = target.tables.change(
        lambda run, run_many: row_delta.write(run, run_many, SHAPES, copy, delta), "be written"
    )
    return done, delta.is_last


def held(store: SqlStore) -> Copy:
    """What a store has."""
    return store.tables.ask(lambda run: row_delta.held(run, SHAPES), "be read")


def digests(store: SqlStore) -> dict[str, str]:
    """Of every table."""
    return store.tables.ask(lambda run: row_delta.digests(run, SHAPES), "be read")


def test_a_copy_made_by_pages_is_equal_and_goes_on_where_it_ended(doc: Document, target: SqlStore) -> None:
    """Also where the source grows, seals its updates and folds events away between two pages."""
    source = doc.engine.store
    assert isinstance(source, SqlStore)
    assert source.read_model is not None
    thread = doc.threads()[0].thread_id
    changes = {
        2: lambda: doc.send(thread, sender_id="ada", content="between", command_id="between"),
        4: source.seal_logs,
        6: lambda: source.read_model.compact(dry_run=False, now_iso=AT),
        8: lambda: doc.edit(doc.messages(thread)[0].message_id, author_id="ada", content="edited"),
    }
    copy, pages = held(target), 0
    while changes or digests(source) != digests(target):
        copy, is_last = step(doc, target, held(target) if pages % 2 else copy)
        pages += 1
        if (change := changes.pop(pages, None)) is not None:
            change()
        assert pages < 50
        assert not is_last or not changes or pages < 12
    assert pages > 4
    assert target.updates.last_sequence() == source.updates.last_sequence()
    assert target.verify() == []


def test_a_copy_that_somebody_else_wrote_to_or_that_serves_is_left_alone(
    doc: Document, target: SqlStore
) -> None:
    """What is written was decided on what the copy had."""
    before = held(target)
    step(doc, target, before)
    with pytest.raises(NewerEdits, match="somebody else"):
        step(doc, target, before)
    copy = held(target)
    said = msgspec.structs.replace(target.registry.registration(), retired_at_ms=None)
    target.write(lambda unit: unit.put_registration(said))
    with pytest.raises(NewerEdits, match="serve"):
        step(doc, target, copy)
