"""Scale: what reopening and a `send` cost as one document grows, and as a database has more documents.

Documents of different sizes are measured in turn, some calls each, because other work on the machine comes and goes;
a ratio says more than a figure. `--full` takes a million updates and ten thousand documents.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count

from benchmarks.sizes import repeated, sized
from chatdoc import open_document, open_store
from chatdoc.document import Document
from chatdoc.model.commands.send_message import SendMessage

FULL = "--full" in sys.argv
UPDATES = (1_000, 100_000, 1_000_000) if FULL else (sized(1_000), sized(20_000))
DOCUMENTS = 10_000 if FULL else sized(500)
REOPENED = 100_000 if FULL else sized(20_000)
REOPENED_GOAL, FLAT_GOAL = 2.0, 1.2
_GROUP = 1_000
_ROUNDS, _CALLS = 10, 40
_UNFORCED = "options=-csynchronous_commit%3Doff"
"""Filling need not wait for the disk."""
_names = count()


def filled(place: str, updates: int) -> tuple[Document, str]:
    """A document of so many updates, open, and its thread."""
    doc = open_document(place)
    thread = doc.create_thread(sender_id="ada", content="Hello").thread_id
    command = SendMessage(thread_id=thread, sender_id="ada", content="Hello, all of you")
    left = updates - doc.engine.sequence
    while left > 0:
        doc.group.execute_each([(command, None)] * min(_GROUP, left))
        left -= _GROUP
    return doc, thread


def sends(docs: dict[str, tuple[Document, str]]) -> dict[str, float]:
    """Milliseconds of a `send` with a command id to each document: the median of rounds in turn."""
    spent: dict[str, list[float]] = {name: [] for name in docs}
    for _ in range(repeated(_ROUNDS) + 1):
        for name, (doc, thread) in docs.items():
            for _ in range(repeated(_CALLS)):
                begin = time.perf_counter()
                doc.send(
                    thread, sender_id="ada", content="Hello, all of you", command_id=f"id-{next(_names)}"
                )
                spent[name].append((time.perf_counter() - begin) * 1000)
    warm = repeated(_CALLS)
    return {name: statistics.median(found[warm:]) for name, found in spent.items()}


def reopened(places: dict[str, str]) -> dict[str, float]:
    """Seconds to open documents, warm: the best of five, in turn."""
    best: dict[str, float] = {}
    for _ in range(5):
        for kind, place in places.items():
            begin = time.perf_counter()
            with open_document(place) as doc:
                assert doc.view.headers
                spent = time.perf_counter() - begin
            best[kind] = min(spent, best.get(kind, spent))
    return best


def fill_database(url: str, documents: int) -> None:
    """Make so many documents, each with a message."""
    with open_store(url) as store:
        for number in range(documents):
            with store.open(f"many/{number}.chat") as doc:
                doc.create_thread(sender_id="ada", content="Hello")


def report(folder: str, url: str, lonely: str, crowded: str) -> Iterator[str]:
    """The lines of the report; `lonely` and `crowded` are databases of their own, without a document yet."""
    filling = f"{url}{'&' if '?' in url else '?'}{_UNFORCED}"
    files = {"files": f"{folder}/reopened.chat", "PostgreSQL": f"{url}#reopened.chat"}
    filled(f"{filling}#reopened.chat", REOPENED)[0].close()
    filled(files["files"], REOPENED)[0].close()
    found = reopened(files)
    ratio = found["PostgreSQL"] / found["files"]
    yield (
        f"reopening {REOPENED:,} updates: files {found['files'] * 1000:.0f} ms, PostgreSQL"
        f" {found['PostgreSQL'] * 1000:.0f} ms; {_ratio(ratio, REOPENED_GOAL)}"
    )
    for kind, place, fast in (
        ("files", f"{folder}/", f"{folder}/"),
        ("PostgreSQL", f"{url}#", f"{filling}#"),
    ):
        with ExitStack() as closing:
            docs = {}
            for updates in UPDATES:
                name = f"grown-{updates}.chat"
                filled(f"{fast}{name}", updates)[0].close()
                doc = closing.enter_context(open_document(f"{place}{name}"))
                docs[f"{updates:,}"] = doc, doc.threads()[0].thread_id
            yield f"a send by updates of its document, {kind}: {_flat(sends(docs))}"
    fill_database(f"{crowded}{'&' if '?' in crowded else '?'}{_UNFORCED}", DOCUMENTS)
    with ExitStack() as closing:
        docs = {}
        for documents, database in ((1, lonely), (DOCUMENTS, crowded)):
            doc = closing.enter_context(open_document(f"{database}#one.chat"))
            docs[f"{documents:,}"] = doc, doc.create_thread(sender_id="ada", content="Hello").thread_id
        yield f"a send by documents of its database: {_flat(sends(docs))}"


def _flat(found: dict[str, float]) -> str:
    first, last = next(iter(found.values())), list(found.values())[-1]
    told = ", ".join(f"{name} {spent:.2f} ms" for name, spent in found.items())
    return f"{told}; {_ratio(last / first, FLAT_GOAL)}"


def _ratio(ratio: float, goal: float) -> str:
    return f"ratio {ratio:.2f} (goal {goal}){' MISSED' * (ratio > goal)}"
