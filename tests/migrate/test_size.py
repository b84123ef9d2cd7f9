"""What is too large to be stored and shared is refused before it is parsed; cost and memory are linear in bytes."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from typing import Any

import pytest

from chatdoc.model.errors import UnreadableFile
from chatdoc.model.ids import derive
from chatdoc.model.limits import FACT_BYTES_MAX, LINE_BYTES_MAX, MIB
from chatdoc.model.view.apply import apply
from chatdoc.model.view.view import View
from invariants.full import check_all
from migrate import migrate, sniff
from migrate.v2.merge_external import merge
from migrate.v2.write import render
from tests.migrate.test_golden import view_of
from tests.tidy.source import PROJECT

MS = 1_700_000_000_000
DATE = "2023-11-14T22:13:20.000Z"
T, ROOT, M = (derive("message", MS, part) for part in ("t", "root", "m"))
THREAD: dict[str, Any] = {
    "event": "thread", "thread_id": T, "created_at": DATE, "created_by": "a", "root_message_id": ROOT,
}  # fmt: skip


def said(message_id: str, text: str, **fields: Any) -> dict[str, Any]:
    """A message of our own text."""
    history = [{"author_id": "a", "content": text, "date": DATE}]
    reply = {} if message_id == ROOT else {"reply_to_message_id": ROOT}
    return {"event": "message", "message_id": message_id, "thread_id": T, "sender_id": "a", "date": DATE,
            "history": history, **reply, **fields}  # fmt: skip


def legacy(text: str, number: int = 0) -> bytes:
    """A row of CoCalc's."""
    date = f"2024-05-01T10:00:{number:02}.000Z"
    return json.dumps({"event": "chat", "sender_id": "a", "date": date,
                       "history": [{"author_id": "a", "content": text, "date": date}]}).encode()  # fmt: skip


@pytest.mark.parametrize("damaged", [b"", b"{"])
def test_a_line_beyond_the_limit_is_refused_by_its_length(damaged: bytes) -> None:
    """The error names the line, its bytes and the limit, whatever is in it; one of just the limit is taken."""
    fits = LINE_BYTES_MAX - len(legacy("")) - 200
    assert migrate(legacy("x" * fits)).report.lines["record"] == 1
    source = b"\n".join(
        (legacy("a"), legacy("b", 1), damaged + legacy("x" * LINE_BYTES_MAX, 2), legacy("c", 3))
    )
    for reader in (migrate, sniff):
        with pytest.raises(UnreadableFile, match=rf"line 3 has \d+ bytes, expected at most {LINE_BYTES_MAX}"):
            reader(source)


@pytest.mark.parametrize(
    "source",
    [
        b"\x00" * (FACT_BYTES_MAX // 5) + b"\n" + legacy("x"),
        b"\xff" * (FACT_BYTES_MAX // 4) + b"\n" + legacy("x"),
        json.dumps({"messages": [{"id": M, "body": "x", "sender": "a", "time": 1, "big": "x" * FACT_BYTES_MAX}],
                    "users": {}}).encode(),
        b"\n".join(json.dumps({"event": "chat", "sender_id": "a", "date": DATE, f"f{number}": "x" * 3 * MIB,
                               "message_id": M, "thread_id": T}).encode() for number in range(6)),
    ],
    ids=["NULs", "no UTF-8", "one value of an object", "rows of one message together"],
)  # fmt: skip
def test_what_no_peer_would_take_is_refused_whatever_it_was_made_of(source: bytes) -> None:
    """A record that would be larger than the store and peers take is refused, with what it is and how large."""
    with pytest.raises(UnreadableFile, match=f"takes \\d+ bytes, expected at most {FACT_BYTES_MAX}"):
        migrate(source)


def test_a_text_edited_outside_is_refused_beyond_the_limits_too() -> None:
    """So nothing that another program writes into an open file gets into its store."""
    rows = [THREAD, said(ROOT, "root")]
    view = view_of(migrate("\n".join(map(json.dumps, rows)).encode()).facts)
    before = render(view)
    for line in (json.dumps(said(M, "x" * LINE_BYTES_MAX)).encode(), b"\0" * (FACT_BYTES_MAX // 5)):
        with pytest.raises(UnreadableFile):
            merge(view, before + line)
    assert render(view) == before


def test_a_line_of_a_gigabyte_costs_no_more_than_its_own_bytes() -> None:
    """A quarter of it is tried here: it is refused, and the process never held twice as much."""
    size = 256 * MIB
    program = (
        "import resource\n"
        "from migrate import migrate\n"
        "from chatdoc.model.errors import UnreadableFile\n"
        f'source = b\'{{"event":"chat","date":1,"sender_id":"a","x":"\' + b\'y\' * {size} + b\'"}}\'\n'
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    migrate(source)\n"
        "except UnreadableFile:\n    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True, timeout=120
    )
    assert int(done.stdout) * 1024 < size // 4
    assert resource.getpagesize() > 0


VARIANTS: dict[str, Any] = {
    "headers": lambda number: said(M, f"text {number}"),
    "fields": lambda number: said(M, "t", own=number),
    "threads": lambda number: THREAD | {"created_by": f"u{number}"},
    "marks": lambda number: said(M, "t", own=number, stamps={"own": [ROOT, "a"]}),
    "settings": lambda number: {"event": "thread_config", "thread_id": T, "name": str(number),
                                "stamps": {"name": [ROOT, "a"]}},
    "states": lambda number: {"event": "thread_state", "thread_id": T, "state": "idle", "updated_at": DATE,
                              "x": number},
    "document": lambda number: {"event": "document", "own": number},
    "pieces": lambda number: said(M, "t", generating=True, live=[[0, str(number)]]),
    "circles": lambda number: said(f"{number:08x}-0000-4000-8000-000000000001", "t",
                                   reply_to_message_id=f"{number ^ 1:08x}-0000-4000-8000-000000000001"),
}  # fmt: skip


def seconds(kind: str, number: int) -> float:
    """What opening a text with so many variants of one record takes."""
    rows = [THREAD, said(ROOT, "root"), *map(VARIANTS[kind], range(number))]
    source = "\n".join(map(json.dumps, rows)).encode()
    begun = time.process_time()
    view = View()
    apply(view, migrate(source).facts, origin="migration")
    check_all(view)
    return time.process_time() - begun


@pytest.mark.parametrize("kind", VARIANTS)
def test_variants_of_one_record_cost_what_their_bytes_cost(kind: str) -> None:
    """Eight times as many take less than thirty times as long; were each compared with all, it would be 64 times."""
    few = max(0.004, min(seconds(kind, 400) for _ in range(3)))
    assert any(
        seconds(kind, 3200) < 30 * few for _ in range(3)
    )  # One measurement may be disturbed, three are not.
