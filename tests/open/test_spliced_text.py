"""A save splices what changed into the text of before, and that is the text that rendering anew gives."""

from __future__ import annotations

from pathlib import Path
from random import Random

import msgspec
import pytest

from chatdoc import Document, open_document
from chatdoc.engine import chat_file, rendering
from chatdoc.engine.rendering import Rendering
from chatdoc.in_memory import memory_document
from chatdoc.model.errors import WriteFailed
from chatdoc.model.facts import Fact, Header, RevisionFact, ThreadFact
from chatdoc.model.ids import MessageId, RevisionId, ThreadId
from chatdoc.model.view.apply import apply, undo
from chatdoc.model.view.view import View
from chatdoc.testing.clocks import ManualClock
from migrate.v2 import splice as splicing
from migrate.v2.write import render


class Counted:
    """The function that splices, told of any size of document, and how often it did."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.spliced = self.whole = 0
        real = splicing.splice
        monkeypatch.setattr(splicing, "ROWS_EACH", 0)

        def counted(*arguments: object) -> list[bytes | memoryview] | None:
            text = real(*arguments)  # type: ignore[arg-type]
            self.spliced += text is not None
            self.whole += text is None
            return text

        monkeypatch.setattr(rendering, "splice", counted)


class Writers:
    """A stored document, another replica whose clock is behind, and a hand that edits the file."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = Random(seed)
        self.path = folder / "team.chat"
        self.clock = ManualClock(1_700_000_000_000)
        self.document = self.opened()
        self.peer = memory_document(clock=ManualClock(1_699_999_000_000), random=Random(seed + 1).randbytes)
        self.turn_ids: list[tuple[str, str]] = []

    def opened(self) -> Document:
        return open_document(self.path, clock=self.clock, random=self.random.randbytes, durability="normal")

    def begin(self, document: Document) -> None:
        document.create_thread(sender_id="ada", content='Hello ünï "quoted"\n')

    def send(self, document: Document) -> None:
        for thread in document.threads()[:3]:
            document.send(thread.thread_id, sender_id="bob", content="x" * self.random.randrange(400))

    def edit(self, document: Document) -> None:
        threads = document.threads()
        if threads:
            messages = document.messages(self.random.choice(threads).thread_id)
            for one in self.random.sample(messages, min(2, len(messages))):
                if one.deleted_at is None:
                    document.edit(one.message_id, author_id="ada", content="edited")

    def delete(self, document: Document) -> None:
        ids = sorted(document.view.message_ids())
        if ids:
            one = document.message(self.random.choice(ids))
            if one.deleted_at is None:
                document.delete_message(one.message_id, deleted_by="ada")
            else:
                document.restore_message(one.message_id, restored_by="bob")

    def settle(self, document: Document) -> None:
        threads = document.threads()
        if threads:
            thread = self.random.choice(threads).thread_id
            document.configure(thread, updated_by="ada", name=f"{self.random.random()}")
            if self.random.random() < 0.2:
                document.delete_thread(thread, deleted_by="ada")

    def fork(self, document: Document) -> None:
        threads = document.threads()
        if threads:
            thread_id = threads[0].thread_id
            if messages := document.messages(thread_id):
                document.fork(thread_id, at=messages[-1].message_id, sender_id="ada")

    def stream(self, document: Document) -> None:
        threads = document.threads()
        if document is self.document and threads:
            thread_id = threads[-1].thread_id
            if any(one.thread_id == thread_id for one in document.agents.running()):
                return
            turn = document.start_turn(thread_id, sender_id="agent")
            turn.append("some words ")
            turn.flush()
            document.save()
            self.equal()
            turn.append("and more")
            turn.finalize()

    def meet(self) -> None:
        self.document.receive(self.peer.diff(self.document.state_vector()))
        self.peer.receive(self.document.diff(self.peer.state_vector()))

    def write_by_hand(self) -> None:
        lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        rows = [row for row in map(msgspec.json.decode, lines) if row["event"] == "message"]
        if rows:
            row = rows[-1] | {"message_id": f"01HF7YAT00ZZZZZZZZZZZZZ{self.random.randrange(100):03d}"}
            row.pop("history", None)
            with open(self.path, "ab") as file:
                file.write(msgspec.json.encode(row | {"content": "by hand"}) + b"\n")

    def equal(self) -> None:
        view: View = self.document.view
        assert self.path.read_bytes() == render(view)

    def step(self) -> None:
        works = [
            self.send,
            self.send,
            self.edit,
            self.delete,
            self.settle,
            self.begin,
            self.fork,
            self.stream,
        ]
        for _ in range(self.random.randrange(1, 4)):
            place = self.document if self.random.random() < 0.7 else self.peer
            self.random.choice(works)(place)
        if self.random.random() < 0.4:
            self.meet()
        if self.random.random() < 0.1:
            self.write_by_hand()
        if self.random.random() < 0.1:
            self.document.close()
            self.document = self.opened()
        if self.random.random() < 0.1:
            with self.opened() as other:  # Another writer of the same file, who saves when he closes it.
                self.send(other)
        self.document.save()
        self.equal()


@pytest.mark.parametrize("seed", range(8))
def test_a_spliced_text_is_the_text_rendered_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Through sends, edits, deletions, forks, streamed answers, older messages of a peer and rows written by hand."""
    counted = Counted(monkeypatch)
    writers = Writers(tmp_path, seed)
    writers.begin(writers.document)
    writers.document.save()
    for _ in range(25):
        writers.step()
    writers.document.close()
    assert counted.spliced > 10


def test_a_text_that_could_not_be_written_is_not_built_upon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changed since it is not all that changed since the text in the file."""
    counted = Counted(monkeypatch)
    writers = Writers(tmp_path, 1)
    writers.begin(writers.document)
    writers.document.save()
    writers.send(writers.document)
    with monkeypatch.context() as failing:

        def full(*_: object, **__: object) -> None:
            raise WriteFailed("the disk is full", hint="Make room")

        failing.setattr(chat_file, "replace_atomically", full)
        with pytest.raises(WriteFailed):
            writers.document.save()
    writers.send(writers.document)
    writers.document.save()
    writers.equal()
    writers.document.close()
    assert counted.spliced, "the first send was spliced in"


FIRST, SECOND = ThreadId("01HF7YAT000000000000000001"), ThreadId("01HF7YAT000000000000000002")
EARLY, LATE = "2023-11-14T22:13:20.000Z", "2023-11-15T22:13:20.000Z"


def thread(thread_id: ThreadId, created_at: str = EARLY) -> ThreadFact:
    return ThreadFact(
        thread_id=thread_id,
        created_at=created_at,
        created_by="ada",
        root_message_id=MessageId(f"{thread_id[:-1]}A"),
    )


def header(message_id: str, thread_id: ThreadId, date: str = EARLY) -> Header:
    return Header(
        message_id=MessageId(message_id), thread_id=thread_id, sender_id="ada", date=date, content="said"
    )


REVISION = RevisionFact(
    message_id=MessageId("01HF7YAT0000000000000000M1"),
    revision_id=RevisionId("01HF7YAT0000000000000000R1"),
    date=LATE,
    content="edited",
    author_id="ada",
)
BEFORE: list[Fact] = [
    thread(FIRST),
    thread(SECOND, LATE),
    header("01HF7YAT0000000000000000M1", FIRST),
    header("01HF7YAT0000000000000000M2", FIRST, LATE),
    header("01HF7YAT0000000000000000M3", SECOND, LATE),
    REVISION,
]


@pytest.mark.parametrize(
    "came",
    [
        pytest.param([header("01HF7YAT0000000000000000M2", FIRST, EARLY)], id="another date"),
        pytest.param([header("01HF7YAT0000000000000000M2", SECOND, EARLY)], id="another thread"),
        pytest.param(
            [thread(FIRST, "2024-11-14T22:13:20.000Z"), thread(SECOND, EARLY.replace("2023", "2022"))],
            id="threads change places",
        ),
        pytest.param([thread(ThreadId("01HF7YAT000000000000000000"))], id="a thread before the others"),
        pytest.param([header("01HF7YAT0000000000000000M0", FIRST)], id="a message before the others"),
        pytest.param(
            [header("01HF7YAT0000000000000000M9", ThreadId("01HF7YAT0000000000000000ZZ"))], id="a stray"
        ),
        pytest.param([header("01HF7YAT0000000000000000M9", SECOND, LATE)], id="a message behind the others"),
        pytest.param([msgspec.structs.replace(REVISION, message_id="01HF7YAT0000000000000000M9")], id="late"),
    ],
)
def test_what_stands_elsewhere_now_is_found(monkeypatch: pytest.MonkeyPatch, came: list[Fact]) -> None:
    """Or all is rendered anew; never is the text another one."""
    monkeypatch.setattr(splicing, "ROWS_EACH", 0)
    view, kept = View(), Rendering()
    apply(view, BEFORE, origin="peer")
    text = b"".join(kept.text(view, 1, b"", None))
    _, added = apply(view, came, origin="peer")
    assert added
    assert b"".join(kept.text(view, 2, text, 1)) == render(view)


def test_what_was_taken_back_is_spliced_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fact that left the view is a change of its message, too."""
    monkeypatch.setattr(splicing, "ROWS_EACH", 0)
    view, kept = View(), Rendering()
    apply(view, BEFORE, origin="peer")
    text = b"".join(kept.text(view, 1, b"", None))
    undo(view, [REVISION])
    assert b"".join(kept.text(view, 2, text, 1)) == render(view) != text
