"""What it costs to hand a peer the one record it lacks, in a document of 100,000 messages after 10,000 edits."""

from __future__ import annotations

import random
from collections.abc import Iterator

from benchmarks.data import ManualClock, facts, text
from benchmarks.measure import Result, compare, seconds
from benchmarks.sizes import sized
from chatdoc.crdt.keys import encode
from chatdoc.in_memory import memory_document


def results() -> Iterator[Result]:
    small = memory_document(clock=ManualClock(), random=random.Random(1).randbytes, facts=facts(1_000))
    large = memory_document(
        clock=ManualClock(), random=random.Random(1).randbytes, facts=facts(sized(100_000))
    )
    message_ids = [thread.root_message_id for thread in large.threads()]
    for number in range(sized(10_000)):
        large.edit(message_ids[number % len(message_ids)], author_id="ada", content=text(number))
    vectors = [small.state_vector(), large.state_vector()]
    sent = [one.send(one.threads()[0].thread_id, sender_id="bob", content=text(3)) for one in (small, large)]
    _, _, record = encode(large.view.headers[sent[1].message_id])
    update = large.diff(vectors[1])
    yield Result(
        name="bytes beyond the record, of 200",
        ours=len(update) - len(record.encode()),
        baseline=200,
        goal=1.0,
        unit="B",
    )
    yield compare(
        "handing one record at 100,000 / at 1,000",
        lambda: seconds(lambda: [large.diff(vectors[1]) for _ in range(100)]) / 100,
        lambda: seconds(lambda: [small.diff(vectors[0]) for _ in range(100)]) / 100,
        goal=1.5,
        unit="µs",
        rounds=9,
    )
