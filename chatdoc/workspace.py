"""The event log of a folder is read and folded anew without opening any document of it.

Reading writes nothing, neither to the store nor beside it, and goes on while others write.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, TypeVar

import msgspec

from chatdoc.model.arguments import (
    require_flag,
    require_limit,
    require_name,
    require_optional_name,
    require_place,
    require_sequence,
)
from chatdoc.model.clock import Clock, iso, system_clock
from chatdoc.model.errors import NoEventLog, NotFound
from chatdoc.model.events.event import Event
from chatdoc.store.event_feed import Following
from chatdoc.store.projections import fold, queries
from chatdoc.store.projections.compact_events import CompactedLog, compact_log, survey
from chatdoc.store.projections.progress import ProjectorStatus, digests, progress
from chatdoc.store.projections.projector import Execute
from chatdoc.store.projections.queries import turn_diff
from chatdoc.store.projections.replay import Replay, replay_thread
from chatdoc.store.projections.row_types import ThreadRow
from chatdoc.store.projections.snapshot import Snapshot, snapshot
from chatdoc.store.sqlite.location import serving_folder
from chatdoc.store.sqlite.store import Store

OnPage = Callable[[int, int], None]
"""Hears of a rebuild after each page: how many events are folded, and the sequence of the last one."""
_OPEN_ONCE = "Open a document there once with this version of chatdoc, say with `chatdoc open FILE`"
_Found = TypeVar("_Found")


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What a rebuild did; a table that changed did not show what the log says, and does now."""

    events: int
    last_sequence: int
    tables: dict[str, Literal["equal", "changed"]]


class Workspace:
    """The log of the store that serves a folder, looked up from there upwards; `with` closes it.

    Raises NoEventLog where there is none, and StoreTooNew, StoreDamaged and StoreError.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = _place(lambda: serving_folder(Path(folder)), folder)
        """The folder that has the store."""
        store = Store.look(self.folder)
        if store is None:
            raise NoEventLog(f"neither {folder} nor a folder above it has a store", hint=_OPEN_ONCE)
        self._store, self._journal = store, store.journal()
        try:
            if not self._journal.is_current():
                raise NoEventLog(
                    f"the store of {self.folder} is of an earlier version of chatdoc", hint=_OPEN_ONCE
                )
            if self._journal.project_id() is None:
                raise NoEventLog(f"the store of {self.folder} has no event log yet", hint=_OPEN_ONCE)
        except BaseException:
            store.close()
            raise

    @classmethod
    def of_file(cls, file: str | os.PathLike[str]) -> Workspace:
        """The workspace of a chat file; raises NoEventLog also where the log does not tell of this file."""
        real = _place(lambda: Path(os.path.realpath(os.fsdecode(file))), file)
        workspace = cls(real.parent)
        store = workspace._store
        try:
            name = store.name_of(real)
            if store.registration(name) is None or not workspace._journal.began(store.log(name).number):
                raise NoEventLog(
                    f"the event log of {workspace.folder} does not tell of {name}",
                    hint="Open it once with this version of chatdoc, say with `chatdoc open FILE`",
                )
        except BaseException:
            workspace.close()
            raise
        return workspace

    # events

    def events(self, *, from_sequence_exclusive: int = 0, thread_id: str | None = None) -> Iterator[Event]:
        """Every event beyond a sequence, of all or of one thread; ends where the log ends."""
        require_sequence("from_sequence_exclusive", from_sequence_exclusive)
        require_optional_name("thread_id", thread_id)
        stream = None if thread_id is None else ("thread", thread_id)
        self._journal.require_whole(from_sequence_exclusive, stream)
        if stream is None:
            return self._journal.read_all(from_sequence_exclusive)
        return self._journal.read_stream(*stream, from_sequence_exclusive)

    def follow(self, from_sequence: int = 0, *, thread_id: str | None = None) -> Following:
        """Every event beyond a sequence, those that are there and those that anybody appends later."""
        require_sequence("from_sequence", from_sequence)
        require_optional_name("thread_id", thread_id)
        if thread_id is None:
            return Following(self._journal.read, from_sequence)
        stream = thread_id
        return Following(lambda after: self._journal.read_of("thread", stream, after), from_sequence)

    def compacted_through(self) -> int:
        """The sequence from which events can be read: the last one that the latest compaction folded away, or 0."""
        return self._journal.compacted_through()

    def last_sequence(self) -> int:
        """The sequence of the newest event."""
        return self._journal.last_sequence()

    # what is folded from them

    def at_one_moment(self, read: Callable[[Execute], _Found]) -> _Found:
        """What `read` finds when it asks the tables as of one moment; for answers that need several questions.

        `read` may be called twice, and keeps nothing of the connection.
        """
        return self._journal.at_one_moment(read)

    def snapshot(self) -> Snapshot:
        """All that is shown of all documents, as of one event: `events(from_sequence_exclusive=…)` goes on from it."""
        return self.at_one_moment(snapshot)

    def threads(self) -> list[ThreadRow]:
        """Every thread without what is in it, by its date and id."""
        return self.at_one_moment(queries.threads)

    def thread(self, thread_id: str) -> ThreadRow:
        """One thread without what is in it; raises NotFound."""
        require_name("thread_id", thread_id)
        found = self.at_one_moment(lambda execute: queries.thread(execute, thread_id))
        if found is None:
            raise NotFound(
                f"the event log of {self.folder} has no thread {thread_id}",
                hint="`chatdoc snapshot` lists the threads",
            )
        return found

    def replay_thread(self, thread_id: str, *, limit: int | None = None) -> Replay:
        """What happened in a thread, turn by turn, of the last `limit` turns; raises NotFound."""
        require_name("thread_id", thread_id)
        require_limit(limit)
        return self.at_one_moment(lambda execute: replay_thread(execute, thread_id, limit=limit))

    def turn_diff(self, thread_id: str, from_turn: int, to_turn: int) -> str:
        """The text of the difference between two checkpoints; raises NotFound."""
        require_place(thread_id, from_turn, to_turn)
        return self.at_one_moment(lambda execute: turn_diff(execute, thread_id, from_turn, to_turn))

    def projections(self) -> list[ProjectorStatus]:
        """How far each of the eight projectors has come."""
        return self.at_one_moment(progress)

    def rebuild(self, on_page: OnPage = lambda events, sequence: None) -> Rebuilt:
        """Throw every folded row away and fold the whole log anew, in one transaction; all others wait to write.

        Readers see the old rows until the new ones are complete, and nothing has changed when it fails.
        """
        with Store.open(self.folder) as store:
            journal, count = store.journal(), 0

            def read(after: int, limit: int) -> list[Event]:
                nonlocal count
                page = journal.read(after, limit)
                count += len(page)
                if page:
                    on_page(count, page[-1].sequence)
                return page

            with journal.writing("rebuild its projections"):
                before = digests(journal.execute)
                last = fold.rebuild(journal.execute, read, executemany=journal.executemany)
                after = digests(journal.execute)
        return Rebuilt(
            events=count,
            last_sequence=last,
            tables={name: "equal" if after[name] == digest else "changed" for name, digest in before.items()},
        )

    def compact_log(self, *, dry_run: bool = True, clock: Clock = system_clock) -> CompactedLog:
        """Remove the events whose effect is folded, in one transaction; a dry run only says what would go."""
        require_flag("dry_run", dry_run)
        if dry_run:
            return self.at_one_moment(survey)
        with Store.open(self.folder) as store:
            journal = store.journal()
            with journal.writing("compact its event log"):
                return compact_log(
                    journal.execute, journal.read, now_iso=iso(clock()), executemany=journal.executemany
                )

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _place(look: Callable[[], Path], asked: object) -> Path:
    try:
        return look()
    except (TypeError, ValueError, OSError) as error:
        raise NoEventLog(f"{asked!r} names no file or folder: {error}", hint="Check the name") from error
