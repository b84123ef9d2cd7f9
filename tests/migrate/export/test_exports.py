"""Every format is written for every document, and what it cannot say breaks nothing in it."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from chatdoc.model.clock import iso
from chatdoc.model.facts import Fact, Header, MarkFact, SettingFact, ThreadFact
from chatdoc.model.ids import MessageId, Stamp, ThreadId, derive
from chatdoc.model.records.attic import AtticRow
from migrate.cocalc.export_dates import MOVED
from migrate.export import FORMATS
from tests.examples import examples
from tests.migrate.v2.text.documents import fact_lists, view_of

MS = 1_700_000_000_000
DATE = iso(MS)


def thread(name: str, root: str, **fields: Any) -> ThreadFact:
    """A thread by ada."""
    return ThreadFact(
        thread_id=ThreadId(name), created_at=DATE, created_by="ada", root_message_id=MessageId(root), **fields
    )


def said(name: str, thread_id: str, content: str, reply_to: str | None = None, **fields: Any) -> Header:
    """A message by ada, all in the same millisecond."""
    return Header(
        message_id=MessageId(name),
        thread_id=ThreadId(thread_id),
        sender_id=fields.pop("sender_id", "ada"),
        date=DATE,
        reply_to_message_id=MessageId(reply_to) if reply_to else None,
        content=content,
        **fields,
    )


T, U = derive("thread", MS, "t"), derive("thread", MS, "u")
A, B, C = (derive("message", MS, part) for part in "abc")
TWO_ROOTS: list[Fact] = [
    thread(T, A),
    thread(U, B),
    said(A, T, "one"),
    said(B, U, "two"),
    said(C, U, "three", B),
]


def lines(text: bytes) -> list[dict[str, Any]]:
    """The rows of a line format."""
    return [msgspec.json.decode(line) for line in text.split(b"\n") if line]


@settings(max_examples=examples(60), deadline=None)
@given(fact_lists())
@pytest.mark.parametrize("name", list(FORMATS))
def test_any_document_is_written_and_always_the_same(name: str, facts: list[Fact]) -> None:
    """No document breaks an export, and the order of its facts does not show."""
    out = FORMATS[name](view_of(facts))
    assert FORMATS[name](view_of(facts[::-1])) == out
    out.decode()


@settings(max_examples=examples(60), deadline=None)
@given(fact_lists())
def test_legacy_rows_are_told_apart_by_date_and_sender(facts: list[Fact]) -> None:
    """No two rows share millisecond and sender, no two roots a millisecond, and every reply names a root."""
    view = view_of([fact for fact in facts if not isinstance(fact, AtticRow)])
    rows = [row for row in lines(FORMATS["legacy"](view)) if "history" in row]
    keys = Counter((row["date"], row.get("sender_id")) for row in rows)
    roots = Counter(row["date"] for row in rows if "reply_to" not in row)
    assert set(keys.values()) <= {1}
    assert set(roots.values()) <= {1}


def test_rows_that_would_fall_together_move_on_and_say_so() -> None:
    """Three messages of one sender in one millisecond get three dates; the reply follows its root."""
    rows = lines(FORMATS["legacy"](view_of(TWO_ROOTS)))
    dates = {row["history"][0]["content"]: row["date"] for row in rows}
    assert sorted(dates.values()) == [iso(MS), iso(MS + 1), iso(MS + 2)]
    assert next(row for row in rows if row["date"] == dates["three"])["reply_to"] == dates["two"]
    assert [row[MOVED] for row in rows if MOVED in row] == [DATE, DATE]


def test_legacy_config_stands_on_the_root() -> None:
    """Name, pin and acp_config are fields of the root row, and of no other."""
    settings_ = [
        SettingFact(
            thread_id=ThreadId(U), field=field, stamp=Stamp(derive("s", MS, field)), value=value, by="ada"
        )
        for field, value in {"name": "Plan", "pin": True, "acp_config.model": "m", "folding": ["ada"]}.items()
    ]
    rows = lines(FORMATS["legacy"](view_of([*TWO_ROOTS, *settings_])))
    (root,) = [row for row in rows if "name" in row]
    assert root["history"][0]["content"] == "two"
    assert (root["pin"], root["acp_config"], root["folding"]) == (True, {"model": "m"}, ["ada"])


def test_a_placeholder_root_is_not_written_but_its_config_is() -> None:
    """Old software gets a row of the root's date with the config and no text."""
    facts: list[Fact] = [
        thread(T, A, assumed=True),
        said(A, T, "", sender_id="", assumed=True, fields={"placeholder": "missing root"}),
        said(B, T, "reply", A),
        SettingFact(thread_id=ThreadId(T), field="name", stamp=Stamp(derive("s", MS)), value="Plan", by=""),
    ]
    rows = lines(FORMATS["legacy"](view_of(facts)))
    assert {"event": "chat", "date": iso(MS + 1), "name": "Plan"} in rows
    assert len(rows) == 2


@pytest.mark.parametrize("name", ["legacy", "cocalc"])
def test_a_deletion_is_a_blank_text_on_top(name: str) -> None:
    """Old software shows a blank newest text as deleted; the history stays below it."""
    stamp = Stamp(derive("mark", MS + 5))
    gone = MarkFact(message_id=MessageId(C), field="deleted", stamp=stamp, value=True, by="bob")
    rows = lines(FORMATS[name](view_of([*TWO_ROOTS, gone])))
    (row,) = [row for row in rows if len(row.get("history", ())) == 2]
    assert row["history"][0] == {"author_id": "bob", "content": "", "date": iso(MS + 5)}
    assert row["history"][1]["content"] == "three"


@pytest.mark.parametrize("name", ["legacy", "cocalc"])
def test_attic_lines_are_given_back_word_for_word(name: str) -> None:
    """Rows nobody interprets, broken lines and bytes that are no UTF-8 stand in the export as they came."""
    kept = [
        AtticRow(kind="row", reason="draft", text='{"event":"draft", "input":" "}'),
        AtticRow(kind="line", reason="no JSON", text='{"event":"chat'),
        AtticRow(kind="line", reason="no UTF-8", text="ab\\xffc\\x5cxff", encoding="escaped"),
    ]
    out = FORMATS[name](view_of([*TWO_ROOTS, *kept])).split(b"\n")
    assert out == sorted(out)
    assert {b'{"event":"draft", "input":" "}', b'{"event":"chat', b"ab\xffc\\xff"} <= set(out)


def test_cocalc_rows_are_what_it_ships() -> None:
    """A thread row, and chat rows with ids, parents and the version."""
    rows = lines(FORMATS["cocalc"](view_of(TWO_ROOTS)))
    assert sorted(row["event"] for row in rows) == ["chat"] * 3 + ["chat-thread"] * 2
    (three,) = [row for row in rows if row.get("message_id") == C]
    assert (three["parent_message_id"], three["thread_id"], three["schema_version"], three["date"]) == (
        B,
        U,
        2,
        iso(MS + 2),
    )
    assert three[MOVED] == DATE


def test_jupyter_messages_have_known_keys_only() -> None:
    """One unknown key would make jupyterlab-chat refuse the whole chat."""
    out = json.loads(FORMATS["jupyter"](view_of([*TWO_ROOTS[:-1], said(C, U, "x", B, fields={"own": 1})])))
    known = {"id", "body", "time", "sender", "type", "attachments", "mentions", "raw_time", "deleted", "edited",
             "metadata", "mime_model"}  # fmt: skip
    assert all(message.keys() <= known for message in out["messages"])
    assert {thread["thread_id"] for thread in out["metadata"]["chatdoc"]["threads"]} == {T, U}
    assert out["users"]["ada"]["display_name"] == "ada"


@pytest.mark.parametrize(
    "content", ["# Heading", "```\nnever closed", "<!-- never closed", "> quote\n# no", "a\r# b"]
)
def test_markdown_content_stays_in_its_quote(content: str) -> None:
    """Every line of a message begins with the quote's sign, so nothing in it is a heading of the transcript."""
    out = FORMATS["markdown"](view_of([thread(T, A), said(A, T, content), said(B, T, "next", A)])).decode()
    headings = [line for line in re.split(r"[\r\n]", out) if line.startswith("#")]
    assert len(headings) == 3
    assert "> next" in out


def test_markdown_names_cannot_be_markup() -> None:
    """A sender or title with markdown or line ends stays one line of text."""
    name = SettingFact(
        thread_id=ThreadId(T), field="name", stamp=Stamp(derive("s", MS)), value="a\n# b `c`", by=""
    )
    out = FORMATS["markdown"](view_of([thread(T, A), said(A, T, "x", sender_id="*eve*\n# x"), name])).decode()
    assert out.startswith("# a \\# b \\`c\\`\n")
    assert "\n## \\*eve\\* \\# x, 2023" in out
