"""Write-through cache of thread files: a turn costs the writing of its file, and reads nothing that is known already.

What was written last is compared with what the file holds, byte for byte, before it is believed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path

from chatdoc.model.errors import ReadOnlyTarget
from chatdoc.store.atomic_file import write_atomically
from chatdoc.store.ledger.project import Project, read_if_there
from migrate.transcript import read, write
from migrate.transcript.turn import TranscriptTurn
from migrate.transcript.upsert import EditableFile

FILES_HELD = 8
"""So many files are known at a time; the one that was not written for longest is forgotten."""


class TranscriptWriter:
    """Puts turns into the thread files of a project; one thread of the program at a time."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._held: OrderedDict[str, tuple[bytes, EditableFile]] = OrderedDict()
        self._forgotten: dict[str, bytes] = {}
        """The digest of each file that was written and is held no more."""

    def put(
        self,
        thread_id: str,
        turns: Iterable[TranscriptTurn],
        *,
        every: Callable[[], Iterable[TranscriptTurn]] | None = None,
    ) -> bool:
        """Make the thread's file hold these turns as they are now; true when it was written.

        Where the file is not as it was left here, removed or cut, say, it gets `every` turn of the thread.
        Raises WriteFailed and ReadOnlyTarget; the file is then as it was.
        """
        with self.project.writing():
            path = self.project.transcript(thread_id)
            before = read_if_there(path)
            data = before if before is not None else write.header(thread_id).encode()
            if every is not None and not self._is_as_left(thread_id, before):
                turns = every()
            held = self._held.pop(thread_id, None)
            file = held[1] if held is not None and held[0] == data else EditableFile(read.read(data))
            require_known_version(file.version, path)
            if file.upsert(turns) or before is None:
                data = file.data()
                write_atomically(path, data)
            if file.is_known:
                self._held[thread_id] = (data, file)
                while len(self._held) > FILES_HELD:
                    other, (text, _) = self._held.popitem(last=False)
                    self._forgotten[other] = sha256(text).digest()
            else:
                self._forgotten[thread_id] = sha256(data).digest()
            return data != before

    def _is_as_left(self, thread_id: str, data: bytes | None) -> bool:
        if data is None:
            return False
        if (held := self._held.get(thread_id)) is not None:
            return held[0] == data
        return self._forgotten.get(thread_id) == sha256(data).digest()


def require_known_version(version: int | None, path: Path) -> None:
    """Raise ReadOnlyTarget for a file that a newer program wrote: what it means by it is not known here."""
    if version is not None and version > write.VERSION:
        raise ReadOnlyTarget(
            f"{path} is a transcript of version {version}, and versions up to {write.VERSION} are written here",
            hint="Use a newer version of chatdoc",
        )
