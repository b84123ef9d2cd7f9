"""Rows and state move together, nothing is applied twice, and a fold from zero gives the same tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatdoc.model.errors import StoreError
from chatdoc.model.events.event import Event, Unknown
from chatdoc.model.events.types import Payload, Reverted
from chatdoc.store.projections.fold import (
    PAGE_EVENTS,
    PROJECTORS,
    catch_up,
    catch_up_page,
    drop,
    fold,
    rebuild,
)
from tests.examples import examples
from tests.store.projections.histories import histories
from tests.store.projections.world import (
    World,
    answer,
    checkpoint,
    empty_store,
    event,
    message,
    project,
    session,
    thread,
    whole_turn,
)

NAMES = (
    "projection.projects",
    "projection.thread-messages",
    "projection.thread-activities",
    "projection.thread-sessions",
    "projection.thread-turns",
    "projection.checkpoints",
    "projection.pending-approvals",
    "projection.threads",
)


def test_projectors_keep_their_names_and_order() -> None:
    """The names stand in every store, and one event passes through the projectors in this order."""
    assert tuple(projector.name for projector in PROJECTORS) == NAMES


def test_bootstraps_all_projection_states_and_writes_rows() -> None:
    """Every projector reaches the last event, whether or not the event meant anything to it."""
    world = World(project(), thread(), *whole_turn(1))
    assert world.states() == dict.fromkeys(NAMES, len(world.events))
    assert world.rows("SELECT text FROM projection_thread_messages ORDER BY message_id") == [
        "done 1",
        "ask 1",
    ]


def test_plain_message_costs_four_statements() -> None:
    """One question, its row, the thread's moment and one statement for all eight states."""
    world = World(project(), thread())
    seen: list[str] = []
    world.connection.set_trace_callback(seen.append)
    world.happen(message("m1"))
    world.connection.set_trace_callback(None)
    assert len(seen) - len(["BEGIN", "COMMIT"]) == 4


def test_event_nobody_knows_only_advances_the_state() -> None:
    """A type of a newer program leaves no rows and does not hold up what comes after it."""
    world = World(project(), thread())
    before = world.tables()
    world.happen(Unknown(fields={"x": 1}))
    after = world.tables()
    assert world.states() == dict.fromkeys(NAMES, 3)
    assert {**after, "projection_state": []} == {**before, "projection_state": []}


def test_resumes_from_last_applied_sequence_without_replaying_older_events() -> None:
    """A fold that starts behind the state leaves what was applied alone; appended text would show it."""
    world = World(project(), thread(), answer("a", "one "), answer("a", "two"))
    world.execute("BEGIN")
    fold(world.execute, world.events[2:], world.read)
    catch_up(world.execute, world.read)
    world.execute("COMMIT")
    assert world.rows("SELECT text FROM projection_thread_messages") == ["one two"]


@pytest.mark.parametrize("lagging", NAMES)
def test_projector_that_lags_catches_up_alone(lagging: str) -> None:
    """Rows and state of one projector go back; the next fold brings them to the others, which replay nothing."""
    world = World(project(), thread(), *whole_turn(1), answer("a2", "half "), session(turn="a2", at=90))
    projector = PROJECTORS[NAMES.index(lagging)]
    for table in projector.tables:
        world.execute(f"DELETE FROM {table}")
    world.execute("UPDATE projection_state SET last_applied_sequence = 0 WHERE projector = ?", (lagging,))
    world.happen(answer("a2", "whole"))
    assert world.tables() == world.rebuilt()
    assert set(world.states().values()) == {len(world.events)}


def test_missing_state_begins_anew_without_its_old_rows() -> None:
    """A projector whose state row is gone cannot know what its rows hold, so it fills them again."""
    world = World(project(), thread(), answer("a", "once "))
    world.execute("DELETE FROM projection_state WHERE projector = 'projection.thread-messages'")
    world.happen(answer("a", "more"))
    assert world.rows("SELECT text FROM projection_thread_messages") == ["once more"]
    assert world.tables() == world.rebuilt()


@pytest.mark.parametrize("lagging", ["projection.thread-messages", "projection.threads"])
def test_lagging_behind_a_revert_folds_everything_anew(lagging: str) -> None:
    """A revert reads what other projectors knew at its moment; when these are ahead, all begin at zero."""
    world = World(project(), thread(), *whole_turn(1), *whole_turn(2))
    world.happen(Reverted(thread_id="t", turn_count=1))
    world.happen(checkpoint("other", 1))
    expected = world.rebuilt()
    projector = PROJECTORS[NAMES.index(lagging)]
    for table in projector.tables:
        world.execute(f"DELETE FROM {table}")
        world.execute("DELETE FROM reverted_rows WHERE table_name = ?", (table,))
    world.execute("UPDATE projection_state SET last_applied_sequence = 0 WHERE projector = ?", (lagging,))
    catch_up(world.execute, world.read)
    assert world.tables() == expected


def test_catch_up_has_no_limit() -> None:
    """More events than a page holds are folded in one call, each once and in order."""
    world = World(project(), thread())
    count = 2 * PAGE_EVENTS + 7
    world.append(*(answer("a", f"{number} ") for number in range(count)))
    world.execute("BEGIN")
    assert catch_up(world.execute, world.read) == count + 2
    world.execute("COMMIT")
    text = world.rows("SELECT text FROM projection_thread_messages")[0]
    assert text == "".join(f"{number} " for number in range(count))


def test_gap_of_more_than_a_thousand_events_closes_with_the_next_fold() -> None:
    """Events that nobody folded when they came are folded with the next one, in its transaction."""
    world = World(project(), thread())
    world.append(*(message(f"m{number}") for number in range(1500)))
    world.happen(message("last"))
    assert world.rows("SELECT count(*) FROM projection_thread_messages") == [1501]
    assert world.tables() == world.rebuilt()


def test_handler_that_fails_leaves_neither_rows_nor_state() -> None:
    """The state has not moved when a projector fails in the middle of a batch, and the retry succeeds."""
    world = World(project(), thread())
    before = world.tables()
    batch = [message("m1"), message("m2", role="machine")]  # type: ignore[arg-type]
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        world.happen(*batch)
    assert world.tables() == before
    world.happen(message("m1"), message("m2"))
    assert world.tables() == world.rebuilt()


def test_folding_what_is_not_in_the_log_is_refused() -> None:
    """A caller that folds before it appends hears of it, instead of losing the events."""
    world = World(project())
    with pytest.raises(StoreError, match="ends at event 1, and event 5 was to be folded"):
        fold(world.execute, [event(5, thread())], world.read)


def test_rebuild_that_is_cut_short_goes_on_where_it_was() -> None:
    """Pages folded in transactions of their own stay; a later catch-up does the rest and nothing twice."""
    world = World(project(), thread())
    world.happen(*(answer("a", f"{number} ") for number in range(PAGE_EVENTS + 100)))
    expected = world.tables()
    drop(world.execute)
    assert catch_up_page(world.execute, world.read) == (PAGE_EVENTS, True)
    assert set(world.states().values()) == {PAGE_EVENTS}
    catch_up(world.execute, world.read)
    assert world.tables() == expected


def test_rebuild_removes_rows_that_no_event_explains() -> None:
    """What was written past the log is gone after a rebuild."""
    world = World(project(), thread(), message("m1"))
    expected = world.tables()
    world.execute("UPDATE projection_thread_messages SET text = 'forged'")
    world.execute("INSERT INTO pending_turn_starts VALUES ('t', 'nobody', '', 1)")
    rebuild(world.execute, world.read)
    assert world.tables() == expected


@settings(max_examples=examples(60), deadline=None)
@given(histories())
def test_rebuild_equals_incremental(batches: Sequence[Sequence[Payload]]) -> None:
    """Whatever happened and however it was batched, folding from zero gives the same rows."""
    world = World()
    for batch in batches:
        world.happen(*batch)
    assert world.rebuilt() == world.tables()
    single = World()
    for one in world.events:
        single.happen(one.payload)
    assert single.tables() == world.tables()


@settings(max_examples=examples(40), deadline=None)
@given(histories(), st.data())
def test_catch_up_from_any_state_gives_the_same_rows(
    batches: Sequence[Sequence[Payload]], data: st.DataObject
) -> None:
    """Each projector stands where it came to at some earlier moment; afterwards all stand at the end."""
    world = World()
    for batch in batches:
        world.append(*batch)
    events = world.events
    stops = [data.draw(st.integers(0, len(events)), label=projector.name) for projector in PROJECTORS]
    mixed = empty_store()
    for place, projector in enumerate(PROJECTORS):
        copy_rows(mixed, projector.tables, events[: stops[place]])
        mixed.execute(
            "UPDATE projection_state SET last_applied_sequence = ? WHERE projector = ?",
            (stops[place], projector.name),
        )
    catch_up(mixed.execute, world.read)
    world.connection = mixed
    assert {name: rows for name, rows in world.tables().items() if name != "projection_state"} == {
        name: rows for name, rows in world.rebuilt().items() if name != "projection_state"
    }
    mixed.close()


def copy_rows(into: sqlite3.Connection, tables: Sequence[str], events: Sequence[Event]) -> None:
    """Give one projector's tables the rows they have after these events."""
    other = empty_store()
    rebuild(other.execute, lambda after, limit: events[after : after + limit])
    for table in tables:
        for row in other.execute(f"SELECT * FROM {table}").fetchall():
            into.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        hidden = "SELECT * FROM reverted_rows WHERE table_name = ?"
        for row in other.execute(hidden, (table,)).fetchall():
            into.execute("INSERT INTO reverted_rows VALUES (?, ?, ?, ?, ?)", row)
    other.close()
