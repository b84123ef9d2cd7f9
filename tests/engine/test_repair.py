"""A repair is carried out when somebody asks for it, as what the rules suggest now; the log says who asked."""

from __future__ import annotations

import doctest
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pycrdt import Doc, Map

from chatdoc.crdt.keys import encode
from chatdoc.document import Document
from chatdoc.model.errors import CommandRefused, NotFound
from chatdoc.model.facts import Fact, Header
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.open import open_document
from invariants.report import IntegrityReport
from tests.engine.begin import begin
from tests.tidy.source import PROJECT

NOWHERE = ThreadId("01JBBBBBBBBBBBBBBBBBBBBBB2")
MORE_THAN_AT_ONCE = 100


def message_id(number: int) -> MessageId:
    """The id of the stray message of a number."""
    return MessageId(f"01JAAAAAAAAAAAAAAAAAAAA{number:03d}")


def strays(thread_id: ThreadId, count: int) -> list[Fact]:
    """Messages that reply to nothing and are no root, which breaks `multi_root` with a safe repair each."""
    return [
        Header(
            message_id=message_id(number),
            thread_id=thread_id,
            sender_id="eve",
            date="2025-01-01T00:00:00.000Z",
        )
        for number in range(count)
    ]


def send(document: Document, facts: list[Fact]) -> None:
    """Have a peer send facts, in one update."""
    peer = Doc[Any](client_id=7)
    for root, key, text in map(encode, facts):
        peer.get(root, type=Map[str])[key] = text
    document.receive(peer.get_update(), origin="eve")


@pytest.fixture
def broken(document: Document, thread_id: ThreadId) -> Document:
    """A document to which a peer sent more at once than is repaired at once, and a message of a thread nobody knows."""
    stray = Header(
        message_id=message_id(999), thread_id=NOWHERE, sender_id="eve", date="2025-01-01T00:00:00.000Z"
    )
    send(document, [*strays(thread_id, MORE_THAN_AT_ONCE), stray])
    return document


def codes(report: IntegrityReport) -> set[str]:
    """The codes of what is broken."""
    return {one.code for one in report.violations}


def origins(document: Document) -> list[str]:
    """Who caused the entries of the update log."""
    return [one.origin for one in document.engine.store.updates.entries(after=0)]


def test_all_safe_repairs_are_carried_out_and_no_other(broken: Document) -> None:
    """What converges whoever does it is mended; what may be merely late is left to a person."""
    before = broken.check(full=False)
    assert codes(before) == {"multi_root", "orphan_message"}
    done = broken.repair_all()
    assert {one.subject for one in done.repaired} == {
        one.subject for one in before.violations if one.code == "multi_root"
    }
    assert not done.refused
    assert codes(done.report) == codes(broken.check(full=True)) == {"orphan_message"}
    assert broken.repair_all() == msgspec.structs.replace(done, repaired=())


def test_all_repairs_are_carried_out_when_asked(broken: Document) -> None:
    """`safe_only=False` takes those that a person should look at first too."""
    done = broken.repair_all(safe_only=False, by="ada")
    assert done.report.ok
    assert broken.check(full=True).ok
    assert broken.thread(NOWHERE).thread_id == NOWHERE


def test_one_repair_is_carried_out_as_who_asks(broken: Document) -> None:
    """One violation goes, all others stay, and the log names the person."""
    before = broken.check(full=False)
    (wanted,) = [one for one in before.violations if one.code == "orphan_message"]
    report = broken.repair(wanted, by="ada")
    assert report == broken.check(full=True)
    assert [one for one in before.violations if one not in report.violations] == [wanted]
    assert origins(broken)[-1] == "repair:ada"


def test_a_setting_made_by_a_repair_is_by_who_asked(document: Document, thread_id: ThreadId) -> None:
    """The history of a config says who set what, and here that is whoever clicked."""
    with document.start_turn(thread_id, sender_id="codex") as turn:
        turn.finalize()
    named = document.create_thread(sender_id="ada", content="another").thread_id
    with document.start_turn(named, sender_id="codex") as turn:
        turn.finalize()
    (found,) = [one for one in document.check(full=False).diagnostics if one.subject == named]
    assert found.code == "missing_thread_config"
    document.repair(found, by="ada")
    assert found not in document.check(full=True).diagnostics
    assert [one.by for one in document.config_history(named)] == ["ada"]


def test_replicas_that_repair_at_once_converge(document: Document, thread_id: ThreadId) -> None:
    """Whoever asks, the same facts are written."""
    other = begin(2)
    other.receive(document.diff())
    for one in (document, other):
        send(one, strays(thread_id, MORE_THAN_AT_ONCE))
    document.repair_all(by="ada")
    other.repair_all(by="bob")
    other.receive(document.diff(other.state_vector()))
    document.receive(other.diff(document.state_vector()))
    assert document.text() == other.text()
    assert document.check(full=True).ok


def test_a_violation_that_is_gone_or_has_changed_is_not_repaired(broken: Document) -> None:
    """What somebody saw some time ago may not be what is there; nothing is written then."""
    (wanted,) = [one for one in broken.check(full=False).violations if one.code == "orphan_message"]
    safe = next(one for one in broken.check(full=False).violations if one.safe)
    written = origins(broken)
    with pytest.raises(CommandRefused, match="not what it was"):
        broken.repair(msgspec.structs.replace(wanted, repair=safe.repair), by="ada")
    with pytest.raises(CommandRefused, match="by: expected"):
        broken.repair(wanted, by="")
    with pytest.raises(CommandRefused, match="by: expected"):
        broken.repair_all(by="")
    assert origins(broken) == written
    broken.repair(wanted, by="ada")
    with pytest.raises(NotFound, match="not there any more"):
        broken.repair(wanted, by="bob")


def test_one_without_a_known_repair_is_refused(document: Document, thread_id: ThreadId) -> None:
    """The words say so, and nothing is written."""
    document.send(thread_id, sender_id="ada", content="in the millisecond of its root")
    found = document.check(full=False).diagnostics[0]
    assert (found.code, found.repair) == ("duplicate_date", None)
    with pytest.raises(CommandRefused, match="no repair is known"):
        document.repair(found, by="ada")
    assert not document.repair_all(safe_only=False).repaired


def test_the_report_is_told_each_time_it_changes(document: Document, thread_id: ThreadId) -> None:
    """Once a change, in order, and not at all while it says the same."""
    told: list[IntegrityReport] = []
    leave = document.subscribe_report(told.append)
    document.send(thread_id, sender_id="bob", content="nothing is wrong with this")
    assert told == []
    send(document, strays(thread_id, MORE_THAN_AT_ONCE))
    assert [one.ok for one in told] == [False]
    assert told[-1] == document.check(full=False)
    document.send(thread_id, sender_id="carol", content="nothing changes by this")
    document.check(full=True)
    assert len(told) == 1
    document.repair_all()
    assert [one.ok for one in told] == [False, True]
    leave()
    send(
        document,
        [
            Header(
                message_id=message_id(500),
                thread_id=NOWHERE,
                sender_id="eve",
                date="2025-01-01T00:00:00.000Z",
            )
        ],
    )
    assert len(told) == 2


def test_a_subscriber_may_repair_what_it_hears_of(document: Document, thread_id: ThreadId) -> None:
    """It writes from within, hears of that afterwards, and one that fails harms nobody."""

    def fail(report: IntegrityReport) -> None:
        raise ValueError("broken subscriber")

    told: list[bool] = []

    def mend(report: IntegrityReport) -> None:
        told.append(report.ok)
        document.repair_all()

    document.subscribe_report(fail)
    document.subscribe_report(mend)
    send(document, strays(thread_id, MORE_THAN_AT_ONCE))
    assert told == [False, True]


def test_what_another_process_breaks_is_told_too(tmp_path: Path) -> None:
    """Whoever looks at the document hears of it; here the other process is another opening of the file."""
    with open_document(tmp_path / "a.chat") as ours, open_document(tmp_path / "a.chat") as theirs:
        thread_id = ours.create_thread(sender_id="ada", content="x").thread_id
        assert theirs.threads()
        told: list[IntegrityReport] = []
        ours.subscribe_report(told.append)
        send(theirs, strays(thread_id, MORE_THAN_AT_ONCE))
        assert not ours.check(full=False).ok
        theirs.repair_all()
        assert ours.threads()
        assert [one.ok for one in told] == [False, True]


def test_a_transaction_that_failed_tells_nothing_of_what_it_undid(
    document: Document, thread_id: ThreadId
) -> None:
    """What was broken within it never was; only the count of what was ever seen may have moved."""
    told: list[IntegrityReport] = []
    document.subscribe_report(told.append)

    def work() -> None:
        send(document, strays(thread_id, MORE_THAN_AT_ONCE))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        document.group.together(work)
    document.send(thread_id, sender_id="bob", content="x")
    assert not [one for one in told if one.violations or one.diagnostics]
    assert document.check(full=True).ok


def test_what_the_page_of_rules_shows_is_what_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session in docs/invariants.md, run."""
    monkeypatch.chdir(tmp_path)
    page = (PROJECT / "docs" / "invariants.md").read_text(encoding="utf-8")
    lines = page.partition("```python\n")[2].partition("```")[0]
    example = doctest.DocTestParser().get_doctest(lines, {}, "invariants", "docs/invariants.md", 0)
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0
