"""Marks of redaction: what stands in the place of a secret tells which threads were imported without theirs."""

from __future__ import annotations

import msgspec

from chatdoc.model.view.view import View
from migrate.session.thread_state import thread_of

MARK = "[redacted: "


def marked(kind: str) -> str:
    """What stands where a secret of this kind was."""
    return f"{MARK}{kind}]"


def marked_threads(view: View) -> set[str]:
    """The ids of the threads that have a mark: in what a message says or said, in its fields, or in a kept line."""
    found: set[str] = {
        header.thread_id
        for header in view.headers.values()
        if MARK in header.content
        or any(MARK in one.content for one in view.revisions.get(header.message_id, ()))
        or (header.fields and MARK.encode() in msgspec.json.encode(header.fields))
    }
    for row in view.attic():
        if MARK in row.text:
            source, _, session = row.reason.partition(": ")[0].partition(" ")
            found.add(thread_of(source, session))
    return found
