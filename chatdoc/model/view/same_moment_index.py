"""Which messages share a sender and a millisecond: an index made when first asked for, and kept from then on."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from chatdoc.model.facts import Header
from chatdoc.model.ids import MessageId


class Moments:
    """One message of every moment, and all of those moments that several share."""

    __slots__ = ("crowds", "firsts")

    def __init__(self, headers: Iterable[Header]) -> None:
        self.firsts: dict[str, dict[str, MessageId]] = {}
        """Some message of each sender and date."""
        self.crowds: dict[tuple[str, str], set[MessageId]] = {}
        """All messages of a sender and date, where there is more than one."""
        for header in headers:
            self.enter(header)

    def enter(self, header: Header) -> None:
        """A message came."""
        dates = self.firsts.get(header.sender_id)
        if dates is None:
            dates = self.firsts[header.sender_id] = {}
        first = dates.setdefault(header.date, header.message_id)
        if first != header.message_id:
            self.crowds.setdefault((header.sender_id, header.date), {first}).add(header.message_id)

    def leave(self, header: Header) -> None:
        """A message that had come is gone, or is now of another moment."""
        moment = (header.sender_id, header.date)
        dates = self.firsts[header.sender_id]
        crowd = self.crowds.get(moment)
        if crowd is None:
            del dates[header.date]
            if not dates:
                del self.firsts[header.sender_id]
            return
        crowd.discard(header.message_id)
        dates[header.date] = min(crowd)
        if len(crowd) == 1:
            del self.crowds[moment]

    def sharing(self, sender_id: str, date: str) -> Collection[MessageId]:
        """The messages of a sender and date."""
        crowd = self.crowds.get((sender_id, date))
        if crowd is not None:
            return crowd
        first = self.firsts.get(sender_id, {}).get(date)
        return () if first is None else (first,)
