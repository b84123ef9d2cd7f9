"""The JavaScript client reads every document as this library does, update after update."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from chatdoc.testing.copies import meet
from chatdoc.testing.hostile import HostilePeer
from chatdoc.testing.vector_documents import Made, at_random, begin
from chatdoc.testing.vectors import reads
from migrate import migrate
from tests.clients.js_package import PACKAGE, node

DOCUMENTS = int(os.environ.get("CHATDOC_HISTORIES", "300")) // 10
GOLDEN = PACKAGE.parents[1] / "golden" / "migrate"

pytestmark = pytest.mark.usefixtures("js")


def _differences(made: Iterator[tuple[str, Made]]) -> list[str]:
    """Names of the documents that the client reads otherwise, while following them or afterwards."""
    expected = [(name, one.updates, _as_doubles(json.dumps(reads(one.document)))) for name, one in made]
    assert expected
    lines = [json.dumps({"updates": [b64encode(one).decode() for one in ups]}) for _, ups, _ in expected]
    came = node("test/reads.mjs", stdin="\n".join(lines))
    assert came.returncode == 0, came.stderr[-2000:]
    answers = [_as_doubles(line) for line in came.stdout.split("\n")[:-1]]
    assert len(answers) == len(expected)
    return [
        f"{name}, {how}"
        for (name, _, wanted), answer in zip(expected, answers, strict=True)
        for how in ("live", "fresh")
        if answer[how] != wanted
    ]


def _as_doubles(text: str) -> Any:
    """JSON with the numbers that JavaScript has."""
    return json.loads(text, parse_int=float)


def test_documents_at_random_are_read_alike() -> None:
    """Whatever commands made a document, the client shows the same records."""
    assert not _differences((f"seed {seed}", at_random(seed)) for seed in range(DOCUMENTS))


def test_migrated_files_are_read_alike() -> None:
    """Every golden file of every format, migrated, is the same to the client."""
    assert not _differences(_migrated())


def _migrated() -> Iterator[tuple[str, Made]]:
    for case in sorted(GOLDEN.iterdir()):
        source = next(path for path in sorted(case.iterdir()) if path.name.startswith("source"))
        try:
            facts = list(migrate(source.read_bytes()).facts)
        except Exception:  # Some cases show a file that is refused.
            continue
        yield case.name, begin(1, facts)


def test_copies_that_met_are_read_alike() -> None:
    """Variants of messages and threads, from copies that were migrated apart, are shown the same way."""

    def met() -> Iterator[tuple[str, Made]]:
        for seed in range(DOCUMENTS):
            network, _ = meet(seed)
            made = begin(seed, [])
            for update in (document.diff() for document in network.documents):
                made.document.receive(update)
            yield f"seed {seed}", made

    assert not _differences(met())


def test_what_a_hostile_peer_forged_is_read_alike() -> None:
    """Entries that are no facts, facts of a wrong kind, and facts put back are the same to the client."""

    def attacked() -> Iterator[tuple[str, Made]]:
        for seed in range(DOCUMENTS):
            made = at_random(seed, 20)
            peer = HostilePeer(Random(seed))
            for _ in range(30):
                peer.act([made.document])
            yield f"seed {seed}", made

    assert not _differences(attacked())
