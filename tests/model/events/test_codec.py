"""Stored events come back as they were told; what cannot be read says which event it is and what was expected."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from chatdoc.model.errors import EventUndecodable, StoreError
from chatdoc.model.events import codec
from chatdoc.model.events.event import Unknown
from chatdoc.model.events.types import (
    TYPE_OF,
    TYPES,
    MessageEdited,
    Payload,
    Session,
    SessionSet,
    ThreadMetaUpdated,
)
from chatdoc.model.events.upcasters import UPCASTERS, Fields, Upcaster, chains
from tests.examples import examples


def row(event_type: str, payload_json: str, metadata_json: str = "{}") -> tuple[Any, ...]:
    """A stored event with these texts."""
    return (
        7,
        "e",
        "thread",
        "t",
        3,
        event_type,
        "now",
        None,
        None,
        None,
        "client",
        payload_json,
        metadata_json,
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def values(kind: msgspec.inspect.Type) -> st.SearchStrategy[Any]:
    """What a field of this type may hold."""
    match kind:
        case msgspec.inspect.UnionType():
            return st.one_of(*(values(one) for one in kind.types))
        case msgspec.inspect.StructType():
            return st.builds(kind.cls, **{field.name: optional(field) for field in kind.fields})
        case msgspec.inspect.ListType():
            return st.lists(values(kind.item_type), max_size=2)
        case msgspec.inspect.LiteralType():
            return st.sampled_from(kind.values)
        case msgspec.inspect.DictType():
            return st.dictionaries(st.text(max_size=3), JSON, max_size=3)
    simple: dict[type, st.SearchStrategy[Any]] = {
        msgspec.inspect.StrType: st.text(max_size=8),
        msgspec.inspect.IntType: st.integers(-(2**60), 2**60),
        msgspec.inspect.BoolType: st.booleans(),
        msgspec.inspect.NoneType: st.none(),
        msgspec.inspect.AnyType: JSON,
    }
    return simple[type(kind)]


def optional(field: msgspec.inspect.Field) -> st.SearchStrategy[Any]:
    """What a field may hold, UNSET where that is its default."""
    return values(field.type) | st.just(UNSET) if field.default is UNSET else values(field.type)


def payloads() -> st.SearchStrategy[Any]:
    """Every payload there is, with what its fields may hold."""
    return st.one_of(*(values(msgspec.inspect.type_info(kind)) for _, kind in sorted(TYPES.items())))


def test_upcasters_are_numbered_without_gaps() -> None:
    """A gap, a repetition or a type that is not there is refused when the program starts."""
    chains(UPCASTERS)

    def same(fields: Fields) -> Fields:
        return fields

    edited = "thread.message-edited"
    with pytest.raises(ValueError, match="expected number 1 next, got 2"):
        chains([Upcaster(edited, 2, same)])
    with pytest.raises(ValueError, match="expected number 2 next, got 1"):
        chains([Upcaster(edited, 1, same), Upcaster(edited, 1, same)])
    with pytest.raises(ValueError, match="expected one of the event types"):
        chains([Upcaster("thread.dreamed-of", 1, same)])


def test_old_shapes_are_lifted_when_read() -> None:
    """An event of a made-up old shape is read in the present one, a present one as it is."""

    def name_text(fields: Fields) -> Fields:
        return {**fields, "text": fields["body"]} if "body" in fields else fields

    def name_message(fields: Fields) -> Fields:
        return {**fields, "messageId": fields["id"]} if "id" in fields else fields

    edited = "thread.message-edited"
    reader = codec.Codec([Upcaster(edited, 1, name_text), Upcaster(edited, 2, name_message)])
    new = MessageEdited(thread_id="t", message_id="m", text="Hi", updated_at="now")
    stored = '{"threadId":"t","id":"m","body":"Hi","updatedAt":"now","colour":"red"}'
    assert reader.decode(row(edited, stored)) == (new, {})
    assert reader.decode(row(edited, codec.encode(new))) == (new, {})
    with pytest.raises(EventUndecodable):
        codec.decode(row(edited, stored))


@given(payloads())
@settings(max_examples=examples(150), deadline=None)
def test_every_payload_comes_back_from_its_text(payload: Payload) -> None:
    """What was told is what is read, and telling it again gives the same bytes."""
    text = codec.encode(payload)
    found, _ = codec.decode(row(TYPE_OF[type(payload)], text))
    assert found == payload
    assert codec.encode(found) == text


def test_equal_payloads_are_the_same_bytes() -> None:
    """The order in which a config was put together does not show."""
    texts = {
        codec.encode(ThreadMetaUpdated(thread_id="t", config=config, updated_at="now"))
        for config in ({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1})
    }
    assert texts == {'{"threadId":"t","config":{"a":1,"b":{"c":2,"d":3}},"updatedAt":"now"}'}
    assert codec.encode_metadata({"b": 1, "a": 2}) == '{"a":2,"b":1}'


def test_what_was_not_said_is_not_stored() -> None:
    """UNSET is left out and comes back as UNSET; None that clears stays None."""
    session = Session(status="ready", last_error=None, updated_at="now")
    text = codec.encode(SessionSet(thread_id="t", session=session))
    assert json.loads(text)["session"] == {"status": "ready", "lastError": None, "updatedAt": "now"}


def test_type_nobody_knows_is_kept() -> None:
    """An event of a newer program comes with the fields it was stored with, and spells them the same."""
    stored = '{"threadId":"t","what":[1,{"else":null}]}'
    payload, metadata = codec.decode(row("thread.from-the-future", stored, '{"origin":"peer"}'))
    assert payload == Unknown(fields={"threadId": "t", "what": [1, {"else": None}]})
    assert metadata == {"origin": "peer"}
    assert codec.encode(payload) == stored


@pytest.mark.parametrize(
    ("event_type", "payload_json", "metadata_json", "column", "expected"),
    [
        (
            "thread.message-edited",
            '{"threadId":',
            "{}",
            "payload_json",
            "the fields of thread.message-edited",
        ),
        (
            "thread.message-edited",
            '{"threadId":"t"}',
            "{}",
            "payload_json",
            "got 16 characters (ValidationError)",
        ),
        (
            "thread.message-edited",
            '{"threadId":7}',
            "{}",
            "payload_json",
            "the fields of thread.message-edited",
        ),
        ("thread.deleted", "[]", "{}", "payload_json", "the fields of thread.deleted, got 2 characters"),
        ("thread.from-the-future", "nothing", "{}", "payload_json", "expected JSON"),
        ("thread.deleted", '{"threadId":"t","deletedAt":"now"}', "[1]", "metadata_json", "a JSON object"),
    ],
)
def test_fails_with_event_undecodable_when_stored_json_is_invalid(
    event_type: str, payload_json: str, metadata_json: str, column: str, expected: str
) -> None:
    """The error names operation, column, sequence, stream, version and type, what was expected, and what to do."""
    with pytest.raises(EventUndecodable) as caught:
        codec.decode(row(event_type, payload_json, metadata_json), "replay thread t")
    told = str(caught.value)
    for part in (
        "replay thread t",
        column,
        "event 7 ",
        "thread t",
        "version 3",
        event_type,
        expected,
        "backup",
    ):
        assert part in told
    assert isinstance(caught.value, StoreError)
    assert (caught.value.sequence, caught.value.stream_id) == (7, "t")
    assert caught.value.event_type == event_type


@pytest.mark.parametrize(
    "stored",
    [
        '{"threadId":"t","session":{"status":"SECRET","updatedAt":"now"}}',
        '{"threadId":"t","session":"SECRET"}',
        '{"threadId":"t","session":{"status":"SECRET',
    ],
)
def test_error_holds_nothing_of_what_was_stored(stored: str) -> None:
    """Not even a value that none of those it may have is."""
    with pytest.raises(EventUndecodable) as caught:
        codec.decode(row("thread.session-set", stored))
    assert "SECRET" not in str(caught.value)


def test_deeply_nested_text_is_undecodable() -> None:
    """Text that would exhaust the stack is an error of its event, not of the program."""
    with pytest.raises(EventUndecodable):
        codec.decode(row("thread.from-the-future", "[" * 100_000))
