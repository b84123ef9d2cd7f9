"""Whatever an agent says, saying it again, at once, later or after a restart, adds nothing to document and log."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from chatdoc.apps.provider.ingestion import Ingestion
from chatdoc.apps.provider.runtime_event import RuntimeEvent
from chatdoc.model.errors import CommandRefused
from chatdoc.testing.clocks import ManualClock
from tests.apps.provider.saying import said
from tests.event_view.workplace import ask, folded, opened
from tests.examples import examples

RESTART = "restart"
Step = tuple[str, str | None, dict[str, object]]

_TURNS = st.sampled_from(["t-1", "t-2"])
_TEXTS = st.sampled_from(["", "a", "ab", "b", "the end"])
_ITEMS = st.sampled_from(["i", "j"])


def _step(
    kind: str, turn: st.SearchStrategy[str | None] = _TURNS, **given: st.SearchStrategy[object]
) -> st.SearchStrategy[Step]:
    return st.tuples(st.just(kind), turn, st.fixed_dictionaries(given))


STEPS: st.SearchStrategy[Step] = st.one_of(
    _step("session.started", st.none(), provider_session_id=st.just("s-1"), provider_thread_id=st.just("th-1")),
    _step("turn.started", raw=st.just({"method": "turn/started"})),
    _step("message.delta", delta=_TEXTS, item_id=_ITEMS),
    _step("message.delta", delta=_TEXTS, item_id=_ITEMS),
    _step("message.completed", text=_TEXTS, item_id=_ITEMS),
    _step("turn.completed", status=st.sampled_from(["completed", "failed", "interrupted"])),
    _step("tool.started", summary=_TEXTS),
    _step("runtime.error", message=_TEXTS, willRetry=st.booleans()),
    _step("approval.requested", requestId=st.sampled_from(["r-1", "r-2"]), summary=st.just("rm")),
    _step("approval.resolved", requestId=st.sampled_from(["r-1", "r-2"]), decision=st.just("accept")),
    _step("checkpoint.captured", turnCount=st.integers(0, 2), checkpointRef=st.just("ref"), diff=_TEXTS),
    _step("session.exited", st.none(), reason=st.sampled_from(["", "error"])),
    st.just((RESTART, None, {})),
)  # fmt: skip


class Agent:
    """A document that hears events; a restart lets go of everything and opens it again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.seed, self.clock = folder, 1, ManualClock()
        self.document = opened(folder, seed=1, clock=self.clock)
        self.thread = self.document.create_thread(sender_id="ada", content="Hello", name="Plan").thread_id
        self.ingestion = Ingestion(self.document)

    def hear(self, event: RuntimeEvent) -> None:
        """Take an event, or be refused."""
        with suppress(CommandRefused):
            self.ingestion.take(event)

    def restart(self) -> None:
        """Close and open."""
        self.ingestion.close()
        self.document.close()
        self.seed += 1
        self.document = opened(self.folder, seed=self.seed, clock=self.clock)
        self.ingestion = Ingestion(self.document)

    def result(self) -> tuple[object, ...]:
        """Document, log and folded rows, once all is closed."""
        self.ingestion.close()
        assert self.document.check(full=True).ok
        messages = self.document.messages(self.thread)
        self.document.close()
        events = ask(
            self.folder,
            "SELECT sequence, event_type, command_id, payload_json, metadata_json FROM orchestration_events"
            " WHERE aggregate_kind = 'thread'",
        )
        rows = folded(self.folder)
        del rows["projection_projects"]  # It says where the folder lies.
        return messages, events, rows


def run(folder: Path, steps: list[Step], repeats: list[list[int]]) -> tuple[object, ...]:
    """What comes of these steps when after each of them some earlier events are delivered again."""
    agent = Agent(folder)
    events: list[RuntimeEvent] = []
    for number, (kind, turn, payload) in enumerate(steps):
        agent.clock.advance(1000)
        if kind == RESTART:
            agent.restart()
        else:
            events.append(said(agent.thread, kind, turn, event_id=f"e-{number}", **payload))
            agent.hear(events[-1])
        for which in repeats[number % len(repeats)] if repeats else ():
            if events:
                agent.hear(events[which % len(events)])
    return agent.result()


@settings(max_examples=examples(40), deadline=None)
@given(
    steps=st.lists(STEPS, min_size=1, max_size=14),
    repeats=st.lists(st.lists(st.integers(0, 20), max_size=4), min_size=1, max_size=6),
)
def test_what_is_delivered_again_adds_nothing(steps: list[Step], repeats: list[list[int]]) -> None:
    """Messages with their histories, every event and every folded row are those of each event delivered once."""
    with TemporaryDirectory() as once, TemporaryDirectory() as again:
        assert run(Path(again), steps, repeats) == run(Path(once), steps, [])
