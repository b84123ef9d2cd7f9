"""Certificate of an import: a digest and a disposition for each line of a log, what was made of it, and a Merkle root.

`docs/verify_certificate.py` checks one against the log and the document with nothing but Python's standard library.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from chatdoc.apps.importer.read_log import Clean, cleans_texts
from chatdoc.model.facts import Header, RevisionFact
from chatdoc.model.records.attic import AtticRow
from chatdoc.store.session_index.index import LogRow
from migrate.session.copied import Others
from migrate.session.cut import is_cut
from migrate.session.item import Source
from migrate.session.log import LINE_BYTES_MAX
from migrate.session.thread_state import Woven
from migrate.session.weave import LEFT, LogWeaver

VERSION = 1


class LineProof(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One line: its number, where it stands, the digest of its bytes, its fate, and what was made of it.

    `made` has pairs of an id and the digest of a text: a message and one of its revisions, or `attic` and a row kept.
    `left` says why nothing was kept of a line that is not shown.
    """

    number: int
    start: int
    end: int
    digest: str
    fate: str
    made: list[tuple[str, str]]
    left: str = ""


class LogProof(msgspec.Struct, frozen=True, kw_only=True):
    """One log, line by line."""

    source: str
    session: str
    path: str
    document: str
    bytes: int
    lines: list[LineProof]
    root: str
    cut: list[int] = []
    """Lines that are longer than what a document shows of them."""


def prove(
    file: BinaryIO, source: Source, row: LogRow, *, clean: Clean | None = None, others: Others | None = None
) -> LogProof:
    """Read a log from its first byte to where it was imported, and say of every line what it became."""
    weaver = LogWeaver.start(source, Path(row.path).stem, others, cleans_texts(clean))
    cut: list[int] = []
    proofs = list(_lines(file, weaver, row.size, clean, cut))
    session = weaver.session
    size = proofs[-1].end if proofs else 0
    head = msgspec.json.encode([source, session, size, len(proofs)])
    leaves = [_leaf(head), *(_leaf(msgspec.json.encode(one)) for one in proofs)]
    return LogProof(
        source=source,
        session=session,
        path=row.path,
        document=row.document,
        bytes=size,
        lines=proofs,
        root=merkle(leaves).hex(),
        cut=cut,
    )


def certificate(proofs: list[LogProof]) -> bytes:
    """The certificate of several logs, with a root over theirs."""
    root = merkle([_leaf(bytes.fromhex(one.root)) for one in proofs]).hex()
    told: dict[str, Any] = {"certificate": "chatdoc import", "version": VERSION, "root": root, "logs": proofs}
    return msgspec.json.encode(told) + b"\n"


def merkle(leaves: list[bytes]) -> bytes:
    """The root over leaves: pairs are hashed with a sign that no leaf has, and an odd one moves up."""
    level = leaves or [_leaf(b"")]
    while len(level) > 1:
        paired = [
            sha256(b"\x01" + one + two).digest() for one, two in zip(level[::2], level[1::2], strict=False)
        ]
        level = paired + (level[-1:] if len(level) % 2 else [])
    return level[0]


def _leaf(raw: bytes) -> bytes:
    return sha256(b"\x00" + raw).digest()


def _lines(
    file: BinaryIO, weaver: LogWeaver, size: int, clean: Clean | None, cut: list[int]
) -> Iterator[LineProof]:
    number, start = 0, 0
    while start < size and (raw := file.readline(LINE_BYTES_MAX + 1)):
        if start + len(raw) > size and len(raw) <= LINE_BYTES_MAX:
            break  # It was unfinished when it was imported.
        number += 1
        before = _counts(weaver)
        digest = sha256(raw)
        count = len(raw)
        whole = raw.endswith(b"\n")
        if not whole and len(raw) > LINE_BYTES_MAX:
            while not whole and (piece := file.readline(1024 * 1024)):
                digest.update(piece)
                count += len(piece)
                whole = piece.endswith(b"\n")
            if whole:
                weaver.skip(count)
            else:
                weaver.end(b"{")
        elif whole:
            weaver.feed(raw if clean is None else clean(raw))
        else:
            weaver.end(raw if clean is None else clean(raw))
        fate = next(
            (name for name, counted in _counts(weaver).items() if counted > before.get(name, 0)), "unfinished"
        )
        woven = weaver.woven.take()
        made = made_of(woven)
        if _is_cut(woven) or (fate == "quarantined" and not made):
            cut.append(number)
        left = (
            ""
            if made or fate in ("record", "activity", "blank", "unfinished")
            else "kept by another line or log"
        )
        yield LineProof(
            number=number,
            start=start,
            end=start + count,
            digest=digest.hexdigest(),
            fate=fate,
            made=made,
            left=left,
        )
        start += count


def _counts(weaver: LogWeaver) -> dict[str, int]:
    sums: dict[str, int] = {}
    for lines in weaver.progress.lines.values():
        for fate, count in lines.items():
            sums[fate] = sums.get(fate, 0) + count
    return sums


def made_of(woven: Woven) -> list[tuple[str, str]]:
    """What facts say that a document must show: texts of messages, and rows of the attic."""
    made: list[tuple[str, str]] = []
    for fact in woven.facts:
        if isinstance(fact, Header | RevisionFact):
            made.append((fact.message_id, text_digest(fact.content)))
        elif isinstance(fact, AtticRow):
            made.append(("attic", text_digest(fact.text)))
    return made


def _is_cut(woven: Woven) -> bool:
    return any(
        (isinstance(fact, RevisionFact | Header) and is_cut(fact.content))
        or (isinstance(fact, Header) and is_cut(((fact.fields or {}).get("tool_call") or {}).get("input")))
        or (isinstance(fact, AtticRow) and fact.text.endswith(LEFT))
        for fact in woven.facts
    )


def text_digest(text: str) -> str:
    """The digest of a text."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
