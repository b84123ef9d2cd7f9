"""A v2 text is read line by line: each becomes facts, stays in the attic or is quarantined; none vanishes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from chatdoc.model.facts import Fact, Header, ThreadFact
from chatdoc.model.limits import FACT_DEPTH_MAX, ROW_DEPTH_MAX, TEXT_ROW_DEPTH_MAX
from chatdoc.model.records.attic import AtticRow
from chatdoc.model.view.apply import apply
from chatdoc.model.view.view import View
from migrate.cocalc.format import EVENTS
from migrate.cocalc.reading import Reading
from migrate.lines import TOO_DEEP, attic_row, read_line, salvaged
from migrate.lines import Line as RawLine
from migrate.nesting import is_deep
from migrate.report import Anomaly
from migrate.salvage import salvage
from migrate.v2.derive_ids import Names
from migrate.v2.fast_path import plain_header
from migrate.v2.read_rows import Line, Told, told_by
from migrate.v2.repair_external import ExternalRepair, Repaired, mend_replies, mend_threads
from migrate.v2.settle_states import settle_configs, settle_states

Fate = Literal["record", "attic", "quarantined", "duplicate", "blank"]
SAME = "was in the attic"
_MARK = b"\xef\xbb\xbf"
REPEATED = "keys that stand twice"


class NativeText(msgspec.Struct, frozen=True, kw_only=True):
    """What a v2 text says: facts in the order of its lines, what was odd, and the fate of every line, from 1.

    `guessed` holds the stamps and revision ids that were derived because the text does not give them.
    """

    facts: list[Fact]
    oddities: list[Anomaly]
    fates: list[Fate]
    guessed: frozenset[str]
    old_name: Callable[[str], str | None]


def read_text(source: bytes) -> NativeText:
    """The facts of a v2 text as it stands; a line that cannot be read is quarantined and noted, never an error."""
    oddities: list[Anomaly] = []
    facts_by_line: dict[int, list[Fact]] = {}
    fates: list[Fate] = []
    careful: list[Line] = []
    foreign: list[Line] = []
    seen: set[bytes] = set()
    lines = _lines(source)
    total = len(lines)
    salvaged_from: dict[int, int] = {}
    # What is salvaged of a damaged line stands behind the last one, as lines of its own, until all is read.
    for number, raw in enumerate(lines, 1):
        fate, facts, line = _first_look(number, raw.strip().removeprefix(_MARK).strip(), seen)
        if fate == "quarantined" and number <= total and line is None and _is_broken(facts):
            found = salvage(raw)
            if found.values:
                fate, facts = "record", [] if found.is_whole else facts
                salvaged_from |= dict.fromkeys(
                    range(len(lines) + 1, len(lines) + 1 + len(found.values)), number
                )
                lines += found.values
                oddities.append(salvaged(number, found))
        fates.append(fate)
        if facts:
            facts_by_line[number] = facts
        if line is not None:
            event = line.row.get("event")
            (foreign if isinstance(event, str) and event in EVENTS else careful).append(line)
        if fate == "duplicate" or (fate != "record" and facts) or (line is not None and facts):
            oddities.append(_told(number, fate, facts))

    def note(line: int, code: str, found: str, decided: str) -> None:
        oddities.append(Anomaly(line=line, code=code, detail=found, decision=decided))

    names = Names(line.row for line in careful)
    guessed: set[str] = set()
    careful_text = {line.number: line.text for line in careful}
    for told in told_by(careful, names, note, guessed):
        facts_by_line.setdefault(told.line, []).extend(told.facts)
        deep = _too_deep(told, careful_text[told.line])
        if deep is not None:
            facts_by_line[told.line], fates[told.line - 1] = [deep], "quarantined"
            oddities.append(_told(told.line, "quarantined", [deep]))
        elif told.attic:
            fates[told.line - 1] = "attic"
            if told.attic != SAME:
                note(told.line, "not_interpreted", told.attic, "the line is kept in the attic")
    if foreign:
        _read_foreign(foreign, facts_by_line, fates, oddities)
    return NativeText(
        facts=[fact for number in sorted(facts_by_line) for fact in facts_by_line[number]],
        oddities=[_where_it_stood(one, salvaged_from) for one in oddities],
        fates=fates[:total],
        guessed=frozenset(guessed),
        old_name=names.given.get,
    )


def _is_broken(facts: list[Fact]) -> bool:
    return isinstance(facts[0], AtticRow) and facts[0].reason != TOO_DEEP


def _where_it_stood(one: Anomaly, salvaged_from: dict[int, int]) -> Anomaly:
    number = salvaged_from.get(one.line or 0)
    return one if number is None else msgspec.structs.replace(one, line=number)


def mend(
    facts: list[Fact], old_name: Callable[[str], str | None], guessed: frozenset[str] = frozenset()
) -> tuple[list[Fact], list[Repaired]]:
    """The same facts, or those that break no rule in the place of those that do; and what was mended.

    `guessed` are the stamps that the text does not give; what we wrote gives all, and is left as it is.
    """
    view = View()
    apply(view, facts, origin="migration")
    repair = ExternalRepair(view)
    mend_threads(repair, old_name)
    mend_replies(repair)
    settle_states(repair)
    settle_configs(repair, guessed)
    return (repair.result(facts) if repair.mended else facts), repair.mended


def _first_look(number: int, raw: bytes, seen: set[bytes]) -> tuple[Fate, list[Fact], Line | None]:
    if not raw:
        return "blank", [], None
    if raw in seen:
        return "duplicate", [], None
    seen.add(raw)
    header = plain_header(raw)
    if header is not None:
        return "record", [header], None
    read = read_line(number, raw)
    if read.row is None:
        return "quarantined", [attic_row(read, "line", read.problem)], None
    if _may_be_deep(read.raw) and is_deep(read.row, TEXT_ROW_DEPTH_MAX):
        return "quarantined", [attic_row(read, "line", TOO_DEEP)], None
    kept: list[Fact] = []
    if read.repeated:
        kept.append(attic_row(read, "row", f"{REPEATED}: {', '.join(read.repeated)}"[:120]))
    return "record", kept, Line(number=number, row=read.row, text=raw.decode())


def _may_be_deep(text: bytes) -> bool:
    return text.count(b"{") + text.count(b"[") > ROW_DEPTH_MAX


def _too_deep(told: Told, text: str) -> AtticRow | None:
    """The line of facts that are nested deeper than a peer takes."""
    raw = text.encode()
    if not _may_be_deep(raw):
        return None
    if not any(is_deep(msgspec.to_builtins(fact), FACT_DEPTH_MAX) for fact in told.facts):
        return None
    return attic_row(RawLine(number=told.line, raw=raw), "line", TOO_DEEP)


def _read_foreign(
    lines: list[Line], facts_by_line: dict[int, list[Fact]], fates: list[Fate], oddities: list[Anomaly]
) -> None:
    """Rows that CoCalc wrote among ours, for it opens any `.chat` file, are read as its own.

    Of threads that our rows know it cannot say what they are, nor that their root is missing.
    """
    reading = Reading(b"\n".join(line.text.encode() for line in lines))
    told = [fact for facts in facts_by_line.values() for fact in facts]
    ours = {fact.thread_id for fact in told if isinstance(fact, ThreadFact)}
    facts_by_line.setdefault(lines[0].number, []).extend(
        fact
        for fact in reading.facts
        if not (isinstance(fact, ThreadFact) and fact.thread_id in ours)
        and not (isinstance(fact, Header) and fact.assumed and not fact.content and fact.thread_id in ours)
    )
    for place, line in enumerate(lines, 1):
        fates[line.number - 1] = msgspec.convert(reading.fates[place], Fate)
    for one in reading.anomalies:
        if one.code == "missing_root" and one.subject in ours:
            continue
        number = lines[one.line - 1].number if one.line is not None else None
        oddities.append(msgspec.structs.replace(one, line=number))


def _told(number: int, fate: Fate, facts: list[Fact]) -> Anomaly:
    if not facts:
        return Anomaly(
            line=number, code="duplicate_line", detail="the line stands twice", decision="it is one record"
        )
    assert isinstance(facts[0], AtticRow), fate
    code = fate if fate == "quarantined" else "repeated_keys"
    return Anomaly(line=number, code=code, detail=facts[0].reason, decision="the line is kept word for word")


def _lines(source: bytes) -> list[bytes]:
    lines = source.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines
