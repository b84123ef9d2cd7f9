"""A ULID and a UUID are the same 128 bits spelled twice, so a record keeps its identity in files of UUIDs."""

from __future__ import annotations

import re
from hashlib import sha256

from chatdoc.model.ids import UUID_PATTERN, is_ulid

_UUID = re.compile(UUID_PATTERN)
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def is_uuid(text: str) -> bool:
    """Whether the text is a UUID with its hyphens, in upper or lower case."""
    return _UUID.fullmatch(text) is not None


def as_uuid(record_id: str) -> str | None:
    """The id of a record as a UUID in upper case; None for what is neither a UUID nor a ULID."""
    if is_uuid(record_id):
        return record_id.upper()
    if not is_ulid(record_id):
        return None
    number = 0
    for character in record_id:
        number = number << 5 | _ALPHABET.index(character)
    return _spelled(number)


def as_ulid(uuid: str) -> str:
    """The ULID with the bits of a UUID."""
    number = int(uuid.replace("-", ""), 16)
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in range(25, -1, -1))


def derived_uuid(*parts: str) -> str:
    """The same UUID for the same parts, in every process, for turns of files that gave them no id."""
    text = "\x00".join(f"{len(part)}:{part}" for part in parts)
    return _spelled(int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest()[:16], "big"))


def _spelled(number: int) -> str:
    digits = f"{number:032X}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
