"""An import run: pass 1 finds logs, pass 2 reads what is new in them, and one bad file stops nothing but itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from chatdoc.apps.importer.discover import Found, discover, spelled_out
from chatdoc.apps.importer.documents import Documents, Target
from chatdoc.apps.importer.observer import Observer, Silent
from chatdoc.apps.importer.outcome import ImportReport, SessionOutcome
from chatdoc.apps.importer.read_log import Clean, LogFiles
from chatdoc.apps.integrity_counters import counters_of
from chatdoc.model.clock import Clock
from chatdoc.model.errors import ChatdocError
from chatdoc.settings import Settings
from chatdoc.store.chat_folders import is_gone
from chatdoc.store.session_index.index import SessionIndex
from migrate.session.item import SOURCES


class Importer:
    """Imports logs into one workspace folder; `with` closes what it opened."""

    def __init__(
        self,
        target: Target,
        settings: Settings,
        *,
        clock: Clock,
        sources: Sequence[str] = SOURCES,
        observer: Observer | None = None,
        clean: Clean | None = None,
    ) -> None:
        self.settings = settings
        self.sources = tuple(sources)
        self.observer: Observer = observer if observer is not None else Silent()
        self.index = SessionIndex.open(target.folder)
        self._clock = clock
        self._documents = Documents()
        self._files = LogFiles(self.index, target, self._documents, clock=clock, clean=clean)

    def roots(self, paths: Sequence[Path]) -> list[Path]:
        """The named files and folders, or those in which the tools keep their logs."""
        if paths:
            return [spelled_out(path) for path in paths]
        return [
            root
            for source in self.sources
            if not self.settings.is_switched_off(source)
            for root in self.settings.roots(source)
            if not is_gone(root)
        ]

    def run(self, paths: Sequence[Path], *, stage: str = "pass2") -> ImportReport:
        """Import all logs of these files and folders, and say what came of each."""
        outcomes: list[SessionOutcome] = []
        unread: list[OSError] = []
        roots = self.roots(paths)
        present: set[str] = set()
        outcomes += [_failed("", document, error) for document, error in self._files.save_what_was_left()]
        logs = list(discover(roots, self._files.known_source, unread.append))
        for found in logs:
            present.add(found.path)
            self.observer.scanned(found.source or "none", "pass1", "ok")
        told = {number: self._take(logs[number], stage) for number in self._by_document(logs)}
        outcomes += [one for number in range(len(logs)) for one in told[number]]
        for error in unread:
            path = str(error.filename or "")
            self.observer.scanned("none", "pass1", "io_error")
            outcomes.append(_failed("", path, error))
        outcomes += [_failed("", document, error) for document, error in self._documents.save()]
        self._files.saved(self._documents.unsaved)
        missing = self._missing(roots, present)
        counts = Counter(one.result for one in outcomes)
        return ImportReport(
            ok=not counts["failed"],
            sessions=outcomes,
            counts=dict(sorted(counts.items())),
            missing=missing,
        )

    def _by_document(self, logs: list[Found]) -> list[int]:
        """The places of logs, those of a document after one another: to open and save one costs what it holds."""
        first: dict[str, int] = {}
        places = [
            first.setdefault(self._files.goes_into(found, found.source), len(first))
            if found.source in self.sources
            else 0
            for found in logs
        ]
        return sorted(range(len(logs)), key=places.__getitem__)

    def _take(self, found: Found, stage: str) -> list[SessionOutcome]:
        source = found.source
        if source is None:
            return [SessionOutcome(source="", session_id="", path=found.path, result="no log")]
        if source not in self.sources:
            return []
        if self.settings.is_switched_off(source):
            return [SessionOutcome(source=source, session_id="", path=found.path, result="switched off")]
        begun = self._clock()
        try:
            outcomes = self._files.take(found, source)
        except OSError as error:
            self.observer.indexed(source, "", found.path, stage, "io_error", self._clock() - begun, 0)
            return [_failed(source, found.path, error)]
        except ChatdocError as error:
            self.observer.indexed(source, "", found.path, stage, "parse_error", self._clock() - begun, 0)
            return [_failed(source, found.path, error)]
        if not outcomes:
            return [SessionOutcome(source=source, session_id="", path=found.path, result="empty")]
        first = outcomes[0]
        if first.result != "unchanged":
            damaged = sum(one.lines.get("quarantined", 0) for one in outcomes)
            result = "parse_error" if damaged else "ok"
            took = self._clock() - begun
            self.observer.indexed(source, first.session_id, found.path, stage, result, took, damaged)
            self.observer.met(source, first.unknown_kinds)
        return outcomes

    def note_missing(self, paths: Sequence[Path]) -> list[str]:
        """Note that these logs are gone, where they were imported once; nothing of them is removed."""
        gone = [str(path) for path in paths if self.index.get(str(path)) is not None and is_gone(path)]
        for path in gone:
            self.index.mark_missing(path, self._clock())
        return gone

    def counters(self) -> list[dict[str, int]]:
        """What is broken in each of the open documents, by metric name."""
        return [counters_of(one.check(full=False), one.kept_transcripts) for one in self._documents.opened()]

    def _missing(self, roots: list[Path], present: set[str]) -> list[str]:
        known = [Path(row.path) for row in self.index.rows(self.sources) if row.path not in present]
        return self.note_missing([path for path in known if any(path.is_relative_to(root) for root in roots)])

    def close(self) -> None:
        """Save the documents and let go of everything."""
        try:
            self._documents.close()
        finally:
            self._files.saved(self._documents.unsaved)
            self.index.close()

    def __enter__(self) -> Importer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _failed(source: str, path: str, error: OSError | ChatdocError) -> SessionOutcome:
    message = (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)
    return SessionOutcome(source=source, session_id="", path=path, result="failed", error=message)
