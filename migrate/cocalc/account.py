"""Every line of a source has one fate, and everything odd about it is told."""

from __future__ import annotations

from chatdoc.model.facts import Fact
from migrate.lines import Line, attic_row
from migrate.report import Anomaly


class Account:
    """The facts made so far, what became of each line, and what was odd."""

    def __init__(self, total: int) -> None:
        self.facts: list[Fact] = []
        self.anomalies: list[Anomaly] = []
        self._total = total
        self._fates: dict[int, str] = {}
        """Of the lines that are no records."""

    @property
    def fates(self) -> dict[int, str]:
        """What became of every line."""
        return {number: self._fates.get(number, "record") for number in range(1, self._total + 1)}

    def blank(self, number: int) -> None:
        """A line holds nothing."""
        self._fates[number] = "blank"

    def repeat(self, number: int) -> None:
        """A line says what another one says word for word."""
        self._fates[number] = "duplicate"
        self.note("duplicate_line", number, None, "the line stands twice", "it is one record")

    def quarantine(self, line: Line, problem: str) -> None:
        """Nobody can read a line; it is kept word for word."""
        self._fates[line.number] = "quarantined"
        self.facts.append(attic_row(line, "line", problem))
        self.note("quarantined", line.number, None, problem, "kept word for word")

    def keep(self, line: Line, reason: str) -> None:
        """A row is kept word for word and not interpreted."""
        self._fates[line.number] = "attic"
        self.facts.append(attic_row(line, "row", reason))

    def keep_too(self, line: Line, reason: str) -> None:
        """A row is kept word for word beside the record it became."""
        self.facts.append(attic_row(line, "row", reason))

    def note(self, code: str, line: int | None, subject: str | None, detail: str, decision: str) -> None:
        """Note something odd."""
        self.anomalies.append(
            Anomaly(code=code, line=line, subject=subject, detail=detail, decision=decision)
        )
