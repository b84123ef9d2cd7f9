"""State of a move: the phase, what a failed side still lacks, finished key ranges, and counters, each in a table."""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractContextManager
from typing import NamedTuple, get_args

from chatdoc.model.errors import StoreDamaged
from chatdoc.store.dual.phases import Phase
from chatdoc.store.dual.sqlite_file import SqliteFile

_TABLES = (
    "CREATE TABLE IF NOT EXISTS dual_phases (entity TEXT PRIMARY KEY, phase TEXT NOT NULL, changed_at TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS dual_pending (entity TEXT NOT NULL, identity TEXT NOT NULL, side TEXT NOT NULL,"
    " since TEXT NOT NULL, PRIMARY KEY (entity, identity, side))",
    "CREATE TABLE IF NOT EXISTS dual_ranges (entity TEXT NOT NULL, first_key TEXT NOT NULL, last_key TEXT NOT NULL,"
    " rows INTEGER NOT NULL, digest TEXT NOT NULL, done_at TEXT NOT NULL, PRIMARY KEY (entity, first_key))",
    "CREATE TABLE IF NOT EXISTS dual_counters (entity TEXT NOT NULL, name TEXT NOT NULL, label TEXT NOT NULL,"
    " value INTEGER NOT NULL, PRIMARY KEY (entity, name, label))",
)


class Range(NamedTuple):
    """A key range that a backfill finished, and the digest of what it copied."""

    first_key: str
    last_key: str
    rows: int
    digest: str


class Control:
    """The state of one entity's move; counters are kept in memory and stored by `flush`."""

    def __init__(self, file: SqliteFile, entity: str, *, otherwise: Phase) -> None:
        self.file, self.entity = file, entity
        self._otherwise = otherwise
        self._fresh: Counter[tuple[str, str]] = Counter()

    def prepare(self) -> None:
        """Make the tables."""
        for statement in _TABLES:
            self.file.ask(statement)

    def writing(self) -> AbstractContextManager[None]:
        """One transaction, or a part of the one that is open."""
        return self.file.writing()

    # phase

    def phase(self) -> Phase:
        """The phase as it is stored now, by whichever process; raises StoreDamaged for a word that is none."""
        if not self._prepared():
            return self._otherwise
        found = self.file.ask("SELECT phase FROM dual_phases WHERE entity = ?", (self.entity,))
        if not found:
            return self._otherwise
        for phase in get_args(Phase):
            if phase == found[0][0]:
                named: Phase = phase
                return named
        raise StoreDamaged(
            f"{self.file.path}: the phase of {self.entity} is none of {', '.join(get_args(Phase))}",
            hint="Set it with `chatdoc dual phase`",
        )

    def begin(self, phase: Phase, now_iso: str) -> None:
        """Store a phase where none is stored."""
        self.file.ask("INSERT OR IGNORE INTO dual_phases VALUES (?, ?, ?)", (self.entity, phase, now_iso))

    def set_phase(self, phase: Phase, now_iso: str) -> None:
        """Store the phase."""
        self.file.ask("INSERT OR REPLACE INTO dual_phases VALUES (?, ?, ?)", (self.entity, phase, now_iso))

    # what a side still lacks

    def intend(self, identity: str, side: str, now_iso: str) -> bool:
        """Note that a side is about to lack a write; returns whether it lacked none of this identity before."""
        added = self.file.ask(
            "INSERT OR IGNORE INTO dual_pending VALUES (?, ?, ?, ?) RETURNING 1",
            (self.entity, identity, side, now_iso),
        )
        return bool(added)

    def settle(self, identity: str, side: str) -> None:
        """Note that a side has it."""
        self.file.ask(
            "DELETE FROM dual_pending WHERE entity = ? AND identity = ? AND side = ?",
            (self.entity, identity, side),
        )

    def pending(self) -> list[tuple[str, str]]:
        """Identities and the side that lacks their last write."""
        if not self._prepared():
            return []
        return [
            (str(identity), str(side))
            for identity, side in self.file.ask(
                "SELECT identity, side FROM dual_pending WHERE entity = ? ORDER BY identity, side",
                (self.entity,),
            )
        ]

    # ranges

    def ranges(self) -> list[Range]:
        """The key ranges that are finished, by their first key."""
        if not self._prepared():
            return []
        found = self.file.ask(
            "SELECT first_key, last_key, rows, digest FROM dual_ranges WHERE entity = ? ORDER BY first_key",
            (self.entity,),
        )
        return [Range(*row) for row in found]

    def finish(self, done: Range, now_iso: str) -> None:
        """Note a finished key range."""
        self.file.ask(
            "INSERT OR REPLACE INTO dual_ranges VALUES (?, ?, ?, ?, ?, ?)", (self.entity, *done, now_iso)
        )

    # counters

    def count(self, name: str, label: str, by: int = 1) -> None:
        """Add to a counter."""
        self._fresh[name, label] += by

    def counters(self) -> dict[str, dict[str, int]]:
        """Every counter with its labels: what is stored and what was counted since."""
        total = Counter(self._fresh)
        if self._prepared():
            for name, label, value in self.file.ask(
                "SELECT name, label, value FROM dual_counters WHERE entity = ?", (self.entity,)
            ):
                total[name, label] += value
        found: dict[str, dict[str, int]] = {}
        for (name, label), value in sorted(total.items()):
            found.setdefault(name, {})[label] = value
        return found

    def flush(self) -> None:
        """Store what was counted."""
        fresh, self._fresh = self._fresh, Counter()
        with self.writing():
            for (name, label), value in sorted(fresh.items()):
                self.file.ask(
                    "INSERT INTO dual_counters VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (entity, name, label) DO UPDATE SET value = value + excluded.value",
                    (self.entity, name, label, value),
                )

    def _prepared(self) -> bool:
        return self.file.has_table("dual_counters")
