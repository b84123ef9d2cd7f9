"""The document type merges texts by id into a Y document, the same way everywhere, and its import can never fail."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Map

from chatdoc.apps.jupyter import YChatdoc
from chatdoc.model.errors import ChatdocError, NotMigrated, UnreadableFile
from tests.open.chats import furnish, jupyter, legacy
from tests.tidy.source import PROJECT


@pytest.fixture
def text(tmp_path: Path) -> str:
    """A chat of version 2 with three messages."""
    furnish(tmp_path / "team.chat", "one", "two", "three")
    return (tmp_path / "team.chat").read_text()


def loaded(text: str, **options: Any) -> Any:
    """A document type with a text in a Y document, as a server makes it for loading."""
    made = YChatdoc(Doc(**options))
    made.set(text)
    return made


def test_set_and_get_are_each_others_inverse(text: str) -> None:
    """Byte for byte, and nothing is added by setting it again, here or in a copy of the document."""
    made = loaded(text, client_id=0)
    assert made.get() == text
    before = made.ydoc.get_update()
    made.set(text)
    made.set(made.get())
    assert made.ydoc.get_update() == before


def test_equal_files_make_equal_documents_in_every_process(text: str) -> None:
    """So that a server which rebuilds a room and a client that was in the old one agree."""
    script = (
        "import sys\nfrom pycrdt import Doc\nfrom chatdoc.apps.jupyter import YChatdoc\n"
        "made = YChatdoc(Doc(client_id=0))\nmade.set(sys.stdin.read())\nprint(made.ydoc.get_update().hex())"
    )
    there = {
        subprocess.run(
            [sys.executable, "-c", script],
            input=text,
            capture_output=True,
            text=True,
            check=True,
            cwd=PROJECT,
            env={"PYTHONHASHSEED": str(seed)},
        ).stdout.strip()
        for seed in range(3)
    }
    assert there == {loaded(text, client_id=0).ydoc.get_update().hex()}


def test_text_that_changed_meets_a_client_of_the_old_one(text: str, tmp_path: Path) -> None:
    """Rebuilt from another file and synced with who was there before, everything is there once."""
    old = loaded(text, client_id=0)
    furnish(tmp_path / "team.chat", "another thread")
    new = loaded((tmp_path / "team.chat").read_text(), client_id=0)
    for one, other in ((old, new), (new, old)):
        one.ydoc.apply_update(other.ydoc.get_update())
    assert old.get() == new.get() == (tmp_path / "team.chat").read_text()


def test_what_a_client_removed_comes_back_from_the_file_each_time(text: str) -> None:
    """Also the second time, when the update that brings it back is one that was seen."""
    made = loaded(text)
    messages = made.ydoc.get("message", type=Map)
    for _ in range(3):
        for key in list(messages):
            del messages[key]
        assert made.get() != text
        made.set(text)
        assert made.get() == text


REFUSED = {
    "truncated": ('{"messages": [', NotMigrated),
    "no chat": ("no chat at all", UnreadableFile),
    "a list": ("[]", UnreadableFile),
    "no messages": ('{"messages": null}', UnreadableFile),
    "jupyterlab-chat": (jupyter("a" * 8 + "-0000-4000-8000-000000000001", "one").decode(), NotMigrated),
    "CoCalc": (legacy("ada", "old").decode(), NotMigrated),
}


@pytest.mark.parametrize(("source", "error"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_changes_nothing_and_is_not_saved_over(
    text: str, source: str, error: type[ChatdocError]
) -> None:
    """The Y document stays, `get` gives the refused text back, and the next good one is merged."""
    made = loaded(text)
    before = made.ydoc.get_update()
    for _ in range(2):
        with pytest.raises(error):
            made.set(source)
        assert made.get() == source
    assert made.ydoc.get_update() == before
    made.set(text)
    assert made.get() == text


@pytest.mark.parametrize("nothing", ["", "\n", " \n\t"])
def test_empty_file_clears_nothing(text: str, nothing: str) -> None:
    """It has no rows, and rows that are missing stay."""
    made = loaded(text)
    made.set(nothing)
    assert made.get() == text
    assert YChatdoc(Doc()).get() == ""


def test_unknown_fields_large_numbers_and_half_characters_stop_nothing(text: str) -> None:
    """Each is kept in the file, and the other messages are there; a row that is no JSON is kept word for word."""
    rows = [json.loads(line) for line in text.splitlines()]
    message = next(row for row in rows if row["event"] == "message")
    message |= {"colour": {"deep": [1]}, "large": 2**70}
    odd = "\n".join(json.dumps(row) for row in rows) + "\n"
    made = loaded(odd)
    told = [json.loads(line) for line in made.get().splitlines()]
    again = next(row for row in told if row.get("message_id") == message["message_id"])
    assert again["colour"] == {"deep": [1]}
    assert sum(row["event"] == "message" for row in told) == 3
    halved = [json.loads(line) for line in loaded(text.replace("two", "\\ud83d two")).get().splitlines()]
    assert sum(row["event"] == "message" for row in halved) == 2
    assert ["\\ud83d two" in row["text"] for row in halved if row["event"] == "attic"] == [True]
    assert loaded(made.get()).get() == made.get()


def test_observers_hear_of_facts_and_not_of_the_servers_notes(text: str) -> None:
    """`state` belongs to the server; after `unobserve` nobody is called, and nothing is held on to."""
    made = loaded(text)
    heard: list[str] = []
    made.observe(lambda root, _: heard.append(root))
    made.dirty, made.hash, made.path = False, "0", "team.chat"
    assert heard == []
    other = loaded(text.replace("three", "3"))
    made.ydoc.apply_update(other.ydoc.get_update())
    assert heard != []
    made.unobserve()
    before = list(heard)
    made.ydoc.apply_update(loaded(text.replace("two", "2")).ydoc.get_update())
    assert heard == before
    assert (made.dirty, made.hash, made.path) == (False, "0", "team.chat")
    gone = weakref.ref(made)
    del made
    gc.collect()
    assert gone() is None


BROKEN = {
    "nothing": "",
    "chatdoc": "chatdoc.crdt chatdoc.model migrate",
    "libraries": "msgspec ulid click rich",
}


@pytest.mark.parametrize("missing", BROKEN.values(), ids=BROKEN)
def test_import_of_jupyter_ydoc_never_fails_and_loads_nothing(missing: str) -> None:
    """Whatever of chatdoc is broken or missing: the other document types work, and a chat alone fails when opened."""
    script = f"""
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if any(name == one or name.startswith(one + ".") for one in {missing.split()!r}):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
import jupyter_ydoc
loaded = {{name for name in sys.modules if name.split(".")[0] in ("chatdoc", "migrate", "invariants", "msgspec")}}
here = "chatdoc.apps.jupyter"
assert loaded - {{"chatdoc", "chatdoc.apps"}} == {{here, here + ".document_type"}}, loaded
assert jupyter_ydoc.ydocs["chatdoc"].__name__ == "YChatdoc"
jupyter_ydoc.ydocs["file"]().set("fine")
chat = jupyter_ydoc.ydocs["chatdoc"]()
try:
    chat.get()
except ModuleNotFoundError:
    print("fails when opened")
else:
    print("works")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=PROJECT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ("fails when opened" if missing else "works")


def test_without_jupyter_the_module_can_be_imported() -> None:
    """Nobody asks for it there, and whoever does by mistake gets no error."""
    script = "import sys; sys.modules['jupyter_ydoc'] = None; import chatdoc.apps.jupyter as j; j.YChatdoc"
    subprocess.run([sys.executable, "-c", script], cwd=PROJECT, check=True)
