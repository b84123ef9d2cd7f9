"""Flat combining: commands that threads wait with are done along, in the transaction of the thread that goes next.

A failure of all of them may be another's, so then each goes by itself; its id says what was stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chatdoc.engine.thread_turns import Waiting
from chatdoc.engine.transaction import Transaction
from chatdoc.model.errors import CommitUnknown

Work = Callable[[Transaction], Any]
Done = tuple[Any, Exception | None]
Write = Callable[[Sequence[Work]], list[Done]]
"""Writes works as one transaction, from anew where the last one was cut off."""


def write_with(write: Write, works: Sequence[Work], joined: Sequence[Waiting]) -> list[Done]:
    """Write works, and commands of other threads along; returns the answers of the works."""
    commands = [one.command for one in joined if one.command is not None]
    try:
        answers = write([*works, *commands])
    except CommitUnknown:
        raise
    except Exception:
        for one in joined:
            one.command = None
        return write(works)
    for one, answer in zip(joined, answers[len(works) :], strict=True):
        one.answer = answer
    return answers[: len(works)]
