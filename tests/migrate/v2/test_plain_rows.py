"""The short way to a message's row gives the bytes of the long one, or leaves the message to that."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.data import legacy
from chatdoc.engine.adopt_file import upgrade
from chatdoc.model.view.view import View
from migrate.v2.write import encode
from migrate.v2.write_message import message_row, plain_row
from tests.tidy.source import PROJECT

GOLDEN = sorted((PROJECT / "golden" / "migrate").glob("*/expected.chat"))


def plain_of(view: View) -> int:
    """How many messages have a plain row, each compared with the row of the long way."""
    rows = {one: plain_row(view, one) for one in view.headers}
    for message_id, row in rows.items():
        if row is not None:
            assert encode(row) == encode(message_row(view, message_id))
    return sum(row is not None for row in rows.values())


def test_nearly_all_messages_of_a_legacy_file_are_plain() -> None:
    """Roots and replies with one text each take the short way, all of them."""
    assert plain_of(upgrade(legacy(250)).view) == 250


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parent.name)
def test_plain_rows_are_the_rows(path: Path) -> None:
    """Whatever a file holds, what is taken for plain is spelled as everything else is."""
    view = upgrade(path.read_bytes()).view
    assert plain_of(view) <= len(view.headers)
