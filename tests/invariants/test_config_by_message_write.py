"""Only config commands write a thread's config; those that create a thread write that of no other."""

from __future__ import annotations

import pytest

from tests.invariants.watched import GOOD, ROOT, T1, T2, C, D, Watched, message, setting, thread

NEW_THREAD = (thread(T2, D), message(D, None, T2), setting(thread_id=T2))


@pytest.mark.parametrize("command", ["SendMessage", "EditMessage", "FinalizeTurn", "FinishMessage"])
def test_command_that_is_no_config_command_is_refused_a_setting(command: str) -> None:
    """And the message it wrote with it is not written either."""
    watched = Watched(*GOOD)
    broken = watched.enter([message(C, ROOT), setting("name", "y", stamp=2)], command=command)
    assert [(one.code, one.subject) for one in broken] == [("config_by_message_write", T1)]
    assert not watched.view.has_message(C)


@pytest.mark.parametrize("command", ["CreateThread", "ForkThread"])
def test_command_that_creates_a_thread_writes_that_config_only(command: str) -> None:
    """Its own thread's config, yes; that of another, no."""
    watched = Watched(*GOOD)
    broken = watched.enter([*NEW_THREAD, setting("name", "y", stamp=2)], command=command)
    assert [one.subject for one in broken] == [T1]
    assert watched.enter(NEW_THREAD, command=command) == []


def test_config_command_may_write() -> None:
    """Which is what it is for."""
    assert Watched(*GOOD).enter([setting("name", "y", stamp=2)], command="ConfigureThread") == []


def test_deletion_of_a_thread_is_no_config() -> None:
    """Its tombstone is a setting, and no part of the config."""
    assert Watched(*GOOD).enter([setting("deleted", True)], command="DeleteThread") == []


def test_what_peers_send_is_not_judged() -> None:
    """They batch commands."""
    assert Watched(*GOOD).add(message(C, ROOT), setting("name", "y", stamp=2)).new == ()


def test_a_turn_binds_its_session_and_writes_no_other_field() -> None:
    """The session alone, yes; anything beside it is refused, and the session with it."""
    session = setting("acp_config.sessionId", "s", stamp=3)
    assert Watched(*GOOD).enter([session], command="BindSession") == []
    watched = Watched(*GOOD)
    for extra in (setting("acp_config.model", "x", stamp=2), setting("name", "y", stamp=4)):
        broken = watched.enter([session, extra], command="BindSession")
        assert [(one.code, one.subject) for one in broken] == [("config_by_message_write", T1)]
    assert watched.enter([session], command="AppendPiece") != []
