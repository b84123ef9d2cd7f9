"""Model-based test: random units on two handles of one store do what they would do to plain lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from chatdoc.model.errors import CommandRefused, ReceiptExists
from chatdoc.store.ports import DocumentStore, UnitOfWork
from chatdoc.testing.acceptance.factory import StoreFactory
from chatdoc.testing.acceptance.samples import NOW, append, append_events, draft, lease, read_all, receipt

QUICK = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
"""Enough to find a coarse mistake in seconds."""

few = st.sampled_from("abcd")
"""Names of commands, streams, turns and owners; so few that they meet."""
handles = st.integers(0, 1)
Act = tuple[str, str, str]
acts = st.tuples(
    st.sampled_from(["update", "events", "receipt", "take", "take over", "release", "renew"]), few, few
)
units = st.tuples(
    st.lists(acts, max_size=5), st.sampled_from(["commit", "commit", "commit", "refuse", "break"])
)
Unit = tuple[list[Act], str]
ANSWERS = {"commit": str, "refuse": CommandRefused}


class Model:
    """What a store holds, as plain values; each act has the answer that a store must give."""

    def __init__(self) -> None:
        self.updates: list[str] = []
        self.titles: list[tuple[str, str, int]] = []
        self.receipts: dict[str, str] = {}
        self.leases: dict[str, tuple[str, int]] = {}

    def copy(self) -> Model:
        """The same once more."""
        copied = Model()
        copied.updates, copied.titles = list(self.updates), list(self.titles)
        copied.receipts, copied.leases = dict(self.receipts), dict(self.leases)
        return copied

    def act(self, act: Act) -> Any:
        """Do one act, and say what a unit of work answers."""
        kind, one, other = act
        if kind == "update":
            self.updates.append(one)
            return len(self.updates)
        if kind == "events":
            versions = []
            for stream in (one, other):
                version = sum(1 for _, there, _ in self.titles if there == stream)
                self.titles.append((one + other, stream, version))
                versions.append((len(self.titles), version))
            return versions
        if kind == "receipt":
            if one in self.receipts:
                return ReceiptExists
            self.receipts[one] = other
            return None
        if kind == "release":
            if self.leases.get(one, ("", 0))[0] == other:
                del self.leases[one]
            return None
        if kind == "renew":
            beat = NOW + len(self.updates)
            self.leases = {
                turn: (owner, max(at, beat) if owner == one else at)
                for turn, (owner, at) in self.leases.items()
            }
            return None
        free = self.leases.get(one, (other, 0))[0] in (other, "a" if kind == "take over" else other)
        if free:
            self.leases[one] = (other, NOW)
        return free


class StoreMachine(RuleBasedStateMachine):
    """Units, groups and reopenings on two handles; a suite sets `stores` in a subclass."""

    stores: StoreFactory
    shared = True

    def __init__(self) -> None:
        super().__init__()
        first = self.stores.make()
        self.handles = [first, self.stores.again(first) if self.shared else first]
        self.model = Model()
        self.start = first.updates.last_sequence()
        self.events_start = 0 if first.events is None else first.events.last_sequence()
        self.news = [False, False]

    @rule(number=handles, unit=units)
    def write(self, number: int, unit: Unit) -> None:
        """One unit, which may be refused or break at its end; then nothing of it is there."""
        after = self.model.copy()
        work = self._work(self.handles[number], after, unit)
        if unit[1] == "commit":
            self.handles[number].write(work)
            self._committed(number, after)
            return
        with pytest.raises((CommandRefused, KeyError)):
            self.handles[number].write(work)

    @rule(number=handles, group=st.lists(units, max_size=4))
    def write_each(self, number: int, group: list[Unit]) -> None:
        """A group; the refused ones are undone alone, one that breaks undoes all."""
        store, after = self.handles[number], self.model.copy()
        works = []
        for acts_of_unit, how in group:
            acted = after.copy()
            works.append(self._work(store, acted.copy(), (acts_of_unit, how)))
            if how == "commit":
                for act in self._possible(store, acts_of_unit):
                    acted.act(act)
                after = acted
        if any(how == "break" for _, how in group):
            with pytest.raises(KeyError):
                store.write_each(works)
            return
        answers = store.write_each(works)
        assert [type(answer) for answer in answers] == [ANSWERS[how] for _, how in group]
        self._committed(number, after)

    @rule(number=handles)
    def open_again(self, number: int) -> None:
        """A handle is closed and opened anew."""
        if self.shared:
            self.handles[number].close()
            self.handles[number] = self.stores.again(self.handles[number])
            self.news[number] = False

    @rule(number=handles)
    def ask_for_news(self, number: int) -> None:
        """Whoever did not hear of another's commit is told of it."""
        changed = self.handles[number].feed.changed()
        assert changed or not self.news[number], "the feed is silent about a commit of the other handle"
        self.news[number] = False

    @invariant()
    def both_handles_hold_what_the_model_holds(self) -> None:
        """Every part of the store, read through either handle."""
        for store in self.handles:
            self._compare(store)

    def teardown(self) -> None:
        """Nothing of what is stored is found wrong; then both handles are closed."""
        findings = [store.verify() for store in self.handles]
        for store in self.handles:
            store.close()
        assert findings == [[], []]

    def _committed(self, number: int, after: Model) -> None:
        wrote = after.__dict__ != self.model.__dict__
        self.model = after
        if self.shared and wrote:
            self.news[1 - number] = True

    def _work(self, store: DocumentStore, model: Model, unit: Unit) -> Callable[[UnitOfWork], str]:
        def work(open_unit: UnitOfWork) -> str:
            for act in self._possible(store, unit[0]):
                expected = model.act(act)
                found = self._act(store, open_unit, act)
                assert found == expected, f"{act}: expected {expected}, got {found}"
            if unit[1] == "refuse":
                raise CommandRefused("as it was drawn")
            if unit[1] == "break":
                raise KeyError("as it was drawn")
            return "done"

        return work

    def _possible(self, store: DocumentStore, wanted: list[Act]) -> list[Act]:
        return [act for act in wanted if act[0] != "events" or store.events is not None]

    def _act(self, store: DocumentStore, unit: UnitOfWork, act: Act) -> Any:
        kind, one, other = act
        if kind == "update":
            return append(unit, one) - self.start
        if kind == "events":
            given = append_events(unit, [draft(one + other, one), draft(one + other, other)])
            return [(event.sequence - self.events_start, event.stream_version) for event in given]
        if kind == "receipt":
            try:
                unit.put_receipt(receipt(one, error=other), recorded_at_ms=NOW)
            except ReceiptExists as error:
                return type(error)
        elif kind == "release":
            unit.release_lease(one, other)
        elif kind == "renew":
            beat = NOW + store.updates.last_sequence() - self.start
            unit.renew_leases(one, heartbeat_at_ms=beat)
        else:
            return unit.take_lease(lease(one, other), instead_of="a" if kind == "take over" else "")
        return None

    def _compare(self, store: DocumentStore) -> None:
        model = self.model
        assert [entry.origin for entry in store.updates.entries(self.start)] == model.updates
        found = {name: one.error for name in "abcd" if (one := store.receipts.get(name)) is not None}
        assert found == model.receipts
        leases = {one.message_id: (one.owner, one.heartbeat_at_ms) for one in store.leases.all()}
        assert leases == model.leases
        if store.events is not None:
            events = [
                (event.payload.title, event.stream_id, event.stream_version)  # type: ignore[union-attr]
                for event in read_all(store)
                if event.sequence > self.events_start
            ]
            assert events == model.titles


class MachineSuite:
    """Random units of work, compared with plain lists after each."""

    def test_random_units_do_what_they_would_do_to_plain_lists(self, stores: StoreFactory) -> None:
        """Committed, refused and broken ones, alone and in groups, on two handles that are opened again at times."""
        machine = type("Machine", (StoreMachine,), {"stores": stores, "shared": stores.is_shared})
        run_state_machine_as_test(machine, settings=QUICK)
