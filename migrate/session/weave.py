"""A log becomes threads while it is read: lines in, facts and activities out, and one storable state to go on from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from chatdoc.model.limits import FACT_BYTES_MAX, MIB
from chatdoc.model.records.attic import AtticRow
from migrate.lines import Line, attic_row
from migrate.session.account import Lines
from migrate.session.copied import CopyState, Others, is_copied
from migrate.session.cut import TEXT_LENGTH_MAX
from migrate.session.item import Item, Link, Source, Tokens
from migrate.session.log import NOT_KEPT, QUARANTINED, LogReader, Progress, begin, decode, encode
from migrate.session.thread import Weaver
from migrate.session.thread_state import ThreadState, Woven

LEFT = "bytes, left in the log"
ATTIC_BYTES_MAX = 8 * 1024 * 1024
"""A longer line is named by its size in the attic."""
_REASON_LENGTH_MAX = 200
_TELLING = frozenset({"prompt", "said", "answer", "call", "result", "begin", "boundary", "chunk"})
"""Items that make a thread; without any a log has no session yet."""


class LogState(msgspec.Struct, omit_defaults=True):
    """All that is needed to go on with a log: how it was read, and how far each of its sessions was told."""

    progress: bytes
    session: str = ""
    folder: str = ""
    threads: dict[str, ThreadState] = {}
    copy: CopyState = msgspec.field(default_factory=CopyState)
    redacted: bool | None = None
    """Whether it was read without its secrets; None in states of versions that did not say it."""


class SessionTally(msgspec.Struct, frozen=True, kw_only=True):
    """What one session of a log came to."""

    session: str
    state: ThreadState
    lines: Lines
    tokens: Tokens | None
    link: Link | None


class LogWeaver:
    """Reads a log and tells its sessions as threads; `name` is what the file is called, for logs that do not say."""

    def __init__(
        self,
        progress: Progress,
        name: str,
        *,
        session: str = "",
        folder: str = "",
        threads: dict[str, ThreadState] | None = None,
        copy: CopyState | None = None,
        others: Others | None = None,
        whole: Callable[[str], str] | None = None,
    ) -> None:
        self.reader = LogReader(progress, whole)
        self.session = session
        self.folder = folder
        """The first folder that the log says its tool worked in."""
        self.threads: dict[str, ThreadState] = {} if threads is None else threads
        self.woven = Woven()
        self.copy = CopyState() if copy is None else copy
        self._others = others if progress.source == "claude" else None
        self._name, self._redacts = name, whole is not None
        self._weavers: dict[str, Weaver] = {}
        self._waiting: list[Item] = []

    @property
    def progress(self) -> Progress:
        """How far the log was read."""
        return self.reader.progress

    @property
    def has_begun(self) -> bool:
        """Whether a session began: until then the log has settings and marks of its tool alone."""
        return any(state.begun for state in self.threads.values())

    @classmethod
    def start(
        cls,
        source: Source,
        name: str,
        others: Others | None = None,
        whole: Callable[[str], str] | None = None,
    ) -> LogWeaver:
        """A weaver for a log of which nothing was read; `others` tells what its beginning may repeat.

        `whole` changes each text that came in pieces, once it is put together.
        """
        return cls(begin(source), name, others=others, whole=whole)

    @classmethod
    def resume(
        cls,
        raw: bytes,
        name: str,
        others: Others | None = None,
        whole: Callable[[str], str] | None = None,
    ) -> LogWeaver:
        """A weaver that goes on from a stored state; raises msgspec.ValidationError for one of another version."""
        state = msgspec.json.decode(raw, type=LogState)
        return cls(
            decode(state.progress),
            name,
            session=state.session,
            folder=state.folder,
            threads=state.threads,
            copy=state.copy,
            others=others,
            whole=whole,
        )

    def stored(self) -> bytes | None:
        """The state to store, or None while the log has not said whose it is."""
        if not self.session:
            return None
        state = LogState(
            progress=encode(self.progress),
            session=self.session,
            folder=self.folder,
            threads=self.threads,
            copy=self.copy,
            redacted=self._redacts,
        )
        return msgspec.json.encode(state)

    def feed(self, raw: bytes, size: int | None = None) -> None:
        """Take one line with its LF; `size` is what it takes in the log, where that is another."""
        self._take_line(self.reader.feed(raw, size))

    def skip(self, count: int) -> None:
        """Count a line that is too long to be read."""
        for item in self.reader.skip(count):
            self._add(item)

    def end(self, tail: bytes = b"") -> None:
        """Take what follows the last LF, and say how each thread stands; nothing may be fed afterwards."""
        self._take_line(self.reader.tail(tail))
        if not self.session and any(item.kind in _TELLING for item in self._waiting):
            self._settle(self._name)
        for item in self.reader.pending():
            self._weaver(item.session).hold(item)
        for weaver in self._weavers.values():
            weaver.rest()

    def take_up_all(self) -> None:
        """Say at the end how every thread stands, also those of which nothing more comes: it may be unsaid."""
        for name in list(self.threads):
            self._weaver(name)

    def tallies(self) -> list[SessionTally]:
        """What each session of the log came to, in the order in which they began."""
        if not self.session:
            return []
        lines = {name: dict(counts) for name, counts in self.progress.lines.items()}
        own = lines.setdefault(self._sub(""), {})
        for name in [one for one in lines if one == "" or one not in self.threads]:
            if name != self._sub(""):
                for fate, count in lines.pop(name).items():
                    own[fate] = own.get(fate, 0) + count
        tallies = []
        for name, state in self.threads.items():
            counted = self.progress.state.tokens if self.progress.source == "codex" else state.spent
            tallies.append(
                SessionTally(
                    session=state.session,
                    state=state,
                    lines=lines.get(name, {}),
                    tokens=counted,
                    link=self._link(name),
                )
            )
        return tallies

    def _take_line(self, items: list[Item]) -> None:
        if self._others is not None and items and (self.copy.copying or not self.copy.head):
            began = not self.copy.parent
            own = self.progress.state.session_id
            if is_copied(self.copy, items, self.progress.source, own, self._others):
                own_lines = [item for item in items if self._is_kept_here_alone(item)]
                if not own_lines:
                    self.reader.recount_as_attic(items)
                items = [item for item in items if item.kind == "setting" or item in own_lines]
                if began:
                    items.append(Item("setting", name="continues", data=self.copy.parent))
        for item in items:
            self._add(item)

    def _is_kept_here_alone(self, item: Item) -> bool:
        """Whether an item among copied ones bears a line that the other session did not keep."""
        if not _is_kept(item):
            return False
        own, parent = self.progress.state.session_id, self.copy.parent
        line = item.data.replace(own.encode(), parent.encode()) if own else item.data
        assert self._others is not None
        return not self._others.keeps(parent, _attic_row(self.progress.source, parent, item.name, line))

    def _add(self, item: Item) -> None:
        if not self.session:
            known: str = self.progress.state.session_id
            if not known and item.kind not in _TELLING:
                self._waiting.append(item)
                return
            self._settle(known or self._name)
        self._take(item)

    def _settle(self, session: str) -> None:
        self.session = session
        waiting, self._waiting = self._waiting, []
        for item in waiting:
            self._take(item)

    def _take(self, item: Item) -> None:
        if item.kind == "attic" or item.kind == "unknown":
            if _is_kept(item):
                row = _attic_row(self.progress.source, self.session, item.name, item.data)
                self.woven.facts.append(row)
            return
        if not self.folder and item.kind == "setting" and item.name == "cwd":
            self.folder = item.data
        self._weaver(item.session).add(item)

    def _weaver(self, name: str) -> Weaver:
        name = self._sub(name)
        weaver = self._weavers.get(name)
        if weaver is None:
            state = self.threads.get(name)
            if state is None:
                state = self.threads[name] = ThreadState(
                    source=self.progress.source, session=self._full(name)
                )
            weaver = self._weavers[name] = Weaver(state, self.woven, self._link(name))
        return weaver

    def _sub(self, name: str) -> str:
        """The name under which a session of this log is kept: empty for its own, but for ACP, where each has one."""
        if self.progress.source == "acp":
            return name or self.session
        return name

    def _full(self, name: str) -> str:
        state: Any = self.progress.state
        if self.progress.source == "acp":
            return name
        agent = name or (state.agent_id if self.progress.source == "claude" else "")
        return f"{self.session}/agent-{agent}" if agent else self.session

    def _link(self, name: str) -> Link | None:
        if self.progress.source == "codex":
            link: Link | None = self.progress.state.link
            return link
        if self.copy.parent and name == "":
            return Link(kind="fork", session=self.copy.parent)
        if self._full(name) != self.session and self.progress.source == "claude":
            return Link(kind="subagent", session=self.session)
        return None


def was_redacted(raw: bytes) -> bool | None:
    """Whether the log of a stored state was read without its secrets; None where an earlier version did not say."""
    return msgspec.json.decode(raw, type=LogState).redacted


def _is_kept(item: Item) -> bool:
    return item.kind in ("attic", "unknown") and item.data is not None and item.name not in NOT_KEPT


def _attic_row(source: str, session: str, name: str, raw: bytes) -> AtticRow:
    reason = f"{source} {session}: {name}"[:_REASON_LENGTH_MAX]
    line = Line(number=0, raw=raw.rstrip(b"\r\n"))
    if len(line.raw) <= ATTIC_BYTES_MAX:
        row = attic_row(line, "line" if name.startswith(QUARANTINED) else "row", reason)
        # Few lines are so long that their size as JSON, in which a byte of zero is six, has to be known.
        if len(line.raw) <= TEXT_LENGTH_MAX or len(msgspec.json.encode(row)) <= FACT_BYTES_MAX - MIB:
            return row
    return AtticRow(kind="line", reason=reason, text=f"{len(line.raw)} {LEFT}")
