"""`chatdoc check` writes nothing and names every broken promise, and all that is damaged in the store."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Map

from chatdoc.apps.cli.store_option import url_of
from chatdoc.crdt.keys import encode
from chatdoc.model.facts import Header
from chatdoc.model.ids import MessageId, ThreadId
from chatdoc.open import open_document
from tests.apps.cli.conftest import ERAS, Run
from tests.apps.cli.office import FILE, change, furnish, seen
from tests.conftest import Golden

A, B = "01JAAAAAAAAAAAAAAAAAAAAAA1", "01JAAAAAAAAAAAAAAAAAAAAAA2"


def test_golden_text_of_a_clean_check(chatdoc: Run, legacy: Path, golden: Golden) -> None:
    """A legacy chat is checked as it is."""
    done = chatdoc("check", legacy.name)
    assert (done.returncode, done.stderr) == (0, "")
    golden(ERAS / "check.txt", done.stdout.encode())


def test_check_writes_nothing(chatdoc: Run, legacy: Path, tmp_path: Path) -> None:
    """Neither the file nor its folder changes."""
    before = legacy.read_bytes()
    chatdoc("check", legacy.name)
    assert legacy.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [legacy.name]


def test_violations_end_with_status_1(chatdoc: Run, tmp_path: Path) -> None:
    """A message that a peer placed in a thread nobody knows is named with the code of the rule."""
    peer = Doc[Any](client_id=7)
    fact = Header(
        message_id=MessageId(A), thread_id=ThreadId(B), sender_id="eve", date="2025-01-01T00:00:00.000Z"
    )
    root, key, text = encode(fact)
    peer.get(root, type=Map[str])[key] = text
    with open_document(tmp_path / "team.chat") as document:
        document.receive(peer.get_update(), origin="eve")
    shown, told = chatdoc("check", "team.chat"), chatdoc("check", "team.chat", "--json")
    assert (shown.returncode, told.returncode) == (1, 1)
    assert "orphan_message" in shown.stdout
    value = json.loads(told.stdout)
    assert list(value) == ["ok", "file", "report", "integrity", "store"]
    assert [one["code"] for one in value["integrity"]["violations"]] == ["orphan_message"]


def test_a_sound_store_is_said_to_be_sound(chatdoc: Run, tmp_path: Path) -> None:
    """Every part of it was read; a file without a store has none to speak of. Nothing is written."""
    furnish(tmp_path)
    before = seen(tmp_path / "office")
    done = chatdoc("check", FILE)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "store: sound")
    assert json.loads(chatdoc("check", FILE, "--json").stdout)["store"] == []
    assert seen(tmp_path / "office") == before
    (tmp_path / "new.chat").touch()
    assert json.loads(chatdoc("check", "new.chat", "--json").stdout)["store"] is None


def test_damage_in_the_store_is_named_and_ends_with_status_1(chatdoc: Run, tmp_path: Path) -> None:
    """Code, place and what is wrong, though the document itself breaks no rule."""
    furnish(tmp_path)
    change(tmp_path, "UPDATE projection_thread_messages SET text = 'forged'")
    shown, told = chatdoc("check", FILE), chatdoc("check", FILE, "--json")
    value = json.loads(told.stdout)
    assert (shown.returncode, told.returncode, value["ok"], value["integrity"]["ok"]) == (1, 1, False, True)
    (finding,) = value["store"]
    assert list(finding) == ["code", "where", "what"]
    assert (finding["code"], finding["where"]) == ("changed_rows", "projection_thread_messages")
    for part in (*finding.values(), "store: damaged in 1 places"):
        assert part in shown.stdout
    assert "forged" not in shown.stdout


def test_an_update_that_was_tampered_with_is_named_beside_the_error(chatdoc: Run, tmp_path: Path) -> None:
    """Also where the document cannot be read any more because of it."""
    furnish(tmp_path)
    change(tmp_path, "UPDATE updates SET bytes = zeroblob(3) WHERE sequence = 2")
    shown, told = chatdoc("check", FILE), chatdoc("check", FILE, "--json")
    assert (shown.returncode, told.returncode) == (1, 1)
    assert "damaged_update" in shown.stdout
    assert "damaged_update" in [one["code"] for one in json.loads(told.stdout)["store"]]


@pytest.mark.parametrize("left", [None, b"\x89PNG\r\n\x1a\n\0\0"], ids=["lost", "no chat"])
def test_a_file_that_is_lost_or_no_chat_can_be_recovered(
    chatdoc: Run, tmp_path: Path, left: bytes | None
) -> None:
    """The error says with which command, and what stands there now stays as it is."""
    furnish(tmp_path)
    if left is None:
        (tmp_path / FILE).unlink()
    else:
        (tmp_path / FILE).write_bytes(left)
    shown, told = chatdoc("check", FILE), chatdoc("check", FILE, "--json")
    assert (shown.returncode, told.returncode) == (1, 1)
    assert f"text can be recovered: chatdoc recover {FILE}" in shown.stderr
    value = json.loads(told.stdout)
    assert list(value) == ["ok", "error", "hint", "kind", "file", "store"]
    assert (value["kind"], value["store"]) == ("UnreadableFile", [])
    assert f"chatdoc recover {FILE}" in value["hint"]
    assert (tmp_path / FILE).exists() == (left is not None)


def test_what_was_never_there_is_misuse(chatdoc: Run, tmp_path: Path) -> None:
    """A file that neither is there nor has a store ends with status 2."""
    assert chatdoc("check", "nowhere.chat").returncode == 2
    assert list(tmp_path.iterdir()) == []


def spoil(tmp_path: Path) -> None:
    """A document to which a peer sent more strays than are repaired at once, and one message of no thread."""
    with open_document(tmp_path / "team.chat") as document:
        thread_id = document.create_thread(sender_id="ada", content="root").thread_id
        peer = Doc[Any](client_id=7)
        date = "2025-01-01T00:00:00.000Z"
        for number in range(70):
            own = MessageId(f"01JAAAAAAAAAAAAAAAAAAAA{number:03d}")
            thread = thread_id if number else ThreadId(B)
            root, key, text = encode(Header(message_id=own, thread_id=thread, sender_id="eve", date=date))
            peer.get(root, type=Map[str])[key] = text
        document.receive(peer.get_update(), origin="eve")


def test_repair_carries_out_what_is_safe_and_says_which(chatdoc: Run, tmp_path: Path) -> None:
    """A check alone changes nothing; with --repair the safe ones go, the others stay and are shown."""
    spoil(tmp_path)
    before = json.loads(chatdoc("check", "team.chat", "--json").stdout)["integrity"]["violations"]
    assert json.loads(chatdoc("check", "team.chat", "--json").stdout)["integrity"]["violations"] == before
    safe = [one for one in before if one["safe"]]
    assert 0 < len(safe) < len(before)
    told = chatdoc("check", "team.chat", "--repair", "--json")
    value = json.loads(told.stdout)
    assert list(value) == ["ok", "file", "report", "integrity", "store", "repaired", "refused"]
    assert (value["repaired"], value["refused"]) == (safe, [])
    assert [one["code"] for one in value["integrity"]["violations"]] == ["orphan_message"]
    assert told.returncode == 1
    shown = chatdoc("check", "team.chat", "--repair")
    assert "0 repaired" in shown.stdout
    assert "orphan_message" in shown.stdout


def test_repair_shows_each_violation_that_is_gone(chatdoc: Run, tmp_path: Path) -> None:
    """A line each, with what was done about it."""
    spoil(tmp_path)
    found = json.loads(chatdoc("check", "team.chat", "--json").stdout)["integrity"]["violations"]
    subjects = [one["subject"] for one in found if one["safe"]]
    shown = chatdoc("check", "team.chat", "--repair").stdout
    for subject in subjects:
        assert re.search(rf"multi_root +{subject} +ReparentMessage +repaired", shown)
    assert f"{len(subjects)} repaired" in shown


def test_repair_leaves_a_damaged_store_alone(chatdoc: Run, tmp_path: Path) -> None:
    """What cannot be read for sure is not written to."""
    furnish(tmp_path)
    change(tmp_path, "UPDATE projection_thread_messages SET text = 'forged'")
    before = seen(tmp_path / "office")
    done = chatdoc("check", FILE, "--repair")
    assert done.returncode == 1
    assert "nothing was repaired: the store is damaged" in done.stdout
    assert seen(tmp_path / "office") == before
    assert json.loads(chatdoc("check", FILE, "--repair", "--json").stdout)["repaired"] == []


def test_repair_says_what_opening_upgraded(chatdoc: Run, legacy: Path) -> None:
    """A legacy chat is upgraded with a backup, as `chatdoc open` would."""
    done = chatdoc("check", legacy.name, "--repair")
    assert done.returncode == 0
    assert "opening this file upgraded it:" in done.stdout
    assert done.stdout.rstrip().splitlines()[-1].startswith("integrity: clean")
    assert "opening this file" not in chatdoc("check", legacy.name).stdout


def test_a_name_that_is_no_utf_8_is_asked_of_a_database_as_its_bytes() -> None:
    """It may be there under no such name; it is no traceback."""
    assert (
        url_of("postgresql://h/d", Path(os.fsdecode(b"a b/caf\xe9.chat")))
        == "postgresql://h/d#a%20b/caf%E9.chat"
    )
