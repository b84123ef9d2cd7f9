"""What somebody writes into the text is merged by id; what the text lacks is told and stays."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from chatdoc.model.facts import Fact, RevisionFact
from chatdoc.model.ids import derive
from chatdoc.model.view.apply import apply, canonical
from chatdoc.model.view.view import View
from migrate.v2.merge_external import document_ids, merge
from migrate.v2.read import read_text
from migrate.v2.write import render
from tests.examples import examples
from tests.migrate.v2.text.documents import fact_lists, view_of

THREAD = derive("thread", 1_700_000_000_000, "t")
ROOT = derive("message", 1_700_000_000_000, "root")
REPLY = derive("message", 1_700_000_001_000, "reply")
DOCUMENT = derive("document", 0, "d")
DATE = "2023-11-14T22:13:20.000Z"
LATER = "2023-11-14T22:13:21.000Z"


def row(event: str, **fields: Any) -> dict[str, Any]:
    """A row of the text."""
    return {"event": event, **fields}


def text_of(rows: list[dict[str, Any]]) -> bytes:
    """Rows as lines."""
    return b"".join(msgspec.json.encode(one) + b"\n" for one in rows)


def rows_of(text: bytes) -> list[dict[str, Any]]:
    """The lines as rows."""
    return [msgspec.json.decode(line) for line in text.splitlines()]


@pytest.fixture
def view() -> View:
    """A thread with a name, a root and a reply."""
    entry = {"author_id": "ada", "content": "Hello", "date": DATE}
    rows = [
        row("document", document_id=DOCUMENT, schema_version=2),
        row("thread", thread_id=THREAD, created_at=DATE, created_by="ada", root_message_id=ROOT),
        row("thread_config", thread_id=THREAD, name="Plan", updated_at=DATE, updated_by="ada"),
        row("message", message_id=ROOT, thread_id=THREAD, sender_id="ada", date=DATE, history=[entry]),
        row(
            "message",
            message_id=REPLY,
            thread_id=THREAD,
            sender_id="bob",
            date=LATER,
            reply_to_message_id=ROOT,
            history=[{"author_id": "bob", "content": "Hi", "date": LATER}],
        ),
    ]
    return view_of(read_text(text_of(rows)).facts)


def changed(view: View, event: str, **fields: Any) -> bytes:
    """The view's text with fields of the last row of an event changed; a field of ... is removed."""
    rows = rows_of(render(view))
    last = [one for one in rows if one["event"] == event][-1]
    for name, value in fields.items():
        if value is ...:
            del last[name]
        else:
            last[name] = value
    return text_of(rows)


def merged(view: View, text: bytes) -> View:
    """The view after the merge; merging once more adds nothing."""
    apply(view, merge(view, text).facts, origin="outside")
    assert merge(view, text).facts == []
    return view


def test_unchanged_text_adds_nothing(view: View) -> None:
    """The document's own text says nothing new and lacks nothing."""
    found = merge(view, render(view))
    assert found.facts == []
    assert found.report.anomalies == ()


def test_an_edited_text_becomes_a_revision_above_the_newest(view: View) -> None:
    """Content changed in place is a new revision by somebody unknown; the old text stays in the history."""
    rows = rows_of(changed(view, "message"))
    rows[-1]["history"][0]["content"] = "Hi!"
    after = merged(view, text_of(rows)).message(REPLY)
    assert after is not None
    assert [one.content for one in after.history] == ["Hi!", "Hi"]
    assert after.history[0].author_id == ""


def test_an_entry_put_on_top_keeps_its_author(view: View) -> None:
    """A history entry without an id is a revision by the author it names."""
    rows = rows_of(render(view))
    rows[-1]["history"].insert(0, {"author_id": "eve", "content": "Hi there", "date": LATER})
    after = merged(view, text_of(rows)).message(REPLY)
    assert after is not None
    assert [(one.content, one.author_id) for one in after.history] == [("Hi there", "eve"), ("Hi", "bob")]


def test_an_older_text_does_not_undo_what_came_since(view: View) -> None:
    """A text from before an edit and a rename changes neither; new rows in it come in."""
    old = render(view)
    stamp = derive("setting", 1_700_000_009_000, "x")
    edit = {
        "message_id": REPLY,
        "revision_id": stamp,
        "author_id": "bob",
        "content": "Hi again",
        "date": LATER,
    }
    facts: list[Fact] = [msgspec.convert(edit, RevisionFact)]
    apply(view, facts, origin="test")
    assert merge(view, old).facts == []


def test_a_changed_setting_wins_and_the_old_one_stays_in_the_history(view: View) -> None:
    """A config field changed in place is a setting above the present one."""
    after = merged(view, changed(view, "thread_config", name="Plan B"))
    assert after.config(THREAD).name == "Plan B"
    assert [one.value for one in after.config_history(THREAD)] == ["Plan B", "Plan"]


def test_a_removed_setting_is_cleared(view: View) -> None:
    """A field taken out of the config row, its stamp left, is cleared."""
    assert merged(view, changed(view, "thread_config", name=...)).config(THREAD).name is None


def test_a_new_field_of_a_message_comes_in(view: View) -> None:
    """A field added to a message row is a later word about the message."""
    after = merged(view, changed(view, "message", feedback={"ada": "positive"})).message(REPLY)
    assert after is not None
    assert after.extra == {"feedback": {"ada": "positive"}}


def test_a_deletion_written_by_hand_deletes_and_can_be_taken_back(view: View) -> None:
    """`deleted_at` in a row deletes the message; taking it out again restores it."""
    after = merged(view, changed(view, "message", deleted_at="2024-01-01T00:00:00.000Z", deleted_by="ada"))
    message = after.message(REPLY)
    assert message is not None
    assert (message.deleted_at, message.deleted_by) == ("2024-01-01T00:00:00.000Z", "ada")
    back = merged(after, changed(after, "message", deleted_at=..., deleted_by=...)).message(REPLY)
    assert back is not None
    assert back.deleted_at is None


def test_missing_rows_are_told_and_stay(view: View) -> None:
    """A text without the reply deletes nothing and is reported."""
    text = text_of(rows_of(render(view))[:-1])
    found = merge(view, text)
    assert found.facts == []
    assert [(one.code, one.subject) for one in found.report.anomalies] == [("missing_message_row", REPLY)]


def test_an_empty_text_lacks_every_row(view: View) -> None:
    """An emptied file deletes nothing."""
    found = merge(view, b"")
    assert found.facts == []
    assert len(found.report.anomalies) == 3


def test_a_new_message_without_a_target_replies_to_the_root(view: View) -> None:
    """A row written by hand, without ids but for its thread, becomes a reply to the root."""
    text = render(view) + text_of(
        [row("message", thread_id=THREAD, sender_id="eve", date=LATER, content="New")]
    )
    before = render(view)
    found = merge(view, text)
    assert render(view) == before
    after = merged(view, text)
    new = next(one for one in map(after.message, after.ordered(THREAD)) if one and one.sender_id == "eve")
    assert (new.content, new.reply_to_message_id) == ("New", ROOT)
    assert "second_root" in {one.code for one in found.report.anomalies}


def test_identity_is_not_changed_from_outside(view: View) -> None:
    """Another sender in a known row is ignored, and told."""
    found = merge(view, changed(view, "message", sender_id="mallory"))
    assert "message_identity_changed" in {one.code for one in found.report.anomalies}
    assert found.facts == []


def test_lines_that_cannot_be_read_are_kept(view: View) -> None:
    """Rubbish between the rows lands in the attic of the document."""
    after = merged(view, render(view) + b"<<<<<<< HEAD\n")
    assert [one.text for one in after.attic()] == ["<<<<<<< HEAD"]


def test_document_ids_are_read_from_the_text(view: View) -> None:
    """The ids of the document row, and none of bytes of another kind."""
    assert document_ids(render(view)) == [DOCUMENT]
    assert document_ids(b'{"event":"attic"}\n' * 100 + render(view)) == [DOCUMENT]
    assert document_ids(b'{"event":"chat","document":1}\n') == []


@settings(max_examples=examples(80), deadline=None)
@given(fact_lists(), fact_lists())
def test_merging_is_deterministic_and_leaves_the_view_alone(mine: list[Fact], theirs: list[Fact]) -> None:
    """Any text merged into any document gives the same facts twice, touches nothing, and is then known."""
    view, text = view_of(mine), render(view_of(theirs))
    before = render(view)
    first = [canonical(fact) for fact in merge(view, text).facts]
    assert [canonical(fact) for fact in merge(view_of(mine[::-1]), text).facts] == first
    assert render(view) == before
