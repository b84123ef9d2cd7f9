"""A rollback gives back the very bytes a file had before its migration, and throws nothing newer away unasked."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from chatdoc.engine.adopt_file import digest
from chatdoc.engine.displaced_file import give_back
from chatdoc.engine.read_file import holds, read_bytes
from chatdoc.model.clock import Clock, system_clock
from chatdoc.model.errors import MigrationFailed, NewerEdits, NotFound
from chatdoc.store.atomic_file import replace_atomically, require_writable
from chatdoc.store.backups import load
from chatdoc.store.ports import DocumentStore, Marker, UnitOfWork
from chatdoc.store.real_path import real_path
from chatdoc.store.sqlite.folder import SqliteFolder

_HINT = "Export what you want to keep, then repeat with --discard-edits (discard_edits=True)"


def rollback(
    path: str | os.PathLike[str], *, discard_edits: bool = False, clock: Clock = system_clock
) -> str:
    """Restore a migrated file from its backup; returns the SHA-256 of its bytes.

    Looking for newer edits, writing the file and retiring the document is one transaction of its store: nobody can
    have anything acknowledged in between. The document's updates stay in the store, which serves no file any more.
    Raises MigrationFailed when the file was never migrated, NotFound when it is lost, BackupDamaged, and NewerEdits
    when anything was written since, unless `discard_edits`.
    """
    real = real_path(path)
    stores = SqliteFolder(real.parent)
    found = stores.find(real, ())
    if found.place is None:
        raise _not_migrated(real)  # Nothing is made where nothing is to be done.
    if real.is_dir() or not os.path.lexists(real):
        raise NotFound(
            f"{real} is {'a folder now' if real.is_dir() else 'not there any more'}",
            hint=f"`chatdoc recover {real}` gives the chat back and says where; roll that file back",
        )
    require_writable(real)
    store = stores.open(found.place)
    try:
        marker = _newest(store)
        if marker is None:
            raise _not_migrated(real)
        source = load(stores.backups / marker.backup, marker.source_digest)

        def restore(unit: UnitOfWork) -> None:
            present = read_bytes(real)
            if not discard_edits:
                _require_unedited(store, real, present, marker)
            registration = store.registry.registration()
            unit.put_marker(msgspec.structs.replace(marker, phase="rolled_back"), recorded_at_ms=clock())
            unit.put_registration(msgspec.structs.replace(registration, retired_at_ms=clock()))
            # Last of all, so that whatever fails before leaves everything as it was.
            kept: list[int] = []
            replace_atomically(real, [source], keep=kept.append)
            for displaced in kept:
                with open(displaced, "rb", buffering=0):
                    if not discard_edits and not holds(displaced, present):
                        give_back(real, displaced, source)
                        raise _edited(real)

        store.write(restore)
        stores.release(store, real)
    finally:
        store.close()
    return marker.source_digest


def _not_migrated(real: Path) -> MigrationFailed:
    return MigrationFailed(
        f"{real} was not migrated here, so there is nothing to roll back",
        hint="`chatdoc status` lists what was migrated",
    )


def _newest(store: DocumentStore) -> Marker | None:
    found = [one for one in store.registry.markers() if one.phase != "rolled_back"]
    return found[-1] if found else None


def _require_unedited(store: DocumentStore, real: Path, present: bytes, marker: Marker) -> None:
    later = sum(entry.origin != "migration" for entry in store.updates.entries())
    if later:
        raise NewerEdits(f"{real.name} has {later} updates since it was migrated", hint=_HINT)
    if digest(present) not in {marker.text_digest, marker.source_digest}:
        raise _edited(real)


def _edited(real: Path) -> NewerEdits:
    return NewerEdits(f"{real.name} was changed by another program since it was migrated", hint=_HINT)
