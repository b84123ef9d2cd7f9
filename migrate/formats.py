"""The formats that are read, and what reading one gives."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from chatdoc.model.facts import Fact
from migrate.cocalc.format import claims as claims_cocalc
from migrate.cocalc.reading import Reading
from migrate.jupyter import read as jupyter
from migrate.report import Anomaly
from migrate.steps import STEPS
from migrate.v2.read import mend, read_text

BOM = b"\xef\xbb\xbf"


class Outcome(NamedTuple):
    """What a format's reader found; `lines` adds up to its `total`."""

    format: str
    steps: tuple[str, ...]
    facts: list[Fact]
    lines: dict[str, int]
    anomalies: list[Anomaly]


class Format(NamedTuple):
    """A name, whether a source is of it, and its facts."""

    NAME: str
    claims: Callable[[bytes], bool]
    read: Callable[[bytes], Outcome]


def counted(fates: Iterable[str]) -> dict[str, int]:
    """How many lines there are and what became of them."""
    found = Counter(fates)
    names = ("blank", "record", "attic", "quarantined", "duplicate")
    return {"total": sum(found.values()), **{name: found[name] for name in names}}


def _is_blank(source: bytes) -> bool:
    text = source.removeprefix(BOM)
    return not text or text.isspace()


def _read_blank(source: bytes) -> Outcome:
    lines = source.count(b"\n") + (1 if source and not source.endswith(b"\n") else 0)
    return Outcome("empty", (), [], counted(["blank"] * lines), [])


_OURS = (
    rb'[ \t]*\{[ \t]*"event"[ \t]*:[ \t]*"'
    rb'(?:document|thread|thread_config|thread_state|message|message_part|attic)"'
)
_FIRST = re.compile(_OURS)
# It begins with a plain character, which is searched for at once, and looks at no blank line twice.
_LATER = re.compile(rb"\n" + _OURS)


def _is_native(source: bytes) -> bool:
    """Whether a line begins as our rows do: `event` first, with one of our names."""
    text = source.removeprefix(BOM)
    is_ours = _FIRST.match(text) is not None or _LATER.search(text) is not None
    return is_ours and not jupyter.claims(source)


def _read_native(source: bytes) -> Outcome:
    text = read_text(source)
    facts, mended = mend(text.facts, text.old_name, text.guessed)
    told = [
        Anomaly(code=one.code, subject=one.subject, detail=one.found, decision=one.decided) for one in mended
    ]
    return Outcome("v2", STEPS["v2"], facts, counted(text.fates), [*text.oddities, *told])


def _read_jupyter(source: bytes) -> Outcome:
    anomalies: list[Anomaly] = []

    def note(number: int, code: str, found: str, decided: str) -> None:
        subject = f"message {number}" if number else None
        anomalies.append(Anomaly(code=code, subject=subject, detail=found, decision=decided))

    facts = jupyter.facts_of(jupyter.parse(source), note)
    lines = source.count(b"\n") + (0 if source.endswith(b"\n") else 1)
    return Outcome("jupyter", STEPS["jupyter"], facts, counted(["record"] * lines), anomalies)


def _is_cocalc(source: bytes) -> bool:
    return not (_is_blank(source) or _is_native(source) or jupyter.claims(source)) and claims_cocalc(source)


def _read_cocalc(source: bytes) -> Outcome:
    reading = Reading(source)
    fates = counted(reading.fates.values())
    return Outcome(reading.generation, STEPS["cocalc"], reading.facts, fates, reading.anomalies)


FORMATS = (
    Format("empty", _is_blank, _read_blank),
    Format("v2", _is_native, _read_native),
    Format("jupyter", jupyter.claims, _read_jupyter),
    Format("cocalc", _is_cocalc, _read_cocalc),
)
