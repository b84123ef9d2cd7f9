"""Where the store of a folder's only document is: a file beside it, or rows of a database for tests that say so."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from chatdoc.store.by_url import folder_at

DATABASES: list[str] = []
"""The URL of the database in which documents are now, none where they are in files."""


def store_file(folder: Path) -> Path:
    """The store of the only document of a folder."""
    (found,) = sorted((folder / ".chatdoc").glob("*.sqlite3"))
    return found


def url_of(folder: str | os.PathLike[str]) -> str:
    """The database in which documents are, with the name that a folder has there."""
    return f"{DATABASES[-1]}#{os.path.realpath(folder)}"


def ask(folder: Path, question: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the store of a folder's only document answers."""
    if DATABASES:
        stores: Any = folder_at(url_of(folder), folder, lambda: 0)
        (place,) = stores.places()
        with stores.look(place) as store:
            found: list[tuple[Any, ...]] = store.database.rows(question, values, "be asked")
            return found
    connection = sqlite3.connect(store_file(folder))
    try:
        return connection.execute(question, values).fetchall()
    finally:
        connection.close()
