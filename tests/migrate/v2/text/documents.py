"""Random documents as sets of facts: many variants, revisions, marks and odd fields, ids from a small stock."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from chatdoc.model.clock import iso
from chatdoc.model.facts import (
    DocumentFact,
    Fact,
    Header,
    MarkFact,
    PieceFact,
    RevisionFact,
    SettingFact,
    StateFact,
    ThreadFact,
)
from chatdoc.model.ids import MessageId, RevisionId, Stamp, ThreadId, derive
from chatdoc.model.records.attic import AtticRow
from chatdoc.model.view.apply import apply
from chatdoc.model.view.view import View

MS = 1_700_000_000_000
UUID = "0b1c2d3e-4f50-4111-8222-93a4b5c6d7e8"
people = st.sampled_from(["", "ada", "bob", "gpt-5-codex"])
texts = st.text(alphabet=st.characters(codec="utf-8"), max_size=12)
moments = st.integers(min_value=MS, max_value=MS + 40)
stamps = st.builds(lambda ms, part: Stamp(derive("stamp", ms, part)), moments, st.sampled_from("abcd"))
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)  # fmt: skip
RESERVED = ["event", "date", "history", "stamps", "fields", "variants", "live", "deleted", "content", "stamp"]
names = st.sampled_from([*RESERVED, "generating", "acp_usage", "feedback", "a/b", "é"]) | texts.filter(bool)
fields = st.dictionaries(names, values, max_size=3).map(lambda found: found or None)


@st.composite
def messages(draw: st.DrawFn, thread_id: ThreadId, root_id: MessageId, message_id: MessageId) -> list[Fact]:
    """One message: one to two headers, later revisions, marks, pieces."""
    facts: list[Fact] = []
    for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
        content = draw(texts)
        facts.append(
            Header(
                message_id=message_id,
                thread_id=thread_id,
                sender_id=draw(people),
                date=iso(draw(moments)),
                reply_to_message_id=None if message_id == root_id else root_id,
                content=content,
                revision_id=draw(st.none() | stamps.map(RevisionId)),
                author_id=draw(st.none() | people),
                revised_at=draw(st.none() | moments.map(iso)),
                assumed=draw(st.booleans()),
                fields=draw(fields),
            )
        )
    for _ in range(draw(st.integers(0, 2))):
        facts.append(
            RevisionFact(
                message_id=message_id,
                revision_id=RevisionId(draw(stamps)),
                author_id=draw(people),
                content=draw(texts),
                date=iso(draw(moments)),
            )
        )
    for _ in range(draw(st.integers(0, 2))):
        field = draw(names)
        value = draw(st.booleans()) if field in ("deleted", "generating") else draw(values)
        facts.append(
            MarkFact(message_id=message_id, field=field, stamp=draw(stamps), value=value, by=draw(people))
        )
    if message_id != root_id and draw(st.booleans()):
        moved = MarkFact(
            message_id=message_id,
            field="reply_to_message_id",
            stamp=draw(stamps),
            value=root_id,
            by=draw(people),
        )
        facts.append(moved)
    for seq in range(draw(st.integers(0, 2))):
        facts.append(PieceFact(message_id=message_id, seq=seq, text=draw(texts)))
    return facts


@st.composite
def fact_lists(draw: st.DrawFn) -> list[Fact]:
    """The facts of a document whose threads have their roots and whose replies have their targets."""
    facts: list[Fact] = [
        DocumentFact(field="document_id", value=derive("document", MS, "one")),
        DocumentFact(field="schema_version", value=2),
        *draw(st.lists(st.builds(DocumentFact, field=names, value=values), max_size=2)),
    ]
    for number in range(draw(st.integers(0, 2))):
        thread_id = ThreadId(derive("thread", MS, str(number)))
        root_id = MessageId(derive("message", MS, str(number), "root"))
        for _ in range(draw(st.sampled_from([1, 1, 2]))):
            facts.append(
                ThreadFact(
                    thread_id=thread_id,
                    created_at=iso(draw(moments)),
                    created_by=draw(people),
                    root_message_id=root_id,
                    assumed=draw(st.booleans()),
                    extra=draw(fields),
                )
            )
        others = [MessageId(derive("message", MS, str(number), part)) for part in "ab"]
        others.append(MessageId(UUID if number == 0 else UUID.upper()))
        for message_id in [root_id, *draw(st.lists(st.sampled_from(others), unique=True))]:
            facts += draw(messages(thread_id, root_id, message_id))
        for _ in range(draw(st.integers(0, 3))):
            field = draw(
                names | st.sampled_from(["name", "pin", "deleted", "acp_config.model", "acp_config"])
            )
            facts.append(
                SettingFact(
                    thread_id=thread_id, field=field, stamp=draw(stamps), value=draw(values), by=draw(people)
                )
            )
        if draw(st.booleans()):
            facts.append(
                StateFact(
                    thread_id=thread_id,
                    stamp=draw(stamps),
                    state=draw(st.sampled_from(["idle", "running", "complete"])),
                    updated_at=iso(draw(moments)),
                    active_message_id=draw(st.none() | st.just(root_id)),
                    extra=draw(fields),
                )
            )
    facts += draw(st.lists(st.builds(AtticRow, kind=st.just("line"), reason=texts, text=texts), max_size=2))
    return draw(st.permutations(facts))


def view_of(facts: list[Fact]) -> View:
    """The view of these facts."""
    view = View()
    apply(view, facts, origin="test")
    return view
