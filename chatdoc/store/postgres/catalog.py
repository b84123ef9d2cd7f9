"""Catalog: where a document's logs have come to, as the row says that every writer locks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from chatdoc.store.postgres.schema_statements import SETTING
from chatdoc.store.sql.database import Counts
from chatdoc.store.values import Registration

if TYPE_CHECKING:
    from chatdoc.store.postgres.database import PostgresDatabase

_GIVEN = f"SELECT last_event FROM document_order WHERE document = current_setting('{SETTING}')"
_NAMES = (
    "SELECT c.relname::text FROM pg_class AS c WHERE c.relnamespace ="
    " (SELECT one.relnamespace FROM pg_class AS one WHERE one.oid = 'document_order'::regclass)"
)
"""Of the schema in which the tables are: one that was made later may stand before it in the search_path."""
_REGISTERED = (
    "UPDATE document_order SET name = ?, is_retired = ?::int::boolean, is_served = ?::int::boolean"
    f" WHERE document = current_setting('{SETTING}')"
)


class PostgresCatalog:
    """What is known of one document beyond its rows; see the port."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    def counts(self) -> Counts:
        """See the port."""
        return self._database.locked().counts

    def note_counts(self, counts: Callable[[], Counts]) -> None:
        """See the port: whoever locks the row next finds them in it."""
        self._database.locked().after = counts()

    def note_registration(self, registration: Registration) -> None:
        """See the port: a document is found by what its row says."""
        retired = registration.retired_at_ms is not None
        served = not retired and not registration.released
        name = self._database.prefix + registration.path
        self._database.connection().execute(_REGISTERED, (name, int(retired), int(served)))

    def given_sequence(self) -> int:
        """See the port."""
        return int(self._database.rows(_GIVEN, (), "find its last event")[0][0])

    def names(self) -> set[str]:
        """See the port."""
        return {name for (name,) in self._database.rows(_NAMES, (), "look up its tables")}

    def shrink(self, free_share_min: float) -> None:
        """Nothing: the database vacuums its tables itself."""

    def damaged_pages(self) -> list[str]:
        """Nothing: the database checks its pages itself, with `--data-checksums` and pg_amcheck."""
        return []
