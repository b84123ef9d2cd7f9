"""A log being read line by line: items out, every line counted, and all of it storable to go on later.

Lines that end are final. A last line without LF is looked at in a copy of the reader: whole JSON is a record, anything
else is unfinished, and either way the next reading begins at its start again.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable
from typing import Any

import msgspec

from migrate.acp import read as acp
from migrate.acp.state import AcpState
from migrate.claude import read as claude
from migrate.claude.state import ClaudeState
from migrate.codex import read as codex
from migrate.codex.state import CodexState
from migrate.lines import Line, with_whole_characters
from migrate.salvage import salvage
from migrate.session.account import OF_KIND, Fate, Lines, Note, fate_of
from migrate.session.item import Item, Source

LINE_BYTES_MAX = 64 * 1024 * 1024
NOTES_MAX = 1000
QUARANTINED = "quarantined"
NOT_KEPT = frozenset({"copied", "duplicate_ordinal", "session_meta of the parent"})
"""Lines that say nothing a thread does not have already."""
_UNTOLD = frozenset({"attic", "setting", "usage"})
"""Items that leave most of their line untold: one that gives nothing else is kept where a part of it is silent."""

_READ: dict[str, Any] = {"codex": codex.read, "claude": claude.read, "acp": acp.read}
_STATES: dict[str, Any] = {"codex": CodexState, "claude": ClaudeState, "acp": AcpState}


class Progress(msgspec.Struct):
    """How far a log was read, and what is needed to go on: a value that is stored beside the log's cursor."""

    source: Source
    state: Any
    offset: int = 0
    """Bytes of whole lines that were read."""
    number: int = 0
    lines: dict[str, Lines] = {}
    """By session; the log's own is the empty name, or the first one of a log with several."""
    unknown_kinds: dict[str, int] = {}
    notes: list[Note] = []


def begin(source: Source) -> Progress:
    """The progress of a log of which nothing was read."""
    return Progress(source=source, state=_STATES[source]())


def encode(progress: Progress) -> bytes:
    """The progress as bytes to store."""
    return msgspec.json.encode(progress)


def decode(raw: bytes) -> Progress:
    """The progress from stored bytes; raises msgspec.ValidationError for those of another version."""
    progress = msgspec.json.decode(raw, type=Progress)
    progress.state = msgspec.convert(progress.state, _STATES[progress.source])
    return progress


class LogReader:
    """Reads the lines of one log; `progress` is what it has read."""

    def __init__(self, progress: Progress, whole: Callable[[str], str] | None = None) -> None:
        """`whole` changes each text that came in pieces, once it is put together."""
        self._progress, self._whole = progress, whole
        self._read = _READ[progress.source]
        self._state = progress.state
        self._number, self._offset = progress.number, progress.offset
        self._coalesces = progress.source == "acp"
        self._turn_to("")

    @property
    def progress(self) -> Progress:
        """How far this has read; a value that goes on changing."""
        # What every line changes is kept in the reader: a tenth of what a line costs beside its decoding.
        progress = self._progress
        progress.number, progress.offset = self._number, self._offset
        return progress

    def feed(self, raw: bytes, size: int | None = None) -> list[Item]:
        """The items of one line, given with its LF; `size` is what it takes in the log, where that is another."""
        self._number += 1
        self._offset += len(raw) if size is None else size
        try:
            items: list[Item] = self._read(self._state, raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if not raw.startswith(BOM_UTF8):
                return self._damaged(raw)
            # An editor put it before the first record, or one file before another.
            begin = len(BOM_UTF8)
            while raw.startswith(BOM_UTF8, begin):
                begin += len(BOM_UTF8)
            self._number -= 1
            return self.feed(raw[begin:], 0)
        first = items[0]
        if first.session != self._session:
            self._turn_to(first.session)
        if len(items) == 1:  # As most lines have.
            fate = OF_KIND[first.kind]
            if fate == "attic" and first.name not in NOT_KEPT:
                first.data = raw
            elif fate == "unknown":
                self._keep(items, raw)
        else:
            fate = fate_of(items)
            self._keep(items, raw)
        try:
            self._lines[fate] += 1
        except KeyError:
            self._lines[fate] = 1
        return [*self._ended_by(items), *items] if self._coalesces else items

    def skip(self, count: int) -> list[Item]:
        """A line of so many bytes, longer than any that is read: it is counted, and nobody kept it."""
        self._number += 1
        self._offset += count
        return self._quarantined(b"", "oversized_line", f"{count} bytes, left in the log", [])

    def tail(self, raw: bytes) -> list[Item]:
        """The items of a last line without LF; the reader is not to be fed afterwards."""
        if not raw.strip(b" \t\r"):  # NUL bytes may be the beginning of a longer run.
            return self.feed(raw) if raw else []
        found = salvage(raw)
        if found.is_whole and found.values:
            return self.feed(raw)
        self._number += 1
        self._count("unfinished")
        return []

    def pending(self) -> list[Item]:
        """Texts that are still streaming where the reading stopped."""
        return self._put_together(acp.pending(self._state)) if self._coalesces else []

    def recount_as_attic(self, items: list[Item]) -> None:
        """The line of these items says what another log has said: it is known and not shown."""
        fate: Fate = "quarantined" if items[-1].name.startswith(QUARANTINED) else fate_of(items)
        self._lines[fate] -= 1
        if not self._lines[fate]:
            del self._lines[fate]
        self._count("attic")

    def _ended_by(self, items: list[Item]) -> list[Item]:
        """The texts that end because of these items."""
        return self._put_together(acp.broken_by(self._state, items))

    def _put_together(self, texts: list[Item]) -> list[Item]:
        if self._whole is not None:
            for one in texts:
                one.text = self._whole(one.text)
        return texts

    def _turn_to(self, session: str) -> None:
        """Count the lines that follow for this session of the log."""
        self._session = session
        self._lines = self._progress.lines.setdefault(session, {})

    def _count(self, fate: Fate) -> None:
        self._lines[fate] = self._lines.get(fate, 0) + 1

    def _keep(self, items: list[Item], raw: bytes) -> None:
        """Count the kinds that nobody knows, and let an item bear the line of which something is told nowhere."""
        bearer: Item | None = None
        for item in items:
            if item.kind == "unknown":
                kinds = self._progress.unknown_kinds
                kinds[item.name] = kinds.get(item.name, 0) + 1
                bearer = item
        if bearer is None and all(item.kind in _UNTOLD for item in items):
            silent = [item for item in items if item.kind == "attic" and item.name not in NOT_KEPT]
            bearer = silent[0] if silent and all(item.data is None for item in silent) else None
        if bearer is not None:
            bearer.data = raw

    def _damaged(self, raw: bytes) -> list[Item]:
        """A line that is not one JSON value: blank, or whole values in it, or kept as it is."""
        line = raw.rstrip(b"\r\n")
        if not line.strip():
            self._count("blank")
            return []
        whole = with_whole_characters(Line(number=self._number, raw=line))
        if whole is not None:
            self._note("half_character", "halves of characters became the replacement character")
            items = self._read(self._state, msgspec.json.encode(whole.row))
            return self._taken(items, raw)
        found = salvage(line)
        items = []
        for value in found.values:
            try:
                items += self._read(self._state, value)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
        if not found.is_whole or not items:
            if not found.values and not found.lost:
                return self._quarantined(raw, "nul_run", f"{found.nul_bytes} NUL bytes", [])
            told = f"{len(found.values)} whole records salvaged, {sum(map(len, found.lost))} bytes are none"
            return self._quarantined(raw, "damaged_line", told, items)
        code = "nul_run" if found.nul_bytes else "welded_line"
        self._note(code, f"{len(found.values)} whole records salvaged, {found.nul_bytes} NUL bytes")
        return self._taken(items, raw)

    def _taken(self, items: list[Item], raw: bytes) -> list[Item]:
        self._count(fate_of(items))
        self._keep(items, raw)
        return [*self._ended_by(items), *items] if self._coalesces else items

    def _quarantined(self, raw: bytes, code: str, told: str, items: list[Item]) -> list[Item]:
        self._note(code, told)
        self._count("quarantined")
        kept = Item("attic", name=f"{QUARANTINED} {code}", data=raw or None)
        return [*(self._ended_by(items) if self._coalesces else ()), *items, kept]

    def _note(self, code: str, detail: str) -> None:
        if len(self._progress.notes) < NOTES_MAX:
            self._progress.notes.append(Note(code=code, line=self._number, detail=detail))
