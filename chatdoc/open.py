"""Opening: a file is what its bytes say, an open document what its store holds; nothing is lost and nothing guessed."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

import msgspec

from chatdoc.agents.ownership import Waiter
from chatdoc.database import open_by_url, read_by_url
from chatdoc.document import Document
from chatdoc.engine.adopt_file import adopt, begin, digest, upgrade
from chatdoc.engine.begin_event_log import begin_event_log
from chatdoc.engine.chat_file import ChatFile
from chatdoc.engine.conversion import Conversion, unverified
from chatdoc.engine.engine import Engine
from chatdoc.engine.file_identity import is_another, no_chat_any_more
from chatdoc.engine.load import keep_rows, load_view
from chatdoc.engine.read_file import looks_published, read_bytes
from chatdoc.engine.reader import Reader
from chatdoc.engine.working_copy import WorkingCopy
from chatdoc.model.clock import Clock, system_clock
from chatdoc.model.errors import DocumentExists, FileReplaced, UnreadableFile
from chatdoc.model.ids import RandomSource
from chatdoc.model.system_errors import advice
from chatdoc.model.view import apply
from chatdoc.read_only import migrated_to_read
from chatdoc.settings import migrates_old_files
from chatdoc.store.atomic_file import require_writable
from chatdoc.store.by_url import folder_at, is_url
from chatdoc.store.ledger.workspace_setting import transcripts_folder
from chatdoc.store.ports import DocumentStore, Found, Stores
from chatdoc.store.real_path import real_path
from chatdoc.store.sqlite.connection import Durability
from chatdoc.store.sqlite.folder import SqliteFolder
from invariants.rule import Violation
from migrate import sniff
from migrate.report import Anomaly, MigrationReport
from migrate.v2.merge_external import document_ids, merge

_SAID = {
    "moved": ("moved_file", "its document was published as {other} last", "it goes on with its own log"),
    "copied": (
        "copied_file",
        "its document is also that of {other}",
        "it is a copy with a log of its own now",
    ),
    "replaced": (
        "replaced_file",
        "another document was here before; its store is {other}",
        "that one is set aside with its backups; `chatdoc recover` gives its text back",
    ),
    "deleted": (
        "deleted_file",
        "the document that was here lost its file; its store is {other}",
        "a new document begins; `chatdoc recover` gives the old one's text back",
    ),
}


def open_document(
    path: str | os.PathLike[str],
    *,
    clock: Clock = system_clock,
    random: RandomSource = os.urandom,
    durability: Durability = "full",
    store: str | os.PathLike[str] | None = None,
    create: bool = True,
    convert: bool = False,
    waiter: Waiter = threading.Event.wait,
) -> Document:
    """Open a `.chat` file of any format, upgrading it first when it is old; close it with `close()` or `with`.

    The old bytes are kept as a backup before anything is written, and `document.report` says what was done.
    A file that is not there begins empty, unless `create` is false. A symbolic link is followed to the real file.
    Each document has a store of its own in `.chatdoc/` beside its file (`document.store_path`), found by the id in the
    text and by the path it was published to last: a moved file keeps its store, a copy gets its own.
    `store` names one of the folder's stores to serve the file instead, say one that was set aside: the file must hold
    that document, or not be there. Where it is the URL of a database, `postgresql://…#folder`, the document lives there
    under that folder's name and the file's, and the file mirrors it.
    A path that is a URL, `postgresql://…#name`, opens the document of that name or id, which has no file.
    Where the folder's `.chatdoc/settings.toml` says so, thread transcripts are kept until it is closed.
    Turns whose process is gone are ended with what was flushed; those of others are left alone. `waiter` lets time
    pass between the heartbeats of the turns that run here.
    `durability` is SQLite's `synchronous`: `full` survives a power failure, `normal` a crash of the program.
    Raises UnreadableFile, ReadOnlyTarget, StoreError; the file is then as it was. A migration that breaks a rule
    gives a document to read only, whose changes raise MigrationFailed. So does an old file where the environment has
    CHATDOC_SCHEMA_V2=0, and one of jupyterlab-chat, which could not read it any more, unless `convert` is true: their
    changes raise NotMigrated, and nothing is written.
    """
    if isinstance(path, str) and is_url(path):
        return open_by_url(path, clock=clock, random=random, waiter=waiter, create=create)
    real = _real(path, create=create)
    stores: Stores = SqliteFolder(real.parent, durability=durability, clock=clock)
    if isinstance(store, str) and is_url(store):
        stores, store = folder_at(store, real.parent, clock), None
    opening = _Opening(stores, real, clock, random, waiter, _conversion(convert))
    return opening.open() if store is None else opening.open_with(Path(os.path.realpath(store)))


def read_document(path: str | os.PathLike[str]) -> Reader:
    """Read a file of any format, or the stored document behind it or of a URL; writes nothing, raises as above."""
    if isinstance(path, str) and is_url(path):
        return read_by_url(path)
    return _read(path)[0]


def migrate_file(
    path: str | os.PathLike[str], *, dry_run: bool = False, convert: bool = False
) -> MigrationReport | None:
    """Open, upgrade and close a file; the report of what was, or would be, done, None when it is up to date.

    Raises as `open_document` does, NotMigrated for a file that is not to be converted, and MigrationFailed when the
    result would break a rule; nothing is written then.
    """
    if dry_run:
        reader, broken = _read(path)
        refused = reader.report and _conversion(convert).refusal(path, reader.report.format)
        if refused:
            raise refused
        if broken:
            raise unverified(path, broken)
        return reader.report
    with open_document(path, create=False, convert=convert) as document:
        document.engine.require_open()
        return document.report


class _Opening:
    """One opening of one file: which store serves it, what the file holds besides, and what is said of both."""

    def __init__(
        self,
        stores: Stores,
        path: Path,
        clock: Clock,
        random: RandomSource,
        waiter: Waiter,
        conversion: Conversion,
    ) -> None:
        self.stores, self.path, self.conversion = stores, path, conversion
        self.clock, self.random, self.waiter = clock, random, waiter
        self.transcripts = transcripts_folder(path.parent)
        self.notes: list[Anomaly] = []

    def open(self) -> Document:
        """The document, open; whatever is raised leaves no store open."""
        found = self.stores.find(self.path, ())
        if found.place is not None:
            require_writable(self.path)
            document = self._open_known(found.place)
            if document is not None:
                return document
        source = read_bytes(self.path)
        found = self.stores.find(self.path, document_ids(source))
        if found.place is not None:
            self._note(found)
            return self._go_on(self.stores.open(found.place), follow=True)
        made = upgrade(source) if source else begin(self.clock, self.random)
        known = self.stores.find(self.path, (made.document_id,))
        if known.standing in ("registered", "moved") and known.place is not None and source:
            return self._go_on(self.stores.open(known.place), follow=known.standing == "moved")
        if made.report is not None:
            refused = self.conversion.refusal(self.path, made.report.format)
            if refused is not None or made.broken:
                reason = refused or unverified(self.path, made.broken)
                return migrated_to_read(self.path, made, reason, clock=self.clock, random=self.random)
        require_writable(self.path)
        self._note(known if known.standing != "new" else found)
        try:
            adopted = adopt(self.stores, self.path, source, made, clock=self.clock, random=self.random)
        except DocumentExists:  # Another process was faster; what it committed is what we open.
            return _Opening(
                self.stores, self.path, self.clock, self.random, self.waiter, self.conversion
            ).open()
        return self._document(adopted.store, adopted.copy, made.report, made.text)

    def open_with(self, place: Path) -> Document:
        """The document of a store that is named; raises FileReplaced where the file holds another one."""
        require_writable(self.path)
        store = self.stores.open(place)
        try:
            another = os.path.lexists(self.path) and self._is_another(store)
        except BaseException:
            store.close()
            raise
        if another:
            store.close()
            raise FileReplaced(
                f"{self.path} holds another document than the store {place.name}",
                hint="Name a file that is not there, or open it without naming a store",
            )
        if not os.path.lexists(self.path):  # It was not deleted there: it is to be written there.
            unpublished = msgspec.structs.replace(
                store.registry.registration(), text_stat=None, text_sequence=None
            )
            store.write(lambda unit: unit.put_registration(unpublished))
        return self._go_on(store, follow=True)

    def _open_known(self, place: Path) -> Document | None:
        """The document of the store that the path leads to; None, and the path leads nowhere, when it is another's."""
        store = self.stores.open(place)
        try:
            registration = store.registry.registration()
            if looks_published(registration, self.path):
                return self._document(store, None, None)
            published = registration.text_stat is not None or registration.text_sequence is not None
            if published and not os.path.lexists(self.path):
                self._say("deleted", place.name)
            elif self._is_another(store):
                self._say("replaced", place.name)
            else:
                return self._document(store, None, None)
            self.stores.release(store, self.path)
        except BaseException:
            store.close()
            raise
        store.close()
        return None

    def _is_another(self, store: DocumentStore) -> bool:
        source = read_bytes(self.path)
        known = {store.registry.registration().text_digest}
        known |= {one.source_digest for one in store.registry.markers()}
        if not source.strip() or digest(source) in known:
            return False
        try:
            if sniff(source) == "v2" and store.registry.registration().document_id in document_ids(source):
                return False
            return is_another(load_view(store), source)
        except UnreadableFile as error:
            raise no_chat_any_more(self.path, error) from error

    def _go_on(self, store: DocumentStore, *, follow: bool) -> Document:
        try:
            require_writable(self.path)
            if follow:
                self.stores.follow_move(store, self.path)
            return self._document(store, None, None)
        except BaseException:
            store.close()
            raise

    def _document(
        self,
        store: DocumentStore,
        copy: WorkingCopy | None,
        report: MigrationReport | None,
        text: bytes = b"",
    ) -> Document:
        engine = Engine(store, clock=self.clock, random=self.random, copy=copy)
        begin_event_log(engine, self.path.parent)
        file = ChatFile(self.stores, self.path, engine, ready=text)
        external = file.take_external()
        document = Document(engine, self._noted(report or external), file=file, waiter=self.waiter)
        document.agents.recover_turns(reason="server_restart")
        file.save()  # Nothing is sealed by it, which would let who opens a long log wait.
        if self.transcripts is not None:
            document.transcripts(self.transcripts, keep=True)
        keep_rows(store, engine.copy, recorded_at_ms=self.clock())
        return document

    def _note(self, found: Found) -> None:
        other = found.place if found.standing == "moved" else found.other
        if found.standing in _SAID and other is not None:
            with contextlib.closing(self.stores.look(other)) as store:
                name = store.registry.registration().path
            self._say(found.standing, name if found.standing in ("moved", "copied") else other.name)

    def _say(self, standing: str, other: str) -> None:
        code, detail, decision = _SAID[standing]
        if not any(one.code == code for one in self.notes):
            self.notes.append(Anomaly(code=code, detail=detail.format(other=other), decision=decision))

    def _noted(self, report: MigrationReport | None) -> MigrationReport | None:
        """The report with what was found about file and store; where nothing was migrated, these words alone."""
        if not self.notes:
            return report
        if report is None:
            source = read_bytes(self.path)
            report = MigrationReport(
                format="v2" if source else "empty", source_digest=digest(source), source_bytes=len(source)
            )
        return msgspec.structs.replace(report, anomalies=(*self.notes, *report.anomalies))


def _read(path: str | os.PathLike[str]) -> tuple[Reader, tuple[Violation, ...]]:
    """A reader, and the rules that a migration of the file would break."""
    real = _real(path, create=False)
    stores = SqliteFolder(real.parent)
    found = stores.find(real, ())
    if found.place is not None:
        with contextlib.closing(stores.look(found.place)) as store:
            if looks_published(store.registry.registration(), real):
                view = load_view(store)
                return Reader(lambda: view), ()
    source = read_bytes(real)
    if found.place is None:
        found = stores.find(real, document_ids(source))
    if found.place is not None:
        with contextlib.closing(stores.look(found.place)) as store:
            view = load_view(store)
            known = {store.registry.registration().text_digest}
            known |= {one.source_digest for one in store.registry.markers()}
        if digest(source) in known or not source.strip():
            return Reader(lambda: view), ()
        if not is_another(view, source):
            report = None
            if sniff(source) == "v2":
                merged = merge(view, source)
                apply.apply(view, merged.facts, origin="outside")
                report = merged.report if merged.facts else None
            return Reader(lambda: view, report), ()
    if not source.strip():
        empty = upgrade(b"").view
        return Reader(lambda: empty), ()
    made = upgrade(source)
    return Reader(lambda: made.view, made.report), made.broken if made.report is not None else ()


def _conversion(convert: bool) -> Conversion:
    return Conversion(old_files=migrates_old_files(os.environ), jupyter=convert)


def _real(path: str | os.PathLike[str], *, create: bool) -> Path:
    try:
        real = real_path(path)
        is_folder, is_there = real.is_dir(), real.exists()
    except ValueError as error:
        raise UnreadableFile(f"{path!r} is no path: {error}", hint="Check the name") from error
    except OSError as error:
        raise UnreadableFile(
            f"{path!r} cannot be looked at: {error.strerror}", hint=advice(error, "Check the name")
        ) from error
    if is_folder:
        raise UnreadableFile(f"{os.fsdecode(path) or 'the empty name'} is a folder", hint="Name a file in it")
    if not create and not is_there:
        raise UnreadableFile(f"there is no file {path}", hint="Check the name")
    return real
