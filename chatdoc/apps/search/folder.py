"""Searching a folder: documents that changed since the last search are indexed first, and only what differs in them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from chatdoc.engine.reader import Reader
from chatdoc.model.errors import ChatdocError
from chatdoc.model.events.role import role_of
from chatdoc.open import read_document
from chatdoc.store.search.index import Searchable, SearchIndex

CHAT_SUFFIXES = (".chat", ".sage-chat")
STORE_FOLDER = ".chatdoc"


def catch_up(index: SearchIndex, folder: Path) -> list[str]:
    """Bring the index to what the documents below a folder hold; returns those that cannot be read."""
    unread: list[str] = []
    present: set[str] = set()

    def closed(error: OSError) -> None:
        unread.append(_spelled(Path(error.filename), folder))

    for path in _documents(folder, closed):
        name = _spelled(path, folder)
        present.add(name)
        try:
            looks = _looks(path)
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
    for home, folders, names in os.walk(folder, onerror=closed):
        folders[:] = sorted(name for name in folders if name != STORE_FOLDER and not name.startswith("."))
        yield from (Path(home, name) for name in sorted(names) if name.endswith(CHAT_SUFFIXES))


def _looks(path: Path) -> str:
    """How a document's text and the stores beside it look; whatever is written to either changes it."""
    status = path.stat()
    stores = 0
    for home in (path.parent, *path.parents):
        store = home / STORE_FOLDER
        if store.is_dir():
            for entry in os.scandir(store):
                if entry.is_file():
                    stores = max(stores, entry.stat().st_mtime_ns)
            break
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ino}:{stores}"
