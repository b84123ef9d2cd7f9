"""Identity, config and state of a thread come from its records first, then from what its messages show."""

from __future__ import annotations

from typing import Any

import pytest

from chatdoc.model.clock import iso
from migrate.cocalc.naming import thread_of
from tests.migrate.cocalc.building import (
    ADA,
    BOB,
    ONE,
    OTHER_THREAD,
    T0,
    THREAD,
    TWO,
    codes,
    message,
    messages,
    opened,
    record,
    said,
)

ROOT = said("root", message_id=ONE, thread_id=THREAD)
LEGACY = thread_of(T0)


def test_the_earliest_record_is_the_identity_and_further_ones_are_kept() -> None:
    """What it says besides stays with it; what cannot be used is kept as a word."""
    first = record("", root_message_id=ONE, created_at=iso(T0), created_by=BOB, colour="red")
    view, made = opened(ROOT, record("", root_message_id=ONE, created_at=iso(T0 + 1), created_by=ADA), first)
    thread = view.thread(THREAD)
    assert thread is not None
    assert (thread.created_at, thread.created_by, thread.extra) == (iso(T0), BOB, {"colour": "red"})
    assert made.report.lines["attic"] == 1
    view, _ = opened(
        ROOT, record("", root_message_id=7, created_at="?", created_by=8, date="??", deleted=True)
    )
    thread = view.thread(THREAD)
    assert thread is not None
    assert (thread.created_at, thread.created_by, thread.deleted_at) == (iso(T0), ADA, None)
    assert thread.extra == {
        "legacy_created_at": "?",
        "legacy_created_by": 8,
        "legacy_date": "??",
        "legacy_deleted": True,
        "legacy_root_message_id": 7,
    }


def test_a_record_under_the_key_that_cocalc_reads_goes_before_a_newer_one() -> None:
    """All that the others say stays in the history; fields that only they have hold."""
    view, _ = opened(
        ROOT,
        record("config", name="right key", updated_at=iso(T0), updated_by=ADA),
        record(
            "config",
            name="newer",
            thread_color="#111111",
            updated_at=iso(T0 + 99),
            sender_id="__thread_config__",
        ),
    )
    assert (view.config(THREAD).name, view.config(THREAD).thread_color) == ("right key", "#111111")
    assert {change.value for change in view.config_history(THREAD)} == {"right key", "newer", "#111111"}


def test_records_go_before_the_root_and_never_clear_what_they_do_not_say() -> None:
    """The session to resume is in no record here, and is not lost."""
    root = ROOT | {"name": "root's", "acp_config": {"model": "old", "sessionId": "s"}, "pin": True}
    view, _ = opened(
        root, record("config", name="", acp_config={"model": "new"}, pin=False, updated_at=iso(T0))
    )
    config = view.config(THREAD)
    assert (config.name, config.pin, config.acp_config) == (None, False, {"model": "new", "sessionId": "s"})


def test_fields_on_the_wrong_row_of_a_millisecond_are_the_roots() -> None:
    """As date-keyed writes meant them; on any other row they are those of its own thread."""
    view, made = opened(
        said("elsewhere", -9),
        said("root"),
        said("same moment", by=BOB, to=-9, name="meant for the root"),
        said("reply", 1, to=0, folding=[ADA]),
    )
    assert view.config(LEGACY).name == "meant for the root"
    assert view.config(LEGACY).extra == {"folding": [ADA]}
    assert codes(made) == ["misplaced_fields", "misplaced_fields"]


@pytest.mark.parametrize("event", [None, "chat"])
def test_a_stub_configures_the_thread_of_its_millisecond(event: str | None) -> None:
    """Also that of a reply; where nothing stands it is kept as it is."""
    stub: dict[str, Any] = {"acp_config": {"model": "m"}} | ({} if event is None else {"event": event})
    view, made = opened(
        said("root"),
        said("reply", 1, to=0),
        stub | {"date": iso(T0)},
        stub | {"date": T0 + 1000, "name": "n"},
    )
    assert (view.config(LEGACY).acp_config, view.config(LEGACY).name) == ({"model": "m"}, "n")
    assert codes(made) == ["stub_row", "stub_row"]
    view, made = opened(said("root"), stub | {"date": iso(T0 + 5)}, stub | {"date": "?"})
    assert (codes(made), made.report.lines["attic"]) == (["stray_fields", "stray_fields"], 2)


def test_a_stub_of_a_message_stays_whole_in_the_attic() -> None:
    """Whose feedback it is nobody knows; with fields of a thread beside it both are done."""
    view, made = opened(said("root"), {"date": iso(T0), "feedback": {ADA: "positive"}})
    assert (len(messages(view)), made.report.lines["attic"]) == (1, 1)
    view, made = opened(said("root"), {"date": iso(T0), "feedback": {ADA: "positive"}, "folding": [ADA]})
    assert view.config(LEGACY).extra == {"folding": [ADA]}
    assert (made.report.counts["attic"], made.report.lines["record"]) == (1, 2)


def test_the_newest_turn_decides_the_state() -> None:
    """One that was left running long ago says nothing about it."""
    stuck = said("stuck", 1, to=0, generating=True, acp_thread_id="s")
    view, _ = opened(said("root"), stuck, said("done", 2, to=0, acp_thread_id="s"))
    state = view.state(LEGACY)
    assert state is not None
    assert (state.state, state.active_message_id) == ("complete", message(view, "done").message_id)
    view, _ = opened(said("root"), stuck)
    state = view.state(LEGACY)
    assert state is not None
    assert state.state == "interrupted"
    assert opened(said("root"))[0].state(LEGACY) is None


@pytest.mark.parametrize(
    ("written", "at_rest"),
    [
        ("idle", "idle"),
        ("complete", "complete"),
        ("error", "error"),
        ("interrupted", "interrupted"),
        ("running", "interrupted"),
        ("queued", "interrupted"),
        ("dancing", "idle"),
        (7, "idle"),
        (None, "idle"),
    ],
)
def test_a_recorded_state_is_one_at_rest(written: Any, at_rest: str) -> None:
    """A file runs no turns; a state nobody knows is kept as a word."""
    view, _ = opened(ROOT, record("state", state=written, active_message_id=ONE, updated_at=iso(T0)))
    state = view.state(THREAD)
    assert state is not None
    assert (state.state, state.active_message_id, state.updated_at) == (at_rest, ONE, iso(T0))
    assert state.extra == ({"legacy_state": written} if written in ("dancing", 7) else {})


@pytest.mark.parametrize("active", [TWO, "no id", 7])
def test_an_active_message_that_is_not_there_is_a_word(active: Any) -> None:
    """And told where it could have been one."""
    view, made = opened(ROOT, record("state", state="complete", active_message_id=active))
    state = view.state(THREAD)
    assert state is not None
    assert (state.active_message_id, state.extra) == (None, {"legacy_active_message_id": active})
    assert codes(made) == ([] if active == 7 else ["dangling_active_message"])


def test_an_agents_thread_without_config_gets_what_its_messages_tell() -> None:
    """Its kind, and the session to resume, though not that of an automation."""
    view, _ = opened(
        said("root"),
        said("a", 1, to=0, acp_thread_id="session"),
        said("b", 2, to=0, acp_thread_id="automation's", acp_automation_id="x"),
    )
    config = view.config(LEGACY)
    assert (config.extra, config.acp_config) == ({"agent_kind": "acp"}, {"sessionId": "session"})
    root = said("root", acp_config={"sessionId": "set"}, agent_kind="none")
    view, _ = opened(root, said("a", 1, to=0, acp_thread_id="session"))
    assert (view.config(LEGACY).extra, view.config(LEGACY).acp_config) == (
        {"agent_kind": "none"},
        {"sessionId": "set"},
    )


def test_a_model_that_was_interrupted_is_no_agent() -> None:
    """Its thread has a config all the same: the default, made explicit."""
    view, _ = opened(said("root"), said("half", 1, by="chatgpt4", to=0, generating=True))
    assert (view.config(LEGACY).pin, view.config(LEGACY).extra) == (False, {})


def test_a_name_of_any_length_is_a_setting() -> None:
    """So is the empty one, and one that no key could hold."""
    name = "read-" + "\u00fc" * 400
    view, _ = opened(said("root", **{name: 3}), record("config", LEGACY, **{"": 1, "a/b": 2}))
    assert view.config(LEGACY).extra == {name: 3, "": 1, "a/b": 2}


def test_a_state_means_the_message_of_its_own_thread() -> None:
    """Where two messages had one id."""
    other = said("other", message_id=ONE, thread_id=OTHER_THREAD, acp_thread_id="s")
    view, made = opened(ROOT, other, record("state", OTHER_THREAD, state="complete", active_message_id=ONE))
    state = view.state(OTHER_THREAD)
    assert state is not None
    assert state.active_message_id == message(view, "other").message_id != ONE
    assert codes(made) == ["duplicate_message_id"]


def test_a_thread_of_records_alone_began_with_the_earliest() -> None:
    """Those without a date say nothing about it."""
    view, _ = opened(
        record("config", name="x", updated_at=iso(T0 + 9)),
        record("config", name="y"),
        record("state", state="idle", updated_at=iso(T0)),
    )
    thread = view.thread(THREAD)
    assert thread is not None
    assert thread.created_at == iso(T0)
