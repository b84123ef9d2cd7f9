"""Fact by fact, what a changed text says that the document never said.

A revision id or stamp the document knows, with another value than it knows, is a value changed in place: its writer
kept the old name. It becomes a change of its own, named above the present one, by somebody unknown.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chatdoc.model.clock import iso, ms_of
from chatdoc.model.facts import (
    DocumentFact,
    Fact,
    Header,
    MarkFact,
    PieceFact,
    RevisionFact,
    SettingFact,
    StateFact,
    ThreadFact,
)
from chatdoc.model.ids import MessageId, RevisionId, Stamp, derive, is_ulid, successor, time_ms
from chatdoc.model.records.message import Revision
from chatdoc.model.view.apply import attic_key, canonical
from chatdoc.model.view.assemble import build_history
from chatdoc.model.view.view import View
from migrate.odd_value import kind_of
from migrate.report import Anomaly
from migrate.v2.read_message import revision_fact
from migrate.v2.values import stamp

REPLY = "reply_to_message_id"


class Changes:
    """The comparison of a text with a document; `guessed` are the stamps and revision ids the text does not give."""

    def __init__(self, view: View, guessed: frozenset[str]) -> None:
        self.anomalies: list[Anomaly] = []
        self._view = view
        self._guessed = guessed

    def against(self, told: list[Fact]) -> list[Fact]:
        """The facts to add, in the order of the text."""
        found: list[Fact] = []
        headers: dict[MessageId, list[Header]] = {}
        revisions: dict[MessageId, list[RevisionFact]] = {}
        for fact in told:
            match fact:
                case Header():
                    headers.setdefault(fact.message_id, []).append(fact)
                case RevisionFact():
                    revisions.setdefault(fact.message_id, []).append(fact)
                case SettingFact():
                    found += self._setting(fact)
                case MarkFact():
                    found += self._mark(fact)
                case StateFact():
                    found += self._state(fact)
                case ThreadFact():
                    found += self._thread(fact)
                case _:
                    found += [] if self._is_known(fact) else [fact]
        for message_id in [*headers, *(revisions.keys() - headers.keys())]:
            found += self._message(message_id, headers.get(message_id, []), revisions.get(message_id, []))
        return found

    def _is_known(self, fact: Fact) -> bool:
        view = self._view
        if isinstance(fact, DocumentFact):
            return any(canonical(one) == canonical(fact.value) for one in view.document_field(fact.field))
        if isinstance(fact, PieceFact):
            known = view.has_message(fact.message_id)
            return known or fact.text in view.texts_of_piece(fact.message_id, fact.seq)
        assert not isinstance(fact, ThreadFact | Header | RevisionFact | SettingFact | MarkFact | StateFact)
        return attic_key(fact) in view.attic_rows

    def _thread(self, fact: ThreadFact) -> list[Fact]:
        view = self._view
        if not view.has_thread(fact.thread_id):
            return [fact]
        if canonical(fact) not in {canonical(one) for one in view.variants_of_thread(fact.thread_id)}:
            self._ignored(
                "thread_identity_changed", fact.thread_id, "its row differs from what the document says"
            )
        return []

    def _setting(self, fact: SettingFact) -> list[Fact]:
        facts = self._view.settings.get(fact.thread_id, {}).get(fact.field, [])
        return self._judged(fact.thread_id, fact, facts)

    def _mark(self, fact: MarkFact) -> list[Fact]:
        facts: list[MarkFact] = self._view.marks.get(fact.message_id, {}).get(fact.field, [])
        if not facts and self._view.has_message(fact.message_id) and self._is_guess(fact.stamp):
            present = self._view.field(fact.message_id, fact.field)
            if canonical(present) == canonical(fact.value):
                return []
        return self._judged(fact.message_id, fact, facts)

    def _judged(
        self, subject: str, fact: SettingFact | MarkFact, facts: Sequence[SettingFact | MarkFact]
    ) -> list[Fact]:
        """The fact with the stamp under which its value is to be added, or none when it is nothing new."""
        spelled, is_guess = canonical(fact.value), self._is_guess(fact.stamp)
        same = [one for one in facts if one.stamp == fact.stamp]
        if not facts or (not is_guess and not same):
            return [fact]
        newest = facts[-1]
        if any(canonical(one.value) == spelled for one in (*same, newest)):
            return []
        if is_guess and fact.stamp > newest.stamp:
            return [fact]
        risen = Stamp(_above(newest.stamp, subject, fact.field, spelled.decode()))
        return [msgspec.structs.replace(fact, stamp=risen, by=fact.by if is_guess else "")]

    def _state(self, fact: StateFact) -> list[Fact]:
        facts = self._view.states.get(fact.thread_id)
        if not facts:
            return [fact]
        newest = facts[-1]
        same = [one for one in facts if one.stamp == fact.stamp]
        if not self._is_guess(fact.stamp) and not same:
            return [fact]
        values = (fact.state, fact.active_message_id, fact.extra or {})
        if any(values == (one.state, one.active_message_id, one.extra or {}) for one in [*same, newest]):
            return []
        risen = _above(newest.stamp, fact.thread_id, fact.state, fact.active_message_id or "")
        return [msgspec.structs.replace(fact, stamp=Stamp(risen))]

    def _message(
        self, message_id: MessageId, headers: list[Header], revisions: list[RevisionFact]
    ) -> list[Fact]:
        view = self._view
        if not view.has_message(message_id):
            known_late = view.revisions.get(message_id, ())
            return [*headers, *(one for one in revisions if one not in known_late)]
        found: list[Fact] = []
        known = {canonical(one) for one in view.variants_of_message(message_id)}
        fresh = [one for one in headers if canonical(one) not in known]
        for header in fresh:
            found += self._header(header)
        present = view.revisions.get(message_id, ())
        if headers and (fresh or any(one not in present for one in revisions)):
            history = build_history(headers, revisions)
            found += self._history(message_id, history)
        return found

    def _header(self, header: Header) -> list[Fact]:
        view, message_id = self._view, header.message_id
        present = view.headers[message_id]
        for name in ("thread_id", "sender_id", "date"):
            said, is_now = getattr(header, name), getattr(present, name)
            if said != is_now:
                self._ignored(
                    "message_identity_changed",
                    message_id,
                    f"{name} is another one than before: {kind_of(said)}",
                )
        found: list[Fact] = []
        fields = {name: value for name, value in (header.fields or {}).items() if name != REPLY}
        if view.mark(message_id, REPLY) is None and header.reply_to_message_id != present.reply_to_message_id:
            fields[REPLY] = header.reply_to_message_id
        for field in sorted(fields):
            is_now = view.reply_target(message_id) if field == REPLY else view.field(message_id, field)
            said_before = [(one.fields or {}).get(field) for one in view.variants_of_message(message_id)]
            if canonical(fields[field]) in {canonical(one) for one in [is_now, *said_before]}:
                continue
            mark = view.mark(message_id, field)
            spelled = canonical(fields[field]).decode()
            derived = derive("outside", ms_of(present.date), message_id, field, spelled)
            risen = _above(mark.stamp, message_id, field, spelled) if mark else derived
            value = fields[field]
            found.append(MarkFact(message_id=message_id, field=field, stamp=Stamp(risen), value=value, by=""))
        return found

    def _history(self, message_id: MessageId, told: tuple[Revision, ...]) -> list[Fact]:
        view = self._view
        known = build_history(view.variants_of_message(message_id), view.revisions.get(message_id, ()))
        ids = {one.revision_id for one in known}
        texts = {(one.revision_id, one.content) for one in known}
        found: list[Fact] = []
        for one in told:
            if (one.revision_id, one.content) in texts:
                continue
            is_guess = self._is_guess(one.revision_id)
            if one.revision_id not in ids and not is_guess:
                found.append(revision_fact(message_id, one))
            elif any(
                one.content == other and (is_guess or given > one.revision_id) for given, other in texts
            ):
                continue
            elif one is told[0]:
                author = one.author_id if is_guess else ""
                found.append(_edit(message_id, known[0], one.content, author))
            else:
                self._ignored(
                    "older_revision_changed", message_id, f"revision {one.revision_id} has another text"
                )
        return found

    def _is_guess(self, given: str) -> bool:
        return given in self._guessed

    def _ignored(self, code: str, subject: str, found: str) -> None:
        self.anomalies.append(
            Anomaly(code=code, subject=subject, detail=found, decision="the document's own word stands")
        )


def _edit(message_id: MessageId, newest: Revision, content: str, author_id: str) -> RevisionFact:
    newest_id = newest.revision_id
    if not is_ulid(newest_id):
        newest_id = RevisionId(derive("revision", ms_of(newest.date), newest_id))
    revision_id = _above(newest_id, message_id, author_id, content)
    return RevisionFact(
        message_id=message_id,
        revision_id=RevisionId(revision_id),
        author_id=author_id,
        content=content,
        date=iso(time_ms(revision_id)),
    )


def _above(present: str, *parts: str) -> str:
    """A derived id above the present one, the same wherever the same change is seen."""
    risen = derive("outside", time_ms(present) + 1, *parts)
    return risen if stamp(risen) is not None else successor(present)
