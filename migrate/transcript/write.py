"""Thread archive, format version 2: a turn is one block of Markdown between two markers, replaced by its id."""

from __future__ import annotations

from typing import Any

from migrate.transcript import swift_json
from migrate.transcript.escaping import PLACEHOLDERS, escape
from migrate.transcript.turn import Action, TranscriptTurn, trimmed

BEGIN = "<!-- CODEXCHAT_TURN_BEGIN"
END = "<!-- CODEXCHAT_TURN_END -->"
VERSION = 2


def header(thread_id: str) -> str:
    """The first lines of a file, without a line end after them."""
    return f"# Thread Transcript for {thread_id}\n\n<!-- CODEXCHAT_FORMAT_VERSION: {VERSION} -->"


def block(turn: TranscriptTurn) -> str:
    """One turn as it stands in the file, from its begin marker to the line below it."""
    user, assistant = trimmed(turn.user_text), trimmed(turn.assistant_text)
    shown_user, shown = escape(user), escape(assistant) or PLACEHOLDERS[turn.status]
    escaped = " escape=1" if shown_user != user or (assistant and shown != assistant) else ""
    actions = swift_json.encode([action_fields(action) for action in turn.actions])
    return (
        f"{BEGIN} id={turn.turn_id} timestamp={turn.timestamp} status={turn.status}{escaped} -->\n"
        f"## Turn {turn.timestamp}\n\n"
        f"### User\n\n{shown_user}\n\n"
        f"### Assistant\n\n{shown}\n\n"
        f"### Actions\n\n```json\n{actions}\n```\n\n"
        f"{END}\n\n---\n"
    )


def render(thread_id: str, turns: list[TranscriptTurn]) -> bytes:
    """A whole file with these turns, in their order."""
    text = header(thread_id)
    for turn in turns:
        text = appended(text, block(turn))
    return text.encode("utf-8", "surrogateescape")


def appended(text: str, addition: str, newline: str = "\n") -> str:
    """The text with a block behind it: two line ends between them, unless it ends with two."""
    return text + ("" if text.endswith(newline * 2) else newline * 2) + addition.replace("\n", newline)


def action_fields(action: Action) -> dict[str, Any]:
    """An action as the file holds it; what is not known of it is left out."""
    known = {
        "createdAt": action.created_at,
        "detail": action.detail,
        "itemID": action.item_id,
        "itemType": action.item_type,
        "method": action.method,
        "title": action.title,
    }
    return {**action.extra, **{key: value for key, value in known.items() if value is not None}}
