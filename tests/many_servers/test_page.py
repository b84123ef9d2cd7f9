"""The example of `docs/many-machines.md` does what the page says, and the script beside it is one."""

from __future__ import annotations

import re
import subprocess

from tests.postgres_cluster import Cluster
from tests.tidy.source import PROJECT

PAGE = (PROJECT / "docs" / "many-machines.md").read_text(encoding="utf-8")


def test_the_python_example_holds(postgres: Cluster) -> None:
    """It runs as it stands, on a database of its own."""
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(example, "docs/many-machines.md", "exec"), {"URL": postgres.create_database("page")})


def test_the_script_of_three_servers_can_be_read_by_its_shell() -> None:
    """It is tried whole by hand, for that takes half a minute."""
    script = PROJECT / "docs" / "three_servers.sh"
    done = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
