"""A small agent backend: it answers what waits on every thread of a chat, asks leave, and stops when it is told to.

`python docs/agent_backend.py FILE` serves a chat until Ctrl-C; other processes may ask, interrupt and give leave.
Without a file it shows itself: somebody asks on three threads of a new chat, gives leave once and interrupts once.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from chatdoc import Document, Turn, TurnOver, open_document, stream
from chatdoc.model.errors import CommandRefused, NotFound
from chatdoc.model.events.event import Event
from chatdoc.model.events.types import (
    ActivityAppended,
    ApprovalResponded,
    SessionSet,
    ThreadCreated,
    ThreadRestored,
    TurnInterruptRequested,
    TurnStartRequested,
)

Leave = Callable[[str], Awaitable[str]]
"""Asks leave for something; the answer is `accept`, `acceptForSession`, `decline`, `cancel` or `expired`."""
Agent = Callable[[str, Leave], AsyncIterator[str]]
"""Answers a text, in as many pieces as it likes."""


class Backend:
    """Serves one document; each thread has one turn at a time, and all threads go on beside each other."""

    def __init__(self, document: Document, agent: Agent, *, name: str = "codex") -> None:
        self.document, self.agent, self.name = document, agent, name
        self._wakes: dict[str, asyncio.Event] = {}
        self._turns: dict[str, tuple[Turn, asyncio.Task[Any]]] = {}
        self._leaves: dict[str, asyncio.Future[str]] = {}

    async def serve(self) -> None:
        """Answer what waits and whatever comes, until this is cancelled; what runs then is interrupted."""
        document = self.document
        last = (await asyncio.to_thread(document.snapshot)).snapshot_sequence
        with document.subscribe_events(last) as events:
            async with asyncio.TaskGroup() as workers:
                for thread in document.threads():
                    self._wake(workers, thread.thread_id)
                async for event in events:
                    await self._hear(workers, event)

    async def _hear(self, workers: asyncio.TaskGroup, event: Event) -> None:
        """One event, whichever process or peer caused it."""
        said = event.payload
        if isinstance(said, TurnStartRequested | SessionSet | ThreadCreated | ThreadRestored):
            self._wake(workers, said.thread_id)
            over = said.session.ended_turn_id if isinstance(said, SessionSet) else None
            if over in self._turns:
                self._turns[over][1].cancel()  # Somebody ended it, and the agent may be waiting for leave.
        elif isinstance(said, ApprovalResponded):
            self._answered(said.request_id, said.decision)
        elif isinstance(said, ActivityAppended) and said.activity.kind == "approval.resolved":
            about = said.activity.payload  # Nobody answered in time.
            self._answered(about["requestId"], about["decision"])
        elif isinstance(said, TurnInterruptRequested):
            for turn, task in list(self._turns.values()):
                if said.turn_id in (None, turn.message_id) and said.thread_id == turn.thread_id:
                    with suppress(CommandRefused, TurnOver):
                        await asyncio.to_thread(turn.interrupt)
                    task.cancel()

    def _answered(self, request_id: str, decision: str) -> None:
        if (waiting := self._leaves.get(request_id)) is not None and not waiting.done():
            waiting.set_result(decision)

    def _wake(self, workers: asyncio.TaskGroup, thread_id: str) -> None:
        if thread_id not in self._wakes:
            self._wakes[thread_id] = asyncio.Event()
            workers.create_task(self._work_on(thread_id, self._wakes[thread_id]))
        self._wakes[thread_id].set()

    async def _work_on(self, thread_id: str, wake: asyncio.Event) -> None:
        while True:
            await wake.wait()
            wake.clear()
            # Somebody else runs a turn here, whose end wakes us, or the thread is to come behind a peer's message.
            with suppress(CommandRefused, NotFound):
                while turn := await asyncio.to_thread(
                    self.document.agents.start_next, thread_id, sender_id=self.name
                ):
                    await self._answer(turn)

    async def _answer(self, turn: Turn) -> None:
        asked = self.document.message(turn.answers or "").content
        answer = stream(turn, self.agent(asked, lambda what: self._ask_leave(turn, what)))
        task = asyncio.ensure_future(answer)
        self._turns[turn.message_id] = turn, task
        try:
            # Interrupted, failed or finished: the message says which, and the next one starts.
            await asyncio.gather(task, return_exceptions=True)
        finally:
            del self._turns[turn.message_id]

    async def _ask_leave(self, turn: Turn, what: str) -> str:
        request_id = f"{turn.message_id}:{what}"
        self._leaves[request_id] = asyncio.get_running_loop().create_future()
        try:
            await asyncio.to_thread(
                self.document.agents.request_approval,
                turn.thread_id,
                request_id,
                summary=what,
                turn_id=turn.message_id,
                command_id=f"provider:{self.name}:{request_id}",
            )
            return await self._leaves[request_id]
        finally:
            del self._leaves[request_id]


async def parrot(asked: str, leave: Leave) -> AsyncIterator[str]:
    """An agent that repeats what it heard, asks leave before it runs anything, and finds no end when told to count."""
    yield f"I heard: {asked}."
    if asked.startswith("run "):
        decision = await leave(asked)
        yield f" You said {decision}."
    number = 0
    while asked.startswith("count"):
        number += 1
        yield f" {number}"
        await asyncio.sleep(0.01)


async def show() -> None:
    """Somebody asks on three threads at once, gives leave and interrupts; what the log says of it is printed."""
    with TemporaryDirectory() as folder, open_document(Path(folder) / "team.chat") as document:
        serving = asyncio.ensure_future(Backend(document, parrot).serve())
        names: dict[str, str] = {}
        for name, text in {"Plan": "hello", "Build": "run `make test`", "Ship": "count"}.items():
            thread = document.create_thread(sender_id="ada", content="Let us begin", name=name)
            names[thread.thread_id] = name
            document.agents.queue_turn(thread.thread_id, sender_id="ada", content=text)
            if name == "Ship":
                document.agents.queue_turn(thread.thread_id, sender_id="ada", content="in short")
        with document.subscribe_events() as events:
            ended = 0
            async for event in events:
                print(line(event, names), flush=True)
                said: Any = event.payload
                if event.event_type == "thread.activity-appended":
                    document.agents.respond_approval(said.thread_id, said.activity.id, "accept")
                elif getattr(said, "streaming", False) and said.text.startswith("I heard: count"):
                    document.agents.request_interrupt(said.thread_id, turn_id=said.turn_id)
                ended += isinstance(said, SessionSet) and said.session.ended_turn_id is not None
                if ended == 4:
                    break
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        for thread_id, name in names.items():
            for message in document.messages(thread_id)[2:]:
                text = message.content if len(message.content) < 50 else message.content[:30] + " …"
                print(
                    f"{name:6} {message.sender_id}: {text}{' (interrupted)' * bool(message.acp_interrupted)}"
                )
        print("integrity:", "clean" if document.check(full=True).ok else "BROKEN")


def line(event: Event, names: dict[str, str]) -> str:
    """An event on one line."""
    said: Any = event.payload
    about = getattr(said, "text", None) or getattr(said, "decision", None) or ""
    if event.event_type == "thread.session-set":
        about = said.session.status
    elif event.event_type == "thread.activity-appended":
        about = f"{said.activity.kind}: {said.activity.summary}"
    return (
        f"{event.sequence:4} {names.get(event.stream_id, ''):6} {event.event_type:35} {about[:60]}".rstrip()
    )


async def serve(path: str) -> None:
    """Serve a chat until Ctrl-C."""
    with open_document(path) as document:
        await Backend(document, parrot).serve()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(sys.argv[1]) if len(sys.argv) > 1 else show())
