"""Every line of a source is a row, a blank, or a line nobody can read; each keeps its number and its text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from chatdoc.model.records.attic import AtticRow
from migrate.report import Anomaly
from migrate.salvage import Salvaged

_BOM = b"\xef\xbb\xbf"
TOO_DEEP = "its JSON is nested too deep"
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_LONE = re.compile("[\ud800-\udfff]")
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Line(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line; `row` is its JSON object, `problem` says why it has none, both are empty for a blank."""

    number: int
    raw: bytes
    row: dict[str, Any] | None = None
    problem: str = ""
    repeated: tuple[str, ...] = ()
    """Keys that stand twice in the line; JSON readers keep the last one."""


def read_lines(source: bytes) -> Iterator[Line]:
    """The lines of a source, from 1; for who stops at one of the first, the others are not looked at."""
    begin, number = len(_BOM) if source.startswith(_BOM) else 0, 0
    while begin < len(source):
        end = source.find(b"\n", begin)
        raw = source[begin : end if end >= 0 else len(source)]
        number += 1
        yield read_line(number, raw.rstrip(b"\r"))
        begin += len(raw) + 1


def raw_lines(source: bytes) -> list[bytes]:
    """The bytes of every line; a byte order mark and line ends of any kind are no part of them."""
    lines = source.removeprefix(_BOM).split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [line.rstrip(b"\r") if line.endswith(b"\r") else line for line in lines]


def read_line(number: int, raw: bytes) -> Line:
    """A line as a row, a blank or a problem."""
    try:
        row = _decode(raw)
    except RecursionError:
        return Line(number=number, raw=raw, problem=TOO_DEEP)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        if not raw.strip():
            return Line(number=number, raw=b"")
        return Line(number=number, raw=raw, problem=_problem(raw))
    if not isinstance(row, dict):
        kind = "null" if row is None else type(row).__name__
        return Line(number=number, raw=raw, problem=f"expected a JSON object, got {kind}")
    if len(_encode(row)) == len(raw):
        return Line(number=number, raw=raw, row=row)
    return Line(number=number, raw=raw, row=row, repeated=_repeated(raw))


def with_whole_characters(line: Line) -> Line | None:
    """The row of a line whose only problem is that halves of characters stand in it; a mark stands for each half.

    JavaScript writes such halves where a text was cut within a character.
    """
    if _HALF.search(line.raw) is None:
        return None
    try:
        row = json.loads(line.raw, parse_constant=_refuse)
        text = _LONE.sub("\ufffd", json.dumps(row, ensure_ascii=False))
        found = read_line(line.number, text.encode())
    except (ValueError, RecursionError):
        return None
    if found.row is None:
        return None
    return Line(number=line.number, raw=line.raw, row=found.row, repeated=_repeated(line.raw))


def attic_row(line: Line, kind: str, reason: str) -> AtticRow:
    """A line kept word for word."""
    try:
        text = line.raw.decode()
    except UnicodeDecodeError:
        # A backslash before an x is spelled so too, so that the bytes can be had again.
        text = line.raw.replace(b"\\x", b"\\x5cx").decode("utf-8", "backslashreplace")
        return AtticRow(kind="line", reason=reason, text=text, encoding="escaped")
    return AtticRow(kind="row" if kind == "row" else "line", reason=reason, text=text)


def salvaged(number: int, found: Salvaged) -> Anomaly:
    """What is told of a damaged line in which whole records were found."""
    parts = [f"{len(found.values)} whole records"]
    if found.lost:
        parts.append(f"{sum(map(len, found.lost))} bytes that are none")
    if found.nul_bytes:
        parts.append(f"{found.nul_bytes} bytes that are zero")
    kept = (
        "the records are taken"
        if found.is_whole
        else "the records are taken, the line is kept word for word too"
    )
    return Anomaly(code="salvaged", line=number, detail=f"the line has {', '.join(parts)}", decision=kept)


def _problem(raw: bytes) -> str:
    """Why a line is no row, in words that no version of a library changes: they become part of a fact."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return f"byte {error.start} of the line is no UTF-8"
    return "no JSON"


def _repeated(raw: bytes) -> tuple[str, ...]:
    found: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> None:
        keys = [key for key, _ in items]
        if len(set(keys)) < len(keys):
            found.extend(sorted({key for key in keys if keys.count(key) > 1}))

    try:
        json.loads(raw, object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        return ()
    return tuple(found)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
