"""Compaction of stores from outside: the logs of a file or a folder are sealed without opening a document."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from chatdoc.model.errors import ChatdocError, NotFound, ReadOnlyTarget, StoreError, WriteFailed
from chatdoc.store.chat_folders import folders_below, not_read
from chatdoc.store.real_path import real_path
from chatdoc.store.sqlite.folder import SqliteFolder
from chatdoc.store.sqlite.opening import give_wal


class CompactedStore(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one store; `store_bytes` is the size of its file, afterwards where something was sealed."""

    path: str | None
    """The file of its document, below the folder that was asked for; None where the store cannot be read."""
    store: Path
    """Its file, or the folder that cannot be read."""
    entries: int = 0
    """How many updates went, or would go, into compressed runs."""
    events: int = 0
    """How many events did."""
    bytes_before: int = 0
    bytes_after: int = 0
    """What those updates and events take, before and after."""
    store_bytes: int = 0
    problem: str | None = None


def compact(
    path: str | os.PathLike[str], *, dry_run: bool = False, one_machine: bool = False
) -> list[CompactedStore]:
    """Seal the old updates and events of a file's document, or of all documents of a folder and those below it.

    With `one_machine`, for who knows that no other machine uses the disk, stores that came back from a shared one get a
    write-ahead journal again. A store or a folder that cannot be read or written stops none of the others. Raises
    NotFound where nothing is stored.
    """
    real = real_path(path)
    closed: list[OSError] = []
    folders = folders_below(real, closed.append) if real.is_dir() else (real.parent,)
    name, root = (None, real) if real.is_dir() else (real.name, real.parent)
    found = [one for folder in folders for one in _of_folder(root, folder, name, dry_run, one_machine)]
    found += [
        CompactedStore(path=None, store=Path(os.fsdecode(one.filename)), problem=not_read(one))
        for one in closed
    ]
    if not found:
        raise NotFound(f"nothing is stored for {real}", hint="`chatdoc status` lists what is")
    return sorted(found, key=lambda one: (one.path or "", one.store))


def _of_folder(
    root: Path, folder: Path, name: str | None, dry_run: bool, one_machine: bool
) -> Iterator[CompactedStore]:
    stores = SqliteFolder(folder)
    try:
        places = stores.places()
    except ChatdocError as error:
        yield CompactedStore(path=None, store=stores.home, problem=str(error))
        return
    for place in places:
        try:
            with stores.look(place) as looked:
                said = looked.registry.registration()
            if said.retired_at_ms is not None or (name is not None and said.path != name):
                continue
            with stores.look(place) if dry_run else stores.open(place) as store:
                sealed = store.seal_logs(dry_run=dry_run)
            if one_machine and not dry_run:
                give_wal(place)
            yield CompactedStore(
                path=(folder / said.path).relative_to(root).as_posix(),
                store=place,
                entries=sealed.entries,
                events=sealed.events,
                bytes_before=sealed.bytes_before,
                bytes_after=sealed.bytes_after,
                store_bytes=place.stat().st_size,
            )
        except (StoreError, ReadOnlyTarget, WriteFailed) as error:
            if name is None or stores.serves(name, place):
                yield CompactedStore(path=None, store=place, problem=str(error))
