"""The ledger of present violations is kept by what each delta touched, and always says what a full check would."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Iterable
from random import Random

import msgspec
import pytest

from chatdoc.crdt.keys import encode
from chatdoc.crdt.restore import Destroyed, hide, reveal
from chatdoc.model.clock import iso
from chatdoc.model.commands.repairs import ReparentMessage
from chatdoc.model.delta import Delta
from chatdoc.model.facts import Header
from chatdoc.model.ids import MessageId, derive
from chatdoc.model.view import apply
from chatdoc.model.view.lookup import all_facts
from chatdoc.model.view.view import View
from invariants.checker import REPAIRS_AT_ONCE, REPAIRS_MAX, Checker
from invariants.full import check_all
from invariants.registry import RULES
from invariants.rule import Rule
from tests.invariants.watched import GOOD, ROOT, T1, A, B, C, D, Watched, mark, message, thread
from tests.model.view.raw import random_history

SEEDS = range(300)


def first_difference(seed: int, rules: Iterable[Rule] = RULES) -> int | None:
    """The first step of a random history after which ledger and full check differ.

    Facts come in any order and batching; some are commands that are refused and undone; what a greater stamp
    supersedes is sometimes forgotten; and peers destroy what was put back often, so that it waits.
    """
    random, peers = Random(seed), Random(f"peers {seed}")
    view = View()
    checker = Checker(view, rules)
    for step in range(25):
        facts = random_history(random, random.choice([1, 1, 1, 2, 5]))
        delta, added = apply.apply(view, facts, origin="peer")
        refused = random.random() < 0.25
        if refused or random.random() < 0.5:
            checker.preview(delta)
        if refused:
            apply.undo(view, added)
        else:
            _forget_some(view, random)
            checker.follow(msgspec.structs.replace(delta, hidden=_hide_some(view, peers)))
        if checker.ledger() != check_all(view, rules):
            return step
    return None


def _forget_some(view: View, random: Random) -> None:
    lists = [facts for marks in view.marks.values() for facts in marks.values()]
    old = [facts[0] for facts in [*lists, *view.states.values()] if facts[0].stamp < facts[-1].stamp]
    apply.undo(view, random.sample(old, min(len(old), random.choice([0, 0, 1, 2]))))


def _hide_some(view: View, random: Random) -> frozenset[str]:
    if random.random() < 0.5:
        return frozenset()
    if view.hidden and random.random() < 0.4:
        places = {place: one.text for found in view.hidden.values() for place, one in found.items()}
        return reveal(view, {place: places[place] for place in random.sample(sorted(places), 1)})[1]
    facts = random.choices(list(all_facts(view)), k=2)
    return hide(view, [Destroyed(*encode(fact), origin="mallory") for fact in facts])


@pytest.mark.parametrize("seed", SEEDS)
def test_ledger_is_what_a_full_check_says(seed: int) -> None:
    """After every step of every random history."""
    assert first_difference(seed) is None


@pytest.mark.parametrize(
    "code", [rule.code for rule in RULES if rule.kind != "transition" and "messages" in rule.watches]
)
def test_rule_that_forgets_what_touches_it_is_caught(code: str) -> None:
    """The comparison can fail: a rule that looks at the messages written and nothing else differs on some history."""
    forgetful = [
        msgspec.structs.replace(rule, touched_by=lambda delta, view: sorted(delta.messages)[1:])
        if rule.code == code
        else rule
        for rule in RULES
    ]
    assert any(first_difference(seed, forgetful) is not None for seed in SEEDS)


@pytest.mark.parametrize(
    "code", ["orphan_message", "multi_root", "reply_cycle", "duplicate_date", "invalid_reply_target"]
)
def test_rule_that_looks_at_nothing_but_what_was_written_is_caught(code: str) -> None:
    """What heals or breaks a message is often another record."""
    forgetful = [
        msgspec.structs.replace(rule, touched_by=lambda delta, view: delta.messages)
        if rule.code == code
        else rule
        for rule in RULES
    ]
    assert any(first_difference(seed, forgetful) is not None for seed in SEEDS)


def test_preview_names_what_a_command_would_newly_break() -> None:
    """What is broken already refuses nobody."""
    watched = Watched(*GOOD, message(C, D))
    assert [one.subject for one in watched.enter([mark(B, "reply_to_message_id", D)], command="X")] == [B]
    assert watched.enter([mark(C, "own", 1)], command="X") == []


def test_preview_leaves_the_ledger_alone() -> None:
    """A command that was refused never was."""
    watched = Watched(*GOOD)
    assert watched.enter([message(C, D)], command="X")
    assert watched.checker.report(full=False).totals == Watched().checker.report().totals


def test_outcome_names_what_is_new_and_what_is_healed() -> None:
    """Each once, at the step it happened."""
    watched = Watched(*GOOD)
    assert [one.code for one in watched.add(message(C, D)).new] == ["invalid_reply_target"]
    assert watched.add(mark(C, "own", 1)).new == ()
    assert [one.code for one in watched.add(message(D, ROOT)).healed] == ["invalid_reply_target"]


def test_repairs_follow_changes_of_others_only() -> None:
    """An own command hands out none, so that none is lost; the next change from outside does."""
    watched = Watched(thread(), message(ROOT))
    delta, _ = apply.apply(watched.view, [message(A)], origin="own", command="X")
    assert watched.checker.follow(delta).repairs == ()
    assert watched.checker.follow(Delta(origin="repair")).repairs == ()
    assert watched.add(mark(B, "own", 1)).repairs == (ReparentMessage(message_id=A, reply_to=ROOT),)


def test_repair_that_never_lasts_is_given_up() -> None:
    """After eight times the violation is only shown."""
    watched = Watched(*GOOD)
    handed = 0
    for round_ in range(REPAIRS_MAX + 3):
        outcome = watched.add(mark(B, "reply_to_message_id", None, stamp=10 * round_))
        handed += len(outcome.repairs)
        watched.execute(ReparentMessage(message_id=B, reply_to=ROOT))
    assert handed == REPAIRS_MAX
    watched.add(mark(B, "reply_to_message_id", None, stamp=1_000))
    assert set(watched.broken("multi_root")) == {B}


def test_repairs_are_handed_out_a_bounded_number_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others follow with the next change."""
    monkeypatch.setattr("invariants.checker.REPAIRS_AT_ONCE", 2)
    assert REPAIRS_AT_ONCE > 2
    watched = Watched(thread(), message(ROOT))
    outcome = watched.add(message(A), message(B), message(C))
    assert len(outcome.repairs) == 2
    for repair in outcome.repairs:
        watched.execute(repair)
    assert len(watched.add(mark(ROOT, "own", 1)).repairs) == 1


def test_recheck_of_a_ledger_that_was_followed_changes_nothing() -> None:
    """And sets one that was not."""
    watched = Watched(*GOOD, message(C, D))
    outcome = watched.checker.recheck()
    assert (outcome.new, outcome.healed) == ((), ())
    apply.apply(watched.view, [message(D, ROOT)], origin="peer")
    assert [one.subject for one in watched.checker.recheck().healed] == [C]
    assert watched.checker.ledger() == {}


def test_log_tells_the_first_second_fourth_and_eighth_time(caplog: pytest.LogCaptureFixture) -> None:
    """So a flood is told in a few lines, each with its number."""
    caplog.set_level(logging.INFO, logger="chatdoc.integrity")
    watched = Watched(*GOOD)
    for number in range(9):
        watched.add(mark(B, "reply_to_message_id", [C, A][number % 2], stamp=number))
        watched.add(mark(B, "own", number))
    numbers = [record.args[3] for record in caplog.records if isinstance(record.args, tuple)]
    assert numbers == [1, 2, 4]
    assert watched.checker.report().totals["chat.integrity.invalid_reply_targets"] == 5


def test_empty_delta_costs_no_look() -> None:
    """No rule watches it."""
    checker = Checker(View(), [msgspec.structs.replace(rule, touched_by=_never) for rule in RULES])
    assert checker.follow(Delta(origin="peer")).new == ()


def _never(delta: Delta, view: View) -> Iterable[str]:
    raise AssertionError("nothing was touched")


@pytest.mark.parametrize("chain", [False, True])
def test_send_is_checked_in_the_same_steps_however_long_the_thread_is(chain: bool) -> None:
    """Flat or one long chain: the number of calls does not grow."""
    assert calls_of_a_send(10, chain) == calls_of_a_send(3_000, chain)


def calls_of_a_send(length: int, chain: bool) -> int:
    """How many functions preview and follow call for one message sent to a thread of that many."""
    ids = [MessageId(derive("message", number, "long")) for number in range(length + 2)]
    headers = [
        Header(
            message_id=message_id,
            thread_id=T1,
            sender_id="ada",
            date=iso(number),
            reply_to_message_id=None if number == 0 else ids[number - 1 if chain else 0],
        )
        for number, message_id in enumerate(ids)
    ]
    watched = Watched(thread(root=ids[0]), *headers[:-2])
    watched.add(headers[-2])
    delta, _ = apply.apply(watched.view, headers[-1:], origin="own", command="SendMessage")
    calls = Counter[str]()
    sys.setprofile(lambda frame, event, arg: calls.update([event]))
    watched.checker.preview(delta)
    watched.checker.follow(delta)
    sys.setprofile(None)
    return calls["call"] + calls["c_call"]
