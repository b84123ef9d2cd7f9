"""A consensus run becomes a thread: a turn a stage, in which each agent answers, and the synthesis ends it.

Ids derive from spec, run and the identity that a row has in its database, so the same rows give the same facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from chatdoc.model.clock import iso, ms_of
from chatdoc.model.facts import Fact, Header, SettingFact, StateFact, ThreadFact
from chatdoc.model.ids import STAMP_MS_END, MessageId, Stamp, ThreadId, derive

SENDER = "consensus"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one run, in the order of their moments; each is an artifact or a synthesis by its fields."""

    spec_id: str
    run_id: str
    rows: list[Mapping[str, Any]]

    @property
    def thread_id(self) -> ThreadId:
        """The thread of this run, in whichever document it is."""
        return ThreadId(derive("consensus run", 0, self.spec_id, self.run_id))


def runs_of(artifacts: Sequence[Mapping[str, Any]], syntheses: Sequence[Mapping[str, Any]]) -> list[Run]:
    """The runs that rows belong to; rows without a run are one run a spec."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    rows = [*((row, 0) for row in artifacts), *((row, 1) for row in syntheses)]
    # A synthesis stands behind the artifacts of its own second, of which it was made.
    for row, _ in sorted(rows, key=lambda one: (_ms(one[0]), one[1])):
        found.setdefault((str(row["spec_id"]), str(row.get("run_id") or "")), []).append(row)
    return [Run(spec_id=spec, run_id=run, rows=rows) for (spec, run), rows in found.items()]


def facts_of(run: Run, *, begun: bool, is_known: Callable[[str], bool]) -> list[Fact]:
    """The facts that a document lacks of a run; `is_known` says whether it has a message."""
    root = MessageId(derive("consensus root", 0, run.thread_id))
    clock = _ms(run.rows[0])
    name = f"{run.spec_id} {run.run_id}".strip()
    facts: list[Fact] = []
    if not begun:
        facts += [
            ThreadFact(
                thread_id=run.thread_id,
                created_at=iso(clock),
                created_by=SENDER,
                root_message_id=root,
                extra={"consensus": {"spec_id": run.spec_id, "run_id": run.run_id or None}},
            ),
            Header(
                message_id=root,
                thread_id=run.thread_id,
                sender_id="system",
                date=iso(clock),
                content=f"consensus run {name}",
            ),
            SettingFact(
                thread_id=run.thread_id,
                field="name",
                stamp=Stamp(derive("setting", clock, run.thread_id, "name")),
                value=name,
                by=SENDER,
            ),
        ]
    for row in run.rows:
        clock = max(clock + 1, _ms(row))
        message_id = MessageId(derive("consensus row", 0, run.thread_id, str(row["identity"])))
        if not is_known(message_id):
            facts += _row(run, row, message_id, root, clock)
    return facts


def _row(run: Run, row: Mapping[str, Any], message_id: MessageId, root: MessageId, ms: int) -> list[Fact]:
    is_synthesis = "output_markdown" in row
    told = {"stage": row["stage"], "kind": "synthesis" if is_synthesis else "artifact"}
    kept = ("status", "output_path", "artifacts_count", "agreements", "conflicts", "degraded") if is_synthesis else (
        "response_text", "model_version")  # fmt: skip
    told |= {name: row[name] for name in kept if row.get(name) not in (None, False)}
    failed = is_synthesis and row.get("status") not in ("ok", None, "")
    fields: dict[str, Any] = {"acp_thread_id": run.run_id or run.spec_id, "consensus": told}
    if failed:
        fields["acp_error"] = f"the synthesis of {row['stage']} has another status than ok"
    message = Header(
        message_id=message_id,
        thread_id=run.thread_id,
        sender_id=SENDER if is_synthesis else str(row["agent_name"]),
        date=iso(ms),
        reply_to_message_id=root,
        content=str(row["output_markdown"] if is_synthesis else row["content"]),
        fields=fields,
    )
    state = StateFact(
        thread_id=run.thread_id,
        stamp=Stamp(derive("state", ms, run.thread_id, message_id)),
        state="error" if failed else "complete",
        updated_at=iso(ms),
        active_message_id=message_id,
    )
    return [message, state]


def _ms(row: Mapping[str, Any]) -> int:
    try:
        return min(max(ms_of(str(row.get("created_at") or "")), 0), STAMP_MS_END - 1_000_000_000)
    except (ValueError, OverflowError):
        return 0
