"""Message framing: commands for the owner of a document, and their answers, in pieces that are short enough to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

MESSAGE_BYTES_MAX = 4_800
"""What the channel between servers carries for sure, with the name of the document."""
_HEAD_BYTES = 120
"""More than what a message has besides its parts."""
Record = dict[str, Any]


class Hello(msgspec.Struct, array_like=True, tag="hello"):
    """A server has opened the document; it asks who else has, or answers such a question, or goes."""

    server: str
    asks: bool = False
    goes: bool = False


class Asked(msgspec.Struct, array_like=True, tag="do"):
    """Commands that a server asks the owner to carry out."""

    owner: str
    server: str
    commands: list[msgspec.Raw]


class Command(msgspec.Struct, array_like=True):
    """One of them; the number is the asking server's."""

    number: int
    kind: str
    fields: dict[str, Any]
    command_id: str


class Done(msgspec.Struct, array_like=True, tag="done"):
    """Answers for a server, and whether the owner has commands of others to batch its with."""

    server: str
    is_worth_it: bool
    answers: list[msgspec.Raw]


class Answer(msgspec.Struct, array_like=True):
    """What a command made; None where the server must carry it out itself."""

    number: int
    record: Record | None


Message = Hello | Asked | Done
_encoder = msgspec.msgpack.Encoder()
_messages = msgspec.msgpack.Decoder(Message)
_commands, _answers = msgspec.msgpack.Decoder(Command), msgspec.msgpack.Decoder(Answer)


def encode(message: Message) -> bytes:
    """The bytes of a message."""
    return _encoder.encode(message)


def decode(data: bytes) -> Message | None:
    """A message, or None for one of another version of this program."""
    try:
        found: Message = _messages.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found


def spelled(part: Command | Answer) -> msgspec.Raw | None:
    """A part of a message; None for one that is too long, or cannot be spelled."""
    try:
        found = _encoder.encode(part)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None
    return msgspec.Raw(found) if len(found) <= MESSAGE_BYTES_MAX - _HEAD_BYTES else None


def commands_of(asked: Asked) -> list[Command]:
    """The commands of a message that can be read."""
    return [one for part in asked.commands if (one := _read(_commands, part)) is not None]


def answers_of(done: Done) -> list[Answer]:
    """The answers of a message that can be read."""
    return [one for part in done.answers if (one := _read(_answers, part)) is not None]


def grouped(parts: Sequence[msgspec.Raw]) -> Iterator[list[msgspec.Raw]]:
    """Parts in groups that each fit into one message, in order."""
    group: list[msgspec.Raw] = []
    left = MESSAGE_BYTES_MAX - _HEAD_BYTES
    for part in parts:
        size = memoryview(part).nbytes
        if size > left:
            yield group
            group, left = [], MESSAGE_BYTES_MAX - _HEAD_BYTES
        group.append(part)
        left -= size
    if group:
        yield group


def _read(decoder: msgspec.msgpack.Decoder[Any], part: msgspec.Raw) -> Any:
    try:
        return decoder.decode(part)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
