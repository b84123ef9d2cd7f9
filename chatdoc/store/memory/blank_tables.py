"""A store in memory has every table and nothing in them: events can be folded there, and no file is touched."""

from __future__ import annotations

import sqlite3

from chatdoc.store.sqlite import schema


def blank() -> sqlite3.Connection:
    """A connection to a store that is nowhere, in autocommit; whoever is done closes it."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("BEGIN")
    schema.begin(connection.execute)
    schema.advance(connection.execute)
    connection.execute("COMMIT")
    return connection
