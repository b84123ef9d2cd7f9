"""What is noticed while a row is read is noted with its line, and reading goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from migrate.odd_value import kind_of
from migrate.v2.derive_ids import Names

Note = Callable[[int, str, str, str], None]
"""Takes a line number, the anomaly's code, what was found and what was decided."""


class Reading:
    """One row on its way to facts: its line and fields, what ids are called, and where to note what was odd.

    `guessed` gathers the stamps and revision ids that the text does not give.
    """

    __slots__ = ("_note", "guessed", "line", "names", "row")

    def __init__(
        self, line: int, row: Mapping[str, Any], names: Names, note: Note, guessed: set[str]
    ) -> None:
        self.line = line
        self.row = row
        self.names = names
        self.guessed = guessed
        self._note = note

    def note(self, code: str, found: str, decided: str) -> None:
        """Note an anomaly of this row."""
        self._note(self.line, code, found, decided)

    def text(self, field: str, default: str = "") -> str:
        """A field that should be a text; anything else is noted and the default taken."""
        value = self.row.get(field)
        if isinstance(value, str):
            return value
        shown = "no " + field if value is None else f"{field} is no text but {kind_of(value)}"
        self.note(f"missing_{field}" if value is None else f"unfit_{field}", shown, f"{default!r} was taken")
        return default
