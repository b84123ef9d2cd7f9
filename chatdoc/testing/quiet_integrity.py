"""A logging filter: while a state machine runs, broken rules are in its report and not in the log as well.

A hostile peer breaks them on purpose in every second of hundreds of examples, and pytest prints what was logged in all
of them behind the promise that broke.
"""

from __future__ import annotations

import logging

_log = logging.getLogger("chatdoc.integrity")


def _none(record: logging.LogRecord) -> bool:
    return False


def begin_quiet() -> None:
    """Log no broken rule from now on; a second time it changes nothing."""
    _log.addFilter(_none)


def end_quiet() -> None:
    """Log them again."""
    _log.removeFilter(_none)
