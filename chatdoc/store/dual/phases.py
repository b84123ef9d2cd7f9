"""Phases of a move between schemas: who is written, who wins where both are read; going back is a phase like another.

| phase | written | read | wins |
| --- | --- | --- | --- |
| `old_only` | old | old | old |
| `dual_write` | old, then new | both | old |
| `read_new` | new, then old | both | new |
| `new_only` | new | both | new |
| `dropped` | new | new | new |
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

Phase = Literal["old_only", "dual_write", "read_new", "new_only", "dropped"]
PHASES: tuple[Phase, ...] = get_args(Phase)
SideName = Literal["old", "new"]
SIDES: tuple[SideName, SideName] = ("old", "new")


class Policy(NamedTuple):
    """What a phase says; the first of `written` must succeed, another one may fail and is repaired."""

    written: tuple[SideName, ...]
    read: tuple[SideName, ...]
    wins: SideName


POLICIES: dict[Phase, Policy] = {
    "old_only": Policy(("old",), ("old",), "old"),
    "dual_write": Policy(("old", "new"), ("old", "new"), "old"),
    "read_new": Policy(("new", "old"), ("old", "new"), "new"),
    "new_only": Policy(("new",), ("old", "new"), "new"),
    "dropped": Policy(("new",), ("new",), "new"),
}
