"""The formats that are read, and what reading one gives."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from chatdoc.records.facts import Fact
from migrate import jupyter
from migrate.cocalc.format import claims as claims_cocalc
from migrate.cocalc.reading import Reading
from migrate.native.text import mend, read_text
from migrate.report import Anomaly


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
    return not source.strip()


def _read_blank(source: bytes) -> Outcome:
    lines = source.count(b"\n") + (1 if source and not source.endswith(b"\n") else 0)
    return Outcome("empty", (), [], counted(["blank"] * lines), [])


_NATIVE = re.compile(
    rb'^\s*\{\s*"event"\s*:\s*"(?:document|thread|thread_config|thread_state|message|message_part|attic)"',
    re.MULTILINE,
)


def _is_native(source: bytes) -> bool:
    """Whether a line begins as our rows do: `event` first, with one of our names."""
    return _NATIVE.search(source) is not None and not jupyter.claims(source)


def _read_native(source: bytes) -> Outcome:
    text = read_text(source)
    facts, mended = mend(text.facts, text.old_name)
    told = [
        Anomaly(code=one.code, subject=one.subject, detail=one.found, decision=one.decided) for one in mended
    ]
    return Outcome("v2", ("v2/0001-rows",), facts, counted(text.fates), [*text.oddities, *told])


def _read_jupyter(source: bytes) -> Outcome:
    anomalies: list[Anomaly] = []

    def note(number: int, code: str, found: str, decided: str) -> None:
        subject = f"message {number}" if number else None
        anomalies.append(Anomaly(code=code, subject=subject, detail=found, decision=decided))

    facts = jupyter.facts_of(jupyter.parse(source), note)
    lines = source.count(b"\n") + (0 if source.endswith(b"\n") else 1)
    return Outcome("jupyter", ("jupyter/0001-messages",), facts, counted(["record"] * lines), anomalies)


def _is_cocalc(source: bytes) -> bool:
    return not (_is_blank(source) or _is_native(source) or jupyter.claims(source)) and claims_cocalc(source)


def _read_cocalc(source: bytes) -> Outcome:
    reading = Reading(source)
    steps = ("cocalc/0001-rows", "cocalc/0002-names", "cocalc/0003-threads", "cocalc/0004-settings")
    return Outcome(
        reading.generation, steps, reading.facts, counted(reading.fates.values()), reading.anomalies
    )


FORMATS = (
    Format("empty", _is_blank, _read_blank),
    Format("v2", _is_native, _read_native),
    Format("jupyter", jupyter.claims, _read_jupyter),
    Format("cocalc", _is_cocalc, _read_cocalc),
)
