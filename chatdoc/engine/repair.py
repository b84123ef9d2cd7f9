"""Repairs as somebody asks for them: the command that a present violation suggests, judged by the rules like any other.

What a repair writes is derived from what it mends, so that replicas that mend the same converge; who asked for it
stands in the log, as the origin `repair:<name>` of the update and of its events.
"""

from __future__ import annotations

import msgspec

from chatdoc.engine import execute
from chatdoc.engine.engine import Engine
from chatdoc.engine.transaction import Transaction
from chatdoc.model.arguments import require_name
from chatdoc.model.commands.configure_thread import ConfigureThread
from chatdoc.model.commands.decide import Command
from chatdoc.model.errors import CommandRefused, NotFound
from invariants.report import IntegrityReport
from invariants.rule import Violation

ROUNDS_MAX = 8
"""One repair may bring another violation to light; those are repaired in the next round."""


class Repaired(msgspec.Struct, frozen=True, kw_only=True):
    """What became of repairs, and what the rules say afterwards."""

    repaired: tuple[Violation, ...]
    """By code and subject."""
    refused: tuple[Violation, ...]
    """Those whose repair would have broken something, or changed nothing; they are in the report still."""
    report: IntegrityReport


def repair(engine: Engine, violation: Violation, *, by: str) -> IntegrityReport:
    """Carry out what a violation suggests; see `Document.repair`."""
    require_name("by", by)

    def work(transaction: Transaction) -> IntegrityReport:
        present = transaction.copy.checker.ledger().get((violation.code, violation.subject))
        where = f"{violation.code} of {violation.subject}"
        if present is None:
            raise NotFound(
                f"the violation {where} is not there any more", hint="Look at the report as it is now"
            )
        if present.repair is None:
            raise CommandRefused(f"no repair is known for {where}", hint="Its detail says what is missing")
        if present.repair != violation.repair:
            raise CommandRefused(
                f"{where} is not what it was when its repair was suggested",
                hint="Look at the report as it is now",
            )
        execute.execute(transaction, _as(present.repair, by), engine.now(), origin=_origin(by))
        return transaction.copy.checker.report(full=False)

    return engine.transact(work)


def repair_all(engine: Engine, *, by: str, safe_only: bool) -> Repaired:
    """Carry out all that violations suggest; see `Document.repair_all`."""
    require_name("by", by)

    def work(transaction: Transaction) -> Repaired:
        checker = transaction.copy.checker
        tried: dict[tuple[str, str], Violation] = {}
        for _ in range(ROUNDS_MAX):
            due = {
                key: one
                for key, one in sorted(checker.ledger().items())
                if one.repair is not None and (one.safe or not safe_only) and tried.get(key) != one
            }
            if not due:
                break
            for key, one in due.items():
                tried[key] = one
                if checker.ledger().get(key) == one:  # An earlier repair may have healed it.
                    _try(transaction, engine, one, by)
        present = checker.ledger()
        found = sorted(tried.items())
        return Repaired(
            repaired=tuple(one for key, one in found if key not in present),
            refused=tuple(one for key, one in found if key in present),
            report=checker.report(full=False),
        )

    return engine.transact(work)


def _try(transaction: Transaction, engine: Engine, violation: Violation, by: str) -> None:
    assert violation.repair is not None, "only what suggests a repair is due"
    try:
        execute.execute(transaction, _as(violation.repair, by), engine.now(), origin=_origin(by))
    except (CommandRefused, NotFound):
        return  # It stays in the ledger, and is told as refused.


def _as(command: Command, by: str) -> Command:
    """A setting has an author; what other repairs write says the same whoever asks for them."""
    if isinstance(command, ConfigureThread):
        return msgspec.structs.replace(command, updated_by=by)
    return command


def _origin(by: str) -> str:
    return f"repair:{by}"
