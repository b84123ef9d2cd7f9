"""What a caller hands in is checked before anything is planned: texts can be stored, values come back equal."""

from __future__ import annotations

import math
from enum import Enum
from typing import Any, TypeGuard

import msgspec

from chatdoc.model.errors import CommandRefused, NotFound
from chatdoc.model.limits import GIVEN_DEPTH_MAX, NAME_LENGTH_MAX, NUMBER_MAX, TEXT_BYTES_MAX
from chatdoc.model.view.view import View


def is_text(value: object) -> TypeGuard[str]:
    """Whether this is a text that JSON can spell: no subclass of str but an Enum, which is spelled by its value."""
    return type(value) is str or (isinstance(value, str) and isinstance(value, Enum))


def require_text(name: str, text: object) -> None:
    """Raise CommandRefused unless this is a text that UTF-8 can spell, of at most 8 MiB."""
    if not is_text(text):
        raise CommandRefused(
            f"{name}: expected a text, got {type(text).__name__}",
            hint="str(…) makes one of it" if isinstance(text, str) else "",
        )
    try:
        size = len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError as error:
        raise CommandRefused(
            f"{name}: character {error.start} is half of a surrogate pair (U+{ord(text[error.start]):04X}),"
            " which UTF-8 cannot spell",
            hint="Decode the text with errors='replace' where it comes from",
        ) from None
    if size > TEXT_BYTES_MAX:
        raise CommandRefused(f"{name}: {size} bytes are more than the {TEXT_BYTES_MAX} one text may have")


def require_name(name: str, text: object) -> None:
    """Raise CommandRefused unless this is a text of 1 to 1000 characters that UTF-8 can spell."""
    require_text(name, text)
    assert isinstance(text, str)
    if not 0 < len(text) <= NAME_LENGTH_MAX:
        raise CommandRefused(f"{name}: expected 1 to {NAME_LENGTH_MAX} characters, got {len(text)}")


def require_optional_name(name: str, text: object) -> None:
    """Raise CommandRefused unless this is None, or a text as `require_name` wants it."""
    if text is not None:
        require_name(name, text)


def require_number(name: str, number: object, of: str) -> int:
    """The number, a whole one from 0 to 2**53 - 1; raises CommandRefused. `of` says what is counted («turns»)."""
    if type(number) is not int or not 0 <= number <= NUMBER_MAX:
        raise CommandRefused(
            f"{name}: expected a number of {of} from 0 to {NUMBER_MAX}, got {shortly(number)}"
        )
    return number


def require_value(name: str, value: Any, depth: int = 0) -> None:
    """Raise CommandRefused unless JSON can hold this value and give it back equal."""
    if depth > GIVEN_DEPTH_MAX:
        raise CommandRefused(f"{name}: nested deeper than {GIVEN_DEPTH_MAX}")
    if isinstance(value, str):
        require_text(name, value)
    elif type(value) is float:
        if not math.isfinite(value):
            raise CommandRefused(f"{name}: {value} is no number that JSON can spell")
    elif isinstance(value, dict):
        for key, inner in value.items():
            require_text(f"{name} key", key)
            require_value(f"{name}.{key}", inner, depth + 1)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            require_value(f"{name}[{position}]", inner, depth + 1)
    elif value is not None and not isinstance(value, bool):
        if type(value) is not int and not (isinstance(value, int) and isinstance(value, Enum)):
            raise CommandRefused(
                f"{name}: expected a JSON value (text, number, true, false, null, list, object),"
                f" got {type(value).__name__}"
            )
        if not -(2**63) <= value < 2**64:
            raise CommandRefused(f"{name}: {value} does not fit into 64 bits")


def require_object(name: str, fields: object) -> None:
    """Raise CommandRefused unless this is a dict of fields whose values JSON can hold and give back equal."""
    if not isinstance(fields, dict):
        raise CommandRefused(f"{name}: expected a dict of fields or None, got {type(fields).__name__}")
    if fields:
        require_value(name, fields)


def require_thread(view: View, thread_id: str, verb: str) -> None:
    """Raise NotFound unless the thread is in the document."""
    if not (is_text(thread_id) and thread_id in view.thread_facts):
        raise NotFound(
            f"cannot {verb}: there is no thread {shortly(thread_id)} in this document",
            hint="threads() lists those there are",
        )


def require_message(view: View, message_id: str, verb: str) -> None:
    """Raise NotFound unless the message is in the document."""
    if not (is_text(message_id) and view.has_message(message_id)):
        raise NotFound(
            f"cannot {verb}: there is no message {shortly(message_id)} in this document",
            hint="messages(thread_id) lists those of a thread",
        )


def require_member(view: View, thread_id: str, message_id: str, verb: str) -> None:
    """Raise NotFound unless thread and message are in the document, CommandRefused unless they belong together.

    A message that has several identities belongs to the thread of each: a peer that tells another one of the message
    of a running turn takes nothing away from its agent.
    """
    require_thread(view, thread_id, verb)
    require_message(view, message_id, verb)
    home = view.thread_of(message_id)
    if home != thread_id and all(one.thread_id != thread_id for one in view.variants_of_message(message_id)):
        raise CommandRefused(
            f"cannot {verb} message {message_id}: expected one of thread {thread_id}, it belongs to thread {home}"
        )


def shortly(value: object) -> str:
    """A value as an error shows it."""
    try:
        text = (
            ascii(value)
            if is_text(value) or not isinstance(value, str)
            else f"{type(value).__name__} {value!a}"
        )
    except RecursionError:
        text = f"a {type(value).__name__} that is nested too deep"
    return text if len(text) <= 80 else f"{text[:77]}..."


def equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same text; 1, 1.0 and true are three values."""
    return bool(
        msgspec.json.encode(one, order="deterministic") == msgspec.json.encode(other, order="deterministic")
    )


def require_sequence(name: str, sequence: object) -> None:
    """Raise CommandRefused unless this can be the sequence of an event, or 0 for the beginning of the log."""
    if type(sequence) is not int or not 0 <= sequence <= NUMBER_MAX:
        raise CommandRefused(
            f"{name}: expected the sequence of an event, or 0, got {shortly(sequence)}",
            hint="An event has its own in `sequence`, a snapshot that of its last one in `snapshot_sequence`",
        )


def require_limit(limit: object, of: str = "turns") -> None:
    """Raise CommandRefused unless this is None or a number; `of` says what is counted."""
    if limit is not None:
        require_number("limit", limit, of)


def require_place(thread_id: object, from_turn: object, to_turn: object) -> None:
    """Raise CommandRefused unless these can name two checkpoints of a thread."""
    require_name("thread_id", thread_id)
    require_number("from_turn", from_turn, "turns")
    require_number("to_turn", to_turn, "turns")


def require_flag(name: str, flag: object) -> None:
    """Raise CommandRefused unless this is True or False: what cannot be taken back is not read out of a None."""
    if type(flag) is not bool:
        raise CommandRefused(f"{name}: expected True or False, got {shortly(flag)}")
