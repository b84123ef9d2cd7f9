"""Safe repairs heal what is wrong on every replica alike, and change nothing that is merely late."""

from __future__ import annotations

from random import Random

import pytest

from chatdoc.model.clock import iso
from chatdoc.model.commands.create_thread import CreateThread
from chatdoc.model.commands.decide import Command, decide
from chatdoc.model.commands.edit_message import EditMessage
from chatdoc.model.commands.plan import Now
from chatdoc.model.commands.send_message import SendMessage
from chatdoc.model.facts import Fact, Header, MarkFact, RevisionFact, StateFact
from chatdoc.model.ids import MessageId, Mint, RevisionId, Stamp, ThreadId
from chatdoc.model.view import apply
from chatdoc.model.view.view import View
from invariants.checker import Checker
from tests.model.view.raw import random_history, snapshot

ROUNDS_MAX = 12


class Replica:
    """A view that runs every safe repair as soon as it is due."""

    def __init__(self) -> None:
        self.view = View()
        self.checker = Checker(self.view)
        self.repairs: list[Fact] = []

    def receive(self, facts: list[Fact]) -> list[Fact]:
        """Take in a peer's facts; the facts of the repairs they made due, which the peers do not have."""
        delta, _ = apply.apply(self.view, facts, origin="peer")
        written: list[Fact] = []
        for repair in self.checker.follow(delta).repairs:
            written += self.execute(repair)
        self.repairs += written
        return written

    def execute(self, repair: Command) -> list[Fact]:
        """Decide and carry out a repair, unless it would break something."""
        # A repair mints nothing: a mint that is asked fails.
        plan = decide(repair, self.view, Now(ms=0, ids=Mint(lambda: 0, lambda _: b"")))
        delta, added = apply.apply(self.view, plan.facts, origin="repair", command=type(repair).__name__)
        if self.checker.preview(delta):
            apply.undo(self.view, added)
            return []
        self.checker.follow(delta)
        return added


@pytest.mark.parametrize("seed", range(200))
def test_replicas_that_repair_at_once_converge(seed: int) -> None:
    """Each sees the facts in another order and repairs what it sees; once all is exchanged they are equal and whole."""
    random = Random(seed)
    facts = random_history(random, 30)
    replicas = [Replica() for _ in range(3)]
    waiting: list[list[Fact]] = [random.sample(facts, len(facts)) for _ in replicas]
    for _ in range(len(facts)):
        for number, replica in enumerate(replicas):
            written = replica.receive([waiting[number].pop(0)])
            for other in range(len(replicas)):
                if other != number:
                    waiting[other] += written
    rounds = 0
    while any(waiting):
        rounds += 1
        assert rounds < ROUNDS_MAX, "repairs of one replica keep undoing those of another"
        batches, waiting = waiting, [[] for _ in replicas]
        for number, replica in enumerate(replicas):
            written = replica.receive(batches[number])
            for other in range(len(replicas)):
                if other != number:
                    waiting[other] += written
    first = replicas[0]
    assert [snapshot(one.view) | {"moments": ""} for one in replicas[1:]] == [
        snapshot(first.view) | {"moments": ""}
    ] * 2
    ledgers = [replica.checker.ledger() for replica in replicas]
    assert ledgers[1:] == ledgers[:1] * 2
    assert not [one for one in ledgers[0].values() if one.safe]


@pytest.mark.parametrize("seed", range(60))
def test_replicas_with_equal_facts_write_the_same_repairs(seed: int) -> None:
    """In whatever order the facts came: a repair's ids are derived from what it mends."""
    random = Random(seed)
    facts = random_history(random, 40)
    written = []
    for _ in range(2):
        replica = Replica()
        apply.apply(replica.view, random.sample(facts, len(facts)), origin="store")
        replica.checker.recheck()
        found = sorted(replica.checker.ledger().items())
        written.append(
            [fact for _, one in found if one.safe and one.repair for fact in replica.execute(one.repair)]
        )
    assert written[0] == written[1]


@pytest.mark.parametrize("seed", range(150))
def test_what_is_merely_late_is_not_repaired(seed: int) -> None:
    """The facts of a good document, one by one in any order, end as that document; repairs say no more than they do."""
    random = Random(seed)
    facts = a_good_document(random)
    expected = View()
    apply.apply(expected, facts, origin="peer")
    replica = Replica()
    for fact in random.sample(facts, len(facts)):
        replica.receive([fact])
    assert replica.checker.ledger() == {}
    for message_id in expected.message_ids():
        assert replica.view.message(message_id) == expected.message(message_id)
    assert not [
        fact for fact in replica.repairs if not isinstance(fact, MarkFact) or fact.field != "generating"
    ]


def a_good_document(random: Random) -> list[Fact]:
    """Threads, replies, edits and finished turns, as commands write them."""
    view, clock = View(), [1_000_000]
    mint = Mint(lambda: clock[0], random.randbytes)

    def run(command: Command) -> str:
        clock[0] += random.randrange(1, 50)
        plan = decide(command, view, Now(ms=clock[0], ids=mint))
        facts.extend(apply.apply(view, plan.facts, origin="own")[1])
        return plan.subject

    facts: list[Fact] = []
    threads = [
        ThreadId(run(CreateThread(sender_id="ada", content="root", config={"name": "x"}))) for _ in range(2)
    ]
    for _ in range(8):
        thread_id = random.choice(threads)
        reply_to = random.choice(view.messages_of(thread_id))
        sent = run(SendMessage(thread_id=thread_id, sender_id="bob", content="hi", reply_to=reply_to))
        if random.random() < 0.5:
            run(EditMessage(message_id=MessageId(sent), author_id="bob", content="hi!"))
        if random.random() < 0.5:
            clock[0] += 10
            facts.extend(a_turn(view, thread_id, MessageId(sent), mint, clock))
    return facts


def a_turn(view: View, thread_id: ThreadId, reply_to: MessageId, mint: Mint, clock: list[int]) -> list[Fact]:
    """A turn that started, and was finalized."""
    message_id = MessageId(mint.mint())
    start: list[Fact] = [
        Header(
            message_id=message_id,
            thread_id=thread_id,
            sender_id="codex",
            date=iso(clock[0]),
            reply_to_message_id=reply_to,
            fields={"generating": True},
        ),
        StateFact(
            thread_id=thread_id,
            stamp=Stamp(mint.mint()),
            state="running",
            updated_at=iso(clock[0]),
            active_message_id=message_id,
        ),
    ]
    clock[0] += 10
    end: list[Fact] = [
        RevisionFact(
            message_id=message_id,
            revision_id=RevisionId(mint.mint()),
            author_id="codex",
            content="done",
            date=iso(clock[0]),
        ),
        MarkFact(
            message_id=message_id, field="generating", stamp=Stamp(mint.mint()), value=False, by="codex"
        ),
        StateFact(
            thread_id=thread_id,
            stamp=Stamp(mint.mint()),
            state="complete",
            updated_at=iso(clock[0]),
            active_message_id=message_id,
        ),
    ]
    apply.apply(view, [*start, *end], origin="own")
    return [*start, *end]
