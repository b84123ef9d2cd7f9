"""A served document whose text cannot reach its file any more says so to everybody who looks, and loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatdoc.serve import Limits
from tests.apps.server.serving import Serving
from tests.apps.server.test_coming_and_going import until

FOUND = "/api/documents/a.chat/integrity"


@pytest.fixture
def serving(tmp_path: Path) -> Any:
    """A server that saves at once, with a chat that is saved."""
    with Serving(tmp_path, limits=Limits(autosave_s=0.05, autosave_busy_s=0.2)) as running:
        begin(running)
        yield running


def begin(serving: Serving) -> str:
    """A thread of a document whose file is written."""
    thread: str = serving.command("a.chat", type="create_thread", sender_id="ada", content="one")["record"][
        "thread_id"
    ]
    file = serving.folder / "a.chat"
    assert until(lambda: file.exists() and "one" in file.read_text())
    serving.call(
        "a.chat", lambda doc: doc.save()
    )  # It waits for one that runs, so nothing is written from here on.
    return thread


def test_a_document_that_is_written_says_nothing(serving: Serving) -> None:
    """Neither over HTTP nor on its debug page."""
    assert serving.http.get(FOUND).json()["unwritten"] is None
    assert "text not written" not in serving.http.get("/debug/a.chat").text
    assert "chatdoc_server_unsaved_documents 0.0" in serving.http.get("/metrics").text


@pytest.mark.parametrize("how", ["deleted", "renamed", "replaced", "damaged"])
def test_a_document_whose_file_is_gone_says_so_at_once(serving: Serving, tmp_path: Path, how: str) -> None:
    """Whoever asks hears why, before anything else is written, with what to do and no path of this machine."""
    file = tmp_path / "a.chat"
    if how == "deleted":
        file.unlink()
    elif how == "renamed":
        file.rename(tmp_path / "b.chat")
    elif how == "replaced":
        file.write_text(OTHER)
    else:
        file.write_bytes(b"no chat\0")
    told = serving.http.get(FOUND).json()["unwritten"]
    assert how in told if how != "damaged" else "no chat" in told
    assert "a.chat" in told
    assert "kept" in told
    assert ("`chatdoc recover a.chat`" in told) is (how != "renamed")
    assert str(tmp_path) not in told
    assert "text not written" in serving.http.get("/debug/a.chat").text
    assert "chatdoc_server_unsaved_documents 1.0" in serving.http.get("/metrics").text


OTHER = (
    '{"event":"document","document_id":"01HZZZZZZZ74G0T7MAHPXVDNXW","schema_version":2}\n'
    '{"event":"thread","thread_id":"01HZZZZZZZ74G0T7MAHPXVDNXX","created_at":"2024-01-01T00:00:00.000Z",'
    '"created_by":"eve","root_message_id":"01HZZZZZZZ74G0T7MAHPXVDNXY","schema_version":2}\n'
)


def test_a_file_that_may_not_be_written_is_told_of(serving: Serving, tmp_path: Path) -> None:
    """The reason of the last save that failed, until one succeeds."""
    file = tmp_path / "a.chat"
    file.chmod(0o444)
    serving.command("a.chat", type="create_thread", sender_id="ada", content="two")
    assert until(lambda: "a.chat may not be written" in str(serving.http.get(FOUND).json()["unwritten"]))
    file.chmod(0o644)
    assert until(lambda: serving.http.get(FOUND).json()["unwritten"] is None)


def test_the_log_names_a_file_that_is_gone_and_says_it_once(
    serving: Serving, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A chat that goes on being written has one line, with the path that somebody can look for."""
    file = tmp_path / "a.chat"
    file.unlink()
    for text in ("two", "three"):
        serving.command("a.chat", type="create_thread", sender_id="ada", content=text)
        serving.call("a.chat", lambda doc: doc.save())
    said = [one.getMessage() for one in caplog.records if "was moved or deleted" in one.getMessage()]
    assert len(said) == 1
    assert str(file) in said[0]


def test_a_stop_names_a_document_that_cannot_be_saved_without_a_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What happened to a file is no defect of the server's: one line, which says how to get the text back."""
    with Serving(tmp_path, limits=Limits(autosave_s=0.05, autosave_busy_s=0.2)) as serving:
        begin(serving)
        serving.command("a.chat", type="create_thread", sender_id="ada", content="two")
        (tmp_path / "a.chat").write_bytes(b"no chat\0")
    closing = [one for one in caplog.records if "closed as it should" in one.getMessage()]
    assert closing
    assert "`chatdoc recover a.chat`" in closing[0].getMessage()
    assert closing[0].exc_info is None
