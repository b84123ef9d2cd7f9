"""A document's name is its path below the served folder; none leads out of it, into a store, or to no chat file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from chatdoc.model.errors import NotFound
from chatdoc.store.chat_folders import CHAT_SUFFIXES
from chatdoc.store.real_path import is_listed
from chatdoc.store.sqlite.folder import SqliteFolder

NAME_LENGTH_MAX = 1024
SHOWN_LENGTH_MAX = 256
"""Of a folder that could not be read so much of its path is told: the beginning leads there."""


_BELOW = (
    "expected the path of a .chat file below the served folder",
    "Hidden folders, and links that lead out of it, are not served",
)


def is_sound(name: str) -> bool:
    """Whether this can be the path of a chat file below a folder, and stand in an address."""
    return (
        isinstance(name, str)
        and 0 < len(name) <= NAME_LENGTH_MAX
        and name.isprintable()
        and "\\" not in name
        and not any(part in ("", ".", "..") or part.startswith(".") for part in name.split("/"))
        and name.endswith(CHAT_SUFFIXES)
    )


def require_sound(name: str) -> None:
    """Raise NotFound for what cannot be the path of a chat file below a folder."""
    if not is_sound(name):
        raise NotFound(_BELOW[0], hint=_BELOW[1])


def file_of(folder: Path, name: str) -> Path:
    """The file that a name means; raises NotFound without saying what lies outside."""
    require_sound(name)
    path = folder.joinpath(*name.split("/"))
    try:
        if Path(os.path.realpath(path.parent)) != path.parent or _leads_out(path, folder):
            raise NotFound(_BELOW[0], hint=_BELOW[1])
        is_there = path.parent.is_dir()
        if any(os.path.lexists(one) and not is_listed(one) for one in _parts(path, folder)):
            raise NotFound("this document's path is spelled otherwise", hint="Take its name from the list")
    except OSError as error:  # A part of it is longer than a name can be, say.
        raise NotFound(_BELOW[0], hint=_BELOW[1]) from error
    if not is_there:
        raise NotFound("the folder of this document is not there", hint="Make it first")
    return path


def _parts(path: Path, folder: Path) -> Iterator[Path]:
    """The path, and the folders that it lies in below the served one."""
    while path != folder:
        yield path
        path = path.parent


def _is_served(path: Path, folder: Path) -> bool:
    try:
        return path.is_file() and not _leads_out(path, folder)
    except OSError:  # It is gone meanwhile, or what it leads to is closed to this server.
        return False


def _leads_out(path: Path, folder: Path) -> bool:
    return path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(folder)


def is_there(path: Path) -> bool:
    """Whether a document is in this place: its file, or a store whose text was not written yet."""
    if os.path.lexists(path):
        return True
    stores = SqliteFolder(path.parent)
    place = stores.find(path, ()).place
    if place is None:
        return False
    with closing(stores.look(place)) as store:
        said = store.registry.registration()
    return said.text_stat is None and said.text_sequence is None


class Listing(msgspec.Struct, frozen=True):
    """The documents below a folder, in the order of names, and which folders there could not be looked into."""

    names: Sequence[str]
    unreadable: Sequence[Unreadable] = ()


class Unreadable(msgspec.Struct, frozen=True):
    """A folder that could not be read, by its path below the one that is listed, `.` for that itself, and why."""

    path: str
    reason: str


def list_documents(folder: Path) -> Listing:
    """Every chat file below a folder that `file_of` finds."""
    names: list[str] = []
    unreadable: list[Unreadable] = []
    _walk(os.fspath(folder), "", folder, names, unreadable)
    return Listing(sorted(names), sorted(unreadable, key=lambda one: one.path))


def _walk(home: str, below: str, folder: Path, names: list[str], unreadable: list[Unreadable]) -> None:
    try:
        entries = list(os.scandir(home))
    except OSError as error:
        if not below or not isinstance(
            error, FileNotFoundError | NotADirectoryError
        ):  # It is gone meanwhile.
            unreadable.append(
                Unreadable(_shown(below.rstrip("/") or "."), error.strerror or "it cannot be read")
            )
        return
    for one in entries:
        name = below + one.name
        if one.is_dir(follow_symlinks=False):
            if not one.name.startswith("."):
                _walk(one.path, f"{name}/", folder, names, unreadable)
        elif is_sound(name) and _is_served(Path(one.path), folder):
            names.append(name)


def _shown(path: str) -> str:
    """A path that any text takes: a folder may have a name that no document can have."""
    cut = path if len(path) <= SHOWN_LENGTH_MAX else f"{path[:SHOWN_LENGTH_MAX]}…"
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in cut)
