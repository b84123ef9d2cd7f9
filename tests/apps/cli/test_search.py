"""`chatdoc search` prints what was found with the ids to open, and says what is wrong with a query."""

from __future__ import annotations

import json
from pathlib import Path

from chatdoc.open import open_document
from tests.apps.cli.conftest import Run


def test_hits_have_a_snippet_and_ids_to_open(chatdoc: Run, tmp_path: Path) -> None:
    """For people and as JSON alike; a second search after an edit finds the new text only."""
    with open_document(tmp_path / "team.chat") as document:
        thread = document.create_thread(sender_id="ada", content="Shall we dye the wool?", name="Wool")
        message = document.message(thread.root_message_id)
    told = json.loads(chatdoc("search", "wool", "--role", "user", "--json").stdout)
    (hit,) = told["hits"]
    assert (hit["document"], hit["message_id"]) == ("team.chat", message.message_id)
    shown = chatdoc("search", "wool").stdout
    assert "Shall we dye the [wool]?" in shown
    assert f"thread {thread.thread_id}, message {message.message_id}" in shown
    with open_document(tmp_path / "team.chat") as document:
        document.edit(message.message_id, author_id="ada", content="Shall we card it?")
    assert chatdoc("search", "wool").stdout == "nothing found\n"
    assert chatdoc("search", "card").stdout.endswith("1 found\n")


def test_a_wrong_date_and_a_query_without_words_are_failures(chatdoc: Run) -> None:
    """Status 1, and what would be right."""
    for arguments, said in (
        (("wool", "--since", "yesterday"), "ISO 8601"),
        (("--", "-*-"), "no word"),
        (("gr\udcfc",), "UTF-8"),
    ):
        done = chatdoc("search", *arguments)
        assert done.returncode == 1
        assert said in done.stderr
