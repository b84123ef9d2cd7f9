"""An office with an agent: two documents whose clock and ids stand still, so that what is printed of them does too."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from chatdoc.model.events import codec
from chatdoc.model.events.types import ChangedFile
from chatdoc.store.sql.event_chain import HALF, Chain
from chatdoc.testing.clocks import ManualClock
from chatdoc.workspace import log_of
from tests.event_view.workplace import TABLES, opened
from tests.tidy.source import PROJECT

GOLDEN = PROJECT / "golden" / "cli" / "office"
FILE = "office/team.chat"
HOSTILE = "Clear\x1b[2J the\r\nscreen \u202e now"


def furnish(folder: Path) -> tuple[str, str]:
    """Make `office/` with a thread in which an agent worked, and one with a hostile text; returns their ids.

    Both are in `team.chat`; beside it is `plan.chat`, with a thread and a log of its own.
    """
    office, clock = folder / "office", ManualClock()
    office.mkdir()
    with opened(office, clock=clock) as document:
        work = document.create_thread(
            sender_id="ada", content="The tests are red", name="Fix", acp_config={"model": "gpt-5-codex"}
        ).thread_id
        clock.advance(60_000)
        document.agents.queue_turn(work, sender_id="ada", content="Please make them green")
        turn = document.agents.start_next(work, sender_id="codex")
        assert turn is not None
        one = turn.message_id
        document.agents.append_activity(
            work,
            kind="tool.started",
            summary="make test",
            tone="tool",
            payload={"detail": HOSTILE},
            turn_id=one,
        )
        document.agents.request_approval(work, "rm-1", summary="rm -rf build", turn_id=one)
        document.agents.respond_approval(work, "rm-1", "accept")
        clock.advance(5_000)
        turn.append("They are green.")
        turn.finalize(usage={"tokens": 12})
        files = (ChangedFile(path="a.py", kind="modified", additions=1),)
        document.agents.complete_checkpoint(
            work, turn_id=one, turn_count=1, checkpoint_ref="refs/1", files=files
        )
        with document.start_turn(work, sender_id="codex") as turn:
            turn.append("I wrote")
            turn.fail("the model is overloaded")
        document.configure(work, updated_by="ada", name="Fix the tests", pin=True)
        hostile = document.create_thread(sender_id="eve", content=HOSTILE).thread_id
    with opened(office, "plan.chat", seed=2, clock=clock) as document:
        document.create_thread(sender_id="eve", content="What is next?", name="Next")
    return work, hostile


def ask(folder: Path, question: str) -> list[tuple[Any, ...]]:
    """What the store of the office's `team.chat` answers."""
    connection = sqlite3.connect(_store(folder))
    try:
        return connection.execute(question).fetchall()
    finally:
        connection.close()


def folded(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every folded row of the office's `team.chat`, in a fixed order."""
    return {table: sorted(ask(folder, f"SELECT * FROM {table}"), key=repr) for table in TABLES}


def at_home(text: str, folder: Path) -> bytes:
    """What was printed, as if the folder of the test were the same on every machine."""
    return text.replace(str(folder), "/home/ada").encode()


def seen(folder: Path) -> dict[str, tuple[int, int, int]]:
    """How a store and its folder look from outside: inode, size, time of the last change; no shared memory."""
    home = folder / ".chatdoc"
    found = [folder, home, *(path for path in home.iterdir() if not path.name.endswith("-shm"))]
    return {path.name: (path.stat().st_ino, path.stat().st_size, path.stat().st_mtime_ns) for path in found}


def change(folder: Path, statement: str) -> None:
    """Write into the store of the office's `team.chat` behind everybody's back."""
    connection = sqlite3.connect(_store(folder))
    with connection:
        connection.execute(statement)
    connection.close()


def write_otherwise(folder: Path, statement: str) -> None:
    """Let the log of the office's `team.chat` say something else, with digests that fit, as another program would."""
    change(folder, statement)
    connection = sqlite3.connect(_store(folder))
    with connection:
        chain = Chain(connection.execute("SELECT document_id FROM document").fetchone()[0])
        heads: dict[tuple[str, str], bytes] = {}
        log = chain.first
        events = f"SELECT {', '.join(codec.COLUMNS)} FROM orchestration_events ORDER BY sequence"
        for sequence, *columns in connection.execute(events).fetchall():
            stream = (columns[1], columns[2])
            digest = chain.digest(heads.get(stream, chain.first), log, (sequence, *columns))
            heads[stream], log = digest[:HALF], digest[HALF:]
            connection.execute(
                "UPDATE orchestration_events SET digest = ? WHERE sequence = ?", (digest, sequence)
            )
    connection.close()


def _store(folder: Path) -> Path:
    with log_of(folder / FILE) as log:
        assert log.store.location is not None, "the store of a file is a file"
        return log.store.location
