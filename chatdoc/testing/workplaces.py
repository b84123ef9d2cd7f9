"""Whatever is done to stored documents, each store keeps its promises; `assert_sound` looks at all of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from chatdoc.document import Document
from chatdoc.model.commands.create_thread import CreateThread
from chatdoc.model.commands.decide import Command, LogCommand
from chatdoc.model.commands.send_message import SendMessage
from chatdoc.model.errors import CommandConflict, CommandRefused, NotFound, StoreError
from chatdoc.open import read_document
from chatdoc.store.memory.blank_tables import blank
from chatdoc.testing import tables
from chatdoc.testing.acknowledged import Acknowledged, Answered, Configs
from chatdoc.testing.assertions import assert_clean, assert_kept, assert_ledger_is_full_check
from chatdoc.testing.content import differences
from chatdoc.testing.copied import assert_apart, use
from chatdoc.testing.history import History
from chatdoc.testing.log_commands import LOG_COMMAND_WEIGHTS, some_log_command
from chatdoc.testing.moments import Moment
from chatdoc.testing.oracle import Oracle
from chatdoc.testing.stored_network import StoredNetwork
from chatdoc.testing.unwelcome import NOWHERE, unwelcome
from chatdoc.testing.white_box import PLACES, event_log_of, execute_of, failing, is_open, now_ms, ownerless
from chatdoc.testing.writer import Writer, fitting_command
from chatdoc.testing.writer import assert_shown as assert_answer_shows

INSTEAD = ("start", "send", "create")
"""What is asked for where nothing fits what was to be asked for."""


class Workplaces:
    """Stored documents on several machines, and what is known of each store; one seed gives one course of events."""

    def __init__(self, folder: Path, seed: int, *, sources: Sequence[bytes] = ()) -> None:
        """`sources` are the bytes that the machines' files begin with, in any format."""
        self.random = Random(seed)
        self.network = StoredNetwork(folder, seed=self.random.getrandbits(64), sources=sources)
        self._migrated = bool(sources)
        self.oracle = Oracle()
        self._writer = Writer(self.random, self.oracle)
        self._configs = Configs()
        self._kept: dict[Path, Acknowledged] = {}
        """What each store answered, by its file."""
        self._histories: dict[Path, History] = {}
        self._moments: dict[Path, Moment] = {}
        self._elsewhere = blank()
        self._count = 0
        for machine in set(self.network.machines):
            for document in self.network.on(machine):
                place = _place(document)
                self._kept.setdefault(place, Acknowledged())
                self._histories.setdefault(place, History())
                self._configs.begin(document.view)
                for thread in document.threads(deleted=True):
                    self.oracle.see_thread(document, thread.thread_id)

    def write(self, document: Document, kind: str, random: Random, *, named: bool = False) -> str:
        """Carry out a random command of a kind, with a command id where `named`; returns what was done."""
        command: Command | None
        if kind in LOG_COMMAND_WEIGHTS:
            command = some_log_command(random, document.view, kind, now_ms(document))
        elif kind == "refused":
            command = unwelcome(random, document.view)
        else:
            command = fitting_command(random, document.view, kind)
        if command is None:  # Nothing here can be so changed.
            kind = next(one for one in INSTEAD if fitting_command(Random(0), document.view, one) is not None)
            command = fitting_command(random, document.view, kind)
        assert command is not None, "a thread can always be created"
        return kind if self._carry_out(document, command, self._new_id() if named else None) else f"{kind}?"

    def repeat(self, document: Document, random: Random) -> str:
        """Ask for something again that this store has answered: it says the same, and writes nothing."""
        answered = self._kept[_place(document)].answered
        if not answered:
            return "repeat?"
        one = random.choice(answered)
        document.check(full=False)
        before = self._all_rows(document)
        self._assert_repeats(document, one)
        with_another = SendMessage(thread_id=NOWHERE, sender_id="eve", content="another command")
        try:
            document.execute(with_another, command_id=one.command_id)
        except CommandConflict:
            pass
        else:
            raise AssertionError(f"{one.command_id} was taken for another command")
        assert self._all_rows(document) == before, f"{one.command_id} was repeated, and something was written"
        return "repeat"

    def fail(self, document: Document, kind: str, random: Random) -> str:
        """Let the disk fail in the midst of a command: it leaves nothing, and what is retried is done once."""
        command = fitting_command(random, document.view, kind)
        if command is None:
            return "disk fails?"
        command_id, execute = self._new_id(), execute_of(document)
        before, place = tables.written(execute), random.choice(PLACES)
        with failing(document, place):
            try:
                document.execute(command, command_id=command_id)
            except StoreError:
                assert tables.written(execute) == before, (
                    f"{type(command).__name__} failed and left something"
                )
            except (CommandRefused, NotFound):
                assert place != "commit", (
                    f"{type(command).__name__} was refused for ever by a disk that failed"
                )
            else:  # It had nothing to write where the disk would have failed.
                assert place != "commit", f"{type(command).__name__} was acknowledged by a disk that failed"
        if not is_open(document):
            document = self._reopened(document, crash=True)
        self._carry_out(document, command, command_id)
        return "disk fails"

    def fail_delivery(self, random: Random) -> str:
        """Let the disk fail while an update from a peer is taken; it is taken whole once it is delivered again."""
        network = self.network
        if not network.in_flight:
            return "delivery fails?"
        message = random.choice(network.in_flight)
        receiver = network.documents[message.receiver]
        before = tables.written(execute_of(receiver))
        with failing(receiver, random.choice(PLACES)), suppress(StoreError):
            receiver.receive(message.update, origin=f"replica {message.sender}")
        if not is_open(receiver):
            assert tables.written(execute_of(receiver)) == before, "an update that failed left something"
            self._reopened(receiver, crash=True)
        network.deliver(message)
        return "delivery fails"

    def save(self, document: Document) -> str:
        """Write the text; who reads the file and what is stored behind it, writing nothing, sees the same."""
        document.save()
        assert document.path is not None, "only a stored document has a path"
        if not document.path.exists():
            assert not document.threads(deleted=True), "there is something to save, and no file"
            return "save"
        told = list(differences(read_document(document.path).view, document.view))
        assert not told, "who only reads sees something else:\n" + "\n".join(told[:8])
        return "save"

    def copy(self, document: Document, random: Random) -> str:
        """Copy the file, use the copy, and forget it; nothing of that is seen in the document or its store."""
        if not document.save() and document.file_state != "present":
            return "copy?"
        is_sound = document.check(full=False).ok
        before = self._all_rows(document)
        answered = [one.command_id for one in self._kept[_place(document)].answered]
        with self.network.copied(document, random) as copy:
            if is_open(copy):
                assert_apart(copy, document)
                use(copy, random, answered)
            else:  # What breaks a rule while something has not come yet makes no document of its own.
                assert not is_sound, "a copy of a document without violations can only be read"
        self.network.forget_copy(document)
        assert self._all_rows(document) == before, "what was done in a copy was done in its original"
        return "copy"

    def reopen(self, document: Document, *, crash: bool) -> str:
        """Let the process of a document end, or be killed, and another one open the file."""
        self._reopened(document, crash=crash)
        return "crash" if crash else "close"

    def rebuild(self, document: Document) -> str:
        """Throw the tables away and fold the log anew; nobody can tell."""
        before = tables.rows_of(execute_of(document))
        document.log.rebuild()
        assert tables.rows_of(execute_of(document)) == before, "rebuilding changed the tables"
        return "rebuild"

    def compact(self, document: Document) -> str:
        """Remove the events whose effect is folded; nothing else changes, and versions go on."""
        execute = execute_of(document)
        self._histories[_place(document)].follow(event_log_of(document))
        before = tables.rows_of(execute)
        document.log.compact(dry_run=False)
        assert tables.rows_of(execute) == before, "compacting changed the tables"
        return "compact log"

    def look(self, document: Document) -> str:
        """Take a snapshot, or go on from the last one: what was replayed on it is what is stored now."""
        place = _place(document)
        for thread in document.threads():
            document.log.replay_thread(thread.thread_id)
        moment = self._moments.pop(place, None)
        if moment is None:
            self._moments[place] = Moment(document, self._histories[place])
            return "snapshot"
        moment.assert_replayed(document)
        return "replay"

    def assert_sound(self, machine: int) -> None:
        """Raise AssertionError unless every promise holds on a machine."""
        documents = self.network.on(machine)
        for document in documents:
            assert_ledger_is_full_check(document)
            self._configs.follow(document.view)
            orphans = ownerless(document) & document.view.generating
            assert not orphans, f"the turns of messages {sorted(orphans)} run, and nobody runs them"
        shared = [document for document in documents if document is not self.network.beside]
        for other in shared[1:]:
            told = list(differences(shared[0].view, other.view))
            assert not told, "two processes show different things:\n" + "\n".join(told[:8])
        for document in {_place(one): one for one in documents}.values():
            self._assert_log_shows(document)

    def _assert_log_shows(self, document: Document) -> None:
        """Raise AssertionError unless a store's log is whole, says what its document shows, and folds to its rows."""
        place, execute, views = _place(document), execute_of(document), [document.view]
        kept, history = self._kept[place], self._histories[place]
        history.follow(event_log_of(document))
        tables.assert_log_is_whole(execute)
        kept.assert_kept(execute, views)
        tables.assert_rebuilt(execute, history, self._elsewhere)
        by_hand = kept.told(history.sessions)
        tables.assert_shown(execute, views, told=by_hand, taken=kept.taken)
        tables.assert_turns_run(execute, views, taken=kept.taken)

    def begin(self) -> None:
        """Let one machine create a thread, and the others hear of it."""
        first = self.network.documents[0]
        self._carry_out(first, CreateThread(sender_id="ada", content="Hello", config={"name": "Plan"}), None)
        self.network.settle()

    def settle(self) -> None:
        """Deliver everything, and compare the machines with each other and with what was acknowledged."""
        self.network.settle()
        self.network.assert_converged()
        assert_kept(self.network.documents, self.oracle)
        if not self._migrated:  # A file may come with what breaks a rule, or lacks what another copy has.
            assert_clean(self.network.documents)
        for machine in set(self.network.machines):
            self.assert_sound(machine)

    def _carry_out(self, document: Document, command: Command, command_id: str | None) -> bool:
        """Carry out a command and remember its answer; false when it was refused."""
        kept, execute = self._kept[_place(document)], execute_of(document)
        answer: Any = None
        refused = False
        try:
            answer = document.execute(command, command_id=command_id)
        except (CommandRefused, NotFound) as refusal:
            refused, answer = True, str(refusal)
        if not refused:
            self._configs.follow(document.view, command)
            kept.take(document, command, answer)
            if not isinstance(command, LogCommand):
                assert_answer_shows(command, answer)
                if document is not self.network.beside:
                    self._writer.note(document, answer)
        if command_id is not None:
            one = Answered(_name(document), command_id, command, answer, refused)
            kept.answer(execute, one)
            self._assert_repeats(document, one)
        return not refused

    def _assert_repeats(self, document: Document, one: Answered) -> None:
        try:
            again, refused = document.execute(one.command, command_id=one.command_id), False
        except (CommandRefused, NotFound) as refusal:
            again, refused = str(refusal), True
        assert (again, refused) == (one.answer, one.refused), (
            f"{one.command_id} was answered with {one.answer!r}, and repeated with {again!r}"
        )

    def _reopened(self, document: Document, *, crash: bool) -> Document:
        network = self.network
        if document is network.beside:
            network.reopen_beside(crash=crash)
            return network.beside
        number = network.documents.index(document)
        network.reopen(number, crash=crash)
        return network.documents[number]

    def _all_rows(self, document: Document) -> tuple[Any, ...]:
        execute = execute_of(document)
        return tables.written(execute), tables.rows_of(execute), document.state_vector()

    def _new_id(self) -> str:
        self._count += 1
        return f"command-{self._count}"


def _name(document: Document) -> str:
    assert document.path is not None, "only a stored document has a path"
    return document.path.name


def _place(document: Document) -> Path:
    assert document.store_path is not None, "only a stored document has a store"
    return document.store_path
