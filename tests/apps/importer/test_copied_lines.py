"""Of a log that repeats another session nothing is lost that the other one does not have."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import msgspec
import pytest

from chatdoc import read_document
from chatdoc.apps.importer.audit import Audit
from chatdoc.model.records.attic import AtticRow
from chatdoc.settings import Settings
from chatdoc.store.session_index.index import LogRow, SessionIndex
from migrate.session.copied import CopyState, is_copied
from migrate.session.cut import TEXT_LENGTH_MAX, cut_text
from migrate.session.item import Item
from tests.apps.importer.conftest import Import, log_in

OLD, NEW = b"c1a0de00-0000-4000-8000-000000000001", b"c1a0de00-0000-4000-8000-0000000000ff"
OWN_PROMPT = msgspec.json.encode(
    {"type": "user", "uuid": "own", "sessionId": NEW.decode(), "message": {"role": "user", "content": "And?"}}
)


def repeated(case: str, tmp_path: Path, *, told: slice, first: bytes = b"", own: bytes = b"") -> list[Path]:
    """A log, and one of a new session that repeats it and goes on; the first one has only the lines `told`."""
    raw = first or log_in(case).read_bytes()
    paths = [tmp_path / "1.jsonl", tmp_path / "2.jsonl"]
    paths[0].write_bytes(b"".join(raw.splitlines(keepends=True)[told]))
    paths[1].write_bytes(raw.replace(OLD, NEW) + own + OWN_PROMPT + b"\n")
    return paths


@pytest.mark.parametrize("damage", [b'{"type":"user","mess\n', b'{"a":1} {"type":"ai-title","aiTi\n'])
def test_a_damaged_line_among_the_copied_ones_stops_nothing(
    damage: bytes, tmp_path: Path, run_import: Import
) -> None:
    """It is in the log of the first session, too; lines add up, and each that the first one lacks is kept."""
    lines = log_in("claude-split-message").read_bytes().splitlines(keepends=True)
    raw = b"".join([*lines[:4], damage, *lines[4:]])
    for told in (slice(None), slice(0, 4)):
        folder = tmp_path / str(told.stop)
        folder.mkdir()
        paths = repeated("", folder, told=told, first=raw)
        _, resumed = run_import(*paths, into=folder / "out" / "one.chat").sessions
        assert sum(resumed.lines.values()) == 2 * resumed.lines["total"]
        kept = [row for row in read_document(resumed.document).attic() if row.text == damage.decode().strip()]
        assert len(kept) == 1
        assert resumed.lines["quarantined"] == (told.stop is not None)


def test_a_result_that_the_first_session_never_had_is_told(tmp_path: Path, run_import: Import) -> None:
    """The first one was killed while its tool ran; the copy has what came of it before anything else of its own."""
    paths = repeated("claude-split-message", tmp_path, told=slice(0, 4))
    first, resumed = run_import(*paths, into=tmp_path / "out" / "one.chat").sessions
    assert (first.tool_calls, resumed.tool_calls) == (1, 1)
    told = [one.content for one in read_document(resumed.document).messages(resumed.thread_id or "")]
    assert any("one" in text and "[image]" in text for text in told)


def test_what_is_not_shown_and_not_copied_is_kept(tmp_path: Path, run_import: Import) -> None:
    """What stands between the copied records and the first prompt; what was copied is kept once."""
    own = b'{"type":"file-history-snapshot","messageId":"own","snapshot":{"a":1},"isSnapshotUpdate":false}\n'
    paths = repeated("claude-minimal", tmp_path, told=slice(None), own=own)
    first, resumed = run_import(*paths, into=tmp_path / "out" / "one.chat").sessions
    texts = [row.text for row in read_document(resumed.document).attic()]
    assert own.decode().strip() in texts
    assert (first.lines["record"], resumed.lines["record"]) == (5, 2)
    assert run_import(*paths, into=tmp_path / "out" / "one.chat").counts == {"unchanged": 2}
    with SessionIndex.open(tmp_path / "out") as index:
        assert Audit(index, Settings()).run([]).findings == []


def test_another_log_under_the_name_of_one_that_repeats_is_linked_to_nothing(
    tmp_path: Path, run_import: Import
) -> None:
    """Nor is one that repeats told whole because another log had its name before."""
    paths = repeated("claude-minimal", tmp_path, told=slice(None))
    into = tmp_path / "out" / "one.chat"
    _, resumed = run_import(*paths, into=into).sessions
    assert resumed.link is not None
    copied = paths[1].read_bytes()
    other = log_in("claude-compaction").read_bytes().replace(OLD, NEW[:-2] + b"ee")
    paths[1].write_bytes(other)
    (replaced,) = run_import(paths[1], into=into).sessions
    assert (replaced.session_id.encode(), replaced.link) == (NEW[:-2] + b"ee", None)
    paths[1].write_bytes(copied.replace(NEW, NEW[:-2] + b"dd"))
    (again,) = run_import(paths[1], into=into).sessions
    assert again.link is not None
    assert (again.link.session, again.prompts) == (OLD.decode(), resumed.prompts)


def test_a_copied_line_is_kept_once_where_its_log_names_no_session(
    tmp_path: Path, run_import: Import
) -> None:
    """Then it has no id in it that could be another one in the copy."""
    lines = log_in("claude-minimal").read_bytes().splitlines(keepends=True)
    raw = b"".join([*lines[:3], b'{"type":"omen"}\n', *lines[3:]])
    paths = repeated("", tmp_path, told=slice(None), first=raw)
    paths[1].write_bytes(paths[1].read_bytes().replace(b',"sessionId":"' + NEW + b'"', b""))
    into = tmp_path / "out" / "one.chat"
    assert run_import(*paths, into=into).counts == {"imported": 2}
    assert [row.text for row in read_document(into).attic()].count('{"type":"omen"}') == 1


def test_the_index_is_not_asked_for_the_other_session_with_each_line(
    tmp_path: Path, run_import: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row has all calls that are open in its log: to read it for each line cost the square of a long one."""
    asked = []
    of_session = SessionIndex.of_session

    def counted(index: SessionIndex, source: str, session: str) -> LogRow | None:
        asked.append(session)
        return of_session(index, source, session)

    monkeypatch.setattr(SessionIndex, "of_session", counted)
    run_import(*repeated("claude-minimal", tmp_path, told=slice(None)), into=tmp_path / "out" / "one.chat")
    assert asked.count(OLD.decode()) <= 2


class OfAnEarlierVersion:
    """Another session whose text an earlier version did not cut."""

    def __init__(self, text: str) -> None:
        self.text = text

    def parent_of(self, head: str) -> str:
        """The other session has any record."""
        return "other"

    def texts_of(self, session: str, message_id: str) -> list[str]:
        """Its one text, and what was cut of it when its log was read anew."""
        return [self.text, cut_text(self.text)]

    def keeps(self, session: str, row: AtticRow) -> bool:
        """It has no attic."""
        return False


def test_a_copied_text_of_which_an_earlier_version_kept_more_is_copied() -> None:
    """What followed it was told twice, in the first session and in the one that resumes it."""
    text = "x" * (TEXT_LENGTH_MAX + 1000)
    others, said = OfAnEarlierVersion(text), partial(Item, "answer", "m1")
    assert is_copied(CopyState(), [said(text=text)], "claude", "own", others)
    assert not is_copied(CopyState(), [said(text=f"{text[:-1]}y")], "claude", "own", others)
