"""Directory of agent sessions: one is found again after a restart, merged with what is said of it later.

The rows are this replica's business and no part of its log: they are not folded from events, and no peer has them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar, get_args

import msgspec
from msgspec import UNSET, UnsetType

from chatdoc.model.arguments import require_name, require_value
from chatdoc.model.clock import Clock, iso
from chatdoc.model.errors import CommandRefused, NotFound, SessionUndecodable
from chatdoc.store import row_digests
from chatdoc.store.projections.projector import Execute
from chatdoc.store.tables import Tables

RuntimeStatus = Literal["starting", "running", "stopped", "error"]
_Answer = TypeVar("_Answer")

_COLUMNS = (
    "provider_session_id, thread_id, provider_name, adapter_key, provider_thread_id, status, last_seen_at,"
    " resume_cursor_json, runtime_payload_json"
)
_PUT = f"INSERT OR REPLACE INTO provider_session_runtime ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_GET = f"SELECT {_COLUMNS} FROM provider_session_runtime WHERE provider_session_id = ?"
_LIST = f"SELECT {_COLUMNS} FROM provider_session_runtime{{}} ORDER BY last_seen_at, provider_session_id"
_REMOVE = "DELETE FROM provider_session_runtime WHERE provider_session_id = ?"
_STOP = (
    "UPDATE provider_session_runtime SET status = 'stopped', last_seen_at = ?"
    " WHERE thread_id = ? AND status IN ('starting', 'running')"
    " AND provider_session_id = coalesce(?, provider_session_id)"
)


class ProviderSession(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's session; `resume_cursor` is what its provider wants to hear to go on with it."""

    provider_session_id: str
    thread_id: str
    provider_name: str
    adapter_key: str
    provider_thread_id: str | None = None
    status: RuntimeStatus = "running"
    last_seen_at: str
    resume_cursor: Any = None
    runtime_payload: dict[str, Any] | None = None


class SessionDirectory:
    """The sessions of a document's agents; usable from any thread. A change is part of the transaction that is open."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables, self._clock = tables, clock

    def upsert(
        self,
        provider_session_id: str,
        *,
        thread_id: str | UnsetType = UNSET,
        provider_name: str | UnsetType = UNSET,
        adapter_key: str | UnsetType = UNSET,
        provider_thread_id: str | UnsetType | None = UNSET,
        status: RuntimeStatus | UnsetType = UNSET,
        resume_cursor: Any = UNSET,
        runtime_payload: dict[str, Any] | UnsetType | None = UNSET,
    ) -> ProviderSession:
        """Note a session, or what is new of it; what is not given stays, and payloads are merged field by field.

        A new session needs `thread_id` and `provider_name`; unless they are given its status is `running` and its
        adapter has the provider's name, also when another provider takes the session over. Raises CommandRefused.
        """
        session_id = _trimmed("provider_session_id", provider_session_id)
        names = {
            "thread_id": thread_id,
            "provider_name": provider_name,
            "adapter_key": adapter_key,
            "provider_thread_id": provider_thread_id,
        }
        given = {
            name: None if value is None and name == "provider_thread_id" else _trimmed(name, value)
            for name, value in names.items()
            if value is not UNSET
        }
        if status is not UNSET:
            _require_status(status)
            given["status"] = status
        if resume_cursor is not UNSET:
            require_value("resume_cursor", resume_cursor)
        if runtime_payload is not UNSET and runtime_payload is not None:
            if not isinstance(runtime_payload, dict):
                raise CommandRefused(
                    f"runtime_payload: expected a dict or None, got {type(runtime_payload).__name__}"
                )
            require_value("runtime_payload", runtime_payload)
        return self._change(
            lambda execute: self._merge(execute, session_id, given, resume_cursor, runtime_payload)
        )

    def get(self, provider_session_id: str) -> ProviderSession:
        """One session; raises NotFound."""
        session_id = _trimmed("provider_session_id", provider_session_id)
        found = self._tables.ask(lambda execute: _find(execute, session_id), "look up a session")
        if found is None:
            raise NotFound(f"there is no provider session {session_id!r}", hint="all() lists those there are")
        return found

    def all(
        self, *, thread_id: str | None = None, status: RuntimeStatus | None = None
    ) -> tuple[ProviderSession, ...]:
        """Every session, or those of a thread or with a status; the one that was heard of last is the last."""
        wanted: dict[str, str] = {}
        if thread_id is not None:
            wanted["thread_id"] = _trimmed("thread_id", thread_id)
        if status is not None:
            _require_status(status)
            wanted["status"] = status
        where = " WHERE " + " AND ".join(f"{name} = ?" for name in wanted) if wanted else ""
        question, values = _LIST.format(where), tuple(wanted.values())
        rows = self._tables.ask(lambda execute: execute(question, values).fetchall(), "list its sessions")
        return tuple(map(_session_of, rows))

    def stop(self, provider_session_id: str) -> ProviderSession:
        """Note that a session has ended; its cursor stays, so that it may be gone on with. Raises NotFound."""

        def stopped(_: Execute) -> ProviderSession:
            self.get(provider_session_id)
            return self.upsert(provider_session_id, status="stopped")

        return self._change(stopped)

    def remove(self, provider_session_id: str) -> None:
        """Forget a session; nothing happens where there is none."""
        session_id = _trimmed("provider_session_id", provider_session_id)
        self._change(lambda execute: execute(_REMOVE, (session_id,)))

    def _merge(
        self,
        execute: Execute,
        session_id: str,
        given: dict[str, Any],
        cursor: Any,
        payload: dict[str, Any] | UnsetType | None,
    ) -> ProviderSession:
        before = _find(execute, session_id)
        fields = {} if before is None else msgspec.structs.asdict(before)
        if before is None or given.get("provider_name", before.provider_name) != before.provider_name:
            given = {"adapter_key": given.get("provider_name"), **given}
        fields |= given
        missing = [name for name in ("thread_id", "provider_name") if fields.get(name) is None]
        if missing:
            raise CommandRefused(
                f"provider session {session_id!r} is new, and {' and '.join(missing)} was not given",
                hint="Say whose session it is",
            )
        if cursor is not UNSET:
            fields["resume_cursor"] = cursor
        if payload is not UNSET:
            known = fields.get("runtime_payload") or {}
            fields["runtime_payload"] = None if payload is None else {**known, **payload}
        fields |= {"provider_session_id": session_id, "last_seen_at": iso(self._clock())}
        row = _row_of(ProviderSession(**fields))
        execute(_PUT, row)
        return _session_of(row)

    def _change(self, work: Callable[[Execute], _Answer]) -> _Answer:
        def with_digest(execute: Execute) -> _Answer:
            answer = work(execute)
            row_digests.put(execute, "provider_session_runtime")
            return answer

        return self._tables.change(lambda execute, _: with_digest(execute), "note a session")


def stop_sessions(execute: Execute, thread_id: str, provider_session_id: str | None, at_ms: int) -> int:
    """Note that what runs of a thread has ended, all or one session; returns how many did."""
    return execute(_STOP, (iso(at_ms), thread_id, provider_session_id)).rowcount


def _find(execute: Execute, session_id: str) -> ProviderSession | None:
    found = execute(_GET, (session_id,)).fetchone()
    return None if found is None else _session_of(found)


def _row_of(session: ProviderSession) -> tuple[Any, ...]:
    *named, cursor, payload = msgspec.structs.astuple(session)
    return (
        *named,
        *(
            None if one is None else msgspec.json.encode(one, order="sorted").decode()
            for one in (cursor, payload)
        ),
    )


def _session_of(row: Sequence[Any]) -> ProviderSession:
    *named, cursor, payload = row
    fields = dict(zip(ProviderSession.__struct_fields__, named, strict=False))
    try:
        fields["resume_cursor"] = None if cursor is None else msgspec.json.decode(cursor)
        fields["runtime_payload"] = None if payload is None else msgspec.json.decode(payload)
        return msgspec.convert(fields, ProviderSession)
    except (msgspec.MsgspecError, TypeError, UnicodeError) as error:
        raise SessionUndecodable(
            f"the row of provider session {row[0]!r} of thread {row[1]!r} cannot be read ({type(error).__name__})",
            provider_session_id=str(row[0]),
            hint="remove() forgets it; the agent then begins a new session",
        ) from error


def _trimmed(name: str, value: object) -> str:
    trimmed = value.strip() if isinstance(value, str) else value
    if trimmed == "":
        raise CommandRefused(f"{name}: expected a text that is not blank, got {value!r}")
    require_name(name, trimmed)
    return str(trimmed)


def _require_status(status: object) -> None:
    if status not in get_args(RuntimeStatus):
        expected = ", ".join(get_args(RuntimeStatus))
        raise CommandRefused(f"status: expected one of {expected}, got {status!r}")
