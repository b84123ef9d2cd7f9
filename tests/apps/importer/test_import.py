"""Importing logs: once is enough, growth adds up, what is gone or changed is said, and bad files stop nothing."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import msgspec
import pytest

from chatdoc.apps.importer.audit import Audit
from chatdoc.apps.importer.outcome import SessionOutcome
from chatdoc.open import open_document, read_document
from chatdoc.settings import Settings
from chatdoc.store.session_index.index import SessionIndex
from migrate.session.thread_state import thread_of
from tests.apps.importer.conftest import Import, files_in, log_in


def found(sessions: list[SessionOutcome], name: str) -> SessionOutcome:
    """The first session of the file of this name."""
    return next(one for one in sessions if Path(one.path).name == name)


def test_each_session_is_a_thread_of_its_projects_document(
    logs: Path, tmp_path: Path, run_import: Import
) -> None:
    """One document a project folder has one thread for each of its sessions, with name, model and session id."""
    report = run_import(logs)
    assert report.ok
    minimal = found(report.sessions, "codex-minimal.jsonl")
    document = read_document(minimal.document)
    assert Path(minimal.document).name.startswith("loom-")
    thread = document.thread(minimal.thread_id or "")
    config = document.config(thread.thread_id)
    assert config.name == "Which thread is blue?"
    assert config.acp_config is not None
    assert config.acp_config["model"] == "gpt-5-codex"
    assert config.acp_config["sessionId"] == minimal.session_id
    shown = [(one.sender_id, one.content) for one in document.messages(thread.thread_id)]
    assert shown[1:] == [
        ("user", "Which thread is blue?"),
        ("codex", "**Looking for colours**"),
        ("codex", "The third."),
    ]
    state = document.state(thread.thread_id)
    assert state is not None
    assert state.state == "complete"
    usage = [one.acp_usage for one in document.messages(thread.thread_id) if one.acp_usage]
    assert [one["total_tokens"] for one in usage] == [129]


def test_every_count_adds_up(logs: Path, run_import: Import) -> None:
    """The fates of the sessions of each file are as many as its lines."""
    report = run_import(logs)
    for path in {one.path for one in report.sessions}:
        of_file = [one for one in report.sessions if one.path == path]
        raw = Path(path).read_bytes().split(b"\n")
        assert sum(one.lines["total"] for one in of_file) == len(raw) - (not raw[-1])
        for one in of_file:
            assert one.lines["total"] == sum(one.lines.values()) - one.lines["total"]


def test_importing_twice_changes_not_one_byte(logs: Path, tmp_path: Path, run_import: Import) -> None:
    """A second import reads nothing, and one without an index reads everything and writes nothing."""
    first = run_import(logs)
    before = files_in(tmp_path / "out")
    again = run_import(logs)
    assert {one.result for one in again.sessions} == {"unchanged"}
    same = [msgspec.structs.replace(one, result="imported") for one in again.sessions]
    assert same == first.sessions
    assert files_in(tmp_path / "out") == before
    for name in ("sessions.sqlite3", "sessions.sqlite3-wal", "sessions.sqlite3-shm"):
        (tmp_path / "out" / ".chatdoc" / "indexes" / name).unlink(missing_ok=True)
    assert run_import(logs).counts == {"imported": len(first.sessions)}
    assert files_in(tmp_path / "out") == before


def test_tool_calls_are_activities_and_can_be_read(logs: Path, tmp_path: Path, run_import: Import) -> None:
    """Each call and result is an activity of the event log once, and its message shows both."""
    one = found(run_import(logs).sessions, "codex-tool-heavy.jsonl")
    run_import(logs)
    with open_document(one.document) as document:
        (thread,) = [thread for thread in document.snapshot().threads if thread.id == one.thread_id]
        told = [activity for activity in thread.activities if activity.kind.startswith("tool.")]
        texts = [message.content for message in document.messages(one.thread_id or "")]
    assert len([activity for activity in told if activity.kind == "tool.started"]) == one.tool_calls == 6
    assert len(told) == len({activity.id for activity in told})
    assert all(activity.created_at == activity.payload["at"] < "2026-11" for activity in told)
    assert any("**exec_command** `ls -1`" in text and "warp\nweft" in text for text in texts)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_growing_snapshots_equal_the_last(seed: int, logs: Path, tmp_path: Path, run_import: Import) -> None:
    """Logs of all sources that grow in random pieces, imported each time, give the bytes of one import at the end."""
    dice = random.Random(seed)
    print(f"seed {seed}")
    live = tmp_path / "live"
    whole = {path: path.read_bytes() for path in sorted(logs.rglob("*.*json*")) if path.is_file()}
    sizes = dict.fromkeys(whole, 0)
    results: set[str] = set()
    while any(sizes[path] < len(raw) for path, raw in whole.items()):
        for path, raw in whole.items():
            if dice.random() < 0.7:
                sizes[path] = min(len(raw), sizes[path] + dice.randrange(1, len(raw) // 2 + 2))
                copy = live / path.relative_to(logs)
                copy.parent.mkdir(parents=True, exist_ok=True)
                with open(copy, "ab") as file:
                    file.write(raw[file.tell() : sizes[path]])
        report = run_import(live, into=tmp_path / "grown" / "all.chat")
        results |= {one.result for one in report.sessions}
    assert {"grown", "unchanged"} <= results <= {"imported", "grown", "unchanged", "empty"}
    run_import(logs, into=tmp_path / "once" / "all.chat")
    grown = read_document(tmp_path / "grown" / "all.chat")
    once = read_document(tmp_path / "once" / "all.chat")
    rows = [
        [
            line
            for line in (tmp_path / name / "all.chat").read_bytes().split(b"\n")
            if b'"event":"document"' not in line
        ]
        for name in ("grown", "once")
    ]
    assert rows[0] == rows[1]
    assert [one.thread_id for one in grown.threads()] == [one.thread_id for one in once.threads()]


def test_two_slices_join_whichever_comes_first(tmp_path: Path, run_import: Import) -> None:
    """Disjoint pieces of one session are one thread, and their order of import is not seen in what it holds."""
    lines = log_in("claude-split-message").read_bytes().splitlines(keepends=True)
    for name, pieces in (("a", lines[:5]), ("b", lines[5:])):
        (tmp_path / f"{name}.jsonl").write_bytes(b"".join(pieces))
    threads = []
    for order in ("ab", "ba"):
        for name in order:
            run_import(tmp_path / f"{name}.jsonl", into=tmp_path / order / "one.chat")
        document = read_document(tmp_path / order / "one.chat")
        (thread,) = document.threads()
        threads.append({one.message_id for one in document.messages(thread.thread_id)})
    assert threads[0] == threads[1]


def test_forks_and_subagents_are_linked_and_not_imported_twice(logs: Path, run_import: Import) -> None:
    """A fork names its parent's thread, and shows none of the parent's messages or tokens."""
    one = found(run_import(logs).sessions, "codex-forked-subagent.jsonl")
    document = read_document(one.document)
    thread = document.thread(one.thread_id or "")
    assert one.link is not None
    assert thread.extra["session"]["linked_thread_id"] == thread_of("codex", one.link.session)
    texts = [message.content for message in document.messages(thread.thread_id)]
    assert "Parent asks." not in texts
    assert (one.prompts, one.answers) == (1, 1)
    assert one.tokens is not None
    assert one.tokens.total == 640


def test_a_source_that_is_switched_off_is_left_alone(logs: Path, tmp_path: Path, run_import: Import) -> None:
    """ENABLE_CODEX_SOURCE=0 reads no Codex log, and what was imported of them stays."""
    run_import(logs / "codex-minimal", into=tmp_path / "one.chat")
    before = (tmp_path / "one.chat").read_bytes()
    report = run_import(logs, into=tmp_path / "one.chat", settings=Settings(codex_enabled=False))
    assert {one.result for one in report.sessions if one.source == "codex"} == {"switched off"}
    assert before.splitlines()[1] in (tmp_path / "one.chat").read_bytes()


def test_a_log_that_is_gone_is_said_and_stays_imported(
    logs: Path, tmp_path: Path, run_import: Import
) -> None:
    """The tools' own cleaning up takes the file and not the thread; the index says since when."""
    run_import(logs)
    path = logs / "codex-minimal" / "codex-minimal.jsonl"
    os.unlink(path)
    before = files_in(tmp_path / "out")
    assert run_import(logs).missing == [str(path)]
    assert files_in(tmp_path / "out") == before
    with SessionIndex.open(tmp_path / "out") as index:
        row = index.get(str(path))
        assert row is not None
        assert row.missing_since_ms is not None


def test_a_log_that_comes_back_is_gone_no_more(logs: Path, tmp_path: Path, run_import: Import) -> None:
    """Moved away and back it looks as it did, so nothing of it is read."""
    path = logs / "codex-minimal" / "codex-minimal.jsonl"
    run_import(path.parent)
    path.rename(tmp_path / "away.jsonl")
    assert run_import(path.parent).missing == [str(path)]
    (tmp_path / "away.jsonl").rename(path)
    assert run_import(path.parent).counts == {"unchanged": 1}
    with SessionIndex.open(tmp_path / "out") as index:
        assert [row.missing_since_ms for row in index.rows()] == [None]


def test_bad_files_stop_nothing_but_themselves(logs: Path, tmp_path: Path, run_import: Import) -> None:
    """Pipes, unreadable files, foreign JSON and empty files are said, and all logs beside them are imported."""
    (logs / "notes.jsonl").write_text('{"type":"note","text":"mine"}\n')
    (logs / "empty.jsonl").write_bytes(b"")
    os.mkfifo(logs / "pipe.jsonl")
    (logs / "link.jsonl").symlink_to(tmp_path / "nowhere")
    report = run_import(logs, logs / "notes.jsonl")
    assert report.ok
    assert found(report.sessions, "notes.jsonl").result == "no log"
    assert found(report.sessions, "codex-minimal.jsonl").result == "imported"


def test_a_log_whose_name_is_no_utf_8_stops_nothing_but_itself(logs: Path, run_import: Import) -> None:
    """It is named with what to do, whether it was asked for or found in a folder."""
    odd = Path(shutil.copy(log_in("codex-minimal"), logs / os.fsdecode(b"caf\xe9.jsonl")))
    for asked in (logs, odd):
        report = run_import(asked)
        failed = found(report.sessions, odd.name)
        assert (failed.result, failed.error) == ("failed", "its name is no UTF-8: give it another one")
        assert report.counts == {"failed": 1} | (
            {"imported": report.counts["imported"]} if asked == logs else {}
        )


def test_a_document_that_was_lost_is_made_again(logs: Path, tmp_path: Path, run_import: Import) -> None:
    """The index does not hide that a document is gone: its logs are read anew."""
    one = found(run_import(logs / "codex-minimal").sessions, "codex-minimal.jsonl")
    text = Path(one.document).read_bytes()
    os.unlink(one.document)
    for path in (tmp_path / "out" / ".chatdoc").iterdir():
        if path.name != "indexes":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    run_import(logs / "codex-minimal")
    rows = [row for row in Path(one.document).read_bytes().split(b"\n") if b'"event":"document"' not in row]
    assert rows == [row for row in text.split(b"\n") if b'"event":"document"' not in row]


def test_a_resumed_session_that_repeats_another_tells_only_its_own(
    tmp_path: Path, run_import: Import
) -> None:
    """Records copied into a log of another session are linked: no text, call or token of them is there twice."""
    first = log_in("claude-split-message").read_bytes()
    old, new = b"c1a0de00-0000-4000-8000-000000000001", b"c1a0de00-0000-4000-8000-0000000000ff"
    own = (
        log_in("claude-minimal")
        .read_bytes()
        .replace(b"00000000-0000-4000-8000-", b"00000000-0000-4000-9000-")
    )
    own = own.replace(b"msg_1", b"msg_own")
    (tmp_path / "1.jsonl").write_bytes(first)
    copied = first.replace(old, new)
    (tmp_path / "2.jsonl").write_bytes(copied + own.replace(old, new))
    report = run_import(tmp_path / "1.jsonl", tmp_path / "2.jsonl", into=tmp_path / "out" / "one.chat")
    original, resumed = report.sessions
    assert (original.prompts, original.answers, original.tool_calls) == (1, 2, 2)
    assert (resumed.prompts, resumed.answers, resumed.tool_calls) == (1, 1, 0)
    assert resumed.tokens is not None
    assert resumed.tokens.total == 110
    assert resumed.link is not None
    assert resumed.link.session == original.session_id
    assert resumed.lines["attic"] >= copied.count(b"\n")
    assert sum(resumed.lines.values()) == 2 * resumed.lines["total"]
    document = read_document(resumed.document)
    config = document.config(resumed.thread_id or "")
    assert config.acp_config is not None
    assert config.acp_config["continues"] == original.session_id
    assert run_import(
        tmp_path / "1.jsonl", tmp_path / "2.jsonl", into=tmp_path / "out" / "one.chat"
    ).counts == {"unchanged": 2}
    with SessionIndex.open(tmp_path / "out") as index:
        assert Audit(index, Settings()).run([]).ok


def test_ids_that_recur_across_sessions_do_not_meet(tmp_path: Path, run_import: Import) -> None:
    """Two sessions whose records have the same uuids and call ids, and say other things, are two whole threads."""
    raw = log_in("claude-split-message").read_bytes()
    other = raw.replace(b"000000000001", b"000000000077").replace(b"Look and tie.", b"Look and cut.")
    (tmp_path / "1.jsonl").write_bytes(b"\n".join(raw.split(b"\n")[1:]))
    (tmp_path / "2.jsonl").write_bytes(other)
    one, two = run_import(tmp_path / "1.jsonl", tmp_path / "2.jsonl", into=tmp_path / "one.chat").sessions
    document = read_document(tmp_path / "one.chat")
    assert one.thread_id != two.thread_id
    assert two.prompts == 1
    texts = {message.content for message in document.messages(two.thread_id or "")}
    assert {"Look and cut.", "I look.", "Tied."} <= texts
