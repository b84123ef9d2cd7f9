"""A line of which a part is shown nowhere is kept word for word, whatever else of it became a setting or a count."""

from __future__ import annotations

from typing import Any

import msgspec

from migrate.session.weave import LogWeaver
from tests.migrate.sessions.logs import CASES, log_of, read, view_of

SESSION = "c1a0de00-0000-4000-8000-000000000001"


def lines_of(*rows: dict[str, Any]) -> bytes:
    """Rows of Claude Code as a log, after a minimal one."""
    _, raw = log_of(CASES / "claude-minimal")
    return raw + b"".join(msgspec.json.encode(row) + b"\n" for row in rows)


def kept(weaver: LogWeaver) -> list[str]:
    """The texts of the attic."""
    return [row.text for row in view_of(weaver.woven.all_facts()).attic()]


def test_a_block_of_an_unknown_kind_is_counted_and_kept_beside_the_tokens_of_its_message() -> None:
    """What a newer agent says is not lost because its line also says what it cost, or has a text besides."""
    row = {"type": "assistant", "sessionId": SESSION}
    said = {"id": "msg_9", "role": "assistant", "model": "claude-opus-4-8"}
    usage = {"input_tokens": 3, "output_tokens": 90}
    alone = {"type": "oracle_use", "omen": "crow"}
    beside = [{"type": "text", "text": "So it is."}, {"type": "oracle_result", "omen": "two crows"}]
    weaver = read(
        lines_of(
            row | {"uuid": "a", "message": said | {"content": [alone], "usage": usage}},
            row | {"uuid": "b", "message": said | {"content": beside}},
        ),
        "log",
    )
    assert weaver.progress.unknown_kinds == {
        "claude/assistant/oracle_use": 1,
        "claude/assistant/oracle_result": 1,
    }
    assert [any(f'"omen":"{omen}"' in text for text in kept(weaver)) for omen in ("crow", "two crows")] == [
        True,
        True,
    ]


def test_what_says_the_version_first_is_kept_with_what_else_it_says() -> None:
    """The line of a hook that a new version of the tool begins with, and a kind that only this version writes."""
    hook = {"type": "hook_success", "content": "the loom is oiled"}
    weaver = read(
        lines_of(
            {"type": "attachment", "uuid": "a", "sessionId": SESSION, "version": "3.0.0", "attachment": hook},
            {"type": "omen", "uuid": "b", "sessionId": SESSION, "version": "3.0.1", "seen": "a crow"},
        ),
        "log",
    )
    assert weaver.progress.unknown_kinds == {"claude/omen": 1}
    assert [any(told in text for text in kept(weaver)) for told in ("the loom is oiled", "a crow")] == [
        True,
        True,
    ]


def test_a_line_is_kept_once_whatever_it_says() -> None:
    """The header of a rollout gives settings and is kept by itself; nothing keeps it again."""
    _, raw = log_of(CASES / "codex-minimal")
    texts = kept(read(raw, "log"))
    assert len(texts) == len(set(texts))
