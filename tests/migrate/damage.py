"""Files as disks, editors and merges leave them: the sources of the golden cases, changed anywhere."""

from __future__ import annotations

import re
from random import Random

from tests.tidy.source import PROJECT

_SOURCES = [
    path.read_bytes()
    for path in sorted((PROJECT / "golden" / "migrate").glob("*/source.*"))
    if path.stat().st_size
]
_TOKENS = (
    b'"thread_id":', b'"message_id":', b'"parent_message_id":', b'"reply_to":', b'"date":', b'"deleted":true',
    b'"event":"chat"', b'"event":"message"', b'"event":"thread"', b'"event":"document"', b'"event":"attic"',
    b'"stamps":{"name":["x","y"]}', b'"acp_config":7', b'"schema_version":9', b'"__unknown__"', b'{"messages":',
    b"null", b"true", b"{}", b"[]", b'"', b",", b"0", b"-1", b"1e5", b"9" * 20, b"\n", b"\r\n", b"\xff", b"\\ud800",
    b"\xef\xbb\xbf",
)  # fmt: skip
_TEXT = re.compile(rb'"[^"\n]{0,60}"')


def damaged(seed: int) -> bytes:
    """One source, or two in one file, with a few bytes, words or lines changed, moved or lost."""
    random = Random(seed)
    source = bytearray(random.choice(_SOURCES))
    if random.random() < 0.3:
        source += b"\n" + random.choice(_SOURCES)
    for _ in range(random.randrange(1, 8)):
        source = _changed(random, source)
    return bytes(source)


def _changed(random: Random, source: bytearray) -> bytearray:
    at = random.randrange(len(source) + 1)
    kind = random.randrange(6)
    if kind == 0 and at < len(source):
        source[at] = random.randrange(256)
    elif kind == 1:
        source[at:at] = random.choice(_TOKENS)
    elif kind == 2:
        del source[at : at + random.randrange(1, 40)]
    elif kind == 3:
        to = random.randrange(len(source) + 1)
        source[to:to] = source[at : at + random.randrange(1, 60)]
    elif kind == 4:
        lines = source.split(b"\n")
        random.shuffle(lines)
        source = bytearray(b"\n".join(lines))
    else:
        texts = list(_TEXT.finditer(bytes(source)))
        if len(texts) > 1:
            one, other = random.sample(texts, 2)
            source[one.start() : one.end()] = other.group()
    return source
