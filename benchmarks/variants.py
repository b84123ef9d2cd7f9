"""What 1.6 MB of variants of one record cost to open, against as many bytes of messages that have nothing in common."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.measure import Result, compare, seconds
from benchmarks.sizes import sized
from chatdoc.model.ids import derive
from chatdoc.model.view import apply
from chatdoc.model.view.view import View
from invariants.full import check_all
from migrate import migrate

BYTES = sized(1_600_000)
_DATE = "2023-11-14T22:13:20.000Z"
_T, _ROOT, _M = (derive("message", 1_700_000_000_000, part) for part in ("t", "root", "m"))
_THREAD: dict[str, Any] = {
    "event": "thread", "thread_id": _T, "created_at": _DATE, "created_by": "a", "root_message_id": _ROOT,
}  # fmt: skip


def _said(message_id: str, text: str, **fields: Any) -> dict[str, Any]:
    history = [{"author_id": "a", "content": text, "date": _DATE}]
    reply = {} if message_id == _ROOT else {"reply_to_message_id": _ROOT}
    return {"event": "message", "message_id": message_id, "thread_id": _T, "sender_id": "a", "date": _DATE,
            "history": history, **reply, **fields}  # fmt: skip


def _source(rows: Iterator[dict[str, Any]]) -> bytes:
    lines = [json.dumps(_THREAD), json.dumps(_said(_ROOT, "root"))]
    size = 0
    for row in rows:
        lines.append(json.dumps(row))
        size += len(lines[-1])
        if size >= BYTES:
            break
    return "\n".join(lines).encode()


def _opened(source: bytes) -> None:
    view = View()
    apply.apply(view, migrate(source).facts, origin="migration")
    check_all(view)


def results() -> Iterator[Result]:
    many = range(BYTES)
    plain = _source(_said(derive("message", number, "x"), f"text {number}", own=number) for number in many)
    kinds = {
        "texts": _source(_said(_M, f"text {number}") for number in many),
        "fields": _source(_said(_M, "text", own=number) for number in many),
        "marks": _source(_said(_M, "text", own=number, stamps={"own": [_ROOT, "a"]}) for number in many),
        "identities": _source(_THREAD | {"created_by": f"u{number}"} for number in many),
    }
    for name, source in kinds.items():
        yield compare(
            f"open 1.6 MB of {name} of one record / of plain messages",
            partial(seconds, partial(_opened, source)),
            partial(seconds, partial(_opened, plain)),
            goal=3.0,
            unit="ms",
            rounds=3,
        )
