"""Upsert of turns into the text of a thread file: each in place of the one with its id, or behind all others.

What was read of the file is kept right through each upsert, so that the next one need not read it all again.
"""

from __future__ import annotations

from collections.abc import Iterable

from migrate.transcript.read import ThreadFile
from migrate.transcript.turn import TranscriptTurn, as_held
from migrate.transcript.write import appended, block


def upserted(file: ThreadFile, turns: Iterable[TranscriptTurn]) -> bytes:
    """The file with these turns in place of those with their ids, or behind all others; other bytes are as they were.

    A turn that stands there already is not touched, and what a known action holds besides is kept.
    """
    edited = EditableFile(file)
    edited.upsert(turns)
    return edited.data()


class EditableFile:
    """A thread file's text, its turns and where each block stands, while turns are put into it."""

    def __init__(self, file: ThreadFile) -> None:
        self.version = file.version
        self.text = file.text
        self.turns, self.spans = list(file.turns), list(file.spans)
        self.is_known = not file.problems
        """Whether turns and places are what reading the text anew would give; damage is only judged by reading."""
        self._places = {turn.turn_id: number for number, turn in enumerate(self.turns)}
        self._newline = "\r\n" if file.text.count("\r\n") * 2 > file.text.count("\n") else "\n"

    def upsert(self, turns: Iterable[TranscriptTurn]) -> bool:
        """Put turns in; true when the text is another now."""
        before = self.text
        new: dict[str, TranscriptTurn] = {}
        changed: dict[int, TranscriptTurn] = {}
        for turn in turns:
            place = self._places.get(turn.turn_id)
            if place is None:
                new[turn.turn_id] = as_held(turn)
                continue
            held = as_held(turn, self.turns[place])
            if held != self.turns[place]:
                changed[place] = held
        for place in sorted(changed, reverse=True):
            self._replace(place, changed[place])
        for turn in new.values():
            self._append(turn)
        return self.text != before

    def data(self) -> bytes:
        """The bytes of the file."""
        return self.text.encode("utf-8", "surrogateescape")

    def _replace(self, place: int, turn: TranscriptTurn) -> None:
        begin, end = self.spans[place]
        made = block(turn).replace("\n", self._newline)
        self.text = self.text[:begin] + made + self.text[end:]
        moved = len(made) - (end - begin)
        self.turns[place] = turn
        self.spans[place] = (begin, end + moved)
        for later in range(place + 1, len(self.spans)) if moved else ():
            first, last = self.spans[later]
            self.spans[later] = (first + moved, last + moved)

    def _append(self, turn: TranscriptTurn) -> None:
        made = block(turn)
        if self.spans and not self.text.endswith("\n"):
            # The line end that comes now belongs to the block before, when the text is read.
            self.is_known = False
        self.text = appended(self.text, made, self._newline)
        length = len(made.replace("\n", self._newline))
        self._places[turn.turn_id] = len(self.turns)
        self.turns.append(turn)
        self.spans.append((len(self.text) - length, len(self.text)))
