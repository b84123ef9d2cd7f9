"""Recovery of a file from its store: the text of a document whose file is lost, damaged or replaced is made again.

The store has everything that was ever acknowledged. What stands under the file's name now is never written over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path
from typing import Literal

import msgspec

from chatdoc.engine.chat_file import ChatFile
from chatdoc.engine.engine import Engine
from chatdoc.model.clock import Clock, system_clock
from chatdoc.model.errors import ChatdocError, NotFound, ReadOnlyTarget, StoreError, WriteFailed
from chatdoc.model.ids import RandomSource
from chatdoc.store.chat_folders import CHAT_SUFFIXES, folders_below, not_read
from chatdoc.store.ports import Stores
from chatdoc.store.real_path import real_path
from chatdoc.store.sqlite.folder import SqliteFolder

State = Literal["present", "recovered", "would be recovered", "unreadable", "failed"]


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one store: `file` is where its document's text stands now, or would.

    A store or a folder that cannot be read has no known file and no known document. `problem` says why, or why a text
    could not be given back, and the others go on.
    """

    document_id: str | None
    store: Path
    was: str
    """The file was `present`, `unpublished`, `moved`, `deleted`, `replaced`, `unknown`, `retired` by a rollback."""
    outcome: State
    file: Path | None
    problem: str | None = None


def recover(
    path: str | os.PathLike[str],
    *,
    dry_run: bool = False,
    clock: Clock = system_clock,
    random: RandomSource = os.urandom,
) -> list[Recovered]:
    """Give back the text of each document of a file or folder whose file is not there any more as it was.

    A text goes to its old name where that is free, else beside it, to `NAME.recovered-ID.chat`; the document lives
    there from then on, with its whole log. Of a folder, those that were rolled back are left out: name their file to
    get them. Raises NotFound where nothing was ever stored. What cannot be read or written stops none of the others.
    """
    real = real_path(path)
    closed: list[OSError] = []
    wanted: list[tuple[Path, str | None]] = []
    if real.is_dir():
        wanted += [(folder, None) for folder in folders_below(real, closed.append)]
    if not real.is_dir() or real.name.endswith(CHAT_SUFFIXES):  # Or a folder has the name of a chat now.
        wanted.append((real.parent, real.name))
    found = [one for folder, name in wanted for one in _of_folder(folder, name, dry_run, clock, random)]
    found += [_unreadable(Path(os.fsdecode(one.filename)), not_read(one)) for one in closed]
    if not found and not real.is_dir():
        raise NotFound(
            f"no document was ever stored for {real}", hint="`chatdoc status` lists those that were"
        )
    return found


def _of_folder(
    folder: Path, name: str | None, dry_run: bool, clock: Clock, random: RandomSource
) -> Iterator[Recovered]:
    stores = SqliteFolder(folder)
    try:
        places = stores.places()
    except ChatdocError as error:
        yield _unreadable(stores.home, str(error))
        return
    for place in places:
        try:
            with stores.look(place) as store:
                registration = store.registry.registration()
            wanted = registration.retired_at_ms is None if name is None else registration.path == name
            if wanted:
                yield _recover(stores, folder / registration.path, place, dry_run, clock, random)
        except StoreError as error:
            if name is None or stores.serves(name, place):
                yield _unreadable(place, str(error))


def _unreadable(place: Path, problem: str) -> Recovered:
    return Recovered(
        document_id=None, store=place, was="unknown", outcome="unreadable", file=None, problem=problem
    )


def _recover(
    stores: Stores, path: Path, place: Path, dry_run: bool, clock: Clock, random: RandomSource
) -> Recovered:
    store = stores.look(place) if dry_run else stores.open(place)
    engine = Engine(store, clock=clock, random=random)
    try:
        registration = store.registry.registration()
        file = ChatFile(stores, path, engine)
        served = stores.find(path, ()).place == place
        was = "retired" if registration.retired_at_ms is not None else file.state if served else "replaced"
        if was in ("present", "moved") or (was == "unpublished" and file.is_empty()):
            return Recovered(
                document_id=registration.document_id, store=place, was=was, outcome="present", file=path
            )
        target = (
            path if served and not os.path.lexists(path) else _free(stores, path, registration.document_id)
        )
        outcome: State = "would be recovered" if dry_run else "recovered"
        problem = None
        if not dry_run:
            try:
                if served and target == path:
                    file.restore()
                else:
                    file.save_to(target)
            except (ReadOnlyTarget, WriteFailed) as error:
                outcome, problem = "failed", str(error)
        return Recovered(
            document_id=registration.document_id,
            store=place,
            was=was,
            outcome=outcome,
            file=target,
            problem=problem,
        )
    finally:
        engine.close()


def _free(stores: Stores, path: Path, document_id: str) -> Path:
    """The file's own name, or one beside it, that neither a file nor another document has."""
    beside = f"{path.stem}.recovered-{document_id[-8:]}"
    names = chain((path.name, f"{beside}.chat"), (f"{beside}-{number}.chat" for number in count(2)))
    wanted = (path.with_name(name) for name in names)
    return next(one for one in wanted if not os.path.lexists(one) and stores.find(one, ()).place is None)
