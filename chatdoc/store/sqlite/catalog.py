"""Catalog: where a document's logs have come to, and what its pages say, as SQLite's own tables and pragmas tell it."""

from __future__ import annotations

from collections.abc import Callable

from chatdoc.store.sql.database import Counts
from chatdoc.store.sql.update_log import LAST
from chatdoc.store.tables import Tables
from chatdoc.store.values import Registration

_GIVEN = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'orchestration_events'"
_NAMES = "SELECT name FROM sqlite_master"
_PAGES = "PRAGMA integrity_check"
_COUNTS = (
    f"SELECT ({LAST}), ({_GIVEN}), (SELECT digest FROM orchestration_events ORDER BY sequence DESC LIMIT 1),"
    " (SELECT retired_at_ms FROM document)"
)
_FREE = "SELECT freelist_count, page_count FROM pragma_freelist_count, pragma_page_count"


class SqliteCatalog:
    """What SQLite knows of one document's tables; see the port."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def counts(self) -> Counts:
        """See the port."""
        found = self._tables.ask(lambda execute: execute(_COUNTS).fetchone(), "find where its logs end")
        update, event, head, retired_at_ms = found
        return Counts(update, event, head, retired_at_ms is not None)

    def note_counts(self, counts: Callable[[], Counts]) -> None:
        """Nothing: SQLite finds the ends of its tables."""

    def note_registration(self, registration: Registration) -> None:
        """Nothing: a store's file is found by what it says itself."""

    def given_sequence(self) -> int:
        """See the port."""
        return int(self._tables.ask(lambda execute: execute(_GIVEN).fetchone(), "find its last event")[0])

    def names(self) -> set[str]:
        """See the port."""
        rows = self._tables.ask(lambda execute: execute(_NAMES).fetchall(), "look up its tables")
        return {name for (name,) in rows}

    def shrink(self, free_share_min: float) -> None:
        """See the port: the file is written anew without its free pages, whole or not at all."""
        free, pages = self._tables.ask(lambda execute: execute(_FREE).fetchone(), "look for free space")
        if free < free_share_min * pages:
            return
        for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            self._tables.ask(lambda execute, one=statement: execute(one).fetchall(), "give space back")  # type: ignore[misc]

    def damaged_pages(self) -> list[str]:
        """See the port."""
        rows = self._tables.ask(lambda execute: execute(_PAGES).fetchall(), "check its pages")
        return [str(said) for (said,) in rows if said != "ok"]
