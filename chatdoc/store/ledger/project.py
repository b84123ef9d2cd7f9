"""Layout of a project's transcripts: `chats/threads/<UUID>.md`, its ledger and marker beside it, older days above."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import msgspec

from chatdoc.model.errors import CommandRefused, NotFound, UnreadableFile, WriteFailed
from chatdoc.store.file_lock import lock_file
from chatdoc.store.plain_file import read_plain
from migrate.transcript import legacy, read
from migrate.transcript.identity import as_uuid
from migrate.transcript.turn import Problem, TranscriptTurn, in_order

LEGACY_MARKER = ".legacy-backfill-v1"
MARKER_FOLDER = ".ledger-backfill"
NOTES = frozenset({"repeated_turn", "unknown_status", "ambiguous_text", "other_thread"})
"""Problems of what upstream's reader stumbles over and this one does not, or that cost nothing that was written."""


class ThreadTurns(msgspec.Struct, frozen=True, kw_only=True):
    """The turns of a thread as its transcript files tell them; `digest` is of those files' bytes."""

    turns: list[TranscriptTurn]
    problems: list[Problem]
    digest: str

    @property
    def damage(self) -> list[Problem]:
        """The problems that may have cost something that was written."""
        return [one for one in self.problems if one.code not in NOTES]


class Listings:
    """What the folders of a project held when they were listed."""

    def __init__(self) -> None:
        self.names: dict[Path, dict[str, Path]] = {}
        """By folder, what stands in it, by its name in lower case."""
        self.days: dict[str, list[tuple[str, Path]]] | None = None
        """The files of the legacy archive, by thread."""


class Project:
    """The transcripts below one folder.

    A file or folder that cannot be read costs what it holds and nothing else: `unreadable` has it from then on, until
    it is read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.path.abspath(os.path.expanduser(os.fspath(path)))
        self.chats = Path(self.path) / "chats"
        self.threads = self.chats / "threads"
        self.markers = self.threads / MARKER_FOLDER
        self.unreadable: dict[Path, str] = {}
        """What could not be read when it was last asked for, by path, and why."""
        self._listings: Listings | None = None

    def transcript(self, thread_id: str) -> Path:
        """The thread's file, also where its name is spelled in lower case; where it would be, if there is none."""
        return self._spelled(self.threads, thread_id, ".md")

    def ledger(self, thread_id: str) -> Path:
        """The file of the thread's ledger."""
        return self._spelled(self.threads, thread_id, ".ledger.json")

    def marker(self, thread_id: str) -> Path:
        """The file that says which ledger was made from what."""
        return self._spelled(self.markers, thread_id, ".json")

    def thread_ids(self) -> list[str]:
        """The threads that have a transcript file, by their ids; files that are named otherwise are none."""
        return self._ids(self.threads, ".md")

    def ledger_ids(self) -> list[str]:
        """The threads that have a ledger in the place where ledgers are looked for."""
        return self._ids(self.threads, ".ledger.json")

    def marker_ids(self) -> list[str]:
        """The threads that have a marker."""
        return self._ids(self.markers, ".json")

    def days(self, thread_id: str | None = None) -> list[tuple[str, Path]]:
        """Files of the legacy archive with their threads' ids, by path; of all threads or of one."""
        if self._listings is None:
            with self.listed_once():
                return self.days(thread_id)
        if self._listings.days is None:
            self._listings.days = {}
            for named, path in self._every_day():
                self._listings.days.setdefault(named, []).append((named, path))
        if thread_id is not None:
            return self._listings.days.get(thread_id, [])
        return sorted((one for days in self._listings.days.values() for one in days), key=lambda one: one[1])

    def _every_day(self) -> Iterator[tuple[str, Path]]:
        for folder in self._paths(self.chats):
            if folder == self.threads or folder.name.startswith(".") or _is_no_folder(folder):
                continue
            for path in self._paths(folder):
                named = _id_of(path, ".md")
                if named is not None:
                    yield named, path

    @contextlib.contextmanager
    def listed_once(self) -> Iterator[None]:
        """List each folder once while many threads are asked for, and not for each of them.

        A file that comes meanwhile is found by its own name, and by one that is spelled otherwise the next time.
        """
        before = self._listings
        self._listings = before or Listings()
        try:
            yield
        finally:
            self._listings = before

    def days_are_merged(self) -> bool:
        """Whether the legacy archive was taken over into the thread files."""
        return (self.threads / LEGACY_MARKER).exists()

    def read(self, path: Path) -> bytes | None:
        """The bytes of a file of the project; None where there is none; raises UnreadableFile."""
        try:
            data = read_if_there(path)
        except OSError as error:
            raise _unreadable(path, self._note(path, error)) from error
        self.unreadable.pop(path, None)
        if data is None and (reason := self.unreadable.get(path.parent)):
            raise _unreadable(path.parent, reason)
        return data

    def turns(self, thread_id: str) -> ThreadTurns | None:
        """What the thread's files tell: its own, and the days that were not taken over; None where there is no file.

        Raises UnreadableFile for its own; a day that cannot be read is a problem, as what is damaged in one.
        """
        files = self._files(thread_id)
        turns: list[TranscriptTurn] = []
        problems: list[Problem] = []
        for kind, data in files:
            if kind == "thread":
                file = read.read(data)
                turns, problems = in_order(file.turns), list(file.problems)
                if file.thread_id not in (None, thread_id):
                    problems.append(
                        Problem(code="other_thread", line=1, decision="the name of the file counts")
                    )
            else:
                more, found = legacy.read_day(data, thread_id)
                turns, problems = legacy.merged(turns, more), problems + found
        lost = self._lost_days(thread_id)
        if not files and not lost:
            return None
        problems += [Problem(code="unreadable", line=0, decision="what it tells is not read")] * len(lost)
        return ThreadTurns(turns=turns, problems=problems, digest=_digest(files))

    def digest(self, thread_id: str) -> str | None:
        """The digest that `turns` would give, without reading what the files tell."""
        files = self._files(thread_id)
        return _digest(files) if files else None

    def require_turns(self, thread_id: str) -> ThreadTurns:
        """What the thread's files tell; raises NotFound."""
        found = self.turns(thread_id)
        if found is None:
            raise NotFound(
                f"thread {thread_id} has no transcript below {self.path}",
                hint="Check the id and the project's path; `chatdoc ledger status` lists the threads",
            )
        return found

    def _files(self, thread_id: str) -> list[tuple[str, bytes]]:
        """The files that tell of a thread: its own, and the days that were not taken over."""
        data = self.read(self.transcript(thread_id))
        files = [("thread", data)] if data is not None else []
        days = [] if data is not None and self.days_are_merged() else self.days(thread_id)
        for _, day in days:
            with contextlib.suppress(UnreadableFile):  # `unreadable` has it.
                if (data := self.read(day)) is not None:
                    files.append(("day", data))
        return files

    def _lost_days(self, thread_id: str) -> list[Path]:
        """What could not be read of the legacy archive when the thread's files were read just now."""
        if self.days_are_merged():
            return []
        above = [path for path in self.unreadable if self.threads not in (path, *path.parents)]
        return [
            path for path in above if self.chats in (path, path.parent) or _id_of(path, ".md") == thread_id
        ]

    def _ids(self, folder: Path, suffix: str) -> list[str]:
        return sorted({found for path in self._paths(folder) if (found := _id_of(path, suffix))})

    def _paths(self, folder: Path) -> list[Path]:
        """What stands in a folder, by name; nothing where it is not there, or cannot be read, which is noted."""
        try:
            names = sorted(os.listdir(folder))
        except OSError as error:
            if not isinstance(error, FileNotFoundError) or folder.is_symlink():
                self._note(folder, error)
                return []
            names = []
        self.unreadable.pop(folder, None)
        return [folder / name for name in names]

    def _spelled(self, folder: Path, thread_id: str, suffix: str) -> Path:
        path = folder / f"{thread_id}{suffix}"
        if os.path.lexists(path):
            return path
        if self._listings is None:
            with self.listed_once():
                return self._spelled(folder, thread_id, suffix)
        names = self._listings.names.get(folder)
        if names is None:
            names = self._listings.names[folder] = {}
            for one in self._paths(folder):
                names.setdefault(one.name.lower(), one)
        return names.get(path.name.lower(), path)

    def _note(self, path: Path, error: OSError) -> str:
        reason = self.unreadable[path] = error.strerror or str(error)
        return reason

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the project's transcripts: whoever reads, changes and replaces a file does it alone."""
        folder = -1
        try:
            self.threads.mkdir(parents=True, exist_ok=True)
            folder = os.open(self.threads, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            lock_file(folder, self.threads)
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise WriteFailed(
                f"transcripts in {self.threads} could not be written: {reason}; the files are as they were",
                hint="Check the disk and the folder's permissions; the next write repairs what this one missed",
            ) from error
        finally:
            if folder >= 0:
                os.close(folder)


def _digest(files: list[tuple[str, bytes]]) -> str:
    digests = [sha256(data).hexdigest() for _, data in files]
    return digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()


def thread_uuid(thread_id: str) -> str:
    """A thread's id as its files spell it; raises CommandRefused for what is neither a UUID nor a ULID."""
    found = as_uuid(thread_id)
    if found is None:
        raise CommandRefused(
            f"thread id: expected a UUID or a ULID, got {len(thread_id)} other characters",
            hint="`chatdoc ledger status` lists the threads",
        )
    return found


def read_if_there(path: Path) -> bytes | None:
    """The bytes of a file; None where there is none; raises OSError, for a pipe and a link to nothing too."""
    try:
        return read_plain(path)
    except FileNotFoundError:
        if path.is_symlink():
            raise
        return None


def _unreadable(path: Path, reason: str) -> UnreadableFile:
    return UnreadableFile(
        f"{path} cannot be read: {reason}", hint="Mend it, or move it away; nothing was written over it"
    )


def _is_no_folder(path: Path) -> bool:
    """Whether something else stands there for sure; of what cannot be looked at, nobody knows."""
    return os.path.exists(path) and not os.path.isdir(path)


def _id_of(path: Path, suffix: str) -> str | None:
    stem = path.name.removesuffix(suffix)
    return as_uuid(stem) if path.name.endswith(suffix) and "-" in stem else None
