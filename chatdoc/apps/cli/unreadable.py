"""What a command could not read of a folder is named, each with its reason, and the status is 1; the rest was done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from chatdoc.apps.cli.terminal import console, line, show, spelled


def unreadable_json(found: Mapping[Path, str]) -> list[dict[str, str]]:
    """What could not be read, by path, for JSON."""
    return [{"path": spelled(path), "reason": reason} for path, reason in sorted(found.items())]


def show_unreadable(found: Mapping[Path, str]) -> None:
    """What could not be read, one line each."""
    for path, reason in sorted(found.items()):
        show(console(), f"cannot be read: {line(spelled(path))}: {line(reason)}")
