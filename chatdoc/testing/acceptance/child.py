"""Child process: a second process opens a store and writes to it, and says what was acknowledged until it is killed."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

from chatdoc.store.ports import DocumentStore, UnitOfWork
from chatdoc.testing.acceptance.factory import Open
from chatdoc.testing.acceptance.running import PATIENCE_S
from chatdoc.testing.acceptance.samples import do_command, run_command

Part = Callable[..., None]
"""What a child does with its store, the end of its pipe, and arguments."""


def _beginning() -> BaseContext:
    """How a child is begun: by a server that has loaded the suites and opened nothing, or afresh where there is none.

    It is no fork of the test's own process, whose locks and open stores it would have.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["chatdoc.testing.acceptance.suites"])
    return context


class Child:
    """A process that shares nothing with the test's, and does its part with a handle of its own."""

    def __init__(self, part: Part, again: Open, folder: Path, *arguments: object) -> None:
        context = _beginning()
        self._end, theirs = context.Pipe()
        self._process = context.Process(  # type: ignore[attr-defined]
            target=_run, args=(part, again, folder, theirs, arguments), daemon=True
        )
        self._process.start()
        theirs.close()  # Else the pipe has no end when the child is killed.

    def hear(self) -> Any:
        """What the child says next; None when it has ended. Raises AssertionError when it says nothing for long."""
        assert self._end.poll(PATIENCE_S), f"the child said nothing for {PATIENCE_S:g} seconds"
        try:
            return self._end.recv()
        except (EOFError, ConnectionResetError):
            return None

    def hear_all(self) -> list[Any]:
        """Everything that the child still says until it ends."""
        return list(iter(self.hear, None))

    def kill(self) -> None:
        """End the child by SIGKILL, wherever it is."""
        self._process.kill()
        self._process.join()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._end.close()


def do_commands(store: DocumentStore, end: Connection, prefix: str, count: int) -> None:
    """Do so many commands, and tell the name and place of each once it is acknowledged."""
    for number in range(count):
        name = f"{prefix} {number}"
        end.send((name, run_command(store, name)))


def stop_within(store: DocumentStore, end: Connection, name: str) -> None:
    """Do one command, tell that it is all written, and stay within the unit for ever."""

    def work(unit: UnitOfWork) -> None:
        do_command(store, unit, name)
        end.send("within")
        end.recv()

    store.write(work)


def _run(part: Part, again: Open, folder: Path, end: Connection, arguments: tuple[object, ...]) -> None:
    store = again(folder)
    part(store, end, *arguments)
    store.close()
