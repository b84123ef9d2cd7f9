"""A fact counts when what it names can be named; everything this program writes does."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chatdoc.crdt.check_fact import DEPTH_MAX
from chatdoc.crdt.keys import decode, encode
from chatdoc.model.facts import Fact, Header, MarkFact, RevisionFact, SettingFact, StateFact, ThreadFact
from chatdoc.model.ids import MessageId, RevisionId, Stamp, ThreadId

ID = "01HF7YAT000000000000000001"
UUID = "71000000-0000-4000-8000-000000000001"
DATE = "2024-01-01T00:00:00.000Z"
BAD_IDS = ("", "no id", "01hf7yat000000000000000001", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", f"{ID}\n", f"{UUID}x")
BAD_DATES = (
    "",
    "yesterday",
    "2024-01-01",
    "2024-01-01T00:00:00Z",
    "2024-01-01T00:00:00.000+01:00",
    f"{DATE}\n",
)

HEADER = Header(message_id=MessageId(ID), thread_id=ThreadId(UUID), sender_id="", date=DATE)
THREAD = ThreadFact(thread_id=ThreadId(ID), created_at=DATE, created_by="", root_message_id=MessageId(UUID))
REVISION = RevisionFact(
    message_id=MessageId(ID), revision_id=RevisionId(ID), author_id="", content="", date=DATE
)
STATE = StateFact(thread_id=ThreadId(ID), stamp=Stamp(ID), state="idle", updated_at=DATE)
REPLY = MarkFact(message_id=MessageId(ID), field="reply_to_message_id", stamp=Stamp(ID), value=UUID, by="")
SOUND: tuple[Fact, ...] = (HEADER, THREAD, REVISION, STATE, REPLY)


def changed(fact: Fact, field: str, value: Any) -> Fact:
    """The fact with another value in one field."""
    return msgspec.structs.replace(fact, **{field: value})


@pytest.mark.parametrize("fact", SOUND, ids=lambda fact: type(fact).__name__)
def test_sound_facts_count(fact: Fact) -> None:
    """Ids are ULIDs or UUIDs, dates have one spelling."""
    assert decode(*encode(fact)) == fact


@pytest.mark.parametrize("bad", BAD_IDS)
@pytest.mark.parametrize(
    ("fact", "field"),
    [
        (HEADER, "thread_id"),
        (HEADER, "reply_to_message_id"),
        (HEADER, "revision_id"),
        (THREAD, "root_message_id"),
        (STATE, "active_message_id"),
        (REPLY, "value"),
    ],
)
def test_a_fact_that_names_what_is_no_id_counts_for_nothing(fact: Fact, field: str, bad: str) -> None:
    """Repairs and commands would make keys from it that every peer refuses."""
    assert decode(*encode(changed(fact, field, bad))) is None


@pytest.mark.parametrize("bad", BAD_DATES)
@pytest.mark.parametrize(
    ("fact", "field"),
    [
        (HEADER, "date"),
        (HEADER, "revised_at"),
        (THREAD, "created_at"),
        (REVISION, "date"),
        (STATE, "updated_at"),
    ],
)
def test_a_fact_of_another_date_than_ours_counts_for_nothing(fact: Fact, field: str, bad: str) -> None:
    """Dates are sorted as texts, so there is one spelling."""
    assert decode(*encode(changed(fact, field, bad))) is None


def test_a_first_revision_is_stamped_within_this_century() -> None:
    """A header does not write the last word of a message."""
    assert decode(*encode(changed(HEADER, "revision_id", "03QCPC7NZZZZZZZZZZZZZZZZZZ"))) is not None
    assert decode(*encode(changed(HEADER, "revision_id", "03QCPC7P000000000000000000"))) is None


def test_a_value_nested_too_deep_counts_for_nothing() -> None:
    """Brackets in a text are no nesting."""
    deep: Any = 1
    for _ in range(DEPTH_MAX + 1):
        deep = [deep]
    setting = SettingFact(thread_id=ThreadId(ID), field="x", stamp=Stamp(ID), value=deep, by="")
    assert decode(*encode(setting)) is None
    flat = changed(setting, "value", ["[{" * 1000, *([[]] * 1000)])
    assert decode(*encode(flat)) == flat


@pytest.mark.parametrize("value", [[1], {"a": 1}, 3, True])
def test_a_message_replies_to_an_id_or_to_nothing(value: Any) -> None:
    """Other values would not even be looked up."""
    assert decode(*encode(changed(REPLY, "value", value))) is None
    assert decode(*encode(changed(REPLY, "value", None))) is not None
