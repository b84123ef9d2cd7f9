"""y-protocols framing, as y-websocket and hocuspocus clients speak it: a message is one kind, one body, no rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from chatdoc.crdt.lib0 import CLIENT_END, CLOCK_END, number, read_number, read_text, text_bytes
from chatdoc.model.errors import UpdateRefused

SYNC, AWARENESS, AUTH, QUERY_AWARENESS, SYNC_REPLY, STATELESS = 0, 1, 2, 3, 4, 5
CLOSE, SYNC_STATUS, PING, PONG = 7, 8, 9, 10
_STEP_1, _STEP_2, _UPDATE = 0, 1, 2
TEXT_BYTES_MAX = 1024 * 1024
TOKEN_BYTES_MAX = 16 * 1024
NAME_BYTES_MAX = 4096
DELETED = b"\x00"
"""An update without items; its delete set follows."""

Kind = Literal[
    "step_1", "step_2", "update", "awareness", "token", "query", "stateless", "close", "ping", "pong"
]


class Incoming(NamedTuple):
    """One message of a client; `body` is a state vector, an update or an awareness update, `text` a token or JSON."""

    kind: Kind
    body: bytes = b""
    text: str = ""


class Presence(NamedTuple):
    """What one client id says of itself; a state of None says that it is gone."""

    client: int
    clock: int
    state: str | None


def read_message(data: bytes, at: int = 0) -> Incoming:
    """The message that starts at an offset and ends with the data; raises UpdateRefused."""
    kind, at = read_number(data, at, 128, "the kind of a message")
    if kind in (SYNC, SYNC_REPLY):
        step, at = read_number(data, at, 3, "a sync step")
        body = _body(data, at)
        return Incoming("step_1" if step == _STEP_1 else "step_2" if step == _STEP_2 else "update", body)
    if kind == AWARENESS:
        return Incoming("awareness", _body(data, at))
    if kind == AUTH:
        _, at = read_number(data, at, 1, "a token (0)")
        text, _ = read_text(data, at, TOKEN_BYTES_MAX, "a token")  # hocuspocus adds its version.
        return Incoming("token", text=text)
    if kind == STATELESS:
        text, _ = read_text(data, at, TEXT_BYTES_MAX, "a JSON text")
        return Incoming("stateless", text=text)
    plain: dict[int, Kind] = {QUERY_AWARENESS: "query", CLOSE: "close", PING: "ping", PONG: "pong"}
    if kind in plain:
        return Incoming(plain[kind])
    raise UpdateRefused(f"expected a message of kind 0 to 10, came kind {kind}", hint="See docs/sync.md")


def read_name(data: bytes) -> tuple[str, int]:
    """The document name a hocuspocus message begins with, and the offset behind it."""
    return read_text(data, 0, NAME_BYTES_MAX, "the name of a document")


def read_presences(data: bytes, *, clients_max: int, bytes_max: int) -> list[Presence]:
    """The presences of an awareness update; raises UpdateRefused."""
    found = []
    count, at = read_number(data, 0, clients_max + 1, "the number of present clients")
    for _ in range(count):
        client, at = read_number(data, at, CLIENT_END, "a client id")
        clock, at = read_number(data, at, CLOCK_END, "a clock")
        state, at = read_text(data, at, bytes_max, "a presence")
        found.append(Presence(client, clock, None if state == "null" else state))
    if at != len(data):
        raise UpdateRefused(
            f"expected the end of an awareness update at byte {at}, came {len(data) - at} more"
        )
    return found


def presences(states: list[Presence]) -> bytes:
    """An awareness update as a message."""
    return b"\x01" + _sized(presences_alone(states))


def presences_alone(states: list[Presence]) -> bytes:
    """An awareness update."""
    parts = [number(len(states))]
    for one in states:
        parts += number(one.client), number(one.clock), text_bytes("null" if one.state is None else one.state)
    return b"".join(parts)


def step_1(state_vector: bytes) -> bytes:
    """The message that asks for what lies beyond a state vector."""
    return b"\x00\x00" + _sized(state_vector)


def step_2(update: bytes) -> bytes:
    """The message that answers step 1."""
    return b"\x00\x01" + _sized(update)


def update(content: bytes) -> bytes:
    """The message that carries a change."""
    return b"\x00\x02" + _sized(content)


def denied(reason: str, *, hocuspocus: bool) -> bytes:
    """The message that says why something was not allowed; the two kinds of clients number it differently."""
    return (b"\x02\x01" if hocuspocus else b"\x02\x00") + text_bytes(reason)


def authenticated(scope: Literal["read-write", "readonly"]) -> bytes:
    """The message that says what somebody may do; only hocuspocus clients know it."""
    return b"\x02\x02" + text_bytes(scope)


def stateless(text: str) -> bytes:
    """A JSON text beside the document: an answer to a command, a refusal."""
    return bytes((STATELESS,)) + text_bytes(text)


def sync_status(applied: bool) -> bytes:
    """The acknowledgement hocuspocus clients wait for; true only once the change is stored."""
    return bytes((SYNC_STATUS, applied))


def named(name: str, message: bytes) -> bytes:
    """A message of one of many documents on one socket."""
    return text_bytes(name) + message


def delete_set(ranges: dict[int, list[tuple[int, int]]]) -> bytes:
    """An update that only removes: for each client its ranges of first clock and length, ascending and apart."""
    parts = [DELETED, number(len(ranges))]
    for client in sorted(ranges, reverse=True):
        parts += number(client), number(len(ranges[client]))
        for clock, length in ranges[client]:
            parts += number(clock), number(length)
    return b"".join(parts)


def grouped(updates: list[bytes], bytes_max: int) -> Iterator[list[bytes]]:
    """The same updates in groups of about so many bytes, in their order; none where there is none."""
    group: list[bytes] = []
    size = 0
    for update in updates:
        if group and size + len(update) > bytes_max:
            yield group
            group, size = [], 0
        group.append(update)
        size += len(update)
    if group:
        yield group


def _body(data: bytes, at: int) -> bytes:
    size, start = read_number(data, at, len(data) + 1, "the length of a body")
    if start + size != len(data):
        raise UpdateRefused(
            f"expected a body of {size} bytes, came {len(data) - start}", hint="See docs/sync.md"
        )
    return data[start:]


def _sized(body: bytes) -> bytes:
    return number(len(body)) + body
