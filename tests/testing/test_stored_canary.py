"""The fuzzer of stored documents must be able to fail: each defect planted here is caught."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import msgspec
import pytest

from chatdoc.agents.turns import Turns
from chatdoc.engine import begin_event_log
from chatdoc.engine.event_recorder import EventRecorder
from chatdoc.model.commands import decide as deciding
from chatdoc.model.commands.turn_stream import AppendPiece
from chatdoc.model.events.event import Unknown
from chatdoc.model.facts import SettingFact
from chatdoc.store.projections.revert import Table
from chatdoc.store.sql import event_buffer
from chatdoc.store.sql.unit_of_work import SqlUnitOfWork
from chatdoc.store.sqlite.database import Database
from chatdoc.store.sqlite.store_finder import StoreFinder
from chatdoc.testing import stored
from chatdoc.testing.stored import fuzz_stored
from invariants.checker import Checker

Plant = Callable[[pytest.MonkeyPatch], None]


def an_event_is_not_folded(patch: pytest.MonkeyPatch) -> None:
    """Of several events the last one leaves no row, though the state says so."""
    fold = event_buffer.fold

    def lazy(execute: Any, events: Sequence[Any], *given: Any) -> None:
        last = msgspec.structs.replace(events[-1], payload=Unknown(fields={}))
        fold(execute, [*events[:-1], last] if len(events) > 1 else events, *given)

    patch.setattr(event_buffer, "fold", lazy)


def a_projector_does_not_move(patch: pytest.MonkeyPatch) -> None:
    """The rows of one projector are written, and its state stays behind."""
    fold = event_buffer.fold

    def lagging(execute: Any, events: Sequence[Any], *given: Any) -> None:
        fold(execute, events, *given)
        execute(
            "UPDATE projection_state SET last_applied_sequence = last_applied_sequence - 1"
            " WHERE projector = 'projection.threads'"
        )

    patch.setattr(event_buffer, "fold", lagging)


def versions_have_gaps(patch: pytest.MonkeyPatch) -> None:
    """A stream that another process has written goes on one version too far."""
    newest = SqlUnitOfWork._newest

    def beyond(self: SqlUnitOfWork, kind: str, stream_id: str) -> tuple[int, bytes]:
        version, digest = newest(self, kind, stream_id)
        return version + (version > 0), digest

    patch.setattr(SqlUnitOfWork, "_newest", beyond)


def receipts_are_lost(patch: pytest.MonkeyPatch) -> None:
    """Every third receipt is not written."""
    put, numbers = SqlUnitOfWork.put_receipt, count()

    def lossy(*given: Any, **named: Any) -> None:
        if next(numbers) % 3:
            put(*given, **named)

    patch.setattr(SqlUnitOfWork, "put_receipt", lossy)


def commits_are_lost(patch: pytest.MonkeyPatch) -> None:
    """Every twentieth transaction is acknowledged and rolled back."""
    transact, numbers = Database._transact, count(1)

    def forgetful(self: Database, begin: str, work: Callable[[], Any], doing: str) -> Any:
        def forget() -> Any:
            answer = work()
            if begin == "BEGIN IMMEDIATE" and not next(numbers) % 20:
                self.connection().execute("ROLLBACK")
                self.connection().execute("BEGIN")
            return answer

        return transact(self, begin, forget, doing)

    patch.setattr(Database, "_transact", forgetful)


def peers_are_not_told_of(patch: pytest.MonkeyPatch) -> None:
    """What comes from a peer changes the document, and the log says nothing."""
    derive = EventRecorder.derive

    def deaf(self: EventRecorder, view: Any, delta: Any, *given: Any) -> Any:
        return [] if delta.origin.startswith("replica") else derive(self, view, delta, *given)

    patch.setattr(EventRecorder, "derive", deaf)


def a_revert_destroys(patch: pytest.MonkeyPatch) -> None:
    """What a revert hides is gone."""
    hide = Table.hide

    def destroy(self: Table, execute: Any, rows: Any, sequence: int) -> None:
        hide(self, execute, rows, sequence)
        execute("DELETE FROM reverted_rows")

    patch.setattr(Table, "hide", destroy)


def a_turn_writes_a_config(patch: pytest.MonkeyPatch) -> None:
    """A piece of an answer names the thread, and the rule against it looks away."""
    decide = deciding._DECISIONS[AppendPiece]

    def meddle(command: AppendPiece, view: Any, now: Any) -> Any:
        plan = decide(command, view, now)
        name = SettingFact(
            thread_id=command.thread_id, field="name", stamp=now.ids.mint(), value="Mine", by="codex"
        )
        return msgspec.structs.replace(plan, facts=(*plan.facts, name))

    patch.setitem(deciding._DECISIONS, AppendPiece, meddle)
    patch.setattr(Checker, "preview", lambda self, delta: ())


def dead_owners_are_believed(patch: pytest.MonkeyPatch) -> None:
    """Nobody is found dead when a file is opened, so turns run on without anybody."""
    patch.setattr(Turns, "recover_turns", lambda self, reason: ())


def copies_take_the_store_over(patch: pytest.MonkeyPatch) -> None:
    """A file that says which document it is gets the store of it, though that one's file is there."""
    patch.setattr(StoreFinder, "_has_left", lambda self, found: True)
    patch.setitem(stored.DEEDS, "save", 40)


def events_of_a_copy_are_not_told(patch: pytest.MonkeyPatch) -> None:
    """The log of a copy begins with nothing of what the copy says already."""
    patch.setattr(begin_event_log, "begin", lambda view, **_: iter(()))
    patch.setitem(stored.DEEDS, "save", 40)


PLANTS: tuple[Plant, ...] = (
    copies_take_the_store_over,
    events_of_a_copy_are_not_told,
    an_event_is_not_folded,
    a_projector_does_not_move,
    versions_have_gaps,
    receipts_are_lost,
    commits_are_lost,
    peers_are_not_told_of,
    a_revert_destroys,
    a_turn_writes_a_config,
    dead_owners_are_believed,
)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_defect_of_the_store_is_caught(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of a few short runs fails, and says at which step."""
    plant(monkeypatch)
    reports = (fuzz_stored(steps=100, seed=seed) for seed in range(4))
    problem = next((report.problems[0] for report in reports if report.problems), "")
    assert problem.startswith("step ")
