"""The integrity report of a room, as it was looked up last; a document that cannot be asked now hides no other one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from chatdoc.apps.integrity_counters import counters_of
from chatdoc.apps.server.unwritten import has_lost_its_file
from chatdoc.document import Document
from chatdoc.model.errors import ChatdocError
from invariants.report import IntegrityReport

Look = tuple[IntegrityReport, bool]
LookUp = Callable[[Callable[[Document], Look]], Awaitable[Look]]
CHECKED_S = 2.0
"""Who looks at many documents waits so long for a slow one."""


class RoomReport:
    """What the rules say of one room's document; `look_up` reads the document in the room's turn."""

    def __init__(self, doc: Document, look_up: LookUp) -> None:
        self._doc, self._look_up = doc, look_up
        self.latest: IntegrityReport | None = None
        """As somebody asked for it last: who follows it, or the metrics."""
        self.has_lost_its_file = False

    async def checked(self) -> IntegrityReport | None:
        """What the rules say now; None where the document cannot be asked, or not soon."""
        looked = await self._looked()
        return None if looked is None else looked[0]

    async def refresh(self) -> None:
        """Keep what the rules say now, or, of a document that cannot be asked now, what they said last."""
        looked = await self._looked()
        if looked is not None:
            self.latest, self.has_lost_its_file = looked

    async def _looked(self) -> Look | None:
        with contextlib.suppress(ChatdocError, TimeoutError):
            async with asyncio.timeout(CHECKED_S):
                return await self._look_up(lambda doc: (doc.check(full=False), has_lost_its_file(doc)))
        return None

    def counters(self) -> dict[str, int] | None:
        """What is broken, by metric name; None while nobody has asked."""
        return None if self.latest is None else counters_of(self.latest, self._doc.kept_transcripts)
