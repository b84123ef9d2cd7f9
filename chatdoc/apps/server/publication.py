"""Publication: what a turn committed reaches every client as soon as it stands in the journal, then its answers follow.

A turn is not over with its COMMIT: what became of each update is found out, and a thread hands that over. Clients hear
of the update meanwhile, unless somebody joins in the same turn, who would miss it: he is told what he lacks at its end.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from chatdoc.apps.server.batch import Change, Done, Finished, Job, Outcome
from chatdoc.apps.server.broadcast import Held, broadcast
from chatdoc.apps.server.durable_answers import DurableAnswers
from chatdoc.apps.server.limits import Limits
from chatdoc.apps.server.member import Member
from chatdoc.apps.server.metrics import Metrics
from chatdoc.apps.server.settling import Told, answer


class Publication:
    """What a room tells of its turns; `wake` is called where something was stored and no turn runs that tells of it."""

    def __init__(
        self,
        members: set[Member],
        answers: DurableAnswers,
        limits: Limits,
        metrics: Metrics,
        wake: Callable[[], None],
    ) -> None:
        self._members, self._answers, self._limits, self._metrics = members, answers, limits, metrics
        self._wake = wake
        self._loop = asyncio.get_running_loop()
        self._heard: deque[bytes] = deque()
        self._will_look = False
        self._has_published = False
        self._held: list[Held] = []
        """Of what was published before its turn had ended."""
        self._early: set[Member] = set()
        """Members whose changes may be held back; whoever brings what they lack, they hear of it from the disk on."""
        self._senders: set[Member] | None = None
        """Whose changes the turn takes that runs; None where none does, or where it takes something else too."""

    @property
    def is_due(self) -> bool:
        """Whether there is something to publish."""
        return bool(self._heard)

    def hear(self, update: bytes, origin: str) -> None:
        """Called in whichever thread has stored something."""
        self._heard.append(update)  # Before the question: whoever clears the flag looks after that.
        if not self._will_look:
            self._will_look = True
            self._loop.call_soon_threadsafe(self._look)

    def begin(self, taken: list[Job]) -> None:
        """A turn takes these."""
        changes = [one.member for one in taken if isinstance(one, Change)]
        self._senders = set(changes) if len(changes) == len(taken) else None

    def end(self, done: list[Done]) -> bool:
        """A turn has ended with these, which are told now; whether anything was stored."""
        heard, self._senders = self._all_heard(), None
        has_changed, self._has_published = bool(heard) or self._has_published, False
        for one in done:
            if isinstance(one, Finished) and not one.call.is_answer:
                answer(one)
        told: list[Told] = [one for one in done if isinstance(one, Outcome) or one.call.is_answer]
        # After those answers, whose callbacks run first: who joins hears again of what it has, and misses nothing.
        self._loop.call_soon(self._tell, heard, told)
        return has_changed

    def leave(self, member: Member) -> None:
        """Forget a client."""
        self._early.discard(member)

    def _look(self) -> None:
        self._will_look = False
        if self._senders is None:
            self._wake()
        elif heard := self._all_heard():
            # Which of them were refused is not known yet; what is held for those is nothing of their own.
            self._held += self._broadcast(heard, self._early | self._senders)
            self._has_published = True

    def _tell(self, heard: list[bytes], told: list[Told]) -> None:
        outcomes = [one for one in told if isinstance(one, Outcome)]
        self._early |= {one.change.member for one in outcomes if one.waits}
        senders = self._early | {one.change.member for one in outcomes if one.is_applied}
        if any(one.none_waits for one in outcomes):
            self._early.clear()
        held, self._held = self._held, []
        self._answers.add([*held, *self._broadcast(heard, senders), *told])

    def _broadcast(self, heard: list[bytes], senders: set[Member]) -> list[Held]:
        return broadcast(heard, self._members, senders, self._limits.broadcast_bytes_max, self._metrics)

    def _all_heard(self) -> list[bytes]:
        return [self._heard.popleft() for _ in range(len(self._heard))]
