"""Sorted index of a thread's messages as one reads them, made when first asked for and kept up from then on.

The root comes first, then date and id decide. A page costs what it shows; the first one of a thread sorts the thread.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Mapping, Sequence

from chatdoc.model.facts import Header
from chatdoc.model.ids import MessageId

_ONE_BY_ONE_MAX = 64
"""So many that came since the last question are put in their places one by one; more are sorted with the rest."""


class ReadingOrder:
    """The message ids of one thread in reading order."""

    __slots__ = ("_headers", "_ids", "_seen", "root")

    def __init__(self, headers: Mapping[str, Header], root: MessageId | None) -> None:
        self._headers = headers
        self.root = root
        """What the thread's identity names as its root when this was made; another one needs another order."""
        self._ids: list[MessageId] = []
        self._seen = 0

    def ids(self, members: Sequence[MessageId]) -> list[MessageId]:
        """All of a thread's members in order; those that were appended since the last question are entered now."""
        new = members[self._seen :]
        self._seen = len(members)
        if len(new) > _ONE_BY_ONE_MAX:
            self._ids += new
            self._ids.sort(key=self._key())
        else:
            for one in new:
                insort(self._ids, one, key=self._key())
        return self._ids

    def place(self, message_id: MessageId) -> int:
        """How many messages come before one of this order."""
        key = self._key()
        return bisect_left(self._ids, key(message_id), key=key)

    def leave(self, message_id: MessageId, members: Sequence[MessageId]) -> None:
        """A message, whose header is as it was entered, is not a member any more; `members` still has it."""
        self.ids(members)
        del self._ids[self.place(message_id)]
        self._seen -= 1

    def _key(self) -> Callable[[MessageId], tuple[bool, str, MessageId]]:
        headers, root = self._headers, self.root
        return lambda one: (one != root, headers[one].date, one)
