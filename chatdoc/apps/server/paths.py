"""A document's name is its path below the served folder; none leads out of it, into a store, or to no chat file."""

from __future__ import annotations

import os
from pathlib import Path

from chatdoc.model.errors import NotFound

SUFFIXES = (".chat", ".sage-chat")
NAME_LENGTH_MAX = 1024


_BELOW = (
    "expected the path of a .chat file below the served folder",
    "List the documents that are there; hidden folders and links that lead out are not served",
)


def require_sound(name: str) -> None:
    """Raise NotFound for what cannot be the path of a chat file below a folder."""
    sound = (
        0 < len(name) <= NAME_LENGTH_MAX
        and name.isprintable()
        and "\\" not in name
        and not any(part in ("", ".", "..") or part.startswith(".") for part in name.split("/"))
        and name.endswith(SUFFIXES)
    )
    if not sound:
        raise NotFound(_BELOW[0], hint=_BELOW[1])


def file_of(folder: Path, name: str) -> Path:
    """The file that a name means; raises NotFound without saying what lies outside."""
    require_sound(name)
    path = folder.joinpath(*name.split("/"))
    if Path(os.path.realpath(path.parent)) != path.parent or _leads_out(path, folder):
        raise NotFound(_BELOW[0], hint=_BELOW[1])
    if not path.parent.is_dir():
        raise NotFound("the folder of this document is not there", hint="Make it first")
    return path


def _leads_out(path: Path, folder: Path) -> bool:
    return path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(folder)


def document_names(folder: Path) -> list[str]:
    """Every chat file below a folder, in the order of names; hidden folders and linked ones are left out."""
    found = []
    for home, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            Path(home, name).relative_to(folder).as_posix()
            for name in names
            if name.endswith(SUFFIXES) and not name.startswith(".")
        ]
    return sorted(found)
