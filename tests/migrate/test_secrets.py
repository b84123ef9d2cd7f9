"""No content in an error or a log line: a secret that is fed through every refusal appears in none of them."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from chatdoc.apps.provider.runtime_event import RuntimeEvent
from chatdoc.apps.provider.translate import activity_of, approval_of, checkpoint_of, end_of
from chatdoc.document import Document
from chatdoc.in_memory import memory_document
from chatdoc.model.errors import ChatdocError, NoChat, UnreadableFile
from chatdoc.model.limits import LINE_BYTES_MAX
from invariants.rule import Violation
from invariants.tally import Tally
from migrate import migrate, sniff
from migrate.v2.merge_external import merge
from tests.migrate.test_golden import view_of

SECRET = "hunter2-canary"
ENV = f"API_KEY={SECRET}\nPASSWORD={SECRET}\n"
SOURCES: dict[str, bytes] = {
    ".env": ENV.encode(),
    "one line": SECRET.encode(),
    "bytes": b"\x89PNG" + SECRET.encode() + b"\0\xff",
    "UTF-16": ENV.encode("utf-16"),
    "JSON": json.dumps({"password": SECRET}).encode(),
    "JSON list": json.dumps([SECRET]).encode(),
    "JSON text": json.dumps(SECRET).encode(),
    "messages of another program": json.dumps({"messages": [{"role": "user", "content": SECRET}]}).encode(),
    "torn Jupyter": b'{\n  "messages": [{"body": "' + SECRET.encode(),
    "torn Jupyter in a key": b'{"messages": [], "users": {"' + SECRET.encode() + b'": tru}}',
    "Jupyter without a list": json.dumps({"messages": SECRET, "users": {}}).encode(),
    "Jupyter with a number too long": b'{"messages": [], "users": {"' + SECRET.encode() + b'": ' + b"9" * 9000 + b"}}",
    "Jupyter with bad bytes": b'{"messages": [], "users": {"' + SECRET.encode() + b'\xff": 1}}',
    "a line too long": json.dumps({"event": "chat", "date": 1, "x": SECRET + "x" * LINE_BYTES_MAX}).encode(),
    "a value too large": b'{"messages": [{"body": "x", "sender": "a", "' + SECRET.encode() + b'": "'
    + b"y" * LINE_BYTES_MAX + b'"}], "users": {}}',
    "newer version": json.dumps({"event": "document", "schema_version": 99, "x": SECRET}).encode(),
}  # fmt: skip


def told(work: Callable[[], object]) -> str:
    """What an error says: itself, its hint and what caused it, for a traceback shows that too."""
    with pytest.raises(ChatdocError) as caught:
        work()
    error: BaseException | None = caught.value
    words = [caught.value.hint, repr(caught.value)]
    while error is not None:
        words.append(str(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(words)


@pytest.mark.parametrize("name", SOURCES)
def test_a_file_that_is_refused_shows_nothing_of_itself(name: str) -> None:
    """Whoever opens a file of passwords by mistake finds none of them in the terminal or the log."""
    source = SOURCES[name]
    for reader in (migrate, sniff):
        try:
            reader(source)
        except UnreadableFile:
            words = told(lambda reader=reader: reader(source))  # type: ignore[misc]
            assert SECRET not in words
            assert "hunter2" not in words


def test_files_of_other_programs_are_no_chat_and_damaged_chats_are_not() -> None:
    """The two are told apart by their class."""
    for name in (".env", "one line", "bytes", "UTF-16", "JSON", "JSON list", "messages of another program"):
        with pytest.raises(NoChat):
            migrate(SOURCES[name])
    for name in ("torn Jupyter", "Jupyter without a list", "a line too long"):
        with pytest.raises(UnreadableFile) as refused:
            migrate(SOURCES[name])
        assert not isinstance(refused.value, NoChat)


def refusals(doc: Document, thread_id: str) -> list[Callable[[], object]]:
    """Commands that are refused although, or because, a secret is in them."""
    bad = SECRET + "\ud800"
    root = doc.messages(thread_id)[0].message_id
    turn = doc.start_turn(thread_id, sender_id="codex")
    turn.append(SECRET)
    turn.flush()
    return [
        lambda: doc.send(thread_id, sender_id="ada", content=bad),
        lambda: doc.send(thread_id, sender_id=bad, content="x"),
        lambda: doc.send(thread_id, sender_id="ada", content=7),  # type: ignore[arg-type]
        lambda: doc.send(thread_id, sender_id="ada", content="x", fields={"own": {"k": [bad]}}),
        lambda: doc.send(thread_id, sender_id="ada", content="x", fields={"own": {SECRET, 1}}),
        lambda: doc.send(thread_id, sender_id="ada", content="x", fields={"own": SECRET.encode()}),
        lambda: doc.edit(root, author_id="ada", content=bad),
        lambda: doc.configure(thread_id, updated_by="ada", name=[SECRET]),
        lambda: doc.configure(thread_id, updated_by="ada", acp_config=SECRET),
        lambda: doc.configure(thread_id, updated_by="ada", pin=SECRET),
        lambda: doc.start_turn(thread_id, sender_id="codex", fields={"own": bad}),
        lambda: turn.finalize(usage=SECRET),  # type: ignore[arg-type]
        lambda: turn.finalize(bad),
    ]


def test_a_command_that_is_refused_shows_nothing_of_what_it_was_given(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Texts, values and settings are named by where they stand and of which kind they are."""
    caplog.set_level(logging.DEBUG)
    ticks = count(1_700_000_000_000)
    doc = memory_document(clock=lambda: next(ticks), random=random.Random(1).randbytes)
    thread_id = doc.create_thread(sender_id="ada", content=SECRET).thread_id
    for refused in refusals(doc, thread_id):
        assert SECRET not in told(refused)
    assert SECRET not in caplog.text


def test_an_event_of_an_agent_that_is_refused_shows_nothing_of_it() -> None:
    """Files, usage and texts of a wrong kind are named by their kind."""
    ticks = count(1_700_000_000_000)
    doc = memory_document(clock=lambda: next(ticks), random=random.Random(1).randbytes)
    thread_id = doc.create_thread(sender_id="ada", content="x").thread_id

    def event(kind: str, **payload: Any) -> RuntimeEvent:
        return RuntimeEvent(
            event_id="e",
            type=kind,
            provider="codex",
            thread_id=thread_id,
            turn_id="t",
            created_at="2026",
            payload=payload,
        )

    for refused in (
        lambda: checkpoint_of(event("checkpoint.captured", files=[{"path": SECRET, "kind": 7}]), doc.view),
        lambda: checkpoint_of(event("checkpoint.captured", files=SECRET), doc.view),
        lambda: end_of(event("turn.completed", usage=SECRET)),
        lambda: activity_of(event("tool.started", summary=[SECRET]), doc.view),
        lambda: approval_of(event("approval.requested", requestId=[SECRET]), doc.view),
    ):
        assert SECRET not in told(refused)


def test_the_log_of_broken_promises_shows_no_content(caplog: pytest.LogCaptureFixture) -> None:
    """A report shows what a peer wrote where a fact should be; the log says only that it was none."""
    caplog.set_level(logging.DEBUG, logger="chatdoc.integrity")
    Tally().count(Violation(code="unreadable_fact", subject="message/x", detail=f"is no fact: {SECRET}"))
    assert "unreadable_fact message/x" in caplog.text
    assert SECRET not in caplog.text


def test_a_text_that_cannot_be_merged_shows_nothing_of_itself() -> None:
    """An editor that saves something else over a chat finds it in no error."""
    view = view_of([])
    for name in ("a line too long", "newer version"):
        assert SECRET not in told(lambda name=name: merge(view, SOURCES[name]))  # type: ignore[misc]
