"""What opening costs: 100,000 messages from the store to typed, fully checked rows."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from pycrdt import Doc, Map

from benchmarks.data import ManualClock
from benchmarks.measure import Result, compare, seconds
from benchmarks.memory import bytes_per_message
from benchmarks.sizes import sized
from benchmarks.stored import stored_document
from chatdoc.crdt.fact_snapshot import rows_of
from chatdoc.model.facts import Header
from chatdoc.open import open_document

COUNT = sized(100_000)


def results() -> Iterator[Result]:
    with tempfile.TemporaryDirectory(prefix="chatdoc-bench-") as name:
        folder = Path(name)
        document = stored_document(folder, COUNT, "normal")
        assert document.path is not None
        path = document.path
        headers, _ = rows_of(document.view)
        update = document.diff()
        document.close()
        decoder = msgspec.json.Decoder(Header)
        lines = folder / "headers.jsonl"
        lines.write_bytes(headers)

        def opened() -> float:
            found: list[Any] = []
            spent = seconds(
                lambda: found.append(open_document(path, clock=ManualClock(), random=random.randbytes))
            )
            assert len(found[0].view.headers) == COUNT
            assert found[0].check(full=False).ok
            found[0].close()
            return spent

        def decoded() -> float:
            return seconds(lambda: decoder.decode_lines(lines.read_bytes()))

        def bare() -> float:
            def load() -> None:
                doc: Doc[Any] = Doc()
                shared: Map[str] = doc.get("message", type=Map)
                doc.apply_update(update)
                rows = [decoder.decode(text) for text in shared.to_py().values()]  # type: ignore[union-attr]
                assert len(rows) == COUNT

            return seconds(load)

        yield compare(
            "open 100,000 from the store / decode the same rows",
            opened,
            decoded,
            goal=2.0,
            unit="ms",
            rounds=5,
        )
        yield compare(
            "open 100,000 / bare pycrdt load and decode", opened, bare, goal=1.2, unit="ms", rounds=3
        )
        yield Result(
            name="memory a message, cold",
            ours=bytes_per_message(path, COUNT, warm=False),
            baseline=1024,
            goal=1.0,
            unit="B",
        )
        yield Result(
            name="memory a message, warm",
            ours=bytes_per_message(path, COUNT, warm=True),
            baseline=1024,
            goal=3.0,
            unit="B",
        )
