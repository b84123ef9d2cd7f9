"""Legacy chat files of every era, at random: rows of 2013 to 2026 with their quirks, and copies that drifted apart."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from chatdoc.model.clock import iso

START_MS = 1_714_557_600_000
SENDERS = ("ada00000-0000-4000-8000-00000000000a", "b0b00000-0000-4000-8000-00000000000b", "gpt-5.3-codex")
EVENTS = ("draft", "video", "something new")
DAMAGE = ("{", '{"event":"chat"', "\x00\x00", "[1,2]", "not json", '{"corrupt":"x"}')

Row = dict[str, Any]


def legacy_rows(random: Random, size: int = 12) -> list[Row]:
    """Rows of one file, older before newer; each text in them stands nowhere else in the file."""
    rows: list[Row] = []
    ms = START_MS
    roots: list[int] = []
    taken: set[tuple[int, str]] = set()
    for number in range(size):
        # Now and then two rows share a millisecond, by different senders: date and sender were the key of a row.
        ms += random.choice((0, 1, 1000, 86_400_000)) if random.random() < 0.2 else random.randrange(1, 10**6)
        text = f"text {number} {random.getrandbits(40):010x}"
        row = _row(random, ms, text, roots)
        is_root = row["event"] == "chat" and "reply_to" not in row
        if (ms, row["sender_id"]) in taken or (is_root and ms in roots):
            continue
        taken.add((ms, row["sender_id"]))
        rows.append(row)
        if is_root:
            roots.append(ms)
    return rows


def drifted(random: Random, rows: list[Row]) -> list[Row]:
    """The same file as another person has it: rows missing, added, edited, damaged, in another order."""
    copy = [dict(row) for row in rows]
    for _ in range(random.randrange(1, 5)):
        at = random.randrange(len(copy)) if copy else 0
        kind = random.randrange(5)
        if kind == 0 and copy:
            del copy[at]
        elif kind == 1:
            copy += [
                _row(
                    random,
                    START_MS + 10**11 + random.getrandbits(30),
                    f"new {random.getrandbits(40):010x}",
                    [],
                )
            ]
        elif kind == 2 and copy and "history" in copy[at]:
            newest = copy[at]["history"][0]
            edited = {
                **newest,
                "content": f"edit {random.getrandbits(40):010x}",
                "date": iso(START_MS + 10**11),
            }
            copy[at] = {**copy[at], "history": [edited, *copy[at]["history"]]}
        elif kind == 3 and copy:
            copy[at] = {**copy[at], "name": f"name {random.getrandbits(20)}"}
        else:
            random.shuffle(copy)
    return copy


def legacy_file(random: Random, rows: list[Row], *, damage: float = 0.1) -> bytes:
    """A file's bytes; with the given probability a damaged line stands before a row."""
    lines: list[str] = []
    for row in rows:
        if random.random() < damage:
            lines.append(random.choice(DAMAGE))
        lines.append(json.dumps(row, ensure_ascii=False))
    return "\n".join([*lines, ""]).encode()


def _row(random: Random, ms: int, text: str, roots: list[int]) -> Row:
    sender = random.choice(SENDERS)
    kind = random.randrange(10)
    if kind == 0:
        return {"date": ms, "event": "chat", "mesg": {"content": text}, "name": "Ada", "sender_id": sender}
    if kind == 1:
        return {"date": ms, "event": "chat", "payload": {"content": text}, "sender_id": sender}
    if kind == 2:
        event = random.choice(EVENTS)
        return {"date": iso(ms), "event": event, "sender_id": sender, "input": text}
    date: int | str = random.choice((ms, str(ms), iso(ms)))
    first = {"author_id": sender, "content": text, "date": iso(ms)}
    history = [first]
    if random.random() < 0.3:
        later = {"author_id": random.choice(SENDERS), "content": f"again {text}", "date": iso(ms + 500)}
        history = [later, first]
    row: Row = {"date": date, "event": "chat", "history": history, "sender_id": sender, "editing": {}}
    older = [root for root in roots if root < ms]
    if older and random.random() < 0.7:
        # Some replies name another reply, and some a row that is not here.
        target = random.choice((random.choice(older), random.choice(older), ms - 1))
        row["reply_to"] = random.choice((target, iso(target)))
    else:
        if random.random() < 0.4:
            row["name"] = f"name {random.getrandbits(20)}"
        if random.random() < 0.2:
            row["acp_config"] = {"model": random.choice(("a", "b")), "sessionId": "s"}
    if random.random() < 0.2:
        row |= {"generating": random.random() < 0.5, "acp_usage": {"input_tokens": random.randrange(9)}}
    if random.random() < 0.1:
        row["feedback"] = {sender: "positive"}
    return row
