"""What a tool was given and gave back is told in whatever shape a tool's log has it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.session.weave import LogWeaver
from tests.migrate.sessions.logs import CASES, log_of, read, view_of


def codex(*payloads: dict[str, Any]) -> LogWeaver:
    """A minimal rollout that goes on with these items."""
    _, raw = log_of(CASES / "codex-minimal")
    rows = [
        {"timestamp": "2026-03-01T11:00:00Z", "type": "response_item", "payload": one} for one in payloads
    ]
    return read(raw + b"".join(msgspec.json.encode(row) + b"\n" for row in rows), "log")


def acp(*updates: dict[str, Any]) -> LogWeaver:
    """A session that was told these updates after its prompt."""
    prompt = {"sessionId": "s", "prompt": [{"type": "text", "text": "Tie."}]}
    rows: list[dict[str, Any]] = [{"jsonrpc": "2.0", "id": 1, "method": "session/prompt", "params": prompt}]
    for one in updates:
        told = {"sessionId": "s", "update": one}
        rows.append({"jsonrpc": "2.0", "method": "session/update", "params": told})
    return read(b"".join(msgspec.json.encode(row) + b"\n" for row in rows), "log")


def texts(weaver: LogWeaver) -> str:
    """All texts that the session's messages ever had, and what is kept of it."""
    view = view_of(weaver.woven.all_facts())
    said = [one.content for one in view.headers.values()]
    said += [one.content for revisions in view.revisions.values() for one in revisions]
    return "\n".join([*said, *(row.text for row in view.attic())])


@pytest.mark.parametrize(
    "output",
    [
        {"content_items": [{"type": "input_text", "text": "a crow"}]},
        {"stdout": "a crow", "success": True},
        {"content": {"seen": "a crow"}},
        ["a crow"],
        {"content": [{"type": "output_text", "text": "a crow"}], "success": False},
        [{"type": "output_text", "text": "a crow"}, {"type": "output_text", "text": 5}],
    ],
)
def test_an_output_of_any_shape_is_told(output: Any) -> None:
    """One that has no text where texts were so far is told as the JSON that it is."""
    call = {"type": "function_call", "name": "look", "call_id": "c", "arguments": ["far"]}
    told = codex(call, {"type": "function_call_output", "call_id": "c", "output": output})
    assert "a crow" in texts(told)
    (tool,) = [
        header.fields["tool_call"]
        for header in view_of(told.woven.all_facts()).headers.values()
        if header.fields and "tool_call" in header.fields
    ]
    assert tool["input"] == ["far"]


def test_a_prompt_that_has_no_text_where_texts_were_is_kept() -> None:
    """It was a prompt without a text, and what it said was nowhere."""
    told = codex(
        {"type": "message", "role": "user", "content": [{"type": "omen", "text": {"seen": "a crow"}}]}
    )
    assert "a crow" in texts(told)


def test_a_call_that_is_over_when_it_is_first_told_has_its_result() -> None:
    """An agent tells of a quick one in one update."""
    call = {
        "sessionUpdate": "tool_call",
        "toolCallId": "c",
        "title": "Look",
        "kind": "read",
        "status": "failed",
    }
    told = acp({**call, "content": [{"type": "content", "content": {"type": "text", "text": "a crow"}}]})
    assert "a crow" in texts(told)
    assert [one.kind for one in told.woven.activities] == ["tool.started", "tool.completed"]
    assert [one.failed for one in told.woven.activities] == [False, True]


def test_a_change_of_a_file_is_told_with_what_was_and_what_is() -> None:
    """ACP tells it as a piece of its own kind, which was named and left out."""
    change = {"type": "diff", "path": "/loom/knot", "oldText": "a crow", "newText": "two crows"}
    told = acp(
        {
            "sessionUpdate": "tool_call",
            "toolCallId": "c",
            "title": "Edit",
            "kind": "edit",
            "status": "pending",
        },
        {"sessionUpdate": "tool_call_update", "toolCallId": "c", "status": "completed", "content": [change]},
    )
    assert all(part in texts(told) for part in ("/loom/knot", "a crow", "two crows"))


@pytest.mark.parametrize(
    ("first", "next_", "shown"),
    [("", "a crow", "a crow"), ("a crow", "", "a crow"), ("a", "a crow", "a crow")],
)
def test_an_update_after_a_call_that_was_over_at_once_is_its_result(
    first: str, next_: str, shown: str
) -> None:
    """It was a message of its own, and moved what followed to other ids, under which a new reading told it twice."""

    def told(kind: str, text: str) -> dict[str, Any]:
        content = [{"type": "content", "content": {"type": "text", "text": text}}] if text else []
        about = {"sessionUpdate": kind, "toolCallId": "t", "kind": "read", "title": "look"}
        return {**about, "status": "completed", "content": content}

    weaver = acp(told("tool_call", first), told("tool_call_update", next_))
    view = view_of(weaver.woven.all_facts())
    (message,) = [one for one in map(view.message, view.headers) if one and "tool_call" in one.extra]
    assert message.content.endswith(f"```\n{shown}\n```")
    assert message.extra["tool_state"] == "completed"
    (thread,) = weaver.threads.values()
    assert thread.calls == 1
    assert [one.kind for one in weaver.woven.activities] == ["tool.started", "tool.completed"]
