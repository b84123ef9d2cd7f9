"""Who owns a document, when it is hot, and what servers say to each other about its commands."""

from __future__ import annotations

import random

import msgspec

from chatdoc.apps.server import forwarded
from chatdoc.apps.server.forwarded import Answer, Asked, Command, Done, Hello
from chatdoc.apps.server.heat import WINDOW_S, Heat
from chatdoc.apps.server.owner import owner_of

SERVERS = [f"server-{number}" for number in range(5)]
DOCUMENTS = [f"document-{number}" for number in range(1000)]


def test_all_agree_on_the_owner_whatever_the_order() -> None:
    """The owner is a matter of the names alone."""
    for document in DOCUMENTS[:50]:
        assert len({owner_of(document, some) for some in (SERVERS, SERVERS[::-1], set(SERVERS))}) == 1
    assert owner_of("document", []) is None
    assert owner_of("document-1", SERVERS) == "server-1", (
        "versions of this program that disagree batch nothing"
    )


def test_a_server_that_goes_moves_its_documents_only() -> None:
    """All others stay where they were, and its own are spread over those that are left."""
    before = {document: owner_of(document, SERVERS) for document in DOCUMENTS}
    left = SERVERS[1:]
    after = {document: owner_of(document, left) for document in DOCUMENTS}
    assert {one for one in DOCUMENTS if before[one] != after[one]} == {
        one for one in DOCUMENTS if before[one] == SERVERS[0]
    }
    for server in SERVERS:
        assert 100 < sum(owner == server for owner in before.values()) < 300
    for server in left:
        assert sum(after[one] == server for one in DOCUMENTS if before[one] == SERVERS[0]) > 10


def _heated(heat: Heat, *, commands: int, commits: int, windows: int = 3) -> bool:
    others = 0
    for window in range(windows):
        for number in range(commands):
            heat.note(10 + window * WINDOW_S + number * WINDOW_S / commands, others)
        others += commits
    return heat.is_hot


def test_hot_is_what_is_written_to_here_and_elsewhere() -> None:
    """One server alone has nobody to wait for, and one that seldom writes does not mind."""
    assert _heated(Heat(100), commands=60, commits=60)
    assert _heated(Heat(100), commands=60, commits=6), "whoever batches writes seldom"
    assert not _heated(Heat(100), commands=60, commits=0)
    assert not _heated(Heat(100), commands=40, commits=60)
    assert not _heated(Heat(0), commands=60, commits=60)


def test_a_document_is_not_hot_after_a_pause() -> None:
    """What was so before the pause says nothing."""
    heat = Heat(100)
    assert _heated(heat, commands=60, commits=60)
    heat.note(100.0, 10_000)
    assert not heat.is_hot


def test_an_owner_without_work_of_others_says_so() -> None:
    """Commands of one server alone are better carried out there."""
    heat = Heat(100)
    for _ in range(60):
        heat.note(1.0, 0, "left")
    assert not heat.besides("left")
    for _ in range(60):
        heat.note(1.1, 0)
    assert heat.besides("left")


def test_messages_come_back_as_they_were() -> None:
    """Each kind of message, with its parts."""
    command = Command(7, "send", {"content": "ä" * 50, "fields": {"a": [1, None, 2.5]}}, "id-7")
    part = forwarded.spelled(command)
    assert part is not None
    asked = forwarded.decode(forwarded.encode(Asked("owner", "me", [part])))
    assert isinstance(asked, Asked)
    assert forwarded.commands_of(asked) == [command]
    answers = [Answer(1, {"kind": "Message"}), Answer(2, None)]
    spelled = [one for answer in answers if (one := forwarded.spelled(answer)) is not None]
    done = forwarded.decode(forwarded.encode(Done("me", True, spelled)))
    assert isinstance(done, Done)
    assert forwarded.answers_of(done) == answers
    assert forwarded.decode(forwarded.encode(Hello("me", asks=True))) == Hello("me", asks=True)


def test_what_is_too_long_or_cannot_be_spelled_is_not_sent() -> None:
    """The server carries it out itself then."""
    assert forwarded.spelled(Command(1, "send", {"content": "a" * 5000}, "id")) is None
    assert forwarded.spelled(Command(1, "send", {"number": 2**70}, "id")) is None


def test_messages_are_never_longer_than_what_can_be_said() -> None:
    """However long their parts are, all come, in order."""
    choose = random.Random(5)
    parts = []
    for number in range(300):
        part = forwarded.spelled(Command(number, "send", {"content": "a" * choose.randrange(4000)}, "id"))
        assert part is not None
        parts.append(part)
    came = []
    for group in forwarded.grouped(parts):
        message = forwarded.encode(Asked("0" * 36, "1" * 36, group))
        assert len(message) <= forwarded.MESSAGE_BYTES_MAX
        asked = forwarded.decode(message)
        assert isinstance(asked, Asked)
        came += [one.number for one in forwarded.commands_of(asked)]
    assert came == list(range(300))


def test_messages_of_other_programs_are_no_messages() -> None:
    """Whatever comes is read or left, and no part of it breaks the rest."""
    choose = random.Random(3)
    whole = forwarded.encode(Asked("owner", "me", [msgspec.Raw(msgspec.msgpack.encode(["x"]))]))
    asked = forwarded.decode(whole)
    assert isinstance(asked, Asked)
    assert forwarded.commands_of(asked) == []
    for _ in range(2000):
        damaged = bytearray(whole)
        damaged[choose.randrange(len(whole))] = choose.randrange(256)
        found = forwarded.decode(bytes(damaged[: choose.randrange(1, len(whole) + 1)]))
        if isinstance(found, Asked):
            assert len(forwarded.commands_of(found)) <= len(found.commands)
