"""What jupyterlab-chat keeps apart, users and metadata, tells who is an agent and which threads there were."""

from __future__ import annotations

import json
import random
from itertools import count

import pytest

from chatdoc.in_memory import memory_document
from chatdoc.model.events.role import role_of
from invariants.full import check_all
from migrate.export import FORMATS
from migrate.shown_message import config_fields
from tests.migrate.test_jupyter import chat, message, read


def test_messages_of_bots_are_an_agents() -> None:
    """Who is a bot in `users` is an agent in the document, on the way out and in again; a person stays one."""
    users = {"ada": {"username": "ada"}, "@bot": {"username": "@bot", "bot": True, "display_name": "Bot"}}
    view, _ = read(chat(message(1), message(2, sender="@bot"), users=users))
    roles = {
        one.sender_id: role_of(view.variants_of_message(one.message_id), ()) for one in view.headers.values()
    }
    assert roles == {"ada": "user", "@bot": "assistant"}
    assert json.loads(FORMATS["jupyter"](view))["users"]["@bot"] == {**users["@bot"]}
    assert "Bot, 2023" in FORMATS["markdown"](view).decode()


def test_every_user_of_an_export_can_be_loaded() -> None:
    """No user without a name, without fields or with unknown ones: one of them would stop the whole chat."""
    users = {"": {"username": ""}, "ada": {"x": 1}, "bob": 5, "eve": {"username": "eve", "bot": False}}
    out = json.loads(FORMATS["jupyter"](read(chat(message(1, sender=""), users=users))[0]))
    assert out["users"] == {
        "ada": {"username": "ada"},
        "bob": {"username": "bob"},
        "eve": {"username": "eve", "bot": False},
    }
    assert out["messages"][0]["sender"] == ""


def test_numbers_that_break_its_loader_are_spelled_out() -> None:
    """Whole numbers beyond 64 bits are texts, wherever they stand; the others stay numbers."""
    big = {"a": 2**63, "b": [2**63 - 1, -(2**63)], "c": {"d": 2**64 - 1}}
    view, _ = read(chat(message(1, metadata=big, own=2**63), metadata=big))
    spelled = {"a": str(2**63), "b": [2**63 - 1, -(2**63)], "c": {"d": str(2**64 - 1)}}
    out = json.loads(FORMATS["jupyter"](view))
    assert out["metadata"] == spelled
    assert out["messages"][0]["metadata"] == {**spelled, "chatdoc": {"own": str(2**63)}}


def test_threads_of_our_own_export_are_threads_again() -> None:
    """Ids, roots, replies, names and agent settings of every thread come back, and the same bytes come out."""
    ticks = count(1_700_000_000_000, 1000)
    doc = memory_document(clock=lambda: next(ticks), random=random.Random(5).randbytes)
    one = doc.create_thread(sender_id="ada", content="One?", name="One")
    first = doc.send(one.thread_id, sender_id="bob", content="Yes")
    doc.send(one.thread_id, sender_id="ada", content="Why?", reply_to=first.message_id)
    two = doc.create_thread(sender_id="bob", content="Two?")
    doc.configure(two.thread_id, updated_by="bob", acp_config={"model": "m", "sessionId": "s"})
    with doc.start_turn(two.thread_id, sender_id="codex") as turn:
        turn.append("Two.")
        turn.finalize(usage={"total_tokens": 3})
    out = FORMATS["jupyter"](doc.view)
    view, codes = read(out)
    assert codes == []
    assert check_all(view) == {}
    assert view.thread_ids() == doc.view.thread_ids()
    for thread_id in view.thread_ids():
        assert view.ordered(thread_id) == doc.view.ordered(thread_id)
        assert config_fields(view, thread_id) == config_fields(doc.view, thread_id)
        assert view.root_of(thread_id) == doc.view.root_of(thread_id)
    for message_id in view.headers:
        assert view.reply_target(message_id) == doc.view.reply_target(message_id)
    assert FORMATS["jupyter"](view) == out


@pytest.mark.parametrize("number", range(40))
def test_odd_threads_break_nothing(number: int) -> None:
    """Whatever stands where our exports tell of threads, every message has its thread and no rule is broken."""
    dice = random.Random(number)
    ids = [message(one)["id"] for one in range(1, 6)]
    threads = [
        {
            "thread_id": dice.choice([*ids[:2], "x"]),
            "root_message_id": dice.choice([*ids, "6f1c2a3b-9999-4000-8000-000000000009"]),
            "config": dice.choice([{}, {"name": "N", "pin": 3, "acp_config": {"model": "m"}}]),
        }
        for _ in range(dice.randint(0, 3))
    ]
    messages = [
        message(
            one,
            metadata={
                "chatdoc": {"thread_id": dice.choice([*ids[:3], 7]), "reply_to_message_id": dice.choice(ids)}
            },
        )
        for one in range(1, 6)
    ]
    view, _ = read(chat(*messages, metadata={"chatdoc": {"threads": threads}}))
    found = check_all(view).values()
    assert [one for one in found if one.severity == "violation"] == []
    assert len(FORMATS["jupyter"](view)) > 0
    assert set(ids) <= view.headers.keys()
