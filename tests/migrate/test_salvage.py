"""Whole JSON objects are found again in damaged lines, and nothing within a torn one is taken for a record."""

from __future__ import annotations

import random
import time

import msgspec
import pytest

from migrate.salvage import salvage


@pytest.mark.parametrize(
    ("line", "values", "lost"),
    [
        (b'{"a":1}{"b":2}', (b'{"a":1}', b'{"b":2}'), ()),
        (b'{"a":1} \t{"b":2}\r', (b'{"a":1}', b'{"b":2}'), ()),
        (b'\x00\x00{"a":1}\x00\x00', (b'{"a":1}',), ()),
        (b"\x00\x00\x00", (), ()),
        (b'{"a":"torn here{"b":2}', (b'{"b":2}',), (b'{"a":"torn here',)),
        (b'{"a":12{"b":2}{"c":3', (b'{"b":2}',), (b'{"a":12', b'{"c":3')),
        (b'{"a":{"b":2}', (), (b'{"a":{"b":2}',)),
        (b'{"a":1,"b":[{"c":2}]', (), (b'{"a":1,"b":[{"c":2}]',)),
        (b'{"a":1}[1]', (b'{"a":1}',), (b"[1]",)),
        (b"no JSON", (), (b"no JSON",)),
        ('{"ä":"é{"}{"b":"ü"}'.encode(), ('{"ä":"é{"}'.encode(), '{"b":"ü"}'.encode()), ()),
        (b'{"a":"\xff"}{"b":2}', (b'{"b":2}',), (b'{"a":"\xff"}',)),
    ],
)
def test_what_is_whole_is_found(line: bytes, values: tuple[bytes, ...], lost: tuple[bytes, ...]) -> None:
    """Objects and the pieces between them are these, in their order."""
    found = salvage(line)
    assert found.values == values
    assert found.lost == lost
    assert found.is_whole == (not lost)


def test_every_byte_is_a_value_lost_or_blank() -> None:
    """Nothing of a line vanishes: values and lost pieces together are the line but for NULs and blanks."""
    dice = random.Random(11)
    pieces = [
        b'{"a":1}',
        b'{"b":"x y"}',
        b'{"c":',
        b'"',
        b"}",
        b"\x00",
        b" ",
        b"9",
        b"\xff",
        b'{"d":{"e":[]}}',
    ]
    for _ in range(3000):
        line = b"".join(dice.choice(pieces) for _ in range(dice.randrange(8)))
        found = salvage(line)
        kept = sum(map(len, found.values)) + sum(len(one.replace(b" ", b"")) for one in found.lost)
        inner = sum(value.count(b" ") for value in found.values)
        assert kept == len(line.replace(b"\x00", b"").replace(b" ", b"")) + inner, line
        for value in found.values:
            assert isinstance(msgspec.json.decode(value), dict)


def test_no_line_costs_more_than_linear_time() -> None:
    """A megabyte of openings and a megabyte of broken ones take under two seconds each."""
    for line in (b'{"a":' * 200_000, b'{"a"{' * 200_000, b"{" * 1_000_000, b'{"a":"' + b'{"' * 500_000):
        begun = time.process_time()  # Whoever else has the processor meanwhile.
        salvage(line)
        assert time.process_time() - begun < 2
