"""Document type of Jupyter's collaboration: the Y document of a room holds facts, its file is text of version 2.

What does the work is loaded when a chat is opened, so that making the type costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from jupyter_ydoc.ybasedoc import YBaseDoc


def _shared_text() -> Any:
    return import_module("chatdoc.apps.jupyter.shared_text")


class YChatdoc(YBaseDoc):
    """A chat in a room of a Jupyter server; clients read and write its facts in the Y document."""

    _refused: str | None = None
    """A text that was no chat: until another comes the file keeps it."""

    @property
    def version(self) -> str:
        """The version of the layout in the Y document; clients of another one are told to reload."""
        return "2.0.0"

    def get(self) -> str:
        """The chat as text of version 2: the same bytes for the same facts.

        While the file holds what is no chat it is that text, so that a save writes over nothing.
        """
        text: str = self._refused if self._refused is not None else _shared_text().read(self.ydoc)
        return text

    def set(self, value: str) -> None:
        """Add what a text says beyond the document, by ids; nothing is cleared, and equal texts add nothing twice.

        Raises UnreadableFile, NotMigrated for a chat of another format, and FileReplaced for another chat; the document
        and the file stay as they are, also when the room is saved.
        """
        self._refused = value
        _shared_text().write(self.ydoc, value)
        self._refused = None

    def observe(self, callback: Callable[[str, Any], None]) -> None:
        """Call `callback(root, event)` after changes of facts; what the server notes in `state` is none."""
        self.unobserve()
        self._subscriptions = _shared_text().observe(self.ydoc, callback)
