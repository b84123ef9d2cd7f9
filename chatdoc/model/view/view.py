"""A view answers what a document says now: read-only lookups over the union of its facts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from chatdoc.model.facts import Header, MarkFact, RevisionFact, SettingFact, StateFact, ThreadFact
from chatdoc.model.ids import DocumentId, MessageId, ThreadId
from chatdoc.model.records.attic import AtticRow
from chatdoc.model.records.message import Message
from chatdoc.model.records.thread import Thread
from chatdoc.model.records.thread_config import ConfigChange, ThreadConfig
from chatdoc.model.records.thread_state import ThreadState
from chatdoc.model.view.assemble import (
    build_change,
    build_config,
    build_message,
    build_state,
    build_thread,
    spoken,
)
from chatdoc.model.view.hidden import HiddenFacts
from chatdoc.model.view.reading_order import ReadingOrder
from chatdoc.model.view.same_moment_index import Moments

_NONE_SEEN = 0, ("", MessageId(""))


class View:
    """Lookups by id; a missing id gives None, an unknown thread no messages.

    Facts are kept per record, lists of them in ascending stamp order. `index.py` fills it.
    """

    __slots__ = (
        "attic_rows",
        "changed",
        "document_values",
        "generating",
        "header_variants",
        "headers",
        "hidden",
        "late",
        "looped",
        "marks",
        "members",
        "moments",
        "newest_seen",
        "orders",
        "piece_variants",
        "pieces",
        "queued",
        "queued_rows",
        "revisions",
        "roots",
        "settings",
        "states",
        "thread_facts",
        "thread_variants",
        "unanchored",
        "unreadable",
        "waiting",
    )

    def __init__(self) -> None:
        self.document_values: dict[str, list[Any]] = {}
        self.thread_facts: dict[str, ThreadFact] = {}
        self.thread_variants: dict[str, list[ThreadFact]] = {}
        """All identity facts of a thread, where there is more than one."""
        self.headers: dict[str, Header] = {}
        self.header_variants: dict[str, list[Header]] = {}
        """All headers of a message, where there is more than one."""
        self.members: dict[str, list[MessageId]] = {}
        """Messages of each thread id, in the order in which they came."""
        self.newest_seen: dict[str, tuple[int, tuple[str, MessageId]]] = {}
        """Of threads that were asked about: how many members were looked at, and the newest of them."""
        self.orders: dict[str, ReadingOrder] = {}
        """Reading orders of threads that were asked for."""
        self.roots: dict[str, set[MessageId]] = {}
        """Messages of each thread that reply to nothing."""
        self.revisions: dict[str, list[RevisionFact]] = {}
        self.settings: dict[str, dict[str, list[SettingFact]]] = {}
        self.marks: dict[str, dict[str, list[MarkFact]]] = {}
        self.states: dict[str, list[StateFact]] = {}
        self.pieces: dict[str, dict[int, str]] = {}
        self.piece_variants: dict[tuple[str, int], list[str]] = {}
        """All texts of a piece, where there is more than one; the first is shown."""
        self.generating: set[MessageId] = set()
        """Messages that are being written."""
        self.queued: set[MessageId] = set()
        """Messages that are marked to wait for their thread's agent."""
        self.queued_rows: set[MessageId] = set()
        """Messages that wait because their row says so, as another program left it; no turn was requested for them."""
        self.attic_rows: dict[str, AtticRow] = {}
        self.unanchored: set[MessageId] = set()
        """Messages whose chain of replies does not (yet) end at a message that replies to nothing."""
        self.waiting: dict[str, set[MessageId]] = {}
        """Unanchored messages by the id they reply to."""
        self.looped: dict[MessageId, MessageId] = {}
        """Messages that reply to each other in a circle, within a thread, with the smallest id of their circle."""
        self.late: set[str] = set()
        """Message ids that revisions, marks or pieces name, and no header has come for."""
        self.moments: Moments | None = None
        """Which messages share a sender and a millisecond, made when first asked for and kept from then on."""
        self.changed: set[MessageId] | None = None
        """Messages that were touched since somebody put a set here; None where nobody wants to know."""
        self.unreadable: dict[tuple[str, str], str] = {}
        """Entries of the Y document that are no fact, by root and key."""
        self.hidden: HiddenFacts = {}
        """What is shown here, and was destroyed in the Y document and not put back yet."""

    def document_id(self) -> DocumentId | None:
        """The smallest of the ids this document was given; copies that met have several."""
        values = [value for value in self.document_field("document_id") if isinstance(value, str)]
        return DocumentId(min(values)) if values else None

    def document_field(self, field: str) -> list[Any]:
        """Every value the field was given, in canonical order."""
        return self.document_values.get(field, [])

    # threads

    def thread_ids(self) -> list[ThreadId]:
        """All threads, the deleted ones too, by creation date and id."""
        facts = sorted(self.thread_facts.values(), key=lambda fact: (fact.created_at, fact.thread_id))
        return [fact.thread_id for fact in facts]

    def has_thread(self, thread_id: str) -> bool:
        return thread_id in self.thread_facts

    def thread(self, thread_id: str) -> Thread | None:
        fact = self.thread_facts.get(thread_id)
        return (
            None
            if fact is None
            else build_thread(self.variants_of_thread(thread_id), self.settings.get(thread_id, {}))
        )

    def variants_of_thread(self, thread_id: str) -> list[ThreadFact]:
        """The identity facts of a thread, the picked one first."""
        return self.thread_variants.get(thread_id) or [self.thread_facts[thread_id]]

    def root_of(self, thread_id: str) -> MessageId | None:
        """The root the thread's identity names, whether or not that message is here."""
        fact = self.thread_facts.get(thread_id)
        return None if fact is None else fact.root_message_id

    def config(self, thread_id: str) -> ThreadConfig:
        """The thread's settings; the defaults where nothing was set."""
        return build_config(ThreadId(thread_id), self.settings.get(thread_id, {}))

    def has_config(self, thread_id: str) -> bool:
        """Whether anything but the deletion was ever set."""
        return any(field != "deleted" for field in self.settings.get(thread_id, ()))

    def config_history(self, thread_id: str) -> list[ConfigChange]:
        """Every change of every field, newest first."""
        changes = [fact for facts in self.settings.get(thread_id, {}).values() for fact in facts]
        changes.sort(key=lambda fact: (fact.stamp, fact.field), reverse=True)
        return [build_change(fact) for fact in changes]

    def state(self, thread_id: str) -> ThreadState | None:
        facts = self.states.get(thread_id)
        return build_state(facts[-1]) if facts else None

    # messages

    def message_ids(self) -> Iterable[MessageId]:
        """All messages, in no order."""
        return (header.message_id for header in self.headers.values())

    def has_message(self, message_id: str) -> bool:
        return message_id in self.headers

    def message(self, message_id: str) -> Message | None:
        if message_id not in self.headers:
            return None
        return build_message(
            self.variants_of_message(message_id),
            self.revisions.get(message_id, ()),
            self.marks.get(message_id, {}),
            self.pieces.get(message_id, {}),
        )

    def is_as_written(self, message_id: str) -> bool:
        """Whether nothing but one header is known of a message."""
        return (
            message_id in self.headers
            and message_id not in self.header_variants
            and not self.revisions.get(message_id)
            and not self.marks.get(message_id)
            and not self.pieces.get(message_id)
        )

    def variants_of_message(self, message_id: str) -> list[Header]:
        """The headers of a message, the picked one first."""
        return self.header_variants.get(message_id) or [self.headers[message_id]]

    def thread_of(self, message_id: str) -> ThreadId | None:
        header = self.headers.get(message_id)
        return None if header is None else header.thread_id

    def reply_target(self, message_id: str) -> MessageId | None:
        """What a message replies to: its header's word, or that of the mark that moved it, if it is fit."""
        moved = self.mark(message_id, "reply_to_message_id") if message_id in self.marks else None
        if moved is not None and (moved.value is None or isinstance(moved.value, str)):
            return None if moved.value is None else MessageId(moved.value)
        header = self.headers.get(message_id)
        return None if header is None else header.reply_to_message_id

    def mark(self, message_id: str, field: str) -> MarkFact | None:
        """The mark that holds for a field of a message."""
        marks = self.marks.get(message_id)
        facts = marks.get(field) if marks is not None else None
        return facts[-1] if facts else None

    def field(self, message_id: str, field: str) -> Any:
        """A field's value: the mark that holds, else what the headers say, else None."""
        mark = self.mark(message_id, field)
        if mark is not None:
            return mark.value
        for header in spoken(self.variants_of_message(message_id)) if message_id in self.headers else ():
            if header.fields is not None and field in header.fields:
                return header.fields[field]
        return None

    def texts_of_piece(self, message_id: str, seq: int) -> list[str]:
        """What was written as one piece of a streaming answer, what is shown first; more than one only by mischance."""
        variants = self.piece_variants.get((message_id, seq))
        if variants is not None:
            return variants
        text = self.pieces.get(message_id, {}).get(seq)
        return [] if text is None else [text]

    def messages_of(self, thread_id: str) -> list[MessageId]:
        """The thread's message ids, in no order."""
        return self.members.get(thread_id, [])

    def newest(self, thread_id: str) -> tuple[str, MessageId] | None:
        """Date and id of the message that stands last in a thread; looks at what came since the last question."""
        members = self.members.get(thread_id)
        if not members:
            return None
        seen, newest = self.newest_seen.get(thread_id, _NONE_SEEN)
        if seen < len(members):
            for one in members[seen:]:
                last = self.headers[one].date, one
                if last > newest:
                    newest = last
            self.newest_seen[thread_id] = (len(members), newest)
        return newest

    def ordered(self, thread_id: str) -> list[MessageId]:
        """The thread's message ids as one reads them: the root, then by date and id."""
        return list(self._order(thread_id))

    def ordered_before(self, thread_id: str, before: str | None = None) -> Iterator[MessageId]:
        """The same from the last one backwards, or from the one before a message of the thread."""
        ids = self._order(thread_id)
        place = len(ids) if before is None else self.orders[thread_id].place(MessageId(before))
        return (ids[at] for at in range(place - 1, -1, -1))

    def _order(self, thread_id: str) -> list[MessageId]:
        root, order = self.root_of(thread_id), self.orders.get(thread_id)
        if order is None or order.root != root:
            order = self.orders[thread_id] = ReadingOrder(self.headers, root)
        return order.ids(self.members.get(thread_id, ()))

    def sharing(self, sender_id: str, date: str) -> Collection[MessageId]:
        """The messages of a sender and millisecond, in no order; the first call looks at all messages."""
        if self.moments is None:
            self.moments = Moments(self.headers.values())
        return self.moments.sharing(sender_id, date)

    def is_shared(self, sender_id: str, date: str) -> bool:
        """Whether several messages have this sender and millisecond; the first call looks at all messages."""
        if self.moments is None:
            self.moments = Moments(self.headers.values())
        return (sender_id, date) in self.moments.crowds

    def attic(self) -> Iterator[AtticRow]:
        """What is kept verbatim, by digest."""
        return (self.attic_rows[key] for key in sorted(self.attic_rows))
