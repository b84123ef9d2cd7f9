"""Acceptance suites: any store that says it keeps the ports of `chatdoc.store.ports` is held to each of their promises.

A store of your own is held to them by one class with one fixture, in a test file of your own:

    import pytest
    from chatdoc.testing.acceptance import Acceptance, StoreFactory, full_disk
    from my_store import create, open_again  # Path -> DocumentStore; the folder is empty at first

    class TestMyStore(Acceptance):
        @pytest.fixture
        def stores(self, tmp_path):
            with StoreFactory(tmp_path, create, again=open_again, failing_commit=full_disk) as stores:
                yield stores

Leave `again` out for a store that has one handle, and `failing_commit` where no COMMIT can be made to fail; the tests
that need them are skipped then. `open_again` is called in child processes too, so it is a function of a module.
`StoresSuite` does the same for a folder of stores, with a fixture `folder` that gives a FolderFactory. `failures` runs
suites without pytest's collecting. Needs pytest and hypothesis.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from chatdoc.testing.acceptance.factory import StoreFactory as StoreFactory
    from chatdoc.testing.acceptance.factory import full_disk as full_disk
    from chatdoc.testing.acceptance.stores import FolderFactory as FolderFactory
    from chatdoc.testing.acceptance.stores import StoresSuite as StoresSuite
    from chatdoc.testing.acceptance.suites import Acceptance as Acceptance
    from chatdoc.testing.acceptance.suites import failures as failures

__all__ = ["Acceptance", "StoreFactory", "full_disk", "failures", "StoresSuite", "FolderFactory"]

_HOMES = {
    "StoreFactory": "chatdoc.testing.acceptance.factory",
    "full_disk": "chatdoc.testing.acceptance.factory",
    "Acceptance": "chatdoc.testing.acceptance.suites",
    "failures": "chatdoc.testing.acceptance.suites",
    "StoresSuite": "chatdoc.testing.acceptance.stores",
    "FolderFactory": "chatdoc.testing.acceptance.stores",
}

# A failed assert shows its values only in modules that pytest knew of before they were loaded; so they are loaded late.
pytest.register_assert_rewrite(*(f"{__name__}.{found.name}" for found in iter_modules(__path__)))

if not TYPE_CHECKING:  # A type checker takes the imports above, so a misspelt name is an error there.

    def __getattr__(name: str) -> object:
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(home), name)
        return value
