"""A v2 text is read line by line: each becomes facts, stays in the attic or is quarantined; none vanishes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from chatdoc.records.attic import AtticRow
from chatdoc.records.facts import Fact
from chatdoc.records.index import apply
from chatdoc.records.view import View
from migrate.native.mend import Mended, Mending, mend_replies, mend_threads
from migrate.native.naming import Names
from migrate.native.plain import plain_header
from migrate.native.rows import Line, told_by
from migrate.native.settle import settle_configs, settle_states

_decode = msgspec.json.Decoder().decode

Fate = Literal["record", "attic", "quarantined", "duplicate", "blank"]
SAME = "was in the attic"


class Oddity(msgspec.Struct, frozen=True, kw_only=True):
    """Something unusual: its line, its code, what was found, what was decided."""

    line: int
    code: str
    found: str
    decided: str


class NativeText(msgspec.Struct, frozen=True, kw_only=True):
    """What a v2 text says: facts in the order of its lines, what was odd, and the fate of every line, from 1.

    `guessed` holds the stamps and revision ids that were derived because the text does not give them.
    """

    facts: list[Fact]
    oddities: list[Oddity]
    fates: list[Fate]
    guessed: frozenset[str]
    old_name: Callable[[str], str | None]


def read_text(source: bytes) -> NativeText:
    """The facts of a v2 text as it stands; a line that cannot be read is quarantined and noted, never an error."""
    oddities: list[Oddity] = []
    facts_by_line: dict[int, list[Fact]] = {}
    fates: list[Fate] = []
    careful: list[Line] = []
    seen: set[bytes] = set()
    for number, raw in enumerate(_lines(source), 1):
        fate, facts, line = _first_look(number, raw.strip(), seen)
        fates.append(fate)
        if facts:
            facts_by_line[number] = facts
        if line is not None:
            careful.append(line)
        if fate in ("duplicate", "quarantined"):
            found = (
                facts[0].reason
                if facts and isinstance(facts[0], AtticRow)
                else "the line stands above already"
            )
            decided = "kept word for word" if facts else "it counts once"
            oddities.append(Oddity(line=number, code=fate, found=found, decided=decided))

    def note(line: int, code: str, found: str, decided: str) -> None:
        oddities.append(Oddity(line=line, code=code, found=found, decided=decided))

    names = Names(line.row for line in careful)
    guessed: set[str] = set()
    for told in told_by(careful, names, note, guessed):
        facts_by_line[told.line] = told.facts
        if told.attic:
            fates[told.line - 1] = "attic"
            if told.attic != SAME:
                note(told.line, "not_interpreted", told.attic, "the line is kept in the attic")
    return NativeText(
        facts=[fact for number in sorted(facts_by_line) for fact in facts_by_line[number]],
        oddities=oddities,
        fates=fates,
        guessed=frozenset(guessed),
        old_name=names.given.get,
    )


def mend(facts: list[Fact], old_name: Callable[[str], str | None]) -> tuple[list[Fact], list[Mended]]:
    """The same facts, or those that break no rule in the place of those that do; and what was mended."""
    view = View()
    apply(view, facts, origin="migration")
    mending = Mending(view)
    mend_threads(mending, old_name)
    mend_replies(mending)
    settle_states(mending)
    settle_configs(mending)
    return (mending.result(facts) if mending.mended else facts), mending.mended


def _first_look(number: int, raw: bytes, seen: set[bytes]) -> tuple[Fate, list[Fact], Line | None]:
    if not raw:
        return "blank", [], None
    if raw in seen:
        return "duplicate", [], None
    seen.add(raw)
    header = plain_header(raw)
    if header is not None:
        return "record", [header], None
    try:
        row = _decode(raw)
        text = raw.decode()
    except UnicodeDecodeError as error:
        return "quarantined", [_quarantined(raw, f"no UTF-8: byte {error.start} of the line")], None
    except (msgspec.MsgspecError, RecursionError) as error:
        return "quarantined", [_quarantined(raw, f"no JSON: {error}"[:120])], None
    if not isinstance(row, dict):
        return "quarantined", [_quarantined(raw, f"no JSON object but {type(row).__name__}")], None
    return "record", [], Line(number=number, row=row, text=text)


def _lines(source: bytes) -> list[bytes]:
    lines = source.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _quarantined(raw: bytes, reason: str) -> AtticRow:
    try:
        return AtticRow(kind="line", reason=reason, text=raw.decode())
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "backslashreplace")
        return AtticRow(kind="line", reason=reason, text=text, encoding="escaped")
