"""A large transaction goes out in parts, each of which the connection has taken before the next one is made."""

from __future__ import annotations

from typing import Any

import pytest

from chatdoc import open_store
from chatdoc.store.postgres import write_behind
from chatdoc.store.postgres.pipeline import Pipeline
from chatdoc.store.postgres.write_behind import WriteBehind
from tests.postgres_cluster import Cluster

LENGTH = 10_000


def test_what_is_held_before_it_goes_out_is_bounded(
    postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else all of it lay in memory, was moved with each part that the connection took, and ended at 2 GB."""
    monkeypatch.setattr(write_behind, "HELD_BYTES", 5 * LENGTH)
    sizes: list[int] = []
    take = WriteBehind.take

    def taken(behind: WriteBehind) -> Any:
        sizes.append(
            sum(len(value) for _, values in behind.writes for value in values if isinstance(value, str))
        )
        return take(behind)

    monkeypatch.setattr(WriteBehind, "take", taken)
    with open_store(postgres.create_database("large")) as store, store.open("a.chat") as doc:
        thread_id = doc.create_thread(sender_id="ada", content="Hello").thread_id

        def send() -> None:
            for _ in range(50):
                doc.send(thread_id, sender_id="ada", content="x" * LENGTH)

        doc.group.together(send)
        assert len(doc.messages(thread_id)) == 51
        assert store.verify("a.chat") == []
    assert 5 * LENGTH <= max(sizes) < 10 * LENGTH


def test_what_was_sent_is_waited_for_until_the_connection_has_it(
    postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection takes as much as its buffers have room for, and the rest would pile up."""
    with open_store(postgres.create_database("taken")) as store:
        session = store.stored.pool.take()
        waited: list[int] = []
        make_room = Pipeline._make_room

        def room(pipeline: Pipeline) -> None:
            waited.append(1)
            make_room(pipeline)

        monkeypatch.setattr(Pipeline, "_make_room", room)
        answer = session.execute("SELECT length(?)", ("x" * 50_000_000,))
        session._pipeline.flush()
        assert waited
        assert session._pg.flush() == 0
        assert answer.fetchone() == (50_000_000,)
        store.stored.pool.give(session)
