"""The `.chat` text follows the document, and what somebody else wrote into the file is taken before it is replaced."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TypeGuard

import msgspec

from chatdoc.engine.adopt_file import backup_name, digest
from chatdoc.engine.execute import Corridor
from chatdoc.model.clock import Clock
from chatdoc.model.errors import DocumentFailed, UnreadableFile
from chatdoc.store.atomic_file import write_atomically
from chatdoc.store.backups import save
from chatdoc.store.sqlite.registration import Registration
from chatdoc.store.sqlite.store import Store
from migrate import migrate, sniff
from migrate.report import MigrationReport
from migrate.v2.merge_external import merge
from migrate.v2.write import render


class Publisher:
    """Keeps one file in step with its document; the store knows its last published text, and how the file looked."""

    def __init__(self, store: Store, name: str, path: Path, corridor: Corridor, clock: Clock) -> None:
        self._store, self._name, self._path = store, name, path
        self._corridor, self._clock = corridor, clock

    def take_outside(self) -> MigrationReport | None:
        """Merge a file that was changed by somebody else; rows missing from it are reported, not deleted."""
        if looks_published(self._store.registration(self._name), self._path):
            return None
        source = read_bytes(self._path)
        if digest(source) in self._own_digests():
            return None
        if not source.strip():
            return merge(self._corridor.view, source).report if not self.is_empty() else None
        if self._format(source) == "v2":
            merged = merge(self._corridor.view, source)
            self._corridor.enter(merged.facts, origin="outside")
            return merged.report
        source_digest = digest(source)
        save(source, self._store.backups, backup_name(self._name, source_digest), source_digest)
        migration = migrate(source)
        self._corridor.enter(migration.facts, origin="migration")
        return migration.report

    def publish(self) -> bool:
        """Write the text unless the file has it already; true when it was written."""
        registration = self._store.registration(self._name)
        if registration is None:
            raise DocumentFailed(
                f"{self._path} is not this document's file any more: another process rolled it back, or opened it "
                "under another name",
                hint="Open the file again; all that was changed is in the store",
            )
        if (
            looks_published(registration, self._path)
            and registration.text_sequence == self._corridor.sequence
        ):
            return False
        self.take_outside()
        if self.is_empty() and not read_bytes(self._path):
            return False
        text = render(self._corridor.view)
        written = text != read_bytes(self._path)
        if written:
            write_atomically(self._path, text)
        committed = [one for one in self._store.markers(self._name) if one.phase == "committed"]
        marker = msgspec.structs.replace(committed[-1], phase="published") if committed else None
        self._store.publish(
            self._name,
            digest(text),
            text_stat=stat_of(self._path),
            text_sequence=self._corridor.sequence,
            marker=marker,
            recorded_at_ms=self._clock(),
        )
        return written

    def is_empty(self) -> bool:
        """Whether the document holds nothing but its own id."""
        view = self._corridor.view
        return not (view.thread_facts or view.headers or view.attic_rows or view.settings or view.late)

    def _format(self, source: bytes) -> str:
        try:
            return sniff(source)
        except UnreadableFile as error:
            raise UnreadableFile(
                f"{self._path} was replaced by what is no chat ({str(error).removesuffix(f'. {error.hint}')})",
                hint="The store has its document: move this file away and open it again to get the text back",
            ) from error

    def _own_digests(self) -> set[str]:
        """What may stand in the file with nobody having changed it: our last text, or the source of its migration."""
        registration = self._store.registration(self._name)
        if registration is not None and registration.text_digest is not None:
            return {registration.text_digest}
        known = {digest(b"")}
        for marker in self._store.markers(self._name):
            if marker.phase == "committed":
                known |= {marker.source_digest, marker.text_digest or ""}
        return known


def looks_published(registration: Registration | None, path: Path) -> TypeGuard[Registration]:
    """Whether the file looks just as it did when its text was published, so that nobody wrote to it since.

    Inode, size and both times are compared, as a version control index does; a rename changes the inode, a write the
    times.
    """
    return (
        registration is not None
        and registration.text_stat is not None
        and registration.text_stat == stat_of(path)
    )


def stat_of(path: Path) -> str | None:
    """How a file looks without reading it; None when it is not there."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return f"{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"


def read_bytes(path: Path) -> bytes:
    """A file's bytes, none for one that is not there; raises UnreadableFile for what is no file one may read.

    A pipe or a device is refused at once: reading it might wait for ever, or never end.
    """
    try:
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise UnreadableFile(
                    f"{path} is not a regular file ({stat.filemode(mode)})", hint="Name a file"
                )
            return file.read()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise UnreadableFile(
            f"{path} cannot be read: {error.strerror}", hint="Name a file you may read"
        ) from error
