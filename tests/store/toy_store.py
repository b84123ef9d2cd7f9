"""Append-only log under a file lock: a store written from the port's docstrings alone, to see that they suffice.

A transaction is one frame of the file: length, digest, and the pickled steps it takes. What the store holds is the fold
of all whole frames. Whoever writes cuts off a torn frame first, and after a failure everything is folded anew.
"""

from __future__ import annotations

import fcntl
import os
import pickle
import struct
import threading
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

from chatdoc.model.errors import ChatdocError, DocumentFailed, ReceiptExists, StoreError, StoreGone
from chatdoc.store.ports import Finding, Registration, Sealed
from tests.store.toy_contents import Contents
from tests.store.toy_parts import (
    ToyCursors,
    ToyEvents,
    ToyFeed,
    ToyLeases,
    ToyReceipts,
    ToyRegistry,
    ToySnapshots,
    ToyUpdates,
)

Answer = TypeVar("Answer")
HEAD = struct.Struct(">Q16s")
FILE = "toy.log"
NOW = 1_700_000_000_000


def frame(steps: Sequence[tuple[str, tuple[Any, ...]]]) -> bytes:
    """The bytes of a transaction."""
    body = pickle.dumps(list(steps))
    return HEAD.pack(len(body), blake2b(body, digest_size=16).digest()) + body


class ToyUnit:
    """Each step is taken at once, so that the work can read it, and noted, so that it can be committed."""

    def __init__(self, contents: Contents) -> None:
        self.contents = contents
        self.steps: list[tuple[str, tuple[Any, ...]]] = []

    def do(self, name: str, *values: Any) -> Any:
        """Take a step; one that raises is not noted."""
        answer = getattr(self.contents, name)(*values)
        self.steps.append((name, values))
        return answer

    def append_update(self, update, origin, *, recorded_at_ms):
        return self.do("append_update", update, origin)

    def append_events(self, drafts, *, at_ms, command_id, origin):
        return self.do("append_events", list(drafts), at_ms, command_id, origin)

    def put_receipt(self, receipt, *, recorded_at_ms, update_sequence=None, result_sequence=None):
        self.do("put_receipt", receipt)

    def take_lease(self, lease, *, instead_of=""):
        return self.do("take_lease", lease, instead_of)

    def renew_leases(self, owner, *, heartbeat_at_ms):
        self.do("renew_leases", owner, heartbeat_at_ms)

    def release_lease(self, message_id, owner):
        self.do("release_lease", message_id, owner)

    def put_cursor(self, consumer, sequence):
        self.do("put_cursor", consumer, sequence)

    def begin_events(self, drafts=(), *, at_ms):
        self.do("begin_events", list(drafts), at_ms)

    def put_diff(self, diff):
        self.do("put_diff", diff)

    def stop_sessions(self, stopped, *, at_ms):
        """There is no directory of sessions in which to note it."""

    def put_registration(self, registration):
        self.do("put_registration", registration)

    def put_marker(self, marker, *, recorded_at_ms):
        self.do("put_marker", marker)


class ToyStore:
    """One document in one file; a look takes the lock of this object, a unit that of the file too."""

    read_model = None
    sessions = None
    empty = Contents
    """What is folded into."""

    def __init__(self, file: Path) -> None:
        self.location: Path | None = file
        self._path = file
        self._file = os.open(file, os.O_RDWR)
        self._lock = threading.RLock()
        self._contents: Contents | None = None
        self._end = self._frames = self._own = 0
        """Where the whole frames end that were folded, how many they are, and how many of them were written here."""
        self._stands = False
        """Whether what was folded stays as it is: within a unit, or while one moment is read."""
        self.closed = threading.Event()
        self.updates, self.events, self.receipts = ToyUpdates(self), ToyEvents(self), ToyReceipts(self)
        self.snapshots, self.registry, self.leases = ToySnapshots(self), ToyRegistry(self), ToyLeases(self)
        self.cursors, self.feed = ToyCursors(self), ToyFeed(self)

    def write(self, work):
        with self._lock:
            self._require_open()
            assert not self._stands, "a unit of work, or who reads one moment, may not write"
            try:
                self._system(fcntl.flock, self._file, fcntl.LOCK_EX)
                self._require_there()
                unit = ToyUnit(self._fold())
                self._stands = True
                answer = work(unit)
                if unit.steps:
                    self._append(frame(unit.steps))
                return answer
            except BaseException:
                self._contents = None
                raise
            finally:
                self._stands = False
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def write_each(self, works):
        return self.write(lambda unit: [self._try(unit, work) for work in works])

    def at_one_moment(self, read):
        with self._lock:
            self._require_open()
            self._fold()
            before, self._stands = self._stands, True
            try:
                return read()
            finally:
                self._stands = before

    def seal_logs(self, *, dry_run: bool = False, shrink: bool = True) -> Sealed:
        """Nothing is sealed."""
        return self.look(lambda held: Sealed(entries=0, bytes_before=0, bytes_after=0))

    def shrink(self, *, free_share_min: float) -> None:
        """See the port: there is nothing to give back."""
        self.look(lambda held: None)

    def verify(self) -> list[Finding]:
        """Each frame has its digest, and is read as it was written or not at all; so whatever is folded is right."""
        return self.look(lambda held: [])

    def close(self) -> None:
        with self._lock:
            if not self.closed.is_set():
                self.closed.set()
                os.close(self._file)

    def look(self, ask: Callable[[Contents], Answer]) -> Answer:
        """What something asks of the contents, as they are now."""
        with self._lock:
            self._require_open()
            return ask(self._fold())

    def foreign(self) -> int:
        """How many transactions others have committed."""
        with self._lock:
            self._require_open()
            self._require_there()
            if self._fold().registration.retired_at_ms is not None:
                raise DocumentFailed("the document was retired", hint="Open its file again")
            return self._frames - self._own

    def shape(self) -> tuple[int, int]:
        """What of the file changes with each commit."""
        found = self._system(os.stat, self._path)
        return found.st_size, found.st_mtime_ns

    def _try(self, unit: ToyUnit, work: Callable[[ToyUnit], Answer]) -> Answer | ChatdocError:
        taken = len(unit.steps)
        try:
            return work(unit)
        except ChatdocError as error:
            if isinstance(error, StoreError) and not isinstance(error, ReceiptExists):
                raise
            del unit.steps[taken:]
            self._contents, self._stands = None, False
            unit.contents, self._stands = self._fold(), True
            unit.contents.take(unit.steps)
            return error

    def _append(self, data: bytes) -> None:
        self._system(os.ftruncate, self._file, self._end)
        done = 0
        while done < len(data):
            done += self._system(os.pwrite, self._file, data[done:], self._end + done)
        self._system(os.fsync, self._file)
        self._end, self._frames, self._own = self._end + len(data), self._frames + 1, self._own + 1

    def _fold(self) -> Contents:
        """The contents, with every whole frame of the file; when that fails they are not trusted any more."""
        if self._stands:
            return self._contents
        if self._contents is None:
            self._contents, self._end, self._frames = self.empty(), 0, 0
        try:
            size = self._system(os.fstat, self._file).st_size
            data = (
                self._system(os.pread, self._file, size - self._end, self._end) if size > self._end else b""
            )
            while len(data) >= HEAD.size:
                length, digest = HEAD.unpack_from(data)
                body = data[HEAD.size : HEAD.size + length]
                if len(body) < length or blake2b(body, digest_size=16).digest() != digest:
                    break  # A writer is not done with it, or was killed before it was.
                self._contents.take(pickle.loads(body))
                data = data[HEAD.size + length :]
                self._end, self._frames = self._end + HEAD.size + length, self._frames + 1
        except BaseException:
            self._contents = None
            raise
        return self._contents

    def _system(self, call: Callable[..., Any], *values: Any) -> Any:
        try:
            return call(*values)
        except OSError as error:
            raise StoreError(f"the toy store failed: {error}", hint="Try again") from error

    def _require_open(self) -> None:
        if self.closed.is_set():
            raise StoreError("the toy store is closed", hint="Open it again")

    def _require_there(self) -> None:
        if not self._path.exists() or self._path.stat().st_ino != os.fstat(self._file).st_ino:
            raise StoreGone("the file of the toy store is not there any more", hint="Open it again")


def create(folder: Path, kind: type[ToyStore] = ToyStore) -> ToyStore:
    """A new store with its document's first update."""
    registration = Registration(path="toy.chat", document_id="01HF7YAT000000000000000000", created_at_ms=NOW)
    steps = [("put_registration", (registration,)), ("append_update", (b"update genesis", "genesis"))]
    (folder / FILE).write_bytes(frame(steps))
    return kind(folder / FILE)


def open_again(folder: Path, kind: type[ToyStore] = ToyStore) -> ToyStore:
    """A further handle on the store of a folder."""
    return kind(folder / FILE)
