"""Proxy between one server and its database: it may be cut, held up, or swallow the database's notifications.

It stands on a unix socket of its own for each of the database's, and knows of the protocol how long a message is.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
import threading
from pathlib import Path
from types import TracebackType

SOCKET = ".s.PGSQL.5432"
NOTIFICATION = ord("A")
_HEAD_BYTES = 5
"""Kind and length of a message of the database."""
_CHUNK_BYTES = 1 << 16
_POLL_S = 0.5


class Link:
    """The way from a server to the sockets of `folders`; `with` ends it."""

    def __init__(self, folders: list[Path]) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="chatdoc-link-"))
        self._home.chmod(0o755)
        self.folders = [self._home / str(number) for number in range(len(folders))]
        """What stands for each of them."""
        self.swallowed = 0
        """How many notifications were swallowed."""
        self._is_open = threading.Event()
        self._is_open.set()
        self._is_over = self._swallows = False
        self._lock = threading.Lock()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._doors = [self._door(ours, theirs) for ours, theirs in zip(self.folders, folders, strict=True)]

    def hold(self) -> None:
        """Let nothing through, and no new connection, as a network that is cut; nobody is told."""
        self._is_open.clear()

    def let_go(self) -> None:
        """Let new connections through; those from before are reset."""
        self.reset()
        self._is_open.set()

    def reset(self) -> None:
        """End every connection."""
        with self._lock:
            pairs = tuple(self._pairs)
        for pair in pairs:
            _end(pair)

    def swallow(self, *, is_on: bool) -> None:
        """Lose the database's notifications from now on, or lose none any more; the connections stay."""
        self._swallows = is_on

    def _door(self, ours: Path, theirs: Path) -> socket.socket:
        ours.mkdir()
        door = socket.socket(socket.AF_UNIX)
        door.bind(str(ours / SOCKET))
        door.listen(200)
        threading.Thread(target=self._accept, args=(door, theirs / SOCKET), daemon=True).start()
        return door

    def _accept(self, door: socket.socket, place: Path) -> None:
        while not self._is_over:
            try:
                came, _ = door.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(came, place), daemon=True).start()

    def _connect(self, came: socket.socket, place: Path) -> None:
        self._wait()
        there = socket.socket(socket.AF_UNIX)
        pair = (came, there)
        try:
            there.connect(str(place))
        except OSError:
            _end(pair)
            return
        with self._lock:
            self._pairs.add(pair)
        back = threading.Thread(target=self._carry_back, args=(there, came), daemon=True)
        back.start()
        with contextlib.suppress(OSError):
            while chunk := came.recv(_CHUNK_BYTES):
                self._wait()
                there.sendall(chunk)
        _end(pair)
        back.join()
        with self._lock:
            self._pairs.discard(pair)

    def _carry_back(self, there: socket.socket, came: socket.socket) -> None:
        """Message by message, so that a notification can be left out and nothing else."""
        kept = b""
        with contextlib.suppress(OSError):
            while chunk := there.recv(_CHUNK_BYTES):
                self._wait()
                kept += chunk
                passed, begin = [], 0
                while len(kept) - begin >= _HEAD_BYTES:
                    end = begin + 1 + int.from_bytes(kept[begin + 1 : begin + _HEAD_BYTES], "big")
                    if len(kept) < end:
                        break
                    if kept[begin] == NOTIFICATION and self._swallows:
                        self.swallowed += 1
                    else:
                        passed.append(kept[begin:end])
                    begin = end
                kept = kept[begin:]
                came.sendall(b"".join(passed))
        _end((there, came))

    def _wait(self) -> None:
        while not self._is_over and not self._is_open.wait(_POLL_S):
            pass

    def __enter__(self) -> Link:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over = True
        self._is_open.set()
        for door in self._doors:
            _end((door,))
        self.reset()
        shutil.rmtree(self._home, ignore_errors=True)


def _end(ends: tuple[socket.socket, ...]) -> None:
    for one in ends:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
