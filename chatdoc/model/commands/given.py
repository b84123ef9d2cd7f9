"""Given names and ids: a field that is a known one misspelled is refused, and an id that is given is used once.

Who repeats a command under an id of its own, a bridge on two replicas say, makes one message and not two.
"""

from __future__ import annotations

from collections.abc import Iterable

from chatdoc.model.arguments import shortly
from chatdoc.model.errors import CommandRefused
from chatdoc.model.ids import STAMP_END, MessageId, RevisionId, ThreadId, derive, is_id, is_ulid, time_ms
from chatdoc.model.view.view import View

MESSAGE_FIELDS = (
    "generating", "acp_thread_id", "acp_usage", "acp_account_id", "acp_state", "acp_send_mode", "acp_prompt",
    "acp_interrupted", "acp_interrupted_reason", "acp_interrupted_text", "acp_automation_id", "acp_started_at_ms",
    "parent_message_id", "feedback", "mentions", "attachments",
)  # fmt: skip
"""Fields of a message that something here or in the programs it is exported to reads."""
CONFIG_FIELDS = ("name", "thread_color", "thread_icon", "pin", "acp_config", "folding", "resolved")
"""Fields of a thread's config, likewise."""
PARAMETERS = ("thread_id", "message_id", "command_id", "sender_id", "content", "reply_to")
"""What commands are given beside fields."""
_LENGTH_MIN = 4
"""Shorter names are one letter from too many others."""


def require_fields(fields: Iterable[object], known: Iterable[str], given: str = "fields") -> None:
    """Raise CommandRefused for a field that is a parameter of its own, or a known name misspelled."""
    names = tuple(known)
    for field in fields:
        if not isinstance(field, str):
            continue
        if field in PARAMETERS:
            raise CommandRefused(
                f"{given}: {field} is no field of one's own",
                hint=f"Give {field} as a parameter, or choose another name",
            )
        if field not in names:
            meant = next((name for name in (*names, *PARAMETERS) if is_slip(field, name)), None)
            if meant is not None:
                raise CommandRefused(
                    f"{given}: {shortly(field)} is not known",
                    hint=f"Did you mean {meant}? A field of your own needs a name that is not one letter from it",
                )


def is_slip(typed: str, name: str) -> bool:
    """Whether a name was typed with a letter too many, one too few, or two in the wrong order, but not the first."""
    if len(name) < _LENGTH_MIN or typed == name or typed[:1].lower() != name[:1]:
        return False
    if typed.lower() == name or typed.replace("-", "_").lower() == name:
        return True
    at = next(
        (place for place, (one, other) in enumerate(zip(typed, name, strict=False)) if one != other), -1
    )
    at = min(len(typed), len(name)) if at < 0 else at
    swapped = typed[:at] + typed[at + 1 : at + 2] + typed[at : at + 1] + typed[at + 2 :]
    return name in (typed[:at] + typed[at + 1 :], swapped) or name[:at] + name[at + 1 :] == typed


def given_id(wanted: object) -> MessageId:
    """The id a caller gives a message; raises CommandRefused for what is none."""
    if not isinstance(wanted, str) or not is_id(wanted):
        raise CommandRefused(f"message_id: expected a ULID or a UUID, got {shortly(wanted)}")
    return MessageId(wanted)


def is_sent(view: View, message_id: MessageId, sender_id: str, content: str) -> bool:
    """Whether a message of this id is there as it would be sent again; raises CommandRefused for another one."""
    present = view.headers.get(message_id)
    if present is None:
        return False
    if any(
        (one.sender_id, one.content) == (sender_id, content) for one in view.variants_of_message(message_id)
    ):
        return True
    raise CommandRefused(
        f"message_id: message {message_id} is in thread {present.thread_id} already, and says something else",
        hint="An id names one message; edit(message_id) gives it another text",
    )


def first_revision_id(message_id: MessageId, sender_id: str, content: str) -> RevisionId | None:
    """The id of the first text of a message whose id was given, the same wherever it is sent; None is the message's."""
    if is_ulid(message_id) and message_id < STAMP_END:
        return None
    return RevisionId(derive("given", 0, message_id, sender_id, content))


def thread_of_given(message_id: MessageId) -> ThreadId:
    """The id of a thread whose root's id was given, the same wherever it is created."""
    ms = time_ms(message_id) if is_ulid(message_id) and message_id < STAMP_END else 0
    return ThreadId(derive("thread", ms, "given", message_id))
