"""Admission control: what is too large to be stored and shared is refused by its bytes, before it is written."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from chatdoc.model.errors import UnreadableFile
from chatdoc.model.facts import Fact, Header
from chatdoc.model.limits import FACT_BYTES_MAX, JSON_GROWTH, LINE_BYTES_MAX, OBJECT_BYTES_MAX

_OBJECT = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*(?:\n|"(?:messages|users|attachments|metadata)"\s*:)')
_HINT = "Nothing was changed; split it, or take the large part out, with the program that wrote it"
_encode = msgspec.json.Encoder().encode


def require_admissible(source: bytes) -> None:
    """Raise UnreadableFile for a line, or a file that is one JSON object, of more bytes than can be taken in."""
    size = len(source)
    if _OBJECT.match(source[:4096]) is not None:
        if size > OBJECT_BYTES_MAX:
            raise UnreadableFile(
                f"expected a JSON object of at most {OBJECT_BYTES_MAX} bytes, got one of {size}", hint=_HINT
            )
        return
    start = 0
    while size - start > LINE_BYTES_MAX:
        end = source.rfind(b"\n", start, start + LINE_BYTES_MAX + 1)
        if end < 0:
            stop = source.find(b"\n", start)
            length = (size if stop < 0 else stop) - start
            number = source.count(b"\n", 0, start) + 1
            raise UnreadableFile(
                f"line {number} has {length} bytes, expected at most {LINE_BYTES_MAX}", hint=_HINT
            )
        start = end + 1


def looks_like(source: bytes) -> str:
    """What a source is, in words that hold nothing of it: an error about a file of passwords shows none."""
    head = source[:65_536]
    if b"\0" in head:
        return "no text: it has bytes that are zero"
    try:
        head[:-4].decode()
    except UnicodeDecodeError as error:
        return f"no text: byte {error.start} is no UTF-8"
    first = head.strip().split(b"\n", 1)[0]
    if first[:1] in b"{[":
        return "JSON of another kind, or damaged"
    return f"text of another kind; its first line has {len(first)} bytes"


def require_storable(facts: Iterable[Fact], source_bytes: int) -> None:
    """Raise UnreadableFile for a fact that no store and no peer would take; of a small source there is none."""
    if source_bytes * JSON_GROWTH < FACT_BYTES_MAX:
        return
    for fact in facts:
        if (
            isinstance(fact, Header)
            and fact.fields is None
            and len(fact.content) * JSON_GROWTH < FACT_BYTES_MAX
        ):
            continue
        size = len(_encode(fact))
        if size > FACT_BYTES_MAX:
            subject = getattr(fact, "message_id", None) or getattr(fact, "thread_id", None) or "the document"
            raise UnreadableFile(
                f"a {type(fact).__name__} of {subject} takes {size} bytes,"
                f" expected at most {FACT_BYTES_MAX}, which a store and every peer take",
                hint=_HINT,
            )
