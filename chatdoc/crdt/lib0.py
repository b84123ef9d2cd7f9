"""Numbers and texts of the Yjs encoding version 1 are read strictly and written in their one canonical way."""

from __future__ import annotations

from chatdoc.model.errors import RefusalCode, UpdateRefused

CLIENT_END = 2**53
CLOCK_END = 2**31
_RESYNC = "Nothing was taken; the peer can send what is missing again after a sync by state vector"


def refused(
    at: int,
    expected: str,
    came: str,
    *,
    code: RefusalCode = "unreadable_update",
    root: str | None = None,
    key: str | None = None,
    type: str | None = None,
    hint: str = _RESYNC,
) -> UpdateRefused:
    """The error for bytes that are not what they must be; `at` is the offset in bytes, and no words show any."""
    words = f"At byte {at}: expected {expected}, came {came}"
    return UpdateRefused(words, code=code, root=root, key=key, type=type, hint=hint)


def read_number(data: bytes, at: int, end: int, what: str) -> tuple[int, int]:
    """The unsigned number below `end` that starts at byte `at`, and the offset behind it; raises UpdateRefused."""
    start = at
    try:
        byte = data[at]
        at += 1
        if byte < 0x80 and byte < end:
            return byte, at
        value = byte & 0x7F
        shift = 7
        while byte >= 0x80:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if value >= end:
                break
            if not byte:
                raise refused(start, f"{what} in its shortest form", f"{value} padded to {at - start} bytes")
    except IndexError:
        raise refused(start, what, "the end of the update") from None
    if value >= end:
        raise refused(start, f"{what} below {end}", f"{value} or more")
    return value, at


def read_text(data: bytes, at: int, bytes_max: int, what: str) -> tuple[str, int]:
    """The UTF-8 text of at most `bytes_max` bytes whose length starts at `at`, and the offset behind it."""
    size, start = read_number(data, at, CLOCK_END, "the length of a text")
    if size > bytes_max:
        raise refused(at, f"{what} of at most {bytes_max} bytes", f"{size} bytes", code="too_large")
    end = start + size
    if end > len(data):
        raise refused(at, f"{what} of {size} bytes", f"only {len(data) - start} more bytes")
    try:
        return data[start:end].decode(), end
    except UnicodeDecodeError as error:
        raise refused(start + error.start, f"{what} in UTF-8", f"{error.reason}") from None


def number(value: int) -> bytes:
    """The canonical bytes of an unsigned number: seven bits a byte, the lowest first."""
    if value < 0x80:
        return _ONE[value]
    if value < 0x4000:
        return bytes((value & 0x7F | 0x80, value >> 7))
    raw = bytearray()
    while value >= 0x80:
        raw.append(value & 0x7F | 0x80)
        value >>= 7
    raw.append(value)
    return bytes(raw)


_ONE = [bytes((value,)) for value in range(0x80)]


def text_bytes(text: str) -> bytes:
    """A text's length in bytes, then its UTF-8."""
    raw = text.encode()
    return number(len(raw)) + raw
