"""Push and pull meet what the world has: others who do the same, odd names, files that went, a database that goes."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from chatdoc import open_document, open_store, transfer
from chatdoc.apps.cli.main import main
from chatdoc.model.errors import CommandRefused, NotFound
from chatdoc.store.sql.whole_copy import write_all
from chatdoc.transfer import Transferred, pull, push
from tests.postgres_cluster import Cluster

NAMES = ["a.chat", "b.chat", "c.chat"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three documents."""
    home = tmp_path / "chats"
    home.mkdir()
    for name in NAMES:
        with open_document(home / name) as doc:
            doc.create_thread(sender_id="ada", content=f"Hello {name}")
    return home


def pushed(folder: Path, url: str) -> list[Transferred]:
    """What became of each document of a folder."""
    return list(push([(folder / name, name) for name in NAMES], url))


def outcomes(done: list[Transferred]) -> dict[str, str]:
    """The outcome of each name."""
    return {one.name: one.outcome for one in done}


def make(url: str, *names: str) -> None:
    """Documents of a database."""
    with open_store(url) as store:
        for name in names:
            with store.open(name) as doc:
                doc.create_thread(sender_id="ada", content=f"Hello {name[:20]}")


@pytest.mark.parametrize("way", ["push", "pull"])
def test_two_runs_at_once_bring_about_what_one_would(
    folder: Path, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Another one copies a document between the comparison and the copy: neither is refused."""
    back = tmp_path / "back"
    if way == "pull":
        pushed(folder, url)

    def go() -> list[Transferred]:
        return list(pull(back, url)) if way == "pull" else pushed(folder, url)

    faster: list[Transferred] = []
    place, begin = (transfer, "read_all")
    real = getattr(place, begin)

    def overtaken(*given: Any, **more: Any) -> Any:
        monkeypatch.setattr(place, begin, real)
        found = real(*given, **more)
        other = threading.Thread(target=lambda: faster.extend(go()))
        other.start()
        other.join(60)
        return found

    monkeypatch.setattr(place, begin, overtaken)
    done = go()
    assert set(outcomes(faster).values()) == {"copied"}
    assert outcomes(done) == dict.fromkeys(NAMES, "equal")
    with open_store(url) as store:
        assert [one.name for one in store.documents()] == NAMES
        assert [store.verify(name) for name in NAMES] == [[], [], []]


def test_nobody_sees_a_document_before_it_is_there_whole(
    folder: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who opened one that had only its beginning could write to it, and the rest could not come any more."""
    seen: list[int] = []

    def look(*given: Any) -> Any:
        copied = write_all(*given)
        with open_store(url) as store:
            seen.append(len(store.documents()))
        return copied

    monkeypatch.setattr(transfer, "write_all", look)
    pushed(folder, url)
    assert seen == [0, 1, 2]
    with open_document(f"{url}#a.chat") as doc:
        assert [one.content for one in doc.messages(doc.threads()[0].thread_id)] == ["Hello a.chat"]
        doc.send(doc.threads()[0].thread_id, sender_id="eve", content="more")
    with open_store(url) as store:
        assert store.verify("a.chat") == []


def test_a_name_that_no_file_can_have_stops_none_of_the_others(tmp_path: Path, url: str) -> None:
    """A file stands where its folder would be, or a part of it is too long for the disk."""
    make(url, "a.chat", "a.chat/b.chat", f"{'y' * 300}.chat", "z.chat")
    done = outcomes(list(pull(tmp_path / "back", url)))
    assert done == {
        "a.chat": "copied", "a.chat/b.chat": "refused", f"{'y' * 300}.chat": "refused", "z.chat": "copied",
    }  # fmt: skip


def test_nothing_is_pulled_among_the_stores_of_a_folder(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document there could take the place of what the folder's own stores are found by; none is made so any more."""
    with open_store(url) as store, pytest.raises(CommandRefused, match="printable name"):
        store.open(".chatdoc/paths/a.chat")
    monkeypatch.setattr("chatdoc.database.require_document_name", lambda name: None)
    make(url, ".chatdoc", ".Chatdoc/x.chat", "q/.chatdoc/paths/a.chat", "z.chat")
    monkeypatch.undo()
    done = list(pull(tmp_path / "back", url))
    assert [one.outcome for one in done] == ["refused", "refused", "refused", "copied"]
    assert "among the stores" in str(done[0].problem)
    assert sorted(one.name for one in (tmp_path / "back").iterdir()) == [".chatdoc", "z.chat"]


def test_a_deleted_file_comes_back_when_its_document_is_pulled(folder: Path, url: str) -> None:
    """Its store is still there, and equal; who pulls wants the file."""
    pushed(folder, url)
    text = (folder / "a.chat").read_text()
    (folder / "a.chat").unlink()
    assert outcomes(list(pull(folder, url))) == {"a.chat": "copied", "b.chat": "equal", "c.chat": "equal"}
    assert (folder / "a.chat").read_text() == text


def test_several_documents_can_be_named(folder: Path, tmp_path: Path, url: str) -> None:
    """Each that is named comes once; one that is not there is said before anything is written."""
    pushed(folder, url)
    back = tmp_path / "back"
    words = ["pull", str(back), "--store", url, "--json"]
    for name in ("c.chat", "a.chat", "c.chat"):
        words += ["--document", name]
    found = CliRunner().invoke(main, words)
    assert [one["name"] for one in json.loads(found.output)["documents"]] == ["c.chat", "a.chat"]
    assert not (back / "b.chat").exists()
    with pytest.raises(NotFound, match=r"no document nothing\.chat"):
        list(pull(tmp_path / "none", url, documents=["a.chat", "nothing.chat"]))
    assert not (tmp_path / "none").exists()


def test_a_database_that_has_gone_is_not_waited_for_again_and_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left is refused with the reason at once, and said all the same; the next run goes on there."""
    made = Cluster(settings="-c fsync=off")
    try:
        gone = made.create_database("gone")
        run = push([(folder / name, name) for name in NAMES], gone)
        assert next(run).outcome == "copied"
        made.kill()
        attempts: list[str] = []
        real = transfer._pushed
        monkeypatch.setattr(
            transfer,
            "_pushed",
            lambda *given: attempts.append(given[2]) or real(*given),  # type: ignore[func-returns-value]
        )
        rest = list(run)
        assert outcomes(rest) == {"b.chat": "refused", "c.chat": "refused"}
        assert attempts == ["b.chat"]
        assert rest[0].problem == rest[1].problem
        made.start_again()
        assert outcomes(pushed(folder, gone)) == {"a.chat": "equal", "b.chat": "copied", "c.chat": "copied"}
    finally:
        made.remove()


def test_each_document_is_one_line(folder: Path, url: str) -> None:
    """What thousands say can be read and searched; a reason that many have stands once."""
    for name in ("v\nw.chat", "x.chat", "y  z.chat"):
        (folder / name).write_bytes(b"no chat \0")
    pushed(folder, url)
    (folder / "d.chat").write_bytes((folder / "a.chat").read_bytes())
    said = CliRunner().invoke(main, ["push", str(folder), "--store", url]).output.splitlines()
    assert [one.partition(" (")[0] for one in said[:4]] == [
        "equal    a.chat", "equal    b.chat", "equal    c.chat", "copied   d.chat",
    ]  # fmt: skip
    assert said[4].startswith("refused  v w.chat: expected a printable name")
    assert said[5].startswith("refused  x.chat: expected a chat")
    assert said[6:] == ["refused  y  z.chat: for the same reason", "7 documents, 3 refused"]
