"""Every error can be handed to another process and back, with its message and its fields."""

from __future__ import annotations

import copy
import pickle

import pytest

from chatdoc.model import errors
from chatdoc.model.errors import ChatdocError

FIELDS = {
    "InvariantRefused": {"violations": ("one",)},
    "EventUndecodable": {"sequence": 7, "stream_id": "t", "event_type": "thread.created"},
    "UpdateRefused": {
        "code": "wrong_kind",
        "root": "message",
        "key": "k",
        "type": "float",
        "permanent": False,
    },
    "LogCompacted": {"after": 1, "through_sequence": 2},
    "DocumentMoved": {"place": "postgresql:///chats#a.chat"},
    "SessionUndecodable": {"provider_session_id": "s"},
}
KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ChatdocError)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_error_is_the_same_after_pickling_and_copying(kind: type[ChatdocError]) -> None:
    """Class, message, hint and fields come back."""
    error = kind("what happened", hint="what to do", **FIELDS.get(kind.__name__, {}))
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is kind
        assert str(again) == "what happened. what to do"
        assert vars(again) == {"hint": "what to do", **FIELDS.get(kind.__name__, {})}
