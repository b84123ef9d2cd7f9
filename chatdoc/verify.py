"""Verification of a file's store: what is damaged in it, found without opening the document, and nothing is written."""

from __future__ import annotations

import os

from chatdoc.engine.read_file import read_bytes
from chatdoc.store.ports import Finding
from chatdoc.store.real_path import real_path
from chatdoc.store.sqlite.folder import SqliteFolder
from migrate.v2.merge_external import document_ids


def verify_store(path: str | os.PathLike[str]) -> list[Finding] | None:
    """Everything that is wrong with the store that serves a file, there or lost; None for a file without a store."""
    real = real_path(path)
    stores = SqliteFolder(real.parent)
    found = stores.find(real, ())
    if found.place is None and os.path.lexists(real):  # It may have been moved here.
        found = stores.find(real, document_ids(read_bytes(real)))
    if found.place is None:
        return None
    store = stores.look(found.place)
    try:
        return store.verify()
    finally:
        store.close()
