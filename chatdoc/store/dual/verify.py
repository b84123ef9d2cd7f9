"""Verification by value: every identity of either side compared field by field, after both were normalised."""

from __future__ import annotations

from collections import Counter

import msgspec

from chatdoc.store.dual.answers import differing
from chatdoc.store.dual.dual_store import DualStore
from chatdoc.store.dual.phases import SIDES

SHOWN = 20
"""So many identities of each kind are named."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """How the sides compare; `ok` says that new could stand alone."""

    ok: bool
    old_rows: int
    new_rows: int
    equal: int
    missing_in_new: int
    missing_in_old: int
    """Written after the cutover, or by others; no harm to a drop."""
    differing: int
    fields: dict[str, int]
    """In how many identities each field differs."""
    deleted_on_one_side: int
    pending: int
    unbound: int
    """Rows that have no identity yet; a backfill gives them one."""
    identities: dict[str, list[str]]
    """The first identities of each kind that is not well."""


def verify(store: DualStore) -> Verified:
    """Compare both sides; writes nothing."""
    old = store.sides["old"].find({}) if store.sides["old"].is_there() else []
    new = store.sides["new"].find({}) if store.sides["new"].is_there() else []
    named = store.names(old, new)
    olds = {named["old", row.row_id]: row for row in old}
    news = {named["new", row.row_id]: row for row in new}
    pending = store.control.pending()
    gone_old, gone_new = (set(store.gone(name)) for name in SIDES)
    torn = {one for one in olds if one in gone_new} | {one for one in news if one in gone_old}
    shown: dict[str, list[str]] = {}
    fields: Counter[str] = Counter()
    equal = 0
    for identity, row in sorted(olds.items()):
        if identity in torn:
            continue
        if identity not in news:
            shown.setdefault("missing_in_new", []).append(identity)
        elif found := differing(store.entity, row.record, news[identity].record):
            fields.update(found)
            shown.setdefault("differing", []).append(identity)
        else:
            equal += 1
    only_new = [one for one in news if one not in olds and one not in torn]
    shown["deleted_on_one_side"] = sorted(torn)
    waiting = sum(side == "new" for _, side in pending)  # What old lacks is no harm to new.
    count = {kind: len(found) for kind, found in shown.items()}
    return Verified(
        ok=not (count.get("missing_in_new") or fields or torn or waiting),
        old_rows=len(old),
        new_rows=len(new),
        equal=equal,
        missing_in_new=count.get("missing_in_new", 0),
        missing_in_old=len(only_new),
        differing=count.get("differing", 0),
        fields=dict(sorted(fields.items())),
        deleted_on_one_side=len(torn),
        pending=waiting,
        unbound=sum(row.identity is None for row in [*old, *new]),
        identities={kind: found[:SHOWN] for kind, found in sorted(shown.items()) if found},
    )
