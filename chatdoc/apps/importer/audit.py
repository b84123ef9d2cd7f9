"""Audit: the bytes of each log, what was imported of it and the tool's own index are compared, and differences named.

Findings are values with a code: `hidden_by_tool lost_to_tool not_imported grown changed source_missing lost cut
counted_twice unreadable`. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from chatdoc.apps.importer.certificate import LogProof, prove, text_digest
from chatdoc.apps.importer.discover import discover, spelled_out
from chatdoc.apps.importer.imported_logs import ImportedLogs
from chatdoc.apps.importer.prefix import is_intact
from chatdoc.apps.importer.read_log import PARSER_VERSION, Clean
from chatdoc.model.clock import iso
from chatdoc.model.errors import ChatdocError
from chatdoc.model.view.assemble import build_history
from chatdoc.model.view.view import View
from chatdoc.open import read_document
from chatdoc.settings import Settings
from chatdoc.store.chat_folders import is_gone
from chatdoc.store.plain_file import open_plain
from chatdoc.store.session_index.index import LogRow, SessionIndex
from chatdoc.store.session_index.tool_index import tool_indexes
from migrate.session.item import SOURCES, Source

STANDINGS = ("present", "grown", "changed", "source_missing", "not_imported")
BROKEN = frozenset({"lost", "counted_twice", "changed", "unreadable"})
"""Findings about what was imported; the others say what there is besides."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One difference: its code, the log or session, the line where it is one, and what was expected and found."""

    code: str
    source: str
    session_id: str = ""
    path: str = ""
    line: int | None = None
    detail: str = ""


class LogStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How one log stands to what was imported of it."""

    source: str
    session_id: str = ""
    path: str
    document: str = ""
    standing: str
    bytes: int
    imported_bytes: int = 0
    lines: int = 0
    last_seen: str = ""


class AuditReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit found; ok when everything that was imported is there, once and whole."""

    ok: bool
    logs: list[LogStanding]
    findings: list[Finding]
    counts: dict[str, int]


class Audit:
    """One audit of a workspace folder; `proofs` holds the proof of each log that was read."""

    def __init__(self, index: SessionIndex, settings: Settings, clean: Clean | None = None) -> None:
        self._index = index
        self._clean = clean
        self._settings = settings
        self._documents: dict[str, View | None] = {}
        self._shown: dict[str, set[tuple[str, str]]] = {}
        self._lost_to_tool: set[tuple[str, str]] = set()
        self.findings: list[Finding] = []
        self.logs: list[LogStanding] = []
        self.proofs: list[LogProof] = []

    def run(self, roots: Sequence[Path]) -> AuditReport:
        """Audit the logs below these roots, or of the tools' folders and the index where none are named."""
        rows = {row.path: row for row in self._index.rows()}
        own = [root for source in SOURCES for root in self._settings.roots(source) if not is_gone(root)]
        below = [spelled_out(root) for root in roots] or own
        found = {one.path: one for one in discover(below, lambda *_: None, self._unreadable)}
        for path in sorted(found.keys() | {path for path in rows if not roots or _is_below(path, below)}):
            row, one = rows.get(path), found.get(path)
            if row is not None:
                self._imported(row)
            elif one is not None and one.source is not None:
                self.logs.append(
                    LogStanding(source=one.source, path=path, standing="not_imported", bytes=one.size)
                )
                self._find(
                    "not_imported", one.source, path=path, detail=f"{one.size} bytes on disk, none imported"
                )
        self._twice(list(rows.values()))
        for source in SOURCES:
            for root in below if roots else self._settings.roots(source):
                self._tool(source, root, [path for path, one in found.items() if one.source == source])
        counts = {name: sum(one.standing == name for one in self.logs) for name in STANDINGS}
        ok = not any(one.code in BROKEN for one in self.findings)
        return AuditReport(ok=ok, logs=self.logs, findings=self.findings, counts=counts)

    def _imported(self, row: LogRow) -> None:
        path = Path(row.path)
        try:
            size = path.stat().st_size
            file = open_plain(path)
        except FileNotFoundError:
            self._stand(row, "source_missing", 0)
            self._row_finding(
                "source_missing",
                row,
                detail=f"the log is gone, last seen {iso(row.seen_at_ms)}; its import stays",
            )
            return
        except OSError as error:
            self._row_finding("unreadable", row, detail=error.strerror or "")
            return
        with file:
            intact = is_intact(file, row.cursor, row.prefix_digests, every=True)
            standing = "changed" if not intact else "grown" if size > row.size else "present"
            if not intact:
                detail = f"the first {row.cursor} bytes are not those that were imported; {size} bytes now"
                self._row_finding("changed", row, detail=detail)
            elif standing == "grown":
                self._row_finding("grown", row, detail=f"{size - row.size} bytes beyond those imported")
            file.seek(0)
            others = ImportedLogs(self._index, row, self._view)
            proof = prove(file, _source(row), row, clean=self._clean, others=others)
        self.proofs.append(proof)
        self._stand(row, standing, size, len(proof.lines))
        self._compare(row, proof)

    def _compare(self, row: LogRow, proof: LogProof) -> None:
        """Name every line of what was imported that the document does not show, or not whole."""
        if row.parser_version != PARSER_VERSION:
            self._row_finding(
                "not_imported", row, detail="another version read it; `chatdoc reindex` reads it anew"
            )
            return
        view = self._view(row.document)
        if view is None:
            self._row_finding("lost", row, detail=f"{row.document} cannot be read")
            return
        shown = self._shown.setdefault(row.document, set()) or shown_in(view)
        self._shown[row.document] = shown
        for number in proof.cut:
            self._row_finding(
                "cut", row, line=number, detail="the document shows a part of it, the log has it all"
            )
        for line in proof.lines:
            for name, digest in line.made:
                if (name, digest) not in shown:
                    what = "an attic row" if name == "attic" else f"message {name}"
                    self._row_finding(
                        "lost", row, line=line.number, detail=f"{what} is not in {row.document}"
                    )

    def _view(self, document: str) -> View | None:
        if document not in self._documents:
            try:
                self._documents[document] = read_document(document).view
            except (ChatdocError, OSError):
                self._documents[document] = None
        return self._documents[document]

    def _twice(self, rows: list[LogRow]) -> None:
        """One session in two documents is counted twice by whoever adds them up."""
        homes: dict[str, set[str]] = {}
        for row in rows:
            homes.setdefault(row.identity, set()).add(row.document)
        for row in rows:
            if len(homes[row.identity]) > 1:
                self._row_finding(
                    "counted_twice", row, detail=f"its session is in {len(homes[row.identity])} documents"
                )

    def _tool(self, source: Source, root: Path, on_disk: list[str]) -> None:
        """What the tool's own index hides, and what it lists though it is gone."""
        for index in tool_indexes(source, root):
            if index.problem:
                self._find("unreadable", source, path=index.path, detail=f"the tool's index: {index.problem}")
                continue
            here = [Path(path) for path in on_disk if _is_below(path, [Path(index.folder)])]
            for path in here if index.lists_all else ():
                if not any(session in path.stem for session in index.sessions):
                    self._find("hidden_by_tool", source, path=str(path), detail=f"not listed in {index.path}")
            stems = " ".join(Path(path).stem for path in on_disk)
            for session, log in sorted(index.sessions.items()):
                known = (index.path, session) in self._lost_to_tool  # One index tells of several folders.
                if session not in stems and not known and not (log and not is_gone(Path(log))):
                    self._lost_to_tool.add((index.path, session))
                    detail = f"listed in {index.path}, and no log is there"
                    self._find("lost_to_tool", source, session=session, path=log, detail=detail)

    def _stand(self, row: LogRow, standing: str, size: int, lines: int = 0) -> None:
        self.logs.append(
            LogStanding(
                source=row.source,
                session_id=row.source_session_id,
                path=row.path,
                document=row.document,
                standing=standing,
                bytes=size,
                imported_bytes=row.size,
                lines=lines,
                last_seen=iso(row.missing_since_ms or row.seen_at_ms),
            )
        )

    def _row_finding(self, code: str, row: LogRow, *, line: int | None = None, detail: str) -> None:
        self._find(code, row.source, session=row.source_session_id, path=row.path, line=line, detail=detail)

    def _find(
        self,
        code: str,
        source: str,
        *,
        session: str = "",
        path: str = "",
        line: int | None = None,
        detail: str,
    ) -> None:
        self.findings.append(
            Finding(code=code, source=source, session_id=session, path=path, line=line, detail=detail)
        )

    def _unreadable(self, error: OSError) -> None:
        self._find("unreadable", "", path=str(error.filename or ""), detail=error.strerror or "")


def shown_in(view: View) -> set[tuple[str, str]]:
    """Every message of a document with each of its texts, and every attic row, as pairs of id and digest."""
    shown = {("attic", text_digest(row.text)) for row in view.attic()}
    for message_id in view.headers:
        history = build_history(view.variants_of_message(message_id), view.revisions.get(message_id, ()))
        shown |= {(message_id, text_digest(revision.content)) for revision in history}
    return shown


def _is_below(path: str, roots: list[Path]) -> bool:
    return any(Path(path).is_relative_to(root) for root in roots)


def _source(row: LogRow) -> Source:
    source: Source = msgspec.convert(row.source, Source)
    return source
