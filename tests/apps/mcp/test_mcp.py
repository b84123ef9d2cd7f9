"""An assistant reads a folder with the protocol's own client over stdio, and writes where it may, each thing once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, TextContent

from chatdoc import open_document, read_document
from chatdoc.apps.mcp import folder_tools
from chatdoc.apps.mcp.folder_tools import FolderTools
from chatdoc.apps.search.folder import catch_up
from chatdoc.model.errors import NotFound
from chatdoc.store.search.index import SearchIndex
from tests.closed_folder import close_below
from tests.open.chats import jupyter, legacy
from tests.tidy.source import PROJECT

READING = ["check_integrity", "list_documents", "list_threads", "read_message", "read_messages", "search"]
SECONDS_MAX = 120


class Chat:
    """A folder with a chat of one thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "sub").mkdir()
        with open_document(folder / "sub" / "team.chat") as doc:
            thread = doc.create_thread(sender_id="ada", content="When is the deadline?", name="Plan")
            self.thread_id, self.root_id = thread.thread_id, thread.root_message_id
            self.messages = [
                doc.send(self.thread_id, sender_id="bob", content=f"answer {n}").message_id for n in range(5)
            ]


@pytest.fixture
def chat(tmp_path: Path) -> Chat:
    """A folder with a chat in a folder below it."""
    return Chat(tmp_path)


def asked(folder: Path, *options: str, ask: Callable[[Client], Awaitable[Any]]) -> Any:
    """What a client of a server of the folder finds out; the server is another process, as assistants start it."""

    async def run() -> Any:
        server = StdioServerParameters(
            command=sys.executable,
            args=["-m", "chatdoc.apps.cli.main", "mcp", str(folder), *options],
            env={"PYTHONPATH": str(PROJECT), "PATH": ""},
        )
        async with asyncio.timeout(SECONDS_MAX), Client(server) as client:
            return await ask(client)

    return asyncio.run(run())


async def call(client: Client, name: str, **given: Any) -> dict[str, Any]:
    """A tool's answer, which must be good."""
    came = await client.call_tool(name, given)
    assert isinstance(came, CallToolResult)
    assert not came.is_error, came.content
    assert came.structured_content is not None
    return came.structured_content


async def refused(client: Client, name: str, **given: Any) -> str:
    """The words of a tool that refuses."""
    came = await client.call_tool(name, given)
    assert isinstance(came, CallToolResult)
    assert came.is_error, came.structured_content
    [said] = came.content
    assert isinstance(said, TextContent)
    return said.text


def test_an_assistant_reads_a_folder(chat: Chat) -> None:
    """From the list of documents to a message, by words, and whether every promise holds; nothing is written to it."""
    before = (chat.folder / "sub" / "team.chat").read_bytes()

    async def ask(client: Client) -> None:
        tools = (await client.list_tools()).tools
        assert sorted(one.name for one in tools) == READING
        assert all(one.annotations is not None and one.annotations.read_only_hint for one in tools)
        assert all(one.description for one in tools)
        [document] = (await call(client, "list_documents"))["documents"]
        assert document["path"] == "sub/team.chat"
        [thread] = (await call(client, "list_threads", document="sub/team.chat"))["threads"]
        assert (thread["name"], thread["messages"], thread["thread_id"]) == ("Plan", 6, chat.thread_id)
        given = {"document": "sub/team.chat", "thread_id": chat.thread_id, "limit": 4}
        page = await call(client, "read_messages", **given)
        assert [one["content"] for one in page["messages"]] == [f"answer {n}" for n in range(1, 5)]
        page = await call(client, "read_messages", **given, before=page["before"])
        assert [one["content"] for one in page["messages"]] == ["When is the deadline?", "answer 0"]
        assert page["before"] is None
        found = await call(client, "read_message", document="sub/team.chat", message_id=chat.root_id)
        assert (found["content"], found["sender_id"], found["history"]) == (
            "When is the deadline?",
            "ada",
            [],
        )
        [hit] = (await call(client, "search", query="deadline"))["hits"]
        assert (hit["document"], hit["message_id"]) == ("sub/team.chat", chat.root_id)
        report = await call(client, "check_integrity", document="sub/team.chat")
        assert (report["ok"], report["violations"]) == (True, 0)
        assert {one["code"] for one in report["found"]} <= {"duplicate_date"}  # Bob may be quick enough.

    asked(chat.folder, ask=ask)
    assert (chat.folder / "sub" / "team.chat").read_bytes() == before


def test_threads_come_in_pages_and_closed_folders_are_named(chat: Chat) -> None:
    """Going back with `before` gives every thread once; a list that is not whole says which folder is missing in it."""
    with open_document(chat.folder / "sub" / "team.chat") as document:
        for number in range(4):
            document.create_thread(sender_id="ada", content=f"{number}", name=f"Thread {number}")
    close_below(chat.folder / "sub")

    async def ask(client: Client) -> None:
        found, before = [], None
        while before is not None or not found:
            page = await call(client, "list_threads", document="sub/team.chat", limit=2, before=before)
            found = [one["name"] for one in page["threads"]] + found
            before = page["before"]
        assert found == ["Plan", *(f"Thread {number}" for number in range(4))]
        listed = await call(client, "list_documents")
        assert [one["path"] for one in listed["documents"]] == ["sub/team.chat"]
        [closed] = listed["unreadable"]
        assert closed["path"].startswith("sub/ddd")
        assert str(chat.folder) not in str(closed)

    asked(chat.folder, ask=ask)


def test_documents_come_in_pages_and_no_text_is_endless(tmp_path: Path) -> None:
    """Going on with `after` gives every chat once, also where the one it names is gone; names and hits are cut."""
    names = [f"{number}.chat" for number in range(7)]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    with open_document(tmp_path / "0.chat") as document:
        document.create_thread(sender_id="ada", content="x" * 50_000 + " end", name="n" * 50_000)

    async def ask(client: Client) -> None:
        found, after, pages = [], None, 0
        while after is not None or not found:
            page = await call(client, "list_documents", limit=3, after=after)
            assert (page["of"], page["unreadable"]) == (7, [])
            found += [one["path"] for one in page["documents"]]
            after, pages = page["after"], pages + 1
        assert (found, pages) == (names, 3)
        page = await call(client, "list_documents", after="3.chat.was.here")
        assert [one["path"] for one in page["documents"]] == names[4:]
        [thread] = (await call(client, "list_threads", document="0.chat"))["threads"]
        [hit] = (await call(client, "search", query="end"))["hits"]
        assert all(len(one) == 20_000 for one in (thread["name"], hit["thread"], hit["snippet"]))
        assert "no word" in await refused(client, "search", query="\0")

    asked(tmp_path, ask=ask)


def test_an_answer_names_the_first_of_what_it_could_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a long list besides the answer the rest is counted."""
    monkeypatch.setattr(folder_tools, "PAGE_MAX", 3)
    for number in range(5):
        (tmp_path / f"{number}.chat").symlink_to(tmp_path / "nowhere")
    found = FolderTools(tmp_path, sender_id="x").search("word")
    assert (found["unread"], found["unread_of"]) == (["0.chat", "1.chat", "2.chat"], 5)


def test_a_search_finds_nothing_that_a_link_leads_out_to(tmp_path: Path) -> None:
    """What `list_documents` does not name cannot be found either, and takes no place of what can."""
    folder = tmp_path / "served"
    folder.mkdir()
    for path in (folder / "ours.chat", tmp_path / "secret.chat"):
        with open_document(path) as document:
            document.create_thread(sender_id="ada", content="the same word")
    for number in range(5):
        (folder / f"{number}.chat").symlink_to(tmp_path / "secret.chat")
    (folder / "within.chat").symlink_to(folder / "ours.chat")
    tools = FolderTools(folder, sender_id="x")
    with SearchIndex.open(folder) as index:
        catch_up(index, folder)
        assert len(index.search("word")) == 7
    named = {one["path"] for one in tools.list_documents()["documents"]}
    assert named == {"ours.chat", "within.chat"}
    assert {one["document"] for one in tools.search("word", limit=2)["hits"]} == named


def test_an_assistant_writes_where_it_may_and_each_thing_once(chat: Chat) -> None:
    """A message and a reply, under command ids; a repetition, also after the server was started again, adds nothing."""
    sent: list[str] = []

    async def ask(client: Client) -> None:
        assert sorted(one.name for one in (await client.list_tools()).tools) == sorted(
            [*READING, "send", "reply"]
        )
        for _ in range(2):
            one = await call(
                client, "send", document="sub/team.chat", thread_id=chat.thread_id, content="On Friday.",
                command_id="c1",
            )  # fmt: skip
            two = await call(
                client, "reply", document="sub/team.chat", message_id=chat.messages[2], content="Are you sure?",
                command_id="c2",
            )  # fmt: skip
            assert two["reply_to_message_id"] == chat.messages[2]
            sent[:] = sent or [one["message_id"], two["message_id"]]
            assert sent == [one["message_id"], two["message_id"]]
        words = await refused(
            client,
            "send",
            document="sub/team.chat",
            thread_id=chat.thread_id,
            content="other",
            command_id="c1",
        )
        assert "c1" in words

    for _ in range(2):
        asked(chat.folder, "--write", "--sender", "claude", ask=ask)
    messages = read_document(chat.folder / "sub" / "team.chat").messages(chat.thread_id)
    assert [(one.sender_id, one.content) for one in messages[6:]] == [
        ("claude", "On Friday."),
        ("claude", "Are you sure?"),
    ]


def test_a_server_that_has_the_chat_open_is_not_disturbed(chat: Chat) -> None:
    """What the assistant writes is seen by whoever has the document open, and the other way."""
    with open_document(chat.folder / "sub" / "team.chat") as doc:

        async def ask(client: Client) -> None:
            given = {"document": "sub/team.chat", "thread_id": chat.thread_id}
            await call(client, "send", **given, content="from the assistant", command_id="c1")
            doc.send(chat.thread_id, sender_id="ada", content="from the editor")
            page = await call(client, "read_messages", **given, limit=2)
            assert [one["content"] for one in page["messages"]] == ["from the assistant", "from the editor"]

        asked(chat.folder, "--write", ask=ask)
        assert [one.content for one in doc.messages(chat.thread_id, limit=2)] == [
            "from the assistant",
            "from the editor",
        ]


def test_errors_are_words_that_an_assistant_can_use(chat: Chat) -> None:
    """What is not there, what may not be reached, what is misspelt, and what is kept in another program's format."""
    (chat.folder / "notes.chat").write_bytes(jupyter("aaaaaaaa-0000-4000-8000-000000000001", "one"))
    (chat.folder.parent / "outside.chat").write_bytes(legacy("ada", "secret"))

    async def ask(client: Client) -> None:
        for path in ("../outside.chat", "/etc/passwd", "sub/.chatdoc/x.chat", "sub\\\\team.chat"):
            assert "below the served folder" in await refused(client, "list_threads", document=path)
        assert "missing.chat" in await refused(client, "list_threads", document="missing.chat")
        words = await refused(client, "read_messages", document="sub/team.chat", thread_id="nowhere")
        assert "nowhere" in words
        await refused(client, "read_messages", document="sub/team.chat", thread=chat.thread_id)
        given = {"document": "sub/team.chat", "thread_id": chat.thread_id}
        assert "limt" in await refused(client, "read_messages", **given, limt=3)
        [thread] = (await call(client, "list_threads", document="notes.chat"))["threads"]
        given = {"document": "notes.chat", "thread_id": thread["thread_id"], "content": "x"}
        assert "read only" in await refused(client, "send", **given, command_id="c1")
        assert "no new.chat" in await refused(
            client, "send", **{**given, "document": "new.chat"}, command_id="c2"
        )

    asked(chat.folder, "--write", ask=ask)
    assert not (chat.folder / "new.chat").exists()
    assert not (chat.folder / "missing.chat").exists()


def test_a_long_text_comes_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is larger than its bounds, and nothing of the text is out of reach."""
    monkeypatch.setattr(folder_tools, "TEXT_LENGTH_MAX", 10)
    with open_document(tmp_path / "a.chat") as doc:
        root_id = doc.create_thread(sender_id="ada", content="0123456789abcdefghijk").root_message_id
    tools = FolderTools(tmp_path, sender_id="x")
    parts, offset = [], 0
    while offset is not None:
        found = tools.read_message("a.chat", root_id, offset=offset)
        parts.append(found["content"])
        offset = found["next_offset"]
    assert parts == ["0123456789", "abcdefghij", "k"]
    with pytest.raises(NotFound):
        tools.read_message("a.chat", "nothing")
