"""The chat page in a real Chromium, on a real server: two people, broken connections, the keyboard, hostile texts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatdoc import Document, open_document
from chatdoc.apps.server.credentials import TokenFile
from chatdoc.crdt.keys import encode
from chatdoc.crdt.ydoc import update_of
from chatdoc.model.facts import Header
from chatdoc.testing.vector_facts import DATE, MESSAGE, THREAD
from tests.apps.server.serving import Serving
from tests.clients.stage import Stage
from tests.open.chats import jupyter

TEAM = Path(__file__).parents[2] / "golden" / "cli" / "eras" / "team.sage-chat"
HOSTILE = (
    "<img src=x onerror='window.broken=1'>",
    "</script><script>window.broken=1</script>",
    "<svg onload=window.broken=1><iframe srcdoc='<script>parent.broken=1</script>'>",
    "[x](javascript:window.broken=1) javascript:window.broken=1 data:text/html,x",
    '```\n<script>window.broken=1</script>\n```\nand `<b onclick=1>` **<i>** https://example.org/"onmouseover=1',
    "\x1b[31mred\x1b[0m \u202eright to left\u202c \x00",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with room for a document."""
    (tmp_path / "sub").mkdir()
    return tmp_path


@pytest.fixture
def document(folder: Path) -> Iterator[Document]:
    """A document that somebody else has open in this folder, with a thread of which bob asked something."""
    with open_document(folder / "sub" / "team.chat", create=True) as doc:
        thread = doc.create_thread(sender_id="ada", content="Question", name="Plan")
        doc.send(thread.thread_id, sender_id="bob", content="What is there?")
        yield doc


@pytest.fixture
def serving(folder: Path) -> Iterator[Serving]:
    """A server that anybody may use."""
    with Serving(folder) as running:
        yield running


def test_two_tabs_that_were_offline_meet_again(stage: Stage, serving: Serving) -> None:
    """Both write while cut off, are told that it waits, and have everything once, in order, when they are back."""
    stage.play("two tabs that were offline meet again", serving.url)


def test_the_list_of_documents_follows_the_folder(stage: Stage, folder: Path, serving: Serving) -> None:
    """Files that come and go while somebody looks at the list come and go there, and the focus stays."""
    stage.play("the list of documents follows the folder", serving.url, str(folder))


def test_what_waits_when_a_page_is_closed_is_sent_later(
    stage: Stage, document: Document, serving: Serving
) -> None:
    """A message that was written offline survives the page it was written in."""
    stage.play("what waits when a page is closed is sent when it is opened again", serving.url)


def test_two_tabs_of_one_browser_send_what_either_wrote_once(
    stage: Stage, document: Document, serving: Serving
) -> None:
    """A second tab takes over what waits in the first, both send it, and it stands once."""
    stage.play("two tabs of one browser send what either wrote once", serving.url)


def test_an_answer_streams_and_is_stopped(stage: Stage, document: Document, serving: Serving) -> None:
    """The page shows an answer as its agent writes it, and its button ends it."""
    thread = document.threads()[0]
    turn = document.start_turn(thread.thread_id, sender_id="codex", answers=thread.root_message_id)
    for piece in ("One ", "two "):
        turn.append(piece)
        turn.flush()
    stage.play("an answer streams and is stopped", serving.url)
    assert document.state(thread.thread_id).state == "interrupted"  # type: ignore[union-attr]


def test_everything_can_be_done_from_the_keyboard(stage: Stage, serving: Serving) -> None:
    """A thread is started, a message sent, edited, looked up and deleted without a pointer; the focus is never lost."""
    stage.play("everything can be done from the keyboard", serving.url)


def test_what_was_deleted_can_be_restored(stage: Stage, document: Document, serving: Serving) -> None:
    """A deleted message stands as such with a way back; a deleted thread leaves the list and can be found again."""
    stage.play("what was deleted can be restored", serving.url)


def test_a_chat_that_can_only_be_read_says_so(stage: Stage, folder: Path, serving: Serving) -> None:
    """The page says why, shows everything, and offers nothing that would be refused."""
    source = jupyter("aaaaaaaa-0000-4000-8000-000000000001", "one", "two")
    (folder / "sub" / "team.chat").write_bytes(source)
    stage.play("a chat that can only be read says so", serving.url)


def test_a_chat_that_cannot_be_opened_says_why(stage: Stage, folder: Path, serving: Serving) -> None:
    """It is not told as a network that is down, and comes back by itself."""
    (folder / "sub" / "team.chat").write_text("this is no chat\n")
    stage.play("a chat that cannot be opened says why, and is there once it can be", serving.url, str(folder))


def test_earlier_messages_come_in_above_what_is_read(
    stage: Stage, document: Document, serving: Serving
) -> None:
    """Who goes back in a long thread keeps his place; the page jumped to the very oldest message."""
    thread = document.threads()[0]
    for number in range(250):
        document.send(thread.thread_id, sender_id="bob", content=f"message {number:03}")
    stage.play("earlier messages come in above what is read", serving.url)


def test_a_chat_whose_file_is_gone_says_so(
    stage: Stage, folder: Path, document: Document, serving: Serving
) -> None:
    """Who writes on is told that no file has it, and what gives it back."""
    document.save()
    document.close()
    stage.play("a chat whose file is gone says so", serving.url, str(folder))


def test_content_is_inert(stage: Stage, document: Document, serving: Serving) -> None:
    """Whatever a text or a name says, no script runs, nothing is loaded, and only web addresses are links."""
    thread = document.threads()[0]
    for text in HOSTILE:
        document.send(thread.thread_id, sender_id=text[:200], content=text)
        document.configure(thread.thread_id, updated_by=text[:200], name=text)
    stage.play("content is inert", serving.url)


def test_a_refusal_and_a_broken_rule_are_shown(stage: Stage, document: Document, serving: Serving) -> None:
    """What the server refuses, and what the document breaks, is said in words above the messages."""
    orphan = Header(message_id=MESSAGE, thread_id=THREAD, sender_id="eve", date=DATE)
    document.receive(update_of(77, 0, [encode(orphan)]))
    stage.play("a refusal and a broken rule are shown", serving.url)


def test_old_chats_read_at_a_glance(stage: Stage, folder: Path, serving: Serving) -> None:
    """A date of another year says the year, an old author is called by the name, a pinned thread says so."""
    shutil.copy(TEAM, folder / "sub" / "team.sage-chat")
    stage.play("old chats read at a glance", serving.url)


def test_a_new_chat_gets_the_ending_of_one(stage: Stage, serving: Serving) -> None:
    """A name with a dot in it is a name; one that no server takes is told in the field, and not gone to for ever."""
    stage.play("a new chat gets the ending of one", serving.url)


def test_a_server_that_asks_for_a_token_is_given_one(stage: Stage, folder: Path) -> None:
    """The page asks its user for a token, keeps it for this tab, and never puts it into an address."""
    with Serving(folder, authenticate=TokenFile("ada-token ada write\n")) as running:
        stage.play("a server that asks for a token is given one", running.url)


def test_page_is_accessible_in_every_form(
    stage: Stage, document: Document, serving: Serving, tmp_path: Path
) -> None:
    """No rule of axe is broken, wide or narrow, light or dark; nothing is wider than the screen."""
    thread = document.threads()[0]
    message = document.send(
        thread.thread_id, sender_id="bob", content="```\n" + "x" * 300 + "\n```\n" + "y" * 300
    )
    document.edit(message.message_id, author_id="bob", content=message.content + "!")
    document.agents.queue_turn(thread.thread_id, sender_id="ada", content="next", reply_to=message.message_id)
    # The list has the files of the folder; without this one it has only what is open at that moment.
    assert document.save()
    stage.play("the page is accessible in every form", serving.url, os.environ.get("CHATDOC_PICTURES", ""))
