"""Calls go down only: a send, a receive and an open are traced, and what climbs is a closure that was handed down."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from benchmarks.data import legacy
from chatdoc.document import Document
from chatdoc.open import open_document
from tests.tidy.floors import floor_of
from tests.tidy.source import PROJECT

HANDED_DOWN = {
    # The work of a transaction, given to `DocumentStore.write`, which calls it between BEGIN and COMMIT.
    ("chatdoc.store.sql.store", "Engine._step.<locals>.step"),
    # What was there before the event log, told in a transaction of its own once that is first used.
    ("chatdoc.store.sql.store", "tell_history.<locals>.tell"),
    # What takes the file that a text displaces, given to `replace_atomically`.
    ("chatdoc.store.atomic_file", "DisplacedFile.keep"),
}
"""Who may call which function of a higher floor; subscribers' callbacks need no line, as they are in no room."""
MODULES_MAX = {"send": 67, "receive": 76, "open v2": 140, "open legacy": 149}
"""What was measured is 65, 74, 138 and 148; more than a little more is a new detour to be looked at."""


class Trace:
    """Which modules of the house a piece of work passes, and which of its calls climb."""

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self.climbs: set[tuple[str, str]] = set()

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        """Note a call, seen from the nearest frame below it that is in a room."""
        callee = room_module(frame) if event == "call" else None
        if callee is None:
            return
        self.modules.add(callee)
        caller, below = None, frame.f_back
        while below is not None and caller is None:
            caller, below = room_module(below), below.f_back
        if caller is not None and floor(callee) > floor(caller):
            self.climbs.add((caller, frame.f_code.co_qualname))

    def of(self, work: Callable[[], Any]) -> Any:
        """What the work answers, traced; what the collector finds meanwhile, of other tests too, is no part of it."""
        gc.collect()
        gc.disable()
        sys.setprofile(self)
        try:
            return work()
        finally:
            sys.setprofile(None)
            gc.enable()


def room_module(frame: FrameType) -> str | None:
    """The dotted name of a frame's module, if that has a floor."""
    file = Path(frame.f_code.co_filename)
    if not file.is_relative_to(PROJECT):
        return None
    name = ".".join(file.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")
    return name if floor_of(name) is not None else None


def floor(module: str) -> int:
    """The floor a module is on, counted from the ground."""
    found = floor_of(module)
    assert found is not None
    return found[0]


def begun(path: Path) -> tuple[Document, str]:
    """An open document with a thread of two messages, and the thread."""
    document = open_document(path)
    thread_id = document.create_thread(sender_id="ada", content="root").thread_id
    document.send(thread_id, sender_id="ada", content="first")
    return document, thread_id


def do(name: str, folder: Path, trace: Trace) -> None:
    """Do one of the four things under the trace."""
    document, thread_id = begun(folder / "one.chat")
    heard: list[str] = []
    document.subscribe(lambda _, origin: heard.append(origin))
    if name == "send":
        trace.of(lambda: document.send(thread_id, sender_id="bob", content="Hi", command_id="bob-17"))
        assert heard == ["bob-17"]
    elif name == "receive":
        with open_document(folder / "two.chat") as other:
            update = document.diff()
            trace.of(lambda: other.receive(update))
            assert len(other.messages(thread_id)) == 2
    document.close()
    if name.startswith("open"):
        file = folder / "elsewhere" / "new.chat"
        file.parent.mkdir()
        file.write_bytes(legacy(5) if name == "open legacy" else (folder / "one.chat").read_bytes())
        trace.of(lambda: open_document(file)).close()


@pytest.mark.parametrize("name", MODULES_MAX)
def test_no_call_climbs_but_what_was_handed_down(name: str, tmp_path: Path) -> None:
    """Nothing below calls what is above it on its own account, and the work passes no more modules than it did."""
    trace = Trace()
    do(name, tmp_path, trace)
    print(f"{name}: {len(trace.modules)} modules, climbing {sorted(trace.climbs)}")
    assert trace.climbs, "a trace that sees no transaction sees nothing"
    assert trace.climbs <= HANDED_DOWN
    assert len(trace.modules) <= MODULES_MAX[name]


def test_a_call_that_climbs_is_seen(tmp_path: Path) -> None:
    """A store that asked the document for its threads would be named."""
    document, _ = begun(tmp_path / "one.chat")
    trace = Trace()
    room = compile(
        "def ask(document): return document.threads()", str(PROJECT / "chatdoc/store/x.py"), "exec"
    )
    asked: dict[str, Any] = {}
    exec(room, asked)
    trace.of(lambda: asked["ask"](document))
    document.close()
    assert ("chatdoc.store.x", "Document.threads") in trace.climbs
