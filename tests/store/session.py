"""A process that works on a store and says what was acknowledged: `python -m tests.store.session FOLDER COUNT`.

Each line it prints was written after the call it tells of came back; what it does not print was never promised.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from chatdoc.model.errors import ChatdocError
from chatdoc.store.sqlite.store import Store
from tests.store.documents import NOW, begin, marker, receipt, rows


def say(*words: object) -> None:
    """Print one line at once, past any buffer."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def update(sequence: int) -> bytes:
    """What this program appends at a sequence; every third one is larger than a page."""
    return b"update %d " % sequence * (900 if sequence % 3 == 0 else 20)


def append(store: Store) -> None:
    """Append one entry after the last, with a receipt under every second one."""
    log = store.log("team.chat")
    sequence = log.last_sequence() + 1
    answer = receipt(str(sequence)) if sequence % 2 else None
    log.append(update(sequence), "session", recorded_at_ms=NOW, receipt=answer)
    say("appended", sequence)


def main(folder: Path, count: int) -> None:
    """Begin the document if need be, append, take snapshots, close; a failing step is told and the next one tried."""
    try:
        store = Store.open(folder)
    except ChatdocError as error:
        say("failed", error)
        return

    def begun() -> None:
        if store.registration("team.chat") is None:
            begin(store, "team.chat", marker=marker("team.chat", "committed"))
        say("begun")

    def snapshots() -> None:
        log = store.log("team.chat")
        sequence = log.last_sequence()
        log.put_rows(rows(sequence, lines=1500), recorded_at_ms=NOW)
        log.put_state(sequence, b"state %d " % sequence * 100, recorded_at_ms=NOW)
        say("rows", sequence)

    for step in (begun, *[lambda: append(store)] * count, snapshots, store.close):
        try:
            step()
        except ChatdocError as error:
            say("failed", error)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
