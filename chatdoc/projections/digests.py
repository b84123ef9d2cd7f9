"""Two moments of the folded tables are compared without keeping either: equal digests, equal rows.

Rows count in any order, so the digest of a table is the sum of the digests of its rows.
"""

from __future__ import annotations

from hashlib import sha256

from chatdoc.projections.fold import PROJECTORS
from chatdoc.projections.projector import Execute

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
