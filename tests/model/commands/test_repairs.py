"""Repairs are commands with ids derived from what they mend, so replicas that repair at once write the same facts."""

from __future__ import annotations

import msgspec
import pytest

from chatdoc.crdt.keys import encode, key_problem
from chatdoc.model.commands.decide import Command, decide
from chatdoc.model.commands.plan import Now
from chatdoc.model.commands.repairs import AssumeRoot, FinishMessage, ReparentMessage
from chatdoc.model.errors import NotFound
from chatdoc.model.facts import Fact, MarkFact
from chatdoc.model.ids import STAMP_MS_END, Mint, Stamp, derive, time_ms
from chatdoc.model.view import apply
from chatdoc.model.view.view import View
from tests.invariants.watched import GOOD, ROOT, T1, T2, A, B, mark, message


def view_of(*facts: Fact) -> View:
    """A view of these facts."""
    view = View()
    apply.apply(view, facts, origin="peer")
    return view


def planned(view: View, command: Command) -> tuple[Fact, ...]:
    """What a repair would write; it is given no clock and no dice."""
    return decide(command, view, Now(ms=0, ids=Mint(lambda: 0, lambda _: b""))).facts


@pytest.mark.parametrize(
    "repair",
    [ReparentMessage(message_id=B, reply_to=A), FinishMessage(message_id=A), AssumeRoot(thread_id=T1)],
)
def test_repair_of_what_is_whole_writes_nothing(repair: Command) -> None:
    """So repairing twice is repairing once."""
    assert planned(view_of(*GOOD), repair) == ()


def test_repair_goes_above_the_mark_it_corrects_and_below_what_people_write_later() -> None:
    """By one millisecond, whatever the clock says."""
    wrong = mark(B, "reply_to_message_id", B)
    (fact,) = planned(view_of(*GOOD, wrong), ReparentMessage(message_id=B, reply_to=ROOT))
    assert isinstance(fact, MarkFact)
    assert time_ms(fact.stamp) == time_ms(wrong.stamp) + 1


def test_repair_of_the_last_stamp_there_may_be_is_one_that_peers_take() -> None:
    """A peer that stamps the last millisecond of 2099 has not the last word."""
    last = Stamp(derive("stamp", STAMP_MS_END - 1))
    wrong = MarkFact(message_id=B, field="reply_to_message_id", stamp=last, value=B, by="eve")
    (fact,) = planned(view_of(*GOOD, wrong), ReparentMessage(message_id=B, reply_to=ROOT))
    root, key, _ = encode(fact)
    assert isinstance(fact, MarkFact)
    assert fact.stamp > last
    assert key_problem(root, key) is None


def test_message_without_a_readable_date_can_be_repaired() -> None:
    """A peer may date a message as it likes."""
    undated = msgspec.structs.replace(message(B, B), date="yesterday")
    (fact,) = planned(view_of(*GOOD[:3], undated), ReparentMessage(message_id=B, reply_to=ROOT))
    assert isinstance(fact, MarkFact)
    assert fact.value == ROOT


def test_root_of_an_unknown_thread_cannot_be_assumed() -> None:
    """The error names the thread."""
    with pytest.raises(NotFound, match=T2):
        planned(view_of(*GOOD), AssumeRoot(thread_id=T2))
