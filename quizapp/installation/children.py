"""Processes that never outlive the one that started them."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int, with_signal: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel to send this process `with_signal` when its parent dies, even of SIGKILL. Linux only.

    `parent` is the expected parent: if it died before the request was made, this process ends at once.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, with_signal, 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), with_signal)


def start_child(
    command: Sequence[str | Path],
    *,
    environ: Mapping[str, str] | None = None,
    output: IO[bytes] | int | None = None,
    directory: Path | None = None,
    user: str | None = None,
    keep: Sequence[int] = (),
    with_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own (Ctrl-C reaches its parent only) that ends when its parent does.

    `output` takes both its output and its errors; the descriptors in `keep` stay open in it. It must be called from a
    thread that lives as long as the child should: the kernel watches the thread that forked, not the process.
    """
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        env=dict(environ) if environ is not None else None,
        cwd=directory,
        user=user,
        group=_group_of(user),
        extra_groups=[] if user else None,
        pass_fds=keep,
        start_new_session=True,
        preexec_fn=_tie_to(os.getpid(), with_signal),
    )


def _tie_to(parent: int, with_signal: signal.Signals) -> Callable[[], None]:
    def tie() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        end_with_parent(parent, with_signal)

    return tie


def _group_of(user: str | None) -> int | None:
    if user is None:
        return None
    import pwd

    return pwd.getpwnam(user).pw_gid


def stop_child(child: subprocess.Popen[bytes], patience_s: float) -> bool:
    """SIGTERM, then SIGKILL to the child's whole session after `patience_s`. Returns whether it went by itself."""
    if child.poll() is None:
        child.terminate()
    try:
        child.wait(patience_s)
        return True
    except subprocess.TimeoutExpired:
        return False
    finally:
        # Whatever the child left behind in its session (gunicorn's workers, say) goes too.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
