"""What is told of threads and sessions: who came, what was set, and what the agent does."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from chatdoc.model.clock import iso
from chatdoc.model.events.role import role_of
from chatdoc.model.events.types import (
    MessageSent,
    Session,
    SessionSet,
    ThreadCreated,
    ThreadDeleted,
    ThreadMetaUpdated,
    ThreadRestored,
    TurnStartRequested,
    TurnStartWithdrawn,
)
from chatdoc.model.records.thread_state import State
from tests.model.events.making import (
    ANSWER,
    ASK,
    STAMPED,
    T,
    Told,
    mark,
    message,
    revision,
    setting,
    state,
    thread,
    writing,
)


def created(**columns: Any) -> ThreadCreated:
    """The thread, as created."""
    return ThreadCreated(
        thread_id=T, project_id="p", created_at=iso(1_000), **{"title": "", "model": "", **columns}
    )


def updated(**columns: Any) -> ThreadMetaUpdated:
    """Settings of the thread."""
    return ThreadMetaUpdated(thread_id=T, updated_at=STAMPED, **columns)


def session(status: Any, active: str | None = None, **fields: Any) -> SessionSet:
    """The thread's session."""
    given = {"last_error": None, "updated_at": iso(5_000), **fields}
    return SessionSet(thread_id=T, session=Session(status=status, active_turn_id=active, **given))


def test_thread_comes_with_its_columns_and_then_its_config() -> None:
    """Settings of the same change, and those that came before their thread, are told with it."""
    told = Told(setting("pin", True))
    assert told.tell(setting("branch", "main")) == []
    assert told.tell(thread(), setting("name", "Plan"), setting("acp_config.model", "gpt")) == [
        created(title="Plan", model="gpt", branch="main"),
        updated(config={"pin": True}),
    ]


def test_second_identity_of_a_thread_tells_nothing() -> None:
    """A thread was created once, whichever of two copies is shown."""
    assert Told(thread(assumed=True)).tell(thread(created_at=iso(2_000))) == []


def test_settings_of_one_change_are_one_event() -> None:
    """Columns by name, other fields as config, None where one was cleared."""
    told = Told(thread(), setting("pin", True))
    assert told.tell(
        setting("name", "Plan"), setting("pin", None, 2), setting("worktree_path", "/w"), setting("a", [1])
    ) == [updated(title="Plan", worktree_path="/w", config={"a": [1], "pin": None})]


def test_setting_of_an_unfit_kind_clears_its_column() -> None:
    """A name that is no text is no title, as the config shows it."""
    told = Told(thread(), setting("name", "Plan"), setting("branch", "main"))
    assert told.tell(setting("name", 7, 2), setting("branch", None, 2)) == [updated(title="", branch=None)]


def test_setting_with_a_lower_stamp_tells_nothing() -> None:
    """What was set before and comes after does not hold."""
    assert Told(thread(), setting("name", "B", 2)).tell(setting("name", "A", 1)) == []


def test_deletion_of_a_thread_and_its_undoing_are_told() -> None:
    """Deleted is a setting of its own."""
    told = Told(thread())
    assert told.tell(setting("deleted", True, 1)) == [ThreadDeleted(thread_id=T, deleted_at=STAMPED)]
    assert told.tell(setting("deleted", False, 2)) == [ThreadRestored(thread_id=T, restored_at=STAMPED)]


def test_thread_that_comes_deleted_is_created_and_deleted() -> None:
    """So that a reader knows both."""
    assert Told(setting("deleted", True)).tell(thread()) == [
        created(),
        ThreadDeleted(thread_id=T, deleted_at=STAMPED),
    ]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("idle", "idle"),
        ("queued", "idle"),
        ("complete", "ready"),
        ("interrupted", "interrupted"),
        ("error", "error"),
    ],
)
def test_state_at_rest_is_a_session_without_a_turn(name: State, status: str) -> None:
    """Whatever message the state names, no turn is active."""
    ended = ANSWER if name in ("complete", "interrupted", "error") else None
    assert Told(thread()).tell(state(name, ANSWER)) == [session(status, ended_turn_id=ended)]


def test_running_state_names_its_turn_and_what_it_answers() -> None:
    """The assistant's message is the turn."""
    told = Told(thread(), message())
    started = told.tell(writing(parent_message_id=ASK), state("running", ANSWER))
    assert isinstance(started[0], MessageSent)
    assert started[1:] == [session("running", ANSWER, user_message_id=ASK)]


def test_turn_that_answers_nothing_says_so() -> None:
    """None takes no start that waits; not to say anything would."""
    told = Told(thread()).tell(writing(), state("running", ANSWER))
    assert told[1:] == [session("running", ANSWER, user_message_id=None)]
    assert session("running").session.user_message_id is UNSET


def test_session_waits_for_the_message_that_says_more() -> None:
    """The active message may come after its state; then the session is told again."""
    told = Told(thread(), state("running", ANSWER))
    assert told.tell(writing(parent_message_id=ASK))[1:] == [session("running", ANSWER, user_message_id=ASK)]


def test_error_is_told_with_its_reason() -> None:
    """The message that failed says why, in the same change or later."""
    told = Told(thread(), writing(), state("running", ANSWER, 1))
    end = [mark("generating", False, 1, ANSWER), revision("x", message_id=ANSWER), state("error", ANSWER, 2)]
    assert told.tell(*end, mark("acp_error", "no route", 1, ANSWER))[1:] == [
        session("error", last_error="no route", ended_turn_id=ANSWER)
    ]
    assert told.tell(mark("acp_error", {"code": 7}, 2, ANSWER)) == [
        session("error", last_error='{"code":7}', ended_turn_id=ANSWER)
    ]


def test_state_with_a_lower_stamp_tells_nothing() -> None:
    """A turn that ended is not running again because its start comes late."""
    assert Told(thread(), state("complete", ANSWER, 2)).tell(state("running", ANSWER, 1)) == []


def test_states_that_come_at_once_are_told_in_turn() -> None:
    """A turn of a peer has its start and its end, though only the end still holds."""
    told = Told(thread()).tell(state("complete", ANSWER, 2), state("running", ANSWER, 1))
    assert told == [session("running", ANSWER, user_message_id=None), session("ready", ended_turn_id=ANSWER)]


def test_turn_that_comes_whole_is_told_from_its_start() -> None:
    """Where the running state was removed before anybody here saw it, the answer and its end tell of the turn."""
    done = message(ANSWER, "Hello", "codex", fields={"generating": False, "parent_message_id": ASK})
    told = Told(thread()).tell(done, state("complete", ANSWER))
    assert told[1:] == [
        session("running", ANSWER, user_message_id=ASK, updated_at=iso(3_000)),
        session("ready", ended_turn_id=ANSWER),
    ]


def test_message_asked_again_while_its_turn_runs_goes_on_waiting() -> None:
    """A session that runs takes the start it answers; one that still waits is asked for after it."""
    told = Told(thread(), message(), mark("acp_state", "queued", 2))
    events = told.tell(writing(parent_message_id=ASK), mark("acp_state", None, 1), state("running", ANSWER))
    assert events[1:] == [
        session("running", ANSWER, user_message_id=ASK),
        TurnStartRequested(thread_id=T, message_id=ASK, created_at=STAMPED),
    ]


def test_one_change_is_told_in_one_order() -> None:
    """What comes into being, then what happens to it, then sessions; however the facts stood."""
    told = Told(message(), mark("acp_state", "queued", 1))
    kinds = [
        type(one)
        for one in told.tell(
            state("running", ANSWER),
            mark("acp_state", None, 2),
            setting("deleted", True),
            revision("Hello"),
            writing(parent_message_id=ASK),
            setting("pin", True),
            thread(),
        )
    ]
    names = [kind.__name__ for kind in kinds]
    assert names == [
        "ThreadCreated",
        "ThreadMetaUpdated",
        "MessageSent",
        "MessageEdited",
        "ThreadDeleted",
        "TurnStartWithdrawn",
        "SessionSet",
    ]
    assert TurnStartWithdrawn in kinds


@pytest.mark.parametrize(
    ("sender_id", "fields", "marked", "role"),
    [
        ("ada", None, (), "user"),
        ("gpt-4", {"feedback": {}}, (), "user"),
        ("ada", {"acp_state": "queued", "acp_prompt": "x", "acp_config": {}}, ("acp_send_mode",), "user"),
        ("ada", {"acp_automation_id": "nightly"}, (), "user"),
        ("codex", {"generating": False}, (), "assistant"),
        ("codex", None, ("generating",), "assistant"),
        ("codex", {"acp_account_id": "a"}, (), "assistant"),
        ("codex", None, ("acp_interrupted",), "assistant"),
        ("system", {"acp_usage": {}}, (), "system"),
        ("chatdoc:repair", None, (), "system"),
    ],
)
def test_role_follows_from_sender_and_traces(
    sender_id: str, fields: dict[str, Any] | None, marked: tuple[str, ...], role: str
) -> None:
    """What only an agent's message carries makes it one; the asking side's fields do not."""
    assert role_of([message(ASK, "", sender_id, fields=fields)], marked) == role


def test_placeholder_is_the_systems_until_the_real_message_comes() -> None:
    """What stands in for a message nobody has seen was said by nobody."""
    placeholder = message(ASK, "", "", assumed=True, fields={"placeholder": "missing root"})
    assert role_of([placeholder], ()) == "system"
    assert role_of([message(), placeholder], ()) == "user"
