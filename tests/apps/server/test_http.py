"""HTTP for those without a CRDT: records, pages, commands, events that go on where one stopped."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatdoc.apps.server.command_specs import SPECS
from chatdoc.apps.server.document_access import command_method
from chatdoc.document import Document
from chatdoc.serve import Limits
from tests.apps.server.serving import Serving


def events(lines: Iterator[str], count: int) -> list[tuple[int, dict[str, Any]]]:
    """The next events of a stream."""
    found: list[tuple[int, dict[str, Any]]] = []
    number = 0
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "id":
            number = int(value)
        if name == "data":
            found.append((number, json.loads(value)))
        if len(found) == count:
            break
    return found


def test_pages_of_messages_join_without_gap(serving: Serving) -> None:
    """Going back with `before` gives every message once, in order."""
    made = serving.command("a.chat", type="create_thread", sender_id="ada", content="0")["record"]
    for number in range(1, 23):
        serving.command(
            "a.chat", type="send", thread_id=made["thread_id"], sender_id="ada", content=str(number)
        )
    found: list[str] = []
    before = None
    while True:
        params = {"thread": made["thread_id"], "limit": "5", **({"before": before} if before else {})}
        page = serving.http.get("/api/documents/a.chat/messages", params=params).json()
        found = [one["history"][0]["content"] for one in page["messages"]] + found
        before = page["before"]
        if before is None:
            break
    assert found == [str(number) for number in range(23)]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/team.chat", 404, "not_found"),
        ("GET", "/api/document/a.chat/threads", 404, "not_found"),
        ("GET", "/api/documents/a.chat/commands", 405, "misuse"),
    ],
)
def test_an_address_that_is_none_is_answered_as_its_reader_reads(
    serving: Serving, method: str, path: str, status: int, code: str
) -> None:
    """A program is answered in JSON with a code, as everywhere; a browser gets a page that leads on."""
    came = serving.http.request(method, path)
    assert (came.status_code, came.json()["error"]["code"]) == (status, code)
    page = serving.http.request(method, path, headers={"Accept": "text/html,*/*;q=0.8"})
    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    way_up = "/".join([".."] * (path.count("/") - 1)) or "."
    assert f'href="{way_up}/"' in page.text
    assert f'href="{way_up}/debug-assets/debug.css"' in page.text


def test_pages_of_threads_join_without_gap(serving: Serving) -> None:
    """Going back with `before` gives every thread once, in order; without `limit` a page has a hundred."""
    for number in range(103):
        serving.command("a.chat", type="create_thread", sender_id="ada", content="x", name=str(number))
    gone = serving.http.get("/api/documents/a.chat/threads", params={"limit": "4"}).json()["threads"][1]
    serving.command("a.chat", type="delete_thread", thread_id=gone["thread_id"], deleted_by="ada")
    left = [str(number) for number in range(103) if str(number) != gone["config"]["name"]]
    for limit, deleted in (({"limit": "20"}, "0"), ({}, "0"), ({"limit": "40"}, "1")):
        found: list[str] = []
        before: str | None = ""
        while before is not None:
            params = {**limit, "deleted": deleted, **({"before": before} if before else {})}
            page = serving.http.get("/api/documents/a.chat/threads", params=params).json()
            assert len(page["threads"]) <= int(limit.get("limit", "100"))
            found = [one["config"]["name"] for one in page["threads"]] + found
            before = page["before"]
        assert found == ([str(number) for number in range(103)] if deleted == "1" else left)
    asked = {"before": "no thread"}
    assert serving.http.get("/api/documents/a.chat/threads", params=asked).status_code == 404


def test_a_page_of_threads_has_bounded_size(tmp_path: Path) -> None:
    """Long names make it shorter, and one thread is there in any case."""
    with Serving(tmp_path, limits=Limits(page_bytes_max=4096)) as serving:
        for number in range(6):
            name = f"{number}" + "n" * (1500 if number < 5 else 5000)
            serving.command("a.chat", type="create_thread", sender_id="ada", content="x", name=name)
        page = serving.http.get("/api/documents/a.chat/threads").json()
        assert [one["config"]["name"][0] for one in page["threads"]] == ["5"]
        asked = {"before": page["before"]}
        page = serving.http.get("/api/documents/a.chat/threads", params=asked).json()
        assert [one["config"]["name"][0] for one in page["threads"]] == ["3", "4"]


def test_threads_are_records_with_config_and_state(serving: Serving) -> None:
    """A thread has its fields, its config, its state and how many messages it has."""
    made = serving.command("a.chat", type="create_thread", sender_id="ada", content="x", name="Plan")[
        "record"
    ]
    serving.command(
        "a.chat", type="configure", thread_id=made["thread_id"], updated_by="bob", acp_config={"model": "m"}
    )
    [thread] = serving.http.get("/api/documents/a.chat/threads").json()["threads"]
    assert {name: thread[name] for name in made} == made
    assert (thread["config"]["name"], thread["config"]["acp_config"], thread["messages"]) == (
        "Plan",
        {"model": "m"},
        1,
    )
    serving.command("a.chat", type="delete_thread", thread_id=made["thread_id"], deleted_by="bob")
    assert serving.http.get("/api/documents/a.chat/threads").json()["threads"] == []


def test_the_event_stream_goes_on_where_it_stopped(serving: Serving) -> None:
    """Each event comes once, live, under its sequence; `Last-Event-ID` brings those that were missed."""
    thread = serving.command("a.chat", type="create_thread", sender_id="ada", content="x")["record"][
        "thread_id"
    ]
    stream = {"Accept": "text/event-stream"}
    path = "/api/documents/a.chat/events"
    with serving.http.stream("GET", path, headers=stream, params={"after": "0"}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        first = events(response.iter_lines(), 3)
    last = first[-1][0]
    for number in range(3):
        serving.command("a.chat", type="send", thread_id=thread, sender_id="ada", content=f"m{number}")
    with serving.http.stream("GET", path, headers={**stream, "Last-Event-ID": str(last)}) as response:
        lines = response.iter_lines()
        missed = events(lines, 3)
        serving.command("a.chat", type="append_activity", thread_id=thread, kind="tool", summary="ran")
        live = events(lines, 1)
    assert [one["payload"]["text"] for _, one in missed] == ["m0", "m1", "m2"]
    assert [number for number, _ in missed + live] == [last + 1, last + 2, last + 3, last + 4]
    assert live[0][1]["payload"]["activity"]["summary"] == "ran"
    page = serving.http.get(path, params={"after": str(last), "limit": "2"}).json()
    assert [one["sequence"] for one in page["events"]] == [last + 1, last + 2]
    assert page["complete"] is False


def test_integrity_is_followed_live(serving: Serving) -> None:
    """The report comes at once and again when a rule breaks."""
    serving.command("a.chat", type="create_thread", sender_id="ada", content="x")
    path = "/api/documents/a.chat/integrity"
    assert serving.http.get(path, params={"full": "1"}).json()["ok"] is True
    with serving.http.stream("GET", path, headers={"Accept": "text/event-stream"}) as response:
        [(_, report)] = events(response.iter_lines(), 1)
        assert report["ok"] is True
        metrics = serving.http.get("/metrics").text
    assert "chat_integrity_orphan_messages 0.0" in metrics


@pytest.mark.parametrize(
    ("command", "status", "code"),
    [
        ({"type": "fly"}, 400, "misuse"),
        ({"type": "send", "thread_id": "x"}, 400, "misuse"),
        ({"type": "edit", "message_id": "x", "content": "y", "author_id": "a", "color": 1}, 400, "misuse"),
        ({"type": "create_thread", "content": "x"}, 400, "misuse"),
        ({"type": "edit", "message_id": "x", "content": "y", "author_id": "a"}, 404, "not_found"),
        ({"type": "create_thread", "sender_id": "a", "content": 5}, 409, "command_refused"),
        ({"type": "create_thread", "sender_id": "a", "content": "x", "color": 1}, 400, "misuse"),
        (
            {"type": "send", "thread_id": "t", "sender_id": "a", "content": "x", "fields": {"command_id": 1}},
            400,
            "misuse",
        ),
        ([1], 400, "misuse"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(
    serving: Serving, command: Any, status: int, code: str
) -> None:
    """Misuse and refusal have a status, a code and words."""
    came = serving.http.post("/api/documents/a.chat/commands", json=command)
    answer = came.json()
    assert (came.status_code, answer["ok"], answer["error"]["code"]) == (status, False, code)
    assert answer["error"]["message"]


def test_further_fields_are_part_of_the_record(serving: Serving) -> None:
    """What a client puts into `fields` comes back with the record, and only what the methods take is taken."""
    made = serving.command("a.chat", type="create_thread", sender_id="ada", content="x")["record"]
    sent = serving.command(
        "a.chat",
        type="send",
        thread_id=made["thread_id"],
        sender_id="ada",
        content="y",
        fields={"mood": "good"},
    )["record"]
    assert sent["extra"] == {"mood": "good"}


def test_a_command_must_be_json(serving: Serving) -> None:
    """A form that another page can post without asking is refused."""
    came = serving.http.post(
        "/api/documents/a.chat/commands", content=b"{}", headers={"Content-Type": "text/plain"}
    )
    assert came.status_code == 415


def test_every_command_names_a_method_with_its_parameters(serving: Serving) -> None:
    """The table of commands and the Python methods agree on every parameter, and neither has one more."""

    def differences(doc: Document) -> dict[str, set[str]]:
        return {
            name: names ^ set(inspect.signature(command_method(doc, spec.method)).parameters)
            for name, spec in SPECS.items()
            for names in [{*spec.required, *spec.optional, *filter(None, [spec.author]), "command_id"}]
        }

    assert {name: more for name, more in serving.call("a.chat", differences).items() if more} == {}


@pytest.mark.parametrize("name", SPECS)
def test_a_field_that_a_command_does_not_know_is_an_error(serving: Serving, name: str) -> None:
    """A typo is told, and not taken for data or left out."""
    given = dict.fromkeys(SPECS[name].required, "x")
    came = serving.http.post("/api/documents/a.chat/commands", json={"type": name, **given, "reply_too": "x"})
    assert came.status_code == 400
    assert came.json()["error"] == {"code": "misuse", "message": f"{name}: knows no field 'reply_too'"}


def test_a_message_id_that_is_given_makes_one_message(serving: Serving) -> None:
    """A bridge that repeats itself under another command id gets the message it made."""
    root, reply = "01M8J4VHWACFE3DNJAKQVE2001", "01M8J4VHWACFE3DNJAKQVE2002"
    for _ in range(2):
        thread = serving.command(
            "a.chat", type="create_thread", sender_id="ada", content="x", message_id=root, fields={"own": 1}
        )["record"]
        assert thread["root_message_id"] == root
        sent = serving.command(
            "a.chat",
            type="send",
            thread_id=thread["thread_id"],
            sender_id="ada",
            content="y",
            message_id=reply,
        )["record"]
        assert sent["message_id"] == reply
    [found] = serving.http.get("/api/documents/a.chat/threads").json()["threads"]
    assert found["messages"] == 2


@pytest.mark.parametrize(
    "given",
    [
        {"headers": {"Last-Event-ID": "9" * 5000}},
        {"headers": {"Last-Event-ID": "9" * 20}},
        {"headers": {"Last-Event-ID": "seven"}},
        {"headers": {"Last-Event-ID": "-1"}},
        {"params": {"after": "9" * 16}},
        {"params": {"limit": "few"}},
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_number_that_cannot_be_read_is_told(serving: Serving, accept: str, given: dict[str, Any]) -> None:
    """Who asks for what lies beyond an event is not answered as if nothing had been asked."""
    given = {**given, "headers": {"Accept": accept, **given.get("headers", {})}}
    came = serving.http.get("/api/documents/a.chat/events", **given)
    assert (came.status_code, came.json()["error"]["code"]) == (400, "misuse")


def test_a_log_that_ends_before_its_follower_is_followed_from_its_beginning(serving: Serving) -> None:
    """Whoever followed another log, as before a backup came back, is told so and misses nothing of this one."""
    serving.command("a.chat", type="create_thread", sender_id="ada", content="x")
    path = "/api/documents/a.chat/events"
    page = serving.http.get(path).json()
    headers = {"Accept": "text/event-stream", "Last-Event-ID": str(page["after"] + 1)}
    with serving.http.stream("GET", path, headers=headers) as response:
        lines = response.iter_lines()
        [(_, gap)] = events(lines, 1)
        assert gap == {"after": page["after"] + 1, "last_sequence": page["after"]}
        assert [one for _, one in events(lines, len(page["events"]))] == page["events"]
    came = serving.http.get(path, params={"after": page["after"] + 1})
    assert (came.status_code, came.json()["error"]["code"]) == (409, "command_refused")
    assert serving.http.get(path, params={"after": page["after"]}).json()["events"] == []
