"""A revert hides what came after a number of turns, and undoing it shows the same rows again."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from chatdoc.model.events.types import (
    MessageDeleted,
    MessageEdited,
    MessageRestored,
    Payload,
    Reverted,
    RevertUndone,
    TurnStartRequested,
    TurnStartWithdrawn,
)
from tests.examples import examples
from tests.store.projections.histories import histories
from tests.store.projections.world import (
    World,
    activity,
    answer,
    checkpoint,
    message,
    moment,
    project,
    session,
    thread,
    whole_turn,
)

MESSAGES = "SELECT message_id FROM projection_thread_messages WHERE thread_id = 't' ORDER BY message_id"
LATEST = "SELECT latest_turn_id FROM projection_threads WHERE thread_id = 't'"


def turns(*numbers: int) -> World:
    """A thread with these turns, whole."""
    return World(project(), thread(), *(one for number in numbers for one in whole_turn(number)))


def back_to(count: int) -> Reverted:
    """The thread is taken back to so many turns."""
    return Reverted(thread_id="t", turn_count=count)


def undone(sequence: int) -> RevertUndone:
    """A revert is taken back."""
    return RevertUndone(thread_id="t", revert_sequence=sequence)


def test_prunes_reverted_turn_messages() -> None:
    """Question and answer of a turn that is kept stay, those of later turns are hidden."""
    world = turns(1, 2, 3)
    world.happen(back_to(1))
    assert world.rows(MESSAGES) == ["a1", "u1"]


def test_revert_prunes_activities_checkpoints_and_turns() -> None:
    """Each by its turn; what no turn did stays."""
    world = turns(1, 2)
    world.happen(activity("free"))
    world.happen(back_to(1))
    rows = "SELECT activity_id FROM projection_thread_activities ORDER BY activity_id"
    assert world.rows(rows) == ["act1", "free"]
    assert world.rows("SELECT turn_id FROM projection_checkpoints") == ["a1"]
    assert world.rows("SELECT turn_id FROM projection_thread_turns") == ["a1"]


def test_revert_keeps_messages_of_the_system() -> None:
    """They belong to the thread, not to a turn."""
    world = turns(1)
    world.happen(message("sys", role="system", at=99), message("later", at=99))
    world.happen(back_to(0))
    assert world.rows(MESSAGES) == ["sys"]


def test_question_of_a_kept_turn_stays_before_earlier_messages() -> None:
    """Which message a turn answered is known, so it is not guessed from the order."""
    world = World(project(), thread(), message("chat", at=1), *whole_turn(1), *whole_turn(2))
    world.happen(back_to(1))
    assert world.rows(MESSAGES) == ["a1", "u1"]


def test_turn_without_a_checkpoint_is_hidden_by_any_revert() -> None:
    """It came after every turn that counts."""
    world = turns(1)
    world.happen(session("running", "a9"), answer("a9", "x", turn="a9"))
    world.happen(back_to(1))
    assert world.rows("SELECT turn_id FROM projection_thread_turns") == ["a1"]
    assert world.rows(MESSAGES) == ["a1", "u1"]


def test_message_that_was_told_again_goes_on_in_sight() -> None:
    """A deletion that is taken back shows the message, whatever a revert had hidden; what follows is shown too."""
    world = turns(1)
    world.happen(answer("m5", "five", at=50))
    sequence = world.happen(back_to(1))
    back = MessageRestored(
        thread_id="t",
        message_id="m5",
        role="assistant",
        text="five",
        created_at=moment(50),
        restored_at=moment(51),
    )
    world.happen(back, answer("m5", " six", at=52))
    assert world.rows("SELECT text FROM projection_thread_messages WHERE message_id = 'm5'") == ["five six"]
    world.happen(undone(sequence))
    assert world.rows("SELECT text FROM projection_thread_messages WHERE message_id = 'm5'") == ["five six"]


def test_does_not_fallback_retain_messages_whose_turn_id_is_removed_by_revert() -> None:
    """A message that names a hidden turn goes with it, even when fewer messages than turns are left."""
    world = World(project(), thread())
    world.happen(checkpoint("a1", 1), checkpoint("a2", 2))
    world.happen(message("u2", turn="a2", at=1), answer("a2", "x", turn="a2", streaming=False, at=2))
    world.happen(back_to(1))
    assert world.rows(MESSAGES) == []


def test_earliest_messages_without_a_turn_make_up_the_number() -> None:
    """Old threads did not say which turn a message was of; as many questions and answers stay as turns."""
    world = World(project(), thread(), checkpoint("x1", 1), checkpoint("x2", 2))
    world.happen(*(message(f"u{number}", at=number) for number in (1, 2, 3)))
    world.happen(*(answer(f"b{number}", "x", streaming=False, at=number) for number in (1, 2, 3)))
    world.happen(back_to(2))
    assert world.rows(MESSAGES) == ["b1", "b2", "u1", "u2"]


def test_revert_leaves_other_threads_alone() -> None:
    """Turns of the same count in another thread stay."""
    world = turns(1, 2)
    world.happen(thread("s"), message("other", thread_id="s"))
    world.happen(back_to(0))
    assert world.rows("SELECT message_id FROM projection_thread_messages") == ["other"]


def test_latest_turn_falls_back_to_the_last_kept_checkpoint() -> None:
    """None when no checkpoint is kept."""
    world = turns(1, 2, 3)
    world.happen(back_to(2))
    assert world.rows(LATEST) == ["a2"]
    world.happen(back_to(0))
    assert world.rows(LATEST) == [None]


def test_undone_revert_shows_the_same_rows_again() -> None:
    """Messages, activities, turns, checkpoints, waiting starts and the latest turn."""
    world = turns(1, 2, 3)
    world.happen(TurnStartRequested(thread_id="t", message_id="u4", created_at=moment(50)))
    before = world.tables()
    sequence = world.happen(back_to(1))
    assert world.rows("SELECT count(*) FROM reverted_rows") == [2 * 2 + 2 + 2 + 2 + 1 + 1]
    world.happen(undone(sequence))
    assert without_moments(world) == without_moments_of(before)
    assert world.rows("SELECT count(*) FROM reverted_rows") == [0]


def test_reverts_are_undone_one_by_one() -> None:
    """Each brings back what it hid itself."""
    world = turns(1, 2, 3)
    first = world.happen(back_to(2))
    second = world.happen(back_to(1))
    world.happen(undone(second))
    assert world.rows(MESSAGES) == ["a1", "a2", "u1", "u2"]
    world.happen(undone(first))
    assert world.rows(MESSAGES) == ["a1", "a2", "a3", "u1", "u2", "u3"]


def test_hidden_message_follows_its_changes_out_of_sight() -> None:
    """What is edited, streamed or deleted while it is hidden stays hidden, and comes back as it is by then."""
    world = turns(1, 2)
    world.happen(message("m5", "five", at=50), message("m6", "six", at=60))
    sequence = world.happen(back_to(1))
    shown = world.rows(MESSAGES)
    world.happen(
        answer("a2", " and more", turn="a2", at=70),
        MessageEdited(thread_id="t", message_id="m5", text="cinq", updated_at=moment(71)),
        MessageDeleted(thread_id="t", message_id="m6", deleted_at=moment(72)),
    )
    assert world.rows(MESSAGES) == shown
    world.happen(undone(sequence))
    found = dict(world.rows("SELECT message_id, text FROM projection_thread_messages"))
    assert found == {"u1": "ask 1", "a1": "done 1", "u2": "ask 2", "a2": "done 2 and more", "m5": "cinq"}
    assert world.tables() == world.rebuilt()


def test_start_that_is_withdrawn_while_hidden_does_not_come_back() -> None:
    """Nobody waits for it any more."""
    world = turns(1)
    world.happen(TurnStartRequested(thread_id="t", message_id="u2", created_at=moment(50)))
    sequence = world.happen(back_to(1))
    world.happen(TurnStartWithdrawn(thread_id="t", message_id="u2", created_at=moment(51)))
    world.happen(undone(sequence))
    assert world.rows("SELECT message_id FROM pending_turn_starts") == []


def test_start_that_was_asked_for_again_and_withdrawn_does_not_come_back() -> None:
    """Of the wish that is shown and the one that a revert hides, both are withdrawn."""
    world = turns(1)
    wanted = TurnStartRequested(thread_id="t", message_id="u2", created_at=moment(50))
    world.happen(wanted)
    sequence = world.happen(back_to(1))
    world.happen(wanted, TurnStartWithdrawn(thread_id="t", message_id="u2", created_at=moment(51)))
    world.happen(undone(sequence))
    assert world.rows("SELECT message_id FROM pending_turn_starts") == []


def test_start_that_is_taken_while_hidden_does_not_come_back() -> None:
    """The turn that answers it has started, whatever is shown."""
    world = turns(1)
    world.happen(TurnStartRequested(thread_id="t", message_id="u2", created_at=moment(50)))
    sequence = world.happen(back_to(1))
    world.happen(session("running", "a2", user="u2"), undone(sequence))
    assert world.rows("SELECT message_id FROM pending_turn_starts") == []


def test_row_that_two_reverts_hid_is_kept_for_both() -> None:
    """A start asked for again after a revert and hidden once more does not push the first one out."""
    wanted = TurnStartRequested(thread_id="t", message_id="u9", created_at=moment(50))
    world = turns(1)
    world.happen(wanted)
    first = world.happen(back_to(1))
    world.happen(wanted)
    second = world.happen(back_to(1))
    world.happen(undone(second), undone(first))
    assert world.rows("SELECT message_id, sequence FROM pending_turn_starts") == [("u9", 12)]
    assert world.rows("SELECT count(*) FROM reverted_rows") == [0]


def test_place_taken_since_the_revert_stays_taken() -> None:
    """The new second turn keeps its count and checkpoint; the old one comes back without a count."""
    world = turns(1, 2)
    sequence = world.happen(back_to(1))
    world.happen(session("running", "new"), checkpoint("new", 2))
    world.happen(undone(sequence))
    found = world.rows("SELECT turn_id, turn_count FROM projection_thread_turns ORDER BY turn_id")
    assert found == [("a1", 1), ("a2", None), ("new", 2)]
    assert world.rows("SELECT turn_id FROM projection_checkpoints ORDER BY checkpoint_turn_count") == [
        "a1",
        "new",
    ]
    assert world.rows(LATEST) == ["new"]


def test_undoing_what_was_no_revert_does_nothing() -> None:
    """Nor does undoing a revert of another thread, or one revert twice."""
    world = turns(1, 2)
    sequence = world.happen(back_to(1))
    world.happen(undone(1), RevertUndone(thread_id="s", revert_sequence=sequence))
    assert world.rows(MESSAGES) == ["a1", "u1"]
    world.happen(undone(sequence), undone(sequence))
    assert world.rows(MESSAGES) == ["a1", "a2", "u1", "u2"]


@settings(max_examples=examples(60), deadline=None)
@given(histories(), st.integers(0, 3))
def test_revert_and_its_undoing_leave_no_trace(batches: list[list[Payload]], count: int) -> None:
    """After any history, every row is as it was, but for the thread's moment."""
    world = World()
    for batch in batches:
        world.happen(*batch)
    before = world.tables()
    world.happen(undone(world.happen(back_to(count))))
    assert without_moments(world) == without_moments_of(before)


def without_moments(world: World) -> dict[str, list[object]]:
    """All rows but the states and the threads' moments."""
    return without_moments_of(world.tables())


def without_moments_of(tables: dict[str, list[tuple[object, ...]]]) -> dict[str, list[object]]:
    """The same of tables read before."""
    kept: dict[str, list[object]] = {name: list(rows) for name, rows in tables.items()}
    kept["projection_state"] = []
    kept["projection_threads"] = [(*row[:8], *row[9:]) for row in tables["projection_threads"]]
    return kept
