"""What was stored of an event is read back as it was told, or the error says which event it is that cannot be read.

Equal payloads are the same bytes. A type that this program does not know is kept as `Unknown`; stored text that is no
JSON, or not what its type promises, raises EventUndecodable and is never skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from chatdoc.model.errors import EventUndecodable
from chatdoc.model.events.attribution import metadata_of
from chatdoc.model.events.event import Unknown
from chatdoc.model.events.types import TYPES, Payload
from chatdoc.model.events.upcasters import UPCASTERS, Upcaster, chains, lift

Metadata = dict[str, Any]
Decoded = tuple[Payload | Unknown, Metadata]
_Value = TypeVar("_Value")

COLUMNS = (
    "sequence",
    "event_id",
    "aggregate_kind",
    "stream_id",
    "stream_version",
    "event_type",
    "occurred_at",
    "command_id",
    "causation_event_id",
    "correlation_id",
    "actor_kind",
    "payload_json",
    "metadata_json",
)
"""The order in which `decode` expects the columns of a stored event."""

_SEQUENCE, _KIND, _STREAM, _VERSION, _TYPE, _PAYLOAD, _METADATA = (
    COLUMNS.index(name)
    for name in (
        "sequence",
        "aggregate_kind",
        "stream_id",
        "stream_version",
        "event_type",
        "payload_json",
        "metadata_json",
    )
)
_encode = msgspec.json.Encoder(order="deterministic").encode
_decode_fields = msgspec.json.Decoder(dict[str, Any]).decode
_decode_any = msgspec.json.Decoder().decode


def encode(payload: Payload | Unknown) -> str:
    """The JSON text of a payload; what is None by default or was not said is left out."""
    if type(payload) is Unknown:
        return _encode(payload.fields).decode()
    return _encode(payload).decode()


def encode_metadata(metadata: Metadata) -> str:
    """The JSON text of an event's metadata, its keys in order."""
    return _encode(metadata).decode()


@lru_cache(maxsize=64)
def encode_origin(origin: str) -> str:
    """The same of metadata that say where an event came from, and nothing else."""
    return encode_metadata(metadata_of(origin))


class Codec:
    """Reads stored events with these upcasters."""

    def __init__(self, upcasters: Iterable[Upcaster]) -> None:
        self._decoders: dict[str, Callable[[str], Any]] = {
            name: msgspec.json.Decoder(kind).decode for name, kind in TYPES.items()
        }
        for name, chain in chains(upcasters).items():
            self._decoders[name] = _lifting(TYPES[name], chain)

    def decode(self, row: Sequence[Any], operation: str = "read the event log") -> Decoded:
        """Payload and metadata of a stored event, its columns ordered as in `COLUMNS`; raises EventUndecodable."""
        event_type = row[_TYPE]
        decode_payload = self._decoders.get(event_type)
        if decode_payload is None:
            payload: Payload | Unknown = Unknown(fields=_read(row, _PAYLOAD, _decode_any, "JSON", operation))
        else:
            payload = _read(row, _PAYLOAD, decode_payload, f"the fields of {event_type}", operation)
        return payload, _read(row, _METADATA, _decode_fields, "a JSON object", operation)


def _lifting(kind: type[Payload], chain: Sequence[Upcaster]) -> Callable[[str], Any]:
    def decode_old(text: str) -> Any:
        return msgspec.convert(lift(chain, _decode_fields(text)), kind)

    return decode_old


def _read(
    row: Sequence[Any], column: int, decode_text: Callable[[str], _Value], expected: str, operation: str
) -> _Value:
    try:
        return decode_text(row[column])
    except (msgspec.MsgspecError, UnicodeError, RecursionError, TypeError) as error:
        raise EventUndecodable(
            f"cannot {operation}: {COLUMNS[column]} of event {row[_SEQUENCE]} ({row[_KIND]} {row[_STREAM]},"
            f" version {row[_VERSION]}, {row[_TYPE]}) is not readable: expected {expected},"
            f" got {_shortly(row[column])} ({type(error).__name__})",
            sequence=row[_SEQUENCE],
            stream_id=row[_STREAM],
            event_type=row[_TYPE],
            hint="The log is append-only, so this row was damaged from outside; restore the store from a backup",
        ) from error


def _shortly(stored: object) -> str:
    """What kind of value was stored and how long it is; its content is the user's, and stands in no error."""
    return f"{len(stored)} characters" if isinstance(stored, str) else type(stored).__name__


decode = Codec(UPCASTERS).decode
"""Reads a stored event; see `Codec.decode`."""
