"""Feed: whoever waits is woken by any commit, and whoever asks is told of what others committed, once."""

from __future__ import annotations

import msgspec
import pytest

from chatdoc.model.errors import DocumentFailed
from chatdoc.testing.acceptance.factory import StoreFactory
from chatdoc.testing.acceptance.running import PATIENCE_S, Running
from chatdoc.testing.acceptance.samples import NOW, append

SETTLED_S = 0.2
"""After so long a thread that was told to wait does so."""
SOON_S = 5.0
"""So long a commit may take to be heard of, on a busy machine."""


class FeedSuite:
    """Promises of `DocumentStore.feed`."""

    def test_own_commits_are_no_news(self, stores: StoreFactory) -> None:
        """Nothing has changed after opening, nor after writing through the same object."""
        store = stores.make()
        assert not store.feed.changed()
        store.write(lambda unit: append(unit, "mine"))
        assert not store.feed.changed()

    def test_commits_of_others_are_news_once(self, stores: StoreFactory) -> None:
        """Also when this store read, or wrote, between the other's commit and the question."""
        store = stores.make()
        other = stores.again(store)
        assert not other.feed.changed()
        other.write(lambda unit: append(unit, "theirs"))
        assert store.feed.changed()
        assert not store.feed.changed()
        other.write(lambda unit: append(unit, "more"))
        assert store.updates.last_sequence() == other.updates.last_sequence()
        assert store.feed.changed()
        other.write(lambda unit: append(unit, "and more"))
        store.write(lambda unit: append(unit, "mine"))
        assert store.feed.changed()
        assert other.feed.changed()
        assert not store.feed.changed()

    def test_waiting_ends_without_a_commit(self, stores: StoreFactory) -> None:
        """It may end early now and then, but not each time."""
        feed = stores.make().feed
        waiting = Running(lambda: [feed.wait(0.05) for _ in range(5)])
        assert not all(waiting.answer())

    def test_commit_through_the_same_object_wakes_who_waits(self, stores: StoreFactory) -> None:
        """A thread that waits hears of what another thread of this process wrote."""
        store = stores.make()
        waiting = Running(lambda: store.feed.wait(PATIENCE_S))
        waiting.is_done_within(SETTLED_S)
        store.write(lambda unit: append(unit, "mine"))
        assert waiting.is_done_within(SOON_S), "nobody was woken"
        assert waiting.answer()

    def test_commit_of_another_wakes_who_waits(self, stores: StoreFactory) -> None:
        """Several threads wait on one feed, and all are woken."""
        store = stores.make()
        other = stores.again(store)
        waiting = [Running(lambda: store.feed.wait(PATIENCE_S)) for _ in range(3)]
        waiting[-1].is_done_within(SETTLED_S)
        other.write(lambda unit: append(unit, "theirs"))
        for one in waiting:
            assert one.is_done_within(SOON_S), "nobody was woken"
            assert one.answer()

    def test_waiting_holds_up_nobody(self, stores: StoreFactory) -> None:
        """While a thread waits, others read and write through the same object."""
        store = stores.make()
        waiting = Running(lambda: store.feed.wait(PATIENCE_S))
        waiting.is_done_within(SETTLED_S)
        assert Running(lambda: store.updates.last_sequence()).is_done_within(SOON_S)
        assert Running(lambda: store.write(lambda unit: append(unit, "mine"))).is_done_within(SOON_S)
        assert waiting.answer()

    def test_closing_ends_the_waiting(self, stores: StoreFactory) -> None:
        """Who waits is let go, with nothing to read."""
        store = stores.make()
        waiting = Running(lambda: store.feed.wait(PATIENCE_S))
        waiting.is_done_within(SETTLED_S)
        store.close()
        assert waiting.is_done_within(SOON_S), "a thread waits for a store that is closed"
        assert not waiting.answer()

    def test_retired_document_is_told_of(self, stores: StoreFactory) -> None:
        """Who has it open learns at the next question that nothing is written to it any more."""
        store = stores.make()
        other = stores.again(store)
        gone = msgspec.structs.replace(other.registry.registration(), retired_at_ms=NOW)
        other.write(lambda unit: unit.put_registration(gone))
        with pytest.raises(DocumentFailed):
            store.feed.changed()
