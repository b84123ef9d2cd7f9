"""What docs/client.md shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.apps.server.serving import Serving
from tests.clients.js_package import PACKAGE, node

PAGE = (PACKAGE.parents[1] / "docs" / "client.md").read_text(encoding="utf-8")
EXAMPLES = [one for one in re.findall(r"```js\n(.*?)```", PAGE, re.DOTALL) if "'@chatdoc/client'" in one]

pytestmark = pytest.mark.usefixtures("js")


@pytest.mark.parametrize("number", [0, 1])
def test_examples_for_node_print_what_they_show(number: int, tmp_path: Path) -> None:
    """Each runs against a real server, and every `console.log` prints what stands behind it."""
    assert len(EXAMPLES) == 2
    shown = re.findall(r"console\.log\(.*\) +// (.*)", EXAMPLES[number])
    assert shown
    with Serving(tmp_path) as server:
        came = node("--input-type=module", "--eval", EXAMPLES[number], CHATDOC_SERVER=server.url)
    assert came.returncode == 0, came.stderr[-2000:]
    assert came.stdout.splitlines() == shown


def test_every_command_of_the_page_is_one_of_the_client() -> None:
    """The methods that the page names are methods of ChatDocument."""
    line = next(one for one in PAGE.splitlines() if one.startswith("`createThread`"))
    source = (PACKAGE / "src" / "document.js").read_text(encoding="utf-8")
    names = re.findall(r"`([a-zA-Z]+)`", line.split(", and")[0])
    assert len(names) > 10
    for name in names:
        assert f"\n  {name} (" in source
