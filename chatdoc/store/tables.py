"""The tables of one store as its own rooms use them: each question and each change is whole, and fails as StoreError.

Nothing outside `chatdoc.store` sees this; it is how read models and directories come to their rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from chatdoc.store.projections.projector import Execute, ExecuteMany

Answer = TypeVar("Answer")


class Tables(Protocol):
    """Runs what reads or writes rows, alone among the threads of this process."""

    def ask(self, read: Callable[[Execute], Answer], doing: str) -> Answer:
        """What `read` finds, as the open transaction sees it where one is open; `doing` stands in the error."""

    def ask_at_one_moment(self, read: Callable[[Execute], Answer], doing: str) -> Answer:
        """What `read` finds as of one moment, whatever others commit; it may be called twice."""

    def change(self, work: Callable[[Execute, ExecuteMany], Answer], doing: str) -> Answer:
        """Write rows, in the transaction that this thread has open, or else in one of its own."""
