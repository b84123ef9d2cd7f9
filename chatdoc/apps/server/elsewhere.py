"""Presence on other servers: rooms of one document tell each other who is there, and store nothing of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from chatdoc.apps.server import wire
from chatdoc.apps.server.awareness import ELSEWHERE, Awareness
from chatdoc.apps.server.document_access import talk
from chatdoc.document import Document
from chatdoc.model.errors import UpdateRefused

_WHO = b"?"
_HERE = b"="
CLIENTS_MAX = 1024


class Elsewhere:
    """The rooms of a document on other servers; where there can be none, telling them does nothing."""

    def __init__(
        self,
        doc: Document,
        awareness: Awareness,
        relay: Callable[[list[wire.Presence]], None],
        bytes_max: int,
    ) -> None:
        self._awareness, self._relay, self._bytes_max = awareness, relay, bytes_max
        self._loop = asyncio.get_running_loop()
        self._say = talk(doc, self._hear_soon)
        if self._say is not None:
            self._say(_WHO)

    def tell(self, news: list[wire.Presence]) -> None:
        """Let the other rooms know who came, moved or went here."""
        if self._say is not None and news:
            self._say(_HERE + wire.presences_alone(news))

    def _hear_soon(self, message: bytes) -> None:
        with contextlib.suppress(RuntimeError):  # The server has stopped.
            self._loop.call_soon_threadsafe(self._hear, message)

    def _hear(self, message: bytes) -> None:
        if message[:1] == _WHO:
            self.tell(self._awareness.present_here())
        if message[:1] != _HERE:  # What is said of commands is heard elsewhere.
            return
        with contextlib.suppress(UpdateRefused):  # Another version of this program spells it otherwise.
            sent = wire.read_presences(message[1:], clients_max=CLIENTS_MAX, bytes_max=self._bytes_max)
            self._relay(self._awareness.take(ELSEWHERE, sent, self._loop.time()))
