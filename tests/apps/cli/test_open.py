"""`chatdoc open` migrates, shows what came, and tells by its exit status whether all is good."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.apps.cli.conftest import ERAS, Run
from tests.conftest import Golden


def test_golden_text_of_a_first_opening(chatdoc: Run, legacy: Path, golden: Golden) -> None:
    """A legacy chat is shown with its report, its threads and a clean check."""
    done = chatdoc("open", legacy.name)
    assert (done.returncode, done.stderr) == (0, "")
    golden(ERAS / "open.txt", done.stdout.encode())


def test_second_open_has_no_report_and_the_same_threads(chatdoc: Run, legacy: Path) -> None:
    """What was migrated once is not migrated again."""
    first, second = (json.loads(chatdoc("open", legacy.name, "--json").stdout) for _ in range(2))
    assert first["report"] is not None
    assert second["report"] is None
    assert (first["threads"], first["document_id"]) == (second["threads"], second["document_id"])


def test_json_has_these_keys(chatdoc: Run, legacy: Path) -> None:
    """Programs rely on the names of the keys."""
    value = json.loads(chatdoc("open", legacy.name, "--json").stdout)
    assert list(value) == ["ok", "file", "document_id", "report", "threads", "integrity", "read_only"]
    assert list(value["threads"][0]) == [
        "thread_id",
        "title",
        "name",
        "messages",
        "created_at",
        "created_by",
        "last_message_at",
        "agent",
        "state",
        "deleted",
    ]
    assert {"ok", "violations", "counters"} <= set(value["integrity"])


def test_a_moved_a_copied_and_a_replaced_file_say_so(chatdoc: Run, legacy: Path) -> None:
    """Each once, in a line below that of the source; a moved file keeps its store, the others get one of their own."""

    def stores() -> set[str]:
        return {path.name for path in (legacy.parent / ".chatdoc").glob("*.sqlite3")}

    assert chatdoc("open", legacy.name).returncode == 0
    first = stores()
    moved = legacy.rename(legacy.with_name("moved.chat"))
    said = chatdoc("open", moved.name).stdout.splitlines()
    assert (said[1].split(": ")[:2], said[2]) == (["  the file", "moved_file"], "")
    assert stores() == first
    copied = Path(shutil.copyfile(moved, legacy.with_name("copied.chat")))
    assert "copied_file" in chatdoc("open", copied.name).stdout
    assert len(stores()) == 2
    copied.write_bytes(
        b'{"date":"2024-05-01T10:00:00.000Z","event":"chat","history":[{"author_id":"eve","content":"Another chat",'
        b'"date":"2024-05-01T10:00:00.000Z"}],"sender_id":"eve"}\n'
    )
    replaced = chatdoc("open", copied.name).stdout
    assert "replaced_file" in replaced
    assert "chatdoc recover" in replaced
    assert len(stores()) == 3
    for file in (moved, copied):
        assert "_file: " not in chatdoc("open", file.name).stdout


def test_missing_file_is_misuse(chatdoc: Run) -> None:
    """A file that is not there ends with status 2."""
    assert chatdoc("open", "nowhere.chat").returncode == 2


def test_unreadable_file_is_an_error_with_a_hint_and_stays_as_it_is(chatdoc: Run, tmp_path: Path) -> None:
    """A file of another kind is refused in one line, and not one byte of it changes."""
    path = tmp_path / "picture.chat"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" * 5)
    done = chatdoc("open", path.name)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_errors_are_json_where_json_was_asked_for(chatdoc: Run, tmp_path: Path) -> None:
    """A program that reads JSON gets JSON when the command fails, too."""
    (tmp_path / "picture.chat").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" * 5)
    done = chatdoc("open", "picture.chat", "--json")
    assert done.returncode == 1
    assert list(json.loads(done.stdout)) == ["ok", "error", "hint", "kind"]


def test_who_migrates_a_chat_of_cocalc_is_told_how_to_go_back(chatdoc: Run, legacy: Path) -> None:
    """The note names both ways, and they work; on the second opening there is nothing to tell."""
    before = legacy.read_bytes()
    done = chatdoc("open", legacy.name)
    assert "CoCalc can no longer read this file. `chatdoc rollback team.sage-chat` gives" in done.stdout
    assert "`chatdoc export team.sage-chat --to cocalc -o OUT`" in done.stdout
    assert chatdoc("export", legacy.name, "--to", "cocalc", "-o", "out.chat").returncode == 0
    assert "note:" not in chatdoc("open", legacy.name).stdout
    assert chatdoc("rollback", legacy.name).returncode == 0
    assert legacy.read_bytes() == before


def test_what_may_not_be_written_is_shown_with_a_note(chatdoc: Run, legacy: Path) -> None:
    """An old file as what it would be migrated to, one of ours as it is; nothing is written."""
    legacy.chmod(0o444)
    shown = json.loads(chatdoc("open", legacy.name, "--json").stdout)
    assert "its folder or its store may not be written" in shown["read_only"]
    assert not (legacy.parent / ".chatdoc").exists()
    legacy.chmod(0o644)
    assert json.loads(chatdoc("open", legacy.name, "--json").stdout)["threads"] == shown["threads"]
    legacy.chmod(0o444)
    before = legacy.read_bytes()
    done = chatdoc("open", legacy.name)
    assert done.returncode == 0
    assert done.stdout.startswith("note: ")
    assert legacy.read_bytes() == before
