"""Documents in files stand in a network: each folder is a machine, and openings of one file are its processes."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random

from chatdoc.document import Document
from chatdoc.forget import forget
from chatdoc.model.errors import NotFound
from chatdoc.model.facts import Fact
from chatdoc.model.view.view import View
from chatdoc.open import open_document
from chatdoc.testing import white_box
from chatdoc.testing.content import content_of
from chatdoc.testing.network import Network

LASTING = ("thread", "message", "revision", "setting")
"""Roots whose facts a crash and a recovery leave where they are."""
COPY = "copy.chat"
MACHINES = (0, 0, 1, 2)
"""On which machine each opening runs: two processes on the first, one on each of two others."""


class StoredNetwork(Network):
    """One document on several machines, open in one or more processes on each; beside it, on the first, another one.

    The processes of a machine share its store and its clock. `sources` are the bytes a machine's file begins with.
    """

    def __init__(
        self, folder: Path, *, seed: int, machines: Sequence[int] = MACHINES, sources: Sequence[bytes] = ()
    ) -> None:
        self.folder, self.machines = folder, tuple(machines)
        for machine in sorted(set(machines)):
            self._place(machine).mkdir(parents=True)
            if machine < len(sources):
                (self._place(machine) / "team.chat").write_bytes(sources[machine])
        super().__init__(len(machines), seed=seed)
        self.beside = self._open(0, "beside.chat")
        """Another document in the store of the first machine."""

    def on(self, machine: int) -> list[Document]:
        """What is open on a machine: the openings of the shared document, and the one beside it."""
        found = [one for one, place in zip(self.documents, self.machines, strict=True) if place == machine]
        return [*found, self.beside] if machine == 0 else found

    def machine_of(self, document: Document) -> int:
        """The machine a document is open on."""
        return 0 if document is self.beside else self.machines[self.documents.index(document)]

    def reopen(self, number: int, *, crash: bool) -> None:
        """Let a process end, or be killed, and another one open the file; AssertionError when a fact is gone."""
        before = self.documents[number]
        # One that failed shows what is lost.
        lasting = _lasting(before.view) if white_box.is_open(before) else set()
        self._leaving[number]()
        leave(before, crash=crash)
        document = self._begin(number, ())
        lost = lasting - _lasting(document.view)
        assert not lost, f"document {number} lost when it was opened again: {sorted(lost)[:8]}"
        self.documents[number] = document
        self._leaving[number] = document.subscribe(partial(self._send, number), watch=False)

    def reopen_beside(self, *, crash: bool) -> None:
        """The same for the other document."""
        leave(self.beside, crash=crash)
        self.beside = self._open(0, "beside.chat")

    def copied(self, document: Document, random: Random) -> Document:
        """A copy of a document's file, open on its machine."""
        assert document.path is not None, "only a stored document has a path"
        shutil.copyfile(document.path, document.path.with_name(COPY))
        return self._open(self.machine_of(document), COPY, random)

    def forget_copy(self, document: Document) -> None:
        """Remove the copy and all that is stored of it."""
        assert document.path is not None, "only a stored document has a path"
        file = document.path.with_name(COPY)
        with suppress(NotFound):  # One that could only be read has nothing stored.
            forget(file, dry_run=False)
        file.unlink()

    def close(self) -> None:
        """End all processes."""
        for document in (*self.documents, self.beside):
            if white_box.is_open(document):
                document.close()

    def _begin(self, number: int, facts: Iterable[Fact]) -> Document:
        machine = self.machines[number]
        self.clocks[number] = self.clocks[self.machines.index(machine)]
        return self._open(machine, "team.chat")

    def _open(self, machine: int, name: str, random: Random | None = None) -> Document:
        return open_document(
            self._place(machine) / name,
            clock=self.clocks[self.machines.index(machine)],
            random=Random((random or self.random).getrandbits(64)).randbytes,
            durability="normal",
            waiter=lambda event, seconds: True,
        )

    def _place(self, machine: int) -> Path:
        return self.folder / f"machine-{machine}"


def leave(document: Document, *, crash: bool) -> None:
    """Close a document, or leave it as a killed process does."""
    if crash or not white_box.is_open(document):
        white_box.kill(document)
    else:
        document.close()


def _lasting(view: View) -> set[tuple[str, str]]:
    return {place for place in content_of(view) if place[0] in LASTING}
