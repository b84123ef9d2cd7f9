"""A process that compacts a document's log and says so: `python -m tests.event_view.compacting FILE`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from chatdoc.workspace import log_of


def main(file: Path) -> None:
    """Compact the log of a file's document, and print a line once it is done."""
    with log_of(file, write=True) as log:
        found = log.compact(dry_run=False)
    os.write(1, f"removed {found.events_removed}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
