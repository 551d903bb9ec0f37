"""What a child process may do that reads a stranger's file: take some memory and time, and answer. Nothing else.

It may open no connection, start no process, load no foreign library and write no file. The limits are the kernel's. The
rest is an audit hook: a fence against what a reader or its libraries do in Python, not against a broken interpreter; so
the child is also given no secret (`environment`). This module needs the standard library only.
"""

import os
import resource
import signal
import sys
from pathlib import Path

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
REFUSED = (
    *("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "os.startfile"),
    *("pty.", "os.kill", "os.putenv", "os.setxattr", "os.removexattr", "signal.pthread_kill", "ctypes.", "sqlite3."),
    *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.utime"),
    *("os.chmod", "os.chown", "os.chflags", "os.mkfifo", "os.mknod", "shutil.", "tempfile.", "urllib.", "webbrowser."),
)
LANGUAGE = {"LANG": "C.UTF-8", "PYTHONUTF8": "1"}


def command(module: str, *args: str) -> list[str]:
    """A fresh interpreter that runs a module of ours. Not a fork: other threads may hold locks."""
    return [sys.executable, "-P", "-m", module, *args]


def environment() -> dict[str, str]:
    """All that a child gets to know: where this package is. No address of a store, no secret."""
    return {"PYTHONPATH": str(Path(__file__).parents[2]), **LANGUAGE}


def confine(*, memory_bytes: int, seconds: int) -> None:
    """From here on this process is held to the limits; `seconds` are of its own work and, doubled, of the clock."""
    for limit, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _soft, hard = resource.getrlimit(limit)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (allowed, allowed))
    signal.alarm(2 * seconds)  # should the parent be gone
    sys.addaudithook(_refuse)


def _refuse(event: str, args: tuple[object, ...]) -> None:
    if event == "open":
        _path, mode, flags = args
        writes = isinstance(flags, int) and flags & WRITING
        if writes or (isinstance(mode, str) and set(mode) & set("wax+")):
            raise PermissionError("a reader of uploads writes no file")
    elif event.startswith(REFUSED):
        raise PermissionError(f"a reader of uploads does not do this: {event}")
