"""Presence under random histories: each client id belongs to one connection, and is gone with it or with its time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatdoc.apps.server.awareness import ELSEWHERE, Awareness
from chatdoc.apps.server.wire import Presence

SILENT_S, CLIENTS_MAX = 30.0, 3
OWNERS: dict[str, object] = {"ada": "ada", "bob": "bob", "elsewhere": ELSEWHERE}
SAID = st.builds(Presence, st.integers(1, 6), st.integers(1, 9), st.sampled_from(["{}", '{"a":1}', None]))
STEP = st.one_of(
    st.tuples(st.just("take"), st.sampled_from(sorted(OWNERS)), st.lists(SAID, min_size=1, max_size=3)),
    st.tuples(st.just("leave"), st.sampled_from(["ada", "bob"]), st.just([])),
    st.tuples(st.just("expire"), st.just(""), st.just([])),
)


@given(st.lists(STEP, max_size=30))
def test_who_is_present_is_whom_the_news_were_of(steps: list[tuple[str, str, list[Presence]]]) -> None:
    """Whoever heard all news knows who is there; an id has one connection, and a connection no more than it may."""
    awareness = Awareness(clients_max=CLIENTS_MAX, silent_s=SILENT_S)
    heard: dict[int, str] = {}
    now = 0.0
    for kind, name, sent in steps:
        now += 7.0
        if kind == "take":
            news = awareness.take(OWNERS[name], sent, now)
        elif kind == "leave":
            news = awareness.leave(OWNERS[name])
            assert not awareness.announced(OWNERS[name])
        else:
            news = awareness.expire(now)
        for one in news:
            if one.state is None:
                del heard[one.client]
            else:
                heard[one.client] = one.state
        assert {one.client: one.state for one in awareness.present()} == heard
        owned = [client for owner in OWNERS.values() for client in sorted(awareness.announced(owner))]
        assert sorted(owned) == sorted(heard), "each of those who are there has one connection"
        here = {one.client for one in awareness.present_here()}
        assert here == awareness.announced("ada") | awareness.announced("bob")
        assert all(len(awareness.announced(owner)) <= CLIENTS_MAX for owner in ("ada", "bob"))


def test_what_is_taken_over_from_elsewhere_counts_too() -> None:
    """A client that comes here takes its ids along, not those of everybody at the other server."""
    awareness = Awareness(clients_max=CLIENTS_MAX, silent_s=SILENT_S)
    everybody = [Presence(client, 1, "{}") for client in range(1, 9)]
    awareness.take(ELSEWHERE, everybody, 0.0)
    news = awareness.take("ada", [one._replace(clock=2) for one in everybody], 1.0)
    assert [one.client for one in news] == [1, 2, 3]
    assert awareness.announced("ada") == {1, 2, 3}
