"""A transcript to read: a heading for each thread and message, and every text inside a quote it cannot leave."""

from __future__ import annotations

import re
from unicodedata import category

from chatdoc.model.records.message import Message
from chatdoc.model.records.thread import Thread
from chatdoc.model.view.view import View
from migrate.shown_message import display_name, gone, is_placeholder

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&:@-])")
_KEPT = "\t\u200c\u200d"
"""The tab, and what joins letters and pictures."""
_ENDS = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def export_markdown(view: View) -> bytes:
    """CommonMark: `#` for a thread, `##` for a message, the text of each quoted line by line."""
    threads = view.thread_ids()
    strays = sorted(view.members.keys() - view.thread_facts.keys())
    blocks = [block for thread_id in [*threads, *strays] for block in _thread(view, thread_id)]
    kept = len(view.attic_rows)
    if kept:
        blocks.append(f"*{kept} line{'s' if kept > 1 else ''} of the source could not be read as chat and "
                      f"{'are' if kept > 1 else 'is'} kept in the document.*")  # fmt: skip
    return ("\n\n".join(blocks) + "\n").encode() if blocks else b""


def plain(text: str) -> str:
    """Text on one line in which no character is markup."""
    return _SPECIAL.sub(r"\\\1", calm(" ".join(text.split())))


def calm(text: str) -> str:
    """Text without controls and marks of direction: a transcript is read in terminals, and they obey them."""
    if text.isascii() and text.isprintable():
        return text
    return "".join("\ufffd" if category(one) in {"Cc", "Cf"} and one not in _KEPT else one for one in text)


def quoted(text: str) -> str:
    """A block quote; headings, fences and HTML inside it end with it."""
    return "\n".join(f"> {calm(line)}".rstrip() for line in _ENDS.split(text))


def _thread(view: View, thread_id: str) -> list[str]:
    thread = view.thread(thread_id)
    messages = [one for one in map(view.message, view.ordered(thread_id)) if one is not None]
    shown = [message for message in messages if not is_placeholder(message)]
    blocks = [f"# {_title(view, thread_id, shown)}"]
    if thread is None:
        blocks.append("*The document does not know this thread.*")
    elif thread.deleted_at is not None:
        blocks.append(f"*Thread deleted by {plain(thread.deleted_by or 'somebody')} on {thread.deleted_at}.*")
    for message in shown:
        blocks += _message(view, message, thread)
    return blocks


def _title(view: View, thread_id: str, shown: list[Message]) -> str:
    name = view.config(thread_id).name
    if name and name.strip():
        return plain(name)
    words = shown[0].content.split() if shown and gone(shown[0], view.thread(thread_id)) is None else []
    return plain(" ".join(words[:8])[:80]) if words else f"Thread {thread_id}"


def _message(view: View, message: Message, thread: Thread | None) -> list[str]:
    edited = ", edited" if len(message.history) > 1 else ""
    blocks = [f"## {plain(display_name(view, message.sender_id)) or 'unknown'}, {message.date}{edited}"]
    deleted = gone(message, thread)
    if deleted is not None:
        blocks.append(f"*Deleted by {plain(deleted[0]) or 'somebody'} on {deleted[1]}.*")
    elif message.content:
        blocks.append(quoted(message.content))
    else:
        blocks.append("*No text.*")
    return blocks
