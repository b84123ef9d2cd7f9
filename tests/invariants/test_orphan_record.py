"""Every config and every state belongs to a thread that exists."""

from __future__ import annotations

from chatdoc.model.commands.repairs import AssumeThread
from tests.invariants.watched import GOOD, T1, T2, Watched, setting, state, thread


def test_config_and_state_before_their_thread_are_orphans_until_then() -> None:
    """Each is told by its thread id, and the thread heals both."""
    watched = Watched(setting(thread_id=T1), state("idle", thread_id=T2))
    assert set(watched.broken("orphan_record")) == {T1, T2}
    watched.add(thread(T1), thread(T2))
    assert watched.broken("orphan_record") == {}


def test_deletion_of_a_thread_nobody_has_is_an_orphan_too() -> None:
    """A tombstone also waits for its thread, which nobody assumes unasked."""
    found = Watched(setting("deleted", True)).broken("orphan_record")[T1]
    assert found.repair == AssumeThread(thread_id=T1)
    assert not found.safe


def test_good_document_has_no_orphan_record() -> None:
    """A config and a state of a thread that is here are at home."""
    assert Watched(*GOOD, state("idle")).broken("orphan_record") == {}
