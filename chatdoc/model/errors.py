"""Every error says what was expected, what came, which ids or line, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal


class ChatdocError(Exception):
    """The root of all errors raised on purpose; anything else that escapes is a defect of this library.

    `hint` is what the reader can do about it; it is part of the message.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(f"{message}. {hint}" if hint else message)
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled, an error keeps its message and fields, also one whose fields are keyword-only."""
        return _again, (type(self), self.args), dict(self.__dict__)


class NotFound(ChatdocError):
    """An id names nothing in this document."""


class CommandRefused(ChatdocError):
    """A command cannot be carried out as asked; nothing was written."""


class InvariantRefused(CommandRefused):
    """A command would newly break a rule; `violations` are the ones it would have caused."""

    def __init__(self, message: str, *, violations: tuple[object, ...], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.violations = violations

    @classmethod
    def by(cls, command: str, violations: Sequence[Any]) -> InvariantRefused:
        """The refusal of a command that would cause these violations."""
        codes = ", ".join(sorted({one.code for one in violations}))
        found = "; ".join(f"{one.subject} {one.detail}" for one in violations[:3])
        return cls(f"{command} would break {codes}: {found}", violations=tuple(violations))


class CommandConflict(ChatdocError):
    """A command id was used before for a different command."""


class NotAllowed(ChatdocError):
    """Whoever asked may not write this; no receipt is kept, since that may change."""


class TurnOver(ChatdocError):
    """A step of a turn came after somebody else had ended it; what was appended is kept."""


class FinalizeMismatch(ChatdocError):
    """A turn was finalized, and the document does not show what was written."""


RefusalCode = Literal[
    "unreadable_update",
    "wrong_kind",
    "wrong_place",
    "too_large",
    "client_id_taken",
    "came_too_early",
    "failed_here",
]
"""Why an update is refused: it breaks the encoding; something in it is no text, or in no place of ours; it is too big;
it uses our own client id; too much waits for what it builds on; the CRDT library failed on it."""


class UpdateRefused(ChatdocError):
    """Bytes from a peer are not an update this document may take; the document is untouched.

    `code` says why; `root`, `key` and `type` say where and what came, where it is known: a type, never its bytes.
    While not `permanent`, the same may be taken later, or after a sync by state vector.
    """

    def __init__(
        self,
        message: str,
        *,
        code: RefusalCode = "unreadable_update",
        root: str | None = None,
        key: str | None = None,
        type: str | None = None,
        permanent: bool = True,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.root = root
        self.key = key
        self.type = type
        self.permanent = permanent


class UnreadableFile(ChatdocError):
    """A file is not any format known here, or is damaged beyond taking it safely; it is untouched."""


class NoChat(UnreadableFile):
    """A file is no chat: nothing in it is of any format known here; it is untouched."""


class FileReplaced(ChatdocError):
    """The file of an open document holds another document now; neither is written over."""


class ReadOnlyTarget(ChatdocError):
    """The file, its folder or its store may not be written."""


class WriteFailed(ChatdocError):
    """The system failed while a file was written; the message says which bytes stand there now."""


class MigrationFailed(ChatdocError):
    """A migration could not be verified or finished; the source is untouched."""


class NotMigrated(ChatdocError):
    """An old file was opened to be read only: migrating it is switched off, or was not asked for."""


class BackupDamaged(ChatdocError):
    """A backup is missing or is not the bytes that were saved."""


class NewerEdits(ChatdocError):
    """A rollback, or a copy to or from a database, would throw away edits that were made since."""


class StoreError(ChatdocError):
    """The store could not be read or written."""


class CommitUnknown(StoreError):
    """The answer to a COMMIT was lost: whether it was done is not known, and the same command id finds out."""


class DiskFull(StoreError):
    """A document can only be read, because its disk had no room when it was opened."""


class StoreTooNew(StoreError):
    """The store was written by a newer version of this program."""


class StoreDamaged(StoreError):
    """Bytes read from the store do not match the digest they were written with."""


class StoreGone(StoreError):
    """A store that was open is not there any more, or another one is in its place; nothing is written to it."""


class NoEventLog(StoreError):
    """A folder or file has no event log that this program can read, because nothing was opened for writing there."""


class EventUndecodable(StoreError):
    """An event of the log cannot be read as its type promises; `sequence` says which."""

    def __init__(
        self, message: str, *, sequence: int, stream_id: str, event_type: str, hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.sequence = sequence
        self.stream_id = stream_id
        self.event_type = event_type


class LogCompacted(StoreError):
    """Events that were asked for are folded away: the log can be replayed beyond `through_sequence` only."""

    def __init__(self, message: str, *, after: int, through_sequence: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.after = after
        self.through_sequence = through_sequence


class SessionUndecodable(StoreError):
    """The stored row of an agent's session is not what was stored."""

    def __init__(self, message: str, *, provider_session_id: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.provider_session_id = provider_session_id


class DocumentExists(StoreError):
    """A document is registered under this path already; open it instead of beginning a new one."""


class ReceiptExists(StoreError):
    """A command id has its receipt already, perhaps from another process; nothing was written."""


class DocumentFailed(ChatdocError):
    """Memory may be ahead of the disk after a failed write; the document must be opened again."""


class DocumentMoved(DocumentFailed):
    """The document lives in another store now, at `place`: this one is kept as it was, and takes nothing more."""

    def __init__(self, message: str, *, place: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.place = place

    @classmethod
    def to(cls, place: str, *, document_id: str, store: str) -> DocumentMoved:
        """The error for a document that was moved out of a store."""
        return cls(
            f"document {document_id} lives at {place} now and no more in {store}, so nothing is written here",
            place=place,
            hint="Open it there. A place that says the same of this one waits for the end of a move that was cut off: "
            "run the same `chatdoc cutover` again",
        )


class DocumentClosed(ChatdocError):
    """The document was closed; open it again."""


def _again(kind: type[ChatdocError], arguments: tuple[Any, ...]) -> ChatdocError:
    """An error as it was before it was pickled, its fields still to come."""
    return kind.__new__(kind, *arguments)
