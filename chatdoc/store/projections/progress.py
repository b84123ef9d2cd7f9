"""How far each of the eight projectors has come in the log."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from chatdoc.store.projections.fold import PROJECTORS
from chatdoc.store.projections.projector import Execute

_STATES = (
    "SELECT last, projector, last_applied_sequence, updated_at"
    " FROM (SELECT coalesce(max(sequence), 0) AS last FROM orchestration_events) AS log"
    " LEFT JOIN projection_state ON 1 = 1"
)


class ProjectorStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far one projector has come; `behind` is how many events it lacks."""

    projector: str
    last_applied_sequence: int
    updated_at: str
    behind: int


def progress(execute: Execute) -> list[ProjectorStatus]:
    """The projectors in the order in which an event passes through them; one without a state is at the beginning.

    One statement, so an event that others append meanwhile is in all of the answer or in none.
    """
    rows = execute(_STATES).fetchall()
    last = rows[0][0]
    states = {name: (sequence, at) for _, name, sequence, at in rows}
    return [_status(projector.name, *states.get(projector.name, (0, "")), last) for projector in PROJECTORS]


def _status(projector: str, sequence: int, updated_at: str, last: int) -> ProjectorStatus:
    return ProjectorStatus(
        projector=projector, last_applied_sequence=sequence, updated_at=updated_at, behind=last - sequence
    )


TABLES = (
    *(table for projector in PROJECTORS for table in projector.tables),
    "projection_state",
    "reverted_rows",
)
"""Everything that a rebuild makes anew."""
_SPACE = 1 << 256


def digests(execute: Execute) -> dict[str, int]:
    """A number for each folded table, the same for the same rows."""
    return {table: _digest(execute, table) for table in TABLES}


def _digest(execute: Execute, table: str) -> int:
    total = 0
    for row in execute(f"SELECT * FROM {table}"):
        total += int.from_bytes(sha256(repr(row).encode()).digest(), "big")
    return total % _SPACE
