"""A rule that a server is given is asked for what commands write, as for updates: neither door is a way around it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatdoc.apps.server.principal import Principal, allow_own
from chatdoc.model.facts import Fact, Header, MarkFact, RevisionFact, SettingFact
from chatdoc.model.view.view import View
from tests.apps.server.serving import Serving

ADA = Principal(user_id="ada", speaks_for=frozenset({"ada"}))


class Rule:
    """Refuses the facts of some kinds, and keeps who was asked about what."""

    def __init__(self) -> None:
        self.refused: tuple[type[Fact], ...] = ()
        self.asked: list[Fact] = []

    def __call__(self, principal: Principal, fact: Fact, view: View) -> bool:
        assert principal == ADA
        self.asked.append(fact)
        return allow_own(principal, fact, view) and not isinstance(fact, self.refused)


@pytest.fixture
def rule() -> Rule:
    """The rule of this test's server."""
    return Rule()


def give(serving: Serving, status: int = 200, **command: Any) -> dict[str, Any]:
    """Give a command; its answer."""
    came = serving.http.post("/api/documents/a.chat/commands", json=command)
    assert came.status_code == status, came.text
    answer: dict[str, Any] = came.json()
    return answer


@pytest.mark.parametrize(
    ("kind", "refused", "fields"),
    [
        ("send", Header, {"content": "two"}),
        ("edit", RevisionFact, {"content": "two"}),
        ("delete_message", MarkFact, {}),
        ("configure", SettingFact, {"name": "two"}),
        ("queue_turn", Header, {"content": "two"}),
    ],
)
def test_what_the_rule_refuses_no_command_writes(
    tmp_path: Path, rule: Rule, kind: str, refused: type[Fact], fields: dict[str, Any]
) -> None:
    """Nothing of it is stored, its id is free, and once the rule allows it the same command is carried out."""
    with Serving(tmp_path, authenticate=lambda _: ADA, allow=rule) as serving:
        thread = give(serving, type="create_thread", content="one")["record"]
        message = serving.call("a.chat", lambda doc: doc.messages(thread["thread_id"])[0].message_id)
        about = (
            {"message_id": message}
            if kind in ("edit", "delete_message")
            else {"thread_id": thread["thread_id"]}
        )
        before = serving.call("a.chat", lambda doc: (doc.engine.sequence, doc.log.last_sequence()))
        rule.refused = (refused,)
        answer = give(serving, 403, type=kind, command_id="c", **about, **fields)
        assert answer["error"]["code"] == "not_allowed"
        assert serving.call("a.chat", lambda doc: (doc.engine.sequence, doc.log.last_sequence())) == before
        rule.refused = ()
        assert give(serving, type=kind, command_id="c", **about, **fields)["receipt"]["status"] == "accepted"
        assert serving.call("a.chat", lambda doc: doc.check(full=True).ok)


def test_who_gives_another_name_is_told_the_own(tmp_path: Path, rule: Rule) -> None:
    """Somebody who typed a name on the chat page that is not that of the token learns which one is."""
    with Serving(tmp_path, authenticate=lambda _: ADA) as serving:
        said = give(serving, 403, type="create_thread", content="one", sender_id="Ada")["error"]["message"]
    assert said.endswith("may not speak for the sender_id it gave; its own name is 'ada'")


def test_what_follows_from_a_command_is_not_asked_for(tmp_path: Path, rule: Rule) -> None:
    """Who may interrupt an agent does not speak for it: the end of its turn is written under its own name."""
    with Serving(tmp_path, authenticate=lambda _: ADA, allow=rule) as serving:
        thread = give(serving, type="create_thread", content="one")["record"]["thread_id"]
        give(serving, type="queue_turn", thread_id=thread, content="go")
        turn = serving.call("a.chat", lambda doc: doc.agents.start_next(thread, sender_id="codex"))
        assert turn is not None
        give(serving, type="interrupt", thread_id=thread, message_id=turn.message_id)
        assert serving.call("a.chat", lambda doc: doc.state(thread).state) == "interrupted"
        assert all(getattr(fact, "author_id", None) != "codex" for fact in rule.asked)


def test_a_command_of_this_process_asks_nobody(tmp_path: Path, rule: Rule) -> None:
    """The rule is for clients; a backend that calls the document decides by itself."""
    with Serving(tmp_path, authenticate=lambda _: ADA, allow=rule) as serving:
        rule.refused = (Header,)
        serving.call("a.chat", lambda doc: doc.create_thread(sender_id="bob", content="one"))
        assert rule.asked == []
