"""Test fixture: how a suite gets stores of one kind, a second handle on one, and a disk that fails."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from chatdoc.store.ports import DocumentStore

Open = Callable[[Path], DocumentStore]
FailingCommit = Callable[[DocumentStore], AbstractContextManager[None]]


class StoreFactory:
    """Makes the stores of one test below a folder, and closes them; what a store cannot do is skipped.

    `make` gives a new store in an empty folder; what it holds already does not matter. `again` opens the store of such
    a folder once more, in this process or another, so it is a function of a module; None where there is one handle.
    While `failing_commit` is entered no COMMIT of the store succeeds; None where that cannot be brought about.
    """

    def __init__(
        self,
        folder: Path,
        make: Open,
        *,
        again: Open | None = None,
        failing_commit: FailingCommit | None = None,
    ) -> None:
        self._folder, self._make, self._again, self._failing_commit = folder, make, again, failing_commit
        self._made: list[tuple[DocumentStore, Path]] = []

    def make(self) -> DocumentStore:
        """A new store."""
        folder = self._folder / f"store-{len(self._made)}"
        folder.mkdir(parents=True)
        return self._keep(self._make(folder), folder)

    def again(self, store: DocumentStore) -> DocumentStore:
        """A second handle on a store."""
        opener, folder = self.shared(store)
        return self._keep(opener(folder), folder)

    @property
    def is_shared(self) -> bool:
        """Whether a store has a second handle."""
        return self._again is not None

    def shared(self, store: DocumentStore) -> tuple[Open, Path]:
        """How another process opens the same store; the test is skipped where none can."""
        if self._again is None:
            pytest.skip("this store has one handle only")
        return self._again, next(folder for made, folder in self._made if made is store)

    def failing_commit(self, store: DocumentStore) -> AbstractContextManager[None]:
        """A while in which no COMMIT succeeds; the test is skipped where that cannot be brought about."""
        if self._failing_commit is None:
            pytest.skip("no commit of this store can be made to fail")
        return self._failing_commit(store)

    def close(self) -> None:
        """Close every store that was made."""
        for store, _ in reversed(self._made):
            store.close()

    def _keep(self, store: DocumentStore, folder: Path) -> DocumentStore:
        self._made.append((store, folder))
        return store

    def __enter__(self) -> StoreFactory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def full_disk(store: DocumentStore) -> Iterator[None]:
    """Let no file of this process be written for a while, as on a full disk; for stores that write files themselves."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
