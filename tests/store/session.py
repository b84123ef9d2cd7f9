"""A process that works on a store and says what was acknowledged: `python -m tests.store.session FOLDER COUNT`.

Each line it prints was written after the call it tells of came back; what it does not print was never promised.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from chatdoc.model.errors import ChatdocError
from chatdoc.store.ports import UnitOfWork
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.store import SqliteStore
from tests.store.documents import DOCUMENT_ID, NOW, create, marker, project, receipt, rows, thread_drafts


def say(*words: object) -> None:
    """Print one line at once, past any buffer."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def update(sequence: int) -> bytes:
    """What this program appends at a sequence; every third one is larger than a page."""
    return b"update %d " % sequence * (900 if sequence % 3 == 0 else 20)


def change(unit: UnitOfWork, last: int) -> int:
    """Append one entry after the last with its events, and with a receipt under every second one."""
    sequence = unit.append_update(update(last + 1), "session", recorded_at_ms=NOW)
    begin = [project()] if sequence == 2 else []
    unit.append_events(
        [*begin, thread_drafts(f"t{sequence}", 0)[0]], at_ms=NOW, command_id=None, origin="session"
    )
    if sequence % 2:
        unit.put_receipt(receipt(str(sequence)), recorded_at_ms=NOW, update_sequence=sequence)
    return sequence


def session(stores: SqliteFolder, count: int) -> None:
    """Begin the document if need be, append, take snapshots, close; a failing step is told and the next one tried."""
    path = stores.folder / "team.chat"
    opened: list[SqliteStore] = []

    def begun() -> None:
        place = stores.find(path, [DOCUMENT_ID]).place
        opened.append(create(stores, marker=marker("committed")) if place is None else stores.open(place))
        say("begun")

    def append() -> None:
        store = opened[0]
        say("appended", store.write(lambda unit: change(unit, store.updates.last_sequence())))

    def snapshots() -> None:
        sequence = opened[0].updates.last_sequence()
        opened[0].snapshots.put_rows(rows(sequence, lines=1500), recorded_at_ms=NOW)
        opened[0].seal_logs()
        say("rows", sequence)

    steps: list[Callable[[], None]] = [begun, *[append] * count, snapshots, lambda: opened[0].close()]
    for step in steps:
        try:
            step()
        except ChatdocError as error:
            say("failed", error)
            if not opened:
                return


if __name__ == "__main__":
    session(SqliteFolder(Path(sys.argv[1])), int(sys.argv[2]))
