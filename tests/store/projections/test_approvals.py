"""A request for leave is pending from the moment it is asked until the first answer, and resolved ever after."""

from __future__ import annotations

from typing import Any

import pytest

from chatdoc.model.events.types import ActivityAppended, ApprovalResponded
from tests.store.projections.world import World, activity, moment, project, thread

ROW = "SELECT request_id, status, decision, resolved_at FROM projection_pending_approvals"


def about(kind: str, at: int = 1, **payload: Any) -> ActivityAppended:
    """An activity about the request `r`."""
    said = {"requestId": "r", **payload}
    return activity(f"{kind}@{at}", kind, turn="a1", tone="approval", payload=said, at=at)


def answered(at: int = 5) -> ApprovalResponded:
    """Somebody accepts."""
    return ApprovalResponded(thread_id="t", request_id="r", decision="accept", created_at=moment(at))


def asked() -> World:
    """A thread whose agent asked for leave."""
    return World(project(), thread(), about("approval.requested"))


def test_request_opens_a_pending_approval() -> None:
    """It names its turn and when it was asked."""
    world = asked()
    assert world.rows(ROW) == [("r", "pending", None, None)]
    found = world.rows("SELECT thread_id, turn_id, created_at FROM projection_pending_approvals")
    assert found == [("t", "a1", moment(1))]


def test_request_id_may_stand_in_the_metadata() -> None:
    """Providers that do not repeat it in the payload are understood."""
    world = World(project(), thread())
    world.happen(activity("x", "approval.requested"), metadata={"requestId": "r"})
    assert world.rows(ROW) == [("r", "pending", None, None)]


@pytest.mark.parametrize("kind", ["tool.started", "tool.completed", "runtime.error"])
def test_only_a_request_opens_an_approval(kind: str) -> None:
    """Another activity may name a request without asking for anything."""
    world = World(project(), thread(), about(kind))
    assert world.rows(ROW) == []


def test_answer_resolves_the_request() -> None:
    """With the decision and its moment."""
    world = asked()
    world.happen(answered(at=5))
    assert world.rows(ROW) == [("r", "resolved", "accept", moment(5))]


def test_resolved_stays_resolved() -> None:
    """Neither a repeated request nor a second answer opens or changes it."""
    world = asked()
    world.happen(answered(at=5), about("approval.requested", at=6))
    world.happen(about("approval.resolved", at=7, decision="decline"))
    assert world.rows(ROW) == [("r", "resolved", "accept", moment(5))]


def test_agent_may_say_that_a_request_is_resolved() -> None:
    """The decision is the one the agent names."""
    world = asked()
    world.happen(about("approval.resolved", at=3, decision="decline"))
    assert world.rows(ROW) == [("r", "resolved", "decline", moment(3))]


def test_expired_request_is_resolved_as_expired() -> None:
    """Nobody answered in time, and the row says so."""
    world = asked()
    world.happen(about("approval.resolved", at=9, decision="expired"))
    assert world.rows(ROW) == [("r", "resolved", "expired", moment(9))]


def test_answer_to_a_request_nobody_saw_is_kept() -> None:
    """A request that is told late finds its answer."""
    world = World(project(), thread())
    world.happen(answered(at=5), about("approval.requested", at=6))
    assert world.rows(ROW) == [("r", "resolved", "accept", moment(5))]


@pytest.mark.parametrize(
    "detail",
    [
        "Stale pending approval request: r",
        "unknown pending approval request",
        "Unknown pending permission request r",
        "request r is stale",
    ],
)
def test_clears_stale_pending_approvals(detail: str) -> None:
    """An agent that no longer knows the request will never take an answer."""
    world = asked()
    world.happen(about("provider.approval.respond.failed", at=4, detail=detail))
    assert world.rows(ROW) == [("r", "resolved", None, moment(4))]


@pytest.mark.parametrize(
    "detail", ["connection reset", "unknown error while sending the request", "stale cache", None, 7]
)
def test_ignores_failures_that_are_not_stale(detail: object) -> None:
    """The answer can be given again."""
    world = asked()
    world.happen(about("provider.approval.respond.failed", at=4, detail=detail))
    assert world.rows(ROW) == [("r", "pending", None, None)]


def test_stale_failure_opens_nothing() -> None:
    """A failure about a request that was never asked here leaves no row."""
    world = World(project(), thread())
    world.happen(about("provider.approval.respond.failed", detail="unknown pending approval request"))
    assert world.rows(ROW) == []
