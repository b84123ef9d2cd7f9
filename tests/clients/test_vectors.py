"""The vectors that clients are tested with say what this library reads and writes."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from chatdoc.testing.vector_documents import begin
from chatdoc.testing.vectors import document_vectors, fact_vectors, reads, text_of
from tests.conftest import Golden

PATH = Path(__file__).parents[2] / "golden" / "vectors" / "vectors.json"


def _stored() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(PATH.read_bytes())
    return found


def test_golden_vectors_of_facts_are_what_this_library_spells(golden: Golden) -> None:
    """Keys, canonical texts, ids and odd entries come out as the file has them."""
    facts = fact_vectors()
    # Bytes of updates may change with the engine; then only what they read as must be the same, see below.
    documents = document_vectors() if not PATH.exists() else _documents()
    golden(PATH, text_of({**facts, "documents": documents}))


def _documents() -> list[dict[str, Any]]:
    stored = {one["name"]: one for one in _stored()["documents"]}
    made = document_vectors()
    return [
        stored[one["name"]] if stored.get(one["name"], {}).get("reads") == one["reads"] else one
        for one in made
    ]


@pytest.mark.parametrize(
    "vector", _stored()["documents"] if PATH.exists() else [], ids=lambda one: str(one["name"])
)
def test_documents_of_the_vectors_read_as_they_say(vector: dict[str, Any]) -> None:
    """Whoever takes the updates of a vector, in their order, reads what stands beside them."""
    document = begin(99, []).document
    for update in vector["updates"]:
        document.receive(b64decode(update))
    assert json.loads(json.dumps(reads(document))) == vector["reads"]
