"""`chatdoc log` prints every event on a line of its own, writes nothing, and follows until Ctrl-C."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.apps.cli.conftest import Run
from tests.apps.cli.following import Followed, write_elsewhere
from tests.apps.cli.office import FILE, GOLDEN, ask, at_home, change, furnish, seen, write_otherwise
from tests.conftest import Golden
from tests.event_view.workplace import opened

ENVELOPE = [
    "sequence",
    "eventId",
    "aggregateKind",
    "streamId",
    "streamVersion",
    "eventType",
    "occurredAt",
    "commandId",
    "causationEventId",
    "correlationId",
    "actorKind",
    "payload",
    "metadata",
]


def test_golden_text_of_an_agents_day(chatdoc: Run, tmp_path: Path, golden: Golden) -> None:
    """Each event is one harmless line, with the title its thread has now."""
    furnish(tmp_path)
    done = chatdoc("log", FILE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    golden(GOLDEN / "log.txt", at_home(done.stdout, tmp_path))


def test_golden_lines_of_json(chatdoc: Run, tmp_path: Path, golden: Golden) -> None:
    """Each line is an object with the whole envelope."""
    furnish(tmp_path)
    done = chatdoc("log", FILE, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(list(line) == ENVELOPE for line in lines)
    stored = ask(tmp_path, "SELECT sequence, event_id, payload_json FROM orchestration_events")
    assert [(line["sequence"], line["eventId"], line["payload"]) for line in lines] == [
        (sequence, event_id, json.loads(payload)) for sequence, event_id, payload in stored
    ]
    golden(GOLDEN / "log.jsonl", at_home(done.stdout, tmp_path))


def test_what_is_asked_for_is_printed(chatdoc: Run, tmp_path: Path) -> None:
    """`--from` begins beyond a sequence, `--thread-id` shows one thread; together they do both."""
    _, hostile = furnish(tmp_path)
    every = chatdoc("log", FILE).stdout.splitlines()
    assert chatdoc("log", FILE, "--from", "5").stdout.splitlines() == every[5:]
    of_thread = [line for line in every if hostile in line]
    assert len(of_thread) == 2
    assert chatdoc("log", FILE, "--thread-id", hostile).stdout.splitlines() == of_thread
    last = str(len(every) - 1)
    assert chatdoc("log", FILE, "--thread-id", hostile, "--from", last).stdout.splitlines() == of_thread[-1:]


def test_reading_leaves_the_store_as_it_is(chatdoc: Run, tmp_path: Path) -> None:
    """Neither the store nor its folder is touched, after a clean end and after a crash."""
    furnish(tmp_path)
    with opened(tmp_path / "office", seed=3) as document:
        document.create_thread(sender_id="ada", content="unfinished")
        shutil.copytree(tmp_path / "office", tmp_path / "crashed")
    for folder in ("office", "crashed"):
        before = seen(tmp_path / folder)
        assert "unfinished" in chatdoc("log", f"{folder}/team.chat").stdout
        assert seen(tmp_path / folder) == before


def test_a_type_of_the_future_is_shown_as_it_is(chatdoc: Run, tmp_path: Path) -> None:
    """An event that this program does not know is neither hidden nor refused."""
    work, _ = furnish(tmp_path)
    write_otherwise(
        tmp_path, "UPDATE orchestration_events SET event_type = 'thread.sung', payload_json = '{\"key\":\"A\"}'"
        " WHERE sequence = 3",
    )  # fmt: skip
    shown = chatdoc("log", FILE).stdout.splitlines()[2]
    assert "thread.sung" in shown
    assert shown.endswith('{"key":"A"}')
    told = json.loads(chatdoc("log", FILE, "--json", "--thread-id", work).stdout.splitlines()[1])
    assert (told["eventType"], told["payload"]) == ("thread.sung", {"key": "A"})


@pytest.mark.parametrize(
    ("spoil", "words", "kind"),
    [
        (change, "event 4 of document", "StoreDamaged"),
        (write_otherwise, "payload_json of event 4", "EventUndecodable"),
    ],
)
def test_a_damaged_payload_is_named_after_what_came_before_it(
    chatdoc: Run, tmp_path: Path, spoil: Callable[[Path, str], None], words: str, kind: str
) -> None:
    """Nothing is skipped: the events before it are printed, the error says which one it is, and the status is 1.

    Whether its bytes are not those that were appended, or say nothing that can be understood.
    """
    furnish(tmp_path)
    spoil(tmp_path, "UPDATE orchestration_events SET payload_json = '{\"threadId\"' WHERE sequence = 4")
    done = chatdoc("log", FILE)
    assert (done.returncode, len(done.stdout.splitlines())) == (1, 3)
    assert words in done.stderr
    told = chatdoc("log", FILE, "--json")
    *events, error = map(json.loads, told.stdout.splitlines())
    assert (told.returncode, [one["sequence"] for one in events]) == (1, [1, 2, 3])
    assert list(error) == ["ok", "error", "hint", "kind"]
    assert error["kind"] == kind
    followed = chatdoc("log", FILE, "--follow", "--from", "2")
    assert (followed.returncode, len(followed.stdout.splitlines())) == (1, 1)
    assert chatdoc("log", FILE, "--from", "4").returncode == 0


def test_a_file_that_was_never_opened_has_no_log(chatdoc: Run, legacy: Path, tmp_path: Path) -> None:
    """Without a store, and beside documents that have one, the error says to open it once, and nothing is made."""
    done = chatdoc("log", legacy.name)
    assert done.returncode == 1
    assert "open" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [legacy.name]
    furnish(tmp_path)
    (tmp_path / "office" / "other.chat").touch()
    told = chatdoc("log", "office/other.chat", "--json")
    assert (told.returncode, json.loads(told.stdout)["kind"]) == (1, "NoEventLog")


def test_an_unknown_thread_is_named(chatdoc: Run, tmp_path: Path) -> None:
    """Asking for a thread that is not there is an error, not silence."""
    furnish(tmp_path)
    done = chatdoc("log", FILE, "--thread-id", "nowhere")
    assert done.returncode == 1
    assert "no thread nowhere" in done.stderr


@pytest.mark.parametrize("how", [[], ["--follow"], ["--json"]])
def test_a_sequence_beyond_the_end_is_another_logs(chatdoc: Run, tmp_path: Path, how: list[str]) -> None:
    """Who followed from it would hear of nothing until the log has passed it, and would never know what he missed."""
    furnish(tmp_path)
    lines = chatdoc("log", FILE).stdout.splitlines()
    last = len(lines)
    done = chatdoc("log", FILE, "--from", str(last + 1), *how)
    assert done.returncode == 1
    assert f"this log ends with event {last}" in done.stderr
    if how != ["--follow"]:
        at_the_end = chatdoc("log", FILE, "--from", str(last), *how)
        assert (at_the_end.returncode, at_the_end.stdout) == (0, "")


@pytest.mark.parametrize(
    "arguments", [[], ["nowhere.chat"], [FILE, "--from", "-1"], [FILE, "--from", "first"], [FILE, "--tail"]]
)
def test_misuse_ends_with_status_2(chatdoc: Run, tmp_path: Path, arguments: list[str]) -> None:
    """A missing file, a sequence that is none and an unknown option are misuse."""
    (tmp_path / "office").mkdir()
    (tmp_path / FILE).touch()
    assert chatdoc("log", *arguments).returncode == 2


def test_following_shows_what_another_process_writes_and_ends_well(tmp_path: Path) -> None:
    """What is there, then what comes, each event once and at once; Ctrl-C ends with status 0 and no complaint."""
    work, _ = furnish(tmp_path)
    path = tmp_path / "office" / "team.chat"
    count = ask(tmp_path, "SELECT count(*) FROM orchestration_events")[0][0]
    with Followed(tmp_path, "log", FILE, "--follow") as followed:
        assert len(followed.lines(count)) == count
        for number in range(2):
            write_elsewhere(path, work, f"one {number}", f"two {number}")
            shown = followed.lines(2)
            assert [line.rpartition("  ")[2] for line in shown] == [
                f"user: one {number}",
                f"user: two {number}",
            ]
        assert followed.interrupt() == (0, "", [])


def test_following_one_thread_as_json_from_a_sequence(tmp_path: Path) -> None:
    """The filter and the beginning hold for what comes later, too."""
    work, hostile = furnish(tmp_path)
    count = ask(tmp_path, "SELECT count(*) FROM orchestration_events")[0][0]
    with Followed(
        tmp_path, "log", FILE, "--follow", "--json", "--thread-id", hostile, "--from", str(count - 1)
    ) as followed:
        (there,) = map(json.loads, followed.lines(1))
        write_elsewhere(tmp_path / "office" / "team.chat", work, "elsewhere")
        write_elsewhere(tmp_path / "office" / "team.chat", hostile, "here")
        (came,) = map(json.loads, followed.lines(1))
        assert (there["sequence"], came["sequence"]) == (count, count + 2)
        assert came["payload"]["text"] == "here"
        assert followed.interrupt() == (0, "", [])


def test_a_thread_that_is_renamed_meanwhile_is_shown_by_its_new_name(tmp_path: Path) -> None:
    """Titles are those of now, for threads that came later as well."""
    work, _ = furnish(tmp_path)
    count = ask(tmp_path, "SELECT count(*) FROM orchestration_events")[0][0]
    with Followed(tmp_path, "log", FILE, "--follow") as followed:
        followed.lines(count)
        with opened(tmp_path / "office", seed=3) as document:
            document.configure(work, updated_by="ada", name="Renamed")
            document.create_thread(sender_id="ada", content="Hello", name="Brand new")
        shown = followed.lines(3)
        assert shown[0].count("Renamed") == 2  # In its column, and as what the event says.
        assert "Brand new" in shown[1]
        assert followed.interrupt()[0] == 0
