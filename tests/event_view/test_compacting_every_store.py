"""A log is compacted in every kind of store alike: it says what goes as numbers, and everything goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.event_view.workplace import opened
from tests.every_store import on_every_store

pytestmark = on_every_store


@pytest.mark.parametrize("is_sealed", [False, True])
def test_a_log_is_compacted_whichever_store_has_it(tmp_path: Path, is_sealed: bool) -> None:
    """A dry run says the same, rows stay as they are, a rebuild begins from them, and nothing is damaged."""
    with opened(tmp_path) as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        for number in range(30):
            document.send(thread_id, sender_id="bob", content=f"message {number}")
        if is_sealed:
            document.compact()
        before = document.log.snapshot()
        said = document.log.compact()
        done = document.log.compact(dry_run=False)
        assert {type(getattr(done, field)) for field in done.__struct_fields__} == {bool, int}
        assert (done.events_before, done.events_after) == (said.events_before, said.events_after) == (33, 2)
        assert document.log.snapshot() == before
        document.send(thread_id, sender_id="bob", content="later")
        assert set(document.log.rebuild().tables.values()) == {"equal"}
        assert document.engine.store.verify() == []
