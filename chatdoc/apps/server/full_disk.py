"""Retry: changes that a full disk cannot take are refused for now, said once, and asked for again until one is stored.

A commit that found no room is undone as a whole and harms nothing, so the room stays open to be read. One client whose
change was refused is asked now and then, by a sync step 1, for all that is missing here; as soon as that could be
stored all are asked, for what a client had sent early and what it was told to wait with is in nobody's memory here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from chatdoc.apps.server import wire
from chatdoc.apps.server.batch import Done, Outcome
from chatdoc.apps.server.member import Member

RETRY_S = 2.0
"""So often it is tried; free space is not asked for, since a quota or a reserve may leave none of it."""
SHARE = 10
"""At most a tenth of the time goes into trying: what memory has of the document is loaded anew each time it failed."""
_log = logging.getLogger("chatdoc.server")
StateVector = Callable[[], asyncio.Future[bytes]]


class FullDisk:
    """Whether the disk of a room is full, as far as its last changes found; every moment is one of the same clock."""

    def __init__(self, members: set[Member], state_vector: StateVector) -> None:
        self._members, self._state_vector = members, state_vector
        self._retry_at: float | None = None
        self._refused: dict[Member, None] = {}
        """Who was told, those who were asked last at the end."""

    @property
    def is_full(self) -> bool:
        """Whether nothing could be stored last."""
        return self._retry_at is not None

    def refuses(self, now: float) -> bool:
        """Whether a change is refused now without being tried."""
        return self._retry_at is not None and now < self._retry_at

    def turned(self, done: Iterable[Done], has_changed: bool, began: float, now: float) -> None:
        """A turn has ended with these; `has_changed` says whether anything was stored."""
        without_room = [one for one in done if isinstance(one, Outcome) and one.without_room]
        self._refused |= dict.fromkeys(one.change.member for one in without_room)
        if without_room and not self.refuses(began):
            if self._retry_at is None:
                _log.error(
                    "changes of a document cannot be stored: its disk is full; they are asked for again"
                )
            self._retry_at = now + max(RETRY_S, SHARE * (now - began))
        elif has_changed and self._retry_at is not None:
            _log.warning("the disk of a document has room again")
            self._retry_at = None
            refused, self._refused = self._refused, {}
            for member in refused:
                member.was_told_read_only = member.principal.read_only
            self._ask([one for one in self._members if one.is_live])

    def expire(self, now: float) -> None:
        """Let somebody try again whose change was refused, when that is due."""
        if self._retry_at is None or now < self._retry_at:
            return
        for member in list(self._refused):
            del self._refused[member]
            if member in self._members:
                self._refused[member] = None
                self._ask([member])
                return

    def _ask(self, members: list[Member]) -> None:
        def ask(found: asyncio.Future[bytes]) -> None:
            if not found.cancelled() and found.exception() is None:
                for member in members:
                    member.send(wire.step_1(found.result()))

        if members:
            self._state_vector().add_done_callback(ask)
