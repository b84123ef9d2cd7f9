"""A writer does what people and agents do to a document, at random, within what its commands allow."""

from __future__ import annotations

from random import Random
from typing import Any

from chatdoc.document import Document
from chatdoc.model.commands.configure_thread import ConfigureThread
from chatdoc.model.commands.create_thread import CreateThread
from chatdoc.model.commands.decide import Command
from chatdoc.model.commands.delete import DeleteMessage, DeleteThread, RestoreMessage, RestoreThread
from chatdoc.model.commands.edit_message import EditMessage
from chatdoc.model.commands.fork_thread import ForkThread
from chatdoc.model.commands.send_message import SendMessage
from chatdoc.model.commands.turn_end import FailTurn, FinalizeTurn, InterruptTurn, KeepLate, RecoverTurn
from chatdoc.model.commands.turn_start import StartTurn
from chatdoc.model.errors import CommandRefused, NotFound
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.model.records.message import Message
from chatdoc.model.records.thread import Thread
from chatdoc.model.records.thread_config import ThreadConfig
from chatdoc.model.view.view import View
from chatdoc.testing.oracle import Oracle
from chatdoc.testing.promises import ANSWERED, CARRIED_OUT, ONCE, promised
from chatdoc.testing.turns import TURN_WEIGHTS, some_turn_command

PEOPLE = ("ada", "bob", "codex", "")
TEXTS = ("", "Hi", "Hi!", "two\nlines", "\u2028 \x00 \U0001f600 漢", "x" * 400, '{"a": [1]}')
VALUES: tuple[Any, ...] = (None, True, 0, 1, 1.0, "", "gpt", [1, "a", None], {"deep": {"er": -0.5}})
INSTEAD = ("send", "create")
"""What is asked for where nothing fits what was to be asked for."""
FIELDS = ("thread_color", "thread_icon", "colour of my own", "x/y%z")
ACP_FIELDS = ("model", "sessionId", "mode", "a.b")
WEIGHTS = {
    "create": 4,
    "send": 30,
    "reply": 14,
    "edit": 20,
    "delete": 5,
    "restore": 5,
    "delete thread": 2,
    "restore thread": 2,
    "configure": 16,
    "fork": 2,
    **TURN_WEIGHTS,
}


def some_command(random: Random, view: View, kind: str) -> Command:
    """A command of a kind, or where nothing here can be so changed, a message, or a thread to have one in."""
    for instead in (kind, *INSTEAD):
        command = fitting_command(random, view, instead)
        if command is not None:
            return command
    raise AssertionError("a thread can always be created")


def fitting_command(random: Random, view: View, kind: str) -> Command | None:
    """A command of a kind that means something in this view, or None when nothing here can be so changed."""
    by = random.choice(PEOPLE)
    if kind == "create":
        return CreateThread(sender_id=by, content=random.choice(TEXTS), config=some_config(random))
    if kind in TURN_WEIGHTS:
        return some_turn_command(random, view, kind, by)
    thread_id = some_thread(random, view)
    if thread_id is None:
        return None
    message_id = some_message(random, view, thread_id)
    match kind:
        case "send":
            fields = {"note": random.choice(VALUES)} if random.random() < 0.1 else {}
            return SendMessage(thread_id=thread_id, sender_id=by, content=random.choice(TEXTS), fields=fields)
        case "configure":
            return ConfigureThread(thread_id=thread_id, updated_by=by, config=some_config(random))
        case "delete thread":
            return DeleteThread(thread_id=thread_id, deleted_by=by)
        case "restore thread":
            return RestoreThread(thread_id=thread_id, restored_by=by)
    if message_id is None:
        return None
    match kind:
        case "reply":
            return SendMessage(
                thread_id=thread_id, sender_id=by, content=random.choice(TEXTS), reply_to=message_id
            )
        case "edit":
            return EditMessage(message_id=message_id, author_id=by, content=random.choice(TEXTS))
        case "delete":
            return DeleteMessage(message_id=message_id, deleted_by=by)
        case "restore":
            return RestoreMessage(message_id=message_id, restored_by=by)
        case "fork":
            return ForkThread(thread_id=thread_id, at=message_id, sender_id=by)
    raise ValueError(f"expected one of {', '.join(WEIGHTS)}, got {kind!r}")


def some_config(random: Random) -> dict[str, Any]:
    """Fields to set, the same ones often enough that writers meet; None clears one."""
    config: dict[str, Any] = {}
    if random.random() < 0.5:
        config["name"] = random.choice((None, "Plan", "Plan B", ""))
    if random.random() < 0.2:
        config["pin"] = random.choice((None, True, False))
    if random.random() < 0.3:
        config[random.choice(FIELDS[2:])] = random.choice(VALUES)
    if random.random() < 0.2:
        config[random.choice(FIELDS[:2])] = random.choice((None, "red", "blue"))
    if random.random() < 0.5:
        names = random.sample(ACP_FIELDS, random.randrange(3))
        config["acp_config"] = {name: random.choice(VALUES) for name in names} or None
    return config


def some_thread(random: Random, view: View) -> ThreadId | None:
    """One of the threads, or None when there is none."""
    threads = view.thread_ids()
    return random.choice(threads) if threads else None


def some_message(random: Random, view: View, thread_id: str) -> MessageId | None:
    """One of a thread's messages, often one of the few newest, so that writers meet."""
    messages = view.ordered(thread_id)
    if not messages:
        return None
    return random.choice(messages[-3:] if random.random() < 0.5 else messages)


def assert_shown(command: Command, answer: Any) -> None:
    """Raise AssertionError unless the answer shows what the command asked for, whatever the writers' clocks say."""
    match command:
        case SendMessage():
            shown = answer.content == command.content
        case EditMessage():  # While an answer is written, what was streamed stands behind it.
            shown = answer.content.startswith(command.content)
            shown &= answer.generating or answer.content == command.content
        case DeleteMessage() | DeleteThread():
            shown = answer.deleted_at is not None
        case RestoreMessage() | RestoreThread():
            shown = answer.deleted_at is None
        case ConfigureThread():
            acp = command.config.get("acp_config") or {}
            given = {name: value for name, value in acp.items() if value is not None}
            shown = given.items() <= (answer.acp_config or {}).items()
            shown &= "name" not in command.config or answer.name == command.config["name"]
        case StartTurn():
            shown = answer.generating
        case FinalizeTurn() | InterruptTurn() | RecoverTurn() | FailTurn():
            shown = not answer.generating
        case KeepLate():
            shown = any(command.content in one.content for one in answer.history)
        case _:
            shown = True
    assert shown, f"{command} was answered with {answer}"


class Writer:
    """Carries out random commands and tells an oracle what was answered.

    `alone` says that no other process writes to the same log in the midst of a command: then the answer shows it.
    """

    def __init__(self, random: Random, oracle: Oracle, *, alone: bool = True) -> None:
        self.random, self.oracle, self.alone = random, oracle, alone
        self._count = 0

    def act(self, document: Document) -> str:
        """Do one thing to a document; returns what, with a question mark when it was refused."""
        kind = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        command = fitting_command(self.random, document.view, kind)
        if command is None:
            kind = "create"
            command = some_command(self.random, document.view, kind)
        return kind if self.carry_out(document, command) else f"{kind}?"

    def carry_out(self, document: Document, command: Command) -> bool:
        """Ask a document for something, now and then twice; false when it was refused."""
        self._count += 1
        command_id = f"command-{self._count}" if self.random.random() < 0.3 else None
        with promised(CARRIED_OUT):
            try:
                answer = document.execute(command, command_id=command_id)
            except (CommandRefused, NotFound):
                return False
        if self.alone:
            with promised(ANSWERED):
                assert_shown(command, answer)
        self.note(document, answer)
        if command_id is not None:
            with promised(ONCE):
                before = document.state_vector()
                again = document.execute(command, command_id=command_id)
                assert again == answer, f"{type(command).__name__} was answered anew"
                assert document.state_vector() == before, f"{type(command).__name__} was carried out twice"
        return True

    def note(self, document: Document, answer: Thread | Message | ThreadConfig | None) -> None:
        """Tell the oracle what a command answered."""
        if answer is None:
            return
        if isinstance(answer, Message):
            self.oracle.see_message(document, answer.message_id)
        else:
            self.oracle.see_thread(document, answer.thread_id)
