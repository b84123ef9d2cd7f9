"""Pass 1: session logs below files and folders are found by name and by their first line, and none is opened twice."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from chatdoc.store.chat_folders import unless_gone
from migrate.session.item import Source
from migrate.session.sniff import sniff

SUFFIXES = (".jsonl", ".ndjson")
HEAD_BYTES = 4096
LONG_HEAD_BYTES = 256 * 1024


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A file that may be a log, as it looked when it was found; `source` is None for what is none."""

    path: str
    size: int
    mtime_ns: int
    inode: int
    source: Source | None = None

    @property
    def stem(self) -> str:
        """The name of the file without its ending, which names a session whose log does not."""
        return Path(self.path).stem


def spelled_out(path: Path) -> Path:
    """The path from the root, so that what is known is known from every folder; `..` leads where the system says."""
    return path.resolve() if ".." in path.parts else path.absolute()


def discover(
    paths: list[Path],
    is_known: Callable[[str, int, int], Source | None],
    on_error: Callable[[OSError], None],
) -> Iterator[Found]:
    """The logs among files and below folders, by path; `is_known` spares the look into a file that is as it was.

    A named file is told also when it is no log; of folders only logs are.
    """
    for path in paths:
        try:
            status = os.stat(path)
            if not stat.S_ISDIR(status.st_mode):
                yield look(os.fspath(path), status, is_known)
                continue
        except OSError as error:
            on_error(error)
            continue
        for found in _below(os.fspath(path), is_known, unless_gone(path, on_error)):
            if found.source is not None:
                yield found


def look(path: str, status: os.stat_result, is_known: Callable[[str, int, int], Source | None]) -> Found:
    """A file as it is now, and whose log it is; raises OSError, which names it."""
    size, mtime_ns = status.st_size, status.st_mtime_ns
    try:
        source = is_known(path, size, mtime_ns) or source_of(path)
    except UnicodeEncodeError:  # The index and JSON refuse such a name.
        raise OSError(errno.EILSEQ, "its name is no UTF-8: give it another one", path) from None
    except OSError as error:
        error.filename = path  # A system call on an open file does not know it.
        raise
    return Found(path=path, size=size, mtime_ns=mtime_ns, inode=status.st_ino, source=source)


def source_of(path: str) -> Source | None:
    """Whose log a file is: its first line says so, or the lines after it."""
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # A pipe would wait for a writer.
    try:
        head = os.pread(file, HEAD_BYTES, 0)
        source = sniff(head)
        if source is None and len(head) == HEAD_BYTES:
            source = sniff(os.pread(file, LONG_HEAD_BYTES, 0))
    finally:
        os.close(file)
    return source


def _below(
    folder: str,
    is_known: Callable[[str, int, int], Source | None],
    on_error: Callable[[OSError], None],
) -> Iterator[Found]:
    try:
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        on_error(error)
        return
    for entry in ordered:
        try:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in (".chatdoc", ".git", "node_modules"):
                    yield from _below(entry.path, is_known, on_error)
            elif entry.name.endswith(SUFFIXES) and entry.is_file():
                yield look(entry.path, entry.stat(), is_known)
        except OSError as error:
            on_error(error)
