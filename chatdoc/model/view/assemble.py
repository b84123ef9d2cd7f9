"""A public record is what its facts say together: the picked identity, and for each field the greatest stamp."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from chatdoc.model.clock import EPOCH, iso, ms_of
from chatdoc.model.copy_json import own
from chatdoc.model.facts import Header, MarkFact, RevisionFact, SettingFact, StateFact, ThreadFact
from chatdoc.model.ids import STAMP_END, MessageId, RevisionId, ThreadId, derive, is_ulid, time_ms
from chatdoc.model.records.message import Message, Revision
from chatdoc.model.records.thread import Thread
from chatdoc.model.records.thread_config import ConfigChange, ThreadConfig
from chatdoc.model.records.thread_state import ThreadState

_MESSAGE_FIELDS = {
    "generating": bool,
    "acp_thread_id": str,
    "acp_usage": dict,
    "acp_interrupted": bool,
    "acp_interrupted_reason": str,
    "acp_interrupted_text": str,
}
_CONFIG_FIELDS = {"name": str, "thread_color": str, "thread_icon": str, "pin": bool}
ACP = "acp_config."


def build_thread(variants: Sequence[ThreadFact], settings: Mapping[str, Sequence[SettingFact]]) -> Thread:
    """The thread its facts describe; `variants` holds the picked one first."""
    picked = variants[0]
    extra: dict[str, Any] = {}
    for variant in reversed(variants):
        extra |= variant.extra or {}
    deleted = settings.get("deleted")
    gone = deleted[-1] if deleted and deleted[-1].value is True else None
    return Thread(
        thread_id=picked.thread_id,
        created_at=picked.created_at,
        created_by=picked.created_by,
        root_message_id=picked.root_message_id,
        schema_version=picked.schema_version,
        deleted_at=iso(time_ms(gone.stamp)) if gone is not None else None,
        deleted_by=gone.by if gone is not None else None,
        extra=own(extra),
    )


def build_config(thread_id: ThreadId, settings: Mapping[str, Sequence[SettingFact]]) -> ThreadConfig:
    """The config a thread's settings give; values of an unfit type are kept in `extra`."""
    known: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    acp: dict[str, Any] = {}
    newest: SettingFact | None = None
    for field in sorted(settings):
        if field == "deleted":
            continue
        fact = settings[field][-1]
        if newest is None or fact.stamp > newest.stamp:
            newest = fact
        if fact.value is None:
            continue
        if field.startswith(ACP):
            acp[field[len(ACP) :]] = own(fact.value)
        elif field in _CONFIG_FIELDS and isinstance(fact.value, _CONFIG_FIELDS[field]):
            known[field] = fact.value
        else:
            extra[field] = own(fact.value)
    return ThreadConfig(
        thread_id=thread_id,
        **known,
        acp_config=acp or None,
        updated_at=iso(time_ms(newest.stamp)) if newest else None,
        updated_by=newest.by if newest else None,
        extra=extra,
    )


def build_change(fact: SettingFact) -> ConfigChange:
    """One setting as a line of the config's history."""
    return ConfigChange(
        thread_id=fact.thread_id,
        field=fact.field,
        value=own(fact.value),
        by=fact.by,
        stamp=fact.stamp,
        at=iso(time_ms(fact.stamp)),
    )


def build_state(fact: StateFact) -> ThreadState:
    """The state a fact gives."""
    return ThreadState(
        thread_id=fact.thread_id,
        state=fact.state,
        active_message_id=fact.active_message_id,
        updated_at=fact.updated_at,
        extra=own(fact.extra or {}),
    )


def first_revision(header: Header) -> Revision:
    """The revision a header carries, with what it leaves out filled in from the row."""
    author = header.sender_id if header.author_id is None else header.author_id
    date = header.date if header.revised_at is None else header.revised_at
    revision_id = header.revision_id
    if revision_id is None:
        if is_ulid(header.message_id) and header.message_id < STAMP_END:
            revision_id = RevisionId(header.message_id)
        else:
            revision_id = derive_revision(header.message_id, date, author, header.content)
    return Revision(revision_id=revision_id, author_id=author, content=header.content, date=date)


def derive_revision(message_id: str, date: str, author_id: str, content: str) -> RevisionId:
    """The id of a revision that never was given one."""
    try:
        ms = ms_of(date)
    except ValueError:
        ms = ms_of(EPOCH)
    return RevisionId(derive("revision", ms, message_id, author_id, content))


def newest_revision_id(variants: Sequence[Header], revisions: Sequence[RevisionFact]) -> RevisionId:
    """The id of the text that `build_history` has first; revisions are in their order."""
    if len(variants) > 1:
        return build_history(variants, revisions[-1:])[0].revision_id
    first = first_revision(variants[0]).revision_id
    return max(first, revisions[-1].revision_id) if revisions else first


def told(variants: Sequence[Header]) -> Sequence[Header]:
    """Without placeholders, where the real header came: what stood in for it has nothing to say beside it."""
    if len(variants) == 1 or variants[0].assumed:
        return variants
    return list(spoken(variants))


def spoken(variants: Sequence[Header]) -> Iterator[Header]:
    """What `told` has, one by one, for whoever stops at the first that says something."""
    inferred = len(variants) == 1 or variants[0].assumed
    return (one for one in variants if inferred or not one.assumed or one.sender_id or one.content)


def build_history(variants: Sequence[Header], revisions: Iterable[RevisionFact]) -> tuple[Revision, ...]:
    """Every text a message ever had, newest first; of two copies of one header each keeps its text."""
    variants = told(variants)
    first = first_revision(variants[0])
    found = {(first.revision_id, first.content, first.author_id): first}
    for variant in variants[1:]:
        other = first_revision(variant)
        # Sent under one id on two replicas, a text has two dates and is one text.
        differs = (other.content, other.author_id) != (first.content, first.author_id)
        if other.revision_id == first.revision_id and differs:
            own = derive_revision(variant.message_id, other.date, other.author_id, other.content)
            other = Revision(
                revision_id=own, author_id=other.author_id, content=other.content, date=other.date
            )
        found.setdefault((other.revision_id, other.content, other.author_id), other)
    for fact in revisions:
        found.setdefault((fact.revision_id, fact.content, fact.author_id), fact.revision)
    return tuple(found[key] for key in sorted(found, reverse=True))


def build_message(
    variants: Sequence[Header],
    revisions: Sequence[RevisionFact],
    marks: Mapping[str, Sequence[MarkFact]],
    pieces: Mapping[int, str],
) -> Message:
    """The message its facts describe; `variants` holds the picked header first."""
    picked = variants[0]
    if not (revisions or marks or pieces or picked.fields or picked.assumed) and len(variants) == 1:
        return _plain_message(picked)
    fields: dict[str, Any] = {}
    for variant in reversed(told(variants)):
        if variant.fields:
            fields |= variant.fields
    for field, facts in marks.items():
        fields[field] = facts[-1].value
    deleted = marks.get("deleted")
    gone = deleted[-1] if deleted and deleted[-1].value is True else None
    fields.pop("deleted", None)
    reply_to: str | None = picked.reply_to_message_id
    if "reply_to_message_id" in marks:
        moved = fields.pop("reply_to_message_id")
        reply_to = moved if moved is None or isinstance(moved, str) else reply_to
    known = {
        name: own(fields.pop(name))
        for name, kind in _MESSAGE_FIELDS.items()
        if name in fields and isinstance(fields[name], kind)
    }
    history = build_history(variants, revisions)
    if pieces and known.get("generating"):
        live = "".join(pieces[seq] for seq in sorted(pieces))
        shown = history[0]
        history = (
            Revision(
                revision_id=shown.revision_id,
                author_id=shown.author_id,
                content=shown.content + live,
                date=shown.date,
            ),
            *history[1:],
        )
    return Message(
        message_id=picked.message_id,
        thread_id=picked.thread_id,
        sender_id=picked.sender_id,
        date=picked.date,
        reply_to_message_id=MessageId(reply_to) if reply_to is not None else None,
        history=history,
        **known,
        deleted_at=iso(time_ms(gone.stamp)) if gone is not None else None,
        deleted_by=gone.by if gone is not None else None,
        assumed=picked.assumed,
        extra={name: own(value) for name, value in sorted(fields.items()) if value is not None},
    )


def _plain_message(header: Header) -> Message:
    """A message nobody has touched since it was sent, as nearly all are."""
    return Message(
        message_id=header.message_id,
        thread_id=header.thread_id,
        sender_id=header.sender_id,
        date=header.date,
        reply_to_message_id=header.reply_to_message_id,
        history=(first_revision(header),),
    )
