"""A refusal says in fields where something stood and of which type it was, and shows nothing of what was sent."""

from __future__ import annotations

import pytest

from chatdoc.crdt.read_update import read
from chatdoc.model.errors import UpdateRefused
from tests.crdt.crafting import KEY, ROOT, block, entry, place, string, update

A = 5
TYPES = {
    127: "undefined",
    126: "null",
    125: "integer",
    124: "float",
    123: "float",
    122: "bigint",
    121: "boolean",
    120: "boolean",
    118: "object",
    117: "array",
    116: "bytes",
}


@pytest.mark.parametrize("tag", range(256))
def test_no_value_but_a_string_is_read(tag: int) -> None:
    """Undefined, null, numbers, booleans, bytes, lists and objects are refused; tag 119 is a string."""
    raw = update(block(A, 0, b"\x28" + place() + bytes([1, tag]) + string("{}")))
    if tag == 119:
        assert read(raw).items[0].text == "{}"
    else:
        with pytest.raises(UpdateRefused, match=f"came {TYPES.get(tag, 'unknown value')}[.]") as refusal:
            read(raw)
        found = refusal.value
        assert (found.code, found.root, found.key) == ("wrong_kind", ROOT, KEY)
        assert (found.type, found.permanent) == (TYPES.get(tag, "unknown value"), True)


@pytest.mark.parametrize(
    ("item", "named"),
    [
        (b"\x27" + place() + b"\x01", ("wrong_kind", ROOT, KEY, "Type Map")),
        (b"\x22" + place() + b"\x01" + string("7"), ("wrong_kind", ROOT, KEY, "JSON")),
        (b"\x28" + place() + b"\x01\x7d\x05", ("wrong_kind", ROOT, KEY, "integer")),
        (entry(root="roots"), ("wrong_place", "roots", KEY, None)),
        (b"\x04\x01" + string("notes") + string("secret"), ("wrong_kind", "notes", None, "String")),
    ],
)
def test_a_refusal_names_the_place_and_the_type(item: bytes, named: tuple[str | None, ...]) -> None:
    """The first item that is none of ours says where it stands and what it is, as far as that can be read."""
    with pytest.raises(UpdateRefused) as refusal:
        read(update(block(A, 0, item)))
    found = refusal.value
    assert (found.code, found.root, found.key, found.type) == named


@pytest.mark.parametrize("secret", ["s3cret", "geheim-é"])
def test_no_words_of_a_refusal_show_what_was_sent(secret: str) -> None:
    """Roots, keys and values are somebody's text; the words name types, and the place stands in its own fields."""
    items = [
        entry(root=secret),
        entry(key=secret),
        b"\x28" + place() + b"\x01\x76\x01" + string(secret) + b"\x7e",
        b"\x28" + place() + b"\x02\x77" + string(secret) * 2,
        b"\x04\x01" + string(ROOT) + string(secret),
        b"\x27" + place() + b"\x03" + string(secret),
        b"\x26" + place() + string(secret) + string(secret),
    ]
    for item in items:
        with pytest.raises(UpdateRefused) as refusal:
            read(update(block(A, 0, item)))
        assert secret not in str(refusal.value)
        assert secret.encode().hex() not in str(refusal.value).replace(" ", "")
