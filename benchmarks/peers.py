"""Other people's libraries, doing the least of what ours does; they are not needed to run the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measure import typical


def sourced(path: Path, calls: int) -> Callable[[], float]:
    """Seconds for one event of an aggregate triggered and saved by `eventsourcing`, in SQLite (WAL)."""
    try:
        from eventsourcing.application import Application
        from eventsourcing.domain import Aggregate, event
    except ImportError as error:
        raise SystemExit(
            "this benchmark needs `pip install 'chatdoc[bench]'`; `make bench` does that"
        ) from error

    class Thread(Aggregate):
        """A thread that messages are sent to."""

        @event("Started")
        def __init__(self, title: str) -> None:
            self.title = title
            self.last = ""

        @event("Sent")
        def send(self, message_id: str, sender_id: str, content: str) -> None:
            """A message came."""
            self.last = message_id

    application: Application[Any] = Application(
        env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)}
    )
    thread = Thread(title="bench")
    application.save(thread)

    def send() -> None:
        thread.send(message_id="m" * 26, sender_id="ada", content="x" * 200)
        application.save(thread)

    return lambda: typical(send, calls)
