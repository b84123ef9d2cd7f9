"""The rows of a thread give back its identity, every setting with its stamp, and its state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from chatdoc.model.clock import iso, ms_of
from chatdoc.model.facts import SettingFact, StateFact, ThreadFact
from chatdoc.model.ids import MessageId, Stamp, ThreadId, derive, is_id
from chatdoc.model.records.thread_state import State
from chatdoc.model.view.assemble import ACP
from migrate.odd_value import kind_of
from migrate.v2.fields import CONFIG_KEYS, STATE_KEYS, THREAD_KEYS, taken
from migrate.v2.notes import Reading
from migrate.v2.values import moment, stamp, stamp_pair

_canonical = msgspec.json.Encoder(order="deterministic").encode
_read_thread = msgspec.json.Decoder(ThreadFact).decode


class Implied(msgspec.Struct, frozen=True, kw_only=True):
    """What a thread's messages say about it: when it began and which message is its root."""

    created_at: str
    root_message_id: MessageId


def thread_id_of(reading: Reading) -> ThreadId | None:
    """The id of the thread a row is about, or None when it names none."""
    given = reading.row.get("thread_id")
    return reading.names.thread(given) if isinstance(given, str) and given else None


def thread_facts(reading: Reading, thread_id: ThreadId, implied: Implied | None) -> list[ThreadFact]:
    """The identity of a thread; what the row leaves out is what its messages imply, nothing without any."""
    row = reading.row
    variants = _variants(reading, thread_id)
    if variants:
        return variants
    given = row.get("created_at")
    ms = moment(given)
    created_at = iso(ms) if ms is not None else implied.created_at if implied else iso(0)
    if created_at != given:
        reading.note("missing_created_at", f"created_at is {kind_of(given)}", f"{created_at} was taken")
    root = row.get("root_message_id")
    if isinstance(root, str) and root:
        root_id = reading.names.message(root)
    elif implied is not None:
        root_id = implied.root_message_id
        reading.note(
            "missing_root_message_id", "no root_message_id", f"{root_id} was taken, the earliest root"
        )
    else:
        return []
    version = row.get("schema_version", 2)
    extra = taken(row, THREAD_KEYS)
    if not isinstance(version, int) or isinstance(version, bool):
        extra["schema_version"] = version
        version = 2
    if thread_id in reading.names.given:
        reading.note(
            "foreign_thread_id", f"thread_id is {kind_of(row.get('thread_id'))}", f"it became {thread_id}"
        )
        extra.setdefault("legacy_thread_id", reading.names.given[thread_id])
    fact = ThreadFact(
        thread_id=thread_id,
        created_at=created_at,
        created_by=reading.text("created_by"),
        root_message_id=root_id,
        schema_version=version,
        assumed=row.get("assumed") is True,
        extra=extra or None,
    )
    return [fact]


def deletion(reading: Reading, thread_id: ThreadId) -> SettingFact | None:
    """The deletion a thread row tells of; a config row that tells of it too has the word."""
    ms = moment(reading.row.get("deleted_at"))
    if ms is None:
        return None
    by = reading.row.get("deleted_by")
    by = by if isinstance(by, str) else ""
    derived = Stamp(derive("setting", ms, thread_id, "deleted", "true"))
    reading.guessed.add(derived)
    return SettingFact(thread_id=thread_id, field="deleted", stamp=derived, value=True, by=by)


def config_facts(reading: Reading, thread_id: ThreadId, born_ms: int) -> Iterator[SettingFact]:
    """A setting for every field with a value or a stamp; without a stamp it is as old as `updated_at` or the thread."""
    row = reading.row
    values = taken(row, CONFIG_KEYS)
    acp = row.get("acp_config")
    if isinstance(acp, dict):
        values |= {ACP + name: value for name, value in acp.items()}
    elif acp is not None:
        values["acp_config"] = acp
    given = row.get("stamps")
    if given is not None and not isinstance(given, dict):
        reading.note("unfit_stamps", "stamps is no object", "every field got a derived stamp")
    stamps: Mapping[str, Any] = given if isinstance(given, dict) else {}
    updated = moment(row.get("updated_at"))
    ms = born_ms if updated is None else updated
    by = row.get("updated_by")
    by = by if isinstance(by, str) else ""
    bare = []
    for field in sorted(values.keys() | stamps.keys()):
        value = values.get(field)
        pair = stamp_pair(stamps.get(field))
        if pair is None:
            if value is None:
                continue
            derived = derive("setting", ms, thread_id, field, _canonical(value).decode())
            pair = Stamp(derived), by
            reading.guessed.add(derived)
            bare.append(field)
        yield SettingFact(thread_id=thread_id, field=field, stamp=pair[0], value=value, by=pair[1])
    if bare:
        reading.note(
            "setting_without_stamp", f"no stamp for {len(bare)} fields", "derived from value and time"
        )


def state_facts(reading: Reading, thread_id: ThreadId) -> list[StateFact]:
    """The state with its stamp, a derived one where it is missing; nothing for a word that is no state."""
    row = reading.row
    try:
        state = msgspec.convert(row.get("state"), State)
    except msgspec.ValidationError:
        return []
    ms = moment(row.get("updated_at"))
    updated_at = iso(ms or 0)
    if updated_at != row.get("updated_at"):
        reading.note(
            "missing_updated_at", f"updated_at is {kind_of(row.get('updated_at'))}", f"{updated_at} was taken"
        )
    active = row.get("active_message_id")
    extra = taken(row, STATE_KEYS)
    if active is not None and not isinstance(active, str):
        extra["active_message_id"] = active
        active = None
    active_id = reading.names.message(active) if active else None
    found = stamp(row.get("stamp"))
    if found is None:
        found = Stamp(derive("state", ms_of(updated_at), thread_id, state, active_id or ""))
        reading.guessed.add(found)
        reading.note("state_without_stamp", f"stamp is {kind_of(row.get('stamp'))}", f"{found} was derived")
    fact = StateFact(
        thread_id=thread_id,
        stamp=found,
        state=state,
        updated_at=updated_at,
        active_message_id=active_id,
        extra=extra or None,
    )
    return [fact]


def _variants(reading: Reading, thread_id: ThreadId) -> list[ThreadFact]:
    given = reading.row.get("variants")
    if given is None:
        return []
    try:
        found = [_read_thread(_canonical({**one, "thread_id": thread_id})) for one in given]
    except (TypeError, ValueError, msgspec.MsgspecError):
        found = []
    dates = {one.created_at: moment(one.created_at) for one in found}
    spelled = {date for date, ms in dates.items() if ms is not None and iso(ms) == date}
    fit = [one for one in found if is_id(one.root_message_id) and one.created_at in spelled]
    if not fit or len(fit) < len(found):
        reading.note("unfit_variants", "variants is not a list of thread identities", "unfit ones were left")
    return fit
