"""What the folder's event log says can be read, followed, and folded anew from an open document."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import msgspec

from chatdoc.crdt import read_update
from chatdoc.engine.event_recorder import Chronicle
from chatdoc.engine.execute import Corridor
from chatdoc.model.arguments import (
    require_flag,
    require_limit,
    require_name,
    require_optional_name,
    require_place,
    require_sequence,
)
from chatdoc.model.clock import iso
from chatdoc.model.errors import CommandRefused
from chatdoc.model.events.event import Event
from chatdoc.store.event_feed import Following
from chatdoc.store.projections import queries
from chatdoc.store.projections.compact_events import CompactedLog, compact_log, survey
from chatdoc.store.projections.fold import rebuild
from chatdoc.store.projections.progress import ProjectorStatus, progress
from chatdoc.store.projections.queries import turn_diff
from chatdoc.store.projections.replay import Replay, replay_thread
from chatdoc.store.projections.row_types import Approval, PlacedMessage, Session
from chatdoc.store.projections.snapshot import Snapshot, snapshot
from chatdoc.store.sqlite.agent_sessions import SessionDirectory
from chatdoc.store.sqlite.update_log import SqliteLog


class DocumentSnapshot(Snapshot, frozen=True, kw_only=True):
    """Everything the log says of the folder, and what the document had seen at the same moment."""

    document_id: str
    state_vector: bytes
    """As Yjs encodes it; in JSON as base64."""


class Logbook:
    """The event log, as an open document reads it; raises CommandRefused for a document in memory, which has none."""

    corridor: Corridor
    _lock: threading.RLock

    def replay(self, *, from_sequence_exclusive: int = 0) -> Iterator[Event]:
        """Every event of the folder beyond a sequence, in order; ends where the log ends.

        Raises LogCompacted where events beyond it were folded away; `snapshot()` says from where to go on.
        """
        journal = self._chronicle().journal
        require_sequence("from_sequence_exclusive", from_sequence_exclusive)
        journal.require_whole(from_sequence_exclusive)
        return journal.read_all(from_sequence_exclusive)

    def subscribe_events(self, from_sequence: int = 0) -> Following:
        """Every event beyond a sequence, those that are there and those that come; for `for` and `async for`.

        Raises LogCompacted where events beyond it were folded away, also while it is followed.
        """
        chronicle = self._chronicle()
        require_sequence("from_sequence", from_sequence)
        chronicle.journal.require_whole(from_sequence)
        return chronicle.follow(from_sequence)

    def snapshot(self) -> DocumentSnapshot:
        """All that is shown, as of one event; `replay(from_sequence_exclusive=snapshot_sequence)` goes on from it."""
        with self._lock:
            chronicle, corridor = self._chronicle(), self.corridor
            corridor.make_ready()
            log, known = corridor.log, dict(corridor.known)
            assert isinstance(log, SqliteLog), "only a stored document has an event log"
            with chronicle.journal.reading() as connection:
                for update in log.updates_in(connection, corridor.sequence):
                    for client, (_, end) in read_update.read(update).spans.items():
                        known[client] = max(end, known.get(client, 0))
                found = snapshot(connection.execute)
        return DocumentSnapshot(
            **msgspec.structs.asdict(found),
            document_id=str(corridor.view.document_id()),
            state_vector=read_update.state_vector(known),
        )

    def projected_message(self, message_id: str) -> PlacedMessage | None:
        """One message as the log says it is, or None; one statement."""
        require_name("message_id", message_id)
        with self._lock:
            return queries.message(self._chronicle().journal.execute, message_id)

    def projected_session(self, thread_id: str) -> Session | None:
        """What the agent of a thread is doing as the log says, or None; one statement."""
        require_name("thread_id", thread_id)
        with self._lock:
            return queries.session(self._chronicle().journal.execute, thread_id)

    def approvals(self, thread_id: str | None = None) -> list[Approval]:
        """Requests that wait for an answer, the oldest first; of one thread or of the whole folder."""
        require_optional_name("thread_id", thread_id)
        with self._lock:
            return queries.pending_approvals(self._chronicle().journal.execute, thread_id)

    def replay_thread(self, thread_id: str, *, limit: int | None = None) -> Replay:
        """What happened in a thread, turn by turn, of the last `limit` turns; raises NotFound."""
        require_name("thread_id", thread_id)
        require_limit(limit)
        with self._chronicle().journal.reading() as connection:
            return replay_thread(connection.execute, thread_id, limit=limit)

    def turn_diff(self, thread_id: str, from_turn: int, to_turn: int) -> str:
        """The text of the difference between two checkpoints; raises NotFound."""
        require_place(thread_id, from_turn, to_turn)
        with self._lock:
            return turn_diff(self._chronicle().journal.execute, thread_id, from_turn, to_turn)

    def projections(self) -> list[ProjectorStatus]:
        """How far each of the eight projectors has come."""
        with self._lock:
            return progress(self._chronicle().journal.execute)

    @property
    def sessions(self) -> SessionDirectory:
        """How to find the sessions of the folder's agents again after a restart; raises CommandRefused."""
        if self.corridor.chronicle is None:
            raise CommandRefused("a document in memory keeps no sessions of agents", hint="Open a file")
        return self.corridor.chronicle.sessions

    def rebuild_projections(self) -> int:
        """Throw every folded row away and fold the whole log anew, in one transaction; returns the last sequence."""
        with self._lock:
            journal = self._chronicle().journal
            return self.corridor.write_whole(
                lambda: rebuild(journal.execute, journal.read, executemany=journal.executemany)
            )

    def compact_log(self, *, dry_run: bool = True) -> CompactedLog:
        """Remove the folder's events whose effect is folded, in one transaction; a dry run only says what would go.

        Snapshots, rows, receipts and versions stay as they are, and a rebuild begins at the rows of this moment.
        Who follows the log and has not come to its end gets LogCompacted. Nothing of this ever happens by itself.
        """
        require_flag("dry_run", dry_run)
        with self._lock:
            journal = self._chronicle().journal
            self.corridor.make_ready()
            if dry_run:
                return journal.at_one_moment(survey)
            now_iso = iso(self.corridor.now().ms)
            return self.corridor.write_whole(
                lambda: compact_log(
                    journal.execute, journal.read, now_iso=now_iso, executemany=journal.executemany
                )
            )

    def _chronicle(self) -> Chronicle:
        if self.corridor.chronicle is None:
            raise CommandRefused("a document in memory has no event log", hint="Open a file")
        return self.corridor.chronicle
