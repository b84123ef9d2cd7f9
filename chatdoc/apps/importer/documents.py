"""Which document a session goes into, and the documents of a run: opened when needed, saved once, let go of."""

from __future__ import annotations

import re
from collections import OrderedDict
from hashlib import sha256
from pathlib import Path

from chatdoc.apps.importer.discover import spelled_out
from chatdoc.document import Document
from chatdoc.model.errors import ChatdocError
from chatdoc.open import open_document
from chatdoc.store.chat_folders import CHAT_SUFFIXES

OPEN_MAX = 8
_ODD = re.compile(r"[^A-Za-z0-9._-]+")


class Target:
    """Where imports go: one file, or in a folder one document for each project folder."""

    def __init__(self, into: Path) -> None:
        into = spelled_out(into)
        self.file = into if into.suffix in CHAT_SUFFIXES and not into.is_dir() else None
        self.folder = into.parent if self.file is not None else into

    def document_of(self, worked_in: str) -> Path:
        """The document of sessions whose tool worked in a folder: named after it, with a digest of its path."""
        if self.file is not None:
            return self.file
        if not worked_in:
            return self.folder / "sessions.chat"
        name = _ODD.sub("-", re.split(r"[/\\]", worked_in.rstrip("/\\"))[-1]).strip("-.") or "project"
        digest = sha256(worked_in.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        return self.folder / f"{name[:60]}-{digest}.chat"


class Documents:
    """At most a few documents are open at once; each is saved when it is let go of."""

    def __init__(self) -> None:
        self._open: OrderedDict[Path, Document] = OrderedDict()
        self.unsaved: set[str] = set()
        """Those whose text could not be written when that was tried last; their stores have what it lacks."""
        self._untold: dict[Path, ChatdocError] = {}
        """Why those that made room for others could not be saved."""

    def get(self, path: Path) -> Document:
        """The document at a path, open; raises as `open_document` does."""
        document = self._open.get(path)
        if document is None:
            if len(self._open) >= OPEN_MAX:
                self._let_go(*self._open.popitem(last=False))
            path.parent.mkdir(parents=True, exist_ok=True)
            document = self._open[path] = open_document(path)
            self.unsaved.discard(str(path))  # Opening saves what the store has and the text has not.
            self._untold.pop(path, None)
        self._open.move_to_end(path)
        return document

    def has(self, path: Path) -> bool:
        """Whether there is a document: open, its text perhaps not written yet, or on the disk."""
        return path in self._open or path.exists()

    def opened(self) -> list[Document]:
        """Those that are open now."""
        return list(self._open.values())

    def save(self) -> list[tuple[str, ChatdocError]]:
        """Write the text of those that changed; returns those for which that failed, each with why."""
        failed = [(str(path), error) for path, error in self._untold.items()]
        self._untold.clear()
        for path, document in self._open.items():
            self.unsaved.discard(str(path))
            try:
                document.save()
            except ChatdocError as error:
                self.unsaved.add(str(path))
                failed.append((str(path), error))
        return failed

    def close(self) -> None:
        """Save and let go of all; raises what failed first, unless `save` has told it."""
        while self._open:
            self._let_go(*self._open.popitem())
        untold = list(self._untold.values())
        self._untold.clear()
        if untold:
            raise untold[0]

    def _let_go(self, path: Path, document: Document) -> None:
        try:
            document.close()
        except ChatdocError as error:
            if str(path) not in self.unsaved:
                self.unsaved.add(str(path))
                self._untold[path] = error

    def __enter__(self) -> Documents:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
