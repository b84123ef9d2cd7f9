"""How often each rule was broken is counted, and told in the log ever more rarely: the 1st, 2nd, 4th, 8th time."""

from __future__ import annotations

import logging
from collections import Counter, deque

from invariants.rule import Violation

INCIDENTS_MAX = 100
"""How many of the latest changes that broke a rule are kept for reports."""

SHOWS_CONTENT = frozenset({"unreadable_fact"})
"""Codes whose detail shows what somebody wrote; reports have it, the log does not."""

_log = logging.getLogger("chatdoc.integrity")
_log.addHandler(logging.NullHandler())  # Nothing is printed where a program has set up no logging.


class Tally:
    """Counts since the document was opened."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()
        """By code."""
        self.breaks: Counter[tuple[str, str]] = Counter()
        """By code and subject."""
        self.incidents: deque[Violation] = deque(maxlen=INCIDENTS_MAX)

    def count(self, violation: Violation) -> None:
        """A rule was newly broken."""
        code = violation.code
        self.breaks[code, violation.subject] += 1
        self.totals[code] = total = self.totals[code] + 1
        if total & (total - 1) == 0:
            level = logging.WARNING if violation.severity == "violation" else logging.INFO
            detail = "is no fact" if code in SHOWS_CONTENT else violation.detail
            _log.log(level, "%s %s: %s (number %d)", code, violation.subject, detail, total)
