"""Searching a folder: documents that changed since the last search are indexed first, and only what differs in them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from chatdoc.engine.reader import Reader
from chatdoc.model.errors import ChatdocError
from chatdoc.model.events.role import role_of
from chatdoc.open import read_document
from chatdoc.store.chat_folders import CHAT_SUFFIXES, unless_gone
from chatdoc.store.real_path import real_path
from chatdoc.store.search.index import Searchable, SearchIndex
from chatdoc.store.sqlite.path_index import PathIndex

STORE_FOLDER = ".chatdoc"


def catch_up(index: SearchIndex, folder: Path) -> list[str]:
    """Bring the index to what the documents below a folder hold; returns those that cannot be read."""
    unread: list[str] = []
    present: set[str] = set()
    seen = _Looks()

    def closed(error: OSError) -> None:
        unread.append(_spelled(Path(error.filename), folder))

    for path in _documents(folder, closed):
        name = _spelled(path, folder)
        present.add(name)
        try:
            looks = seen.of(path)
            if index.looks_of(name) == looks:
                continue
            reader = read_document(path)
        except (ChatdocError, OSError):
            unread.append(name)
            continue
        index.take(name, looks, messages_of(reader))
    for name in index.documents():
        if name not in present:
            index.forget(name)
    return unread


def messages_of(reader: Reader) -> Iterator[Searchable]:
    """The messages of a document as they are searched; deleted ones are not."""
    view = reader.view
    for thread in reader.threads():
        session = thread.extra.get("session")
        source = session.get("source") if isinstance(session, dict) else None
        name = reader.config(thread.thread_id).name or ""
        for message in reader.messages(thread.thread_id):
            marks = view.marks.get(message.message_id, {})
            yield Searchable(
                message_id=message.message_id,
                thread_id=thread.thread_id,
                thread=name,
                source=source if isinstance(source, str) else "chat",
                role=role_of(view.variants_of_message(message.message_id), marks),
                sender_id=message.sender_id,
                date=message.date,
                text=message.content,
            )


def _spelled(path: Path, folder: Path) -> str:
    """A path below the folder as SQLite's text and JSON can hold it: they refuse a name that is no UTF-8."""
    return os.fsencode(path.relative_to(folder)).decode("utf-8", "backslashreplace")


def _documents(folder: Path, closed: Callable[[OSError], None]) -> Iterator[Path]:
    for home, folders, names in os.walk(folder, onerror=unless_gone(folder, closed)):
        folders[:] = sorted(name for name in folders if name != STORE_FOLDER and not name.startswith("."))
        yield from (Path(home, name) for name in sorted(names) if name.endswith(CHAT_SUFFIXES))


class _Looks:
    """How documents look from outside, for one search; a document that is read gets other looks by any write to it."""

    def __init__(self) -> None:
        self._newest: dict[Path, str] = {}

    def of(self, path: Path) -> str:
        """How a document's text and its store look; raises OSError."""
        real = real_path(path)
        home = real.parent / STORE_FOLDER
        store = PathIndex(home).get(real.name)
        if store is None:  # There is none, or the index has lost it: then any store of the folder may be it.
            if home not in self._newest:
                self._newest[home] = _newest_of(home)
            return f"{_seen(real)} {self._newest[home]}"
        file = home / os.path.basename(store)
        return f"{_seen(real)} {store} {_seen(file)} {_seen(file.with_name(f'{file.name}-wal'))}"


def _seen(file: Path) -> str:
    try:
        status = file.stat()
    except FileNotFoundError:
        return "-"
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ino}"


def _newest_of(home: Path) -> str:
    try:
        entries = list(os.scandir(home))
    except FileNotFoundError:
        return "-"
    return str(max((one.stat().st_mtime_ns for one in entries if one.is_file()), default=0))
