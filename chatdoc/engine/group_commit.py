"""Group commit: many changes as one transaction of the store, each with an answer or a refusal of its own.

What is acknowledged is stored with all the others, at the price of one wait for the disk. A failure that is no refusal,
of the store or of pycrdt, undoes the whole group and is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from chatdoc.engine.engine import Engine
from chatdoc.engine.known_command import KnownCommand
from chatdoc.engine.receive_result import Received
from chatdoc.engine.transaction import Transaction
from chatdoc.model.commands.decide import Command

Answer = TypeVar("Answer")


class Execute(Protocol):
    """Carries out one command, as `Document.execute` does."""

    def __call__(self, command: Command, *, command_id: str | None = None) -> Any:
        """The record it made or changed."""


class GroupCommit:
    """The group commits of one open document, usable from any thread."""

    def __init__(self, engine: Engine, execute: Execute) -> None:
        self._engine, self._execute = engine, execute

    def together(self, work: Callable[[], Answer]) -> Answer:
        """Do something whose commands are all stored at once, as far as it came: what it raises undoes none of them.

        A store that fails undoes all, and an interrupt does; then nothing was acknowledged.
        """
        return self._engine.transact(lambda _: work())

    def execute_each(self, commands: Sequence[tuple[Command, str | None]]) -> list[Any]:
        """Carry out commands, each with its id or None, as one transaction: an answer each, or its own error."""
        return self._each([self._known(*one) for one in commands])

    def receive_each(self, updates: Sequence[tuple[bytes, str]]) -> list[Received | Exception]:
        """Take updates, each with its origin, as one transaction: an answer each, or the error of it alone."""
        return self._each([self._received(*one) for one in updates])

    def _each(self, works: Sequence[Callable[[Transaction], Any]]) -> list[Any]:
        if not works:  # A batch may come out empty; a closed document refuses that too.
            self._engine.require_open()
            return []
        return self._engine.transact_each(works)

    def _received(self, update: bytes, origin: str) -> Callable[[Transaction], Received]:
        """Read within the transaction: one whose bytes are refused is refused alone."""
        return lambda transaction: self._engine.receiver(update, origin)(transaction)

    def _known(self, command: Command, command_id: str | None) -> KnownCommand:
        return KnownCommand(command_id, lambda _: self._execute(command, command_id=command_id))
