"""What `from chatdoc import …` promises is there, and nothing else is."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import pytest

import chatdoc
from chatdoc.model.deferred_module import DeferredModule
from tests.tidy.source import PACKAGES, PROJECT


@pytest.mark.parametrize("name", chatdoc.__all__)
def test_every_promised_name_is_there(name: str) -> None:
    """Each name can be taken from the package and is listed by `dir`."""
    assert getattr(chatdoc, name) is not None
    assert name in dir(chatdoc)


def test_names_and_their_homes_are_listed_alike() -> None:
    """The list for readers and the table of homes name the same."""
    assert list(chatdoc._HOMES) == chatdoc.__all__


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A misspelt name fails as it does in any module."""
    with pytest.raises(AttributeError, match="open_documents"):
        _ = chatdoc.open_documents


@pytest.mark.parametrize("order", list(permutations(PACKAGES)), ids="-".join)
def test_packages_import_in_any_order(order: tuple[str, ...]) -> None:
    """No package needs another to be imported before it."""
    program = "; ".join(f"import {name}" for name in order)
    subprocess.run([sys.executable, "-c", program], cwd=PROJECT, check=True)


def test_opening_and_writing_loads_no_more_than_that_takes(tmp_path: Path) -> None:
    """pycrdt and asyncio, which take longer to load than a small document to open, wait until they are needed."""
    program = (
        "import sys; from chatdoc import open_document\n"
        "for _ in range(2):\n"
        f"    with open_document({str(tmp_path / 'team.chat')!r}) as document:\n"
        "        thread = document.create_thread(sender_id='ada', content='Hello')\n"
        "        document.send(thread.thread_id, sender_id='bob', content='Hi')\n"
        "        assert document.check(full=True).ok\n"
        "print(*sorted({'pycrdt', 'asyncio', 'anyio'} & sys.modules.keys()))\n"
        "document = open_document(sys.argv[1]); document.engine.copy.session.warm(); document.close()\n"
        "print(*sorted({'pycrdt'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "team.chat")],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["", "pycrdt"]


def test_a_deferred_module_that_is_not_there_fails_where_it_is_named() -> None:
    """And one that is there is itself, whichever of its names is asked for first."""
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        DeferredModule("no_such_module")
    assert DeferredModule("json").loads is json.loads
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = DeferredModule("json").no_such_name
