"""Redaction: secrets are found in every text before anything is cut, and leave a mark that says of what kind they were.

Detection is by the pattern detectors of detect-secrets, not by entropy, which would take digests and ids for secrets.
Where its detectors name only a part of a token, or only a key's first line, the whole is taken.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import msgspec
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.plugins.base import BasePlugin

from chatdoc.apps.importer.outcome import ImportReport
from chatdoc.apps.importer.redaction_marks import MARK, marked
from chatdoc.model.facts import Fact
from chatdoc.model.view.apply import apply
from chatdoc.model.view.lookup import all_facts
from chatdoc.model.view.view import View

_LEFT_OUT = frozenset({"Base64HighEntropyString", "HexHighEntropyString", "IPPublicDetector"})
VALUE_LENGTH_MIN = 6
"""A shorter find is a part of a token that one of our own patterns takes as a whole."""
_REST = r"[\w\-./+=~]*"
_KEY = "[A-Z0-9 ]*PRIVATE KEY-----"
_WHOLE = (
    ("Private Key", re.compile(rf"-----BEGIN {_KEY}.*?(?:-----END {_KEY}|\Z)", re.DOTALL)),
    ("GitHub Token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{20,})")),
    ("Anthropic Token", re.compile(r"\bsk-ant-[\w-]{16,}")),
    ("JSON Web Token", re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}(?:\.[\w-]*)?")),
    ("Bearer Token", re.compile(r"(?<=\bBearer )[\w\-.~+/]{16,}=*")),
)  # fmt: skip
_FACT_TEXTS = ("content", "text", "value", "fields", "extra")


class Redactor:
    """Takes secrets out of texts, and counts them by kind."""

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()
        classes: list[type[BasePlugin]] = list(get_mapping_from_secret_type_to_class().values())
        self._detectors: list[BasePlugin] = [
            one() for one in sorted(classes, key=lambda one: one.__name__) if one.__name__ not in _LEFT_OUT
        ]

    def text(self, text: str) -> str:
        """The text with a mark in the place of each secret."""
        for kind, pattern in _WHOLE:
            text = pattern.sub(lambda _, kind=kind: self._mark(kind), text)  # type: ignore[misc]
        lines = text.split("\n")
        return "\n".join([self._line(line) for line in lines])

    def value(self, value: Any) -> Any:
        """A JSON value with all its texts redacted; names of fields stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(one) for one in value]
        if isinstance(value, dict):
            return {name: self.value(one) for name, one in value.items()}
        return value

    def clean(self, raw: bytes) -> bytes:
        """A line of a log with all its texts redacted; a damaged one is taken as one text."""
        end = b"\n" if raw.endswith(b"\n") else b""
        try:
            row = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            text = raw.removesuffix(b"\n").decode("utf-8", "surrogateescape")
            return self.text(text).encode("utf-8", "surrogateescape") + end
        before = self.found.total()
        cleaned = self.value(row)
        return msgspec.json.encode(cleaned) + end if self.found.total() > before else raw

    def view(self, view: View) -> View:
        """A view with the same facts, all their texts redacted."""
        redacted = View()
        apply(redacted, [self._fact(fact) for fact in all_facts(view)], origin="redaction")
        return redacted

    def told(self, report: ImportReport) -> ImportReport:
        """The report with how many secrets of which kind were taken out."""
        return msgspec.structs.replace(report, redacted=dict(sorted(self.found.items())))

    def _fact(self, fact: Fact) -> Fact:
        changed = {
            name: self.value(given)
            for name in _FACT_TEXTS
            if (given := getattr(fact, name, None)) is not None
        }
        return msgspec.structs.replace(fact, **changed)

    def _line(self, line: str) -> str:
        if len(line) < VALUE_LENGTH_MIN:
            return line
        values: dict[str, str] = {}
        for detector in self._detectors:
            for one in detector.analyze_line(filename="", line=line, line_number=1):
                if one.secret_value and len(one.secret_value) >= VALUE_LENGTH_MIN:
                    values.setdefault(one.secret_value, one.type)
        for value in sorted(values, key=len, reverse=True):
            if MARK in value:
                continue
            kind = values[value]
            line = re.sub(re.escape(value) + _REST, lambda _, kind=kind: self._mark(kind), line)  # type: ignore[misc]
        return line

    def _mark(self, kind: str) -> str:
        self.found[kind] += 1
        return marked(kind)
