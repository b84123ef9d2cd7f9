"""A rollback gives back the very bytes a file had before its migration, and throws nothing newer away unasked."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from chatdoc.engine.adopt_file import digest
from chatdoc.engine.chat_file import read_bytes
from chatdoc.engine.detach import retire
from chatdoc.engine.load import load_view
from chatdoc.model.clock import Clock, system_clock
from chatdoc.model.errors import MigrationFailed, NewerEdits
from chatdoc.store.atomic_file import require_writable, write_atomically
from chatdoc.store.backups import load
from chatdoc.store.sqlite.location import store_file, store_folder
from chatdoc.store.sqlite.registration import Marker
from chatdoc.store.sqlite.store import Store


def rollback(
    path: str | os.PathLike[str], *, discard_edits: bool = False, clock: Clock = system_clock
) -> str:
    """Restore a migrated file from its backup; returns the SHA-256 of its bytes.

    The document's updates stay in the store, under no path. Raises MigrationFailed when the file was never
    migrated, BackupDamaged, and NewerEdits when anything was written since, unless `discard_edits`.
    """
    real = Path(os.path.realpath(path))
    require_writable(real)
    with _store(real) as store:
        name = store.name_of(real)
        marker = _newest(store, name)
        if marker is None:
            raise _not_migrated(real)
        source = load(store.backups / marker.backup, marker.source_digest)
        if not discard_edits:
            _require_unedited(store, name, read_bytes(real), marker)
        write_atomically(real, source)
        done = msgspec.structs.replace(marker, phase="rolled_back")
        if store.registration(name) is not None:
            view = load_view(store.log(name))
            retire(store, name, view, origin="rollback", marker=done, recorded_at_ms=clock())
        else:
            store.put_marker(done, recorded_at_ms=clock())
    return marker.source_digest


def _store(real: Path) -> Store:
    if not store_file(folder := store_folder(real)).exists():
        raise _not_migrated(real)  # Nothing is made where nothing is to be done.
    return Store.open(folder)


def _not_migrated(real: Path) -> MigrationFailed:
    return MigrationFailed(
        f"{real} was not migrated here, so there is nothing to roll back",
        hint="`status` lists what was migrated",
    )


def _newest(store: Store, name: str) -> Marker | None:
    found = [one for one in store.markers(name) if one.phase != "rolled_back"]
    return found[-1] if found else None


def _require_unedited(store: Store, name: str, present: bytes, marker: Marker) -> None:
    hint = "Export what you want to keep, then repeat with --discard-edits (discard_edits=True)"
    registration = store.registration(name)
    if registration is not None:
        later = [entry for entry in store.log(name).entries() if entry.origin != "migration"]
        if later:
            raise NewerEdits(f"{name} has {len(later)} updates since it was migrated", hint=hint)
    if digest(present) not in {marker.text_digest, marker.source_digest}:
        raise NewerEdits(f"{name} was changed by another program since it was migrated", hint=hint)
