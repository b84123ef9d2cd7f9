"""Store by URL: `postgresql://…` names a database of documents; its library is loaded when one is named."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from chatdoc.model.clock import Clock
from chatdoc.model.errors import StoreError
from chatdoc.store.ports import Stores

if TYPE_CHECKING:
    from chatdoc.store.postgres.documents import PostgresDocuments

_SCHEMES = ("postgresql://", "postgres://")


def is_url(place: str) -> bool:
    """Whether a place is the URL of a database and no path."""
    return place.startswith(_SCHEMES)


def split(url: str) -> tuple[str, str]:
    """A URL without its fragment, and that: the name of a document, or of a folder of documents."""
    database, _, fragment = url.partition("#")
    return database, unquote(fragment)


def documents_at(url: str, clock: Clock) -> PostgresDocuments:
    """The documents of a database; raises StoreError, also where the library that speaks to it is not installed."""
    found: PostgresDocuments = _room("documents").PostgresDocuments(url, clock=clock)
    return found


def folder_at(url: str, folder: Path, clock: Clock) -> Stores:
    """The stores of a folder of chat files in a database; the URL's fragment is the folder's name there."""
    database, name = split(url)
    prefix = f"{name.rstrip('/')}/" if name else ""
    found: Stores = _room("folder").PostgresFolder(folder, database, prefix=prefix, clock=clock)
    return found


def _room(name: str) -> Any:
    try:
        return import_module(f"chatdoc.store.postgres.{name}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "psycopg":
            raise
        raise StoreError(
            "documents in PostgreSQL need the library psycopg, which is not installed",
            hint="pip install 'chatdoc[postgres]'",
        ) from error
