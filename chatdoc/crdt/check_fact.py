"""A fact from a peer counts when its ids are ids, its dates are dates, and its stamps lie before 2100.

Repairs and later commands build on these values. From an id that is none they would make keys that every peer
refuses, and with them all that this session writes from then on.
"""

from __future__ import annotations

import re

import msgspec

from chatdoc.model.facts import Fact, Header, MarkFact, RevisionFact, StateFact, ThreadFact
from chatdoc.model.ids import STAMP_MS_END, is_id, is_ulid, time_ms
from chatdoc.model.limits import FACT_DEPTH_MAX, is_deeper

DEPTH_MAX = FACT_DEPTH_MAX
"""How deep a fact may nest: as deep as its row can be read back from the text."""

_DATE = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}Z", re.ASCII)


def is_sound(fact: Fact, text: str) -> bool:
    """Whether a fact, whose key is right, names nothing that cannot be; `text` is what it was decoded from."""
    match fact:
        case Header():
            sound = (
                is_id(fact.thread_id)
                and _is_date(fact.date)
                and _is_id_or_none(fact.reply_to_message_id)
                and (fact.revision_id is None or _is_stamp(fact.revision_id))
                and (fact.revised_at is None or _is_date(fact.revised_at))
            )
        case RevisionFact():
            sound = _is_date(fact.date)
        case ThreadFact():
            sound = is_id(fact.root_message_id) and _is_date(fact.created_at)
        case StateFact():
            sound = _is_id_or_none(fact.active_message_id) and _is_date(fact.updated_at)
        case MarkFact(field="reply_to_message_id"):
            sound = _is_id_or_none(fact.value)
        case _:
            sound = True
    return sound and _is_shallow(text)


def _is_id_or_none(value: object) -> bool:
    return value is None or (isinstance(value, str) and is_id(value))


def _is_stamp(text: str) -> bool:
    return is_ulid(text) and time_ms(text) < STAMP_MS_END


def _is_date(text: str) -> bool:
    return _DATE.fullmatch(text) is not None


def _is_shallow(text: str) -> bool:
    # Brackets within strings count here too; only where there are very many is the depth itself looked at.
    if text.count("{") + text.count("[") <= DEPTH_MAX:
        return True
    return not is_deeper(msgspec.json.decode(text), DEPTH_MAX)
