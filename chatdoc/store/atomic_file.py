"""Atomic replacement: a file is replaced whole or not at all, and what was acknowledged is on the disk.

The bytes go to a temporary file in the same folder, are forced to the disk, take the target's place by one
rename, and the folder is forced to the disk too. A crash at any point leaves the old bytes or the new ones.
The temporary name depends on the target alone and is held by a lock: a writer that was killed leaves at most one
such file, the next writer removes it, and two writers at once wait for each other, though not for ever.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import threading
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

from chatdoc.model.errors import ReadOnlyTarget
from chatdoc.model.system_errors import says_nothing_of, write_failure
from chatdoc.store.exchange_rename import exchange
from chatdoc.store.file_lock import lock_file, try_lock
from chatdoc.store.file_mode import set_mode, set_owner
from chatdoc.store.real_path import real_path

MOMENTS, MOMENT_S = 200, 0.002
"""How often, and how far apart, a displaced file's lock is tried."""
_WRITE_BITS = 0o222
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LEFT = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # NFS locks only what is open to be written.

Keep = Callable[[int], object]
"""Takes a descriptor of a file that was displaced, and has to close it."""


def write_atomically(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Make `path` hold exactly `data`, durably, or leave it as it was.

    A symbolic link is followed on purpose: the real file is replaced and the link stays. Other hard links keep the
    old bytes. Permission bits and owner are the old file's; `mode` overrides the bits, and a new file without it
    gets what the umask leaves of 0666.
    Raises ReadOnlyTarget when file or folder carry no write permission (root is refused too), and WriteFailed when
    the system fails, or another writer holds on for too long; the message says whether the target was replaced.
    """
    replace_atomically(path, [data], mode=mode)


def replace_atomically(
    path: Path,
    parts: Sequence[bytes | memoryview],
    *,
    mode: int | None = None,
    is_there: bool = False,
    keep: Keep = os.close,
) -> os.stat_result:
    """Like `write_atomically`, and hand over the file that was displaced, for who must see what others wrote to it.

    The file holds the parts one behind the other; returned is how it looks as it was written, before anybody could see
    it. With `is_there` one that was deleted or moved away meanwhile is not brought back: that is WriteFailed. Who has
    the displaced file (`keep`) reads what it came to hold up to the last moment, and beyond it; what fails, or is
    interrupted, before he has it gives it its place back.

    The two files change places in one call (`renameat2`), so what is handed over is what stood there at the very
    moment of the replacement. Where the system has no such call, a link keeps hold of the old file, and what replaces
    it in the moment between is not seen.
    """
    target = real_path(path)
    before = _writable(target, path)
    temporary = temporary_path(target)
    try:
        # A file that will be narrower than the umask's must never have been wider, not even while it is written.
        file = _claim(temporary, path, 0o666 if before is None and mode is None else 0o600)
        try:
            _fill(file, parts, before, mode)
            written = os.fstat(file)
            _take_place(file, temporary, target, is_there, keep)
        except BaseException:
            with contextlib.suppress(OSError):
                if _is_at(file, temporary):
                    os.unlink(temporary)
            raise
        finally:
            os.close(file)
    except OSError as error:
        raise write_failure(error, path, "the file is as it was") from error
    try:
        sync_folder(target.parent)
    except OSError as error:
        raise write_failure(
            error, path, "the file was replaced, but may be lost in a power failure"
        ) from error
    return written


def _take_place(file: int, temporary: Path, target: Path, is_there: bool, keep: Keep) -> None:
    """Put a file in another's place, and hand over the one that stood there, which has no name any more.

    Once they have changed places, the temporary name leads to the displaced file for a moment. It is locked by then, so
    that the next writer, who takes what has that name for a dead one's, waits until it has been seen.
    """
    with contextlib.ExitStack() as closing:
        displaced = _locked(target, closing)
        try:
            try:
                exchanged = exchange(temporary, target)
            except FileNotFoundError:
                if is_there:
                    raise
                os.rename(temporary, target)
                return
            if not exchanged:
                os.rename(temporary, target)
            elif displaced is None or not _is_at(
                displaced, temporary
            ):  # Another one took the name in between.
                displaced = _locked(temporary, closing)
                if displaced is None:
                    _require_file(os.lstat(temporary), target)
            if displaced is not None:
                keep(os.dup(displaced))
        except BaseException:
            with contextlib.suppress(OSError):
                if _is_at(file, target) and (displaced is None or _is_at(displaced, temporary)):
                    exchange(temporary, target)
            raise
        with contextlib.suppress(
            OSError
        ):  # The file was replaced by now; the next writer removes what is left.
            if exchanged and (displaced is None or _is_at(displaced, temporary)):
                os.unlink(temporary)


def _locked(path: Path, closing: contextlib.ExitStack) -> int | None:
    """A descriptor of a file, locked; None where it may not be read.

    The writer before has its lock for another moment. A program that keeps a lock on the file is not waited for.
    """
    file = _opened(path)
    if file is not None:
        closing.callback(_let_go, file)
        pause = threading.Event()
        with contextlib.suppress(OSError):  # Some file systems lock only what is open to be written.
            for _ in range(MOMENTS):
                if try_lock(file):
                    break
                pause.wait(MOMENT_S)
    return file


def _let_go(file: int) -> None:
    """Close a descriptor, and let go of its lock first: who keeps the displaced file has one with the same lock."""
    with contextlib.suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_UN)
    os.close(file)


def _opened(path: Path) -> int | None:
    try:
        file = os.open(path, _OLD)
    except OSError as error:
        if says_nothing_of(error):
            raise
        return None  # It may not be read, or is no file: nobody can have appended lines to it.
    if stat.S_ISREG(os.fstat(file).st_mode):
        return file
    os.close(file)
    return None


def require_writable(path: Path) -> None:
    """Raise ReadOnlyTarget or WriteFailed when the file at `path` could not be replaced; nothing is written."""
    _writable(real_path(path), path)


def temporary_path(target: Path) -> Path:
    """Where the bytes of a file are written first: hidden, the same for every writer, short whatever its name."""
    return target.with_name(f".chatdoc-{sha256(os.fsencode(target.name)).hexdigest()[:16]}.tmp")


def sync_folder(folder: Path) -> None:
    """Force a folder's entries to the disk: names that were added, renamed or removed in it. Raises OSError."""
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    except OSError as error:
        if error.errno != errno.EINVAL:  # The file system has no such thing as forcing a folder.
            raise
    finally:
        os.close(directory)


def _writable(target: Path, asked: Path) -> os.stat_result | None:
    """What stands at the target now, or None; refuses what may not be replaced."""
    try:
        folder = os.stat(target.parent)
    except OSError as error:
        raise write_failure(error, asked, f"its folder {target.parent} is not there") from error
    try:
        before = os.lstat(target)
    except FileNotFoundError:
        before = None
    except OSError as error:
        raise write_failure(error, asked, "the file is as it was") from error
    if not folder.st_mode & _WRITE_BITS or not os.access(target.parent, os.W_OK | os.X_OK):
        raise ReadOnlyTarget(
            f"the folder {target.parent} may not be written, so {asked.name} cannot be replaced in it",
            hint=f"Allow it (chmod u+w {target.parent}), or copy the file to a folder of yours",
        )
    if before is None:
        return None
    _require_file(before, asked)
    if not before.st_mode & _WRITE_BITS or not os.access(target, os.W_OK):
        raise ReadOnlyTarget(
            f"{asked} may not be written ({stat.filemode(before.st_mode)})",
            hint=f"Allow it (chmod u+w {target}), or copy the file to a folder of yours",
        )
    return before


def _require_file(found: os.stat_result, asked: Path) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ReadOnlyTarget(
            f"{asked} is not a regular file ({stat.filemode(found.st_mode)})", hint="Name a file"
        )


def _claim(temporary: Path, asked: Path, mode: int) -> int:
    """A new, empty, locked file under the temporary name."""
    while True:
        try:
            file = os.open(temporary, _NEW, mode)
        except FileExistsError:
            _clear(temporary, asked)
            continue
        try:
            # Between making and locking it, another writer may have taken it for a dead one's and removed it.
            lock_file(file, asked)
            if _is_at(file, temporary):
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)


def _clear(temporary: Path, asked: Path) -> None:
    """Wait until nobody writes the temporary file, then remove it if its writer died and left it."""
    try:
        file = os.open(temporary, _LEFT)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        os.unlink(temporary)  # A planted link; removing it touches the link alone.
        return
    try:
        lock_file(file, asked)
        if _is_at(file, temporary):
            os.unlink(temporary)
    finally:
        os.close(file)


def _is_at(file: int, path: Path) -> bool:
    """Whether an open file still stands under a name."""
    try:
        named = os.lstat(path)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(file), named)


def _fill(
    file: int, parts: Sequence[bytes | memoryview], before: os.stat_result | None, mode: int | None
) -> None:
    """Write all parts with the owner and permission bits of the file, and force them to the disk."""
    for part in parts:
        rest = memoryview(part)
        while rest:
            rest = rest[os.write(file, rest) :]
    if before is not None:
        mine = os.fstat(file)
        if (mine.st_uid, mine.st_gid) != (before.st_uid, before.st_gid):
            set_owner(file, before.st_uid, before.st_gid)
        mode = stat.S_IMODE(before.st_mode) if mode is None else mode
    if mode is not None:
        set_mode(file, mode)
    os.fsync(file)
