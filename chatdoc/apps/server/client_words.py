"""Redaction of errors: a client is told a file by its name below the served folder, and never where that lies."""

from __future__ import annotations

import os
import re
from pathlib import Path

_ELSEWHERE = re.compile(r"(?:file://|(?<![\w.:/#-]))/(?:[^\s/:;,?'\"()<>]+/)*([^\s/:;,?'\"()<>]+)")
"""An absolute path, of which the last name stays. What has a space in it leaves more of its names, never its root."""


def client_words(words: str, folder: Path) -> str:
    """The words without any absolute path."""
    below = words.replace(f"{folder}{os.sep}", "")
    return _ELSEWHERE.sub(r"\1", re.sub(rf"{re.escape(str(folder))}(?![\w.-])", "the served folder", below))
