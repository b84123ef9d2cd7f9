"""An oracle that knows nothing of the migration: every word of a CoCalc row must be found in the facts.

It reads the source with the standard library and walks each row; the exceptions below are all that may be missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from chatdoc.model.facts import Fact
from chatdoc.model.ids import is_ulid, time_ms
from chatdoc.model.records.attic import AtticRow

DATE_FIELDS = ("date", "reply_to", "updated_at", "created_at")
SAID_BY_KIND = ("event", "schema_version", "generating")
"""What a row is, which version it has, and whether a turn ran: the kind of fact and its state say so."""
SAID_BY_STAMP = ("date", "updated_at", "state")
"""Of a record: its key, when its best word was said, and a state that is another one at rest."""
ID_FIELDS = ("message_id", "parent_message_id", "reply_to_message_id", "root_message_id", "active_message_id")
UPSTREAM_ID = re.compile(r"legacy-message-([0-9]{1,15})-(.*)")
"""What CoCalc's upgrade calls a message by its date and sender, which the message here has too."""
RECORD_SENDER = re.compile(r"__thread(_config|_state)?__(:.*)?", re.DOTALL)
FALSE = ("", "0", "false", "False", False, 0)
TRUE = ("1", "true", "True", True, 1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def lost_words(source: bytes, facts: Iterable[Fact]) -> Iterator[str]:
    """Every word of a row of the source that is nowhere in the facts, with its place."""
    kept, verbatim = set(), set()
    for fact in facts:
        if isinstance(fact, AtticRow):
            verbatim.add(fact.text)
        _gather(json.loads(msgspec.json.encode(fact)), kept)
    for number, line in enumerate(source.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        row = _row(line)
        if row is None or line.decode().rstrip("\r") in verbatim:
            continue
        is_record = str(row.get("event")).startswith("chat-thread")
        for place, word in _words(row, ()):
            if not _is_found(place, word, kept) and not (is_record and place[0] in SAID_BY_STAMP):
                yield f"line {number}: {'.'.join(map(str, place))} = {word!r}"


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _gather(value: Any, kept: set[str]) -> None:
    """Leaves as JSON texts, and the names of fields."""
    if isinstance(value, dict):
        kept.update(json.dumps(key) for key in value)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _gather(inner, kept)
    if not isinstance(value, dict | list):
        kept.add(json.dumps(value))
        if isinstance(value, str):
            kept.add(json.dumps(value.removeprefix("name:")))
            kept.update(json.dumps(part) for part in value.split("."))
            if is_ulid(value):
                kept.update(json.dumps(date) for date in _instants(time_ms(value)))


def _words(value: Any, place: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _words(inner, (*place, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _words(inner, (*place, number))
    elif value is not None:
        yield place, value


def _is_found(place: tuple[Any, ...], word: Any, kept: set[str]) -> bool:
    spelled = json.dumps(word)
    if spelled in kept or word in ("", "__unknown__") or place[0] in SAID_BY_KIND:
        return True
    if place == ("sender_id",) and RECORD_SENDER.fullmatch(str(word)):
        return True
    if place == ("pin",) and (word in TRUE or word in FALSE):
        return True
    if place[-1] in DATE_FIELDS or place[0] == "reply_to":
        return any(json.dumps(text) in kept for text in _instants(word))
    if place == ("mesg", "event"):
        return bool(word == "chat")
    if place[-1] in ID_FIELDS and (told := UPSTREAM_ID.fullmatch(str(word))) is not None:
        senders = {re.sub(r"[^A-Za-z0-9_-]", "_", json.loads(one)) for one in kept if one.startswith('"')}
        return (not told[2] or told[2] == "__unknown__" or told[2] in senders) and any(
            json.dumps(text) in kept for text in _instants(told[1])
        )
    return isinstance(word, str) and not word.strip()


def _instants(word: Any) -> Iterator[str]:
    """A date as documents spell it, if it is one."""
    try:
        if isinstance(word, str) and not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]*)?", word.strip()):
            moment = datetime.fromisoformat(word.strip())
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            ms = (moment - EPOCH) // timedelta(milliseconds=1)
        else:
            ms = int(float(word))
        yield (EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, TypeError):
        return
