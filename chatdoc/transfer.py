"""Push and pull: documents go between a folder and a database with their whole history, log and receipts.

| the other side has | push or pull |
| --- | --- |
| nothing | makes the document there |
| the beginning of the log | brings it up to date |
| the same | does nothing |
| more, or something else | is refused: newer edits are never written over |

Each document is one transaction, so a run that was cut off is begun again and goes on with what is missing; two runs at
once bring about what one of them would.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec

from chatdoc.database import open_store, require_document_name
from chatdoc.engine.adopt_file import first_entry
from chatdoc.engine.chat_file import ChatFile
from chatdoc.engine.engine import Engine
from chatdoc.engine.standing import standing
from chatdoc.model.clock import Clock, system_clock
from chatdoc.model.errors import (
    ChatdocError,
    CommitUnknown,
    DocumentExists,
    NewerEdits,
    StoreDamaged,
    UnreadableFile,
)
from chatdoc.open import open_document
from chatdoc.store.ports import DocumentStore, Registration, Stores
from chatdoc.store.postgres.documents import PostgresDocuments
from chatdoc.store.postgres.postgres_errors import is_lost_connection
from chatdoc.store.postgres.schema_statements import TABLES
from chatdoc.store.projections.projector import Execute, ExecuteMany
from chatdoc.store.sql.store import SqlStore
from chatdoc.store.sql.whole_copy import Copied, copied_tables, read_all, write_all
from chatdoc.store.sqlite.folder import NAME as STORE_FOLDER
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.values import StoredDocument

Outcome = Literal["copied", "equal", "refused"]
ATTEMPTS = 4
"""So often a document is compared anew that somebody else writes to, or copies, at the same time."""
_COLUMNS = copied_tables((table.name, table.columns) for table in TABLES.values())


class Transferred(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one document; `name` is its path below the folder, and its name in the database."""

    name: str
    document_id: str | None
    outcome: Outcome
    copied: Copied | None = None
    problem: str | None = None


def push(
    files: Iterable[tuple[Path, str]], url: str, *, clock: Clock = system_clock
) -> Iterator[Transferred]:
    """Copy the documents of files, each under a name, into a database; one that is refused stops none of the others.

    A file that was never opened is opened first: its old bytes are kept as a backup, as `open_document` does. Raises
    StoreError where the database cannot be used; once it is gone, what is left is refused without trying.
    """
    with open_store(url, clock=clock) as database:
        run = _Run()
        for file, name in files:
            yield run.tried(name, None, partial(_pushed, database.stored, file, name, clock))


def pull(
    folder: str | os.PathLike[str],
    url: str,
    *,
    documents: Collection[str] | None = None,
    clock: Clock = system_clock,
) -> Iterator[Transferred]:
    """Copy the documents of a database, or some of them, into a folder: their stores, and their texts beside them.

    A file that is there and is not that document's is never written over. Raises NotFound and StoreError; what cannot
    be written stops none of the others.
    """
    home = Path(os.path.realpath(folder))
    with open_store(url, clock=clock) as database:
        wanted = database.documents()
        if documents is not None:
            wanted = list({one.key: one for one in map(database.require, documents)}.values())
        run = _Run()
        for one in wanted:
            yield run.tried(one.name, one.document_id, partial(_pulled, database.stored, home, one, clock))


class _Overtaken(Exception):
    """Somebody else wrote to the other side behind the comparison; its reason is why nothing was written."""


class _Run:
    """What one call copies, a document after the other."""

    def __init__(self) -> None:
        self._gone: str | None = None
        """Why the database cannot be used any more: each further attempt would wait for it in vain."""

    def tried(self, name: str, document_id: str | None, copy: Callable[[], Transferred]) -> Transferred:
        """What became of a document; one that somebody else copies or writes to at the same time is compared anew."""
        problem = self._gone
        for is_last in (False,) * ATTEMPTS + (True,):
            if problem is not None:
                break
            try:
                return copy()
            except (DocumentExists, CommitUnknown, _Overtaken) as overtaken:
                if is_last:
                    problem = str(overtaken.__cause__ if isinstance(overtaken, _Overtaken) else overtaken)
            except ChatdocError as error:
                problem = str(error)
                if is_lost_connection(error.__cause__):
                    self._gone = problem
            except OSError as error:
                where = "" if error.filename is None else f": {os.fsdecode(error.filename)}"
                problem = f"{error.strerror or type(error).__name__}{where}"
        return Transferred(name=name, document_id=document_id, outcome="refused", problem=problem)


def _pushed(stored: PostgresDocuments, file: Path, name: str, clock: Clock) -> Transferred:
    require_document_name(name)
    with open_document(file, create=False, clock=clock) as document:
        document.engine.require_open()
        source = document.engine.store
        document_id = source.registry.registration().document_id
        found = stored.named(name)
        if found is None:
            return _made(stored, source, name)
        if found.document_id != document_id:
            raise _other(name, found.document_id, document_id)
        with stored.open(found.key) as target:
            return _transferred(name, source, target, is_new=False)


def _made(stored: PostgresDocuments, source: DocumentStore, name: str) -> Transferred:
    """Make a document whole, in one transaction: nobody opens one that has only its beginning."""
    assert isinstance(source, SqlStore), "a stored document has tables"
    said = _fresh(source, name)
    rows = source.at_one_moment(lambda: source.tables.ask(partial(read_all, tables=_COLUMNS), "be copied"))
    copied: list[Copied] = []

    def fill(run: Execute, run_many: ExecuteMany) -> None:
        copied[:] = [write_all(run, run_many, _COLUMNS, rows, said)]

    key = stored.create(said, **first_entry(source), recorded_at_ms=said.created_at_ms, fill=fill)
    with stored.open(key, readonly=True) as target:
        _require_sound(target, name)
    return Transferred(name=name, document_id=said.document_id, outcome="copied", copied=copied[0])


def _pulled(stored: PostgresDocuments, home: Path, one: StoredDocument, clock: Clock) -> Transferred:
    file = _below(home, one.name)
    with stored.open(one.key, readonly=True) as source:
        file.parent.mkdir(parents=True, exist_ok=True)
        stores = SqliteFolder(file.parent, clock=clock)
        document_id = source.registry.registration().document_id
        found = stores.find(file, (document_id,))
        if found.standing == "replaced" or (found.place is None and os.path.lexists(file)):
            raise NewerEdits(
                f"{file} is there and is not document {document_id}, so it was not written over",
                hint="Move it away, or pull into another folder",
            )
        if found.place is None:
            said = _fresh(source, file.name)
            target = stores.create(file, said, **first_entry(source), recorded_at_ms=said.created_at_ms)
        else:
            target = stores.open(found.place)
        with target:
            is_there = os.path.lexists(file)
            if is_there:  # What somebody wrote into the file is an edit, and newer.
                _text_of(stores, file, target, clock).take_external()
            # Whoever pulls a document whose file was deleted wants it back.
            done = _transferred(one.name, source, target, is_new=not is_there)
            if (
                done.outcome == "copied"
            ):  # Read anew: what memory has of a store is not told of its own changes.
                _text_of(stores, file, target, clock).save()
        return done


def _text_of(stores: Stores, file: Path, store: DocumentStore, clock: Clock) -> ChatFile:
    return ChatFile(stores, file, Engine(store, clock=clock, random=os.urandom))


def _transferred(name: str, source: DocumentStore, target: SqlStore, *, is_new: bool) -> Transferred:
    """Copy what the target lacks, in one transaction of it, from one moment of the source; all where it is new."""
    assert isinstance(source, SqlStore), "a stored document has tables"

    def now() -> tuple[str, Any]:
        stands = standing(target, source)
        return stands, source.tables.ask(lambda run: read_all(run, _COLUMNS), "be copied")

    seen = target.version()
    said = target.registry.registration()
    stands, rows = source.at_one_moment(now)
    if stands in ("ahead", "differs"):
        what = "has newer edits" if stands == "ahead" else "has gone another way"
        raise NewerEdits(
            f"document {said.document_id} {what} where {name} was to be copied to, so nothing was written",
            hint="Copy it the other way first; of two that went different ways, export one and merge it by hand",
        )
    if stands == "equal" and not is_new:
        return Transferred(name=name, document_id=said.document_id, outcome="equal")
    registration = msgspec.structs.replace(
        said, text_digest=None, text_stat=None, text_sequence=None, retired_at_ms=None, released=False
    )
    try:
        copied = target.replace(
            lambda run, run_many: write_all(run, run_many, _COLUMNS, rows, registration),
            registration,
            seen=seen,
        )
    except NewerEdits as error:
        raise _Overtaken from error
    _require_sound(target, name)
    return Transferred(name=name, document_id=said.document_id, outcome="copied", copied=copied)


def _require_sound(target: SqlStore, name: str) -> None:
    problems = target.verify()
    if problems:
        raise StoreDamaged(
            f"the copy of {name} is damaged: {problems[0].where} {problems[0].what}",
            hint="Check where it comes from: chatdoc check",
        )


def _fresh(source: DocumentStore, path: str) -> Registration:
    said = source.registry.registration()
    return Registration(path=path, document_id=said.document_id, created_at_ms=said.created_at_ms)


def _below(home: Path, name: str) -> Path:
    parts = name.split("/")
    file = home.joinpath(*parts)
    if any(part.casefold() == STORE_FOLDER for part in parts):  # A disk may tell no case.
        raise UnreadableFile(
            f"{name} would lie among the stores of its folder", hint="Open it in the database, or export it"
        )
    if not Path(os.path.realpath(file)).is_relative_to(home):
        raise UnreadableFile(f"{name} leads out of {home}", hint="Pull it into another folder")
    return file


def _other(name: str, there: str, ours: str) -> NewerEdits:
    return NewerEdits(
        f"the database has another document named {name}: {there}, not {ours}",
        hint="Push it from a folder in which it has another name",
    )
