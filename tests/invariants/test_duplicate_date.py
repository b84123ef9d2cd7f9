"""Messages that share one millisecond and sender are told: legal here, and one message to older software."""

from __future__ import annotations

from tests.invariants.watched import GOOD, ROOT, A, B, C, D, Watched, message


def test_messages_of_one_moment_are_all_told() -> None:
    """The one that was alone before is told with the first that joins it."""
    watched = Watched(*GOOD, message(C, ROOT, at=9))
    assert watched.broken("duplicate_date") == {}
    watched.add(message(D, ROOT, at=9))
    assert set(watched.broken("duplicate_date")) == {C, D}


def test_several_that_join_at_once_are_told_with_the_first() -> None:
    """However many come in one transaction."""
    watched = Watched(*GOOD[:2], message(A, ROOT, at=9))
    watched.add(message(B, ROOT, at=9), message(C, ROOT, at=9), message(D, ROOT, at=9))
    assert set(watched.broken("duplicate_date")) == {A, B, C, D}


def test_message_whose_fellow_turns_out_to_be_of_another_moment_is_healed() -> None:
    """Another copy of the fellow's row has another date."""
    watched = Watched(*GOOD[:2], message(A, ROOT, at=9), message(B, ROOT, at=9, assumed=True))
    assert set(watched.broken("duplicate_date")) == {A, B}
    watched.add(message(B, ROOT, at=8))
    assert watched.broken("duplicate_date") == {}


def test_other_senders_do_not_count() -> None:
    """Two people may write in the same millisecond."""
    watched = Watched(*GOOD, message(C, ROOT, at=9), message(D, ROOT, at=9, sender="bob"))
    assert watched.broken("duplicate_date") == {}


def test_diagnostic_refuses_nothing_and_leaves_the_document_ok() -> None:
    """It is legal."""
    watched = Watched(*GOOD, message(C, ROOT, at=9))
    assert watched.enter([message(D, ROOT, at=9)], command="SendMessage") == []
    report = watched.checker.report()
    assert report.ok
    assert [one.subject for one in report.diagnostics] == [C, D]
