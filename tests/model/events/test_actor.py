"""Who caused an event is told from its command id, then its metadata."""

from __future__ import annotations

import pytest

from chatdoc.model.commands.stable_id import stable_id
from chatdoc.model.events.attribution import PROVIDER_IDS, actor_kind, metadata_of


@pytest.mark.parametrize(
    ("command_id", "metadata", "actor"),
    [
        ("provider:codex:1", {}, "provider"),
        ("server:checkpoint:1", {}, "server"),
        ("server:checkpoint:1", {"providerTurnId": "x"}, "server"),
        ("provider:codex:1", {"origin": "migration"}, "provider"),
        *[("mine", {name: "x"}, "provider") for name in PROVIDER_IDS],
        *[(None, {name: "x"}, "provider") for name in PROVIDER_IDS],
        ("mine", {"providerTurnId": None}, "client"),
        ("mine", {"requestId": "x", "adapterKey": "codex", "origin": "mine"}, "client"),
        ("my-provider:1", {}, "client"),
        (None, {"origin": "peer 2"}, "server"),
        (None, {}, "server"),
    ],
)
def test_actor_follows_from_command_id_and_metadata(
    command_id: str | None, metadata: dict[str, object], actor: str
) -> None:
    """The prefix of the command id goes before ids of a provider, these before there being no command."""
    assert actor_kind(command_id, metadata) == actor


def test_metadata_says_where_an_event_came_from() -> None:
    """The origin is always there and first; what is not known is left out, and nothing known takes its place."""
    known = {"providerTurnId": "x", "origin": "somebody else", "requestId": None}
    assert list(metadata_of("peer", known).items()) == [("origin", "peer"), ("providerTurnId", "x")]
    assert metadata_of("repair") == {"origin": "repair"}


def test_redelivered_command_has_the_same_id() -> None:
    """The id follows from what is said, is the same in every process, and tells who speaks."""
    said = stable_id("provider:codex", "session-1", "item-9", "completed", 3)
    assert said == stable_id("provider:codex", "session-1", "item-9", "completed", 3)
    assert said == "provider:codex:6c608f4f4b91cb787461d170b1a714fe"
    assert actor_kind(said, {}) == "provider"


def test_what_differs_has_another_id() -> None:
    """Parts are not run together, and a number is no text."""
    said = [("a", "bc"), ("ab", "c"), ("abc",), ("a", "b", "c"), (1,), ("1",), ("",), ("", ""), ("a\x00b",)]
    ids = {stable_id("provider:codex", *parts) for parts in said}
    assert len(ids | {stable_id("provider:claude", "a", "bc")}) == len(said) + 1


def test_id_of_nothing_is_refused() -> None:
    """An id without parts would be the same for everything the process says."""
    with pytest.raises(ValueError, match="at least one part"):
        stable_id("provider:codex")
    with pytest.raises(ValueError, match="expected a prefix"):
        stable_id("", "a")
