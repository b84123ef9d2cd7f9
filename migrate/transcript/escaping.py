"""Texts that hold the file's own markers are escaped as Markdown escapes, so that no reader takes them for structure.

Readers elsewhere search for markers and headings anywhere in a block. A backslash inside one hides it from them and
is shown by no Markdown viewer; the begin marker says `escape=1`, an attribute that they pass over, and only then is
it taken away again. So a text of somebody who wrote such a backslash stays as it is.
"""

from __future__ import annotations

import re

from migrate.transcript.turn import Status

PLACEHOLDERS: dict[Status, str] = {
    "pending": "_Pending response..._",
    "failed": "_Turn failed before assistant output._",
    "completed": "_No assistant output captured._",
}
"""What stands where an agent said nothing."""

_MARKER = re.compile(r"<(\\*)!-- CODEXCHAT_")
_HEADING = re.compile(r"##(\\*)# (User|Assistant|Actions)(?=[ \t\r]*$)", re.MULTILINE)
_ALONE = re.compile(r"(\\*)(" + "|".join(map(re.escape, PLACEHOLDERS.values())) + ")")
_ESCAPED = (
    re.compile(r"<\\(\\*)!-- CODEXCHAT_"),
    re.compile(r"##\\(\\*)# (User|Assistant|Actions)(?=[ \t\r]*$)", re.MULTILINE),
)


def escape(text: str) -> str:
    """The text with a backslash in each marker, heading and placeholder; the same text where it has none."""
    text = _MARKER.sub(r"<\\\1!-- CODEXCHAT_", text)
    text = _HEADING.sub(r"##\\\1# \2", text)
    return f"\\{text}" if _ALONE.fullmatch(text) else text


def unescape(text: str) -> str:
    """The text that `escape` was given."""
    marker, heading = _ESCAPED
    text = marker.sub(r"<\1!-- CODEXCHAT_", text)
    text = heading.sub(r"##\1# \2", text)
    return text[1:] if text.startswith("\\") and _ALONE.fullmatch(text) else text
