"""Read model: what is folded from a document's events, asked and folded anew by name and value, never by SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeVar

import msgspec

from chatdoc.model.commands.log_state import LogState
from chatdoc.model.events.event import Event
from chatdoc.store.projections import fold, queries, replay, snapshot
from chatdoc.store.projections.compact_events import CompactedLog, compact_log, survey
from chatdoc.store.projections.log_state import FoldedLogState
from chatdoc.store.projections.progress import ProjectorStatus, digests, progress
from chatdoc.store.projections.projector import Execute, ExecuteMany, ReadEvents
from chatdoc.store.projections.replay import Replay, ReplayTurn, TurnParts
from chatdoc.store.projections.row_types import (
    Approval,
    PlacedMessage,
    Session,
    ThreadRow,
    Turn,
    TurnCounts,
)
from chatdoc.store.projections.snapshot import Snapshot
from chatdoc.store.tables import Tables

OnPage = Callable[[int, int], None]
"""Hears of a rebuild after each page: how many events are folded, and the sequence of the last one."""
_Found = TypeVar("_Found")
_DOING = "read what is folded from its events"


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What a rebuild did; a table that changed did not show what the log says, and does now."""

    events: int
    last_sequence: int
    tables: dict[str, Literal["equal", "changed"]]


class ReadModel:
    """The folded rows of one document; usable from any thread. Each method raises StoreError and StoreDamaged.

    Within a transaction each method sees what that has written; `rebuild` and `compact` are transactions of their own.
    """

    def __init__(self, tables: Tables, read_events: ReadEvents) -> None:
        self._tables, self._read_events = tables, read_events

    def snapshot(self) -> Snapshot:
        """Everything that is shown, as of one event: events beyond its `snapshot_sequence` go on from it."""
        return self._at_one_moment(snapshot.snapshot)

    def message(self, message_id: str) -> PlacedMessage | None:
        """One message, or None."""
        return self._ask(lambda execute: queries.message(execute, message_id))

    def messages(
        self, thread_id: str, limit: int | None = None, before: str | None = None
    ) -> list[PlacedMessage]:
        """The last messages of a thread, or the last ones before one of them, by date and id."""
        return self._ask(lambda execute: queries.messages(execute, thread_id, limit, before))

    def threads(self) -> list[ThreadRow]:
        """Every thread without what is in it, by its date and id."""
        return self._ask(queries.threads)

    def thread(self, thread_id: str) -> ThreadRow | None:
        """One thread without what is in it, or None."""
        return self._ask(lambda execute: queries.thread(execute, thread_id))

    def session(self, thread_id: str) -> Session | None:
        """What the agent of a thread is doing, or None."""
        return self._ask(lambda execute: queries.session(execute, thread_id))

    def turn(self, turn_id: str) -> Turn | None:
        """One turn, or None."""
        return self._ask(lambda execute: queries.turn(execute, turn_id))

    def turns(self, thread_id: str) -> list[Turn]:
        """The turns of a thread, in the order in which they started."""
        return self._ask(lambda execute: queries.turns(execute, thread_id))

    def turn_ids(self, thread_id: str) -> set[str]:
        """Every turn that a row of the thread belongs to, also those that a revert hides."""
        return self._ask(lambda execute: queries.turn_ids(execute, thread_id))

    def turn_counts(self) -> dict[str, TurnCounts]:
        """How many turns each thread has that has any."""
        return self._ask(queries.turn_counts)

    def approval(self, request_id: str) -> Approval | None:
        """One request for leave, answered or not, or None."""
        return self._ask(lambda execute: queries.approval(execute, request_id))

    def approvals(self, thread_id: str | None = None) -> list[Approval]:
        """Requests that wait for an answer, the oldest first; of one thread or of all."""
        return self._ask(lambda execute: queries.pending_approvals(execute, thread_id))

    def replay_thread(self, thread_id: str, limit: int | None = None) -> Replay:
        """What happened in a thread, turn by turn, of the last `limit` turns; raises NotFound."""
        return self._at_one_moment(lambda execute: replay.replay_thread(execute, thread_id, limit=limit))

    def replay_turns(self, parts: Mapping[str, TurnParts]) -> list[ReplayTurn]:
        """Some turns as `replay_thread` tells them, by the ids of what belongs to each."""
        return self._at_one_moment(lambda execute: replay.replay_turns(execute, parts))

    def turn_diff(self, thread_id: str, from_turn: int, to_turn: int) -> str:
        """The text of the difference between two checkpoints; raises NotFound."""
        return self._ask(lambda execute: queries.turn_diff(execute, thread_id, from_turn, to_turn))

    def log_state(self, project_id: Callable[[], str]) -> LogState:
        """What commands on the event log are decided on; `project_id` is asked when it is needed."""
        return FoldedLogState(self._tables, project_id)

    def workspace_root(self) -> str | None:
        """The folder that the log's project knows, or None before there is one."""
        return self._ask(queries.workspace_root)

    def progress(self) -> list[ProjectorStatus]:
        """How far each of the projectors has come."""
        return self._ask(progress)

    def digests(self) -> dict[str, int]:
        """A number for each folded table, the same for the same rows."""
        return self._at_one_moment(digests)

    def catch_up(self) -> int:
        """Fold what is in the log and not in the rows yet; returns the sequence that all projectors have reached."""
        return self._tables.change(
            lambda execute, executemany: fold.catch_up(execute, self._read_events, executemany=executemany),
            "fold its events",
        )

    def rebuild(self, on_page: OnPage = lambda events, sequence: None) -> Rebuilt:
        """Throw every folded row away and fold the whole log anew, in one transaction; all others wait to write.

        Readers see the old rows until the new ones are complete, and nothing has changed when it fails.
        """
        count = 0

        def read(after: int, limit: int) -> list[Event]:
            nonlocal count
            page = list(self._read_events(after, limit))
            count += len(page)
            if page:
                on_page(count, page[-1].sequence)
            return page

        def work(execute: Execute, executemany: ExecuteMany) -> Rebuilt:
            nonlocal count
            count = 0
            before = digests(execute)
            last = fold.rebuild(execute, read, executemany=executemany)
            after = digests(execute)
            return Rebuilt(
                events=count,
                last_sequence=last,
                tables={
                    name: "equal" if after[name] == digest else "changed" for name, digest in before.items()
                },
            )

        return self._tables.change(work, "rebuild its projections")

    def compact(self, *, dry_run: bool = True, now_iso: str) -> CompactedLog:
        """Remove the events whose effect is folded, in one transaction; a dry run only says what would go."""
        if dry_run:
            return self._at_one_moment(survey)
        return self._tables.change(
            lambda execute, executemany: compact_log(
                execute, self._read_events, now_iso=now_iso, executemany=executemany
            ),
            "compact its event log",
        )

    def _ask(self, read: Callable[[Execute], _Found]) -> _Found:
        return self._tables.ask(read, _DOING)

    def _at_one_moment(self, read: Callable[[Execute], _Found]) -> _Found:
        return self._tables.ask_at_one_moment(read, _DOING)
