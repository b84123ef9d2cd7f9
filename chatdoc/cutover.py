"""Online migration of one document between a file's store and a database, while it is written, and back again.

| phase | the document lives in | what is done |
| --- | --- | --- |
| `backfill` | the source | a store that serves nobody gets what the source has, and then what came meanwhile |
| `verify` | the source | both sides are read whole, as of one moment, and compared |
| `switch` | the source | under its lock the last rows are copied and counted, and it says where to go |
| `serve` | the target | the target serves |

The COMMIT that ends `switch` is the moment it moves. Killed before it, the document lives in the source; killed behind
it, in the target, which serves when the same call is made again. No store takes anything meanwhile that could be lost.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec

from chatdoc.cutover_sides import DatabaseSide, FileSide, Side, retire
from chatdoc.database import open_store
from chatdoc.engine.standing import standing
from chatdoc.model.clock import Clock, system_clock
from chatdoc.model.errors import (
    ChatdocError,
    CommandRefused,
    CommitUnknown,
    DocumentMoved,
    NewerEdits,
    StoreDamaged,
    StoreError,
)
from chatdoc.store.postgres.postgres_errors import is_lost_connection
from chatdoc.store.postgres.schema_statements import TABLES
from chatdoc.store.projections.projector import Execute
from chatdoc.store.sql import row_delta
from chatdoc.store.sql.row_delta import Copy, Delta, Shape
from chatdoc.store.sql.store import SqlStore

Phase = Literal["backfill", "verify", "switch", "serve"]
OnPhase = Callable[[Phase], None]
SMALL_ROWS = 500
"""So few new rows are copied while the source's writers wait."""
ROUNDS_MAX = 20
_NUMBERED = "number"
SHAPES = {
    table.name: Shape(
        tuple(one for one in table.columns if table.keys[0] != (_NUMBERED,) or one != _NUMBERED),
        None if table.keys[0] == (_NUMBERED,) else table.keys[0],
    )
    for table in TABLES.values()
    if table.name not in row_delta.OWN
}
"""What goes along; a number that the database gives a row stays behind."""


class Cutover(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it: `moved` now, `finished` what was cut off, or `already` there; where it lives, and its size."""

    document_id: str
    outcome: Literal["moved", "finished", "already"]
    lives_at: str
    updates: int
    events: int
    digest: str | None
    """Over every row that both sides had when they were compared."""


def cutover(
    file: str | os.PathLike[str],
    url: str,
    *,
    name: str | None = None,
    back: bool = False,
    on_phase: OnPhase = lambda phase: None,
    clock: Clock = system_clock,
) -> Cutover:
    """Let the document of a file live in a database under a name, that of the file by default; or `back`.

    A link stands for the file that it leads to.

    It may be open and written in any number of processes. Whoever has the side open that it leaves is refused with
    DocumentMoved from then on, which says where it lives; the command can be repeated there with the same id.
    Raises DocumentMoved where it lives in a third place, NewerEdits where the other side has edits that this one
    lacks, or another document, CommandRefused while turns run, NotFound and StoreError.
    """
    with open_store(url, clock=clock) as database:
        here: Side = FileSide(Path(file), clock)
        there: Side = DatabaseSide(database.stored, name or os.path.basename(os.path.realpath(file)), clock)
        source, target = (there, here) if back else (here, there)
        try:
            return _run(source, target, on_phase, clock)
        except StoreError as error:
            if not (isinstance(error, CommitUnknown) or is_lost_connection(error.__cause__)):
                raise
            why = str(error).removesuffix(f". {error.hint}")
            raise StoreError(
                f"the move to {target.place} was cut off: {why}",
                hint="Run the same `chatdoc cutover` again, which goes on with what was done; nothing was lost",
            ) from error


def _run(source: Side, target: Side, on_phase: OnPhase, clock: Clock) -> Cutover:
    try:
        store = source.living()
    except DocumentMoved as moved:
        if moved.place != target.place:
            raise
        return _finished(source, target, on_phase)
    with store, _copy_of(store, source, target, clock) as copy:
        return _moved(store, copy, target, on_phase, clock)


def _moved(source: SqlStore, target: SqlStore, to: Side, on_phase: OnPhase, clock: Clock) -> Cutover:
    on_phase("backfill")
    known = _caught_up(source, target, _known(source, target))
    on_phase("verify")
    known, digest = _verified(source, target, known)
    for _ in range(ROUNDS_MAX):
        known = _caught_up(source, target, known)
        with contextlib.suppress(_TooMuch):
            retire(source, to.place, clock(), partial(_last, source, target, known, on_phase))
            break
    else:
        raise StoreError(
            f"{source.registry.registration().path} is written faster than it is copied; it lives where it did",
            hint="Try again when fewer write to it",
        )
    on_phase("serve")
    _serve(to, target)
    return _told(target, to, "moved", digest)


def _serve(side: Side, store: SqlStore) -> None:
    """Let the other side serve; where it cannot, the document has left all the same, which is said."""
    try:
        side.serve(store)
    except (OSError, ChatdocError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error).removesuffix(f". {error.hint}")
        raise StoreError(
            f"the document has moved to {side.place} with all that it had, and is not served there yet: {why}",
            hint="Mend that, and run the same `chatdoc cutover` again; until then nobody can open it",
        ) from error


def _finished(source: Side, target: Side, on_phase: OnPhase) -> Cutover:
    """Go on where a cutover was cut off behind its switch, or say that there is nothing to do."""
    left = source.waiting(lives_at=target.place)
    assert left is not None, "it says so"
    with left:
        document_id = left.registry.registration().document_id
        served = target.served(document_id)
        if served is not None:
            with served:
                return _told(served, target, "already", None)
        waiting = target.waiting(document_id=document_id)
        if waiting is None:
            raise StoreError(
                f"document {document_id} went to {target.place} and is not there",
                hint="It may have been moved on, or forgotten; what it was before is in the store that it left",
            )
        with waiting:
            _, digest = _verified(left, waiting, _caught_up(left, waiting, _known(left, waiting)))
            on_phase("serve")
            _serve(target, waiting)
            return _told(waiting, target, "finished", digest)


class _TooMuch(Exception):
    """More has come than is copied while the writers wait."""


def _last(source: SqlStore, target: SqlStore, known: Copy, on_phase: OnPhase) -> None:
    """Copy what came since, while nobody writes to the source."""
    running = source.leases.all()
    if running:
        raise CommandRefused(
            f"{len(running)} turns of agents run in {source.registry.registration().path}, so it stays where it is",
            hint="Try again when they have ended; those of a process that is gone end when the document is opened",
        )
    delta = source.tables.ask(partial(_lacking, known), "be copied")
    if not delta.is_last or delta.size > SMALL_ROWS:
        raise _TooMuch
    _written(target, known, delta)
    on_phase("switch")


def _copy_of(source: SqlStore, lives: Side, target: Side, clock: Clock) -> SqlStore:
    """The store that is to serve, as long as it does not."""
    document_id = source.registry.registration().document_id
    served = target.served(document_id)
    if served is None:
        copy = target.waiting(document_id=document_id) or target.make(source, lives.place)
    else:
        with served:
            _require_beginning(source, served)
            retire(served, lives.place, clock(), lambda: _require_beginning(source, served))
        waiting = target.waiting(document_id=document_id)
        assert waiting is not None, "it was just retired"
        copy = waiting
    try:
        _require_beginning(source, copy)
    except BaseException:
        copy.close()
        raise
    return copy


def _require_beginning(source: SqlStore, copy: SqlStore) -> None:
    found = standing(copy, source)
    if found not in ("equal", "behind"):
        what = "has newer edits" if found == "ahead" else "has gone another way"
        raise NewerEdits(
            f"document {copy.registry.registration().document_id} {what} where it was to go, so it stays",
            hint="Bring them together first: chatdoc push or pull, or export one and merge it by hand",
        )


def _known(source: SqlStore, copy: SqlStore) -> Copy:
    """What the copy has; nothing of its logs where they do not end in the very rows of the source."""
    held = copy.tables.ask(lambda run: row_delta.held(run, SHAPES), "be compared")
    ends = [
        store.tables.ask_at_one_moment(lambda run: row_delta.rows_at(run, SHAPES, held), "be compared")
        for store in (source, copy)
    ]
    return held._replace(is_another=ends[0] != ends[1])


def _caught_up(source: SqlStore, target: SqlStore, known: Copy) -> Copy:
    for _ in range(ROUNDS_MAX):
        is_last = False
        while not is_last:
            delta = source.tables.ask_at_one_moment(partial(_lacking, known), "be copied")
            known, is_last = _written(target, known, delta), delta.is_last
        if delta.size <= SMALL_ROWS:
            break
    return known


def _lacking(known: Copy, execute: Execute) -> Delta:
    return row_delta.lacking(execute, SHAPES, known)


def _lacking_and_digests(known: Copy, execute: Execute) -> tuple[Delta, dict[str, str]]:
    return _lacking(known, execute), row_delta.digests(execute, SHAPES)


def _written(target: SqlStore, known: Copy, delta: Delta) -> Copy:
    return target.replace(
        lambda run, run_many: row_delta.write(run, run_many, SHAPES, known, delta),
        target.registry.registration(),
        seen=target.version(),
    )


def _verified(source: SqlStore, target: SqlStore, known: Copy) -> tuple[Copy, str]:
    """Compare both sides whole, as of one moment of the source; returns what the target has, and the digest of it."""
    for _ in range(ROUNDS_MAX):
        delta, there = source.tables.ask_at_one_moment(partial(_lacking_and_digests, known), "be compared")
        known = _written(target, known, delta)
        if delta.is_last:
            break
    ours = target.tables.ask(lambda run: row_delta.digests(run, SHAPES), "be compared")
    wrong = sorted(table for table in ours if ours[table] != there[table])
    findings = target.verify()
    if wrong or findings:
        what = ", ".join(wrong) or f"{findings[0].where} {findings[0].what}"
        raise StoreDamaged(
            f"the copy of document {target.registry.registration().document_id} is not what it was made of: {what}",
            hint="Check both stores: chatdoc check",
        )
    return known, row_delta.digest_of(ours)


def _told(
    store: SqlStore, side: Side, outcome: Literal["moved", "finished", "already"], digest: str | None
) -> Cutover:
    assert store.events is not None, "a stored document has an event log"
    return Cutover(
        document_id=store.registry.registration().document_id,
        outcome=outcome,
        lives_at=side.place,
        updates=store.updates.last_sequence(),
        events=store.events.last_sequence(),
        digest=digest,
    )
