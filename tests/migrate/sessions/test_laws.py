"""Laws of imported logs: growing in any pieces equals the whole, twice equals once, any bytes are taken or named."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatdoc.model.view.apply import apply
from chatdoc.model.view.view import View
from migrate.session.item import SOURCES, Source
from tests.examples import examples
from tests.migrate.sessions import logs

READABLE = list(logs.FOLDERS)


def named(folder: Path) -> str:
    """A case's name."""
    return folder.name


@pytest.mark.parametrize("folder", READABLE, ids=named)
@settings(max_examples=25, deadline=None, print_blob=True)
@given(st.data())
def test_growing_snapshots_add_up_to_the_last(folder: Path, data: st.DataObject) -> None:
    """However a log grew, cut within lines or characters too, its thread has the same bytes as read at once."""
    stem, raw = logs.log_of(folder)
    cuts = data.draw(st.lists(st.integers(0, len(raw)), max_size=4))
    whole = logs.read(raw, stem)
    view, activities, last = logs.read_growing(raw, stem, cuts)
    assert logs.text_of(view) == logs.text_of(logs.view_of(whole.woven.all_facts()))
    assert {one.activity_id for one in activities} == {one.activity_id for one in whole.woven.activities}
    assert [(one.session, one.lines) for one in last.tallies()] == [
        (one.session, one.lines) for one in whole.tallies()
    ]
    assert [one.tokens for one in last.tallies()] == [one.tokens for one in whole.tallies()]


@pytest.mark.parametrize("folder", READABLE, ids=named)
def test_growing_line_by_line_adds_up_to_the_last(folder: Path) -> None:
    """A log read after every one of its lines is the one that was read at once."""
    stem, raw = logs.log_of(folder)
    cuts = [place + 1 for place, byte in enumerate(raw) if byte == 10]
    view, _, last = logs.read_growing(raw, stem, cuts)
    whole = logs.read(raw, stem)
    assert logs.text_of(view) == logs.text_of(logs.view_of(whole.woven.all_facts()))
    assert last.progress.notes == whole.progress.notes
    assert last.progress.unknown_kinds == whole.progress.unknown_kinds


@pytest.mark.parametrize("folder", READABLE, ids=named)
def test_second_reading_adds_no_fact(folder: Path) -> None:
    """Everything that a log says when it is read again is known."""
    stem, raw = logs.log_of(folder)
    view = logs.view_of(logs.read(raw, stem).woven.all_facts())
    _, added = apply(view, logs.read(raw, stem).woven.all_facts(), origin="import")
    assert added == []


@settings(max_examples=examples(150), deadline=None, print_blob=True)
@given(
    st.lists(
        st.one_of(st.binary(max_size=60), st.sampled_from([b"{}", b"[]", b"null", b'{"type":'])), max_size=8
    )
)
@example([b"\x00" * 9, b"[" * 5000, b'{"type":"user","sessionId":"s","message":' + b"[" * 3000])
@pytest.mark.parametrize("source", SOURCES)
def test_any_bytes_are_accounted_for(source: Source, pieces: list[bytes]) -> None:
    """No bytes stop a reader; after a first prompt every line of them has a fate."""
    first = {
        "codex": b'{"timestamp":"x","type":"session_meta","payload":{"id":"s"}}',
        "claude": b'{"type":"mode","sessionId":"s"}',
        "acp": b'{"jsonrpc":"2.0","id":1,"method":"session/prompt","params":{"sessionId":"s","prompt":[]}}',
    }[source]
    raw = b"\n".join([first, *pieces]) + b"\n"
    counted = sum(sum(one.lines.values()) for one in logs.read(raw, "stem", source).tallies())
    assert counted == raw.count(b"\n")


@settings(max_examples=examples(60), deadline=None, print_blob=True)
@given(st.sampled_from(READABLE), st.integers(0, 10_000), st.integers(0, 255))
def test_one_flipped_byte_costs_its_own_line(folder: Path, place: int, byte: int) -> None:
    """A damaged byte leaves every other line what it was: no line is lost and nothing stops."""
    stem, raw = logs.log_of(folder)
    place %= len(raw)
    damaged = raw[:place] + bytes([byte]) + raw[place + 1 :]
    weaver = logs.read(damaged, stem, logs.source_of(raw))
    lines = damaged.split(b"\n")
    if weaver.tallies():
        assert sum(sum(one.lines.values()) for one in weaver.tallies()) == len(lines) - (not lines[-1])
    view = View()
    apply(view, weaver.woven.all_facts(), origin="import")
