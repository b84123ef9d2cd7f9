"""Toy stores with one planted defect each, named for what they get wrong."""

from __future__ import annotations

import fcntl
from typing import Any

from chatdoc.store.ports import Entry
from tests.store.toy_contents import Contents
from tests.store.toy_parts import ToyFeed
from tests.store.toy_store import ToyStore


class GapContents(Contents):
    def append_update(self, update: bytes, origin: str) -> int:
        place = (self.updates[-1].sequence if self.updates else 0) + (2 if len(self.updates) == 2 else 1)
        self.updates.append(Entry(place, update, origin))
        return place


class SequenceGap(ToyStore):
    """One number of the update log is never given."""

    empty = GapContents


class OverwritingContents(Contents):
    def put_receipt(self, receipt: Any) -> None:
        self.receipts[receipt.command_id] = receipt


class ReceiptOverwritten(ToyStore):
    """The second answer to a command replaces the first."""

    empty = OverwritingContents


class OneVersion(dict):
    def get(self, stream: Any, default: int = 0) -> int:
        return super().get("all", default)

    def __setitem__(self, stream: Any, version: int) -> None:
        super().__setitem__("all", version)


class OneVersionContents(Contents):
    def __init__(self) -> None:
        super().__init__()
        self.versions = OneVersion()


class VersionNotPerStream(ToyStore):
    """All streams share one count of versions."""

    empty = OneVersionContents


class ForgetfulContents(Contents):
    def begin_events(self, drafts: Any, at_ms: int) -> None:
        super().begin_events(drafts[:1000], at_ms)


class BeginningCutOff(ToyStore):
    """A log that begins with very many events has only the first of them."""

    empty = ForgetfulContents


class StealingContents(Contents):
    def take_lease(self, lease: Any, instead_of: str) -> bool:
        self.leases[lease.message_id] = lease
        return True


class LeaseStolen(ToyStore):
    """A turn is had by whoever asks last."""

    empty = StealingContents


class CarelessContents(Contents):
    def put_rows(self, rows: Any) -> None:
        self.rows = rows


class OlderSnapshotWins(ToyStore):
    """Rows that come late replace newer ones."""

    empty = CarelessContents


class OneCursorContents(Contents):
    def put_cursor(self, consumer: str, sequence: int) -> None:
        self.cursors = {"reactor": sequence}


class OneCursor(ToyStore):
    """All consumers share one cursor."""

    empty = OneCursorContents


class ServingContents(Contents):
    def require_served(self) -> None:
        pass


class RetiredTakesMore(ToyStore):
    """Who has not heard that the document was retired goes on writing to it."""

    empty = ServingContents


class PartialUnitKept(ToyStore):
    """What a unit wrote before its work failed is committed."""

    def write(self, work: Any) -> Any:
        errors = []

        def keep(unit: Any) -> Any:
            try:
                return work(unit)
            except Exception as error:
                errors.append(error)

        answer = super().write(keep)
        if errors:
            raise errors[0]
        return answer


class RefusedWorkKept(ToyStore):
    """What a refused work of a group wrote is committed with the others'."""

    def _try(self, unit: Any, work: Any) -> Any:
        taken = list(unit.steps)
        answer = super()._try(unit, work)
        if isinstance(answer, Exception):
            unit.steps = taken
            unit.do("append_update", b"update refused", "refused")
        return answer


class MomentNotIsolated(ToyStore):
    """What is read at one moment is read at several."""

    def at_one_moment(self, read: Any) -> Any:
        return read()


class DeafFeed(ToyFeed):
    def wait(self, timeout_s: float) -> bool:
        self._store.closed.wait(min(timeout_s, 0.3))
        return False


class FeedDeaf(ToyStore):
    """Nobody who waits hears of a commit."""

    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self.feed = DeafFeed(self)


class SilentFeed(ToyFeed):
    def changed(self) -> bool:
        return False


class FeedSilent(ToyStore):
    """Nobody is told of what others committed."""

    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self.feed = SilentFeed(self)


class AcknowledgedInMemory(ToyStore):
    """Two of three transactions are acknowledged before they are in the file."""

    _kept = b""

    def _append(self, data: bytes) -> None:
        self._kept += data
        self._count = getattr(self, "_count", 0) + 1
        if self._count % 3 == 0:
            data, self._kept = self._kept, b""
            super()._append(data)

    def close(self) -> None:
        if self._kept and not self.closed.is_set():
            data, self._kept = self._kept, b""
            super()._append(data)
        super().close()


class MemoryAhead(ToyStore):
    """What a COMMIT failed to write is counted on as if it were there."""

    _ahead: Contents | None = None

    def _append(self, data: bytes) -> None:
        self._ahead = self._contents
        super()._append(data)
        self._ahead = None

    def _fold(self) -> Contents:
        if self._contents is None and self._ahead is not None:
            self._contents, self._ahead = self._ahead, None
        return super()._fold()


class LockKept(ToyStore):
    """After an interrupt the lock is held for ever by the thread that was interrupted."""

    def write(self, work: Any) -> Any:
        self._lock.acquire()
        answer = super().write(work)
        self._lock.release()
        return answer


class NoFileLock(ToyStore):
    """Two handles write at once."""

    def _system(self, call: Any, *values: Any) -> Any:
        return None if call is fcntl.flock else super()._system(call, *values)


class AnswersAfterClose(ToyStore):
    """A closed store answers from memory."""

    def look(self, ask: Any) -> Any:
        return ask(self._contents) if self.closed.is_set() else super().look(ask)
