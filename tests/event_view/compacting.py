"""A process that compacts a folder's log and says so: `python -m tests.event_view.compacting FILE`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from chatdoc.workspace import Workspace


def main(file: Path) -> None:
    """Compact the log of the folder that a file is in, and print a line once it is done."""
    with Workspace.of_file(file) as workspace:
        found = workspace.compact_log(dry_run=False)
    os.write(1, f"removed {found.events_removed}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
