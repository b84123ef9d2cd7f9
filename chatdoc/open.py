"""Opening never loses and never guesses: a file is what its bytes say, an open document what its store holds."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from chatdoc.agents.ownership import Ownership, Waiter
from chatdoc.document import Document
from chatdoc.engine.adopt_file import Adopted, adopt, upgrade
from chatdoc.engine.chat_file import Publisher, looks_published, read_bytes
from chatdoc.engine.detach import retire
from chatdoc.engine.event_recorder import Chronicle
from chatdoc.engine.execute import Corridor
from chatdoc.engine.load import keep_rows, load, load_view
from chatdoc.engine.reader import Reader
from chatdoc.model.clock import Clock, system_clock
from chatdoc.model.errors import DocumentExists, MigrationFailed, UnreadableFile
from chatdoc.model.ids import RandomSource
from chatdoc.model.view import apply
from chatdoc.store.atomic_file import require_writable
from chatdoc.store.memory.update_log import MemoryLog
from chatdoc.store.sqlite.location import NAME, store_folder
from chatdoc.store.sqlite.store import Store
from invariants.rule import Violation
from migrate import sniff
from migrate.report import MigrationReport
from migrate.v2.merge_external import document_ids, merge


def open_document(
    path: str | os.PathLike[str],
    *,
    clock: Clock = system_clock,
    random: RandomSource = os.urandom,
    durability: Literal["full", "normal"] = "full",
    create: bool = True,
    waiter: Waiter = threading.Event.wait,
) -> Document:
    """Open a `.chat` file of any format, upgrading it first when it is old; close it with `close()` or `with`.

    The old bytes are kept as a backup before anything is written, and `document.report` says what was done.
    A file that is not there begins empty, unless `create` is false. A symbolic link is followed to the real file.
    Turns whose process is gone are ended with what was flushed; those of others are left alone. `waiter` lets time
    pass between the heartbeats of the turns that run here.
    `durability` is SQLite's `synchronous`: `full` survives a power failure, `normal` a crash of the program.
    Raises UnreadableFile, ReadOnlyTarget, StoreError; the file is then as it was. A migration that breaks a rule
    gives a document to read only, whose changes raise MigrationFailed.
    """
    real = _real(path, create=create)
    require_writable(real)
    if not (store_folder(real) / NAME).exists() and (source := read_bytes(real)).strip():
        sniff(source)  # What is no chat leaves no store behind.
    store = Store.open(store_folder(real), durability=durability)
    try:
        return _open(store, real, clock, random, waiter)
    except BaseException:
        store.close()
        raise


def read_document(path: str | os.PathLike[str]) -> Reader:
    """Read a file of any format, or the stored document behind it, and write nothing; raises like `open_document`."""
    return _read(path)[0]


def migrate_file(path: str | os.PathLike[str], *, dry_run: bool = False) -> MigrationReport | None:
    """Open, upgrade and close a file; the report of what was, or would be, done, None when it is up to date.

    Raises as `open_document` does, and MigrationFailed when the result would break a rule; nothing is written then.
    """
    if dry_run:
        reader, broken = _read(path)
        if broken:
            raise _unverified(path, broken)
        return reader.report
    with open_document(path, create=False) as document:
        document.corridor.require_open()
        return document.report


def _read(path: str | os.PathLike[str]) -> tuple[Reader, tuple[Violation, ...]]:
    """A reader, and the rules that a migration of the file would break."""
    real = _real(path, create=False)
    source = read_bytes(real)
    store = Store.look(store_folder(real))
    if store is not None:
        with store:
            name = store.name_of(real)
            if store.registration(name) is not None:
                view = load_view(store.log(name))
                report = None
                if source.strip() and sniff(source) == "v2":
                    merged = merge(view, source)
                    apply.apply(view, merged.facts, origin="outside")
                    report = merged.report if merged.facts else None
                return Reader(view, report), ()
    if not source.strip():
        return Reader(upgrade(b"").view, None), ()
    made = upgrade(source)
    return Reader(made.view, made.report), made.broken if made.report is not None else ()


def _open(store: Store, path: Path, clock: Clock, random: RandomSource, waiter: Waiter) -> Document:
    name = store.name_of(path)
    trusted = looks_published(store.registration(name), path)
    source = b"" if trusted else read_bytes(path)
    _follow_move(store, name, source)
    adopted: Adopted | None = None
    if store.registration(name) is None:
        try:
            adopted = adopt(store, name, source, clock=clock, random=random)
        except DocumentExists:
            adopted = None  # Another process was faster; what it committed is what we open.
        if adopted is not None and adopted.broken:
            store.close()
            return _to_read_only(path, adopted, clock, random)
    log = store.log(name, closes_store=True)
    if adopted is not None:
        corridor = Corridor(adopted.view, log, known=adopted.known, sequence=1, clock=clock, random=random)
        reached = 0
    else:
        corridor, reached = load(log, clock=clock, random=random)
        if _is_another(corridor, source):
            retire(store, name, corridor.view, origin="store", recorded_at_ms=clock())
            return _open(store, path, clock, random, waiter)
    _follow_events(store, log.number, corridor, clock)
    publisher = Publisher(store, name, path, corridor, clock)
    snapshot = [reached]

    def leave(document: Document) -> None:
        snapshot[0] = keep_rows(corridor, snapshot[0], recorded_at_ms=clock())

    leases = store.leases(name)
    ownership = Ownership(leases, clock=clock, waiter=waiter, lives=lambda: corridor.is_open)
    report = adopted.report if adopted is not None else None
    outside = publisher.take_outside()
    document = Document(
        corridor,
        report or outside,
        path=path,
        ownership=ownership,
        publish=lambda _: publisher.publish(),
        leave=leave,
    )
    document.recover_turns(reason="server_restart")
    document.save()
    leave(document)
    return document


def _follow_move(store: Store, name: str, source: bytes) -> None:
    for document_id in document_ids(source):
        claim = store.claim(name, document_id)
        if claim.standing == "moved" and claim.registration is not None:
            store.move_document(claim.registration.path, name)
            return


def _follow_events(store: Store, number: int, corridor: Corridor, clock: Clock) -> None:
    """Let the corridor tell the event log of every change, and of all that was there before the log began."""
    root = os.fsencode(store.folder).decode("utf-8", "backslashreplace")
    chronicle = Chronicle(store.journal(), clock=clock)
    if not chronicle.stands(number, root):
        corridor.write(lambda: chronicle.start(corridor.view, number, root, corridor.ids))
    corridor.chronicle = chronicle


def _is_another(corridor: Corridor, source: bytes) -> bool:
    """Whether the file holds a document that never was this one: it is opened as its own then, ours is kept aside."""
    said = set(document_ids(source))
    return bool(said) and said.isdisjoint(corridor.view.document_values.get("document_id", ()))


def _to_read_only(path: Path, adopted: Adopted, clock: Clock, random: RandomSource) -> Document:
    corridor = Corridor(adopted.view, MemoryLog(), known={}, sequence=0, clock=clock, random=random)
    corridor.freeze(_unverified(path, adopted.broken))
    return Document(corridor, adopted.report, path=path, read_only=True)


def _unverified(path: str | os.PathLike[str], broken: Sequence[Violation]) -> MigrationFailed:
    found = "; ".join(f"{one.code} {one.subject}: {one.detail}" for one in broken[:3])
    return MigrationFailed(
        f"the migration of {os.fspath(path)} would break rules in {len(broken)} places ({found}), so it was not done",
        hint="The file is untouched and can be read; please report this with the shape of the file",
    )


def _real(path: str | os.PathLike[str], *, create: bool) -> Path:
    try:
        real = Path(os.path.realpath(os.fsdecode(path)))
    except ValueError as error:
        raise UnreadableFile(f"{path!r} is no path: {error}", hint="Check the name") from error
    if real.is_dir():
        raise UnreadableFile(f"{path} is a folder", hint="Name a file in it")
    if not create and not real.exists():
        raise UnreadableFile(f"there is no file {path}", hint="Check the name")
    return real
