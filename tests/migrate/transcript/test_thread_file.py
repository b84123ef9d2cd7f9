"""A thread file gives every turn that can be read, and a write changes one turn and no other byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from migrate.transcript import read, write
from migrate.transcript.escaping import escape, unescape
from migrate.transcript.turn import TranscriptTurn, as_held, in_order, trimmed
from migrate.transcript.upsert import upserted
from tests.migrate.transcript.turns import GOLDEN, STAMP, TEXTS, THREAD, TURNS, action, turn, turn_id


def codes(data: bytes) -> list[str]:
    """What is told of a file."""
    return [one.code for one in read.read(data).problems]


def test_golden_file_is_read_and_written_byte_for_byte() -> None:
    """Two turns appended one after the other are the file that CodexChat writes."""
    file = read.read(GOLDEN.encode())
    assert (file.thread_id, file.version, file.problems) == (THREAD, 2, [])
    first, second = file.turns
    assert (first.user_text, first.assistant_text, first.status) == (
        "Sharpen the plan.",
        "It is sharp.",
        "completed",
    )
    assert first.actions == (
        action(
            detail="plan/one.md", created_at="2026-02-01T10:00:03Z", item_id="item-7", item_type="fileChange"
        ),
    )
    assert (second.user_text, second.assistant_text, second.status, second.actions) == (
        "And now?",
        "",
        "pending",
        (),
    )
    assert write.render(THREAD, file.turns) == GOLDEN.encode()


def test_a_full_rewrite_without_blank_lines_between_turns_is_read() -> None:
    """Blocks directly behind one another and behind the header are as good as appended ones."""
    tight = GOLDEN.replace("---\n\n\n", "---\n").replace("2 -->\n\n", "2 -->\n")
    assert read.read(tight.encode()).turns == read.read(GOLDEN.encode()).turns


@given(TURNS)
def test_what_is_written_is_read_again(turns: list[TranscriptTurn]) -> None:
    """Texts, also those full of markers, and actions with all their fields come back as they are held."""
    file = read.read(write.render(THREAD, turns))
    assert file.turns == [as_held(one) for one in turns]
    assert file.problems == []


@given(TEXTS)
def test_unescaping_gives_back_what_was_escaped(text: str) -> None:
    """Also where the text holds backslashes at the very places."""
    assert unescape(escape(text)) == text


@given(TURNS, st.data())
def test_an_upsert_changes_one_turn_and_no_other_byte(
    turns: list[TranscriptTurn], data: st.DataObject
) -> None:
    """Bytes before and behind the block of the turn are the same; a turn that stands there is not written again."""
    before = write.render(THREAD, turns)
    file = read.read(before)
    assert upserted(file, turns) == before
    if not turns:
        return
    place = data.draw(st.integers(0, len(turns) - 1))
    changed = replace(turns[place], status="failed", assistant_text="ended", actions=())
    after = upserted(file, [changed])
    begin, end = file.spans[place]
    assert after.decode()[:begin] == file.text[:begin]
    assert after.decode().endswith(file.text[end:])
    assert read.read(after).turns[place] == as_held(changed)


def test_a_file_with_carriage_returns_has_all_its_turns() -> None:
    """CodexChat reads none of them; a turn written into such a file has the same line ends."""
    data = GOLDEN.replace("\n", "\r\n").encode()
    file = read.read(data)
    assert file.turns == read.read(GOLDEN.encode()).turns
    after = upserted(file, [turn(7)])
    assert after.startswith(data)
    assert b"\n" not in after.replace(b"\r\n", b"")
    assert len(read.read(after).turns) == 3


@pytest.mark.parametrize(
    "marker",
    [
        "<!-- CODEXCHAT_TURN_BEGIN id=nobody timestamp=2026-02-01T10:00:00Z status=completed -->",
        "<!-- CODEXCHAT_TURN_BEGIN id=00000000-0000-0000-0000-0000000000A1 timestamp=yesterday -->",
        "<!-- CODEXCHAT_TURN_BEGIN id=00000000-0000-0000-0000-0000000000A1",
    ],
)
def test_a_malformed_marker_costs_its_own_turn_alone(marker: str) -> None:
    """The turns before and behind it are read, the marker is told with its line, and an upsert leaves it there."""
    lines = GOLDEN.split("\n")
    lines[4] = marker
    data = "\n".join(lines).encode()
    file = read.read(data)
    assert [one.turn_id for one in file.turns] == ["00000000-0000-0000-0000-0000000000A2"]
    assert [(one.code, one.line) for one in file.problems] == [("malformed_marker", 5)]
    assert marker.encode() in upserted(file, [turn(3)])


def test_a_turn_without_its_end_does_not_swallow_the_next() -> None:
    """A file that was cut within a turn and then grew has both turns."""
    cut = GOLDEN.partition("It is sharp.")[0].encode()
    data = write.appended(cut.decode(), write.block(turn(5))).encode()
    file = read.read(data)
    assert [one.turn_id for one in file.turns] == [turn_id(0xA1), turn_id(5)]
    assert file.turns[1] == turn(5)
    assert "missing_end" in [one.code for one in file.problems]
    assert read.read(upserted(file, [replace(file.turns[0], assistant_text="whole")])).turns[1] == turn(5)


def test_texts_that_quote_the_format_without_escapes_are_read_whole() -> None:
    """CodexChat writes texts as they are; a quoted end, heading or whole block is found to be one."""
    quoted = write.block(turn(8, user_text="inner"))
    for text in (write.END, "### Actions\n\nnone", quoted, f"{write.END}\n\nafter"):
        data = GOLDEN.replace("Sharpen the plan.", f"See:\n\n{text}\n\nDone.").encode()
        found = read.read(data).turns
        assert [one.turn_id for one in found] == [turn_id(0xA1), turn_id(0xA2)], text
        assert found[0].user_text == trimmed(f"See:\n\n{text}\n\nDone.")
        assert found[0].assistant_text == "It is sharp."


def test_a_heading_of_the_answer_within_an_unescaped_question_is_told() -> None:
    """Nobody can know which of two such headings is the real one: the first is taken, and that is said."""
    data = GOLDEN.replace("Sharpen the plan.", "a\n\n### Assistant\n\nb").encode()
    assert read.read(data).turns[0].user_text == "a"
    assert codes(data) == ["ambiguous_text"]


def test_turns_of_one_second_stay_in_the_order_of_their_file() -> None:
    """Their random ids say nothing about which came first."""
    turns = [turn(number, timestamp=STAMP) for number in (9, 3, 7)]
    assert in_order(read.read(write.render(THREAD, turns)).turns) == turns


def test_ids_and_fields_of_actions_survive_an_upsert_elsewhere_and_of_their_own_turn() -> None:
    """What this program does not know of an action is kept, also where it writes the turn anew without knowing it."""
    rich = action(item_id="item-1", item_type="exec", extra={"status": "ok"})
    data = write.render(THREAD, [turn(1, actions=(rich,)), turn(2)])
    file = read.read(upserted(read.read(data), [turn(2, status="failed")]))
    assert file.turns[0].actions == (rich,)
    poorer = turn(1, status="failed", actions=(action(),))
    assert read.read(upserted(file, [poorer])).turns[0].actions == (rich,)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("status=completed", "status=running", "unknown_status"),
        ("VERSION: 2", "VERSION: 3", "newer_version"),
        ('"title" : "Completed fileChange"', '"title" : 7', "damaged_action"),
        ("```json\n[\n  {", "```json\n{\n  {", "damaged_actions"),
        ("### User\n\nSharpen", "Sharpen", "missing_section"),
        ("00000000A2 ", "00000000A1 ", "repeated_turn"),
    ],
)
def test_what_is_odd_is_told_and_read_as_far_as_it_goes(old: str, new: str, code: str) -> None:
    """Both turns are there, and the oddity has a code."""
    data = GOLDEN.replace(old, new, 1).encode()
    assert code in codes(data)
    assert len(read.read(data).turns) == 2


def test_a_marker_without_status_means_completed() -> None:
    """As files of the first days of the format have it."""
    assert read.read(GOLDEN.replace(" status=pending", "").encode()).turns[1].status == "completed"


def test_bytes_that_are_no_utf_8_are_shown_and_kept() -> None:
    """A replacement character is read, and an upsert elsewhere writes the byte that was there."""
    data = GOLDEN.encode().replace(b"Sharpen", b"Sh\xffrpen")
    file = read.read(data)
    assert file.turns[0].user_text == "Sh\N{REPLACEMENT CHARACTER}rpen the plan."
    assert "not_utf8" in codes(data)
    assert b"Sh\xffrpen" in upserted(file, [turn(2)])


@given(st.binary(max_size=400), st.integers(0, len(GOLDEN)))
def test_any_bytes_are_read_without_a_failure(noise: bytes, place: int) -> None:
    """Random bytes within a file never raise, and what was appended behind them is there."""
    data = GOLDEN.encode()
    broken = data[:place] + noise + data[place:]
    grown = upserted(read.read(broken), [turn(77)])
    assert turn(77) in read.read(grown).turns


def test_reading_costs_what_the_file_is_long() -> None:
    """Files of begin markers alone, or of end markers alone, are read in one pass and some tries a turn."""
    begin = write.block(turn(1)).split("\n")[0] + f"\n## Turn {STAMP}\n"
    for data in ((begin * 5000).encode(), (write.END + "\n") * 20000):
        read.read(data if isinstance(data, bytes) else (begin + data).encode())
