"""A process is told from every other, also from one that got its number later, on this machine or another.

| what is found | what is said |
| --- | --- |
| the same machine and boot, and a process of that number and start | `alive` |
| the same machine and boot, and none, or one that started at another time, or a zombie | `dead` |
| the same machine, started again since the process was last heard of | `dead` |
| another machine or container, or what may not be looked at | `unknown` |
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Literal

import msgspec

Standing = Literal["alive", "dead", "unknown"]

_ENDED = ("Z", "X", "x")
_STARTED_AT = 19
"""Where the start, in ticks after the boot, stands in `/proc/<pid>/stat` behind the name of the program."""


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """Which process: its machine, the machine's boot, the space its number counts in, number and start.

    A part that the system does not tell is empty.
    """

    machine: str
    boot: str
    space: str
    pid: int
    started: str


class Machine:
    """The machine this runs on; `root` is where its files begin and `kill` is asked whether a number is taken."""

    def __init__(
        self,
        root: Path = Path("/"),
        *,
        own_pid: Callable[[], int] = os.getpid,
        kill: Callable[[int, int], None] = os.kill,
    ) -> None:
        self._root, self._own_pid, self._kill = root, own_pid, kill
        self._proc = root / "proc"

    @cached_property
    def _name(self) -> str:
        name = self._line("etc/machine-id") or self._line("var/lib/dbus/machine-id")
        return f"{name}@{platform.node()}"

    @cached_property
    def _boot(self) -> str:
        return self._line("proc/sys/kernel/random/boot_id")

    def own(self) -> Process:
        """The process that asks."""
        pid = self._own_pid()
        _, started = self._state(pid)
        return Process(machine=self._name, boot=self._boot, space=self._space(), pid=pid, started=started)

    def standing(self, process: Process, *, seen_at_ms: int) -> Standing:
        """Whether a process lives, as far as this machine can tell; `seen_at_ms` is when it was last heard of."""
        if process.boot != self._boot:
            booted_at_ms = self._booted_at_ms()
            again = process.machine == self._name and booted_at_ms is not None and seen_at_ms < booted_at_ms
            return "dead" if again else "unknown"
        if (not self._boot and process.machine != self._name) or process.space != self._space():
            return "unknown"
        state, started = self._state(process.pid)
        if state in _ENDED or (started and process.started and started != process.started):
            return "dead"
        if started and started == process.started:
            return "alive"
        return "unknown" if self._is_taken(process.pid) else "dead"

    def _state(self, pid: int) -> tuple[str, str]:
        """One letter for what a process does, and when it started; both empty where there is none, or none to see."""
        if self._counts_like_us():
            said = self._line(f"proc/{pid}/stat")
            fields = said.rpartition(")")[2].split()
            return (fields[0], fields[_STARTED_AT]) if len(fields) > _STARTED_AT else ("", "")
        command = ["ps", "-o", "state=,lstart=", "-p", str(pid)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=5, env={**os.environ, "LC_ALL": "C"}
            )
        except (OSError, subprocess.SubprocessError):
            return "", ""
        state, _, started = done.stdout.strip().partition(" ")
        return state[:1], " ".join(started.split())

    def _counts_like_us(self) -> bool:
        """Whether `/proc` is there and numbers processes as they are numbered for us."""
        try:
            return os.readlink(self._proc / "self") == str(self._own_pid())
        except OSError:
            return False

    def _space(self) -> str:
        try:
            return os.readlink(self._proc / "self" / "ns" / "pid")
        except OSError:
            return ""

    def _is_taken(self, pid: int) -> bool:
        try:
            self._kill(pid, 0)
        except ProcessLookupError:
            return False
        except OSError:
            return True  # It is there and belongs to somebody else.
        return True

    def _booted_at_ms(self) -> int | None:
        for line in self._text("proc/stat").splitlines():
            if line.startswith("btime "):
                return int(line.split()[1]) * 1000
        return None

    def _line(self, name: str) -> str:
        return self._text(name).strip()

    def _text(self, name: str) -> str:
        try:
            return (self._root / name).read_text("utf-8", "replace")
        except OSError:
            return ""
