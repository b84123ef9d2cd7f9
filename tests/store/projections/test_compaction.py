"""A log that was compacted, however often, folds to the same rows as one that never was."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatdoc.model.errors import LogCompacted, StoreDamaged
from chatdoc.model.events.types import MessageEdited, Payload, Reverted, RevertUndone
from chatdoc.store.projections import compaction_baseline
from chatdoc.store.projections.compact_events import survey
from chatdoc.store.projections.fold import PROJECTORS
from tests.examples import examples
from tests.store.projections.histories import histories
from tests.store.projections.ledger import Ledger
from tests.store.projections.world import message, moment, project, thread, whole_turn


@given(batches=histories(), data=st.data())
@settings(max_examples=examples(40), deadline=None)
def test_compacted_log_folds_to_the_rows_of_one_that_never_was(
    batches: list[list[Payload]], data: st.DataObject
) -> None:
    """Compacted between any commands, with projectors lost or behind: the same rows, and the same from a rebuild."""
    plain, compacted = Ledger(), Ledger()
    for batch in batches:
        plain.happen(*batch)
        compacted.happen(*batch)
        if data.draw(st.integers(0, 3)) == 0:
            compacted.compact()
        if data.draw(st.integers(0, 5)) == 0:
            compacted.forget(data.draw(st.sampled_from(PROJECTORS)).name)
        elif data.draw(st.integers(0, 5)) == 0:
            lost = data.draw(st.sampled_from(PROJECTORS))
            compacted.lag(lost.name, lost.tables)
    last = message("m9", thread_id="t", at=50)
    plain.happen(last)
    compacted.happen(last)
    expected = plain.tables()
    assert compacted.tables() == expected
    assert compacted.rebuilt() == expected
    assert plain.rebuilt() == expected


def test_newest_event_of_each_stream_stays() -> None:
    """Versions go on, the project is known, ids are new, and every other event is gone."""
    ledger = Ledger()
    ledger.happen(
        project(), thread("t"), thread("s"), message("a"), message("b"), message("c", thread_id="s")
    )
    before = ledger.log.read()
    found = ledger.compact()
    assert (found.events_before, found.events_after, found.events_removed) == (6, 3, 3)
    assert ledger.execute("SELECT sequence FROM orchestration_events ORDER BY 1").fetchall() == [
        (1,),
        (5,),
        (6,),
    ]
    assert ledger.log.project_id() == "p"
    assert ledger.happen(message("d")) == 7
    (event,) = ledger.log.read(6)
    assert (event.stream_version, event.sequence) == (3, 7)
    assert event.event_id not in {one.event_id for one in before}


def test_what_is_gone_is_never_passed_over_in_silence() -> None:
    """Whoever would miss an event is told from where to go on; who would miss none goes on."""
    ledger = Ledger()
    ledger.happen(project(), thread("t"), thread("s"), message("a"), message("b"))
    ledger.compact()
    ledger.happen(message("c"))
    for after in range(5):
        with pytest.raises(LogCompacted, match=r"the first that can be replayed is 6 \(from sequence 5"):
            ledger.log.read(after)
        with pytest.raises(LogCompacted):
            ledger.log.require_whole(after)
    assert [one.sequence for one in ledger.log.read(5)] == [6]
    with pytest.raises(LogCompacted, match="of thread t up to 5"):
        ledger.log.read_of("thread", "t", 4)
    assert ledger.log.read_of("thread", "s", 3) == []
    assert [one.sequence for one in ledger.log.read_of("thread", "t", 5)] == [6]


def test_second_compaction_takes_what_the_first_one_kept() -> None:
    """Its baseline replaces the first one's."""
    ledger = Ledger()
    ledger.happen(project(), thread(), *whole_turn(1))
    first = ledger.compact()
    ledger.happen(
        *whole_turn(2), MessageEdited(thread_id="t", message_id="u1", text="new", updated_at=moment(9))
    )
    rows = ledger.tables()
    second = ledger.compact()
    assert first.through_sequence < second.through_sequence
    assert second.events_after == 2
    assert ledger.tables() == rows == ledger.rebuilt()
    numbers = ledger.execute("SELECT through_sequence, events_removed FROM log_compactions ORDER BY number")
    assert numbers.fetchall() == [
        (first.through_sequence, first.events_removed),
        (second.through_sequence, second.events_removed),
    ]


def test_nothing_to_remove_writes_nothing() -> None:
    """A second compaction in a row leaves no trace, and says that nothing went."""
    ledger = Ledger()
    ledger.happen(project(), thread())
    assert ledger.compact().events_removed == 0
    ledger.happen(message("a"))
    assert ledger.compact().events_removed == 1
    before = list(ledger.connection.iterdump())
    again = ledger.compact()
    assert again.events_removed == 0
    assert again.bytes_before == again.bytes_after
    assert list(ledger.connection.iterdump()) == before


def test_dry_run_tells_what_the_compaction_does() -> None:
    """The same numbers, and nothing is written."""
    ledger = Ledger()
    ledger.happen(project(), thread(), *whole_turn(1), *whole_turn(2))
    before = list(ledger.connection.iterdump())
    said = survey(ledger.execute)
    assert list(ledger.connection.iterdump()) == before
    done = ledger.compact()
    assert said.dry_run
    assert not done.dry_run
    assert said.bytes_after < said.bytes_before
    for name in ("through_sequence", "events_before", "events_after", "bytes_before", "bytes_after"):
        assert getattr(said, name) == getattr(done, name)


def test_revert_before_a_compaction_is_undone_after_it() -> None:
    """What it hides is in the baseline, with the event it goes by."""
    ledger = Ledger()
    ledger.happen(project(), thread(), *whole_turn(1), *whole_turn(2))
    shown = ledger.tables()
    sequence = ledger.happen(Reverted(thread_id="t", turn_count=1))
    ledger.compact()
    assert ledger.rebuilt() == ledger.tables()
    ledger.happen(RevertUndone(thread_id="t", revert_sequence=sequence))
    for table in ("projection_thread_messages", "projection_thread_turns", "projection_checkpoints"):
        assert ledger.tables()[table] == shown[table]
    assert ledger.rebuilt() == ledger.tables()


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        ("UPDATE baseline_pieces SET row_lines = substr(row_lines, 3)", "header"),
        ("DELETE FROM baseline_pieces WHERE number = 0", "first line is missing"),
        ("DELETE FROM baseline_pieces WHERE number = 1", "rows were kept"),
    ],
)
def test_damaged_baseline_is_never_folded(damage: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebuild says which piece it is; the rows that are there stay."""
    monkeypatch.setattr(compaction_baseline, "PIECE_LENGTH", 100)
    ledger = Ledger()
    ledger.happen(project(), thread(), *whole_turn(1), *whole_turn(2))
    ledger.compact()
    ledger.execute(damage)
    with pytest.raises(StoreDamaged, match=f"of the baseline of .* {why}"):
        ledger.rebuilt()
