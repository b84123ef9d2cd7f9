"""Documents of a database: each is opened by name or id, by any number of servers at once, and has no file."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from chatdoc.agents.ownership import Waiter
from chatdoc.document import Document
from chatdoc.engine.adopt_file import begin, first_update_of
from chatdoc.engine.begin_event_log import begin_event_log
from chatdoc.engine.engine import Engine
from chatdoc.engine.load import keep_rows, load_view
from chatdoc.engine.reader import Reader
from chatdoc.model.arguments import require_text
from chatdoc.model.clock import Clock, system_clock
from chatdoc.model.errors import CommandRefused, DocumentExists, NotFound, StoreError
from chatdoc.model.ids import RandomSource
from chatdoc.store.by_url import documents_at, split
from chatdoc.store.values import Finding, Registration, StoredDocument

if TYPE_CHECKING:
    from chatdoc.store.postgres.documents import PostgresDocuments

NAME_BYTES_MAX = 1000
_log = logging.getLogger("chatdoc")


def open_store(
    url: str,
    *,
    clock: Clock = system_clock,
    random: RandomSource = os.urandom,
    waiter: Waiter = threading.Event.wait,
) -> DocumentDatabase:
    """The documents of a PostgreSQL database, `postgresql://user@host:port/database`; close it, or use `with`.

    The tables are made at the first use, and brought up to date at a later one. The user owns the database or may make
    tables in it, and is no superuser. Raises StoreError, StoreTooNew, StoreDamaged and ReadOnlyTarget.
    """
    require_text("url", url)
    return DocumentDatabase(documents_at(split(url)[0], clock), clock=clock, random=random, waiter=waiter)


def open_by_url(
    url: str, *, clock: Clock, random: RandomSource, waiter: Waiter, create: bool = True
) -> Document:
    """The document that a URL names in its fragment; raises as `DocumentDatabase.open`."""
    with open_store(url, clock=clock, random=random, waiter=waiter) as database:
        return database.open(split(url)[1], create=create)


def read_by_url(url: str) -> Reader:
    """The document that a URL names in its fragment, to be read only."""
    with open_store(url) as database:
        return database.read(split(url)[1])


def verify_by_url(url: str) -> list[Finding]:
    """Everything that is wrong with what is stored of the document that a URL names; nothing is written."""
    with open_store(url) as database:
        return database.verify(split(url)[1])


class DocumentDatabase:
    """Documents by name; usable from any thread. Documents that it opened stay open when it is closed."""

    def __init__(
        self, stored: PostgresDocuments, *, clock: Clock, random: RandomSource, waiter: Waiter
    ) -> None:
        self.stored = stored
        """For the rooms of the store."""
        self._clock, self._random, self._waiter = clock, random, waiter

    @property
    def name(self) -> str:
        """The database as errors call it, without password."""
        return self.stored.pool.name

    @property
    def is_cut_off(self) -> bool:
        """Whether the database cannot be connected to, or refuses writes, as far as is known without asking it."""
        return self.stored.pool.hints.is_cut_off()

    def join(self) -> None:
        """Be one of the servers of the database from now on; raises StoreError, and ReadOnlyTarget on a standby."""
        self.stored.pool.place()

    def documents(self) -> list[StoredDocument]:
        """Every document that is served, by name."""
        return sorted((one for one in self.stored.all() if one.is_served), key=lambda one: one.name)

    def find(self, name: str) -> StoredDocument | None:
        """The document of a name, of a key, or of a document id that one document has; raises CommandRefused."""
        require_text("name", name)
        found = self.stored.named(name) or self.stored.at(name)
        if found is not None:
            return found
        same = [one for one in self.stored.of_id(name) if one.is_served]
        return same[0] if len(same) == 1 else None

    def require(self, name: str) -> StoredDocument:
        """As `find`; raises NotFound, and DocumentMoved where it lives somewhere else now."""
        found = self.find(name)
        if found is None:
            self.stored.require_here(name)
            raise self._not_found(name)
        return found

    def open(self, name: str, *, create: bool = True) -> Document:
        """Open a document to read and change it; one that is not there begins empty, unless `create` is false.

        Several servers may have it open at once: each sees what the others have acknowledged. Turns whose process is
        gone are ended with what was flushed. Raises NotFound, DocumentMoved, CommandRefused for a name that is none,
        and StoreError.
        """
        found = self.find(name)
        if found is None:
            found = self._begin(name) if create else self.require(name)
        store = self.stored.open(found.key)
        try:
            engine = Engine(store, clock=self._clock, random=self._random)
            begin_event_log(engine, PurePosixPath("/", found.name).parent)
            document = Document(engine, waiter=self._waiter)
            document.agents.recover_turns(reason="server_restart")
            self._keep_rows(document)
        except BaseException:
            store.close()
            raise
        return document

    def read(self, name: str) -> Reader:
        """Read a document, writing nothing; raises NotFound and StoreError."""
        with self.stored.open(self.require(name).key, readonly=True) as store:
            view = load_view(store)
        return Reader(lambda: view)

    def verify(self, name: str) -> list[Finding]:
        """Everything that is wrong with what is stored of a document; nothing is written. Raises NotFound."""
        with self.stored.open(self.require(name).key, readonly=True) as store:
            return store.verify()

    def close(self) -> None:
        """Let go of the database."""
        self.stored.close()

    def __enter__(self) -> DocumentDatabase:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _keep_rows(self, document: Document) -> None:
        engine = document.engine
        try:
            keep_rows(engine.store, engine.copy, recorded_at_ms=self._clock())
        except (
            StoreError
        ) as error:  # It makes the next opening faster; a full disk must not hide what is there.
            _log.warning("a row snapshot is not kept: %s", error)

    def _begin(self, name: str) -> StoredDocument:
        require_document_name(name)
        made = begin(self._clock, self._random)
        now = self._clock()
        registration = Registration(path=name, document_id=made.document_id, created_at_ms=now)
        with contextlib.suppress(DocumentExists):  # Another server was faster; what it made is what we open.
            self.stored.create(registration, first_update_of(made), origin="migration", recorded_at_ms=now)
        found = self.stored.named(name)
        if found is None:
            raise self._not_found(name)
        return found

    def _not_found(self, name: str) -> NotFound:
        return NotFound(
            f"the store {self.stored.pool.name} has no document {name}",
            hint="List them: chatdoc status --store URL",
        )


def require_document_name(name: str) -> None:
    """Raise CommandRefused for what cannot be the path of a file below a folder."""
    parts = name.split("/")
    sound = name.isprintable() and 0 < len(name.encode("utf-8", "surrogatepass")) <= NAME_BYTES_MAX
    if not sound or any(part in ("", ".", "..") or part.casefold() == ".chatdoc" for part in parts):
        raise CommandRefused(
            f"expected a printable name of at most {NAME_BYTES_MAX} bytes, as of a file below a folder, and in none of"
            " stores",
            hint="Name it like team/plan.chat",
        )
