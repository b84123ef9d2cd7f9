"""What a change left behind, table by table: facts of the document, events, folded rows, receipts and leases.

`docs/turns.md` uses it. It asks an open document for its facts, and SQLite for the rest.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from chatdoc import Document
from chatdoc.crdt.keys import encode
from chatdoc.model.view.lookup import all_facts

FOLDED = {
    "projection_thread_messages": 1,
    "projection_thread_turns": 1,
    "projection_thread_sessions": 1,
    "projection_thread_activities": 1,
    "projection_pending_approvals": 1,
    "pending_turn_starts": 2,
}
"""The folded tables that are shown, and how many columns tell one row from another."""
LEASES = "SELECT message_id, thread_id FROM turn_leases"
EVENTS = (
    "SELECT sequence, stream_version, event_type, payload_json, actor_kind FROM orchestration_events"
    " WHERE sequence > ? ORDER BY sequence"
)
RECEIPTS = "SELECT command_id, status, result_sequence FROM orchestration_command_receipts ORDER BY rowid"

ULID = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{23}([0-9A-HJKMNP-TV-Z]{3})\b")
MOMENT = re.compile(r"\b\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)(?:\.\d{3})?Z")
DIGEST = re.compile(r"\b([0-9a-f]{6})[0-9a-f]{26}\b")
Known = dict[tuple[str, ...], Any]


class Rows:
    """What a document and its store hold; each `look` prints what came and went since the last one."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._names: dict[str, str] = {}
        self._facts: Known = {}
        self._folded: Known = {}
        self._leases: Known = {}
        self._last_event = 0
        self._receipts = 0

    def call(self, **names: str) -> None:
        """Show ids by these names."""
        self._names.update({id_: name for name, id_ in names.items()})

    def look(self) -> None:
        """Print it: one line for each fact, event, folded row, receipt and lease."""
        for line in [*self._look_at_facts(), *self._look_at_store()]:
            print(self._short(line))

    def _look_at_facts(self) -> Iterator[str]:
        facts: Known = {}
        for fact in all_facts(self.document.view):
            root, key, text = encode(fact)
            facts[root, key] = text
        for sign, one in came_and_went(self._facts, facts):
            yield f"fact    {sign} {one[0]} {facts.get(one, self._facts.get(one))}"
        self._facts = facts

    def _look_at_store(self) -> Iterator[str]:
        assert self.document.store_path is not None, "a document in memory has no store"
        with closing(sqlite3.connect(self.document.store_path)) as store:
            for sequence, version, kind, payload, actor in store.execute(EVENTS, (self._last_event,)):
                yield f"event   {sequence} v{version} {kind} ({actor}) {payload}"
                self._last_event = sequence
            yield from self._look_at_folded(store)
            receipts = store.execute(RECEIPTS).fetchall()
            for command_id, status, sequence in receipts[self._receipts :]:
                yield f"receipt {command_id}: {status}, event {sequence}"
            self._receipts = len(receipts)
            leases: Known = {tuple(row): row for row in store.execute(LEASES)}
            for sign, row in came_and_went(self._leases, leases):
                yield f"lease   {sign} {row[0]} of {row[1]}"
            self._leases = leases

    def _look_at_folded(self, store: sqlite3.Connection) -> Iterator[str]:
        folded: Known = {}
        for table, keys in FOLDED.items():
            found = store.execute(f"SELECT * FROM {table}")
            columns = [column[0] for column in found.description]
            for row in found:
                folded[table, *row[:keys]] = dict(zip(columns, row, strict=True))
        for one in sorted(self._folded.keys() | folded.keys()):
            before, after = self._folded.get(one), folded.get(one)
            if before == after:
                continue
            name, key = one[0].removeprefix("projection_"), "/".join(one[1:])
            if after is None:
                yield f"row     - {name} {key}"
            elif before is None:
                named = len(one) - 1  # Its key is shown in front.
                given = {name: value for name, value in list(after.items())[named:] if value is not None}
                yield f"row     + {name} {key}: {told(given)}"
            else:
                changed = {column: value for column, value in after.items() if value != before[column]}
                yield f"row     ~ {name} {key}: {told(changed)}"
        self._folded = folded

    def _short(self, line: str) -> str:
        """The line with names for ids, or their last characters, and the time of day for moments."""
        for id_, name in self._names.items():
            line = line.replace(id_, name)
        return DIGEST.sub(r"\1…", MOMENT.sub(r"\1", ULID.sub(r"…\1", line)))


def told(row: dict[str, Any]) -> str:
    """Columns and what they hold; text with spaces, or none, in quotes."""
    return ", ".join(
        f"{column} {json.dumps(value) if value in ('', None) or ' ' in str(value) else value}"
        for column, value in row.items()
    )


def came_and_went(before: Known, after: Known) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What is in one and not in the other: a minus for what went, a plus for what came."""
    yield from (("-", one) for one in sorted(before.keys() - after.keys()))
    yield from (("+", one) for one in sorted(after.keys() - before.keys()))
