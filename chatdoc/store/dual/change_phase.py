"""Change of phase at run time, forwards and back: refused where a reader would lose something, else one stored word."""

from __future__ import annotations

from chatdoc.model.errors import CommandRefused
from chatdoc.store.dual.answers import differing
from chatdoc.store.dual.dual_store import DualStore
from chatdoc.store.dual.phases import PHASES, POLICIES, Phase
from chatdoc.store.dual.verify import verify


def change_phase(store: DualStore, phase: Phase) -> int:
    """Go to a phase; returns how many rows were brought back to old where that wins or is read alone from now on.

    Raises CommandRefused where new would win with values that differ from old's, and for `dropped`, which is `drop`.
    """
    before = store.phase
    if phase not in PHASES:
        raise CommandRefused(f"phase: expected one of {', '.join(PHASES)}, got {phase!r}")
    if phase == before:
        return 0
    if "dropped" in (phase, before):
        raise CommandRefused(
            f"phase {before} cannot become {phase} by a word: dropping removes the old tables",
            hint="`chatdoc dual drop` proves that nothing is lost and removes them; nothing brings them back",
        )
    if not store.sides["new"].is_there() and phase != "old_only":
        raise CommandRefused(
            f"phase {phase} needs the new tables, which are not there", hint="Open the store to make them"
        )
    with store.whole():
        store.adopt()
        store.repair()
        moved = 0
        if POLICIES[before].wins == "old" and POLICIES[phase].wins == "new":
            _require_equal(store, phase)
        elif POLICIES[before].wins == "new" and POLICIES[phase].wins == "old":
            moved = bring_back(store)
        if phase == "old_only" and POLICIES[before].wins == "old":
            moved += bring_back(store, overwrite=False)
        store.control.set_phase(phase, store.now_iso())
    return moved


def bring_back(store: DualStore, *, overwrite: bool = True) -> int:
    """Let old have what new has: rows and values written while new won, and deletions; returns how many."""
    old, new = store.sides["old"], store.sides["new"]
    moved, lacking = 0, store.lacking("old")
    for row in new.find({}):
        identity = str(row.identity)
        there = old.get(identity)
        if there is None and identity not in lacking and old.deleted({identity}):
            continue
        if there is None or (
            overwrite and differing(store.entity, there.record, {**there.record, **row.record})
        ):
            store.copy(identity, new, old)
            moved += 1
    for identity in store.gone("new"):
        if old.get(identity) is not None:
            old.delete(identity, store.now_iso())
            moved += 1
    return moved


def _require_equal(store: DualStore, phase: Phase) -> None:
    found = verify(store)
    if found.differing or found.pending or found.deleted_on_one_side:
        raise CommandRefused(
            f"phase {phase} refused: {found.differing} identities differ ({', '.join(found.fields) or 'no field'}), "
            f"{found.deleted_on_one_side} are deleted on one side, {found.pending} wait for a repair",
            hint="Run `chatdoc dual backfill`, look at `chatdoc dual verify`, then try again",
        )
