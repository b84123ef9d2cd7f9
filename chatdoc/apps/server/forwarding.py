"""Owner batching: servers that write to one hot document send commands to its owner, who makes one transaction of them.

Correctness never rests on it. A command goes with its id, so whoever has no answer in time carries it out himself: what
the owner has done by then, or does later, is done once. Who may speak for whom was checked before.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from itertools import count

import msgspec

from chatdoc.apps.server import forwarded
from chatdoc.apps.server.command_specs import JOINING, Given, carry_out
from chatdoc.apps.server.document_access import share
from chatdoc.apps.server.forwarded import Answer, Asked, Command, Done, Hello, Message, Record
from chatdoc.apps.server.heat import Heat
from chatdoc.apps.server.limits import Limits
from chatdoc.apps.server.metrics import Metrics
from chatdoc.apps.server.owner import owner_of
from chatdoc.document import Document

_MARK = b">"
"""The first byte of what this says; other words of rooms have another."""
Ask = Callable[[Callable[[Document], Record], bool, str | None], asyncio.Future[Record]]
"""Lets a room's turn do something, with others in one transaction or not, for a command id."""


class Forwarding:
    """The commands of a room; each is enqueued here, or at the server that owns the document while it is hot."""

    def __init__(self, doc: Document, ask: Ask, limits: Limits, metrics: Metrics) -> None:
        self._document, self._ask_room, self._answer_s = str(doc.document_id), ask, limits.owner_answer_s
        self._loop = asyncio.get_running_loop()
        self._heat = Heat(limits.hot_commands_per_second)
        self._numbers = count()
        self._out: list[tuple[str, msgspec.Raw]] = []
        """Commands that go to their owners in a moment."""
        self._waiting: dict[int, asyncio.Future[Record | None]] = {}
        self._peers: set[str] = set()
        """Other servers that have a room of the document, as far as they said so."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._feed = share(doc, self._hear_soon) if limits.hot_commands_per_second else None
        self._metrics = metrics
        if self._feed is not None:
            self._say(Hello(self._feed.server(), asks=True))

    async def carry_out(self, given: Given) -> Record:
        """The record that a command made; raises what it raises."""
        if self._feed is not None:
            self._heat.note(self._loop.time(), self._feed.commits_of_others())
            # Its owner would not know whom to ask about.
            may_go = given.command_id is not None and given.permit is None and given.kind in JOINING
            if self._heat.is_hot and may_go and given.command_id is not None:
                record = await self._ask(given.kind, given.fields, given.command_id)
                if record is not None:
                    self._metrics.forwarded.inc()
                    return record
        return await self._enqueue(given)

    def close(self) -> None:
        """Let the others know that nothing is done for them any more."""
        if self._feed is not None:
            self._say(Hello(self._feed.server(), goes=True))
            self._feed = None
            for number in list(self._waiting):
                self._settle(number, None)

    def _enqueue(self, given: Given) -> asyncio.Future[Record]:
        return self._ask_room(lambda doc: carry_out(doc, given), given.kind in JOINING, given.command_id)

    def _say(self, message: Message) -> None:
        if self._feed is not None:
            self._feed.say(_MARK + forwarded.encode(message))

    # for clients of this server

    async def _ask(self, kind: str, fields: dict[str, object], command_id: str) -> Record | None:
        """The record that the owner of the document has made, or None where this server is to do it."""
        feed = self._feed
        assert feed is not None, "a document that is shared"
        own = feed.server()
        owner = owner_of(self._document, {own, *(self._peers & feed.live_servers())})
        number = next(self._numbers)
        part = forwarded.spelled(Command(number, kind, fields, command_id))
        if owner is None or owner == own or part is None:
            return None
        waiting = self._waiting[number] = self._loop.create_future()
        if not self._out:
            self._loop.call_soon(self._send)
        self._out.append((owner, part))
        try:
            async with asyncio.timeout(self._answer_s):
                record: Record | None = await waiting
                return record
        except TimeoutError:
            self._heat.cool()
            self._peers.discard(owner)  # Until it says that it is here.
            self._say(Hello(own, asks=True))
            return None
        finally:
            del self._waiting[number]

    def _send(self) -> None:
        out, self._out = self._out, []
        if self._feed is None:
            return
        for owner in sorted({owner for owner, _ in out}):
            for group in forwarded.grouped([part for one, part in out if one == owner]):
                self._say(Asked(owner, self._feed.server(), group))

    def _settle(self, number: int, record: Record | None) -> None:
        waiting = self._waiting.get(number)
        if waiting is not None and not waiting.done():
            waiting.set_result(record)

    # what other servers say

    def _hear_soon(self, message: bytes) -> None:
        if message[:1] == _MARK:
            with contextlib.suppress(RuntimeError):  # The server has stopped.
                self._loop.call_soon_threadsafe(self._hear, message[1:])

    def _hear(self, data: bytes) -> None:
        message = forwarded.decode(data)
        if self._feed is None or message is None:
            return
        own = self._feed.server()
        if isinstance(message, Hello):
            self._greet(message, own)
        elif isinstance(message, Asked):
            if message.owner == own:
                task = self._loop.create_task(self._do(message))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        elif message.server == own:
            if not message.is_worth_it:
                self._heat.cool()
            for answer in forwarded.answers_of(message):
                self._settle(answer.number, answer.record)

    def _greet(self, hello: Hello, own: str) -> None:
        if hello.goes:
            self._peers.discard(hello.server)
        elif hello.server != own:
            self._peers.add(hello.server)
            if hello.asks:
                self._say(Hello(own))

    # for other servers

    async def _do(self, asked: Asked) -> None:
        feed = self._feed
        assert feed is not None, "a document that is shared"
        commands = forwarded.commands_of(asked)
        now, others = self._loop.time(), feed.commits_of_others()
        for _ in commands:
            self._heat.note(now, others, asked.server)
        # What is refused is refused again there, by its receipt, with the error that its client must see.
        records = await asyncio.gather(
            *[
                self._enqueue(Given(one.kind, one.fields, one.command_id))
                for one in commands
                if one.kind in JOINING
            ],
            return_exceptions=True,
        )
        made = iter(records)
        parts = []
        for one in commands:
            found = next(made) if one.kind in JOINING else None
            record = found if isinstance(found, dict) else None
            part = forwarded.spelled(Answer(one.number, record)) or forwarded.spelled(
                Answer(one.number, None)
            )
            assert part is not None, "a number is short"
            parts.append(part)
        is_worth_it = self._heat.besides(asked.server)
        for group in forwarded.grouped(parts):
            self._say(Done(asked.server, is_worth_it, group))
