"""A process is taken for alive only while that very process lives, and for dead only when it surely does not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from chatdoc.store.process_identity import Machine, Process

BOOTED_S = 1_790_000_000
SEEN_MS = BOOTED_S * 1000 + 60_000
SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]


def stat(pid: int, *, state: str = "S", started: int = 4711) -> str:
    """A line of `/proc/<pid>/stat`, of a program with the worst of names."""
    return f"{pid} (a) R 1 (b) {state} " + " ".join(["0"] * 18) + f" {started} 0 0\n"


def system(
    root: Path, *, own: int = 7, boot: str = "boot-1", machine: str = "one", space: str = "pid:[1]"
) -> Path:
    """A machine's files, with one process: ours."""
    for folder in ("etc", "proc/sys/kernel/random", f"proc/{own}/ns"):
        (root / folder).mkdir(parents=True)
    (root / "etc/machine-id").write_text(f"{machine}\n")
    (root / "proc/sys/kernel/random/boot_id").write_text(f"{boot}\n")
    (root / "proc/stat").write_text(f"cpu 1 2 3\nbtime {BOOTED_S}\n")
    (root / "proc/self").symlink_to(str(own))
    (root / f"proc/{own}/ns/pid").symlink_to(space)
    (root / f"proc/{own}/stat").write_text(stat(own))
    return root


def machine(root: Path, *, own: int = 7, taken: bool | None = False) -> Machine:
    """The machine of these files; `taken` is what a signal finds: nobody, somebody, or one who may not be asked."""

    def kill(pid: int, number: int) -> None:
        assert number == 0, "only asked, never killed"
        if not taken:
            raise ProcessLookupError if taken is False else PermissionError

    return Machine(root, own_pid=lambda: own, kill=kill)


@pytest.fixture
def found(tmp_path: Path) -> tuple[Path, Process]:
    """A machine's files and process 9 on it."""
    root = system(tmp_path / "one")
    (root / "proc/9").mkdir()
    (root / "proc/9/stat").write_text(stat(9))
    other = msgspec.structs.replace(machine(root).own(), pid=9)
    assert machine(root).standing(other, seen_at_ms=SEEN_MS) == "alive"
    return root, other


def test_running_process_is_alive_and_a_killed_one_dead() -> None:
    """A child is alive, is dead as soon as it was killed though nobody asked for its end, and stays dead."""
    here = Machine()
    with subprocess.Popen(SLEEP, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        theirs = Machine(own_pid=lambda: os.getpid()).own()
        state = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        identity = msgspec.structs.replace(theirs, pid=child.pid, started=state[19])
        assert here.standing(identity, seen_at_ms=SEEN_MS) == "alive"
        child.send_signal(signal.SIGKILL)
        child.stdout.read()
        os.waitid(
            os.P_PID, child.pid, os.WEXITED | os.WNOWAIT
        )  # It is a zombie now: nobody has asked for its end.
        assert here.standing(identity, seen_at_ms=SEEN_MS) == "dead"
    assert here.standing(identity, seen_at_ms=SEEN_MS) == "dead"


def test_own_process_is_alive() -> None:
    """What a process says of itself is enough for another one on the machine to find it."""
    own = Machine().own()
    asked = (
        "import sys, msgspec\nfrom chatdoc.store.process_identity import Machine, Process\n"
        "told = msgspec.json.decode(sys.argv[1], type=Process)\n"
        "print(Machine().standing(told, seen_at_ms=0))\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", asked, msgspec.json.encode(own)], capture_output=True, text=True, check=True
    )
    assert said.stdout == "alive\n"
    assert Machine().standing(own, seen_at_ms=0) == "alive"


def test_reused_number_is_not_taken_for_alive(found: tuple[Path, Process]) -> None:
    """Another process got the number: it started at another time."""
    root, other = found
    (root / "proc/9/stat").write_text(stat(9, started=4712))
    assert machine(root, taken=True).standing(other, seen_at_ms=SEEN_MS) == "dead"
    reused = msgspec.structs.replace(Machine().own(), started="1")
    assert Machine().standing(reused, seen_at_ms=SEEN_MS) == "dead"


@pytest.mark.parametrize("state", ["Z", "X"])
def test_ended_process_that_nobody_fetched_is_dead(found: tuple[Path, Process], state: str) -> None:
    """A zombie keeps its number and its start, and will never write again."""
    root, other = found
    (root / "proc/9/stat").write_text(stat(9, state=state))
    assert machine(root, taken=True).standing(other, seen_at_ms=SEEN_MS) == "dead"


def test_stopped_process_is_alive(found: tuple[Path, Process]) -> None:
    """A process that is halted may go on, so its turns are its own."""
    root, other = found
    (root / "proc/9/stat").write_text(stat(9, state="T"))
    assert machine(root).standing(other, seen_at_ms=SEEN_MS) == "alive"


@pytest.mark.parametrize(("taken", "said"), [(False, "dead"), (True, "unknown"), (None, "unknown")])
def test_process_that_is_hidden_is_not_taken_for_dead(
    found: tuple[Path, Process], taken: bool | None, said: str
) -> None:
    """Where other people's processes are not shown, a number that is taken says nothing."""
    root, other = found
    (root / "proc/9/stat").unlink()
    assert machine(root, taken=taken).standing(other, seen_at_ms=SEEN_MS) == said


def test_other_machine_is_unknown(found: tuple[Path, Process], tmp_path: Path) -> None:
    """Its numbers mean nothing here, however long it was silent."""
    _, other = found
    elsewhere = machine(system(tmp_path / "two", boot="boot-2", machine="two"))
    assert elsewhere.standing(other, seen_at_ms=0) == "unknown"


def test_other_container_is_unknown(found: tuple[Path, Process], tmp_path: Path) -> None:
    """A container of the same machine counts its processes on its own."""
    _, other = found
    assert machine(system(tmp_path / "two", space="pid:[2]")).standing(other, seen_at_ms=SEEN_MS) == "unknown"


def test_machine_that_started_again_ended_what_it_ran(found: tuple[Path, Process], tmp_path: Path) -> None:
    """Only what was last heard of before: a copied machine has the same name, and its processes live on."""
    _, other = found
    again = machine(system(tmp_path / "two", boot="boot-2"))
    assert again.standing(other, seen_at_ms=BOOTED_S * 1000 - 1) == "dead"
    assert again.standing(other, seen_at_ms=BOOTED_S * 1000) == "unknown"


def test_system_without_proc_asks_ps(tmp_path: Path) -> None:
    """Without `/proc` a process is known by what `ps` says of its start."""
    bare = Machine(tmp_path)
    own = bare.own()
    assert (own.boot, own.space) == ("", "")
    assert own.started
    assert bare.standing(own, seen_at_ms=SEEN_MS) == "alive"
    assert bare.standing(msgspec.structs.replace(own, started="earlier"), seen_at_ms=SEEN_MS) == "dead"
    assert bare.standing(msgspec.structs.replace(own, machine="other"), seen_at_ms=SEEN_MS) == "unknown"
    nameless = msgspec.structs.replace(own, started="")
    assert bare.standing(nameless, seen_at_ms=SEEN_MS) == "unknown"
    with subprocess.Popen(SLEEP, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.kill()
        child.stdout.read()
    gone = msgspec.structs.replace(own, pid=child.pid)
    assert bare.standing(gone, seen_at_ms=SEEN_MS) == "dead"
