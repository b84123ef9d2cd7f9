"""A legacy chat of several eras is opened, merged, checked, answered by an agent that is killed, and rolled back.

`make demo` runs this in `.demo/`; `python docs/demo.py FOLDER` runs it in a folder that is not there yet.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from rich import box
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from chatdoc import ChatdocError, Document, open_document
from chatdoc.apps.cli.brief import brief
from chatdoc.apps.cli.integrity import print_integrity
from chatdoc.apps.cli.migration import print_report
from chatdoc.apps.cli.terminal import columns, console, show
from chatdoc.apps.cli.threads import summaries, threads_table
from chatdoc.event_view import EventView
from chatdoc.rollback import rollback
from chatdoc.workspace import log_of

PROJECT = Path(__file__).parents[1]
SOURCE = PROJECT / "golden" / "cli" / "eras" / "team.sage-chat"

AGENT = """
import os, signal, sys
from chatdoc import open_document

document = open_document(sys.argv[1])
document.agents.queue_turn(sys.argv[2], sender_id="ada", content="Do they pass everywhere now?")
turn = document.agents.start_next(sys.argv[2], sender_id="codex")
turn.append("On Linux and macOS. ")
turn.append("On Windows one")
turn.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""

screen = console()


def main(scratch: Path) -> None:
    """The whole story, in seven steps, in a scratch folder."""
    ada_file, bob_file = copy_to(scratch / "ada"), copy_to(scratch / "bob")
    title("1. A chat file of 2013 to 2026, as old software left it")
    screen.print(
        f"{ada_file.relative_to(scratch.parent)}: {ada_file.stat().st_size} bytes, SHA-256 {digest(ada_file)}"
    )

    with open_document(ada_file) as ada, open_document(bob_file) as bob:
        title("2. Opening migrates it, keeps the old bytes, and says what was decided")
        assert ada.report is not None, "the scratch copy is a legacy file"
        print_report(screen, ada.report)

        title("3. Its threads")
        show(screen, threads_table(summaries(ada.view), columns(screen)))

        title(
            "4. Ada and Bob migrated their copies apart; now both edit the same message, and then they meet"
        )
        thread_id = edit_and_merge(ada, bob)

        title("5. The integrity check")
        print_integrity(screen, ada.check(full=True))

    title(
        "6. An agent's process is killed in the midst of an answer; whoever opens the file next ends the turn"
    )
    kill_and_recover(ada_file, thread_id)

    title("7. Rollback")
    try:
        rollback(ada_file)
    except ChatdocError as error:
        screen.print(f"refused: {error}")
    rollback(ada_file, discard_edits=True)
    same = ada_file.read_bytes() == SOURCE.read_bytes()
    screen.print(
        f"with --discard-edits: SHA-256 {digest(ada_file)}, the old bytes {'again' if same else 'are LOST'}"
    )
    assert same


def edit_and_merge(ada: Document, bob: Document) -> str:
    """Both edit the newest message of the release thread, then tell each other; returns the thread."""
    thread = next(one for one in ada.threads() if ada.config(one.thread_id).name == "Release plan")
    message = ada.messages(thread.thread_id)[-1]
    ada.edit(message.message_id, author_id="ada", content="They do, on Linux.")
    bob.edit(message.message_id, author_id="bob", content="They do, on macOS.")
    bob.configure(thread.thread_id, updated_by="bob", name="Release plan, final")

    ada.receive(bob.diff(ada.state_vector()), origin="bob")
    bob.receive(ada.diff(bob.state_vector()), origin="ada")
    assert ada.message(message.message_id) == bob.message(message.message_id)
    assert ada.config(thread.thread_id) == bob.config(thread.thread_id)

    grid = Table("by", "date", "text", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for revision in ada.message(message.message_id).history:
        grid.add_row(revision.author_id[:8], revision.date, Text(revision.content))
    show(screen, grid)
    screen.print(f"both replicas say so, and both call the thread {ada.config(thread.thread_id).name!r}")
    return thread.thread_id


def kill_and_recover(file: Path, thread_id: str) -> None:
    """A process of its own says half an answer and is gone; the log tells that, and then how the turn ended."""
    with log_of(file) as log:
        told = log.last_sequence()
        agent = subprocess.run([sys.executable, "-c", AGENT, str(file), thread_id], check=False)
        told = tell(log, told)
        screen.print(f"killed by signal {-agent.returncode}; now the file is opened", style="bold")
        with open_document(file) as document:
            tell(log, told)
            message = document.messages(thread_id)[-1]
            assert document.agents.running() == ()
    screen.print(f"kept: {message.content!r}")
    screen.print(f"shown: {message.acp_interrupted_text} ({message.acp_interrupted_reason})")


def tell(log: EventView, told: int) -> int:
    """Print what the log says beyond an event, and return its last one."""
    for event in log.events(from_sequence_exclusive=told):
        row = Text(f"{event.sequence:>4}  {event.event_type:28}  {brief(event)}")
        row.truncate(columns(screen), overflow="ellipsis")
        screen.print(row)
    return log.last_sequence()


def copy_to(folder: Path) -> Path:
    """A copy of the golden chat in a folder of its own."""
    folder.mkdir(parents=True)
    return Path(shutil.copyfile(SOURCE, folder / SOURCE.name))


def digest(path: Path) -> str:
    """The first 16 hex digits of the SHA-256 of a file."""
    return sha256(path.read_bytes()).hexdigest()[:16]


def title(text: str) -> None:
    """A heading with room above it."""
    screen.print()
    screen.print(Rule(Text(text, style="bold"), align="left"), width=columns(screen))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        shutil.rmtree(PROJECT / ".demo", ignore_errors=True)
        main(PROJECT / ".demo")
