"""What is told of messages: each change that shows, as what it is, and nothing that does not show."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from chatdoc.model.clock import iso
from chatdoc.model.events.types import (
    MessageDeleted,
    MessageEdited,
    MessageRestored,
    MessageSent,
    TurnStartRequested,
    TurnStartWithdrawn,
)
from chatdoc.model.facts import Fact
from chatdoc.model.ids import RevisionId, derive
from tests.model.events.making import (
    ANSWER,
    ASK,
    NOW,
    OVER,
    STAMPED,
    T,
    Told,
    mark,
    message,
    piece,
    revision,
    setting,
    thread,
    writing,
)
from tests.model.view.raw import THREADS


def said(text: str = "Hi", updated_ms: int = 2_000) -> MessageSent:
    """The question, as sent."""
    return MessageSent(
        thread_id=T,
        message_id=ASK,
        role="user",
        text=text,
        created_at=iso(2_000),
        updated_at=iso(updated_ms),
    )


def answered(text: str, *, streaming: bool = True, updated_at: str = NOW) -> MessageSent:
    """The answer, as it comes."""
    return MessageSent(
        thread_id=T,
        message_id=ANSWER,
        role="assistant",
        text=text,
        turn_id=ANSWER,
        streaming=streaming,
        created_at=iso(3_000),
        updated_at=updated_at,
    )


def edited(text: str, message_id: str = ASK, at: str = iso(6_000)) -> MessageEdited:
    """Another text."""
    return MessageEdited(thread_id=T, message_id=message_id, text=text, updated_at=at)


def test_header_tells_of_a_message_sent() -> None:
    """A message comes with its role, text and date."""
    assert Told(thread()).tell(message()) == [said()]


def test_message_sent_shows_its_newest_text() -> None:
    """A revision that came before its header tells nothing; then the message is sent as it shows."""
    told = Told(thread())
    assert told.tell(revision("Hello")) == []
    assert told.tell(message()) == [said("Hello", 6_000)]


def test_revision_that_shows_tells_of_an_edit() -> None:
    """An edit is told with the text now shown."""
    assert Told(thread(), message()).tell(revision("Hello")) == [edited("Hello")]


def test_revision_below_the_newest_tells_nothing() -> None:
    """An edit that comes late and does not show is not told."""
    assert Told(thread(), message(), revision("Hello", 2)).tell(revision("older", 1)) == []


def test_of_two_revisions_with_one_id_the_one_shown_is_told() -> None:
    """Copies that met may hold two texts under one id; authors do not decide which shows, the texts do."""
    told = Told(thread(), message(), revision("two", author_id="ada"))
    assert told.tell(revision("one", author_id="bob")) == []
    shown = told.view.message(ASK)
    assert shown is not None
    assert shown.content == "two"
    assert Told(thread(), message(), revision("one", author_id="bob")).tell(revision("two")) == [
        edited("two")
    ]


def test_edit_to_nothing_is_an_edit() -> None:
    """An empty text is a text; only an edit can say so."""
    assert Told(thread(), message()).tell(revision("")) == [edited("")]


def test_variant_of_a_header_that_shows_is_told() -> None:
    """Of copies whose first texts differ the later shows: an edit, or nothing."""
    later = message(content="Ho", revision_id=RevisionId(derive("revision", 8_000)))
    assert Told(thread(), message(content="Hi")).tell(later) == [edited("Ho", at=iso(2_000))]
    assert Told(thread(), later).tell(message(content="Hi")) == []


def test_placeholder_gives_way_to_the_real_message() -> None:
    """The one that was said takes the place of the one that nobody said, never the other way round."""
    placeholder = message(ASK, "", "", assumed=True, fields={"placeholder": "missing root"})
    told = Told(thread())
    assert [one.role for one in told.tell(placeholder) if isinstance(one, MessageSent)] == ["system"]
    assert told.tell(message()) == [msgspec.structs.replace(said(), updated_at=NOW)]
    assert Told(thread(), message()).tell(placeholder) == []


def test_message_that_goes_elsewhere_leaves_and_is_sent_there() -> None:
    """The header not assumed may place a message in another thread: gone here, sent there, waiting there."""
    told = Told(
        thread(), message(assumed=True, thread_id=THREADS[0]), revision("Hello"), mark("acp_state", "queued")
    )
    assert told.tell(message()) == [
        MessageDeleted(thread_id=THREADS[0], message_id=ASK, deleted_at=NOW),
        said("Hello", 6_000),
        TurnStartWithdrawn(thread_id=THREADS[0], message_id=ASK, created_at=NOW),
        TurnStartRequested(thread_id=T, message_id=ASK, created_at=STAMPED),
    ]


def test_revision_that_ends_a_stream_completes_the_message() -> None:
    """Text and end in one change are one event, not an edit besides."""
    told = Told(thread(), writing(), piece(0, "Hel"))
    end = [revision("Hello", message_id=ANSWER), mark("generating", False, message_id=ANSWER)]
    assert told.tell(*end) == [answered("Hello", streaming=False, updated_at=iso(6_000)), OVER]


def test_stream_that_ends_without_a_text_shows_nothing_and_tells_so() -> None:
    """What was streamed and became no revision is not shown any more; an empty completion alone would keep it."""
    told = Told(thread(), writing(), piece(0, "Hel"))
    assert told.tell(mark("generating", False, message_id=ANSWER)) == [
        answered("", streaming=False, updated_at=iso(3_000)),
        edited("", ANSWER, iso(3_000)),
        OVER,
    ]


def test_stream_that_ended_before_its_mark_was_removed_is_told_as_ended() -> None:
    """The mark that began a stream may be gone by the time its end is told."""
    told = Told(thread(), message(ANSWER, "", "codex"), mark("generating", True, 1, ANSWER), piece(0, "Hel"))
    told.view.marks[ANSWER]["generating"].clear()
    assert told.tell(revision("Hello", message_id=ANSWER), mark("generating", False, 2, ANSWER)) == [
        answered("Hello", streaming=False, updated_at=iso(6_000))
    ]


def test_message_that_begins_to_be_written_again_is_told_whole() -> None:
    """What an earlier stream told of is replaced, not gone on with."""
    told = Told(thread(), message(ANSWER, "Hi", "codex"))
    assert told.tell(mark("generating", True, message_id=ANSWER), piece(0, "!")) == [
        answered("", updated_at=iso(3_000)),
        edited("Hi!", ANSWER, iso(3_000)),
    ]


def test_long_stream_is_told_in_a_handful_of_events() -> None:
    """A reply of 3,000 pieces makes fifteen events, each with what came since the last."""
    told = Told(thread(), writing())
    events = [event for seq in range(3_000) for event in told.tell(piece(seq, f"{seq} "))]
    ends = [*range(13), 48, 192, 768]
    assert events == [
        answered("".join(f"{seq} " for seq in range(start, end))) for start, end in pairwise(ends)
    ]


def test_pieces_that_come_in_disorder_are_told_in_order() -> None:
    """A piece beyond a gap waits for what goes before it; a gap that closes tells all that is due."""
    told = Told(thread(), writing())
    assert told.tell(piece(1, "b"), piece(2, "c"), piece(3, "d")) == []
    assert told.tell(piece(0, "a")) == [answered("abcd")]
    assert told.tell(piece(5, "f")) == []


def test_second_text_of_a_piece_that_was_told_is_an_edit() -> None:
    """Of two texts of a piece the smaller shows; where another one was told it is corrected."""
    told = Told(thread(), writing(), piece(0, "b"))
    assert told.tell(piece(0, "c")) == []
    assert told.tell(piece(0, "a")) == [edited("a", ANSWER, iso(3_000))]


def test_piece_of_a_finished_message_tells_nothing() -> None:
    """Late text of a stream is not shown."""
    assert Told(thread(), message(ANSWER, "Hi", "codex")).tell(piece(0, "!")) == []


def test_deletion_and_restoration_are_told() -> None:
    """A deleted message goes; restored, it is told again with its present text."""
    told = Told(thread(), message())
    assert told.tell(mark("deleted", True, 1)) == [
        MessageDeleted(thread_id=T, message_id=ASK, deleted_at=STAMPED)
    ]
    assert told.tell(revision("Hello")) == []
    assert told.tell(mark("deleted", False, 2)) == [
        MessageRestored(
            thread_id=T,
            message_id=ASK,
            role="user",
            text="Hello",
            created_at=iso(2_000),
            restored_at=STAMPED,
        )
    ]


def test_deletion_with_a_lower_stamp_tells_nothing() -> None:
    """What was undone later and comes late changes nothing."""
    assert Told(thread(), message(), mark("deleted", False, 2)).tell(mark("deleted", True, 1)) == []


def test_message_that_comes_deleted_is_sent_and_deleted() -> None:
    """The log has what was said, the reader does not see it."""
    told = Told(thread(), mark("deleted", True))
    assert told.tell(message()) == [said(), MessageDeleted(thread_id=T, message_id=ASK, deleted_at=STAMPED)]


def test_message_that_waits_for_a_turn_asks_for_it() -> None:
    """A queued message causes the request, with what the thread is set to."""
    told = Told(thread(), setting("acp_config.model", "gpt"), setting("acp_config.reasoning", "high"))
    drafts = told.drafts(message(), mark("acp_send_mode", "immediate"), mark("acp_state", "queued"))
    assert [one.payload for one in drafts] == [
        said(),
        TurnStartRequested(
            thread_id=T,
            message_id=ASK,
            send_mode="immediate",
            model="gpt",
            effort="high",
            created_at=STAMPED,
        ),
    ]
    assert [one.cause for one in drafts] == [-1, 0]


def test_message_that_waits_no_more_withdraws_its_request() -> None:
    """Withdrawn or started, it has left the queue; so it has when it is deleted, and is back when restored."""
    told = Told(thread(), message(), mark("acp_state", "queued", 1))
    gone = TurnStartWithdrawn(thread_id=T, message_id=ASK, created_at=STAMPED)
    assert told.tell(mark("deleted", True, 1))[1:] == [gone]
    assert told.tell(mark("deleted", False, 2))[1:] == [
        TurnStartRequested(thread_id=T, message_id=ASK, created_at=STAMPED)
    ]
    assert told.tell(mark("acp_state", None, 2)) == [gone]


def test_queue_of_an_old_file_is_history() -> None:
    """A row that says it is queued, in its fields, waits for nobody."""
    assert Told(thread()).tell(message(fields={"acp_state": "queued"})) == [said()]


@pytest.mark.parametrize(
    "fact",
    [mark("acp_send_mode", "immediate"), mark("reply_to_message_id", None), mark("colour", "red")],
    ids=lambda fact: fact.field,
)
def test_marks_that_no_row_shows_tell_nothing(fact: Fact) -> None:
    """How a message is sent, what it replies to and fields of other software are the document's alone."""
    assert Told(thread(), message()).tell(fact) == []


def test_message_that_jumps_the_queue_is_asked_for_again() -> None:
    """The log alone says that it goes before the others."""
    told = Told(thread(), message(), mark("acp_state", "queued"))
    (again,) = told.tell(mark("acp_send_mode", "immediate"))
    assert isinstance(again, TurnStartRequested)
    assert again.send_mode == "immediate"


def test_message_turns_out_to_be_an_agents() -> None:
    """The first trace of an agent changes the role, and names the turn."""
    told = Told(thread(), message(ANSWER, "Hello", "codex"))
    assert told.tell(mark("acp_usage", {"total_tokens": 1}, message_id=ANSWER)) == [
        answered("Hello", streaming=False)
    ]
    assert told.tell(mark("acp_thread_id", "s", message_id=ANSWER)) == []


def test_messages_of_one_change_come_by_date() -> None:
    """Whatever order the facts stood in."""
    sent = Told(thread()).tell(message(ANSWER), message(ASK))
    assert [one.message_id for one in sent if isinstance(one, MessageSent)] == [ASK, ANSWER]
