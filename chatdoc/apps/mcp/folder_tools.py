"""The tools of an assistant: chats of one folder as plain values, every answer bounded, nothing outside reachable.

Reading opens nothing for writing. Writing opens a document for the one command, whatever else has it open, and is done
once under each command id.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from pathlib import Path
from typing import Any

import msgspec

from chatdoc.apps.search.folder import catch_up
from chatdoc.apps.server.paths import file_of, list_documents
from chatdoc.document import Document
from chatdoc.engine.reader import Reader
from chatdoc.model.errors import CommandRefused
from chatdoc.model.records.message import Message
from chatdoc.open import open_document, read_document
from chatdoc.store.search.index import SearchIndex

TEXT_LENGTH_MAX = 20_000
"""A longer text is cut in lists; `read_message` gives it in parts."""
PAGE_MAX = 200
VIOLATIONS_MAX = 100
_SIGNS = ("**", "**")


class FolderTools:
    """What an assistant may ask of a folder; each method raises ChatdocError with words for the one who asked."""

    def __init__(self, folder: str | os.PathLike[str], *, sender_id: str) -> None:
        self.folder = Path(os.path.realpath(folder))
        self.sender_id = sender_id

    def list_documents(self, limit: int = 100, after: str | None = None) -> dict[str, Any]:
        """The first chats below the folder by path, with their sizes in bytes; and what could not be looked into.

        `after` in the answer leads to those behind them; `of` is how many there are.
        """
        limit = max(1, min(limit, PAGE_MAX))
        found = list_documents(self.folder)
        begin = 0 if after is None else bisect_right(found.names, after)
        page = found.names[begin : begin + limit]
        return {
            "documents": [{"path": one, "bytes": _size(self.folder / one)} for one in page],
            "after": page[-1] if begin + limit < len(found.names) else None,
            "of": len(found.names),
            **_first("unreadable", msgspec.to_builtins(found.unreadable)),
        }

    def list_threads(self, document: str, limit: int = 100, before: str | None = None) -> dict[str, Any]:
        """The last threads of a chat, oldest first: name, who began it and when, its messages, what its agent does.

        `before` in the answer leads to those before them.
        """
        limit = max(1, min(limit, PAGE_MAX))
        reader = self._read(document)
        found = reader.threads(limit=limit + 1, before=before)
        threads = []
        for one in found[-limit:]:
            state = reader.state(one.thread_id)
            threads.append(
                {
                    "thread_id": one.thread_id,
                    "name": reader.config(one.thread_id).name,
                    "created_by": one.created_by,
                    "created_at": one.created_at,
                    "root_message_id": one.root_message_id,
                    "messages": len(reader.view.ordered(one.thread_id)),
                    "state": state.state if state is not None else None,
                }
            )
        earlier = threads[0]["thread_id"] if len(found) > limit else None
        return {"document": document, "threads": threads, "before": earlier}

    def read_messages(
        self, document: str, thread_id: str, limit: int = 50, before: str | None = None
    ) -> dict[str, Any]:
        """The last messages of a thread, oldest first; `before` in the answer leads to those before them."""
        limit = max(1, min(limit, PAGE_MAX))
        reader = self._read(document)
        found = reader.messages(thread_id, limit=limit, before=before)
        earlier = bool(found and reader.messages(thread_id, limit=1, before=found[0].message_id))
        return {
            "document": document,
            "thread_id": thread_id,
            "messages": [_shown(one) for one in found],
            "before": found[0].message_id if earlier else None,
        }

    def read_message(self, document: str, message_id: str, offset: int = 0) -> dict[str, Any]:
        """One message, also a deleted one, with its earlier texts; a long text from an offset in characters on."""
        message = self._read(document).message(message_id)
        offset = max(0, min(offset, len(message.content)))
        return {
            "document": document,
            **_shown(message, offset),
            "deleted_by": message.deleted_by,
            "history": [
                {"author_id": one.author_id, "date": one.date, "content": one.content[:TEXT_LENGTH_MAX]}
                for one in message.history[1:PAGE_MAX]
            ],
        }

    def search(self, query: str, limit: int = 20) -> dict[str, Any]:
        """Messages that hold all words of a query, the best first; "two words" is a phrase, word* a beginning."""
        limit = max(1, min(limit, PAGE_MAX))
        with SearchIndex.open(self.folder) as index:
            unread = catch_up(index, self.folder)
            # The index has what links lead to, which is for who may read the disk, and not for an assistant.
            served = list_documents(self.folder).names
            hits = index.search(query, documents=served, limit=limit, signs=_SIGNS)
        return {"query": query, "hits": msgspec.to_builtins(hits), **_first("unread", unread)}

    def check_integrity(self, document: str) -> dict[str, Any]:
        """Whether a chat keeps every promise, and what is broken where it does not; nothing is repaired."""
        report = self._read(document).check(full=True)
        found = (*report.violations, *report.diagnostics)
        return {
            "document": document,
            "ok": report.ok,
            "violations": len(report.violations),
            "diagnostics": len(report.diagnostics),
            "found": [
                {
                    "code": one.code,
                    "severity": one.severity,
                    "subject": one.subject,
                    "detail": one.detail,
                    "repair": type(one.repair).__name__ if one.repair is not None else None,
                    "safe": one.safe,
                }
                for one in found[:VIOLATIONS_MAX]
            ],
        }

    def send(self, document: str, thread_id: str, content: str, command_id: str) -> dict[str, Any]:
        """Add a message to a thread; sent again under the same command id it is the same message."""
        with self._write(document) as doc:
            sent = doc.send(thread_id, sender_id=self.sender_id, content=content, command_id=command_id)
        return {"document": document, **_shown(sent)}

    def reply(self, document: str, message_id: str, content: str, command_id: str) -> dict[str, Any]:
        """Answer a message in its thread; sent again under the same command id it is the same message."""
        with self._write(document) as doc:
            thread_id = doc.message(message_id).thread_id
            sent = doc.send(
                thread_id,
                sender_id=self.sender_id,
                content=content,
                reply_to=message_id,
                command_id=command_id,
            )
        return {"document": document, **_shown(sent)}

    def _read(self, document: str) -> Reader:
        return read_document(file_of(self.folder, document))

    def _write(self, document: str) -> Document:
        path = file_of(self.folder, document)
        if not path.exists():
            raise CommandRefused(f"there is no {document}", hint="list_documents names those that are there")
        return open_document(path, create=False)


def cut(answer: Any) -> Any:
    """An answer in which no text is longer than lists show it: names may be long, and so may one word of a hit."""
    if isinstance(answer, str):
        return answer[:TEXT_LENGTH_MAX]
    if isinstance(answer, list):
        return [cut(one) for one in answer]
    if isinstance(answer, dict):
        return {name: cut(value) for name, value in answer.items()}
    return answer


def _first(name: str, found: list[Any]) -> dict[str, Any]:
    """The first ones of what is a list in an answer besides, and how many there are where these are not all."""
    return {name: found[:PAGE_MAX], **({f"{name}_of": len(found)} if len(found) > PAGE_MAX else {})}


def _shown(message: Message, offset: int = 0) -> dict[str, Any]:
    text = message.content
    end = offset + TEXT_LENGTH_MAX
    return {
        "message_id": message.message_id,
        "thread_id": message.thread_id,
        "sender_id": message.sender_id,
        "date": message.date,
        "reply_to_message_id": message.reply_to_message_id,
        "content": text[offset:end],
        "generating": message.generating,
        "edited": len(message.history) > 1,
        "next_offset": end if end < len(text) else None,
    }


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
