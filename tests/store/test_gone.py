"""A store that is gone, forked away or retired acknowledges nothing, says so, and disturbs nobody."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from chatdoc.model.errors import DocumentFailed, StoreGone
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.store import SqliteStore
from tests.store.documents import GENESIS, NOW, append, marker, updates


def test_store_that_is_gone_is_noticed_at_the_next_write(store: SqliteStore, folder: Path) -> None:
    """Removed, or replaced by another file, it acknowledges nothing; put back, it goes on."""
    place = store.location
    aside = folder / "aside"
    place.rename(aside)
    for _ in range(2):
        with pytest.raises(StoreGone, match="not there any more"):
            append(store, b"lost")
    with pytest.raises(StoreGone):
        store.feed.changed()
    place.touch()
    with pytest.raises(StoreGone, match="another one is in its place"):
        append(store, b"lost")
    place.unlink()
    aside.rename(place)
    assert append(store, b"kept") == 2


def test_forked_child_neither_writes_nor_disturbs(store: SqliteStore) -> None:
    """Used after a fork, a store says so; closing it there leaves the parent's as it is."""
    append(store, b"parent")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = b"wrote"
        try:
            append(store, b"child")
        except DocumentFailed as error:
            said = str(error).encode()
        store.close()
        os.write(writing, said)
        os._exit(0)
    os.waitpid(child, 0)
    assert b"was forked from it" in os.read(reading, 1000)
    assert Path(f"{store.location}-wal").exists(), "the child's close() must not write the journal back"
    assert append(store, b"parent again") == 3
    assert updates(store) == [GENESIS, b"parent", b"parent again"]


def test_retired_document_takes_no_change(store: SqliteStore, stores: SqliteFolder) -> None:
    """Once another process has retired it, a write raises DocumentFailed; its migration may still be noted."""
    with stores.open(store.location) as other:
        retired = other.registry.registration()
        retired = msgspec.structs.replace(retired, retired_at_ms=NOW)
        other.write(lambda unit: unit.put_registration(retired))
    with pytest.raises(DocumentFailed, match="rolled back or replaced"):
        append(store, b"late")
    with pytest.raises(DocumentFailed):
        store.feed.changed()
    assert updates(store) == [GENESIS]
    store.write(lambda unit: unit.put_marker(marker("rolled_back"), recorded_at_ms=NOW))
    assert store.registry.markers()[-1].phase == "rolled_back"
