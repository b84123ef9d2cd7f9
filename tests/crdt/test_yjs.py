"""A real Yjs client and this room say the same of the same bytes."""

from __future__ import annotations

import os
from random import Random

from chatdoc.crdt.read_update import read, read_state_vector, state_vector
from tests.crdt.crafting import KEY, ROOT, block, entry, remains, update
from tests.crdt.histories import content, play, receive
from tests.crdt.mutations import survivors
from tests.crdt.yjs_peer import YjsPeer
from tests.examples import examples

HISTORIES = int(os.environ.get("CHATDOC_HISTORIES", examples(300)))
FORGERIES = HISTORIES
SEED = 20_000


def shaken(updates: list[bytes], random: Random) -> list[bytes]:
    """The updates in any order, some twice, some lost and sent again at the end."""
    order = [*updates, *random.sample(updates, len(updates) // 3)]
    random.shuffle(order)
    lost = set(random.sample(range(len(order)), min(3, len(order))))
    kept = [update for position, update in enumerate(order) if position not in lost]
    return kept + [order[position] for position in sorted(lost)]


def test_everything_yjs_writes_within_the_layout_is_read(yjs: YjsPeer) -> None:
    """No update, merged update, difference or whole state of a Yjs client is refused."""
    for history in yjs.histories(SEED, HISTORIES):
        for raw in (*history["updates"], history["whole"]):
            read(raw)


def test_a_state_vector_is_the_bytes_yjs_writes(yjs: YjsPeer) -> None:
    """Reading and writing a state vector of Yjs gives the same bytes."""
    for history in yjs.histories(SEED, 50):
        known = read_state_vector(history["state"])
        assert state_vector(known) == history["state"]
        assert {client: end for client, (_, end) in read(history["whole"]).spans.items()} == known


def test_shaken_updates_of_yjs_give_what_yjs_shows(yjs: YjsPeer) -> None:
    """Shuffled, doubled and late updates of Yjs end, through hold-back and pycrdt, in the content of Yjs."""
    for history in yjs.histories(SEED, HISTORIES):
        doc, held = receive(shaken(history["updates"], Random(history["seed"])))
        assert content(doc) == history["content"], f"seed {history['seed']}"
        assert len(held) == 0, f"seed {history['seed']}"
        assert not len(held)
        assert read_state_vector(doc.get_state()) == read_state_vector(history["state"])


def test_yjs_shows_what_pycrdt_shows_of_shaken_updates(yjs: YjsPeer) -> None:
    """Updates of pycrdt in any order end in one content: in Yjs, in pycrdt, and in pycrdt's whole state in Yjs."""
    played = [play(SEED + seed) for seed in range(HISTORIES)]
    orders = [shaken(history.updates, Random(seed)) for seed, history in enumerate(played)]
    wholes = [receive(order)[0].get_update() for order in orders]
    answers = zip(yjs.replay(orders), yjs.replay([whole] for whole in wholes), strict=True)
    for seed, (history, (live, reloaded)) in enumerate(zip(played, answers, strict=True)):
        assert live == (history.content, False), f"seed {SEED + seed}"
        assert reloaded == (history.content, False), f"seed {SEED + seed}"


def test_at_every_moment_the_content_is_that_of_what_yjs_would_not_wait_for(yjs: YjsPeer) -> None:
    """When updates stay lost, what was applied is a state of its own, which Yjs shows from the whole state too."""
    documents = []
    for seed in range(50):
        random = Random(seed)
        updates = play(SEED + seed).updates
        documents.append(receive(random.sample(updates, len(updates) // 2))[0])
    for doc, (shown, pending) in zip(
        documents, yjs.replay([doc.get_update()] for doc in documents), strict=True
    ):
        assert not pending
        assert shown == content(doc)


def test_forged_updates_that_pass_mean_the_same_to_yjs(yjs: YjsPeer) -> None:
    """Whatever forgery comes through, Yjs sees in it, and in the state that comes of it, what pycrdt sees."""
    cases = list(survivors(SEED, FORGERIES * 10))
    assert len(cases) > FORGERIES
    taken = yjs.replay(updates for updates, _ in cases)
    loaded = yjs.replay([doc.get_update()] for _, doc in cases)
    for (updates, doc), direct, reloaded in zip(cases, taken, loaded, strict=True):
        forged = [update.hex() for update in updates]
        assert direct == reloaded == (content(doc), False), forged


def test_remains_hide_what_others_wrote_without_any_delete(yjs: YjsPeer) -> None:
    """Remains under the greater client id empty a key of others, and the delete set says nothing of it."""
    alive = update(block(5, 0, entry("{}")))
    for client, shown in ((3, {ROOT: {KEY: "{}"}}), (9, {})):
        updates = [alive, update(block(client, 0, remains()))]
        assert content(receive(updates)[0]) == shown
        assert yjs.replay([updates]) == [(shown, False)]
