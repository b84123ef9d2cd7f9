"""Commands that write events alone are asked about like facts: nobody speaks for an agent by a way around the rule."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from chatdoc.apps.server import wire
from chatdoc.apps.server.document_access import receipt_of
from chatdoc.apps.server.principal import Credentials, Principal, allow_own
from chatdoc.model.commands.activities import AppendActivity, RespondApproval
from chatdoc.model.commands.checkpoints import RevertCheckpoint
from chatdoc.model.commands.decide import LogCommand
from chatdoc.model.commands.sessions import RequestTurnInterrupt
from chatdoc.model.facts import Fact
from chatdoc.model.view.view import View
from tests.apps.server.serving import SECONDS_MAX, Serving


def who(credentials: Credentials) -> Principal | None:
    """Whoever names itself: a backend that speaks for anybody, or one name alone."""
    name = credentials.token or ""
    return Principal(user_id=name, speaks_for=None if name == "backend" else frozenset({name}))


def give(serving: Serving, name: str, **command: Any) -> tuple[int, dict[str, Any]]:
    """Give a command as somebody; its status and answer."""
    headers = {"Authorization": f"Bearer {name}"}
    came = serving.http.post("/api/documents/a.chat/commands", json=command, headers=headers)
    return came.status_code, came.json()


@pytest.fixture
def refused() -> list[type[LogCommand]]:
    """The kinds of commands that the rule of the server refuses to everybody."""
    return []


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """A server with the rule it has by itself."""
    with Serving(tmp_path, authenticate=who) as made:
        yield made


def running(serving: Serving) -> tuple[str, str]:
    """A thread of ada in which codex writes an answer and asks leave as `r`: the ids of thread and turn."""
    _, made = give(serving, "ada", type="create_thread", content="one")
    thread = str(made["record"]["thread_id"])
    turn = serving.call("a.chat", lambda doc: doc.agents.start_turn(thread, sender_id="codex").message_id)
    serving.call("a.chat", lambda doc: doc.agents.request_approval(thread, "r", summary="make", turn_id=turn))
    return thread, turn


RIGHTS = [
    ("append_activity", {"kind": "tool", "summary": "ran"}, {"codex"}),
    ("request_approval", {"request_id": "s", "summary": "make"}, {"codex"}),
    ("expire_approval", {"request_id": "r"}, {"codex"}),
    ("respond_approval", {"request_id": "r", "decision": "accept"}, {"ada", "bob"}),
    ("request_interrupt", {}, {"ada", "bob", "codex"}),
    ("stop_session", {}, {"ada", "bob", "codex"}),
    ("revert", {"turn_count": 0}, {"ada", "codex"}),
]


@pytest.mark.parametrize("names_turn", [False, True])
@pytest.mark.parametrize(("kind", "fields", "may"), RIGHTS, ids=[kind for kind, _, _ in RIGHTS])
def test_who_may_give_a_command_without_author(
    serving: Serving, kind: str, fields: dict[str, Any], may: set[str], names_turn: bool
) -> None:
    """Who may not is told so, and no receipt is kept: the same id serves whoever may."""
    thread, turn = running(serving)
    if names_turn and kind in ("append_activity", "request_approval", "request_interrupt"):
        fields = {**fields, "turn_id": turn}
    command = {"type": kind, "thread_id": thread, "command_id": "c", **fields}
    before = serving.call("a.chat", lambda doc: doc.log.last_sequence())
    for name in sorted({"ada", "bob", "codex"} - may):
        status, said = give(serving, name, **command)
        assert (status, said["error"]["code"]) == (403, "not_allowed"), name
    assert serving.call("a.chat", lambda doc: doc.log.last_sequence()) == before
    status, said = give(serving, sorted(may)[-1], **command)
    assert (status, said["ok"]) == (200, True), said


def test_who_answers_is_named_in_the_log(serving: Serving) -> None:
    """With the client's own name where it gives none, and never with one that it does not speak for."""
    thread, _ = running(serving)
    answer = {"type": "respond_approval", "thread_id": thread, "request_id": "r", "decision": "accept"}
    assert give(serving, "bob", **answer, by="ada")[0] == 403
    assert give(serving, "bob", **answer, by=5)[0] == 400
    assert give(serving, "bob", **answer)[0] == 200
    assert give(serving, "backend", type="revert", thread_id=thread, turn_count=0, by="ada")[0] == 200
    told = serving.call("a.chat", lambda doc: [one.metadata.get("by") for one in doc.log.events()])
    assert [one for one in told if one is not None] == ["bob", "ada", "ada"]


def test_the_one_who_began_a_thread_undoes_a_revert_of_it(serving: Serving) -> None:
    """Others may not, and who speaks for anybody may do everything."""
    thread, _ = running(serving)
    for name in ("ada", "backend"):
        assert give(serving, name, type="revert", thread_id=thread, turn_count=0)[0] == 200
        assert give(serving, "bob", type="undo_revert", thread_id=thread)[0] == 403
        assert give(serving, name, type="undo_revert", thread_id=thread)[0] == 200


@pytest.mark.parametrize(
    "kind", ["append_activity", "request_approval", "expire_approval", "respond_approval"]
)
def test_who_may_speak_for_anybody_may_give_all(serving: Serving, kind: str) -> None:
    """A backend tells for its agents what they did, also of turns that only they know."""
    thread, _ = running(serving)
    fields = next(fields for one, fields, _ in RIGHTS if one == kind)
    assert give(serving, "backend", type=kind, thread_id=thread, **fields)[0] == 200


def test_between_turns_the_last_agent_tells_until_somebody_waits(serving: Serving) -> None:
    """The message that waits is active then: its author does not speak for the agent by that."""
    thread, turn = running(serving)
    serving.call("a.chat", lambda doc: doc.agents.turn(thread, turn).finalize())
    serving.call("a.chat", lambda doc: doc.agents.request_approval(thread, "s", summary="make"))
    told = {"type": "append_activity", "thread_id": thread, "kind": "tool", "summary": "x"}
    answer = {"type": "respond_approval", "thread_id": thread, "request_id": "s", "decision": "accept"}
    assert (give(serving, "codex", **told)[0], give(serving, "codex", **answer)[0]) == (200, 403)
    assert give(serving, "ada", type="queue_turn", thread_id=thread, content="go")[0] == 200
    assert (give(serving, "ada", **told)[0], give(serving, "ada", **answer)[0]) == (403, 200)


def test_an_activity_of_a_turn_that_nobody_knows_is_for_who_speaks_for_anybody(serving: Serving) -> None:
    """No sender is known whose name it would carry."""
    thread, _ = running(serving)
    told = {
        "type": "append_activity",
        "thread_id": thread,
        "kind": "tool",
        "summary": "x",
        "turn_id": "elsewhere",
    }
    assert give(serving, "codex", **told)[0] == 403
    assert give(serving, "backend", **told)[0] == 200


@pytest.mark.parametrize("name", ["ada", "backend"])
def test_a_rule_of_the_server_is_asked_about_the_command(
    tmp_path: Path, refused: list[type[LogCommand]], name: str
) -> None:
    """It is handed the command, by whoever it comes, and its word holds."""
    asked: list[object] = []

    def allow(principal: Principal, fact: Fact | LogCommand, view: View) -> bool:
        asked.append(fact)
        return allow_own(principal, fact, view) and not isinstance(fact, tuple(refused))

    with Serving(tmp_path, authenticate=who, allow=allow) as serving:
        thread, _ = running(serving)
        refused += [AppendActivity, RespondApproval, RequestTurnInterrupt, RevertCheckpoint]
        for kind, fields, _ in RIGHTS:
            if kind in ("append_activity", "respond_approval", "request_interrupt", "revert"):
                status, said = give(serving, name, type=kind, thread_id=thread, command_id=kind, **fields)
                assert (status, said["error"]["code"]) == (403, "not_allowed"), kind
        refused.clear()
        answer = {"request_id": "r", "decision": "decline", "command_id": "respond_approval"}
        assert give(serving, name, type="respond_approval", thread_id=thread, **answer)[0] == 200
        assert isinstance(asked[-1], RespondApproval)


def test_the_socket_is_no_way_around_it(serving: Serving) -> None:
    """A stateless message is answered with the same refusal, and without a receipt."""
    thread, _ = running(serving)
    command = {
        "type": "append_activity",
        "thread_id": thread,
        "kind": "tool",
        "summary": "x",
        "command_id": "c",
    }
    protocols: Any = ["chatdoc", "bearer.bob"]
    with connect(f"{serving.ws}/a.chat", subprotocols=protocols, proxy=None) as socket:
        socket.send(wire.step_1(b"\x00"))
        socket.send(wire.stateless(json.dumps(command)))
        while True:
            message = wire.read_message(bytes(socket.recv(SECONDS_MAX)))  # type: ignore[arg-type]
            if message.kind == "stateless" and (said := json.loads(message.text))["type"] == "answer":
                break
    assert said["error"]["code"] == "not_allowed"
    assert serving.call("a.chat", lambda doc: receipt_of(doc, "c")) is None
