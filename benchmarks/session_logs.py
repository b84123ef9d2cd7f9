"""Session logs in the shape and sizes of real ones, made of nothing but a seed."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any


def codex_lines(
    turns: int, *, seed: int = 5, session: str = "019a0000-0000-7000-8000-000000000001"
) -> list[bytes]:
    """A rollout with so many turns of 20 lines each: prompts, thoughts, calls with results, events, token counts."""
    dice = random.Random(seed)
    words = [
        f"{dice.choice('bcdfghklmnprst')}{dice.choice('aeiou')}{dice.choice('lmnrst')}" for _ in range(400)
    ]

    def text(length: int) -> str:
        return " ".join(dice.choices(words, k=length // 4))

    rows: list[dict[str, Any]] = [
        _row("session_meta", {"id": session, "cwd": "/loom", "cli_version": "0.120.0"}, 0)
    ]
    spent = 0
    for turn in range(turns):
        at = turn * 60

        def event(kind: str, at: int = at, **fields: Any) -> None:
            rows.append(_row("event_msg", {"type": kind, **fields}, at))

        def item(kind: str, at: int = at, **fields: Any) -> None:
            rows.append(_row("response_item", {"type": kind, **fields}, at))

        event("task_started", turn_id=f"turn-{turn}")
        rows.append(
            _row("turn_context", {"turn_id": f"turn-{turn}", "cwd": "/loom", "model": "gpt-5-codex"}, at)
        )
        prompt, answer = text(300), text(900)
        item("message", role="user", content=[{"type": "input_text", "text": prompt}])
        event("user_message", message=prompt, images=[])
        for number in range(3):
            call = f"call-{turn}-{number}"
            item("reasoning", summary=[], content=None, encrypted_content=text(1200))
            item("function_call", name="exec_command", arguments=json.dumps({"cmd": text(60)}), call_id=call)
            output = text(dice.choice((200, 1500, 6000)))
            item("function_call_output", call_id=call, output=output)
            event("exec_command_end", call_id=call, aggregated_output=output[:500], exit_code=0)
        spent += 1000
        usage = {
            "input_tokens": spent,
            "cached_input_tokens": 0,
            "output_tokens": 9,
            "total_tokens": spent + 9,
        }
        event("agent_message", message=answer)
        item("message", role="assistant", content=[{"type": "output_text", "text": answer}])
        event("token_count", info={"total_token_usage": usage, "last_token_usage": usage}, rate_limits={})
        event("task_complete", turn_id=f"turn-{turn}", last_agent_message=answer)
    return [json.dumps(row, separators=(",", ":")).encode() + b"\n" for row in rows]


def folder_of_logs(folder: Path, count: int) -> None:
    """So many small rollouts, 100 a folder, as the tool lays them out."""
    for number in range(count):
        home = folder / f"{number // 100:02d}"
        home.mkdir(parents=True, exist_ok=True)
        session = f"019a0000-0000-7000-8000-{number:012d}"
        (home / f"rollout-{session}.jsonl").write_bytes(b"".join(codex_lines(1, session=session)))


def _row(kind: str, payload: dict[str, Any], at: int) -> dict[str, Any]:
    hours, rest = divmod(at, 3600)
    day, hour = divmod(hours, 24)
    stamp = f"2026-03-{day % 28 + 1:02d}T{hour:02d}:{rest // 60:02d}:{rest % 60:02d}.000Z"
    return {"timestamp": stamp, "type": kind, "payload": payload}
