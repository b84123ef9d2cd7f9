"""A document of any size in a folder of its own, opened from a `.chat` text."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Literal, cast

from benchmarks.data import ManualClock, facts
from chatdoc.document import Document
from chatdoc.engine.begin_event_log import begin_log
from chatdoc.model.view import apply
from chatdoc.model.view.view import View
from chatdoc.open import open_document
from migrate.v2.write import render


def stored_document(folder: Path, count: int, durability: str) -> Document:
    """An open document of that many messages, migrated from its text into a store, its log in use."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"bench-{count}-{durability}.chat"
    view = View()
    apply.apply(view, facts(count), origin="benchmark")
    path.write_bytes(render(view))
    document = open_document(
        path,
        clock=ManualClock(),
        random=random.Random(7).randbytes,
        durability=cast(Literal["full", "normal"], durability),
    )
    begin_log(document.engine)
    return document
