"""Hidden facts: what the view shows and the Y document does not hold, so that whoever joins would not get it.

A peer destroyed them, and they wait to be put back; they lie by record, so that a rule finds them at once.
"""

from __future__ import annotations

from typing import NamedTuple

from chatdoc.model.facts import Fact

Place = tuple[str, str]
"""Root and key of an entry of the Y document."""


class Hidden(NamedTuple):
    """One entry that somebody destroyed, what it said, and the origin of the update that destroyed it."""

    root: str
    key: str
    text: str
    origin: str
    fact: Fact


HiddenFacts = dict[str, dict[Place, Hidden]]
"""Hidden facts by record, then by place."""


def add(found: HiddenFacts, record: str, hidden: Hidden) -> bool:
    """Note a hidden entry of a record; false where it is noted already, and then its first destroyer stays."""
    places = found.setdefault(record, {})
    if (hidden.root, hidden.key) in places:
        return False
    places[hidden.root, hidden.key] = hidden
    return True


def discard(found: HiddenFacts, record: str, place: Place) -> bool:
    """Forget an entry that is not hidden any more; false where it was not."""
    places = found.get(record)
    if places is None or places.pop(place, None) is None:
        return False
    if not places:
        del found[record]
    return True
