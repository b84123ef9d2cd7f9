"""What is asked of the event log is looked at before the store is: each error says which argument it is about."""

from __future__ import annotations

from chatdoc.commands.values import NUMBER_MAX, require_name, require_number, shortly
from chatdoc.errors import CommandRefused


def require_sequence(name: str, sequence: object) -> None:
    """Raise CommandRefused unless this can be the sequence of an event, or 0 for the beginning of the log."""
    if type(sequence) is not int or not 0 <= sequence <= NUMBER_MAX:
        raise CommandRefused(
            f"{name}: expected the sequence of an event, or 0, got {shortly(sequence)}",
            hint="An event has its own in `sequence`, a snapshot that of its last one in `snapshot_sequence`",
        )


def require_limit(limit: object) -> None:
    """Raise CommandRefused unless this is None or a number of turns."""
    if limit is not None:
        require_number("limit", limit, "turns")


def require_place(thread_id: object, from_turn: object, to_turn: object) -> None:
    """Raise CommandRefused unless these can name two checkpoints of a thread."""
    require_name("thread_id", thread_id)
    require_number("from_turn", from_turn, "turns")
    require_number("to_turn", to_turn, "turns")


def require_flag(name: str, flag: object) -> None:
    """Raise CommandRefused unless this is True or False: what cannot be taken back is not read out of a None."""
    if type(flag) is not bool:
        raise CommandRefused(f"{name}: expected True or False, got {shortly(flag)}")
