"""A child process whose system calls fail, or that is killed at one of them, on request."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import forked
from tests.tidy.source import PROJECT

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"}
WITHOUT = "CHATDOC_WITHOUT_STRACE"
SIGKILL_STATUS = -9


def require_strace() -> str:
    """The path of strace; without it a test fails, unless the environment says that this is known."""
    found = shutil.which("strace")
    if found is not None:
        return found
    if os.environ.get(WITHOUT) == "1":
        pytest.skip(f"strace is missing and {WITHOUT}=1 says so")
    pytest.fail(
        f"strace is missing, so no crash was tested; install it, or set {WITHOUT}=1 to skip on purpose"
    )


class Ended(NamedTuple):
    """How a child ended: its exit status (-9 when killed), what it printed, and the calls that were traced."""

    status: int
    printed: str
    calls: list[str]


def run(
    program: str,
    *arguments: object,
    trace: str,
    paths: tuple[Path, ...],
    folder: Path,
    inject: str | None = None,
) -> Ended:
    """Run Python source in a child; `trace` names the calls to see and `inject` what happens to them.

    Only calls on `paths` count. Both are spelled as strace spells them (`inject="error=EIO:when=2"`).
    """
    record = folder / "trace"
    command = [require_strace(), "-f", "-y", "-o", str(record), "-e", f"trace={trace}"]
    for path in paths:
        command += ["-P", str(path)]
    if inject is not None:
        command += ["-e", f"inject={trace}:{inject}"]
    with forked.Forked(*arguments, source=program, environment=ENVIRONMENT) as child:
        with subprocess.Popen([*command, "-p", str(child.pid)], stderr=subprocess.PIPE, text=True) as tracer:
            assert tracer.stderr is not None
            said = tracer.stderr.readline()
            assert "attached" in said, f"strace traces nothing: {said}{tracer.stderr.read()}"
            child.let_go()
            status = child.wait()
        printed, error = (stream.decode("utf-8") for stream in child.printed())
    assert status in (0, SIGKILL_STATUS), f"the child ended with {status}:\n{error}"
    lines = record.read_text(encoding="utf-8", errors="replace").splitlines()
    calls = [line.split(maxsplit=1)[1] for line in lines if "(" in line]
    if inject is not None and inject.startswith("signal=KILL:when="):
        # With --seccomp-bpf strace 6.1 lets the call through and kills nobody, without a word.
        reached = len(calls) >= int(inject.rpartition("=")[2].rstrip("+"))
        assert not reached or status == SIGKILL_STATUS, "the child reached the call and was not killed"
    return Ended(status, printed, calls)


def every(program: str, *arguments: object, trace: str, paths: tuple[Path, ...], folder: Path) -> int:
    """How many calls an undisturbed child makes, so that each can be disturbed in turn."""
    count = len(run(program, *arguments, trace=trace, paths=paths, folder=folder).calls)
    assert count, f"the child makes none of the calls {trace}; the test would test nothing"
    return count


def kills_and_failures(count: int, errors: tuple[str, ...]) -> Iterator[str]:
    """Each of `count` calls killed at, failing once, and failing from then on, as strace spells it."""
    for when in range(1, count + 1):
        yield f"signal=KILL:when={when}"
        for error in errors:
            yield f"error={error}:when={when}"
            yield f"error={error}:when={when}+"
