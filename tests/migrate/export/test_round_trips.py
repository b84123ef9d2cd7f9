"""What old software reads from an export and we read back from it again is what the document held."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chatdoc.model.records.message import Message
from chatdoc.model.view.apply import canonical
from chatdoc.model.view.view import View
from migrate import migrate, sniff
from migrate.cocalc.export_dates import MOVED
from migrate.export import FORMATS
from migrate.shown_message import config_fields, fields, gone, is_placeholder
from tests.migrate.test_golden import READ, named, source_of, view_of

Said = tuple[Any, ...]
DERIVED = {"placeholder", "legacy_thread_id", "legacy_message_id"}
"""Fields that tell where an id came from, which is another place after an export."""


def written(view: View) -> list[Message]:
    """The messages somebody wrote."""
    found = [view.message(message_id) for message_id in view.message_ids()]
    return [one for one in found if one is not None and not is_placeholder(one)]


def texts(message: Message) -> Said:
    """Author, content and date of every revision."""
    return tuple((one.author_id, one.content, one.date) for one in message.history)


def date_of(message: Message) -> str:
    """When a message was written, also where an export had to move it on."""
    return str(message.extra.get(MOVED, message.date))


def configs(view: View) -> Counter[bytes]:
    """What is said of every thread that has messages: its settings, and the fields of its root.

    Old software keeps all of it on the root row, and not every field there is known to be a setting.
    """
    found: Counter[bytes] = Counter()
    for thread_id in {one.thread_id for one in written(view)}:
        root = view.message(str(view.root_of(thread_id)))
        said = config_fields(view, thread_id) | (fields(root) if root is not None else {})
        said.pop(MOVED, None)
        found[canonical({name: value for name, value in said.items() if name not in DERIVED})] += 1
    return found


ROWS = [one for one in READ if sniff(source_of(one)) == "cocalc"]


@pytest.fixture(params=ROWS, ids=named)
def rows(request: pytest.FixtureRequest) -> View:
    """The document of a golden case that CoCalc wrote."""
    folder: Path = request.param
    return view_of(migrate(source_of(folder)).facts)


@pytest.fixture(params=READ, ids=named)
def before(request: pytest.FixtureRequest) -> View:
    """The document of a golden case."""
    folder: Path = request.param
    return view_of(migrate(source_of(folder)).facts)


def again(view: View, name: str) -> View:
    """The document read back from one of its exports."""
    return view_of(migrate(FORMATS[name](view)).facts)


def test_legacy_rows_keep_texts_authors_dates_and_settings(rows: View) -> None:
    """Every message comes back with its sender, date and history, every thread with its settings."""
    after = again(rows, "legacy")
    assert Counter((one.sender_id, date_of(one), texts(one)) for one in written(after)) == Counter(
        (one.sender_id, date_of(one), texts(one)) for one in written(rows)
    )
    assert configs(after) == configs(rows)


def test_legacy_rows_are_a_fixed_point(rows: View) -> None:
    """Exported, read and exported again, the rows are the same bytes."""
    text = FORMATS["legacy"](rows)
    assert FORMATS["legacy"](view_of(migrate(text).facts)) == text


def test_cocalc_rows_keep_ids_texts_and_settings(rows: View) -> None:
    """Every message comes back under its id, in its thread, with its history; every thread with its settings."""
    after = again(rows, "cocalc")
    for one in written(rows):
        other = after.message(one.message_id)
        assert other is not None
        assert (other.thread_id, other.sender_id, other.date) == (one.thread_id, one.sender_id, one.date)
        assert other.reply_to_message_id == one.reply_to_message_id
        assert texts(other) == texts(one) or one.deleted_at
    assert {one.message_id for one in written(after)} == {one.message_id for one in written(rows)}
    assert configs(after) == configs(rows)


def test_jupyter_messages_keep_ids_times_and_texts(before: View) -> None:
    """Every message comes back under its id, with its sender, time and present text."""
    after = again(before, "jupyter")
    shown = {
        one.message_id: (one.sender_id, one.date, one.content)
        for one in written(before)
        if gone(one, before.thread(one.thread_id)) is None
    }
    came = {one.message_id: (one.sender_id, one.date, one.content) for one in written(after)}
    assert {name: came.get(name) for name in shown} == shown
    assert came.keys() == {one.message_id for one in written(before)}


def test_v2_text_keeps_everything(before: View) -> None:
    """Read back from its own text the document is the same text."""
    text = FORMATS["v2"](before)
    assert FORMATS["v2"](view_of(migrate(text).facts)) == text
