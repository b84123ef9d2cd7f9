"""What `from chatdoc import …` promises is there, and nothing else is."""

from __future__ import annotations

import subprocess
import sys
from itertools import permutations

import pytest

import chatdoc
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
