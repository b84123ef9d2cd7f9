"""A token file: each line lets one user in, and a line that cannot be read lets nobody in."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatdoc.apps.server.credentials import TokenFile, read_token_file
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


@pytest.mark.parametrize("text", ["\ufefftok ada write\n", "tok ada write\r\n"])
def test_a_token_file_may_come_from_any_editor(text: str, tmp_path: Path) -> None:
    """A byte order mark is no part of the first token, which nobody could have typed."""
    file = tmp_path / "tokens"
    file.write_bytes(text.encode())
    found = read_token_file(file)(Credentials(token="tok", path="a.chat"))
    assert found is not None
    assert found.user_id == "ada"


def test_a_token_file_that_is_no_text_says_so(tmp_path: Path) -> None:
    """One that was saved as UTF-16 ended in a traceback."""
    file = tmp_path / "tokens"
    file.write_bytes("tok ada write\n".encode("utf-16"))
    with pytest.raises(CommandRefused, match="tokens is no UTF-8 text") as caught:
        read_token_file(file)
    assert "tok ada" not in str(caught.value)


def test_one_token_of_two_people_is_refused() -> None:
    """The second line was taken in silence, and the first one's owner wrote as somebody else."""
    with pytest.raises(CommandRefused, match="lines 1 and 3 of the token file have the same token") as caught:
        TokenFile("tok ada write\n\ntok bob any\n")
    assert "tok " not in str(caught.value)
    assert TokenFile("tok ada write\ntok ada\n") is not None
