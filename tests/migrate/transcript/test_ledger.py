"""A ledger tells what its turns tell, in the bytes that CodexChat would print, and anything else is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from migrate.transcript import ledger, swift_json
from migrate.transcript.identity import as_ulid, as_uuid, derived_uuid
from migrate.transcript.legacy import merged, read_day
from migrate.transcript.summary import differences, summary
from migrate.transcript.turn import TranscriptTurn, in_order
from tests.migrate.transcript.turns import STAMP, THREAD, TURNS, action, turn, turn_id

EMPTY = r"""{
  "entries" : [

  ],
  "generatedAt" : "1970-01-01T00:00:00Z",
  "projectPath" : "\/home\/ada\/plan",
  "schemaVersion" : 1,
  "threadID" : "00000000-0000-0000-0000-0000000000F1"
}"""
ONE_ENTRY = r"""    {
      "kind" : "action_card",
      "method" : "item\/completed",
      "sequence" : 3,
      "status" : "failed",
      "text" : "a.md",
      "timestamp" : "2026-02-01T10:00:00Z",
      "title" : "Completed fileChange",
      "turnID" : "00000000-0000-0000-0000-000000000001"
    }"""


def document(turns: list[TranscriptTurn] | None = None) -> dict[str, Any]:
    """The ledger of a turn with an action, as JSON."""
    data = ledger.render("/p", THREAD, turns or [turn(1, status="failed", actions=(action(),))])
    found: dict[str, Any] = json.loads(data)
    return found


def test_golden_bytes_of_a_ledger() -> None:
    """Sorted keys, `\\/`, spaces around the colon and a blank line in an empty list: digests depend on each."""
    assert ledger.render("/home/ada/plan", THREAD, []).decode() == EMPTY
    assert ONE_ENTRY in ledger.render("/p", THREAD, [turn(1, status="failed", actions=(action(),))]).decode()


def test_the_date_of_a_ledger_is_that_of_its_newest_content() -> None:
    """No clock is in what is hashed, so the same turns have the same digest for ever."""
    late = action(created_at="2026-03-01T00:00:00Z")
    assert document([turn(1, actions=(late,)), turn(2)])["generatedAt"] == "2026-03-01T00:00:00Z"


@given(TURNS)
def test_a_ledger_tells_what_its_turns_tell(turns: list[TranscriptTurn]) -> None:
    """Transcript to ledger to turns loses what no summary shows and nothing else; sequence numbers have no gap."""
    found = ledger.read(ledger.render("/p", THREAD, turns))
    assert found.problems == []
    assert found.turns is not None
    assert differences(turns, found.turns) == []
    assert found.entry_count == 2 * len(turns) + sum(len(one.actions) for one in turns)
    assert [one["sequence"] for one in ledger.entries(turns)] == list(range(1, found.entry_count + 1))


def change(path: str, value: Any) -> Any:
    """A function that puts a value at a dotted path of a ledger; `...` removes what is there."""

    def changed(ledger_document: dict[str, Any]) -> None:
        *way, last = path.split(".")
        place: Any = ledger_document
        for step in way:
            place = place[int(step)] if step.isdigit() else place[step]
        if value is ...:
            del place[last]
        else:
            place[last] = value

    return changed


@pytest.mark.parametrize(
    ("path", "value", "code", "entry"),
    [
        ("schemaVersion", 2, "newer_version", 0),
        ("schemaVersion", "1", "wrong_version", 0),
        ("generatedAt", "soon", "missing_field", 0),
        ("projectPath", ..., "missing_field", 0),
        ("threadID", "nobody", "missing_field", 0),
        ("entries", {}, "missing_field", 0),
        ("entries.1.sequence", 3, "sequence_gap", 2),
        ("entries.0.sequence", True, "sequence_gap", 1),
        ("entries.2.kind", "thought", "unknown_kind", 3),
        ("entries.1.turnID", ..., "missing_field", 2),
        ("entries.1.timestamp", 5, "missing_field", 2),
        ("entries.1.text", 5, "wrong_type", 2),
        ("entries.0.status", "running", "unknown_status", 1),
        ("entries.0.kind", "assistant_message", "entry_without_question", 1),
    ],
)
def test_what_the_schema_does_not_allow_is_named_with_its_entry(
    path: str, value: Any, code: str, entry: int
) -> None:
    """Such a ledger has no turns, so nobody reads half of one."""
    told = document()
    change(path, value)(told)
    found = ledger.read(json.dumps(told).encode())
    assert found.turns is None
    assert (code, entry) in [(one.code, one.line) for one in found.problems]


def test_fields_to_come_are_passed_over() -> None:
    """A ledger with more in it than version 1 knows is valid."""
    told = document()
    told["weather"] = "fine"
    told["entries"][0]["mood"] = 1
    assert ledger.read(json.dumps(told).encode()).problems == []


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b"{", b"[" * 100_000])
def test_what_is_no_ledger_is_said_to_be_none(data: bytes) -> None:
    """Torn, foreign and hostile bytes alike."""
    assert ledger.read(data).turns is None


def test_a_summary_counts_what_it_shows() -> None:
    """Of the last turns that were asked for."""
    turns = [turn(1), turn(2, status="failed"), turn(3, status="pending")]
    shown = summary("/p", THREAD, turns, limit=2)
    assert [one["turnID"] for one in shown["turns"]] == [turn_id(2), turn_id(3)]
    assert (
        shown["turnCount"],
        shown["completedTurnCount"],
        shown["failedTurnCount"],
        shown["pendingTurnCount"],
    ) == (2, 0, 1, 1)


def test_differences_name_turns_and_fields() -> None:
    """Turns of one second may stand in either order, and ends of lines are no difference."""
    one, two = turn(1, timestamp=STAMP, user_text="a\r\nb"), turn(2, timestamp=STAMP)
    assert differences([one, two], [two, turn(1, timestamp=STAMP, user_text="a\nb")]) == []
    found = differences([one, two], [turn(2, timestamp=STAMP, status="failed", actions=(action(),)), turn(3)])
    assert [(item.turn_id, item.field) for item in found] == [
        (turn_id(3), "missing_left"),
        (turn_id(1), "missing_right"),
        (turn_id(2), "status"),
        (turn_id(2), "actions"),
    ]


DAY = f"""# Chat Archive for {THREAD}

## Turn 2026-01-31T09:00:00Z

### User

Hello

### Assistant

Hi
## Turn of events

### Actions

- **Ran** (`exec`): ls
_None_

---

## Turn yesterday

### User

lost

---

## Turn 2026-01-31T09:00:00Z

### User

Hello

### Assistant

Hi
## Turn of events

### Actions

- **Ran** (`exec`): ls

---
"""


def test_a_legacy_day_is_read_with_derived_ids() -> None:
    """Each turn gets the same id every time; a date that cannot be read costs its own turn, and is told."""
    turns, problems = read_day(DAY.encode(), THREAD)
    assert [(one.user_text, one.assistant_text) for one in turns] == [("Hello", "Hi\n## Turn of events")] * 2
    assert turns[0].actions == (
        action(method="exec", title="Ran", detail="ls", created_at="2026-01-31T09:00:00Z"),
    )
    assert len({one.turn_id for one in turns}) == 2
    assert [one.code for one in problems] == ["malformed_marker"]
    assert read_day(DAY.replace("\n", "\r\n").encode(), THREAD)[0] == turns


@pytest.mark.parametrize("data", [b"", b"# Chat Archive\n", b"\n\n"])
def test_a_legacy_day_without_a_turn_has_none(data: bytes) -> None:
    """As one has that was made and not written yet: it ended the command for all threads."""
    assert read_day(data, THREAD) == ([], [])


def test_days_are_merged_once_by_their_content() -> None:
    """A turn that stands in two days, or in the thread file already, is one turn; the order is that of dates."""
    turns, _ = read_day(DAY.encode(), THREAD)
    known = [turn(1)]
    found = merged(known, [*turns, *turns])
    assert [one.user_text for one in found] == ["Hello", "question 1"]
    assert merged(found, turns) == in_order(found)


def test_an_id_is_spelled_as_uuid_and_back() -> None:
    """A ULID keeps its bits; a UUID is the same in either case; anything else is no id."""
    ulid = "01HF7YAT0ABCDEFGHJKMNPQRST"
    uuid = as_uuid(ulid)
    assert uuid is not None
    assert as_ulid(uuid) == ulid
    assert as_uuid(THREAD.lower()) == THREAD
    assert as_uuid("nobody") is None
    assert as_uuid(derived_uuid("a", "b")) == derived_uuid("a", "b") != derived_uuid("ab", "")


def test_json_is_printed_as_swift_prints_it() -> None:
    """Nested lists and objects, empty ones, texts with quotes, slashes, control characters and others' letters."""
    value = {"b": [1, [], {}], "a": 'é"/\\\n\x01', "c": None, "d": True}
    assert swift_json.encode(value) == (
        '{\n  "a" : "é\\"\\/\\\\\\n\\u0001",\n  "b" : [\n    1,\n    [\n\n    ],\n    {\n\n    }\n  ],\n'
        '  "c" : null,\n  "d" : true\n}'
    )
