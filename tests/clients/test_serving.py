"""The JavaScript client and a real server: nothing is lost, doubled or out of order, whatever the connection does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatdoc import open_document
from chatdoc.apps.server.credentials import TokenFile
from tests.apps.server.serving import Serving
from tests.clients.js_package import node

pytestmark = pytest.mark.usefixtures("js")
TOKENS = "ada-token ada write\nbob-token bob write\n"


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """A server that anybody may use."""
    (tmp_path / "sub").mkdir()
    with Serving(tmp_path) as running:
        yield running


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Serving]:
    """A server that asks for tokens, each good for one name."""
    (tmp_path / "sub").mkdir()
    with Serving(tmp_path, authenticate=TokenFile(TOKENS)) as running:
        yield running


def _play(scene: str, server: Serving, *more: str) -> None:
    came = node("test/scenarios.mjs", scene, server.url, *more)
    assert came.returncode == 0, f"{scene}: {came.stdout}\n{came.stderr[-3000:]}"


def test_commands_are_shown_at_once_and_answered(serving: Serving) -> None:
    """What is sent stands on the page before the server has it, without a flicker when it has."""
    _play("commands are shown at once and answered", serving)


def test_two_that_were_offline_meet_again(serving: Serving) -> None:
    """Both send and edit while cut off; when they are back all have everything, each in its order."""
    _play("two that were offline meet again", serving)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_connection_that_breaks_loses_and_doubles_nothing(serving: Serving, seed: int) -> None:
    """Connections are cut before, between and after requests and answers; each message stands once, in order."""
    _play("a connection that breaks again and again loses and doubles nothing", serving, str(seed))
    [thread] = serving.http.get("/api/documents/sub/team.chat/threads").json()["threads"]
    assert thread["messages"] == 41


def test_a_token_is_asked_for(guarded: Serving) -> None:
    """A wrong token stops commands without dropping them; with the right one they go out."""
    _play("a token is asked for, and what waits goes out with it", guarded)


def test_facts_in_another_name_are_refused_and_the_writer_goes_on(guarded: Serving) -> None:
    """A forged fact is taken back at its writer, who is told, and whose next fact is heard."""
    _play("facts that are written are taken, and those in another name are refused", guarded)


def test_an_answer_streams_and_is_stopped(serving: Serving) -> None:
    """A client sees the pieces of an answer as its agent writes them in another process, and can end it."""
    with open_document(serving.folder / "sub" / "team.chat", create=True) as agent:
        thread = agent.create_thread(sender_id="ada", content="Question")
        turn = agent.start_turn(thread.thread_id, sender_id="codex", answers=thread.root_message_id)
        for piece in ("One ", "two "):
            turn.append(piece)
            turn.flush()
        _play("an answer streams, and is stopped", serving)
        assert agent.state(thread.thread_id).state == "interrupted"  # type: ignore[union-attr]
