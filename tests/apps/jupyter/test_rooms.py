"""A live Jupyter server keeps chats of `chatdoc`: the probes under which its own chats lose messages lose none here."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from pycrdt import Map
from websockets.exceptions import ConnectionClosedError

from chatdoc import open_document, read_document
from tests.apps.jupyter.lab import SAVE_S, Client, Lab, lab_on, wait_for
from tests.open.chats import furnish, jupyter, legacy, texts


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A server that all tests of this file share, each with a file of its own."""
    with lab_on(tmp_path_factory.mktemp("lab") / "root") as lab:
        yield lab


def chat(lab: Lab, name: str, *more: str) -> tuple[Path, str]:
    """A chat of version 2 without a store, as another machine wrote it; its path and its thread."""
    elsewhere = lab.folder.parent / "elsewhere" / name
    elsewhere.parent.mkdir(exist_ok=True)
    thread_id = furnish(elsewhere, "root", *more)
    shutil.copy(elsewhere, lab.folder / name)
    return lab.folder / name, thread_id


def saved(path: Path) -> list[str]:
    """The texts in the file."""
    return texts(read_document(path))


def test_all_messages_that_come_in_one_sync_are_kept(lab: Lab) -> None:
    """Ten written while a client was away arrive together, in the room, at another client and in the file."""
    path, thread_id = chat(lab, "away.chat")
    away, other = lab.join(path.name), lab.join(path.name, Client(seed=2))
    assert away.messages() == ["root"]
    away.leave()
    writer = away.writer()
    said = [f"message {number}" for number in range(10)]
    for one in said:
        away.clock.advance(1000)
        writer.send(thread_id, sender_id="ada", content=one)
    lab.join(path.name, away)
    other.listen(lambda: len(other.messages()) == 11, "the other client has them")
    assert other.messages() == ["root", *said]
    wait_for(lambda: saved(path) == ["root", *said], "they are saved")


def test_message_of_an_earlier_time_moves_no_other(lab: Lab) -> None:
    """It stands before the later ones, each id shows its own text, and an edit reaches the one it names."""
    path, thread_id = chat(lab, "times.chat")
    client = lab.join(path.name)
    writer = client.writer()
    client.clock.advance(60_000)
    future = writer.send(thread_id, sender_id="ada", content="future")
    client.clock.advance(-30_000)
    new = writer.send(thread_id, sender_id="bob", content="new")
    writer.edit(new.message_id, author_id="bob", content="new, edited")
    wait_for(lambda: "new, edited" in saved(path), "the edit is saved")
    reader = read_document(path)
    assert reader.message(future.message_id).content == "future"
    assert reader.message(new.message_id).content == "new, edited"
    assert len(saved(path)) == 3


def test_answer_goes_on_streaming_while_others_write(lab: Lab) -> None:
    """No token is lost, whatever comes in between, also when it stands before the answer."""
    path, thread_id = chat(lab, "stream.chat")
    agent, person = lab.join(path.name), lab.join(path.name, Client(seed=2))
    agent.clock.advance(60_000)
    document, by_hand = agent.writer(), person.writer()
    turn = document.start_turn(thread_id, sender_id="codex")
    for number in range(6):
        turn.append(f"{number} ")
        turn.flush()
        by_hand.send(thread_id, sender_id="ada", content=f"aside {number}")
    turn.finalize()
    wait_for(lambda: any(one.startswith("0 1 2 3 4 5") for one in saved(path)), "the whole answer is saved")
    assert sum(one.startswith("aside") for one in saved(path)) == 6


def test_two_edits_at_once_are_both_kept(lab: Lab) -> None:
    """One is shown, the other is in the history; both clients show the same."""
    path, _ = chat(lab, "edits.chat")
    one, two = lab.join(path.name), lab.join(path.name, Client(seed=2))
    writers = (one.writer(), two.writer())
    root = writers[0].messages(writers[0].threads()[0].thread_id)[0].message_id
    for writer, text in zip(writers, ("root A", "root B"), strict=True):
        writer.edit(root, author_id="ada", content=text)
    wait_for(lambda: len(read_document(path).message(root).history) == 3, "both are saved")
    assert {entry.content for entry in read_document(path).message(root).history} == {
        "root",
        "root A",
        "root B",
    }
    for client in (one, two):
        client.listen(lambda client=client: client.text() == path.read_text(), "both clients show it")  # type: ignore[misc]


def test_external_edit_is_merged_and_nothing_is_taken_back(lab: Lab) -> None:
    """What another program added to the file comes into the room; what is only in the room stays."""
    path, thread_id = chat(lab, "outside.chat")
    client = lab.join(path.name)
    client.writer().send(thread_id, sender_id="ada", content="in the room")
    wait_for(lambda: "in the room" in saved(path), "the room's message is saved")
    with open_document(path) as document:
        document.send(thread_id, sender_id="bob", content="from outside")
    client.listen(lambda: "from outside" in client.messages(), "the edit comes in")
    assert sorted(client.messages()) == ["from outside", "in the room", "root"]


@pytest.mark.parametrize("garbage", ['{"messages": [', "no chat at all", "[]", '{"messages": null}'])
def test_corrupt_file_is_not_saved_over(lab: Lab, garbage: str) -> None:
    """It stays as it is while the room goes on; once it is mended, all that was written meanwhile is saved."""
    path, thread_id = chat(lab, f"corrupt{sha256(garbage.encode()).hexdigest()[:8]}.chat")
    whole = path.read_text()
    client = lab.join(path.name)
    path.write_text(garbage)
    wait_for(lambda: f"Error watching file {path.name}" in lab.log(), "the server tells of it")
    client.writer().send(thread_id, sender_id="ada", content="meanwhile")
    time.sleep(5 * SAVE_S)
    assert path.read_text() == garbage
    path.write_text(whole)
    time.sleep(4 * SAVE_S)
    client.writer().send(thread_id, sender_id="ada", content="afterwards")
    wait_for(lambda: saved(path) == ["root", "meanwhile", "afterwards"], "all of it is saved")


def test_another_chat_in_its_place_is_not_merged(lab: Lab) -> None:
    """Two chats would be one for ever; it stays as it is, and once the file is the room's own again all is saved."""
    path, thread_id = chat(lab, "mine.chat")
    other, _ = chat(lab, "other.chat")
    whole = path.read_text()
    client = lab.join(path.name)
    path.write_text(other.read_text())
    wait_for(lambda: f"Error watching file {path.name}" in lab.log(), "the server tells of it")
    client.writer().send(thread_id, sender_id="ada", content="meanwhile")
    time.sleep(5 * SAVE_S)
    assert path.read_text() == other.read_text()
    path.write_text(whole)
    time.sleep(4 * SAVE_S)
    client.writer().send(thread_id, sender_id="ada", content="afterwards")
    wait_for(lambda: saved(path) == ["root", "meanwhile", "afterwards"], "all of it is saved")


OTHERS = {
    "jupyterlab-chat": (
        jupyter("a" * 8 + "-0000-4000-8000-000000000001", "one"),
        "chatdoc migrate --convert FILE",
    ),
    "CoCalc": (legacy("ada", "old"), "chatdoc migrate FILE"),
    "no text": (b"\xff\xfe", "4400"),
    "torn": (b"{", "the file is no chat"),
}


@pytest.mark.parametrize(("source", "told"), OTHERS.values(), ids=OTHERS)
def test_file_of_another_kind_opens_no_room_and_stays(lab: Lab, source: bytes, told: str) -> None:
    """A chat of another program, bytes that are no text, a torn file: the client is told, and nothing is written."""
    path = lab.folder / f"other{len(source)}.chat"
    path.write_bytes(source)
    with pytest.raises(ConnectionClosedError, match=told):
        lab.join(path.name)
    time.sleep(3 * SAVE_S)
    assert path.read_bytes() == source


def test_servers_notes_stay_beside_the_facts(lab: Lab) -> None:
    """In `state`, which both use, the server finds and keeps its own after saves, and a turn's state is there too."""
    path, thread_id = chat(lab, "notes.chat")
    client = lab.join(path.name)
    state = client.ydoc.get("state", type=Map)
    turn = client.writer().start_turn(thread_id, sender_id="codex")
    turn.append("done")
    turn.finalize()
    wait_for(lambda: "done" in saved(path), "it is saved")
    client.listen(lambda: state.get("dirty") is False and state.get("hash"), "the server noted the save")
    assert state["path"] == path.name
    assert sum("/" in key for key in state) == len(state) - 3 >= 1


def test_server_knows_the_file_type(lab: Lab) -> None:
    """Its extension is loaded, and its pages are told."""
    assert "the file type `chatdoc` is registered" in lab.log()
