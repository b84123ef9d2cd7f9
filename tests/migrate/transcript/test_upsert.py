"""What is kept of a thread file between upserts is what reading it anew would give."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.transcript import read, write
from migrate.transcript.turn import TranscriptTurn
from migrate.transcript.upsert import EditableFile
from tests.examples import examples
from tests.migrate.transcript.turns import GOLDEN, THREAD, TURNS, turn

STARTS = st.sampled_from(
    [
        write.header(THREAD).encode(),
        GOLDEN.encode(),
        GOLDEN.encode().replace(b"\n", b"\r\n"),
        GOLDEN.encode().rstrip(b"\n"),
        GOLDEN.encode() + b"\na note\n",
        GOLDEN.encode() + b"<!-- CODEXCHAT_TURN_BEGIN nonsense -->\n",
        b"",
    ]
)


@settings(max_examples=examples(60), deadline=None)
@given(STARTS, st.lists(TURNS, max_size=4))
def test_turns_and_places_stay_those_of_the_text(start: bytes, upserts: list[list[TranscriptTurn]]) -> None:
    """After any upserts, whatever the texts quote; a file whose damage only reading can judge says so."""
    edited = EditableFile(read.read(start))
    for turns in upserts:
        edited.upsert(turns)
        anew = read.read(edited.data())
        if edited.is_known:
            assert anew.problems == []
            assert edited.text == anew.text
            assert edited.turns == anew.turns
            assert edited.spans == anew.spans


def test_an_upsert_of_what_stands_there_changes_nothing() -> None:
    """Neither the text nor what it says of itself."""
    edited = EditableFile(read.read(GOLDEN.encode()))
    assert not edited.upsert(edited.turns)
    assert edited.upsert([turn(7)])
    assert not edited.upsert([turn(7)])
