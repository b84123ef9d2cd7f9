"""What migrating 100,000 legacy rows costs, against the standard library reading the same lines."""

from __future__ import annotations

import json
from collections.abc import Iterator

from benchmarks.data import legacy
from benchmarks.measure import Result, compare, seconds
from benchmarks.sizes import sized
from chatdoc.crdt.first_update import genesis
from chatdoc.model.view import apply
from chatdoc.model.view.view import View
from invariants.full import check_all
from migrate import migrate

COUNT = sized(100_000)


def results() -> Iterator[Result]:
    source = legacy(COUNT)
    lines = source.split(b"\n")

    def migrated() -> None:
        facts = migrate(source).facts
        view = View()
        apply.apply(view, facts, origin="migration")
        assert len(view.headers) == COUNT
        check_all(view)
        genesis(facts)

    yield compare(
        "migrate 100,000 rows, checked, to update bytes / json.loads",
        lambda: seconds(migrated),
        lambda: seconds(lambda: [json.loads(line) for line in lines]),
        goal=6.0,
        unit="ms",
        rounds=3,
    )
