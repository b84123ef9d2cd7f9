"""Store finder: which store a file belongs to, told by the path index, the ids in its text, and what stores record."""

from __future__ import annotations

import contextlib
import logging
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from chatdoc.model.errors import ChatdocError, DocumentMoved
from chatdoc.store.plain_file import open_plain
from chatdoc.store.ports import Found, Registration
from chatdoc.store.real_path import is_listed
from chatdoc.store.sqlite.own_files import require_own_folder
from chatdoc.store.sqlite.path_index import PathIndex, encoded
from chatdoc.store.sqlite.store import SqliteStore

END = ".sqlite3"
"""How the names of stores end."""
_PLAIN = re.compile(rb"[0-9A-Za-z_-]{8,}")
"""Ids that stand in a text as they are."""
_PIECE_BYTES = 1 << 20
_log = logging.getLogger("chatdoc.store")


class _Known(NamedTuple):
    """A store, and what it says of its document and file."""

    place: Path
    said: Registration
    lives_at: str | None = None
    """Where its document lives instead, where it was moved."""


class StoreFinder:
    """Looks for stores below one folder and writes nothing; raises OSError and what looking at a store raises."""

    def __init__(
        self, folder: Path, home: Path, index: PathIndex, look: Callable[[Path], SqliteStore]
    ) -> None:
        self._folder, self._home, self._index, self._look = folder, home, index, look

    def find(self, name: str, document_ids: Sequence[str]) -> Found:
        """What is known of the file of a name that says it is one of these documents; see the port."""
        serving = self.serving(name)
        # Where the index knows the file, its copies are not looked at: each has a store of this document.
        all_of_them = list(self._known(document_ids)) if serving is None else []
        known = [one for one in all_of_them if one.said.retired_at_ms is None]
        if serving is None:
            serving = next((one for one in known if one.said.path == name and not one.said.released), None)
        if serving is not None:
            is_same = not document_ids or serving.said.document_id in document_ids
            return Found("registered", serving.place) if is_same else Found("replaced", None, serving.place)
        self._require_here(name, all_of_them)
        left = [one.place for one in known if self._has_left(one)]
        if left:
            return Found("moved", left[-1])
        return Found("copied", None, known[0].place) if known else Found("new", None)

    def serving(self, name: str) -> _Known | None:
        """The store that the index names for a path, if it records that path and is neither retired nor released."""
        found = self._named(name)
        if found is None or found.said.retired_at_ms is not None or found.said.released:
            return None
        return found

    def _named(self, name: str) -> _Known | None:
        """The store that the index names for a path, if it records that path."""
        entry = self._entry(name)
        if entry is None or not os.path.lexists(self._home / entry):
            return None
        found = self._look_up(self._home / entry)
        return found if found.said.path == name else None

    def _entry(self, name: str) -> str | None:
        """The name of a store that the index has for a path."""
        if not require_own_folder(self._index.folder):
            return None
        entry = self._index.get(name)
        if not entry or os.path.basename(entry) != entry or not entry.endswith(END):
            return None
        return entry

    def _require_here(self, name: str, known: list[_Known]) -> None:
        """Raise DocumentMoved where the file's document lives in another store now; a copy of it is another one."""
        named = self._named(name)
        for one in [*known, *([] if named is None else [named])]:
            file = self._folder / one.said.path
            is_its_own = one.said.path == name and not has_left(file, one.said)
            if one.lives_at is not None and (is_its_own or not is_listed(file)):
                raise DocumentMoved.to(
                    one.lives_at, document_id=one.said.document_id, store=str(self._folder / name)
                )

    def _known(self, document_ids: Sequence[str]) -> Iterator[_Known]:
        """The stores of these documents, those of the first id first, in the order in which they were made."""
        there = os.listdir(self._home)
        for document_id in dict.fromkeys(document_ids):
            stem = re.escape(encoded(document_id.encode("utf-8", "surrogatepass")))
            numbered = [re.fullmatch(rf"{stem}(?:-([0-9]+))?{re.escape(END)}", name) for name in there]
            for match in sorted(filter(None, numbered), key=lambda one: int(one[1] or 1)):
                try:
                    found = self._look_up(self._home / match[0])
                except ChatdocError as error:
                    _log.warning("a store is passed over: %s", error)
                    continue
                if found.said.document_id == document_id:
                    yield found

    def _has_left(self, found: _Known) -> bool:
        """Whether the file of a store is not there any more, or is another document's."""
        file = self._folder / found.said.path
        if found.said.released or not is_listed(file):
            return True
        if self._entry(found.said.path) != found.place.name:
            serving = self.serving(found.said.path)
            if serving is not None and serving.place != found.place:
                return True
        return has_left(file, found.said)

    def _look_up(self, place: Path) -> _Known:
        with contextlib.closing(self._look(place)) as store:
            said = store.registry.registration()
            return _Known(place, said, store.lives_at() if said.retired_at_ms is not None else None)


def has_left(file: Path, said: Registration) -> bool:
    """Whether the file that a store was published to is gone, or does not name its document."""
    if not is_listed(file):
        return True
    document_id = said.document_id.encode("utf-8", "surrogatepass")
    if said.text_digest is None or not _PLAIN.fullmatch(document_id):
        return False
    return not _has_bytes(file, document_id)  # What we published names its document.


def _has_bytes(file: Path, wanted: bytes) -> bool:
    """Whether a plain file has these bytes in it; true for one that cannot be read, for then nothing is known."""
    try:
        with open_plain(file) as opened:
            before = b""
            while piece := opened.read(_PIECE_BYTES):
                if wanted in before + piece:
                    return True
                before = piece[-len(wanted) :]
    except OSError:
        return True
    return False
