"""A v2 text is read line by line: each becomes facts, stays in the attic or is quarantined; none vanishes."""

from __future__ import annotations

from typing import Literal

import msgspec

from chatdoc.records.attic import AtticRow
from chatdoc.records.facts import Fact
from migrate.native.mend import mend
from migrate.native.naming import Names
from migrate.native.plain import plain_header
from migrate.native.rows import Line, told_by

_decode = msgspec.json.Decoder().decode

Fate = Literal["record", "attic", "quarantine", "blank"]


class Oddity(msgspec.Struct, frozen=True, kw_only=True):
    """Something unusual: its line (0: of no one line), its code, what was found, what was decided."""

    line: int
    code: str
    found: str
    decided: str


class NativeText(msgspec.Struct, frozen=True, kw_only=True):
    """What a v2 text holds: facts in the order of their lines, what was odd, and the fate of every line, from 1."""

    facts: list[Fact]
    oddities: list[Oddity]
    fates: list[Fate]


def read_text(source: bytes) -> NativeText:
    """The facts of a v2 text; a line that cannot be read is quarantined and noted, never an error."""
    oddities: list[Oddity] = []
    facts_by_line: dict[int, list[Fact]] = {}
    fates: list[Fate] = []
    careful: list[Line] = []
    for number, raw in enumerate(_lines(source), 1):
        if not raw.strip():
            fates.append("blank")
            continue
        header = plain_header(raw)
        if header is not None:
            fates.append("record")
            facts_by_line[number] = [header]
            continue
        line, problem = _parsed(number, raw)
        if line is None:
            fates.append("quarantine")
            facts_by_line[number] = [_quarantined(raw, problem)]
            oddities.append(Oddity(line=number, code="quarantined", found=problem, decided="kept word for word"))
        else:
            fates.append("record")
            careful.append(line)

    def note(line: int, code: str, found: str, decided: str) -> None:
        oddities.append(Oddity(line=line, code=code, found=found, decided=decided))

    names = Names(line.row for line in careful)
    for told in told_by(careful, names, note):
        facts_by_line[told.line] = told.facts
        if told.attic:
            fates[told.line - 1] = "attic"
            if told.attic != "was in the attic":
                note(told.line, "not_interpreted", told.attic, "the line is kept in the attic")
    facts = [fact for number in sorted(facts_by_line) for fact in facts_by_line[number]]
    added, mended = mend(facts, names.given.get)
    for one in mended:
        note(0, one.code, one.subject, one.decided)
    return NativeText(facts=[*facts, *added], oddities=oddities, fates=fates)


def _lines(source: bytes) -> list[bytes]:
    lines = source.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    return lines


def _parsed(number: int, raw: bytes) -> tuple[Line | None, str]:
    try:
        row = _decode(raw)
        text = raw.decode().strip()
    except UnicodeDecodeError as error:
        return None, f"no UTF-8: byte {error.start} of the line"
    except (msgspec.MsgspecError, RecursionError) as error:
        return None, f"no JSON: {error}"[:120]
    if not isinstance(row, dict):
        return None, f"no JSON object but {type(row).__name__}"
    return Line(number=number, row=row, text=text), ""


def _quarantined(raw: bytes, reason: str) -> AtticRow:
    try:
        return AtticRow(kind="line", reason=reason, text=raw.decode().strip())
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "backslashreplace").strip()
        return AtticRow(kind="line", reason=reason, text=text, encoding="escaped")
