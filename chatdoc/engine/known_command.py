"""Idempotent call: what carries out a command in a transaction, with the id under which its receipt is looked up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chatdoc.engine.transaction import Transaction
from chatdoc.model.arguments import require_name
from chatdoc.model.errors import CommandRefused
from chatdoc.store.part_ports import ExpectingReceipts, Receipts


class KnownCommand:
    """A piece of work of a transaction that will look up the receipt of a command id, if there is one."""

    def __init__(self, command_id: str | None, run: Callable[[Transaction], Any]) -> None:
        self.command_id, self._run = command_id, run

    def __call__(self, transaction: Transaction) -> Any:
        """Carry it out, or return its first answer."""
        return self._run(transaction)


def expecting(receipts: Receipts) -> Callable[[Sequence[Callable[[Transaction], Any]]], None]:
    """What lets a store behind a network look up the receipts of works to be done next, together with its lock."""
    if not isinstance(receipts, ExpectingReceipts):
        return lambda works: None
    expect = receipts.expect

    def expect_receipts(works: Sequence[Callable[[Transaction], Any]]) -> None:
        ids = [one.command_id for one in works if isinstance(one, KnownCommand)]
        if ids:
            expect([one for one in ids if one is not None and _is_name(one)])

    return expect_receipts


def _is_name(command_id: object) -> bool:
    """Whether a store can be asked for it; its own command is refused where it is none, and no other one's with it."""
    try:
        require_name("command_id", command_id)
    except CommandRefused:
        return False
    return True
