"""Thread archive read block by block: what is damaged costs its own turn, is told with its line, and stays in the file.

Ends of lines may be LF or CRLF. The reader of CodexChat stops at the first marker that it cannot read and at the first
end marker inside a text; this one looks for the end at which the whole block makes sense.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

import msgspec

from migrate.transcript.body import Body, opens, parse_body
from migrate.transcript.identity import is_uuid
from migrate.transcript.turn import STATUSES, Problem, Status, TranscriptTurn, whole_seconds
from migrate.transcript.write import BEGIN, END, VERSION

_TITLE = re.compile(r"#\s+Thread Transcript for\s+(\S+)\s*")
_VERSION = re.compile(r"<!--\s*CODEXCHAT_FORMAT_VERSION:\s*(\d+)\s*-->")
_SIGN = "<!-- CODEXCHAT_TURN_"
_BYTE_ORDER_MARK = "\ufeff"
SIGNS_TRIED_MAX = 64
"""So many begin and end markers are looked at for the end of one turn; real texts quote fewer."""


class ThreadFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a file holds; `spans` says for each turn from where to where in `text` its block stands."""

    thread_id: str | None
    version: int | None
    turns: list[TranscriptTurn]
    problems: list[Problem]
    text: str
    spans: list[tuple[int, int]]


class _Marker(NamedTuple):
    turn_id: str
    timestamp: str
    status: Status
    known_status: bool
    escaped: bool


def read(data: bytes) -> ThreadFile:
    """Every turn of a thread file in the order of the file, and what was wrong with it."""
    text = data.decode("utf-8", "surrogateescape")
    problems: list[Problem] = []
    if not _is_text(text):
        problems.append(
            Problem(code="not_utf8", line=1, decision="its bytes are shown as replacement characters")
        )
    reading = _Reading(text)
    thread_id, version = reading.head()
    if version is not None and version > VERSION:
        problems.append(
            Problem(code="newer_version", line=1, decision=f"read as version {VERSION}, not written")
        )
    turns, spans = reading.blocks(problems)
    if not turns and thread_id is None and version is None:
        problems.append(Problem(code="no_transcript", line=1, decision="nothing in it is of a transcript"))
    seen: set[str] = set()
    for turn, (begin, _) in zip(turns, spans, strict=True):
        if turn.turn_id in seen:
            problems.append(
                Problem(
                    code="repeated_turn",
                    line=reading.line_at(begin),
                    decision="both are kept, the last is replaced",
                )
            )
        seen.add(turn.turn_id)
    problems.sort(key=lambda one: (one.line, one.code))
    return ThreadFile(
        thread_id=thread_id, version=version, turns=turns, problems=problems, text=text, spans=spans
    )


def _is_text(text: str) -> bool:
    return not any("\udc80" <= character <= "\udcff" for character in text) if not text.isascii() else True


class _Reading:
    """The lines of a file with their places in it."""

    def __init__(self, text: str) -> None:
        self.lines: list[str] = []
        self.places: list[int] = []
        place = 0
        for line in text.split("\n"):
            self.lines.append(line.removesuffix("\r"))
            self.places.append(place)
            place += len(line) + 1
        self.places.append(len(text))
        if self.lines[0].startswith(_BYTE_ORDER_MARK):
            self.lines[0] = self.lines[0].removeprefix(_BYTE_ORDER_MARK)
        # Lines at which a block ends or, with its heading below, begins.
        self._signs = [
            number
            for number, line in enumerate(self.lines)
            if _SIGN in line and (self._ends(number) or opens(self.lines, number))
        ]

    def head(self) -> tuple[str | None, int | None]:
        thread_id, version = None, None
        for line in self.lines:
            if _begins(line):
                break
            if thread_id is None and (found := _TITLE.fullmatch(line)) and is_uuid(found[1]):
                thread_id = found[1].upper()
            if version is None and (found := _VERSION.fullmatch(line.strip())):
                version = int(found[1])
        return thread_id, version

    def line_at(self, place: int) -> int:
        return bisect_right(self.places, place)

    def blocks(self, problems: list[Problem]) -> tuple[list[TranscriptTurn], list[tuple[int, int]]]:
        turns: list[TranscriptTurn] = []
        spans: list[tuple[int, int]] = []
        at = 0
        while at < len(self.lines):
            if _SIGN not in self.lines[at] or not _begins(self.lines[at]):
                at += 1
                continue
            marker = _marker(self.lines[at])
            if marker is None:
                problems.append(
                    Problem(code="malformed_marker", line=at + 1, decision="this turn is not read")
                )
                at += 1
                continue
            end, body = self._end(at, marker.escaped)
            turns.append(_turn(marker, body))
            after = self._after(end)
            spans.append((self.places[at], min(self.places[after], self.places[-1])))
            problems += _told(marker, body, at + 1, whole=end < len(self.lines) and self._ends(end))
            at = after
        return turns, spans

    def _end(self, begin: int, escaped: bool) -> tuple[int, Body]:
        """The line of the end marker that belongs to a begin marker, or the first line behind a block without one.

        A text may quote whole blocks, so an end belongs to the last beginning before it that has none yet; and a
        quoted end alone leaves a block in which something is missing, so the next one is tried.
        """
        open_inside, first = 0, bisect_right(self._signs, begin)
        for index in range(first, min(first + SIGNS_TRIED_MAX, len(self._signs))):
            line = self._signs[index]
            if not self._ends(line):
                open_inside += 1
            elif open_inside:
                open_inside -= 1
            elif self._closes(line):
                body = parse_body(self.lines[begin + 1 : line], escaped=escaped)
                if body.whole:
                    return line, body
        return self._nearest(begin, escaped)

    def _nearest(self, begin: int, escaped: bool) -> tuple[int, Body]:
        """The first end marker, or the first beginning where that stands before it: the rest is other turns'."""
        first = bisect_right(self._signs, begin)
        line = self._signs[first] if first < len(self._signs) else len(self.lines)
        return line, parse_body(self.lines[begin + 1 : line], escaped=escaped)

    def _ends(self, line: int) -> bool:
        return line < len(self.lines) and self.lines[line].strip() == END

    def _closes(self, line: int) -> bool:
        """Whether what follows an end marker is what follows the end of a block."""
        follows = next((one for one in self.lines[line + 1 : line + 4] if one.strip()), "")
        return not follows or follows.strip() == "---" or _begins(follows)

    def _after(self, end: int) -> int:
        """The line behind a block: behind the rule below its end marker, where there is one."""
        if not self._ends(end):
            return min(end, len(self.lines))
        for line in range(end + 1, min(end + 4, len(self.lines))):
            if self.lines[line].strip() == "---":
                return line + 1
            if self.lines[line].strip():
                break
        return end + 1


def _begins(line: str) -> bool:
    return line.lstrip().startswith(BEGIN)


def _marker(line: str) -> _Marker | None:
    stripped = line.strip()
    if not stripped.endswith("-->"):
        return None
    said = dict(
        part.split("=", 1) for part in stripped.removeprefix(BEGIN).removesuffix("-->").split() if "=" in part
    )
    if not is_uuid(said.get("id", "")):
        return None
    try:
        timestamp = whole_seconds(said["timestamp"])
    except (KeyError, ValueError, OverflowError):
        return None
    status = said.get("status", "completed")
    known = next((one for one in STATUSES if one == status), None)
    return _Marker(
        said["id"].upper(), timestamp, known or "completed", known is not None, said.get("escape") == "1"
    )


def _turn(marker: _Marker, body: Body) -> TranscriptTurn:
    return TranscriptTurn(
        turn_id=marker.turn_id,
        timestamp=marker.timestamp,
        status=marker.status,
        user_text=body.user,
        assistant_text=body.assistant,
        actions=body.actions,
    )


def _told(marker: _Marker, body: Body, line: int, *, whole: bool) -> list[Problem]:
    told = [Problem(code=code, line=line, decision=decision) for code, decision in body.problems]
    if not whole:
        told.append(Problem(code="missing_end", line=line, decision="read up to where the next turn begins"))
    if not marker.known_status:
        told.append(Problem(code="unknown_status", line=line, decision="read as completed"))
    return told
