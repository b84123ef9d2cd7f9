"""The laws of the design hold in random histories; each test is named for the law's promise."""

from __future__ import annotations

import os
from contextlib import suppress
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatdoc.crdt.fact_snapshot import rows_of, view_of
from chatdoc.crdt.keys import decode, encode
from chatdoc.document import Document
from chatdoc.engine.reader import Reader
from chatdoc.model.errors import UpdateRefused
from chatdoc.model.facts import Fact, SettingFact
from chatdoc.model.view import apply
from chatdoc.model.view.lookup import all_facts
from chatdoc.model.view.view import View
from chatdoc.testing import white_box
from chatdoc.testing.clocks import ManualClock
from chatdoc.testing.content import content_of, differences
from chatdoc.testing.copies import meetings
from chatdoc.testing.fuzz import Fuzz, fuzz
from chatdoc.testing.network import Network
from chatdoc.testing.oracle import Oracle
from chatdoc.testing.strategies import commands, damaged, documents, fact_sets, legacy_copies, legacy_files
from chatdoc.testing.writer import Writer
from invariants.full import check_all
from migrate import migrate
from migrate.v2.write import render
from tests.engine.begin import begin

TRIALS = int(os.environ.get("CHATDOC_TRIALS", "40"))
"""Independent migrations; 10,000 of them take some ten minutes."""
FEW = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))

pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")


@pytest.mark.parametrize("seed", range(6))
def test_law_1_the_ledger_is_a_full_check_after_every_step(seed: int) -> None:
    """Beside a hostile peer too, what deltas say of the rules is what a look at everything says."""
    report = fuzz(steps=150, replicas=2 + seed % 4, seed=seed)
    assert report.ok, report.problems[0]


@pytest.mark.parametrize("seed", range(6))
def test_law_2_replicas_that_exchanged_everything_are_equal(seed: int) -> None:
    """Among honest replicas nothing is lost, nothing invented, no rule broken, however the network behaves."""
    report = fuzz(steps=200, replicas=2 + seed % 4, seed=seed, hostile=False)
    assert report.ok, report.problems[0]


@FEW
@given(fact_sets(), st.randoms(use_true_random=False))
def test_law_2_the_order_of_facts_means_nothing(facts: list[Fact], random: Random) -> None:
    """However facts come, also twice and in pieces, the view says the same and its ledger too."""
    straight, shuffled = View(), View()
    apply.apply(straight, facts, origin="test")
    mixed = facts + random.sample(facts, len(facts) // 2)
    random.shuffle(mixed)
    while mixed:
        piece = [mixed.pop() for _ in range(min(len(mixed), random.randrange(1, 5)))]
        apply.apply(shuffled, piece, origin="test")
    assert list(all_facts(straight)) == list(all_facts(shuffled))
    assert render(straight) == render(shuffled)
    assert check_all(straight) == check_all(shuffled)


@FEW
@given(documents(), st.data())
def test_law_3_an_update_is_read_back_as_the_facts_it_was_made_of(
    document: Document, data: st.DataObject
) -> None:
    """What a document writes, every peer takes as facts, whatever the command."""
    command = data.draw(commands(document.view))
    before = content_of(document.view)
    document.execute(command)
    for place, text in content_of(document.view).items():
        assert place in before or decode(*place, text) is not None


@FEW
@given(documents())
def test_law_4_text_and_back_is_the_identity(document: Document) -> None:
    """The text of a document, read again, gives the same facts and the same bytes."""
    text = document.text()
    view = View()
    apply.apply(view, migrate(text).facts, origin="migration")
    assert render(view) == text
    again = Reader(lambda: view)
    assert again.threads(deleted=True) == document.threads(deleted=True)
    for thread in document.threads(deleted=True):
        assert again.config(thread.thread_id) == document.config(thread.thread_id)
        assert again.messages(thread.thread_id, deleted=True) == document.messages(
            thread.thread_id, deleted=True
        )


@FEW
@given(legacy_files())
def test_law_4_migrating_twice_changes_nothing(source: bytes) -> None:
    """The text of a migrated file is a fixed point, and every fact of it is one that peers take."""
    first = migrate(source)
    view = View()
    apply.apply(view, first.facts, origin="migration")
    text = render(view)
    again = View()
    apply.apply(again, migrate(text).facts, origin="migration")
    assert render(again) == text
    assert all(decode(*encode(fact)) == fact for fact in first.facts)


def test_law_6_copies_that_meet_lose_no_edit_and_double_no_record() -> None:
    """Migrated apart, from equal files and from differing ones, and edited before they meet."""
    report = meetings(TRIALS)
    assert report.ok, report.problems[0]
    assert report.done["meetings"] == TRIALS


@FEW
@given(legacy_copies(copies=3), st.integers(0, 2**32))
def test_law_6_holds_in_any_order_of_meeting(sources: list[bytes], seed: int) -> None:
    """Whoever meets whom first, the union of the migrations is one document."""
    facts = [migrate(source).facts for source in sources]
    network = Network(3, seed=seed, facts=facts)
    network.settle()
    network.assert_converged()
    union = View()
    apply.apply(union, [fact for one in facts for fact in one], origin="migration")
    assert not list(differences(union, network.documents[0].view))


@pytest.mark.parametrize("seed", range(4))
def test_law_7_only_config_commands_change_configs(seed: int) -> None:
    """Over a random history, settings but deletions come from creating, configuring and forking alone.

    A turn sets one field and no other: that of the agent's session.
    """
    random = Random(seed)
    document = begin(seed)
    writer = Writer(random, Oracle())
    for _ in range(150):
        before = _settings(document)
        kind = writer.act(document)
        new = _settings(document) - before
        if kind == "bind":
            assert all("/acp_config.sessionId/" in key for _, key in new), f"{kind} set {new}"
        elif kind not in ("configure", "create", "fork"):
            assert not new, f"{kind} set {new}"
        if kind not in ("delete thread", "restore thread"):
            assert not any("deleted" in place for place in _settings(document, deletions=True) - before - new)


def _settings(document: Document, *, deletions: bool = False) -> set[tuple[str, str]]:
    return {
        encode(fact)[:2]
        for fact in all_facts(document.view)
        if isinstance(fact, SettingFact) and (deletions or fact.field != "deleted")
    }


@FEW
@given(st.integers(0, 200), st.data())
def test_law_9_no_update_panics_hangs_or_half_applies(seed: int, data: st.DataObject) -> None:
    """Damaged bytes are refused, with the document as it was, or taken as what they say, with the log as proof."""
    run = Fuzz(2, seed)
    for _ in range(30):
        run.step()
    document = begin(99)
    for stored in white_box.logged_updates(run.network.documents[0])[:10]:
        update = data.draw(damaged(stored))
        before, vector = content_of(document.view), document.state_vector()
        try:
            document.receive(update, origin="peer")
        except UpdateRefused:
            assert (content_of(document.view), document.state_vector()) == (before, vector)
        document.receive(stored, origin="peer")
    reopened = white_box.reloaded(document, clock=ManualClock(), random=Random(0).randbytes)
    assert not list(differences(document.view, reopened.view))
    assert document.check(full=False).violations == document.check(full=True).violations


@FEW
@given(st.binary(max_size=300))
def test_law_9_random_bytes_are_refused(noise: bytes) -> None:
    """Bytes that say nothing change nothing, as an update and as a state vector."""
    document = begin(1)
    document.create_thread(sender_id="ada", content="root")
    before = content_of(document.view)
    for use in (document.receive, document.diff):
        with suppress(UpdateRefused):
            use(noise)
    assert content_of(document.view) == before


@pytest.mark.parametrize("seed", range(4))
def test_a_row_snapshot_is_the_view(seed: int) -> None:
    """Rows written and read give every fact back, and what is unreadable too, beside a hostile peer."""
    run = Fuzz(2, seed)
    for _ in range(120):
        run.step()
    for document in run.network.documents:
        headers, others = rows_of(document.view)
        again = view_of([headers], others)
        assert not list(differences(document.view, again))
        assert list(all_facts(document.view)) == list(all_facts(again))
        assert check_all(document.view) == check_all(again)
