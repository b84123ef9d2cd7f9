"""Small chat files of several formats, and what an open document shows, tells and reports of itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chatdoc import open_document
from chatdoc.document import Document

DATE = "2024-05-01T10:00:00.000Z"


def furnish(path: Path, text: str = "Hello", *more: str) -> str:
    """A document with one thread, closed again; returns the thread."""
    with open_document(path) as document:
        thread_id: str = document.create_thread(sender_id="ada", content=text, name="Plan").thread_id
        for one in more:
            document.send(thread_id, sender_id="ada", content=one)
    return thread_id


def texts(document: Any) -> list[str]:
    """The texts of all messages that a document shows."""
    return [
        message.content for thread in document.threads() for message in document.messages(thread.thread_id)
    ]


def folded(document: Document) -> list[str]:
    """The texts of all messages that its log says it has."""
    return [message.text for thread in document.snapshot().threads for message in thread.messages]


def codes(document: Document) -> list[str]:
    """What its report says of file and store."""
    return [] if document.report is None else [one.code for one in document.report.anomalies]


def jupyter(chat_id: str, *bodies: str) -> bytes:
    """A JupyterLab chat with messages of ids of its own."""
    messages = [
        {"type": "msg", "id": f"{chat_id[:8]}-0000-4000-8000-{number:012}", "sender": "ada", "time": 1779225204.5,
         "raw_time": False, "body": body}
        for number, body in enumerate(bodies)
    ]  # fmt: skip
    users = {"ada": {"username": "ada", "name": "Ada", "display_name": "Ada"}}
    return json.dumps(
        {"messages": messages, "users": users, "attachments": {}, "metadata": {"id": chat_id}}
    ).encode()


def legacy(sender: str, text: str, date: str = DATE) -> bytes:
    """A legacy chat of one root message."""
    history = [{"author_id": sender, "content": text, "date": date}]
    return (
        json.dumps({"date": date, "event": "chat", "history": history, "sender_id": sender}).encode() + b"\n"
    )
