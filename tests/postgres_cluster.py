"""PostgreSQL cluster in a folder of its own, on a unix socket, started by the tests that need one."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

USER = "postgres"
PATIENCE_S = 180
_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: float(one.parent.name))


def programs() -> Path | None:
    """Where the database's own programs are, or None where it is not installed."""
    if _PLACES and (_PLACES[-1] / "initdb").exists():
        return _PLACES[-1]
    found = shutil.which("initdb")
    return Path(found).parent if found is not None else None


def _bin() -> Path:
    found = programs()
    assert found is not None, "PostgreSQL is not installed"
    return found


def _folder() -> Path:
    made = Path(tempfile.mkdtemp(prefix="chatdoc-postgres-"))
    if os.getuid() == 0:
        shutil.chown(made, USER)
    return made


def _as_user(*command: str) -> None:
    """Run a program; `postgres` refuses to run as root, so it runs as its own user."""
    user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if os.getuid() == 0 else []
    done = subprocess.run(
        [*user, *command], capture_output=True, text=True, cwd="/", timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, f"{command[0]}: {done.stdout[-500:]} {done.stderr[-500:]}"


@cache
def _template() -> Path:
    """The data of a cluster that was never started: copying it takes a tenth of what making it takes."""
    folder = _folder()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = folder / "data"
    _as_user(
        str(_bin() / "initdb"),
        "-D",
        str(made),
        "-A",
        "trust",
        "-U",
        USER,
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
    )
    return made


class Cluster:
    """A database server; its data is gone at the end."""

    def __init__(self, *, settings: str = "", source: Cluster | None = None) -> None:
        self.folder = _folder()
        self._settings = f"-k {self.folder} -c listen_addresses='' -c max_connections=200 {settings}"
        if source is not None:
            self.copy_from(source)
            self.start()
            return
        _as_user("cp", "-a", str(_template()), str(self.folder / "data"))
        self.start()
        self.say("CREATE ROLE chatdoc LOGIN")

    def copy_from(self, source: Cluster) -> None:
        """Become a standby of another server, with all that it has now."""
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        self._run(
            "pg_basebackup",
            "-h",
            str(source.folder),
            "-U",
            USER,
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "--no-sync",
        )

    def promote(self) -> None:
        """Let a standby be the primary from now on."""
        self._run("pg_ctl", "-w", "promote")

    def wait_until_primary(self) -> None:
        """Wait until it takes writes."""
        for _ in range(1000):
            if self.say("SELECT pg_is_in_recovery()") == "f":
                return
            time.sleep(0.05)
        raise AssertionError("the standby was not promoted")

    def _run(self, program: str, *words: str) -> None:
        _as_user(str(_bin() / program), "-D", str(self.folder / "data"), *words)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", self._settings, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server; `immediate` is as if it had crashed."""
        self._run("pg_ctl", "-w", "-m", mode, "stop")

    def back_up(self) -> None:
        """Keep a copy of all that is there, of a server that is stopped for it."""
        self._copy("data", "backup")

    def put_back(self) -> None:
        """Put that copy in the place of all that is there now, under whoever uses the server."""
        self._copy("backup", "data")

    def _copy(self, source: str, target: str) -> None:
        self.stop("fast")
        shutil.rmtree(self.folder / target, ignore_errors=True)
        _as_user("cp", "-a", str(self.folder / source), str(self.folder / target))
        self.start()

    def kill(self) -> None:
        """End the server by SIGKILL, all of it."""
        postmaster = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(postmaster)], capture_output=True, text=True, check=False
        )
        for pid in (postmaster, *map(int, listed.stdout.split())):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def start_again(self) -> None:
        """Start a server that was killed, once what is left of it is gone."""
        for _ in range(100):
            try:
                self.start()
            except AssertionError:
                time.sleep(0.1)
            else:
                return
        self.start()

    def say(self, *statements: str, database: str = "postgres") -> str:
        """Run statements as the superuser; returns what they print, rows without any frame."""
        words = [word for statement in statements for word in ("-c", statement)]
        done = subprocess.run(
            [str(_bin() / "psql"), "-h", str(self.folder), "-U", USER, "-d", database, "-qAtX", *words],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def create_database(self, name: str) -> str:
        """A new database, owned by the user that stores are used with; returns its URL."""
        self.say(f"CREATE DATABASE {name} OWNER chatdoc")
        return self.url(name)

    def url(self, database: str) -> str:
        """The URL of a database."""
        return f"postgresql://chatdoc@/{database}?host={self.folder}"

    def remove(self) -> None:
        """Stop the server and remove its data."""
        with contextlib.suppress(AssertionError):
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def cluster(*, settings: str = "-c fsync=off") -> Iterator[Cluster]:
    """A cluster for a while; without fsync it forgets nothing but in a power failure."""
    made = Cluster(settings=settings)
    try:
        yield made
    finally:
        made.remove()
