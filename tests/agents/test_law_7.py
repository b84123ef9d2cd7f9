"""Law 7: nothing in a turn can touch a thread's config but the agent's session, and no automation touches that."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatdoc.document import Document
from chatdoc.model.commands.configure_thread import ConfigureThread
from chatdoc.model.commands.turn_stream import BindSession
from chatdoc.model.errors import CommandRefused
from chatdoc.model.facts import SettingFact
from chatdoc.model.view.lookup import all_facts
from chatdoc.testing.turns import TURN_WEIGHTS, some_turn_command
from chatdoc.testing.writer import some_config
from tests.engine.begin import begin
from tests.examples import examples

FEW = settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))


@FEW
@given(st.randoms(use_true_random=False), st.lists(st.sampled_from(sorted(TURN_WEIGHTS)), max_size=40))
def test_no_turn_command_touches_the_config_but_the_session(random: Random, kinds: list[str]) -> None:
    """Over random turns of random threads every setting is as it was, and the only new ones are sessions."""
    document = begin(random.randrange(100))
    for name in ("one", "two"):
        thread = document.create_thread(sender_id="ada", content=name, name=name)
        config = some_config(random)
        document.execute(ConfigureThread(thread_id=thread.thread_id, updated_by="ada", config=config))
    for kind in ["start", *kinds]:
        before = _settings(document)
        command = some_turn_command(random, document.view, kind, "ada")
        if command is None:
            continue
        try:
            document.execute(command)
        except CommandRefused:
            assert _settings(document) == before
            continue
        new = _settings(document) - before
        assert before <= _settings(document)
        if not isinstance(command, BindSession):
            assert not new
            continue
        assert {field for _, field, _ in new} <= {"acp_config.sessionId"}
        assert document.view.field(command.message_id, "acp_automation_id") is None
    assert not document.check().incidents


def _settings(document: Document) -> set[tuple[str, str, str]]:
    return {
        (fact.thread_id, fact.field, fact.stamp)
        for fact in all_facts(document.view)
        if isinstance(fact, SettingFact)
    }
