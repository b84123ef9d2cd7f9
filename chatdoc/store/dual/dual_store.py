"""Dual-schema store: an entity on an old and a new side, written and read as the phase says, merged by identity.

A failing second side never fails a write: what it lacks is noted in the write's own transaction, and repaired later.
A deletion on either side holds. The value of the side that wins is shown; what it cannot tell comes from the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chatdoc.model.errors import ChatdocError, StoreError
from chatdoc.store.dual.answers import Found, Written, differing
from chatdoc.store.dual.control import Control
from chatdoc.store.dual.pairing import names
from chatdoc.store.dual.phases import POLICIES, SIDES, Phase, SideName
from chatdoc.store.dual.ports import Entity, Record, Row, Scope, Side


class DualStore:
    """One entity on its two sides; `one_file` says that sides and control share a connection, and so a transaction."""

    def __init__(
        self,
        entity: Entity,
        old: Side,
        new: Side,
        control: Control,
        *,
        now_iso: Callable[[], str],
        timer_us: Callable[[], int] = lambda: 0,
        one_file: bool = False,
    ) -> None:
        self.entity, self.control = entity, control
        self.sides: dict[SideName, Side] = {"old": old, "new": new}
        self.now_iso = now_iso
        self._timer_us = timer_us
        self._one_file = one_file

    @property
    def phase(self) -> Phase:
        """The phase that holds now."""
        return self.control.phase()

    # reading

    def get(self, identity: str) -> Record | None:
        """One record as it is shown, or None."""
        with self._timed() as paths, self._one_moment():
            rows = {name: self._row(name, identity) for name in self._read_sides()}
            if not self._deleted({identity}):
                found = self._shown(identity, rows.get("old"), rows.get("new"))
                if found is not None:
                    paths.append(found.path)
                    return found.record
            return None

    def find(self, scope: Scope) -> list[Found]:
        """Every record in a scope as it is shown, in the order they were written."""
        with self._timed() as paths, self._one_moment():
            joined = self.joined(scope, self._read_sides())
            deleted = self._deleted(set(joined))
            shown = (
                self._shown(identity, old, new)
                for identity, (old, new) in joined.items()
                if identity not in deleted
            )
            found = [one for one in shown if one is not None]
            paths += [one.path for one in found]
        return sorted(found, key=self._place)

    def joined(
        self, scope: Scope, sides: tuple[SideName, ...] = ("old", "new")
    ) -> dict[str, tuple[Row | None, Row | None]]:
        """Old and new row by identity; rows of other programs get the identities that `adopt` would give them."""
        old = self._rows("old", scope) if "old" in sides else []
        new = self._rows("new", scope) if "new" in sides else []
        named = self.names(old, new)
        found: dict[str, tuple[Row | None, Row | None]] = {}
        for row in old:
            found[named["old", row.row_id]] = (row, None)
        for row in new:
            identity = named["new", row.row_id]
            found[identity] = (found[identity][0] if identity in found else None, row)
        return found

    def names(self, old: list[Row], new: list[Row]) -> dict[tuple[SideName, int], str]:
        """The identity of each row: its own, that of its pair, or one made of its row id."""
        return names(self.entity, old, new, pending={identity for identity, _ in self.control.pending()})

    def lacking(self, name: SideName) -> set[str]:
        """The identities of which a side lacks the last write."""
        return {identity for identity, side in self.control.pending() if side == name}

    def gone(self, name: SideName) -> list[str]:
        """Every identity that is gone from a side, and of which it lacks nothing that was written since."""
        lacking = self.lacking(name)
        return [one for one in self.sides[name].gone() if one not in lacking]

    # writing

    def put(self, identity: str, record: Record) -> Written:
        """Write a record under its identity; the same one twice is one row on each side."""
        with self.whole():
            written = self._write(identity, lambda side: side.put(identity, record))
            for name in SIDES:
                if name not in POLICIES[self.phase].written:
                    self._overrule(identity, name)
        return written

    def delete(self, identity: str) -> Written:
        """Delete a record on every side that the phase writes, and leave tombstones."""
        now_iso = self.now_iso()

        def remove(side: Side) -> int | None:
            side.delete(identity, now_iso)
            return None

        return self._write(identity, remove)

    def repair(self) -> int:
        """Give a side what it failed to take; returns how much of it still fails."""
        left = 0
        for identity, name in self.control.pending():
            source: Side = self.sides["new" if name == "old" else "old"]
            target = self.sides["old" if name == "old" else "new"]
            try:
                with self.whole():
                    self.copy(identity, source, target)
                    self.control.settle(identity, name)
            except StoreError:
                left += 1
            else:
                self.control.count("dual_write", "repaired")
        return left

    def copy(self, identity: str, source: Side, target: Side) -> None:
        """Let a side be as the other one is for an identity: its row, or its deletion."""
        row = source.get(identity)
        if row is not None:
            there = target.get(identity)
            target.put(identity, {**(there.record if there is not None else {}), **row.record})
        elif source.deleted({identity}):
            target.delete(identity, self.now_iso())

    def adopt(self) -> int:
        """Give identities to rows that other programs wrote, the same one to both rows of one thing."""
        given = 0
        with self.whole():
            there = {name: side for name, side in self.sides.items() if side.is_there()}
            old = there["old"].find({}) if "old" in there else []
            new = there["new"].find({}) if "new" in there else []
            named = self.names(old, new)
            for name, rows in (("old", old), ("new", new)):
                for row in rows:
                    if row.identity is None:
                        side_name: SideName = "old" if name == "old" else "new"
                        self.sides[side_name].bind(row.row_id, named[side_name, row.row_id])
                        given += 1
        return given

    @contextmanager
    def whole(self) -> Iterator[None]:
        """One transaction where everything is in one file; else each side's own."""
        if not self._one_file:
            yield
            return
        with self.control.writing():
            yield

    # inside

    def _place(self, found: Found) -> tuple[int, int, int]:
        """Where a record stands among others: by its moment, and within one by the order of its side's rows."""
        last = 1 << 62
        return (
            self.entity.moment_ms(found.record),
            found.old.row_id if found.old is not None else last,
            found.new.row_id if found.new is not None else last,
        )

    def _write(self, identity: str, work: Callable[[Side], int | None]) -> Written:
        failed: SideName | None = None
        with self.whole():
            # Read within the transaction: another process may change it, or drop a side, until then.
            first, *others = POLICIES[self.phase].written
            # Noted before anything is written, so that a crash in between is no loss.
            noted = [name for name in others if self.control.intend(identity, name, self.now_iso())]
            try:
                ids: dict[SideName, int | None] = {first: work(self.sides[first])}
            except ChatdocError:
                for name in noted:  # An older write that a side lacks is still lacking.
                    self.control.settle(identity, name)
                raise
            for name in others:
                try:
                    with self.sides[name].writing():
                        ids[name] = work(self.sides[name])
                        if self._one_file:
                            self.control.settle(identity, name)
                    if not self._one_file:
                        self.control.settle(identity, name)
                except StoreError:
                    failed = name
                    self._require_transaction()
        if others:
            self.control.count("dual_write", "ok" if failed is None else f"{failed}_failed")
        return Written(identity, ids.get("old"), ids.get("new"), failed)

    def _overrule(self, identity: str, name: SideName) -> None:
        """Note that the tombstone on a side that is not written now is older than the record."""
        side = self.sides[name]
        try:
            overruled = side.is_there() and bool(side.deleted({identity}))
        except StoreError:  # A side that nobody writes fails no write; it may have one.
            overruled = True
        if overruled:
            self.control.intend(identity, name, self.now_iso())

    def _require_transaction(self) -> None:
        if self._one_file:
            self.control.file.require_transaction()

    def _read_sides(self) -> tuple[SideName, ...]:
        return POLICIES[self.phase].read

    def _rows(self, name: SideName, scope: Scope) -> list[Row]:
        """What a side tells; one that is broken tells nothing as long as the other one can."""
        try:
            return self.sides[name].find(scope)
        except StoreError:
            if len(self._read_sides()) == 1:
                raise
            self.control.count("fallback", f"{name}_failed")
            if not self.sides["old" if name == "new" else "new"].is_there():
                raise
            return []

    def _row(self, name: SideName, identity: str) -> Row | None:
        try:
            return self.sides[name].get(identity)
        except StoreError:
            if len(self._read_sides()) == 1:
                raise
            self.control.count("fallback", f"{name}_failed")
            return None

    def _deleted(self, identities: set[str]) -> set[str]:
        lacking = {(identity, name) for identity, name in self.control.pending()}
        found: set[str] = set()
        for name in self._read_sides():
            try:
                gone = self.sides[name].deleted(identities)
            except StoreError:
                continue
            found |= {one for one in gone if (one, name) not in lacking}
        return found

    def _shown(self, identity: str, old: Row | None, new: Row | None) -> Found | None:
        if old is None and new is None:
            return None
        policy = POLICIES[self.phase]
        winner, other = (old, new) if policy.wins == "old" else (new, old)
        if winner is None:
            assert other is not None, "one of the two is there"
            if len(policy.read) > 1:
                self.control.count("fallback", f"missing_in_{policy.wins}")
            winner, other = other, None
        record = (
            dict.fromkeys(self.entity.fields) | (other.record if other is not None else {}) | winner.record
        )
        if old is not None and new is not None:
            for field in differing(self.entity, old.record, new.record):
                self.control.count("mismatch", field)
        return Found(identity, record, old, new)

    @contextmanager
    def _one_moment(self) -> Iterator[None]:
        """What is read within is of one moment where everything is in one file."""
        if not self._one_file:
            yield
            return
        with self.control.file.reading():
            yield

    @contextmanager
    def _timed(self) -> Iterator[list[str]]:
        begun = self._timer_us()
        paths: list[str] = []
        yield paths
        path = "merged" if len(set(paths)) > 1 else (paths[0] if paths else "none")
        self.control.count("reads", path)
        self.control.count("latency_us", path, self._timer_us() - begun)
