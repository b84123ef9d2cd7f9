"""In a real browser the debug page is live, runs nothing of a document, and obeys no page of another origin."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import Any

import pytest

from chatdoc.apps.server.debug_data import MESSAGES_MAX
from chatdoc.apps.server.debug_parts import TEXT_MAX
from chatdoc.document import Document
from tests.apps.server.serving import Serving
from tests.apps.server.test_debug_page import break_rules, spoil
from tests.apps.server.yjs_clients import HOME, install


@pytest.fixture
def chromium() -> str:
    """The browser; its absence fails the test, unless CHATDOC_WITHOUT_BROWSER=1 says that it is meant."""
    if os.environ.get("CHATDOC_WITHOUT_BROWSER") == "1" or os.environ.get("CHATDOC_WITHOUT_NODE") == "1":
        pytest.skip("CHATDOC_WITHOUT_BROWSER=1: not tried in a real browser")
    found = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    if found is None:
        pytest.fail("chromium is not installed; CHATDOC_WITHOUT_BROWSER=1 skips the tests that need it")
    install()
    return found


def seen(script: str, *arguments: str) -> dict[str, Any]:
    """What a script found that drives the browser."""
    came = subprocess.run(
        ["node", script, *arguments], cwd=HOME, capture_output=True, text=True, timeout=120, check=False
    )
    assert came.returncode == 0, came.stderr[-2000:]
    found: dict[str, Any] = json.loads(came.stdout)
    return found


def test_a_browser_runs_nothing_of_a_document(serving: Serving, chromium: str) -> None:
    """Hostile texts stay texts, also those that arrive live; inline scripts and pages from elsewhere are refused."""
    thread_id = spoil(serving)
    found = seen("browser.mjs", serving.url, f"/debug/sub.chat?thread={thread_id}", chromium)
    assert found["dialogs"] == 0
    assert found["elements"] == 0
    assert found["inline"] == 0, "the policy forbids inline scripts"
    assert "<script>alert(3)</script>" in found["live"], "what arrives live is shown as text"
    assert found["shown"] == 0, "the filter hides the rest"
    assert found["said"] == "looked at everything: clean"
    assert found["foreign"] == ["rejected"] * 3
    assert found["widths"]["400"] <= 400, "nothing is wider than a telephone"
    assert not [one for one in found["errors"] if "inline script" not in one], found["errors"]


def test_a_repair_that_is_clicked_is_seen_by_all_who_look(serving: Serving, chromium: str) -> None:
    """The report is live: the violation goes from every open page, and so does its button."""
    break_rules(serving, "a.chat")
    found = seen("repair.mjs", serving.url, "/debug/a.chat", "orphan_message", chromium)
    assert found["errors"] == []
    assert (found["before"], found["said"]) == (1, "repaired")
    assert "violation" in found["standing"], "the others are there still"


def test_a_long_thread_is_cut_and_says_so(serving: Serving, chromium: str) -> None:
    """The newest messages are there and how many are not; of a long text its beginning, also where it arrives live."""
    made = serving.command(
        "sub.chat", type="create_thread", sender_id="ada", content="the root", name="Plan " + "name" * 60
    )["record"]["thread_id"]

    def write(doc: Document) -> str:
        for number in range(MESSAGES_MAX + 7):
            last = doc.send(made, sender_id="bob", content=f"message {number}")
        doc.send(made, sender_id="b" * 200, content="x" * (TEXT_MAX + 1234))
        doc.configure(made, updated_by="ada", thread_color="#123456")
        return last.message_id

    last = serving.call("sub.chat", write)
    serving.command("sub.chat", type="edit", message_id=last, author_id="bob", content="edited")
    serving.call("sub.chat", lambda doc: doc.send(made, sender_id="bob", content="the newest"))
    newest = serving.call("sub.chat", lambda doc: doc.messages(made)[-1].message_id)
    serving.command("sub.chat", type="edit", message_id=newest, author_id="eve", content="said otherwise")
    found = seen("debug_thread.mjs", serving.url, f"/debug/sub.chat?thread={made}", chromium)
    assert found["errors"] == []
    assert found["name"].startswith("Thread Plan namename")
    assert found["earlier"] == f"The newest of {MESSAGES_MAX + 10} messages; 10 earlier ones are not shown."
    assert len(found["texts"]) == MESSAGES_MAX
    assert found["texts"][:2] == ["message 9", "message 10"]
    assert found["texts"][-3] == "edited"
    assert found["texts"][-2] == "x" * TEXT_MAX + "… and 1,234 characters more"
    assert found["texts"][-1] == "said otherwise"
    assert ["eve" in one for one in found["revisions"]] == [True, False]
    assert [one for one in found["config"] if "#123456" in one and "ada" in one]
    assert all(width <= int(name.split()[0]) for name, width in found["widths"].items()), found["widths"]
    assert "thread" not in found["cutOff"], "the table of threads is as wide as its card"
    assert TEXT_MAX < found["payload"] < TEXT_MAX + 60
    assert "characters more" in found["payloadEnd"]
    assert found["after"] == 1


def test_a_page_goes_on_behind_what_was_compacted(serving: Serving, chromium: str) -> None:
    """A line says what is missing, the events behind it are there once and in order, and those to come are live."""
    made = serving.command("a.chat", type="create_thread", sender_id="ada", content="x")["record"][
        "thread_id"
    ]

    def send(*texts: str) -> int:
        for text in texts:
            serving.call("a.chat", lambda doc, said=text: doc.send(made, sender_id="bob", content=said))
        return serving.call("a.chat", lambda doc: doc.log.last_sequence())

    command = ["node", "debug_compacted.mjs", serving.url, "/debug/a.chat", chromium]
    with subprocess.Popen(
        command, cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as page:
        assert page.stdin is not None
        assert page.stdout is not None
        assert page.stderr is not None
        try:
            assert page.stdout.readline() == "waiting\n"
            last = send("one", "two", "three")
            serving.call("a.chat", lambda doc: doc.log.compact(dry_run=False))
            page.stdin.write("compacted\n")
            page.stdin.flush()
            assert page.stdout.readline() == "followed\n"
            end = send("four", "said live")
            page.stdin.write("sent\n")
            page.stdin.flush()
            answer = page.stdout.readline()
            assert answer, page.stderr.read()[-2000:]
        finally:
            page.terminate()
    found = json.loads(answer)
    assert found["errors"] == []
    through = int(re.findall("[0-9]+", found["gap"])[0])
    assert last - 3 < through <= last
    assert found["above"] == list(range(end, through, -1))
