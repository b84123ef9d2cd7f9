"""Whatever rows meet in a CoCalc file, all of them are found again, in any order of lines, and no rule is broken."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from time import process_time

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatdoc.crdt import keys
from chatdoc.model.clock import iso
from chatdoc.model.errors import UnreadableFile
from chatdoc.model.facts import DocumentFact
from chatdoc.model.records.attic import AtticRow
from chatdoc.model.view.apply import apply, canonical
from chatdoc.model.view.view import View
from invariants.full import check_all
from migrate import Migration, migrate
from migrate.v2.write import render
from tests.examples import examples
from tests.migrate.legacy_rows import T0, files
from tests.tidy.source import PROJECT

FUZZ = settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
WORD = re.compile(r"w\d+w")
CHILD = """
import sys
from hashlib import sha256
from chatdoc.crdt.keys import encode
from migrate import migrate
made = migrate(sys.stdin.buffer.read())
told = "".join("".join(encode(fact)) for fact in made.facts).encode() + made.report.to_json()
print(sha256(told).hexdigest())
"""


def made_of(source: bytes) -> Migration | None:
    """The migration, or None for a file none of whose lines tells that it is a chat."""
    try:
        return migrate(source)
    except UnreadableFile:
        return None


def view_of(made: Migration) -> View:
    """The view of what was made."""
    view = View()
    apply(view, made.facts, origin="migration")
    return view


@FUZZ
@given(files())
def test_every_word_is_found_again(source: bytes) -> None:
    """No value of any row is lost: each is in a fact, as itself or within a line kept word for word."""
    made = made_of(source)
    if made is None:
        return
    kept = " ".join(keys.encode(fact)[2] for fact in made.facts)
    assert set(WORD.findall(source.decode())) - set(WORD.findall(kept)) == set()


@FUZZ
@given(files())
def test_every_line_has_one_fate(source: bytes) -> None:
    """The lines add up, and every line that no program reads lies in quarantine word for word."""
    made = made_of(source)
    if made is None:
        return
    lines = source.split(b"\n")
    assert made.report.lines["total"] == len(lines) - (not lines[-1])
    kept = {fact.text for fact in made.facts if isinstance(fact, AtticRow)}
    for line in lines:
        try:
            row = msgspec.json.decode(line)
        except msgspec.MsgspecError:
            row = None
        if line.strip() and not isinstance(row, dict):
            assert line.decode().rstrip("\r") in kept


@FUZZ
@given(files(), st.randoms(use_true_random=False))
def test_order_of_lines_has_no_meaning(source: bytes, dice: random.Random) -> None:
    """The same lines in another order give the same facts in the same order, but for the document's own."""
    made = made_of(source)
    lines = source.split(b"\n")
    dice.shuffle(lines)
    again = made_of(b"\n".join(lines))
    assert (made is None) == (again is None)
    if made is None or again is None:
        return
    one, other = (
        [canonical(fact) for fact in found.facts if not isinstance(fact, DocumentFact)]
        for found in (made, again)
    )
    assert one == other


@FUZZ
@given(files())
def test_no_rule_is_broken(source: bytes) -> None:
    """What came out passes the full check, and peers take every fact of it."""
    made = made_of(source)
    if made is None:
        return
    found = check_all(view_of(made)).values()
    assert [(one.code, one.subject, one.detail) for one in found if one.severity == "violation"] == []
    for fact in made.facts:
        root, key, text = keys.encode(fact)
        assert keys.key_problem(root, key) is None
        assert keys.decode(root, key, text) is not None


@FUZZ
@given(files())
def test_second_migration_changes_nothing(source: bytes) -> None:
    """The text written from a migration is read back without a remark and written again as it is."""
    made = made_of(source)
    text = render(view_of(made)) if made is not None else b""
    if not text:
        return
    again = migrate(text)
    assert again.report.anomalies == ()
    assert render(view_of(again)) == text


@FUZZ
@given(files())
def test_history_keeps_its_order(source: bytes) -> None:
    """A message row alone in its file has the texts of its history, the newest first, whatever their dates."""
    for line in source.split(b"\n"):
        try:
            row = msgspec.json.decode(line)
        except msgspec.MsgspecError:
            continue
        history = row.get("history") if isinstance(row, dict) and row.get("event") == "chat" else None
        contents = [entry["content"] for entry in history or () if isinstance(entry, dict)]
        if contents:
            view = view_of(migrate(line))
            messages = [view.message(message_id) for message_id in view.message_ids()]
            assert contents in [[text.content for text in one.history] for one in messages if one is not None]


def test_every_process_makes_the_same() -> None:
    """Processes with other hash seeds make the same facts in the same order, and the same report."""
    folders = [
        path for path in (PROJECT / "golden" / "migrate").iterdir() if path.name.startswith(("coc", "conf"))
    ]
    lines = [path.read_bytes() for folder in sorted(folders) for path in folder.glob("source.*")]
    source = b"\n".join(lines)
    digests = {
        subprocess.run(
            [sys.executable, "-c", CHILD],
            input=source,
            capture_output=True,
            check=True,
            cwd=PROJECT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(PROJECT)},
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(digests) == 1


def _row(number: int, date: int, reply_to: int | None = None, **more: object) -> bytes:
    row = {"event": "chat", "sender_id": f"s{number % 7}", "date": iso(date), **more}
    row["history"] = [{"author_id": "s", "content": f"text {number}", "date": iso(date)}]
    if reply_to is not None:
        row["reply_to"] = iso(reply_to)
    return msgspec.json.encode(row)


HOSTILE: dict[str, Callable[[], list[bytes]]] = {
    "one moment": lambda: [_row(n, T0) for n in range(8000)],
    "one moment, replies": lambda: [_row(n, T0, T0 + 5) for n in range(8000)] + [_row(1, T0 + 5)],
    "a chain downwards": lambda: [_row(n, T0 + n, T0 + n - 1 if n else None) for n in range(8000)],
    "a chain upwards": lambda: [_row(n, T0 - n, T0 - n + 1 if n else None) for n in range(8000)],
    "one circle": lambda: [_row(n, T0 + n, T0 + (n + 1) % 8000) for n in range(8000)],
    "many circles": lambda: [_row(n, T0 + n, T0 + (n ^ 1)) for n in range(8000)],
    "many circles in one thread": lambda: [
        _row(n, T0 + n, message_id=f"m{n}", thread_id="t", parent_message_id=f"m{n ^ 1}") for n in range(8000)
    ],
    "one id": lambda: [_row(n, T0 + n, message_id="m", thread_id="t") for n in range(8000)],
    "stubs of one moment": lambda: [b'{"date":"%s","name":"n%d"}' % (iso(T0).encode(), n) for n in range(8000)],
    "configs of one thread": lambda: [
        b'{"event":"chat-thread-config","thread_id":"t","date":0,"name":"n%d"}' % n for n in range(8000)
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_no_file_takes_forever(name: str) -> None:
    """A file made to be slow takes no more than some times what a plain one of as many rows takes."""
    assert _cpu_s(HOSTILE[name]()) < 15 * _plain_cpu_s() + 0.5


@cache
def _plain_cpu_s() -> float:
    return _cpu_s([_row(n, T0 + n * 1000) for n in range(8000)])


def _cpu_s(rows: list[bytes]) -> float:
    """What a migration takes of the processor, whoever else has it meanwhile."""
    source, begun = b"\n".join(rows), process_time()
    migrate(source)
    return process_time() - begun
