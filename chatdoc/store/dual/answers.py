"""Answers of a dual-schema store: a record with the rows that it was told from, and what a write did on each side."""

from __future__ import annotations

from typing import NamedTuple

from chatdoc.store.dual.phases import SideName
from chatdoc.store.dual.ports import Entity, Record, Row


class Found(NamedTuple):
    """A record as it is shown, and where it stands."""

    identity: str
    record: Record
    old: Row | None
    new: Row | None

    @property
    def path(self) -> str:
        """From where it was told: `old`, `new` or `merged`."""
        return "merged" if self.old and self.new else ("old" if self.old else "new")


class Written(NamedTuple):
    """A write that succeeded; a row id is None on a side that was not written."""

    identity: str
    old_id: int | None
    new_id: int | None
    failed: SideName | None


def differing(entity: Entity, old: Record, new: Record) -> list[str]:
    """The fields in which two records differ; what one side does not tell and the other has not is no difference."""
    return [name for name in entity.fields if old.get(name) != new.get(name)]
