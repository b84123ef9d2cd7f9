"""Every line of a source is a row, a blank, or a line nobody can read; each keeps its number and its text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from chatdoc.records.attic import AtticRow

LINE_BYTES_MAX = 64 * 1024 * 1024
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
    """The lines of a source, from 1; a BOM and line ends of any kind are no part of them."""
    body = source.removeprefix(b"\xef\xbb\xbf")
    lines = body.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, 1):
        raw = line.rstrip(b"\r") if line.endswith(b"\r") else line
        try:
            row = _decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            if not raw.strip():
                yield Line(number=number, raw=b"")
            else:
                yield Line(number=number, raw=raw, problem=_problem(raw, error))
            continue
        if not isinstance(row, dict):
            kind = "null" if row is None else type(row).__name__
            yield Line(number=number, raw=raw, problem=f"expected a JSON object, got {kind}")
        elif len(_encode(row)) == len(raw):
            yield Line(number=number, raw=raw, row=row)
        else:
            yield Line(number=number, raw=raw, row=row, repeated=_repeated(raw))


def attic_row(line: Line, kind: str, reason: str) -> AtticRow:
    """A line kept word for word."""
    try:
        text = line.raw.decode()
    except UnicodeDecodeError:
        # A backslash before an x is spelled so too, so that the bytes can be had again.
        text = line.raw.replace(b"\\x", b"\\x5cx").decode("utf-8", "backslashreplace")
        return AtticRow(kind="line", reason=reason, text=text, encoding="escaped")
    return AtticRow(kind="row" if kind == "row" else "line", reason=reason, text=text)


def _problem(raw: bytes, error: Exception) -> str:
    if len(raw) > LINE_BYTES_MAX:
        return f"a line of {len(raw)} bytes that is no JSON"
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} of the line is no UTF-8"
    if isinstance(error, RecursionError):
        return "its JSON is nested too deep"
    return f"no JSON: {error}"[:120]


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
