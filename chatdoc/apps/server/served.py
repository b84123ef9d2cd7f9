"""Catalogue of what a server serves, files of a folder or documents of a database: their names, places and opening."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from chatdoc.apps.server.document_access import call_on_news, commit_asynchronously, store_paths
from chatdoc.apps.server.paths import Listing, file_of, is_there, list_documents, require_sound
from chatdoc.apps.server.store_watch import StoreWatch
from chatdoc.database import DocumentDatabase
from chatdoc.document import Document
from chatdoc.engine.read_file import stat_of
from chatdoc.model.errors import ChatdocError, DiskFull, NotFound, ReadOnlyTarget, StoreError, WriteFailed
from chatdoc.open import open_document
from chatdoc.read_only import opened_to_read
from chatdoc.store.atomic_file import require_writable
from chatdoc.store.file_system import may_be_shared


class Served:
    """The documents of a folder, or those of a database by name; every call may wait for the disk."""

    def __init__(
        self,
        folder: Path,
        database: DocumentDatabase | None,
        opener: Callable[..., Document],
        *,
        create: bool,
    ) -> None:
        self._folder, self._database = folder, database
        self._opener, self._create = opener, create
        self._read: dict[Path, str | None] = {}
        """How each file looked when it was opened last."""

    def place_of(self, name: str, *, create: bool) -> Path:
        """The place of a name; raises NotFound for what names no document, and without `create` for what is not there.

        Of a database it is none in the file system.
        """
        if self._database is None:
            path = file_of(self._folder, name)
        else:
            require_sound(name)
            path = self._folder / name
        if not create:
            self._require_there(name, path)
        return path

    @property
    def is_reachable(self) -> bool:
        """Whether documents can be opened, as far as is known without waiting."""
        is_cut_off = self._database is not None and self._database.is_cut_off
        return not is_cut_off and os.access(self._folder, os.R_OK | os.X_OK)

    def listing(self) -> Listing:
        """The documents that are stored."""
        if self._database is not None:
            return Listing([one.name for one in self._database.documents()])
        return list_documents(self._folder)

    def _require_there(self, name: str, path: Path) -> None:
        """Raise NotFound for a document that would begin if it were opened."""
        if self._database is not None:
            self._database.require(name)
        elif self._opener is open_document and not is_there(path):  # What another one finds, it alone knows.
            raise NotFound(
                f"there is no document {name}",
                hint="List those that are there; a first write begins one",
            )

    def open(self, name: str, path: Path, wake: Callable[[], None]) -> tuple[Document, StoreWatch]:
        """Open a document, and let its store call `wake` where it hears of others by itself; raises what opening does.

        With it comes what tells of others by the store's files, where there are any.

        One that may not be written, or has a full disk, is open to be read only. To hear of others a database is
        connected to, which may take a second.
        """
        if self._database is not None:
            doc = self._database.open(name, create=self._create)
        else:
            looks = stat_of(path)
            try:
                doc = self._opener(path, create=self._create)
            except (StoreError, WriteFailed, ReadOnlyTarget) as error:
                doc = opened_to_read(path, error)
            self._read[path] = looks
        try:
            commit_asynchronously(doc)
            call_on_news(doc, wake)
            paths = store_paths(doc)
            return doc, StoreWatch(paths, may_hang=any(map(may_be_shared, paths[:1])))
        except BaseException:
            doc.close()
            raise

    def is_outdated(self, path: Path, reason: ChatdocError) -> bool:
        """Whether a document that is open to be read only can be opened to write now, or its file was changed."""
        looks = stat_of(path)
        # One that cannot be seen now is served on.
        if looks is not None and looks != self._read.get(path, looks):
            return True
        if not isinstance(reason, DiskFull | ReadOnlyTarget):  # To be converted it is changed.
            return False
        try:
            require_writable(path)  # First: to open a file that has no store yet is to migrate it.
            self._opener(path, create=False).close()
        except (ChatdocError, OSError):
            return False
        return True
