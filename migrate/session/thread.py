"""A session becomes a thread: ids derive from source, session and position or uuid, so every copy gives the same facts.

Whatever a longer log says, what its beginning gave stays: messages and settings are only added, and marks and states,
of which the latest holds, are stamped by position. So growing snapshots add up to what the last one gives alone.
"""

from __future__ import annotations

from typing import Any

import msgspec

from chatdoc.model.clock import iso
from chatdoc.model.facts import RevisionFact, StateFact, ThreadFact
from chatdoc.model.ids import MessageId, RevisionId, Stamp, derive
from chatdoc.model.records.thread_state import State
from migrate.session.call_text import arguments_of, call_text, with_result
from migrate.session.copied import text_digest
from migrate.session.cut import cut_text, cut_value
from migrate.session.item import Item, Link
from migrate.session.thread_facts import ThreadFacts
from migrate.session.thread_state import ThreadState, Turn, Woven, thread_of

NAME_LENGTH_MAX = 80
_STATES: dict[str, State] = {"completed": "complete", "interrupted": "interrupted", "error": "error"}


class Weaver:
    """Tells one session's items as facts."""

    def __init__(self, state: ThreadState, woven: Woven, link: Link | None = None) -> None:
        self.state = state
        self.woven = woven
        self.link = link
        self.write = ThreadFacts(state, woven)

    def add(self, item: Item) -> None:
        """Take one item of the session, in the order of its log."""
        state = self.state
        if not state.begun:
            if item.kind == "setting" and item.at is None:
                state.early.append(
                    item
                )  # A thread does not begin in 1970 because its first lines have no time.
                return
            self._open(item.at)
            early, state.early = state.early, []
            for one in early:
                self._setting(one)
        getattr(self, f"_{item.kind}")(item)

    def rest(self) -> None:
        """Say how the thread stands where the log stops now: a turn that did not end is idle, not running."""
        state = self.state
        if not state.begun:
            return
        held = (self.write.id("root"), "open_answer")
        if state.streams and held not in self.woven.latest:
            self._held(None)
        turn = state.turn
        shown: State = "idle" if turn.is_open or not turn.state else _STATES[turn.state]
        ms = state.clock
        self.woven.latest[state.thread_id, "state"] = StateFact(
            thread_id=state.thread_id,
            stamp=Stamp(derive("state", ms, state.thread_id, str(state.messages), shown)),
            state=shown,
            updated_at=iso(ms),
            active_message_id=MessageId(turn.anchor) if turn.anchor else None,
        )

    def _open(self, at: str | None) -> None:
        state = self.state
        state.begun = True
        ms = self.write.tick(at)
        root = self.write.id("root")
        told: dict[str, Any] = {"source": state.source, "id": state.session}
        if self.link is not None:
            told["link"] = msgspec.to_builtins(self.link)
            told["linked_thread_id"] = thread_of(state.source, self.link.session)
        self.woven.facts.append(
            ThreadFact(
                thread_id=state.thread_id,
                created_at=iso(ms),
                created_by=state.source,
                root_message_id=root,
                extra={"session": told},
            )
        )
        kind = {"subagent": "sub-agent session", "fork": "forked session"}.get(
            self.link.kind if self.link else ""
        )
        text = f"{state.source} {kind or 'session'} {state.session}"
        self.write.header(root, "system", text, ms, {}, reply=False)
        self.write.set("sessionId", state.session)

    # items

    def _prompt(self, item: Item) -> None:
        turn = self.state.turn
        if turn.has_prompt and not (self.state.explicit and turn.is_open):
            self._turn_over("completed")
            self.state.turn = turn = Turn()
        turn.has_prompt = turn.is_open = True
        self.state.prompts += 1
        self._message(item, "user")
        if "name" not in self.state.settings and item.text.strip():
            line = " ".join(item.text.split())
            self.write.set(
                "name", line if len(line) <= NAME_LENGTH_MAX else line[: NAME_LENGTH_MAX - 1] + "…"
            )

    def _said(self, item: Item) -> None:
        self._message(item, "user")

    def _answer(self, item: Item) -> None:
        self.state.answers += 1
        self._anchored(self._message(item, self.state.source, {"acp_thread_id": self.state.session}))

    def _reasoning(self, item: Item) -> None:
        fields = {"acp_thread_id": self.state.session, "session_item": "reasoning"}
        self._anchored(self._message(item, self.state.source, fields))

    def _boundary(self, item: Item) -> None:
        text = "The context was compacted here; what stood before it is above."
        told = f"{text}\n\n{item.text}" if item.text.strip() else text
        boundary = Item("boundary", item.key, told, item.at)
        self._message(boundary, "system", {"session_item": "boundary"})

    def _call(self, item: Item) -> None:
        state = self.state
        if item.call and item.call in state.open_calls:
            return
        state.calls += 1
        given = arguments_of(item.name, item.data)
        text = call_text(item.name, given)
        ms = self.write.tick(item.at)
        key = f"call:{item.call}" if item.call else f"call {state.messages}:{item.name}"
        message_id = self.write.id(key)
        tool = {"id": item.call or None, "name": item.name, "input": cut_value(given)}
        fields = {"acp_thread_id": state.session, "session_item": "call", "tool_call": tool}
        self.write.header(message_id, state.source, text, ms, fields)
        self._anchored(message_id)
        if item.call:
            state.open_calls[item.call] = [message_id, text]
        self.write.tell(f"{key}:started", "tool.started", text, message_id, item)

    def _result(self, item: Item) -> None:
        state = self.state
        ms = self.write.tick(item.at)
        known = state.open_calls.pop(item.call, None)
        failed = item.data is True
        is_next = known is not None and len(known) == 3
        if known is not None and item.with_call:
            state.open_calls[item.call] = [*known, "told"]
        if known is None:
            message_id, text = self.write.id(f"result:{item.call}:{text_digest(item.text)}"), ""
            fields = {
                "acp_thread_id": state.session,
                "session_item": "result",
                "tool_call": {"id": item.call or None},
            }
            self.write.header(message_id, state.source, with_result("", item.text), ms, fields)
        else:
            message_id, text = MessageId(known[0]), known[1]
            if item.text.strip() or not is_next:
                self.woven.facts.append(
                    RevisionFact(
                        message_id=message_id,
                        revision_id=RevisionId(derive("result", ms, message_id, item.call)),
                        author_id=state.source,
                        content=with_result(text, item.text),
                        date=iso(ms),
                    )
                )
        self.write.mark(message_id, "tool_state", "failed" if failed else "completed", ms)
        if not is_next:
            self.write.tell(
                f"call:{item.call}:completed", "tool.completed", text or "result", message_id, item, failed
            )

    def _usage(self, item: Item) -> None:
        ms = self.write.tick(item.at)
        turn, spent = self.state.turn, item.data
        turn.spent = spent if turn.spent is None else turn.spent.plus(spent)
        self.state.spent = spent if self.state.spent is None else self.state.spent.plus(spent)
        if turn.anchor:
            self._mark_usage(ms)

    def _begin(self, item: Item) -> None:
        self.state.explicit = True
        self.write.tick(item.at)
        self._turn_over("interrupted")
        self.state.turn = Turn(is_open=True)

    def _end(self, item: Item) -> None:
        turn = self.state.turn
        if not turn.is_open and turn.state not in ("", "completed"):
            return
        ms = self.write.tick(item.at)
        turn.is_open, turn.state, turn.reason = False, item.name, item.text
        self.state.open_calls = {one: known for one, known in self.state.open_calls.items() if len(known) < 3}
        if not turn.anchor and item.name != "completed":
            # A turn that ended before anything was said is told by an answer without a text.
            empty = Item(
                "answer", f"end {self.state.messages}" if item.key == "" else f"end {item.key}", "", item.at
            )
            self._anchored(self._message(empty, self.state.source, {"acp_thread_id": self.state.session}))
            turn.is_open = False
            ms = self.state.clock
        if turn.anchor:
            self._mark_end(ms)

    def _setting(self, item: Item) -> None:
        self.write.tick(item.at)
        if item.key == "summary" and "name" in self.state.settings:
            return
        if item.data not in (None, ""):
            self.write.set(item.name, item.data)

    def _chunk(self, item: Item) -> None:
        """A piece of a text that will come as a whole; until then `hold` shows what there is."""
        self.state.streams = True

    def hold(self, item: Item) -> None:
        """Keep a text that is still streaming where the log stops, on the root, until it comes as a whole."""
        self._held(cut_text(item.text))

    def _held(self, text: str | None) -> None:
        self.write.mark(self.write.id("root"), "open_answer", text, self.state.clock)

    # facts

    def _message(self, item: Item, sender: str, fields: dict[str, Any] | None = None) -> MessageId:
        ms = self.write.tick(item.at)
        # Codex and ACP give their texts no ids: place among the messages and text together are one.
        message_id = self.write.id(item.key or f"{item.kind} {self.state.messages}:{text_digest(item.text)}")
        told = dict(fields or {})
        if item.key and item.parent:
            told |= {"uuid": item.key, "parent_uuid": item.parent}
        self.write.header(message_id, sender, cut_text(item.text), ms, told)
        return message_id

    def _anchored(self, message_id: MessageId) -> None:
        """Something of the agent came: the turn goes on, and is told on its first message."""
        turn = self.state.turn
        turn.is_open = True
        if not turn.anchor:
            turn.anchor = message_id
            if turn.spent is not None:
                self._mark_usage(self.state.clock)

    def _turn_over(self, how: str) -> None:
        """A turn ends because the next one begins."""
        turn = self.state.turn
        if turn.is_open and turn.anchor:
            turn.is_open, turn.state = False, how
            self._mark_end(self.write.tick(None))

    def _mark_usage(self, ms: int) -> None:
        turn = self.state.turn
        assert turn.spent is not None
        told = {
            "input_tokens": turn.spent.input,
            "cached_input_tokens": turn.spent.cached_input,
            "output_tokens": turn.spent.output,
            "reasoning_output_tokens": turn.spent.reasoning,
            "total_tokens": turn.spent.total,
        }
        self.write.mark(MessageId(turn.anchor), "acp_usage", told, ms)

    def _mark_end(self, ms: int) -> None:
        turn, anchor = self.state.turn, MessageId(self.state.turn.anchor)
        self.write.mark(anchor, "turn_state", turn.state, ms)
        if turn.state == "interrupted":
            self.write.mark(anchor, "acp_interrupted", True, ms)
            self.write.mark(anchor, "acp_interrupted_reason", turn.reason or "interrupted", ms)
        elif turn.state == "error" and turn.reason:
            self.write.mark(anchor, "acp_error", turn.reason[:1000], ms)
