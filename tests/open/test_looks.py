"""Between any two looks at a file somebody may write to it: what he wrote is merged, never displaced unread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from chatdoc import open_document
from chatdoc.engine import chat_file

Look = Callable[[Path], object]


def written_by_hand(text: bytes, content: str) -> bytes:
    """The text with another message of its last row's thread, as a program appends one."""
    row = msgspec.json.decode(text.splitlines()[-1])
    row |= {
        "message_id": "01HF7YAT00ZZZZZZZZZZZZZZZZ",
        "content": content,
        "date": "2030-01-01T00:00:00.000Z",
    }
    row.pop("history", None)
    return text + msgspec.json.encode(row) + b"\n"


@pytest.mark.parametrize(("look", "moment"), [("stat_of", 0), ("stat_of", 1), ("read_with_digest", 0)])
def test_a_row_that_comes_behind_a_look_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: str, moment: int
) -> None:
    """Behind each stat and each read of a save."""
    path = tmp_path / "team.chat"
    with open_document(path) as document:
        thread_id = document.create_thread(sender_id="ada", content="Hello").thread_id
        document.send(thread_id, sender_id="bob", content="Hi")
        document.save()
        document.send(thread_id, sender_id="bob", content="ours")
        real: Look = getattr(chat_file, look)
        looks, came = iter(range(99)), []

        def overtaken(place: Path) -> object:
            found = real(place)
            if place == path and next(looks) == moment:
                path.write_bytes(written_by_hand(path.read_bytes(), "theirs"))
                came.append("theirs")
            return found

        monkeypatch.setattr(chat_file, look, overtaken)
        document.save()
        monkeypatch.undo()
        document.save()
    with open_document(path) as document:
        contents = [one.content for one in document.messages(thread_id)]
        assert came
        assert [one for one in contents if one in ("ours", "theirs")] == ["ours", "theirs"]
