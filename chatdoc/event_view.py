"""Read side of the event log: its events, and what is folded from them, of one document, open or not.

Reading writes nothing, neither to the store nor beside it, and goes on while others write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath

import msgspec

from chatdoc.crdt import read_update
from chatdoc.engine.engine import Engine
from chatdoc.engine.told_log import ToldLog, rows_of
from chatdoc.model.arguments import (
    require_flag,
    require_limit,
    require_name,
    require_optional_name,
    require_place,
    require_sequence,
    shortly,
)
from chatdoc.model.clock import Clock, iso, system_clock
from chatdoc.model.errors import CommandRefused, EventUndecodable, NoEventLog, NotFound, StoreDamaged
from chatdoc.model.events.event import Event
from chatdoc.store.agent_sessions import SessionDirectory
from chatdoc.store.event_feed import Following, Watcher
from chatdoc.store.ports import DocumentStore
from chatdoc.store.projections.compact_events import CompactedLog
from chatdoc.store.projections.progress import ProjectorStatus
from chatdoc.store.projections.read_model import ReadModel, Rebuilt
from chatdoc.store.projections.replay import Replay, ReplayTurn, TurnParts
from chatdoc.store.projections.row_types import Approval, PlacedMessage, Session, ThreadRow, Turn, TurnCounts
from chatdoc.store.projections.snapshot import Snapshot

PAGE_EVENTS = 500
"""How many events are read at a time; there is no limit to how many are read in all."""
OPEN_ONCE = "Open it once with this version of chatdoc, say with `chatdoc open FILE`"

OnPage = Callable[[int, int], None]
"""Hears of a rebuild after each page: how many events are folded, and the sequence of the last one."""


class DocumentSnapshot(Snapshot, frozen=True, kw_only=True):
    """Everything the log says of a document, and what the document had seen at the same moment."""

    document_id: str
    state_vector: bytes
    """As Yjs encodes it; in JSON as base64."""


class EventView:
    """The event log of one document; `with` closes it where it was opened for itself.

    What was there before a log that nobody has used yet is told by it in memory, where the store is only read; `folder`
    is that of the chat, or None for one whose name in a database says it. Raises NoEventLog for a store without a log.
    """

    def __init__(
        self, store: DocumentStore, folder: PurePath | None = None, *, closes_store: bool = False
    ) -> None:
        if store.events is None or store.read_model is None:
            raise NoEventLog("this store keeps no event log", hint="Open a file")
        self.store = store
        self._log = ToldLog(store, folder)
        self._closes_store = closes_store
        self.watcher = Watcher(store.feed)

    @property
    def document_id(self) -> str:
        """The document that the log is of."""
        return self.store.registry.registration().document_id

    @property
    def rows(self) -> ReadModel:
        """What is folded from the events, of the stored log or of that in memory."""
        return self._log.rows

    # events

    def events(self, *, from_sequence_exclusive: int = 0, thread_id: str | None = None) -> Iterator[Event]:
        """Every event beyond a sequence, of all or of one thread, in order; ends where the log ends.

        Raises LogCompacted where events beyond it were folded away; `snapshot()` says from where to go on.
        """
        require_sequence("from_sequence_exclusive", from_sequence_exclusive)
        require_optional_name("thread_id", thread_id)
        self._require_whole(from_sequence_exclusive, thread_id)
        return self._all(from_sequence_exclusive, thread_id)

    def follow(self, from_sequence: int = 0, *, thread_id: str | None = None) -> Following:
        """Every event beyond a sequence, those that are there and those that anybody appends later.

        For `for` and `async for`. Raises LogCompacted where events beyond it were folded away, also while followed.
        """
        require_sequence("from_sequence", from_sequence)
        require_optional_name("thread_id", thread_id)
        self._require_whole(from_sequence, thread_id)
        return Following(lambda after: self._read(after, thread_id), from_sequence, self.watcher)

    def last_sequence(self) -> int:
        """The sequence of the newest event."""
        return self._log.events.last_sequence()

    def compacted_through(self) -> int:
        """The sequence from which events can be read: the last one that the latest compaction folded away, or 0."""
        return self._log.events.compacted_through()

    # what is folded from them

    def snapshot(self) -> Snapshot:
        """All that is shown, as of one event: `events(from_sequence_exclusive=…)` goes on from it."""
        store = self._log.store
        return store.at_one_moment(rows_of(store).snapshot)

    def threads(self) -> list[ThreadRow]:
        """Every thread without what is in it, by its date and id."""
        return self.rows.threads()

    def thread(self, thread_id: str) -> ThreadRow:
        """One thread without what is in it; raises NotFound."""
        require_name("thread_id", thread_id)
        found = self.rows.thread(thread_id)
        if found is None:
            raise NotFound(
                f"the event log has no thread {thread_id}", hint="`chatdoc snapshot` lists the threads"
            )
        return found

    def messages(
        self, thread_id: str, *, limit: int | None = None, before: str | None = None
    ) -> list[PlacedMessage]:
        """A thread's messages by date and id, without those that were deleted; one statement, and no document.

        With a `limit`, the last so many; `before` a message of the thread, those that come before it. A page costs
        what it shows, however long the thread is. Raises NotFound.
        """
        require_limit(limit, "messages")
        self.thread(thread_id)
        if before is not None:
            found = self.message(before)
            if found is None or found.thread_id != thread_id:
                raise NotFound(
                    f"the event log shows no message {before!r} in thread {thread_id!r}",
                    hint="Name a message of an earlier page",
                )
        return self.rows.messages(thread_id, limit, before)

    def message(self, message_id: str) -> PlacedMessage | None:
        """One message as the log says it is, or None; one statement."""
        require_name("message_id", message_id)
        return self.rows.message(message_id)

    def session(self, thread_id: str) -> Session | None:
        """What the agent of a thread is doing as the log says, or None; one statement."""
        require_name("thread_id", thread_id)
        return self.rows.session(thread_id)

    def approvals(self, thread_id: str | None = None) -> list[Approval]:
        """Requests that wait for an answer, the oldest first; of one thread or of all."""
        require_optional_name("thread_id", thread_id)
        return self.rows.approvals(thread_id)

    def replay_thread(self, thread_id: str, *, limit: int | None = None) -> Replay:
        """What happened in a thread, turn by turn, of the last `limit` turns; raises NotFound."""
        require_name("thread_id", thread_id)
        require_limit(limit)
        store = self._log.store
        return store.at_one_moment(lambda: rows_of(store).replay_thread(thread_id, limit=limit))

    def replay_turns(self, parts: Mapping[str, TurnParts]) -> list[ReplayTurn]:
        """Some turns as `replay_thread` tells them, by the ids of what belongs to each; others cost nothing."""
        _require_parts(parts)
        store = self._log.store
        return store.at_one_moment(lambda: rows_of(store).replay_turns(parts))

    def turns(self, thread_id: str) -> list[Turn]:
        """The turns of a thread without their texts, in the order in which they started."""
        require_name("thread_id", thread_id)
        return self.rows.turns(thread_id)

    def turn_ids(self, thread_id: str) -> set[str]:
        """Every turn that anything of a thread belongs to, also those that a revert hides."""
        require_name("thread_id", thread_id)
        return self.rows.turn_ids(thread_id)

    def turn_diff(self, thread_id: str, from_turn: int, to_turn: int) -> str:
        """The text of the difference between two checkpoints; raises NotFound."""
        require_place(thread_id, from_turn, to_turn)
        return self.rows.turn_diff(thread_id, from_turn, to_turn)

    def turn_counts(self) -> dict[str, TurnCounts]:
        """How many turns each thread has, and how many of them run."""
        return self.rows.turn_counts()

    def projections(self) -> list[ProjectorStatus]:
        """How far each of the eight projectors has come."""
        return self.rows.progress()

    @property
    def sessions(self) -> SessionDirectory:
        """How to find the sessions of the document's agents again after a restart."""
        if self.store.sessions is None:
            raise NoEventLog("this store keeps no sessions of agents", hint="Open a file")
        return self.store.sessions

    def rebuild(self, on_page: OnPage = lambda events, sequence: None) -> Rebuilt:
        """Throw every folded row away and fold the whole log anew, in one transaction; all others wait to write.

        Readers see the old rows until the new ones are complete, and nothing has changed when it fails.
        """
        return self.rows.rebuild(on_page)

    def compact(self, *, dry_run: bool = True, clock: Clock = system_clock) -> CompactedLog:
        """Remove the events whose effect is folded, in one transaction; a dry run only says what would go.

        Snapshots, rows, receipts and versions stay as they are, and a rebuild begins at the rows of this moment.
        Who follows the log and has not come to its end gets LogCompacted. Nothing of this ever happens by itself.
        """
        require_flag("dry_run", dry_run)
        return self.rows.compact(dry_run=dry_run, now_iso=iso(clock()))

    def close(self) -> None:
        """End all who follow; and let go of the store where it was opened for this view alone."""
        self.watcher.close()
        self._log.close()
        if self._closes_store:
            self.store.close()

    def __enter__(self) -> EventView:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _all(self, after: int, thread_id: str | None) -> Iterator[Event]:
        while page := self._read(after, thread_id):
            yield from page
            after = page[-1].sequence

    def _read(self, after: int, thread_id: str | None) -> list[Event]:
        """The next page; of one with a damaged event first what stands before that, in ever smaller pages."""
        limit = PAGE_EVENTS
        while True:
            try:
                if thread_id is None:
                    return self._log.events.read(after, limit)
                return self._log.events.read_of("thread", thread_id, after, limit)
            except (StoreDamaged, EventUndecodable):
                if limit == 1:
                    raise
                limit //= 2

    def _require_whole(self, after: int, thread_id: str | None) -> None:
        self._log.events.require_whole(after, None if thread_id is None else ("thread", thread_id))


def _require_parts(parts: object) -> None:
    """Raise CommandRefused unless these are turns by their ids, and the ids of what belongs to each."""
    if not isinstance(parts, Mapping):
        raise CommandRefused(f"parts: expected turns by their ids, got {shortly(parts)}")
    for turn_id, belonging in parts.items():
        require_name("parts: the id of a turn", turn_id)
        if not isinstance(belonging, TurnParts):
            raise CommandRefused(f"parts of turn {turn_id}: expected a TurnParts, got {shortly(belonging)}")
        for name, ids in belonging._asdict().items():
            if not isinstance(ids, Mapping):
                raise CommandRefused(
                    f"parts of turn {turn_id}: expected {name} by their ids, got {shortly(ids)}"
                )
            for one in ids:
                require_name(f"parts of turn {turn_id}: one of {name}", one)


def document_snapshot(view: EventView, engine: Engine) -> DocumentSnapshot:
    """A snapshot with the state vector of the same moment, with what others wrote since the engine looked."""
    store, known, sequence = view.store, dict(engine.known), engine.sequence

    def take() -> tuple[Snapshot, dict[int, int]]:
        reached = dict(known)
        for entry in store.updates.entries(after=sequence):
            for client, (_, end) in read_update.read(entry.update, bounded=False).spans.items():
                reached[client] = max(end, reached.get(client, 0))
        return view.rows.snapshot(), reached

    found, reached = store.at_one_moment(take)
    return DocumentSnapshot(
        **msgspec.structs.asdict(found),
        document_id=view.document_id,
        state_vector=read_update.state_vector(reached),
    )
