"""Documents whose threads have a config, and the steps of turns in short."""

from __future__ import annotations

from random import Random
from typing import Any

from chatdoc.document import Document
from chatdoc.in_memory import memory_document
from chatdoc.model.commands.turn_start import StartTurn
from chatdoc.model.commands.turn_stream import AppendPiece
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.records.message import Message
from chatdoc.testing.clocks import ManualClock


def began(clock: ManualClock, seed: int = 1) -> Document:
    """A document in memory with one thread that names its model."""
    made = memory_document(clock=clock, random=Random(seed).randbytes)
    made.create_thread(sender_id="ada", content="root", name="Plan", acp_config={"model": "gpt"})
    return made


def start(document: Document, thread_id: ThreadId, **given: Any) -> Message:
    """The agent's message of a turn that has just begun."""
    message: Message = document.execute(StartTurn(thread_id=thread_id, sender_id="codex", **given))
    return message


def append(document: Document, message: Message, *texts: str) -> None:
    """Add pieces behind those there are."""
    for text in texts:
        seq = len(document.view.pieces.get(message.message_id, ()))
        document.execute(named(AppendPiece, message, seq=seq, text=text))


def named(kind: Any, message: Message, **given: Any) -> Any:
    """A command for the turn of a message."""
    return kind(thread_id=message.thread_id, message_id=MessageId(message.message_id), **given)
