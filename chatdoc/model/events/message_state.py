"""What events say of a message is what its facts show; of an answer being written, so much as its length is worth.

A streamed answer is told piece by piece while there are few, then when 48, 192, 768, … of them are there without a
gap: 16 events for 3,000 pieces, which are far more than a paced turn makes. How much was told follows from the pieces
alone, so nobody has to remember it, and they may come in any order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from chatdoc.model.events.role import role_of
from chatdoc.model.events.types import Role
from chatdoc.model.facts import Header, MarkFact, RevisionFact
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.records.message import Revision
from chatdoc.model.view.assemble import build_history, told
from chatdoc.model.view.view import View

Marks = Mapping[str, Sequence[MarkFact]]
_NO_MARKS: Marks = {}
_NO_PIECES: Mapping[int, str] = {}
ONE_BY_ONE = 12
"""So many pieces are told each by itself."""


class Parts(NamedTuple):
    """The facts of one message, the picked header first."""

    variants: Sequence[Header]
    revisions: Sequence[RevisionFact] = ()
    marks: Marks = _NO_MARKS
    pieces: Mapping[int, str] = _NO_PIECES


class Shown(NamedTuple):
    """A message as its events tell it; `text` has so much of a stream as is told."""

    message_id: MessageId
    thread_id: ThreadId
    date: str
    role: Role
    text: str
    revised_at: str
    streaming: bool
    deleted: MarkFact | None
    """The mark by which it is deleted."""
    queued: MarkFact | None
    """The mark by which it waits for a turn, unless it is deleted. For one whose row says so, no turn was requested."""


def parts_of(view: View, message_id: str) -> Parts:
    """The facts of a message that has a header."""
    return Parts(
        view.variants_of_message(message_id),
        view.revisions.get(message_id, ()),
        view.marks.get(message_id, _NO_MARKS),
        view.pieces.get(message_id, _NO_PIECES),
    )


def show(parts: Parts) -> Shown:
    """The message its facts show."""
    variants, revisions, marks, pieces = parts
    picked = variants[0]
    if revisions or len(variants) > 1:
        newest = _newest(variants, revisions)
        text, revised_at = newest.content, newest.date
    else:
        text, revised_at = picked.content, picked.date if picked.revised_at is None else picked.revised_at
    streaming = _is_generating(variants, marks)
    if streaming and pieces:
        text += streamed(pieces)
    gone, asked = marks.get("deleted"), marks.get("acp_state")
    deleted = gone[-1] if gone and gone[-1].value is True else None
    return Shown(
        picked.message_id,
        picked.thread_id,
        picked.date,
        role_of(variants, marks),
        text,
        revised_at,
        streaming,
        deleted,
        asked[-1] if asked and asked[-1].value == "queued" and deleted is None else None,
    )


def streamed(pieces: Mapping[int, str]) -> str:
    """So much of a stream as is told of the pieces that are there without a gap."""
    count, end = 0, 1
    while all(seq in pieces for seq in range(count, end)):
        count, end = end, end + 1 if end < ONE_BY_ONE else end * 4
    return "".join(pieces[seq] for seq in range(count))


def is_silent(pieces: Mapping[int, str], seq: int) -> bool:
    """Whether a new piece surely tells nothing yet, found without looking at the others.

    Being the last of as many as there are, it closes no gap that others wait behind; then it tells something only
    while there are few, and as the 48th, 192nd, …
    """
    count = len(pieces)
    rest = count
    while rest > ONE_BY_ONE and rest % 4 == 0:
        rest //= 4
    return seq == count - 1 and rest != ONE_BY_ONE and count > ONE_BY_ONE


def _newest(variants: Sequence[Header], revisions: Sequence[RevisionFact]) -> Revision:
    start = len(revisions)
    while start and revisions[start - 1].revision_id == revisions[-1].revision_id:
        start -= 1
    return build_history(variants, revisions[start:])[0]


def _is_generating(variants: Sequence[Header], marks: Marks) -> bool:
    marked = marks.get("generating")
    if marked:
        return marked[-1].value is True
    for header in told(variants):
        if header.fields is not None and "generating" in header.fields:
            return header.fields["generating"] is True
    return False
