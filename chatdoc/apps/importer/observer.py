"""What an importer tells of its work as it goes; metrics and logs are such observers, and none is needed."""

from __future__ import annotations

from typing import Protocol

STAGES = ("pass1", "pass2", "live")


class Observer(Protocol):
    """Hears of every file; never of its content."""

    def scanned(self, source: str, stage: str, result: str) -> None:
        """A file was looked at; `result` is ok, parse_error or io_error."""

    def indexed(
        self, source: str, session: str, path: str, stage: str, result: str, took_ms: int, damaged: int
    ) -> None:
        """A file was read: how it went, how long it took, and how many of its lines were damaged."""

    def met(self, source: str, kinds: dict[str, int]) -> None:
        """Records of kinds that nobody knows were read."""


class Silent:
    """An observer that does nothing."""

    def scanned(self, source: str, stage: str, result: str) -> None:
        """Nothing."""

    def indexed(
        self, source: str, session: str, path: str, stage: str, result: str, took_ms: int, damaged: int
    ) -> None:
        """Nothing."""

    def met(self, source: str, kinds: dict[str, int]) -> None:
        """Nothing."""
