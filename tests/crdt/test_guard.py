"""The guard reads what our layout needs and refuses all else, with the offset, what was expected and what came."""

from __future__ import annotations

import pytest
from pycrdt import Doc, Map

from chatdoc.crdt import read_update
from chatdoc.crdt.read_update import Item, read, read_state_vector, state_vector
from chatdoc.model.errors import UpdateRefused
from tests.crdt.crafting import (
    DIGEST,
    KEY,
    ROOT,
    ULID,
    after,
    block,
    entry,
    number,
    place,
    remains,
    remains_after,
    string,
    update,
    value,
)
from tests.crdt.histories import play

A, B = 5, 2**53 - 1

KILLERS = {
    "start clock near 2**32": update(block(A, 2**32 - 2, entry())),
    "start clock near 2**64": update(block(A, 2**64 - 2, entry())),
    "50 000 nested lists": update(block(A, 0, b"\x28" + place() + b"\x01" + b"\x75\x01" * 50_000 + b"\x7e")),
    "38 bytes that hang a reader": bytes.fromhex(
        "010302002701077265636f7264730168000800020002770161770162040002000477c3b67200"
    ),
    "11 bytes of garbage run that end a client's writes": bytes.fromhex("01010b0100feffffff0f00"),
    "half an emoji": bytes.fromhex("000101010101") + b"\x00",
    "a lone surrogate": update(block(A, 0, entry(b"\xed\xa0\x80"))),
    "an update of encoding version 2": Doc().get_update() + b"\x00" * 11,
    "a million nested types": update(block(A, 0, b"\x27" + place() + b"\x01", b"\x07\x00\x05\x00\x01")),
}

REFUSED = {
    "nothing at all": (b"", "At byte 0: .*end of the update"),
    "only structs": (b"\x00", "clients with deletes"),
    "trailing junk": (update() + b"\x00", "the end of the update, came 1 more bytes"),
    "more clients than bytes": (number(9) + b"\x00", "number of clients with items below 2, came 9"),
    "more items than bytes": (
        number(1) + block(A, 0, entry(), count=5000) + b"\x00",
        "number of items below",
    ),
    "no items": (update(block(A, 0)), "at least one item, came none of client 5"),
    "a client twice": (update(block(A, 0, entry()), block(A, 1, entry())), "each client once, came client 5"),
    "a client beyond 2**53": (update(block(2**53, 0, entry())), "a client id below 9007199254740992"),
    "a clock beyond 2**31": (update(block(A, 2**31, entry())), "a clock below 2147483648"),
    "clocks that run beyond 2**31": (update(block(A, 2**31 - 1, remains(2))), "an end at 2147483649"),
    "a number in two bytes too many": (b"\x80\x80\x00\x00", "in its shortest form, came 0 padded to 3 bytes"),
    "a number without end": (b"\x01" + b"\xff" * 40, "At byte 1: .*or more"),
    "a cut number": (b"\x01\x80", "At byte 1: .*came the end"),
    "a cut item": (update(block(A, 0, entry()))[:30], "a key of 43 bytes, came only 16 more bytes"),
    "no item where one should be": (number(1) + number(2) + number(A) + b"\x00" + entry(), "came the end"),
    "an item as parent": (update(block(A, 0, b"\x28\x00" + string("x"))), "a root map as parent"),
    "a parent of no kind": (update(block(A, 0, b"\x28\x02" + string("x"))), "kind of a parent below 2"),
    "an unknown root": (update(block(A, 0, entry(root="roots"))), "a root that is none of"),
    "a long root": (update(block(A, 0, entry(root="r" * 65))), "root of at most 64 bytes, came 65"),
    "a key of another root": (update(block(A, 0, entry(root="attic"))), "has not the shape of a attic key"),
    "a long key": (update(block(A, 0, entry(key="k" * 513))), "a key of at most 512 bytes, came 513"),
    "a key that is no UTF-8": (update(block(A, 0, entry(key=b"\xff"))), "a key in UTF-8"),
    "a stamp of the year 2100": (
        update(block(A, 0, entry(root="state", key=f"{ULID}/7ZZZZZZZZZZZZZZZZZZZZZZZZZ/{DIGEST}"))),
        "2099",
    ),
    "a value cut short": (update(block(A, 0, b"\x28" + place() + b"\x01\x77" + number(99))), "99 bytes"),
    "no value": (update(block(A, 0, b"\x28" + place() + b"\x00")), "one value, a string"),
    "two values": (update(block(A, 0, b"\x28" + place() + b"\x02" + value()[1:] * 2)), "came 2 values"),
    "a missing value": ((number(1) + block(A, 0, b"\x28" + place())), "one value.*came the end"),
    "removed, of no length": (update(block(A, 0, remains(0))), "came length 0 at 5:0"),
    "removed, of huge length": (update(block(A, 0, remains(2**31))), "length of a removed item below"),
    "an origin of its own clock": (update(block(A, 3, after(A, 3))), "older than 5:3, came 5:3"),
    "an origin of its own future": (update(block(A, 3, after(A, 4))), "older than 5:3, came 5:4"),
    "an origin with a huge client": (update(block(A, 3, after(2**53, 1))), "client id of an origin below"),
    "an origin with a huge clock": (update(block(A, 3, after(B, 2**31))), "clock of an origin below"),
    "two origins in a circle": (
        update(block(A, 0, after(B, 0)), block(B, 0, after(A, 0))),
        "a circle through",
    ),
    "a right origin": (update(block(A, 1, b"\xe8\x05\x00" + b"\x05\x00" + value())), "with a right origin"),
    "only a right origin": (update(block(A, 1, b"\x68\x05\x00" + value())), "with a right origin"),
    "a list entry": (
        update(block(A, 0, b"\x08\x01" + string(ROOT) + value())),
        "Any without a key",
    ),
    "a delete of no length": (update(removed={A: [(0, 0)]}), "0 clocks from 0 on"),
    "deletes of a client without any": (update(removed={A: []}), "each client once, with deletes"),
    "deletes of one client twice": (
        b"\x00\x02" + b"\x05\x01\x00\x01" * 2,
        "each client once, with deletes, came client 5",
    ),
    "deletes that overlap": (
        update(removed={A: [(0, 5), (4, 1)]}),
        "a delete range from 5 on, came 1 clocks",
    ),
    "deletes that descend": (update(removed={A: [(4, 1), (0, 1)]}), "a delete range from 5 on"),
    "a delete beyond 2**31": (update(removed={A: [(2**31 - 1, 2)]}), "the length of a delete below 2"),
    "more deletes than bytes": (b"\x00\x01\x05\x63", "number of delete ranges below"),
    "more clients with deletes than bytes": (b"\x00\x63", "clients with deletes below"),
}
KINDS = {
    0: "GC",
    2: "JSON",
    3: "Binary",
    4: "String",
    5: "Embed",
    6: "Format",
    7: "Type",
    9: "Doc",
    10: "Skip",
    11: "Move",
}
CODES = {
    "an unknown root": "wrong_place",
    "a long root": "too_large",
    "a key of another root": "wrong_place",
    "a long key": "too_large",
    "a stamp of the year 2100": "wrong_place",
    "no value": "wrong_kind",
    "two values": "wrong_kind",
    "a right origin": "wrong_kind",
    "only a right origin": "wrong_kind",
    "a list entry": "wrong_kind",
}
"""All others break the encoding."""


@pytest.mark.parametrize("name", KILLERS)
def test_bytes_that_take_a_process_down_are_refused(name: str) -> None:
    """Every known way to panic, hang or kill the process, or to end a client's writes, ends at the guard."""
    with pytest.raises(UpdateRefused, match="At byte"):
        read(KILLERS[name])


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_says_what_was_expected_and_what_came(name: str) -> None:
    """Each rule of the grammar has bytes that break this rule only, and its own words."""
    raw, words = REFUSED[name]
    with pytest.raises(UpdateRefused, match=words) as refusal:
        read(raw)
    assert refusal.value.hint
    assert refusal.value.code == CODES.get(name, "unreadable_update")
    assert refusal.value.permanent


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("flags", [0x00, 0x20, 0x80, 0xA0])
def test_other_content_is_refused_by_name(kind: int, flags: int) -> None:
    """Nothing but one string or the remains of it is content, in whatever place."""
    with pytest.raises(UpdateRefused, match=f"came {KINDS[kind]}"):
        read(update(block(A, 1, bytes([flags | kind]) + b"\x05\x00" + value())))


def test_an_update_cut_anywhere_is_refused() -> None:
    """No prefix of an update is an update."""
    whole = play(3).whole
    for size in range(len(whole)):
        with pytest.raises(UpdateRefused):
            read(whole[:size])


def test_what_is_not_bytes_is_refused() -> None:
    """pycrdt takes exactly bytes, so nothing else is half accepted."""
    for wrong in (bytearray(b"\x00\x00"), memoryview(b"\x00\x00"), "00", None):
        with pytest.raises(
            UpdateRefused, match=f"expected an update as bytes, came a {type(wrong).__name__}"
        ):
            read(wrong)  # type: ignore[arg-type]
        with pytest.raises(UpdateRefused, match="expected a state vector as bytes"):
            read_state_vector(wrong)  # type: ignore[arg-type]


def test_sizes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value and an update may have the greatest size, and not one byte more."""
    monkeypatch.setattr(read_update, "VALUE_BYTES_MAX", 10)
    assert read(update(block(A, 0, entry("é" * 5)))).items[0].text == "é" * 5
    with pytest.raises(UpdateRefused, match="a value of at most 10 bytes, came 11 bytes"):
        read(update(block(A, 0, entry("é" * 5 + "x"))))
    small = update(block(A, 0, entry()))
    monkeypatch.setattr(read_update, "UPDATE_BYTES_MAX", len(small))
    read(small)
    monkeypatch.setattr(read_update, "UPDATE_BYTES_MAX", len(small) - 1)
    with pytest.raises(UpdateRefused, match=f"came {len(small)} bytes"):
        read(small)


@pytest.mark.parametrize("kind", range(12, 32))
def test_content_that_does_not_exist_yet_is_refused(kind: int) -> None:
    """A later version of Yjs may write more; it is not taken for anything known."""
    with pytest.raises(UpdateRefused, match=f"came unknown content {kind}"):
        read(update(block(A, 1, bytes([0xA0 | kind]) + b"\x05\x00" + value())))


def test_the_last_clock_may_be_written() -> None:
    """Clocks may run up to the bound: in items, in deletes and in state vectors."""
    reading = read(update(block(A, 2**31 - 1, entry()), removed={A: [(2**31 - 2, 2)]}))
    assert reading.spans == {A: (2**31 - 1, 2**31)}
    assert read_state_vector(state_vector({A: 2**31, B: 0})) == {A: 2**31, B: 0}


def test_a_reading_has_every_field() -> None:
    """Writes and remains, placed by name or by origin, with and without the key flag, in wire order."""
    raw = update(
        block(B, 7, entry("é\u2028\0😀"), remains(3), after(A, 1, "x"), after(B, 8, "y", info=0x88)),
        block(A, 0, remains_after(B, 7, 2), remains_after(A, 1, info=0x81)),
        removed={B: [(0, 7), (8, 3)], 1: [(2**31 - 1, 1)]},
    )
    reading = read(raw)
    assert reading.items == (
        Item(B, 7, 1, ROOT, KEY, "é\u2028\0😀", None),
        Item(B, 8, 3, ROOT, KEY, None, None),
        Item(B, 11, 1, None, None, "x", (A, 1)),
        Item(B, 12, 1, None, None, "y", (B, 8)),
        Item(A, 0, 2, None, None, None, (B, 7)),
        Item(A, 2, 1, None, None, None, (A, 1)),
    )
    assert reading.removed == ((B, 0, 7), (B, 8, 3), (1, 2**31 - 1, 1))
    assert reading.spans == {B: (7, 13), A: (0, 3)}


@pytest.mark.parametrize("seed", range(100))
def test_everything_pycrdt_writes_within_the_layout_is_read(seed: int) -> None:
    """Updates, observed updates, differences, merged updates and whole states of random histories all pass."""
    history = play(seed)
    for raw in (*history.updates, history.whole):
        read(raw)
    spans = read(history.whole).spans
    assert {client: end for client, (_, end) in spans.items()} == read_state_vector(history.state)


def test_a_state_vector_is_read_by_pycrdt_as_it_was_meant() -> None:
    """Written from numbers, it is the bytes of pycrdt up to the order of clients, and selects what is lacking."""
    doc: Doc[Map[str]] = Doc(client_id=300)
    doc.get(ROOT, type=Map)[KEY] = "{}"
    assert state_vector({300: 1}) == doc.get_state()
    assert state_vector({}) == Doc().get_state()
    assert state_vector({1: 2, 300: 7}) == bytes.fromhex("02ac02070102")
    assert read(doc.get_update(state_vector({300: 1}))).items == ()
    for seed in range(20):
        state = play(seed).state
        known = read_state_vector(state)
        assert read_state_vector(state_vector(known)) == known
        assert len(state_vector(known)) == len(state)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "the end of the update"),
        (b"\x01\x05", "a clock, came the end"),
        (b"\x02\x05\x01", "number of clients below|a client id, came the end"),
        (b"\x00\x00", "the end of the state vector, came 1 more bytes"),
        (b"\x02\x05\x01\x05\x02", "each client once, came client 5 again"),
        (b"\x01" + number(2**53) + b"\x01", "a client id below"),
        (b"\x01\x05" + number(2**31 + 1), "a clock below"),
        (b"\x01\x05\x81\x00", "in its shortest form"),
        (b"\x63\x05\x01", "the number of clients below 3, came 99"),
    ],
)
def test_a_state_vector_is_read_strictly(raw: bytes, words: str) -> None:
    """What is no state vector is refused with the reason."""
    with pytest.raises(UpdateRefused, match=words):
        read_state_vector(raw)
