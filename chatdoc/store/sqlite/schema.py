"""The tables grow by numbered steps, each recorded in the transaction of its effect and never edited once released."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from chatdoc.store.projections.projector import Execute
from chatdoc.store.sqlite import schema_steps

APPLICATION_ID = 0x63686174  # "chat"


class Step(NamedTuple):
    """A numbered change of the tables."""

    number: int
    name: str
    statements: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Tells a released step from an edited one."""
        return sha256("\n;\n".join(self.statements).encode()).hexdigest()


STEPS = tuple(Step(number, step.NAME, step.STATEMENTS) for number, step in enumerate(schema_steps.ALL, 1))

_RECORD_TABLE = (
    "CREATE TABLE schema_steps (step INTEGER PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL)"
)


def applied(execute: Execute) -> list[tuple[int, str]]:
    """Number and digest of the steps a store has taken; raises sqlite3.Error where none were ever recorded."""
    return execute("SELECT step, digest FROM schema_steps ORDER BY step").fetchall()


def made_by(statement: str) -> str:
    """The name of the table or index that a statement of a step makes."""
    words = statement.split()
    return words[words.index("INDEX" if "INDEX" in words[:3] else "TABLE") + 1]


def begin(execute: Execute) -> None:
    """Mark an empty database as a store; inside a transaction."""
    execute(f"PRAGMA application_id = {APPLICATION_ID}")
    execute(_RECORD_TABLE)


def advance(execute: Execute) -> None:
    """Take the steps a store lacks; inside a transaction."""
    for step in STEPS[len(applied(execute)) :]:
        for statement in step.statements:
            execute(statement)
        execute("INSERT INTO schema_steps VALUES (?, ?, ?)", (step.number, step.name, step.digest))
