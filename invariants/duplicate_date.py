"""Messages that share one millisecond and sender are told: legal here, and one message to older software."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from operator import attrgetter

from chatdoc.model.delta import Delta
from chatdoc.model.facts import Header
from chatdoc.model.view.view import View
from invariants.rule import Rule, Violation

_date = attrgetter("date")


def every(view: View) -> Iterable[str]:
    """Messages whose date another one has; without the index of moments, which would cost memory to look at once."""
    headers = view.headers.values()
    if len(set(map(_date, headers))) == len(headers):
        return ()
    dates = Counter(header.date for header in headers)
    groups: dict[tuple[str, str], list[str]] = {}
    for header in headers:
        if dates[header.date] > 1:
            groups.setdefault((header.date, header.sender_id), []).append(header.message_id)
    return [message_id for group in groups.values() if len(group) > 1 for message_id in group]


def touched_by(delta: Delta, view: View) -> Iterable[str]:
    """Messages written; the first they joined, which was alone before; and one that all others have left."""
    if len(delta.messages) == 1:
        (message_id,) = delta.messages
        header = view.headers.get(message_id)
        alone = header is not None and not view.is_shared(header.sender_id, header.date)
        if alone and message_id not in view.header_variants:
            return delta.messages
    subjects: set[str] = set(delta.messages)
    crowds: set[tuple[str, str]] = set()
    for message_id in delta.messages:
        for header in view.header_variants.get(message_id) or _header(view, message_id):
            sharing = view.sharing(header.sender_id, header.date)
            if len(sharing) == 1:
                subjects.update(sharing)
            elif len(sharing) <= len(delta.messages) + 1:
                crowds.add((header.sender_id, header.date))
    for sender_id, date in crowds:
        subjects.update(view.sharing(sender_id, date))
    return subjects


def check(view: View, message_id: str) -> Violation | None:
    """What the others are is not said: that would have to be said anew with each that comes."""
    header = view.headers.get(message_id)
    if header is None or not view.is_shared(header.sender_id, header.date):
        return None
    return Violation(
        code="duplicate_date",
        subject=message_id,
        detail=f"another message of {header.sender_id!r} has the date {header.date} too",
        severity="diagnostic",
    )


def _header(view: View, message_id: str) -> tuple[Header, ...]:
    header = view.headers.get(message_id)
    return () if header is None else (header,)


DUPLICATE_DATE = Rule(
    code="duplicate_date",
    promise="Messages that share one millisecond and sender are told: legal here, and one message to older software.",
    kind="diagnostic",
    metric="chat.integrity.duplicate_date_rows",
    watches=("messages",),
    every=every,
    touched_by=touched_by,
    check=check,
)
