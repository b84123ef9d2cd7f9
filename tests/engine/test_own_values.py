"""What a caller hands in or gets back is theirs: changing it changes nothing of the document."""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.document import Document
from tests.engine.begin import begin


def spoil(value: Any) -> None:
    """Change every list and dict within a JSON value."""
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in list(inner):
        spoil(one)
    if isinstance(value, dict):
        value["spoilt"] = True
    elif isinstance(value, list):
        value.append("spoilt")


def filled(given: dict[str, Any]) -> Document:
    """A document that has the values in a config, in a thread's own field and in a message."""
    document = begin(1)
    thread = document.create_thread(
        sender_id="ada", content="root", acp_config=given, fields={"own_field": given}
    )
    document.send(thread.thread_id, sender_id="ada", content="Hi", fields={"data": given, "acp_usage": given})
    return document


def test_values_that_were_handed_in_may_change_afterwards() -> None:
    """The document keeps what they were."""
    given: dict[str, Any] = {"model": "m", "tools": ["a", {"b": [1]}], "nested": {"c": {"d": []}}}
    document = filled(given)
    before = document.text()
    spoil(given)
    assert document.text() == before


def test_records_that_were_handed_out_may_be_changed() -> None:
    """Also what is in them, at any depth; the next answer is as before."""
    document = filled({"model": "m", "tools": ["a", {"b": [1]}], "nested": {"c": {"d": []}}})
    before = document.text()
    (thread,) = document.threads()
    records = [
        thread,
        document.config(thread.thread_id),
        *document.config_history(thread.thread_id),
        *document.messages(thread.thread_id),
    ]
    for record in records:
        for name in record.__struct_fields__:
            spoil(getattr(record, name))
    assert document.text() == before
    assert b"spoilt" not in msgspec.json.encode(document.config(thread.thread_id))
