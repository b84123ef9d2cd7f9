"""A v2 text and the document it was written from say the same, to the last fact and the last byte."""

from __future__ import annotations

from hypothesis import given, settings

from chatdoc.model.facts import AtticRow, DocumentFact, Fact, Header, RevisionFact, ThreadFact
from chatdoc.model.view.apply import canonical
from migrate.v2.read import read_text
from migrate.v2.write import render
from tests.examples import examples
from tests.migrate.v2.text.documents import fact_lists, view_of

LASTING = (DocumentFact, ThreadFact, Header, AtticRow)


@settings(max_examples=examples(150), deadline=None)
@given(fact_lists())
def test_text_read_back_and_written_again_is_the_same_bytes(facts: list[Fact]) -> None:
    """v2 text -> facts -> View -> v2 text is the identity, and nothing in such a text is odd."""
    text = render(view_of(facts))
    back = read_text(text)
    assert render(view_of(back.facts)) == text
    assert back.oddities == []


@settings(max_examples=examples(150), deadline=None)
@given(fact_lists())
def test_facts_come_back_as_they_were(facts: list[Fact]) -> None:
    """Identities, headers and attic rows come back all, settings and marks the ones that hold, and nothing is new."""
    before = {canonical(fact) for fact in facts}
    back = read_text(render(view_of(facts))).facts
    assert {canonical(fact) for fact in back} - before == set()
    kept = {canonical(fact) for fact in back if isinstance(fact, LASTING)}
    assert kept == {canonical(fact) for fact in facts if isinstance(fact, LASTING)}


@settings(max_examples=examples(150), deadline=None)
@given(fact_lists())
def test_records_come_back_equal(facts: list[Fact]) -> None:
    """Every thread, config, state and message of the document read back equals the one written."""
    view = view_of(facts)
    back = view_of(read_text(render(view)).facts)
    for thread_id in view.thread_facts:
        assert back.thread(thread_id) == view.thread(thread_id)
        assert back.config(thread_id) == view.config(thread_id)
        assert back.state(thread_id) == view.state(thread_id)
    for message_id in view.message_ids():
        assert back.message(message_id) == view.message(message_id)


@settings(max_examples=examples(100), deadline=None)
@given(fact_lists())
def test_merging_what_was_read_into_the_original_changes_nothing_shown(facts: list[Fact]) -> None:
    """A copy opened from the text meets its original without a second version of anything."""
    view = view_of(facts)
    text = render(view)
    assert render(view_of([*facts, *read_text(text).facts])) == text


@settings(max_examples=examples(100), deadline=None)
@given(fact_lists())
def test_the_order_of_facts_does_not_show(facts: list[Fact]) -> None:
    """The same set of facts gives the same bytes, whatever order it came in."""
    assert render(view_of(facts)) == render(view_of(facts[::-1]))


def test_parts_of_messages_not_yet_seen_come_back() -> None:
    """A revision whose message has not come is in the text, and comes back as that revision."""
    revision = RevisionFact(
        message_id="01HF7YAT00ZH7E96WDW3D1YTX8",
        revision_id="01HF7YAT01ZH7E96WDW3D1YTX8",
        author_id="ada",
        content="early",
        date="2023-11-14T22:13:20.001Z",
    )
    text = render(view_of([revision]))
    back = read_text(text)
    assert revision in back.facts
    assert render(view_of(back.facts)) == text
