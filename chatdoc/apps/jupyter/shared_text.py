"""Text of a chat against the facts of a shared Y document: rendered from them, and merged into them by id."""

from __future__ import annotations

from typing import Any

from chatdoc.crdt import shared_doc
from chatdoc.engine.file_identity import is_another
from chatdoc.model.errors import FileReplaced, NotMigrated, UnreadableFile
from chatdoc.model.view import apply
from chatdoc.model.view.view import View
from migrate import sniff
from migrate.v2.merge_external import merge
from migrate.v2.write import render

observe = shared_doc.observe


def read(ydoc: Any) -> str:
    """The document as text of version 2."""
    return render(view_of(ydoc)).decode("utf-8")


def write(ydoc: Any, text: str) -> int:
    """Add what a text says beyond the document; returns how many facts that were.

    Raises UnreadableFile for what is no chat, NotMigrated for one of another format, and FileReplaced for another chat
    than the one that is there; their messages are as short
    as a websocket's reason for closing must be, in which the server passes them on, and name their causes for the log.
    """
    source = text.encode("utf-8", "surrogatepass")
    if not source.strip():
        return 0
    try:
        file_format = sniff(source)
    except UnreadableFile as error:
        raise UnreadableFile("the file is no chat") from error
    if file_format != "v2":
        option = " --convert" if file_format == "jupyter" else ""
        raise NotMigrated(f"chatdoc migrate{option} FILE first") from _kept(file_format)
    view = view_of(ydoc)
    if view.document_values.get("document_id") and is_another(view, source):
        raise FileReplaced("the file holds another chat")
    return shared_doc.add(ydoc, merge(view, source).facts)


def _kept(file_format: str) -> NotMigrated:
    return NotMigrated(
        f"expected a chat of version 2, got one of {file_format}; neither it nor the room was changed",
        hint="`chatdoc migrate` keeps the old bytes, of which a server would leave none",
    )


def view_of(ydoc: Any) -> View:
    """The lookups over all facts of the document."""
    view = View()
    apply.apply(view, shared_doc.facts_of(ydoc), origin="jupyter")
    return view
