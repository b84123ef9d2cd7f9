"""The front door: open a `.chat` file, read it, change it together with others, and trust it.

Names are loaded when they are first used, so importing a lower room, or `invariants` or `migrate`, loads no more
than it needs, in whatever order the packages are imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatdoc.document import Document as Document
    from chatdoc.errors import ChatdocError as ChatdocError
    from chatdoc.errors import TurnOver as TurnOver
    from chatdoc.ids import CommandId as CommandId
    from chatdoc.ids import DocumentId as DocumentId
    from chatdoc.ids import MessageId as MessageId
    from chatdoc.ids import RevisionId as RevisionId
    from chatdoc.ids import ThreadId as ThreadId
    from chatdoc.opening import open_document as open_document
    from chatdoc.opening import read_document as read_document
    from chatdoc.ownership import RunningTurn as RunningTurn
    from chatdoc.records.attic import AtticRow as AtticRow
    from chatdoc.records.message import Message as Message
    from chatdoc.records.message import Revision as Revision
    from chatdoc.records.thread import Thread as Thread
    from chatdoc.records.thread_config import ConfigChange as ConfigChange
    from chatdoc.records.thread_config import ThreadConfig as ThreadConfig
    from chatdoc.records.thread_state import ThreadState as ThreadState
    from chatdoc.streaming import stream as stream
    from chatdoc.turn import Turn as Turn
    from chatdoc.turn_pace import Pace as Pace
    from chatdoc.workspace import Workspace as Workspace
    from invariants.report import IntegrityReport as IntegrityReport
    from invariants.rule import Violation as Violation
    from migrate.report import MigrationReport as MigrationReport

__version__ = "0.1.0"

_HOMES = {
    "open_document": "chatdoc.opening",
    "read_document": "chatdoc.opening",
    "Workspace": "chatdoc.workspace",
    "Document": "chatdoc.document",
    "ChatdocError": "chatdoc.errors",
    "TurnOver": "chatdoc.errors",
    "Thread": "chatdoc.records.thread",
    "ThreadConfig": "chatdoc.records.thread_config",
    "ConfigChange": "chatdoc.records.thread_config",
    "Message": "chatdoc.records.message",
    "Revision": "chatdoc.records.message",
    "ThreadState": "chatdoc.records.thread_state",
    "AtticRow": "chatdoc.records.attic",
    "RunningTurn": "chatdoc.ownership",
    "Turn": "chatdoc.turn",
    "Pace": "chatdoc.turn_pace",
    "stream": "chatdoc.streaming",
    "MigrationReport": "migrate.report",
    "IntegrityReport": "invariants.report",
    "Violation": "invariants.rule",
    "DocumentId": "chatdoc.ids",
    "ThreadId": "chatdoc.ids",
    "MessageId": "chatdoc.ids",
    "RevisionId": "chatdoc.ids",
    "CommandId": "chatdoc.ids",
}

__all__ = [
    "open_document",
    "read_document",
    "Workspace",
    "Document",
    "ChatdocError",
    "TurnOver",
    "Thread",
    "ThreadConfig",
    "ConfigChange",
    "Message",
    "Revision",
    "ThreadState",
    "AtticRow",
    "RunningTurn",
    "Turn",
    "Pace",
    "stream",
    "MigrationReport",
    "IntegrityReport",
    "Violation",
    "DocumentId",
    "ThreadId",
    "MessageId",
    "RevisionId",
    "CommandId",
]

if not TYPE_CHECKING:  # A type checker takes the imports above, so a misspelt name is an error there.

    def __getattr__(name: str) -> object:
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(home), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_HOMES})
