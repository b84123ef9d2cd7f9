"""What the suites write: a receipt, a lease, events and one unit of work with all of them, each from a name alone."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chatdoc.model.clock import iso
from chatdoc.model.events.event import Draft, Event
from chatdoc.model.events.types import ThreadMetaUpdated
from chatdoc.store.ports import DocumentStore, Lease, Marker, Phase, Receipt, Rows, UnitOfWork
from chatdoc.store.process_identity import Process

NOW = 1_700_000_000_000
THREAD = "01HF7YAT0000000000THREAD01"
PROCESS = Process(machine="machine", boot="boot", space="space", pid=4711, started="12345")


def receipt(command_id: str = "command", *, error: str | None = None) -> Receipt:
    """The answer to a command."""
    return Receipt(
        command_id=command_id,
        command_digest="d" * 64,
        status="accepted" if error is None else "rejected",
        result=b'{"answer":"%s"}' % command_id.encode(),
        error=error,
        aggregate_kind="thread",
        aggregate_id=THREAD,
    )


def lease(message_id: str = "turn", owner: str = "ada", *, at_ms: int = NOW) -> Lease:
    """A turn that somebody runs."""
    return Lease(
        message_id=message_id,
        thread_id=THREAD,
        owner=owner,
        process=PROCESS,
        taken_at_ms=at_ms,
        heartbeat_at_ms=at_ms,
    )


def marker(source: str = "source", phase: Phase = "committed", *, steps: str = "steps") -> Marker:
    """How far a migration went."""
    return Marker(
        source_digest=source, steps_digest=steps, phase=phase, backup=f"{source}.backup", report=b'{"rows":3}'
    )


def rows(sequence: int, *, lines: int = 3) -> Rows:
    """A row snapshot of numbered lines."""
    headers = b"".join(b'{"message_id":"%026d"}\n' % number for number in range(lines))
    return Rows(sequence=sequence, known={2**53 - 1: 7, 12: 0}, headers=headers, others=b'thread {"a":1}')


def draft(title: str, stream: str = THREAD, *, cause: int = -1) -> Draft:
    """A setting of a thread that changed."""
    return Draft(
        ThreadMetaUpdated(thread_id=stream, title=title, updated_at=iso(NOW)), stream, "thread", None, cause
    )


def append(unit: UnitOfWork, name: str) -> int:
    """Append an update that says its name; returns its sequence."""
    return unit.append_update(f"update {name}".encode(), name, recorded_at_ms=NOW)


def append_events(
    unit: UnitOfWork, drafts: Sequence[Draft], command_id: str | None = None, origin: str = "local"
) -> list[Event]:
    """Append events at the one moment that the suites know."""
    return unit.append_events(drafts, at_ms=NOW, command_id=command_id, origin=origin)


def do_command(store: DocumentStore, unit: UnitOfWork, name: str) -> int:
    """Write all that a command writes: update, events where they are kept, and receipt; returns the update's place."""
    sequence = append(unit, name)
    last = None
    if store.events is not None:
        last = append_events(unit, [draft(f"{name} 1"), draft(f"{name} 2", cause=0)], name)[-1].sequence
    unit.put_receipt(receipt(name), recorded_at_ms=NOW, update_sequence=sequence, result_sequence=last)
    return sequence


def run_command(store: DocumentStore, name: str) -> int:
    """Do a command as a unit of its own; returns the update's place."""
    return store.write(lambda unit: do_command(store, unit, name))


def run_update(store: DocumentStore, name: str, *, times: int = 1) -> list[int]:
    """Append an update, or several of one name, as a unit of its own; returns their places."""
    return store.write(lambda unit: [append(unit, name) for _ in range(times)])


def run_events(store: DocumentStore, drafts: Sequence[Draft]) -> list[Event]:
    """Append events as a unit of its own."""
    return store.write(lambda unit: append_events(unit, drafts))


def run_receipt(store: DocumentStore, wanted: Receipt) -> None:
    """Keep a receipt as a unit of its own."""
    store.write(lambda unit: unit.put_receipt(wanted, recorded_at_ms=NOW))


def run_marker(store: DocumentStore, wanted: Marker, *, at_ms: int = NOW) -> None:
    """Note how far a migration went as a unit of its own."""
    store.write(lambda unit: unit.put_marker(wanted, recorded_at_ms=at_ms))


def written(store: DocumentStore, after: int = 0) -> list[str]:
    """The names of the updates beyond a sequence, which must be numbered without gaps and hold what was appended."""
    names = []
    for place, entry in enumerate(store.updates.entries(after), after + 1):
        assert entry.sequence == place, f"expected entry {place} next, got {entry.sequence}"
        assert entry.update == f"update {entry.origin}".encode(), f"entry {place} holds other bytes"
        names.append(entry.origin)
    assert store.updates.last_sequence() == after + len(names), "last_sequence is not the last entry's"
    return names


def assert_whole(store: DocumentStore, names: Sequence[str], after: tuple[int, int] = (0, 0)) -> None:
    """Each command of these is there with update, both events and receipt, or with none of them.

    Updates and events are looked for beyond the places `after`.
    """
    updates = [entry.origin for entry in store.updates.entries(after[0])]
    said = [] if store.events is None else [event.command_id for event in read_all(store, after[1])]
    for name in names:
        there = updates.count(name)
        assert there in (0, 1), f"the update of {name} is there {there} times"
        assert (store.receipts.get(name) is not None) == bool(there), (
            f"update and receipt of {name} are apart"
        )
        if store.events is not None:
            assert said.count(name) == 2 * there, (
                f"{name} has {there} updates and {said.count(name)} of 2 events"
            )


def ends(store: DocumentStore) -> tuple[int, int]:
    """The places of the last update and the last event."""
    return store.updates.last_sequence(), 0 if store.events is None else store.events.last_sequence()


def read_all(store: DocumentStore, after: int = 0) -> list[Event]:
    """Every event beyond a sequence, page by page."""
    assert store.events is not None
    found: list[Event] = []
    while page := store.events.read(found[-1].sequence if found else after):
        found += page
    return found


def renamed(found: Receipt) -> Receipt:
    """Another answer to the same command."""
    return msgspec.structs.replace(found, result=b'{"answer":"another"}')
