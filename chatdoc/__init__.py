"""The front door: open a `.chat` file, read it, change it together with others, and trust it.

Names are loaded when they are first used, so importing a lower room, or `invariants` or `migrate`, loads no more
than it needs, in whatever order the packages are imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatdoc.agents.flush_policy import Pace as Pace
    from chatdoc.agents.ownership import RunningTurn as RunningTurn
    from chatdoc.agents.stream import stream as stream
    from chatdoc.agents.turn import Turn as Turn
    from chatdoc.database import DocumentDatabase as DocumentDatabase
    from chatdoc.database import open_store as open_store
    from chatdoc.document import Document as Document
    from chatdoc.engine.repair import Repaired as Repaired
    from chatdoc.model.errors import ChatdocError as ChatdocError
    from chatdoc.model.errors import TurnOver as TurnOver
    from chatdoc.model.ids import CommandId as CommandId
    from chatdoc.model.ids import DocumentId as DocumentId
    from chatdoc.model.ids import MessageId as MessageId
    from chatdoc.model.ids import RevisionId as RevisionId
    from chatdoc.model.ids import ThreadId as ThreadId
    from chatdoc.model.records.attic import AtticRow as AtticRow
    from chatdoc.model.records.message import Message as Message
    from chatdoc.model.records.message import Revision as Revision
    from chatdoc.model.records.thread import Thread as Thread
    from chatdoc.model.records.thread_config import ConfigChange as ConfigChange
    from chatdoc.model.records.thread_config import ThreadConfig as ThreadConfig
    from chatdoc.model.records.thread_state import ThreadState as ThreadState
    from chatdoc.open import open_document as open_document
    from chatdoc.open import read_document as read_document
    from chatdoc.workspace import Workspace as Workspace
    from invariants.report import IntegrityReport as IntegrityReport
    from invariants.rule import Violation as Violation
    from migrate.report import MigrationReport as MigrationReport

__version__ = "0.1.0"

_HOMES = {
    "open_document": "chatdoc.open",
    "read_document": "chatdoc.open",
    "open_store": "chatdoc.database",
    "Workspace": "chatdoc.workspace",
    "DocumentDatabase": "chatdoc.database",
    "Document": "chatdoc.document",
    "ChatdocError": "chatdoc.model.errors",
    "TurnOver": "chatdoc.model.errors",
    "Thread": "chatdoc.model.records.thread",
    "ThreadConfig": "chatdoc.model.records.thread_config",
    "ConfigChange": "chatdoc.model.records.thread_config",
    "Message": "chatdoc.model.records.message",
    "Revision": "chatdoc.model.records.message",
    "ThreadState": "chatdoc.model.records.thread_state",
    "AtticRow": "chatdoc.model.records.attic",
    "RunningTurn": "chatdoc.agents.ownership",
    "Turn": "chatdoc.agents.turn",
    "Pace": "chatdoc.agents.flush_policy",
    "stream": "chatdoc.agents.stream",
    "MigrationReport": "migrate.report",
    "IntegrityReport": "invariants.report",
    "Violation": "invariants.rule",
    "Repaired": "chatdoc.engine.repair",
    "DocumentId": "chatdoc.model.ids",
    "ThreadId": "chatdoc.model.ids",
    "MessageId": "chatdoc.model.ids",
    "RevisionId": "chatdoc.model.ids",
    "CommandId": "chatdoc.model.ids",
}

__all__ = [
    "open_document",
    "read_document",
    "open_store",
    "Workspace",
    "DocumentDatabase",
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
    "Repaired",
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
