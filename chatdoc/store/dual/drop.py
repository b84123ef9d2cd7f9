"""Drop of the old side: in one transaction it is proved that new has every old value, and the old tables go."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chatdoc.model.errors import CommandRefused
from chatdoc.store.dual.dual_store import DualStore
from chatdoc.store.dual.verify import Verified, verify


def drop(stores: Sequence[DualStore], *, finish: Callable[[], None] = lambda: None) -> list[Verified]:
    """Drop the old tables of entities that lie in one file together; `finish` runs in the same transaction.

    Raises CommandRefused, with the tables as they were, unless the phase is `new_only` and every old identity stands in
    new with an equal value, nothing waits for a repair, and no row is without an identity.
    """
    with stores[0].whole():
        proofs = []
        for store in stores:
            if store.phase != "new_only":
                raise CommandRefused(
                    f"{store.entity.name} is in phase {store.phase}; the old side is dropped from new_only alone",
                    hint="Go through the phases with `chatdoc dual phase`, and use new_only for a while",
                )
            proof = verify(store)
            if not proof.ok or proof.unbound:
                raise CommandRefused(
                    f"{store.entity.name}: {proof.missing_in_new} old identities are not in new, "
                    f"{proof.differing} differ, "
                    f"{proof.deleted_on_one_side} are deleted on one side, {proof.pending} wait for a repair, "
                    f"{proof.unbound} rows have no identity; nothing was dropped",
                    hint="Run `chatdoc dual backfill`, then `chatdoc dual verify`",
                )
            proofs.append(proof)
        for store in stores:
            store.sides["old"].drop()
            for identity, _ in store.control.pending():
                store.control.settle(identity, "old")
            store.control.set_phase("dropped", store.now_iso())
        finish()
    return proofs
