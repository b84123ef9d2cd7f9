"""The best word on every field holds, every other one stays in its history, and none is dropped."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from chatdoc.model.clock import MS_MAX
from chatdoc.model.ids import STAMP_MS_END, ThreadId, derive, time_ms
from migrate.cocalc.settings import ELSEWHERE, RECORD, ROOT, STUB, Said, settings_of

THREAD = ThreadId(derive("thread", 1))
T0 = 1_714_557_600_000


def values(said: list[Said], root_ms: int = T0) -> dict[str, list[Any]]:
    """The values of every field, the one that holds last."""
    found: dict[str, list[Any]] = {}
    for fact in sorted(settings_of(THREAD, root_ms, said), key=lambda fact: fact.stamp):
        found.setdefault(fact.field, []).append(fact.value)
    return found


def of_root(**fields: Any) -> list[Said]:
    """What a root says."""
    return [Said((ROOT, 0), T0, "ada", fields)]


def test_the_best_place_wins_whenever_it_was_written() -> None:
    """A record before the root before a stub before any other row; of one place the newest."""
    words = [
        Said((ELSEWHERE, 0), T0 + 9, "", {"name": "elsewhere"}),
        Said((STUB, 0), T0 + 5, "", {"name": "stub"}),
        Said((ROOT, 0), T0, "ada", {"name": "root"}),
        Said((RECORD, 1), T0 + 99, "bob", {"name": "worse record"}),
        Said((RECORD, 0), T0 + 1, "bob", {"name": "record"}),
    ]
    for order in permutations(words):
        assert values(list(order)) == {"name": ["elsewhere", "stub", "root", "worse record", "record"]}


def test_equal_words_are_one() -> None:
    """By the best of those who said it."""
    facts = settings_of(THREAD, T0, [*of_root(name="x"), Said((STUB, 0), T0 + 9, "", {"name": "x"})])
    assert [(fact.value, fact.by) for fact in facts] == [("x", "ada")]


@pytest.mark.parametrize("ms", [0, 1, T0, STAMP_MS_END - 1, STAMP_MS_END, MS_MAX])
def test_the_best_word_has_the_greatest_stamp_at_either_end_of_time(ms: int) -> None:
    """And every stamp is one that peers take."""
    words = [Said((RECORD, rank), ms, "", {"x": rank}) for rank in range(5)]
    assert values(words, ms)["x"][-1] == 0
    assert all(time_ms(fact.stamp) < STAMP_MS_END for fact in settings_of(THREAD, ms, words))


def test_fields_of_agents_stand_alone() -> None:
    """One word of the config of an agent does not hide the others; what is no object is kept."""
    words = [
        *of_root(acp_config={"model": "a", "sessionId": "s"}),
        Said((STUB, 0), T0, "", {"acp_config": {"model": "b"}}),
    ]
    assert values(words) == {"acp_config.model": ["b", "a"], "acp_config.sessionId": ["s"]}
    assert values(of_root(acp_config=7)) == {"legacy_acp_config": [7]}
    assert values(of_root(codex_config={"model": "old"}, acp_config={"model": "new"})) == {
        "acp_config.model": ["old", "new"]
    }


@pytest.mark.parametrize("value", [True, 1, "1", "true", " True "])
def test_every_spelling_of_a_pin_is_a_pin(value: Any) -> None:
    """Numbers and texts were written too."""
    assert values(of_root(pin=value)) == {"pin": [True]}


@pytest.mark.parametrize("value", [False, 0, "0", "false", ""])
def test_every_spelling_of_no_pin_goes_before_a_worse_pin(value: Any) -> None:
    """It is a word like any other."""
    assert values([*of_root(pin=value), Said((STUB, 0), T0, "", {"pin": True})])["pin"][-1] is False


def test_a_pin_that_is_none_is_kept() -> None:
    """Under a name of its own."""
    assert values(of_root(pin=[1])) == {"legacy_pin": [[1]]}


@pytest.mark.parametrize("field", ["name", "thread_color", "thread_icon"])
def test_a_blank_text_clears_a_worse_word_and_says_nothing_alone(field: str) -> None:
    """What it cleared stays in the history; texts are kept as they are written."""
    assert values(of_root(**{field: " "})) == {}
    assert values([*of_root(**{field: " "}), Said((STUB, 0), T0, "", {field: "x"})]) == {field: ["x", None]}
    assert values(of_root(**{field: " x "})) == {field: [" x "]}
    assert values(of_root(**{field: 7})) == {f"legacy_{field}": [7]}


def test_a_null_in_the_config_of_an_agent_clears() -> None:
    """A session that was ended is not resumed from a worse place."""
    words = [
        *of_root(acp_config={"sessionId": None}),
        Said((STUB, 0), T0, "", {"acp_config": {"sessionId": "s"}}),
    ]
    assert values(words) == {"acp_config.sessionId": ["s", None]}


def test_names_that_a_document_keeps_for_itself_are_kept_under_others() -> None:
    """No row can delete a thread, or forge a stamp, by a field of such a name."""
    fields = {"deleted": True, "stamps": {}, "acp_config.model": "x", "extra": 1}
    assert values(of_root(**fields)) == {
        "legacy_deleted": [True],
        "legacy_stamps": [{}],
        "legacy_acp_config.model": ["x"],
        "extra": [1],
    }
