"""Yjs itself: one Node process plays any number of Yjs clients; where node is missing, pycrdt plays them.

Both are what foreign programs are made of: they know maps, keys and texts, and nothing of commands or rules.
"""

from __future__ import annotations

import atexit
import itertools
import json
import shutil
import subprocess
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Protocol

from chatdoc.crdt.read_update import read, state_vector
from chatdoc.crdt.ydoc import Replica

Library = Literal["yjs", "pycrdt"]
Entry = tuple[str, str, str]
"""Root, key and text."""

PROGRAM = Path(__file__).parent / "yjs" / "peer.mjs"
_numbers = itertools.count()


class YjsClient(Protocol):
    """One Yjs document under a client id of its own."""

    def apply(self, update: bytes) -> None:
        """Take an update, as every Yjs client does: unseen and unchecked."""

    def write(self, writes: Iterable[Entry], removals: Iterable[tuple[str, str]]) -> bytes:
        """Set and delete entries in one transaction; returns the update that peers are sent."""

    def entries(self) -> dict[tuple[str, str], str]:
        """Every text by root and key."""

    def state_vector(self) -> bytes:
        """What this document has seen."""

    def diff(self, state_vector: bytes | None) -> bytes:
        """What a peer of that state vector lacks."""

    def close(self) -> None:
        """Forget the document."""


def node_is_installed() -> bool:
    """Whether the real Yjs can be run here."""
    return shutil.which("node") is not None


def open_client(client_id: int, library: Library | None = None) -> YjsClient:
    """A client of a library: the real Yjs unless told otherwise, or pycrdt where node is not installed."""
    if library is None:
        library = "yjs" if node_is_installed() else "pycrdt"
    return _InNode(client_id) if library == "yjs" else _InPycrdt(client_id)


class _InPycrdt:
    def __init__(self, client_id: int) -> None:
        self._replica = Replica(client_id)
        self._replica.load([])

    def apply(self, update: bytes) -> None:
        self._replica.receive(update)

    def write(self, writes: Iterable[Entry], removals: Iterable[tuple[str, str]]) -> bytes:
        return self._replica.transact([*writes], [*removals])

    def entries(self) -> dict[tuple[str, str], str]:
        return self._replica.entries()

    def state_vector(self) -> bytes:
        spans = read(self._replica.encode()).spans
        return state_vector({client: end for client, (_, end) in spans.items()})

    def diff(self, state_vector: bytes | None) -> bytes:
        return self._replica.encode(state_vector)

    def close(self) -> None:
        return None


class _InNode:
    def __init__(self, client_id: int) -> None:
        self._number = next(_numbers)
        self._ask("open", client=client_id)

    def apply(self, update: bytes) -> None:
        self._ask("apply", update=update.hex())

    def write(self, writes: Iterable[Entry], removals: Iterable[tuple[str, str]]) -> bytes:
        return bytes.fromhex(self._ask("write", writes=list(writes), removals=list(removals)))

    def entries(self) -> dict[tuple[str, str], str]:
        return {(root, key): text for root, key, text in self._ask("entries")}

    def state_vector(self) -> bytes:
        return bytes.fromhex(self._ask("vector"))

    def diff(self, state_vector: bytes | None) -> bytes:
        return bytes.fromhex(self._ask("diff", vector=None if state_vector is None else state_vector.hex()))

    def close(self) -> None:
        self._ask("close")

    def _ask(self, deed: str, **given: Any) -> Any:
        return _node().ask({"do": deed, "peer": self._number, **given})


class _Node:
    """The process, which ends with ours; starting it takes some 60 ms, so all clients share one."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        atexit.register(self._end)

    def ask(self, asked: dict[str, Any]) -> Any:
        """One request and its answer; raises RuntimeError with what Yjs said, or when the process is gone."""
        assert self._process.stdin is not None, "the process was started with a pipe"
        assert self._process.stdout is not None, "the process was started with a pipe"
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the Yjs client ended with {self._process.wait()}; see what node said above")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"Yjs refused to {asked['do']}: {answer['error']}")
        return answer["is"]

    def _end(self) -> None:
        self._process.kill()
        self._process.communicate()


@lru_cache(maxsize=1)
def _node() -> _Node:
    return _Node()
