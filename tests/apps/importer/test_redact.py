"""Secrets do not come in with an import nor go out with an export, and how many of which kind is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatdoc.apps.importer.documents import Target
from chatdoc.apps.importer.redact import Redactor
from chatdoc.apps.importer.run import Importer
from chatdoc.open import open_document
from chatdoc.settings import Settings
from migrate.export import FORMATS
from tests.apps.importer.conftest import NOW_MS

# In two halves each, so that no scanner takes this file for a leak.
AWS = "AKIAIOSFODNN7EXAMPLE"
GITHUB = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
ANTHROPIC = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nabc/def+ghi=\n-----END RSA PRIVATE KEY-----"
SECRETS = [AWS, GITHUB, ANTHROPIC, JWT, KEY]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("frame", ["{}", "before {} after", "export TOKEN='{}'", "x={};y=1\nnext"])
def test_no_part_of_a_secret_stays(secret: str, frame: str) -> None:
    """Whole tokens and whole keys are taken, wherever they stand; what is around them stays."""
    shown = Redactor().text(frame.format(secret))
    assert "[redacted: " in shown
    for piece in (secret, secret[-8:], secret.split("\n")[-2] if "\n" in secret else secret[4:20]):
        assert piece not in shown
    if "after" in frame:
        assert shown.startswith("before ")
        assert shown.endswith(" after")


def test_passwords_in_addresses_and_assignments_go() -> None:
    """Credentials in URLs, and values of names that are called secret."""
    redactor = Redactor()
    shown = redactor.text('https://ada:hunter22@example.com/x\npassword = "correct horse battery"')
    assert "hunter22" not in shown
    assert "correct horse" not in shown
    assert redactor.found == {"Basic Auth Credentials": 1, "Secret Keyword": 1}


@pytest.mark.parametrize(
    "text",
    ["sha 3f7c1fe6ef23eb853f7c1fe6ef23eb85", "019a0000-0000-7000-8000-000000000001", "10.0.0.1", "the token"],
)
def test_digests_and_ids_stay(text: str) -> None:
    """What only looks random is no secret."""
    assert Redactor().text(text) == text


def test_a_redacted_import_has_no_secret_in_any_file(tmp_path: Path) -> None:
    """Prompts, arguments, results, attic lines, damaged ones: nothing of it is in the text, the store or the index."""
    rows = [
        {"timestamp": "2026-03-01T10:00:00Z", "type": "session_meta", "payload": {"id": "s", "cwd": "/x"}},
        {"timestamp": "2026-03-01T10:00:01Z", "type": "response_item", "payload": {
            "type": "message", "role": "user", "content": [{"type": "input_text", "text": f"use {GITHUB}\n{KEY}"}]}},
        {"timestamp": "2026-03-01T10:00:02Z", "type": "response_item", "payload": {
            "type": "function_call", "name": "shell", "call_id": "c", "arguments": json.dumps({"cmd": f"aws {AWS}"})}},
        {"timestamp": "2026-03-01T10:00:03Z", "type": "response_item", "payload": {
            "type": "function_call_output", "call_id": "c", "output": "x" * 300_000 + f" {JWT}"}},
        {"timestamp": "2026-03-01T10:00:04Z", "type": "event_msg", "payload": {
            "type": "agent_message", "message": ANTHROPIC}},
    ]  # fmt: skip
    raw = "\n".join(map(json.dumps, rows)) + f'\n{{"torn": "{AWS}\n'
    (tmp_path / "log.jsonl").write_text(raw, encoding="utf-8")
    redactor = Redactor()
    with Importer(
        Target(tmp_path / "out"), Settings(), clock=lambda: NOW_MS, clean=redactor.clean
    ) as importer:
        first = importer.run([tmp_path / "log.jsonl"])
        assert importer.run([tmp_path / "log.jsonl"]).counts == {"unchanged": 1}
    assert first.sessions[0].lines["total"] == 6
    assert redactor.told(first).redacted["GitHub Token"] == 1
    held = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    for secret in SECRETS:
        for piece in secret.split("\n"):
            assert piece.encode() not in held
    assert b"[redacted: " in held


def test_a_redacted_export_has_no_secret(tmp_path: Path) -> None:
    """In every format, history and settings too; the document itself keeps what it has."""
    with open_document(tmp_path / "one.chat") as document:
        thread = document.create_thread(sender_id="ada", content=f"use {GITHUB}", name=f"with {AWS}")
        message = document.send(thread.thread_id, sender_id="bob", content=KEY)
        document.edit(message.message_id, author_id="bob", content=f"sorry, {JWT}")
        view = document.view
        for name, write in FORMATS.items():
            redactor = Redactor()
            shown = write(redactor.view(view))
            for secret in (GITHUB, AWS, JWT, *KEY.split("\n")):
                assert secret.encode() not in shown, name
            assert redactor.found["Private Key"] == 1
        assert GITHUB in document.message(thread.root_message_id).content


def test_a_log_that_grows_is_read_on_where_it_was_left(tmp_path: Path) -> None:
    """What is taken out of a line, or put in its place, moves no cursor: nothing is read twice, torn or left out."""
    log = tmp_path / "log.jsonl"
    says = [f"password = 'abc{number}' and {GITHUB * (number % 3)}" for number in range(12)]
    rows = [
        {"timestamp": "2026-03-01T10:00:00Z", "type": "session_meta", "payload": {"id": "s", "cwd": "/x"}},
        *(
            {"timestamp": f"2026-03-01T10:01:{number:02}Z", "type": "response_item", "payload": {
                "type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}}
            for number, text in enumerate(says)
        ),
    ]  # fmt: skip
    for count in range(2, len(rows) + 1):
        log.write_text("".join(json.dumps(row) + "\n" for row in rows[:count]), encoding="utf-8")
        with Importer(
            Target(tmp_path / "out"), Settings(), clock=lambda: NOW_MS, clean=Redactor().clean
        ) as importer:
            (done,) = importer.run([log]).sessions
        assert (done.lines["total"], done.prompts) == (count, count - 1)
        assert done.lines["quarantined"] == 0


def test_a_secret_that_came_in_pieces_is_taken_from_the_whole_text(tmp_path: Path) -> None:
    """An agent's answer is streamed in pieces, of which none shows what it is; nor does one that did not end."""
    updates: list[dict[str, object]] = []
    for piece in (f"use {GITHUB[:9]}", GITHUB[9:20], f"{GITHUB[20:]} now"):
        updates.append({"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": piece}})
    rows = [
        {"method": "session/prompt", "id": 1, "params": {"sessionId": "s", "prompt": [{"type": "text", "text": "hi"}]}},
        *({"method": "session/update", "params": {"sessionId": "s", "update": one}} for one in updates),
        {"id": 1, "result": {"stopReason": "end_turn"}},
    ]  # fmt: skip
    log = tmp_path / "log.ndjson"
    for count in (len(rows) - 1, len(rows)):
        log.write_text(
            "".join(json.dumps({"jsonrpc": "2.0", **row}) + "\n" for row in rows[:count]), encoding="utf-8"
        )
        with Importer(
            Target(tmp_path / "out"), Settings(), clock=lambda: NOW_MS, clean=Redactor().clean
        ) as importer:
            (done,) = importer.run([log]).sessions
        (text,) = [file.read_text("utf-8") for file in (tmp_path / "out").glob("*.chat")]
        assert "use [redacted: GitHub Token] now" in text
        assert GITHUB not in text
    assert done.answers == 1
