"""Publishing: the `.chat` text follows the document, and what others wrote into the file is never replaced unseen.

File and store are two things, so each step looks at what it displaced: the text takes the file's place by an exchange,
and what stood there at that very moment is merged when it is not what was read before. A path is no identity: a file
that holds another document is left alone, and one that was deleted or moved away is not brought back.
The document is locked while its text is made, and not while the disk is waited for: others go on meanwhile.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec

from chatdoc.engine.adopt_file import digest
from chatdoc.engine.displaced_file import ROUNDS_MAX, DisplacedFile
from chatdoc.engine.engine import Engine
from chatdoc.engine.file_identity import is_another, no_chat_any_more
from chatdoc.engine.read_file import file_stat, looks_published, read_bytes, same_file, stat_of
from chatdoc.engine.rendering import Rendering
from chatdoc.engine.text_digest import digest_of, read_with_digest
from chatdoc.engine.transaction import Transaction
from chatdoc.model.errors import FileReplaced, UnreadableFile, WriteFailed
from chatdoc.model.view.view import View
from chatdoc.store.atomic_file import replace_atomically
from chatdoc.store.backups import backup_name
from chatdoc.store.backups import save as save_backup
from chatdoc.store.ports import Registration, Stores
from migrate import migrate, sniff
from migrate.report import MigrationReport
from migrate.v2.merge_external import merge

FileState = Literal["present", "unpublished", "moved", "deleted", "replaced"]

_log = logging.getLogger("chatdoc")


class ChatFile:
    """The file of one open document; the store knows its last published text, and how the file looked then."""

    def __init__(self, stores: Stores, path: Path, engine: Engine, *, ready: bytes = b"") -> None:
        """`ready` is the text of the document's first update, where a migration has rendered and verified it."""
        self.path = path
        self.lock = threading.RLock()
        """Who reads or writes the file has it alone. It is taken before the document's lock, never after."""
        self._ready = ready
        self._stores, self._engine = stores, engine
        self._displaced = DisplacedFile()
        self._has_said_gone = False
        self._rendering = Rendering()
        if engine.store.registry.registration().text_sequence == engine.sequence:
            self._rendering.begin(engine.copy.view, engine.sequence)

    @property
    def state(self) -> FileState:
        """How the file stands to the document; `moved` is a file of another name in the same folder."""
        registration = self._engine.store.registry.registration()
        if self._lives_elsewhere(registration):
            return "moved"
        if looks_published(registration, self.path):
            return "present"
        if not os.path.lexists(self.path):
            return self._missing(registration)
        try:
            other = self._is_another(read_bytes(self.path))
        except UnreadableFile:
            return "replaced"
        return "replaced" if other else "present"

    def is_empty(self) -> bool:
        """Whether the document holds nothing but its own id."""
        view = self._engine.view
        return not (view.thread_facts or view.headers or view.attic_rows or view.settings or view.late)

    def take_external(self) -> MigrationReport | None:
        """Merge a file that was changed by somebody else; rows missing from it are reported, not deleted.

        Raises FileReplaced where it holds another document, and UnreadableFile where it is no chat.
        """
        with self.lock, self._engine.lock:
            self._take_displaced()
            if looks_published(self._engine.store.registry.registration(), self.path):
                return None
            return self._take(read_bytes(self.path))

    def save(self) -> bool:
        """Write the text unless the file has it already; true when it was written.

        Raises FileReplaced, UnreadableFile, ReadOnlyTarget and WriteFailed.
        """
        engine = self._engine
        with self.lock:
            with engine.lock:
                engine.make_ready()
                self._take_displaced()
                registration = engine.store.registry.registration()
                sequence = engine.sequence
            if looks_published(registration, self.path) and registration.text_sequence == sequence:
                return False
            gone = not os.path.lexists(self.path) and self._missing(registration) != "unpublished"
            if gone or self._lives_elsewhere(registration):
                self._say_gone()
                return False
            return self._publish()

    def save_to(self, path: Path) -> bool:
        """Write the text to another place, where nothing is yet, and let the document live there from now on."""
        with self.lock:
            self._engine.make_ready()
            if path.parent != self.path.parent:
                raise WriteFailed(
                    f"{path} lies in another folder than the store of the document, {self.path.parent}",
                    hint="Name a file in that folder; once it is written and closed, move it wherever you want it",
                )
            if os.path.lexists(path):
                raise WriteFailed(f"{path} is there already", hint="Name a file that is not there")
            self._displaced.let_go()
            self._stores.follow_move(self._engine.store, path)
            self.path = path
            self._publish()
            return True

    def restore(self) -> None:
        """Write the text to the document's own path, where its file is not any more."""
        with self.lock:
            self._engine.make_ready()
            self._publish()

    def close(self) -> None:
        """Take what was still written to the file that our last text displaced, and let go of it."""
        try:
            if self._engine.is_open and self._displaced.is_unseen:
                self.save()
        finally:
            self._displaced.let_go()

    def _publish(self) -> bool:
        engine, written = self._engine, False
        for _ in range(ROUNDS_MAX):
            seen = stat_of(self.path)
            source, source_digest = read_with_digest(self.path)
            with engine.lock:
                # Also where it looks as we left it: somebody may have come between the two looks.
                self._take(source, source_digest)
                if self.is_empty() and not source:
                    return False
                view, sequence = engine.view, engine.sequence
                text = self._text(view, sequence, source, source_digest)
            # Should somebody write between the two looks, the file does not look like the first.
            if sum(map(len, text)) == len(source) and b"".join(text) == source:
                self._note(source_digest, sequence, seen)
                return written
            text_digest = digest_of(text)
            try:
                looks = replace_atomically(
                    self.path,
                    text,
                    is_there=seen is not None,
                    keep=partial(self._displaced.keep, known=source),
                )
            except WriteFailed:
                if seen is None or os.path.lexists(self.path):
                    raise
                self._say_gone()
                return written
            written, self._has_said_gone = True, False
            now = stat_of(self.path)
            untouched = now is not None and now.startswith(file_stat(looks))
            self._note(text_digest.result(), sequence, now if untouched else None)
            if untouched and not self._displaced.is_unseen:
                return True
            try:
                with engine.lock:
                    self._take_displaced()
            except (FileReplaced, UnreadableFile):
                self._displaced.give_back(self.path, b"".join(text))
                raise
        return written

    def _text(
        self, view: View, sequence: int, source: bytes, source_digest: str
    ) -> Sequence[bytes | memoryview]:
        ready, self._ready = self._ready, b""
        if ready and sequence == 1:
            return [ready]
        published = self._engine.store.registry.registration()
        before = source if source_digest == published.text_digest else b""
        return self._rendering.text(view, sequence, before, published.text_sequence)

    def _take(self, source: bytes, source_digest: str | None = None) -> MigrationReport | None:
        engine = self._engine
        source_digest = source_digest or digest(source)
        if source_digest in self._own_digests():
            return None
        if not source.strip():
            return merge(engine.view, source).report if not self.is_empty() else None
        if self._is_another(source):
            raise FileReplaced(
                f"{self.path} holds another document than the one that is open; it is left as it is",
                hint="Open it again to get what it holds; save(to=…) writes this document to another place",
            )
        if sniff(source) == "v2":
            merged = merge(engine.view, source)
            engine.enter(merged.facts, origin="outside")
            return merged.report
        save_backup(source, self._stores.backups, backup_name(self.path, source_digest), source_digest)
        migration = migrate(source)
        engine.enter(migration.facts, origin="migration")
        return migration.report

    def _is_another(self, source: bytes) -> bool:
        if digest(source) in self._own_digests():
            return False
        try:
            return is_another(self._engine.view, source)
        except UnreadableFile as error:
            raise no_chat_any_more(self.path, error) from error

    def _own_digests(self) -> set[str]:
        """What may stand in the file with nobody having changed it: our last text, or the source of its migration."""
        registry = self._engine.store.registry
        published = registry.registration().text_digest
        if published is not None:
            return {published}
        known = {digest(b"")}
        for marker in registry.markers():
            if marker.phase == "committed":
                known |= {marker.source_digest, marker.text_digest or ""}
        return known

    def _note(self, text_digest: str, sequence: int, stat: str | None) -> None:
        """Note in the store what was published."""
        registry = self._engine.store.registry
        at_ms = self._engine.clock()

        def note(transaction: Transaction) -> None:
            registration = msgspec.structs.replace(
                registry.registration(), text_digest=text_digest, text_stat=stat, text_sequence=sequence
            )
            transaction.unit.put_registration(registration)
            for marker in registry.markers():
                if marker.phase == "committed":
                    published = msgspec.structs.replace(marker, phase="published")
                    transaction.unit.put_marker(published, recorded_at_ms=at_ms)

        self._engine.transact(note, begins_log=False)

    def _lives_elsewhere(self, registration: Registration) -> bool:
        """Whether another process has saved the document to another place, or opened its file there."""
        return registration.path != self.path.name

    def _say_gone(self) -> None:
        """Say it once, until the file is written again."""
        if not self._has_said_gone:
            _log.warning(
                "%s was moved or deleted while it was open, so it is not written; its store has all of it: "
                "save(to=…) writes it to another place, `chatdoc recover` gives the file back",
                self.path,
            )
        self._has_said_gone = True

    def _missing(self, registration: Registration) -> FileState:
        """Where the file is that was published and is not at its path."""
        if registration.text_stat is None and registration.text_sequence is None:
            return "unpublished"
        inode = (registration.text_stat or "").partition(":")[0]
        return "moved" if any(map(self._holds_it, same_file(self.path.parent, inode))) else "deleted"

    def _holds_it(self, file: Path) -> bool:
        """Whether a file is the one that was here: its number alone may be that of a file which was made later."""
        try:
            source = read_bytes(file)
            return bool(source.strip()) and not self._is_another(source)
        except UnreadableFile:
            return False

    def _take_displaced(self) -> None:
        """Take what was written to the file that our last text displaced; what is no edit of ours is passed over.

        Under the document's lock, as all that compares a text with the view.
        """
        try:
            self._displaced.take(self._take)
        except (FileReplaced, UnreadableFile):
            self._displaced.pass_over()
            raise
