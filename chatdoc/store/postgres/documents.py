"""Directory of the documents of a database: each has a key, a document id and a name, which one served document has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from chatdoc.model.clock import Clock, system_clock
from chatdoc.model.errors import DocumentExists, DocumentMoved, StoreGone
from chatdoc.store import row_digests
from chatdoc.store.ports import Marker, Registration
from chatdoc.store.postgres.database import PostgresDatabase
from chatdoc.store.postgres.order_row import Locked
from chatdoc.store.postgres.pool import Pool, pool_of
from chatdoc.store.postgres.schema_statements import TABLES
from chatdoc.store.postgres.session import Session
from chatdoc.store.postgres.store import PostgresStore
from chatdoc.store.projections.projector import Execute, ExecuteMany
from chatdoc.store.sql import registry, update_log
from chatdoc.store.sql.database import Counts
from chatdoc.store.sql.move import place_of
from chatdoc.store.sql.store import ENDS
from chatdoc.store.sqlite.path_index import encoded
from chatdoc.store.values import StoredDocument

_ENTRY = "SELECT document, document_id, name, is_served, is_retired FROM document_order"
_CLAIM = (
    "INSERT INTO document_order (document, document_id, name, is_retired, is_served, version, last_update)"
    " VALUES (?, ?, ?, ?::int::boolean, ?::int::boolean, 1, 1)"
)
_HAS_GENESIS = "UPDATE document SET floor = 1"


class PostgresDocuments:
    """The documents of one database; `close` it. Each method raises StoreError."""

    def __init__(self, url: str, *, clock: Clock = system_clock) -> None:
        self.pool: Pool = pool_of(url).enter()
        self._clock = clock
        self._is_closed = False

    def all(self) -> list[StoredDocument]:
        """Every document, retired ones too, by key."""
        return self._entries("ORDER BY document", ())

    def named(self, name: str) -> StoredDocument | None:
        """The document that is served under a name."""
        return next(iter(self._entries("WHERE name = ? AND is_served", (name,))), None)

    def of_id(self, document_id: str) -> list[StoredDocument]:
        """The documents of an id, copies too, in the order in which they were made."""
        return self._entries("WHERE document_id = ? ORDER BY made", (document_id,))

    def at(self, key: str) -> StoredDocument | None:
        """The document at a place."""
        return next(iter(self._entries("WHERE document = ?", (key,))), None)

    def create(
        self,
        registration: Registration,
        genesis: bytes,
        *,
        origin: str,
        recorded_at_ms: int,
        marker: Marker | None = None,
        prefix: str = "",
        fill: Callable[[Execute, ExecuteMany], object] | None = None,
    ) -> str:
        """Make a document with its first update, or with what `fill` writes, in one transaction; returns its key.

        Its name is the path that the registration says, behind `prefix`. Raises DocumentExists where another document
        is served under that, and DocumentMoved where one was, until it moved. One that is retired comes beside them.
        """
        name, document_id = prefix + registration.path, registration.document_id
        stem = encoded(document_id.encode("utf-8", "surrogatepass"))
        salt = document_id.encode("utf-8", "surrogatepass")
        is_served = registration.retired_at_ms is None
        if is_served:
            self.require_here(name)

        def make(session: Session) -> str:
            session.begin()
            for number in count(1):
                key = stem if number == 1 else f"{stem}-{number}"
                claimed = (key, document_id, name, int(not is_served), int(is_served))
                if session.execute(f"{_CLAIM} ON CONFLICT DO NOTHING", claimed).rowcount:
                    break
                there = session.execute(f"{_ENTRY} WHERE name = ? AND is_served", (name,)).fetchone()
                if is_served and there is not None:
                    raise DocumentExists(
                        f"the store {self.pool.name} has a document named {name} already", hint="Open it"
                    )
            session.speak_for(key)
            session.execute(registry.BEGIN, registry.registration_values(registration))
            session.execute(update_log.INSERT, update_log.row_of(salt, 1, origin, recorded_at_ms, genesis))
            session.execute(_HAS_GENESIS)
            if marker is not None:
                session.execute(registry.PUT_MARKER, registry.marker_values(marker, recorded_at_ms))
            row_digests.put_all(session.execute)
            if fill is not None:
                fill(session.execute, session.executemany)
                update, event, head = session.execute(ENDS).fetchone()
                row = Locked(key, 1, Counts(update, event, head, not is_served))
                row.after = row.counts
                row.advance(session)
            session.commit(self.pool.name, "make a document")
            return key

        return self.pool.use(make, "make a document")

    def open(self, key: str, *, readonly: bool = False, location: Path | None = None) -> PostgresStore:
        """Open a document to read and write it; raises StoreGone where there is none."""
        found = self.at(key)
        if found is None:
            raise StoreGone(
                f"the store {self.pool.name} has no document {key}",
                hint="List them: chatdoc status --store URL",
            )
        database = PostgresDatabase(self.pool, key, readonly=readonly)
        try:
            store = PostgresStore(database, self._clock, location)
            database.prefix = found.name.removesuffix(store.registry.registration().path)
            if not readonly and any(one.behind for one in store.read_model.progress()):
                store.read_model.catch_up()
        except BaseException:
            database.close()
            raise
        return store

    def require_here(self, name: str) -> None:
        """Raise DocumentMoved where the document of a name lives somewhere else now."""

        def look(session: Session) -> tuple[str, str] | None:
            for found in session.execute(f"{_ENTRY} WHERE name = ? AND is_retired ORDER BY made", (name,)):
                session.speak_for(found[0])
                if (place := place_of(session.execute)) is not None:
                    return found[1], place
            return None

        moved = self.pool.use(look, "look up its documents")
        if moved is not None and self.named(name) is None:
            raise DocumentMoved.to(moved[1], document_id=moved[0], store=f"{self.pool.name}#{name}")

    def forget(self, key: str) -> None:
        """Remove a document with everything that is stored of it."""

        def remove(session: Session) -> None:
            session.begin()
            session.speak_for(key)
            for table in sorted(TABLES):
                session.execute(f"DELETE FROM {table}")
            session.execute("DELETE FROM document_order WHERE document = ?", (key,))
            session.commit(self.pool.name, "forget a document")

        self.pool.use(remove, "forget a document")

    def close(self) -> None:
        """Let go of the database; documents that are open stay so."""
        if not self._is_closed:
            self._is_closed = True
            self.pool.leave()

    def __enter__(self) -> PostgresDocuments:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _entries(self, where: str, values: Sequence[Any]) -> list[StoredDocument]:
        def look(session: Session) -> list[StoredDocument]:
            return [StoredDocument(*row) for row in session.execute(f"{_ENTRY} {where}", values)]

        return self.pool.use(look, "look up its documents")
