"""What became of updates and calls, told to who waits for it: answers, acknowledgements, refusals, what to remove."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from chatdoc.apps.server import wire
from chatdoc.apps.server.admission import Refused
from chatdoc.apps.server.batch import Finished, Outcome
from chatdoc.apps.server.broadcast import Held
from chatdoc.apps.server.closing_codes import DESTROYS
from chatdoc.apps.server.limits import Limits
from chatdoc.apps.server.member import Member
from chatdoc.apps.server.metrics import Metrics

Told = Outcome | Finished | Held


def tell(told: Iterable[Told], limits: Limits, metrics: Metrics) -> None:
    """Tell everybody what became of what they asked, in order."""
    for one in told:
        if isinstance(one, Finished):
            answer(one)
        elif isinstance(one, Held):
            one.member.held -= 1
            one.member.outbox.put(one.message, one.frame)
        else:
            _settle(one, limits, metrics)


def answer(finished: Finished) -> None:
    """Give a call its answer or its error."""
    waiting = finished.call.answer
    if not waiting.done():
        if finished.error is not None:
            waiting.set_exception(finished.error)
        else:
            waiting.set_result(finished.value)


def _settle(one: Outcome, limits: Limits, metrics: Metrics) -> None:
    member = one.change.member
    member.unhandled_bytes -= len(one.change.update)
    if member.unhandled_bytes <= limits.unhandled_bytes_max:
        member.room_for_more.set()
    if one.remove:
        member.send(wire.update(wire.delete_set(one.remove)))
    if one.wanted is not None and one.wanted != member.asked:
        member.asked = one.wanted
        member.send(wire.step_1(one.wanted))
    member.acknowledge(one.is_applied)
    if one.refused:
        _refuse(member, one.refused, limits, metrics)
    if one.quarrels:
        member.close(DESTROYS, "this client destroys again and again what is put back")


def _refuse(member: Member, refused: tuple[Refused, ...], limits: Limits, metrics: Metrics) -> None:
    for one in refused:
        metrics.refused.labels(one.code).inc()
    if refused[0].code == "read_only":
        if member.was_told_read_only:
            return
        member.was_told_read_only = True
    text = msgspec.json.encode({"type": "update_refused", "refused": refused[:16]}).decode()
    member.refuse(text, limits.refused_updates_max)
