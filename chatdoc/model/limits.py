"""Limits: one table of sizes and depths, so that what one door lets in no reader refuses later.

Whoever takes something in (a command, a peer's update, a file of any format) compares it with these, and so does
whoever reads it again; a limit of its own for one of them would be met after acceptance.
"""

from __future__ import annotations

from typing import Any

MIB = 1024 * 1024

TEXT_BYTES_MAX = 8 * MIB
"""One text that a command is given, as UTF-8."""
FACT_BYTES_MAX = 16 * MIB
"""One fact as JSON: what a record may have in the store, on the wire and in the text."""
ANSWER_BYTES_MAX = FACT_BYTES_MAX - 2 * MIB
"""All pieces of an answer that is being written, together, as JSON: its end is one record, with what comes last."""
ERROR_LENGTH_MAX = 64 * 1024
"""Characters of the error that a turn ends with; it stands behind the answer in one record."""
JSON_GROWTH = 6
"""How many times as many bytes a text can have as JSON as it has characters, or bytes: a control character has six."""
UPDATE_BYTES_MAX = 64 * MIB
"""One update as peers exchange it."""
LINE_BYTES_MAX = FACT_BYTES_MAX
"""One line of a file; a longer one becomes no fact that could be stored, so it is refused before it is parsed."""
OBJECT_BYTES_MAX = 128 * MIB
"""A file that is one JSON object; it is parsed as a whole."""

NAME_LENGTH_MAX = 1000
"""Characters of a name or an id that a command is given."""
FIELD_LENGTH_MAX = 120
"""Characters of a field's name that a command is given."""
KEY_FIELD_LENGTH_MAX = 384
"""Bytes of a field's name in the key of a fact; files have longer ones than commands may give."""
NUMBER_MAX = 2**53 - 1
"""The greatest whole number that every reader of JSON gives back."""

GIVEN_DEPTH_MAX = 64
"""Levels of a value that a command is given."""
ROW_DEPTH_MAX = 200
"""Levels of a row of a file that another program wrote, the row itself among them."""
FACT_DEPTH_MAX = ROW_DEPTH_MAX + 2
"""Levels of a fact as JSON: a field of such a row stands two levels deep in it."""
TEXT_ROW_DEPTH_MAX = FACT_DEPTH_MAX + 4
"""Levels of a row of our own text: what stands in a fact stands at most four levels deeper there."""


def is_deeper(value: Any, depth_max: int) -> bool:
    """Whether a JSON value has more levels of lists and objects than that; it is looked at level by level."""
    level = [value]
    for _ in range(depth_max + 1):
        level = [one for one in level if isinstance(one, dict | list)]
        if not level:
            return False
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
    return True
