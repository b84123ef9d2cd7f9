"""A small document of every kind of record, and its store as SQL text: how `golden/stores` was recorded.

`python -m tests.store.recorded FOLDER` writes another one, for the release that changes what a store holds. Those that
are there are never written anew: they are what earlier programs left behind.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import suppress
from pathlib import Path
from random import Random

import msgspec

from chatdoc import Document, open_document
from chatdoc.in_memory import memory_document
from chatdoc.model.commands.edit_message import EditMessage
from chatdoc.model.errors import CommandRefused, NotFound
from chatdoc.testing.clocks import ManualClock
from chatdoc.testing.log_commands import LOG_COMMAND_WEIGHTS, some_log_command
from tests.store_file import store_file

TEXT, STORE, EVENTS, ANSWERS = "team.chat", "store.sql", "events.jsonl", "answers.json"


def events_of(document: Document) -> bytes:
    """The event log, a line an event."""
    return b"".join(msgspec.json.encode(event) + b"\n" for event in document.log.events())


def restore(recorded: Path, folder: Path) -> Path:
    """Lay a recorded document down as it was; returns its file."""
    name, _, statements = (recorded / STORE).read_text().partition("\n")
    (folder / ".chatdoc").mkdir(parents=True)
    connection = sqlite3.connect(folder / ".chatdoc" / name.removeprefix("-- "))
    connection.executescript(statements)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    path = folder / TEXT
    path.write_bytes((recorded / TEXT).read_bytes())
    return path


def record(folder: Path) -> None:
    """Write a document into an empty folder, and all that a test compares it with."""
    clock, random = ManualClock(), Random(7)
    answers = {}
    with open_document(folder / TEXT, clock=clock, random=random.randbytes) as document:
        answers |= _first_half(document, clock, random)
        document.compact()
        _second_half(document, clock, random)
        (folder / EVENTS).write_bytes(events_of(document))
    (folder / ANSWERS).write_bytes(msgspec.json.format(msgspec.json.encode(answers)) + b"\n")
    file = store_file(folder)
    connection = sqlite3.connect(file)
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    lines = [f"-- {file.name}", f"PRAGMA application_id = {application_id};", *connection.iterdump()]
    connection.close()
    (folder / STORE).write_text("\n".join(lines) + "\n")


def _first_half(document: Document, clock: ManualClock, random: Random) -> dict[str, str]:
    """Threads, texts in several versions, config, deletions, what an agent told; then all of it is sealed."""
    plan = document.create_thread(sender_id="ada", content="Who takes the minutes?", name="Plan").thread_id
    document.configure(plan, updated_by="ada", acp_config={"model": "gpt-5-codex"}, thread_icon="rocket")
    sent = {}
    for place in range(12):
        clock.advance(1000)
        sent[f"send {place}"] = document.send(
            plan, sender_id="bob", content=f"Answer {place} \N{ROCKET}", command_id=f"send {place}"
        ).message_id
    for place, text in enumerate(("first", "second")):
        document.edit(sent["send 3"], author_id="bob", content=text, command_id=f"edit {place}")
    document.execute(
        EditMessage(message_id=sent["send 4"], author_id="ada", content="by command"), command_id="edit 2"
    )
    document.delete_message(sent["send 5"], deleted_by="ada")
    document.fork(plan, at=sent["send 6"], sender_id="cleo", name="Aside")
    gone = document.create_thread(sender_id="cleo", content="A mistake").thread_id
    document.delete_thread(gone, deleted_by="cleo")
    _answered(document, plan, "Sealed answer")
    _told(document, clock, random)
    return sent


def _second_half(document: Document, clock: ManualClock, random: Random) -> None:
    """What came after that: more of the same, and two peers who wrote at once."""
    plan = document.threads()[0].thread_id
    document.send(plan, sender_id="ada", content="Later", reply_to=None)
    peer = memory_document(clock=clock, random=random.randbytes)
    peer.receive(document.diff())
    message = peer.messages(plan)[2].message_id
    peer.edit(message, author_id="dora", content="A peer's words")
    document.edit(message, author_id="bob", content="Words of the same moment")
    document.receive(peer.diff(document.state_vector()), origin="dora")
    _answered(document, plan, "Later answer")
    _told(document, clock, random)


def _answered(document: Document, thread_id: str, text: str) -> None:
    with document.start_turn(thread_id, sender_id="codex") as turn:
        for word in text.split():
            turn.append(f"{word} ")
        turn.finalize(usage={"output_tokens": 2})


def _told(document: Document, clock: ManualClock, random: Random) -> None:
    for kind in sorted(LOG_COMMAND_WEIGHTS):
        for _ in range(3):
            clock.advance(10)
            command = some_log_command(random, document.view, kind, clock())
            if command is not None:
                with suppress(CommandRefused, NotFound):  # A refusal is kept as well.
                    document.execute(command, command_id=f"told {random.randrange(10**9)}")


if __name__ == "__main__":
    record(Path(sys.argv[1]))
