"""A raw peer speaks Yjs and knows nothing of commands: what foreign programs do, held to what honest ones promise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from chatdoc.crdt import read_update
from chatdoc.crdt.keys import decode, decode_value, digest, encode
from chatdoc.document import Document
from chatdoc.model.errors import UpdateRefused
from chatdoc.model.facts import LASTING, Fact, MarkFact, RevisionFact, SettingFact, StateFact
from chatdoc.model.ids import Mint, RandomSource
from chatdoc.testing.clocks import ManualClock
from chatdoc.testing.promises import PromiseBroken
from chatdoc.testing.yjs_clients import Entry, Library, open_client

READABLE = "Everything a peer sends is an update of map entries that documents can read."
DIGEST = "The key of an entry ends with the digest of its text, and so nobody contests it."
FACT = "Every entry of the Y document is a fact."
STAMPED = "A change is stamped above every one its writer has seen, whatever its clock says."
LASTS = "A fact never changes, and a lasting one never goes."

Entries = dict[tuple[str, str], str]
Path = tuple[str, ...]


class Peer:
    """A Yjs client beside the documents of a network: it gets what they have, and what it writes goes to all of them.

    `clock` is its own, and wrong: nothing that is right depends on it. While `honest`, each thing it sends is held to
    the promises of a writer, and the first that is broken is raised there and then; the documents withstand both.
    """

    def __init__(
        self,
        client_id: int,
        *,
        clock: ManualClock,
        random: RandomSource,
        send: Callable[[bytes], None],
        honest: bool = True,
        library: Library | None = None,
    ) -> None:
        self.clock, self.honest = clock, honest
        self.has_broken_a_promise = False
        self.yjs = open_client(client_id, library)
        self._mint = Mint(clock, random)
        self._send = send

    def sync(self, document: Document) -> None:
        """Get what a document has and this peer lacks."""
        self.yjs.apply(document.diff(self.yjs.state_vector()))

    def entries(self) -> Entries:
        """Every text by root and key, as Yjs shows it."""
        return self.yjs.entries()

    def facts(self) -> list[Fact]:
        """What the entries say, in the order of their keys."""
        return [
            fact for fact in (decode(*place, text) for place, text in sorted(self.entries().items())) if fact
        ]

    def stamp(self, above: str = "") -> str:
        """A fresh stamp from this peer's clock, greater than `above`."""
        return self._mint.mint(above)

    def put(self, *facts: Fact) -> None:
        """Write facts as the layout has them: their roots, keys with digests, and canonical texts."""
        self.write([encode(fact) for fact in facts])

    def write(self, writes: Iterable[Entry] = (), removals: Iterable[tuple[str, str]] = ()) -> None:
        """Set entries (root, key, text) and delete others, in one transaction, and send it to every document."""
        before = self.yjs.entries()
        self._hand_over(self.yjs.write(writes, removals), before)

    def send(self, update: bytes) -> None:
        """Send an update that a program of your own made of `diff()`."""
        before = self.yjs.entries()
        self.yjs.apply(update)
        self._hand_over(update, before)

    def diff(self, state_vector: bytes | None = None) -> bytes:
        """What a peer of that state vector lacks; without one, all this peer has."""
        return self.yjs.diff(state_vector)

    def _hand_over(self, update: bytes, before: Entries) -> None:
        __tracebackhide__ = True
        if self.honest:
            for promise, seen in _broken(update, before, self.yjs.entries()):
                self.has_broken_a_promise = True
                raise PromiseBroken(promise, seen)
        self._send(update)


def _broken(update: bytes, before: Entries, after: Entries) -> Iterator[tuple[str, str]]:
    """The promises that a transaction breaks, and what was seen."""
    try:
        read_update.read(update)
    except UpdateRefused as refusal:
        yield READABLE, str(refusal)
    known = {place: decode(*place, text) for place, text in before.items()}
    newest: dict[Path, str] = {}
    for fact in known.values():
        path, stamp = _stamped(fact)
        newest[path] = max(newest.get(path, ""), stamp)
    for place, text in sorted(after.items()):
        if before.get(place) == text:
            continue
        fact = decode(*place, text)
        path, stamp = _stamped(fact)
        if fact is None:
            promise = FACT if decode_value(place[0], text) is None else DIGEST
            yield promise, f"wrote {'/'.join(place)}\nwith {text!r},\nwhich has the digest {digest(text)}"
        elif stamp and stamp <= newest.get(path, ""):
            yield STAMPED, f"wrote {'/'.join(path)} at {stamp}, having seen it at {newest[path]}"
    for place, old in known.items():
        if after.get(place) == before[place] or old is None:
            continue
        path, stamp = _stamped(old)
        if isinstance(old, LASTING) or (stamp and stamp == newest[path] and _holds_none(after, path, stamp)):
            deed = "removed" if place not in after else "overwrote"
            yield LASTS, f"{deed} {'/'.join(place)}"


def _stamped(fact: Fact | None) -> tuple[Path, str]:
    """What a fact changes, and at which stamp; nothing where it has none."""
    match fact:
        case SettingFact():
            return ("setting", fact.thread_id, fact.field), fact.stamp
        case MarkFact():
            return ("mark", fact.message_id, fact.field), fact.stamp
        case StateFact():
            return ("state", fact.thread_id), fact.stamp
        case RevisionFact():
            return ("revision", fact.message_id), fact.revision_id
    return (), ""


def _holds_none(entries: Entries, path: Path, stamp: str) -> bool:
    """Whether nothing newer stands for what a removed mark or state said."""
    found = (_stamped(decode(*place, text)) for place, text in entries.items())
    return not any(one == path and other >= stamp for one, other in found)
