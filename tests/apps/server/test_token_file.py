"""A token file: each line lets one user in, and a line that cannot be read lets nobody in."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc.apps.server.credentials import TokenFile
from chatdoc.model.errors import CommandRefused
from chatdoc.serve import Credentials, Principal


def test_tokens_of_a_file_are_what_their_lines_say(tmp_path: Path) -> None:
    """A line names a token, its user and what that may do; a wrong line is refused with its number."""
    known = TokenFile("# people\nt1 ada\nt2 bob read\n\nt3\nt4 eve any\n")

    def who(token: str | None) -> Principal | None:
        return known(Credentials(token=token, path=""))

    assert who("t1") == Principal(user_id="ada", speaks_for=frozenset({"ada"}), may_debug=False)
    assert who("t2") == Principal(user_id="bob", read_only=True, may_debug=False)
    assert who("t3") == Principal(user_id="")
    assert who("t4") == Principal(user_id="eve")
    assert who("t5") is who("") is who(None) is None
    with pytest.raises(CommandRefused, match="line 2"):
        TokenFile("t1\nt2 ada admin\n")
    with pytest.raises(CommandRefused, match="no token"):
        TokenFile("# nobody\n")
