"""Fork server: modules are loaded once, and each program that is ordered then runs in a process forked from that.

Started as `python -m tests.fork_server MODULE…`, with a socket for its standard input. An order is one message: JSON,
and the files that are the program's standard input, output and error, its gate, which it waits at until that is
closed, and a socket to which its number and then its exit status are written.
A program ends as in a process begun afresh: its threads, what is registered for the end, its globals, its output. But
loaded modules are not taken apart, which takes longer than most programs.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import json
import os
import runpy
import socket
import sys
import threading
from contextlib import suppress
from importlib import import_module
from typing import Any

ORDER_BYTES_MAX = 1 << 20
FILES = 5
_SET_TRACER, _ANYBODY = 0x59616D61, ctypes.c_ulong(-1)
"""prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY): strace may attach where only an ancestor could."""


def main(modules: list[str]) -> None:
    """Take orders until nobody can give one; a forked process carries out its own and ends."""
    for module in modules:
        import_module(module)
    gc.freeze()
    orders = socket.socket(fileno=0)
    while True:
        message, files, _, _ = socket.recv_fds(orders, ORDER_BYTES_MAX, FILES)
        if not message:
            return
        if _is_forked(files):
            orders.detach()  # Its number is that of the program's standard input now.
            _carry_out(json.loads(message), files[3])
        for file in files:
            os.close(file)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _is_forked(files: list[int]) -> bool:
    """Fork a process, and between it and us one that waits for its end; so nobody here waits for anything."""
    if os.fork():
        return False
    told = socket.socket(fileno=files[4])
    pid = os.fork()
    if pid:
        for file in files[:4]:
            os.close(file)
        told.send(str(pid).encode())
        _, status = os.waitpid(pid, 0)
        told.send(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    told.close()
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
        os.close(file)
    return True


def _carry_out(order: dict[str, Any], gate: int) -> None:
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = ["-c" if order["module"] is None else "-m", *order["arguments"]]
    sys.path[0] = "" if order["module"] is None else order["folder"]
    ctypes.CDLL(None).prctl(_SET_TRACER, _ANYBODY, 0, 0, 0)
    os.read(gate, 1)
    os.close(gate)
    names: dict[str, Any] = {"__name__": "__main__"}
    status = 0
    try:
        if order["module"] is not None:
            names = runpy.run_module(order["module"], run_name="__main__", alter_sys=True)
        else:
            exec(compile(order["source"], "<string>", "exec"), names)
    except SystemExit as error:
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except Exception:
        sys.excepthook(*sys.exc_info())
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    names.clear()
    gc.collect()  # Few are looked at: what the server had loaded is frozen.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main(sys.argv[1:])
