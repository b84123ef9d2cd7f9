"""Forgetting: a document's store, its backups and what leads to them are removed, and what went is said."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from chatdoc.model.errors import NotFound, StoreDamaged, StoreError
from chatdoc.store.real_path import real_path
from chatdoc.store.sqlite.folder import SqliteFolder


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """The files that went, or would go, of all stores that a file ever had; `applied` says which."""

    file: Path
    removed: tuple[Path, ...]
    applied: bool


def forget(path: str | os.PathLike[str], *, dry_run: bool = True) -> Forgotten:
    """Remove every store that was published to a file, set-aside and rolled-back ones too, with their backups.

    The `.chat` file itself stays: it is the user's. Raises NotFound where nothing was stored.
    """
    real = real_path(path)
    stores, removed, known = SqliteFolder(real.parent), [], False
    for place in stores.places():
        try:
            with stores.look(place) as store:
                ours = store.registry.registration().path == real.name
        except StoreError as error:
            # One that is damaged is forgotten with its file, and none of another file keeps this one from being so.
            ours = stores.serves(real.name, place)
            if ours and not isinstance(error, StoreDamaged):
                raise
        if ours:
            known = True
            removed += stores.forget(place, dry_run=dry_run)
    if not known:
        raise NotFound(f"nothing is stored for {real}", hint="`chatdoc status` lists what is")
    return Forgotten(file=real, removed=tuple(sorted(set(removed))), applied=not dry_run)
