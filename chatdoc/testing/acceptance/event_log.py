"""Event log: events have gapless sequences, gapless versions in each stream, their causes and their document."""

from __future__ import annotations

import pytest

from chatdoc.model.clock import iso
from chatdoc.model.events.event import Draft, Event
from chatdoc.model.events.types import ProjectCreated
from chatdoc.store.ports import DocumentStore, EventLog
from chatdoc.testing.acceptance.factory import StoreFactory
from chatdoc.testing.acceptance.samples import NOW, append_events, draft, read_all, run_events


def events_of(store: DocumentStore) -> EventLog:
    """The event log of a store; the test is skipped where none is kept."""
    if store.events is None:
        pytest.skip("this store keeps no event log")
    return store.events


class EventLogSuite:
    """Promises of `DocumentStore.events` and `UnitOfWork.append_events`."""

    def test_sequences_have_no_gap(self, stores: StoreFactory) -> None:
        """Events of any unit and stream are numbered on, and come back as the unit returned them."""
        store = stores.make()
        log = events_of(store)
        start = log.last_sequence()
        given: list[Event] = []
        for count in (1, 0, 3, 250):
            drafts = [draft(str(number), f"stream {number % 3}") for number in range(count)]
            given += run_events(store, drafts)
        assert [event.sequence for event in given] == list(range(start + 1, start + 255))
        assert log.last_sequence() == start + 254
        assert log.read(start, limit=1000) == given
        assert log.read(start + 4, limit=2) == given[4:6]
        assert log.read(start + 254) == []
        assert read_all(store)[-254:] == given

    def test_versions_count_each_stream_from_zero(self, stores: StoreFactory) -> None:
        """A stream's versions go on without gaps, whatever other streams, and streams of another kind, do between."""
        store = stores.make()
        log = events_of(store)
        kinds = [
            ("thread", "a"),
            ("thread", "b"),
            ("project", "a"),
            ("thread", "a"),
            ("thread", "b"),
            ("thread", "a"),
        ]
        created = ProjectCreated(project_id="a", title="", workspace_root="", created_at=iso(NOW))
        drafts = [
            draft(str(number), stream) if kind == "thread" else Draft(created, stream, "project")
            for number, (kind, stream) in enumerate(kinds)
        ]
        first = run_events(store, drafts[:3])
        second = run_events(store, drafts[3:])
        assert [event.stream_version for event in first + second] == [0, 0, 0, 1, 1, 2]
        assert [event.stream_version for event in log.read_of("thread", "a")] == [0, 1, 2]
        assert log.read_of("thread", "a") == [first[0], second[0], second[2]]
        assert log.read_of("thread", "a", after=first[0].sequence, limit=1) == [second[0]]
        assert log.read_of("project", "a") == [first[2]]
        assert log.read_of("thread", "nobody") == []

    def test_events_know_document_command_and_cause(self, stores: StoreFactory) -> None:
        """Each event names its document, its command, when it was, and the event of its batch that caused it."""
        store = stores.make()
        log = events_of(store)
        document_id = store.registry.registration().document_id
        drafts = [draft("a"), draft("b", cause=0), draft("c", cause=1), draft("d", cause=0), draft("e")]
        given = store.write(lambda unit: append_events(unit, drafts, "command", origin="ada"))
        causes = [None, given[0].event_id, given[1].event_id, given[0].event_id, None]
        assert [event.causation_event_id for event in given] == causes
        assert len({event.event_id for event in given}) == len(given)
        for event, said in zip(log.read(given[0].sequence - 1), drafts, strict=True):
            assert event.document_id == document_id
            assert (event.command_id, event.correlation_id) == ("command", "command")
            assert (event.occurred_at, event.actor_kind) == (iso(NOW), "client")
            assert (event.payload, event.event_type) == (said.payload, said.event_type)
            assert event.metadata == {"origin": "ada"}

    def test_event_ids_are_never_used_twice(self, stores: StoreFactory) -> None:
        """Equal events of one millisecond, of one unit or several, have ids of their own."""
        store = stores.make()
        events_of(store)
        for _ in range(3):
            run_events(store, [draft("same"), draft("same"), draft("same", "other")])
        ids = [event.event_id for event in read_all(store)]
        assert len(set(ids)) == len(ids)

    def test_log_says_since_when_and_of_which_project(self, stores: StoreFactory) -> None:
        """Nothing is said before `begin_events`; then the moment, and the project once its first event is there."""
        store = stores.make()
        log = events_of(store)
        if log.began_at_ms() is None:
            store.write(lambda unit: unit.begin_events(at_ms=NOW))
            assert log.began_at_ms() == NOW
        if log.project_id() is None:
            run_events(store, [draft("no project")])
            assert log.project_id() is None
            created = ProjectCreated(project_id="p", title="", workspace_root="", created_at=iso(NOW))
            run_events(store, [Draft(created, "p", "project")])
        found = log.project_id()
        assert found is not None
        later = ProjectCreated(project_id="q", title="", workspace_root="", created_at=iso(NOW))
        run_events(store, [Draft(later, "q", "project")])
        assert log.project_id() == found

    @pytest.mark.parametrize("count", [3, 2500])
    def test_log_begins_with_events_like_all_others(self, stores: StoreFactory, count: int) -> None:
        """Few or very many, they are told as appended ones are, by the store; what comes later goes on from them."""
        store = stores.make()
        log = events_of(store)
        before = log.last_sequence()
        drafts = [draft(str(number), f"begun {number % 7}") for number in range(count)]
        store.write(lambda unit: unit.begin_events(iter(drafts), at_ms=NOW))
        found = log.read(before, limit=count + 1)
        assert [event.sequence for event in found] == list(range(before + 1, before + count + 1))
        assert [event.payload for event in found] == [one.payload for one in drafts]
        assert [event.stream_version for event in found] == [number // 7 for number in range(count)]
        assert {event.actor_kind for event in found} == {"server"}
        assert all(event.metadata == {"origin": "store"} and event.command_id is None for event in found)
        assert {event.occurred_at for event in found} == {iso(NOW)}
        assert log.began_at_ms() is not None
        (later,) = run_events(store, [draft("later", "begun 0")])
        assert log.read_of("thread", "begun 0", limit=count) == [*found[::7], later]
        assert (later.sequence, later.stream_version) == (before + count + 1, len(found[::7]))

    def test_whole_log_can_be_replayed_until_it_is_compacted(self, stores: StoreFactory) -> None:
        """Where nothing was folded away, nothing is refused."""
        store = stores.make()
        log = events_of(store)
        run_events(store, [draft("a")])
        assert log.compacted_through() == 0
        log.require_whole(0)
        log.require_whole(0, ("thread", draft("a").stream_id))
