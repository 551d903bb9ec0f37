"""`quizapp up`: starts everything in order, keeps it running, and stops it in order.

The order is: store, migrations, recorder and web, demo. It stops web first, so that no more answers come, then the
recorder, which records what is there, then the store. Children live in sessions of their own (so that Ctrl-C reaches this
process only) and end with it, however it ends.
"""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from quizapp import create_app
from quizapp.config import Settings
from quizapp.installation import checks
from quizapp.installation.checks import CannotStart
from quizapp.installation.children import start_child, stop_child
from quizapp.installation.logs import configure_logging
from quizapp.installation.store import StoreError, start_store, wait_until_ready

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LONGEST_LOG_BYTES = 16 * 1024 * 1024
LONGEST_PAUSE_S = 30.0
HEALTHY_S = 60.0
DEMO_UNFINISHED = "demo.unfinished"
COMMAND = ("-c", "import sys; from quizapp.cli import main; sys.exit(main())")
WEB = ("-m", "gunicorn", "-c", "python:quizapp.installation.web_server")
APP = "wsgi:asgi"


class Stopped(Exception):
    """Somebody asked to stop."""


@dataclass
class Child:
    """A process that is restarted when it dies. `patience_s` is how long its stop may take."""

    name: str
    title: str
    start: Callable[[], subprocess.Popen[bytes]]
    log: Path
    patience_s: float
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    restart_s: float = 0.0
    failures: int = 0
    told: int = 0  # how much of the log people have been told about


class Up:
    """One run of the program."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.data_dir
        self._logs = self._folder / "log"
        self._lock = -1
        self._children: list[Child] = []
        self._demo: subprocess.Popen[bytes] | None = None
        self._stop_asked = False

    def run(self) -> int:
        """Run until asked to stop. Returns the exit status."""
        configure_logging()
        # Blocked and waited for instead of handled: no signal can fall between a start and its bookkeeping.
        signal.pthread_sigmask(signal.SIG_BLOCK, {*STOPPING, signal.SIGCHLD})
        try:
            self._start()
            while True:
                self._wait(1.0)
                self._look_after()
        except Stopped:
            say("正在停止…", "Stopping …")
        except (CannotStart, StoreError) as error:
            sys.stdout.flush()
            print(error, file=sys.stderr, flush=True)
            return 1
        finally:
            self._stop()
        say("已全部停止。", "All of it has stopped.")
        return 0

    # Starting

    def _start(self) -> None:
        settings = self._settings
        host, port = checks.split_bind(settings.bind)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = checks.lock_data_folder(self._folder)
        checks.check_port(settings.bind)
        self._logs.mkdir(exist_ok=True, mode=0o700)
        if settings.embedded_redis:
            self._add("store", "内置存储 store", self._start_store, patience_s=30)
        else:
            checks.check_store(settings.store_url)
        if not settings.embedded_database:
            checks.check_database(settings)
        empty = self._migrate()
        if settings.embedded_redis:
            store = self._children[0].process
            assert store is not None
            wait_until_ready(settings.store_socket.parent, store, stop_asked=self._asked)
        self._add(
            "recorder", "落库进程 recorder", lambda: self._start_python("recorder", *COMMAND, "recorder"), patience_s=20
        )
        self._add("web", "网站 web", lambda: self._start_python("web", *WEB, APP), patience_s=12)
        self._wait_for_web(host, port)
        address = settings.public_url or f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"  # noqa: S104
        say(f"已就绪：{address}", f"Ready at {address} (Ctrl-C 停止 stops it)")
        if host not in checks.LOOPBACK:
            self._warn_beyond_loopback()
        self._begin_demo(empty)

    def _add(self, name: str, title: str, start: Callable[[], subprocess.Popen[bytes]], patience_s: float) -> None:
        log = self._logs / f"{name}.log"
        if log.exists() and log.stat().st_size > LONGEST_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        child = Child(name, title, start, log, patience_s, told=log.stat().st_size if log.exists() else 0)
        self._children.append(child)
        self._start_child(child)

    def _start_child(self, child: Child) -> None:
        child.process = child.start()
        child.started_s = time.monotonic()

    def _start_store(self) -> subprocess.Popen[bytes]:
        with (self._logs / "store.log").open("ab") as output:
            folder, fsync = self._settings.store_socket.parent, self._settings.store_fsync
            return start_store(folder, output=output, fsync=fsync, keep=[self._lock])

    def _start_python(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._logs / f"{name}.log").open("ab") as output:
            command = [sys.executable, *arguments]
            return start_child(command, environ=self._environ(), output=output, keep=[self._lock])

    def _start_demo_command(self, name: str) -> subprocess.Popen[bytes]:
        return start_child([sys.executable, *COMMAND, "demo", name], environ=self._environ())

    def _environ(self) -> dict[str, str]:
        root = str(Path(__file__).resolve().parent.parent.parent)
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        return {**os.environ, "QUIZ_DATA_DIR": str(self._folder), "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}

    def _migrate(self) -> bool:
        """Bring the tables up to date; returns whether nobody has an account yet."""
        settings = self._settings
        current, newest = checks.database_revisions(settings)
        if current != newest:
            say("正在准备数据库…", "Preparing the database …")
            from flask_migrate import upgrade  # only here: a start that has nothing to migrate is a second shorter

            app = create_app(settings)
            with app.app_context():
                try:
                    upgrade()
                except (SystemExit, SQLAlchemyError) as error:
                    raise CannotStart(
                        f"数据库迁移失败（{error}）；数据没有改动。"
                        f" The database could not be migrated ({error}); nothing in it was changed."
                    ) from error
                app.extensions["sqlalchemy"].engine.dispose()
        engine = create_engine(settings.sql_url)
        try:
            with engine.connect() as connection:
                return connection.execute(text("SELECT 1 FROM account LIMIT 1")).first() is None
        finally:
            engine.dispose()

    def _wait_for_web(self, host: str, port: int) -> None:
        if host in ("0.0.0.0", "::"):  # noqa: S104
            host = "127.0.0.1" if host == "0.0.0.0" else "::1"  # noqa: S104
        web = self._children[-1]
        begun = time.monotonic()
        told = False
        while True:
            self._wait(0.05)
            for child in self._children:
                if child.process and child.process.poll() is not None:
                    raise CannotStart(
                        f"{checks.tail(child.log)}\n{child.title} 启动后退出，原因见上（{child.log}）。"
                        f" It ended as soon as it started, for the reason above."
                    )
            connection = http.client.HTTPConnection(host, port, timeout=5)
            try:
                connection.request("GET", "/")
                connection.getresponse().read()
                return
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            waited = time.monotonic() - begun
            if waited > 4 and not told:
                told = True
                say("网站正在启动…", "The web server is starting …")
            if waited > 120:
                raise CannotStart(
                    f"网站迟迟没有就绪，请看 {web.log}。 The web server is not getting ready: see {web.log}."
                )

    def _warn_beyond_loopback(self) -> None:
        settings = self._settings
        if not settings.public_url:
            say(
                "注意：已对外监听，但没有设置 QUIZ_PUBLIC_URL，海报和二维码上的链接别人打不开。",
                "Beyond loopback without QUIZ_PUBLIC_URL: the links in posters and QR codes will help nobody.",
            )
        if not settings.public_url.startswith("https://"):
            say(
                "注意：未使用 HTTPS，同一网络中的人可以截获登录信息；正式使用请放在 HTTPS 反向代理之后。",
                "Plain HTTP: whoever shares the network can take over sign-ins. Put it behind a proxy with HTTPS.",
            )

    # The demo

    def _begin_demo(self, empty: bool) -> None:
        settings = self._settings
        wanted = settings.wants_demo
        unfinished = self._folder / DEMO_UNFINISHED
        if wanted and (empty or unfinished.exists()):
            unfinished.touch()
            say("正在填充演示数据…", "Filling in the demo …")
            sys.stdout.flush()
            self._demo = self._start_demo_command("fill")
        elif empty:
            say(
                "还没有任何账号：请运行 quizapp accounts create-admin 创建管理员。",
                "There is no account yet: make the first with quizapp accounts create-admin.",
            )
        elif wanted:
            self._show_demo_accounts()

    def _look_after_demo(self) -> None:
        if self._demo is None or (status := self._demo.poll()) is None:
            return
        filled = (self._folder / DEMO_UNFINISHED).exists()
        self._demo = None
        if status == 0 and filled:
            (self._folder / DEMO_UNFINISHED).unlink()
            self._show_demo_accounts()
        elif status != 0 and filled:
            say(
                "演示数据没有填完，下次启动会继续；网站可以照常使用。",
                "The demo was not filled in to its end; the next start goes on with it. The site works.",
            )

    def _show_demo_accounts(self) -> None:
        self._demo = self._start_demo_command("accounts")

    # Running

    def _asked(self) -> bool:
        self._stop_asked |= bool(signal.sigpending() & set(STOPPING))
        return self._stop_asked

    def _wait(self, seconds: float) -> None:
        """Until a child ends, or for so long. Raises Stopped."""
        if self._stop_asked:
            raise Stopped
        found = signal.sigtimedwait({*STOPPING, signal.SIGCHLD}, seconds)
        if found is not None and found.si_signo in STOPPING:
            raise Stopped

    def _look_after(self) -> None:
        now_s = time.monotonic()
        for child in self._children:
            self._tell_errors(child)
            if child.process is None:
                if now_s >= child.restart_s:
                    self._start_child(child)
            elif (status := child.process.poll()) is not None:
                stop_child(child.process, 0)  # whatever it left in its session
                child.process = None
                child.failures = 1 if now_s - child.started_s > HEALTHY_S else child.failures + 1
                pause_s = min(0.5 * 2 ** (child.failures - 1), LONGEST_PAUSE_S)
                child.restart_s = now_s + pause_s
                say(
                    f"{child.title} 意外退出（{status}），{pause_s:g} 秒后重新启动；日志在 {child.log}。",
                    f"It ended unexpectedly and is started again in {pause_s:g} s.",
                )
        self._look_after_demo()

    def _tell_errors(self, child: Child) -> None:
        """Errors in a child's log are shown here too, one line each; the rest stays in the log."""
        size = child.log.stat().st_size if child.log.exists() else 0
        if size <= child.told:
            child.told = size
            return
        with child.log.open("rb") as log:
            log.seek(child.told)
            fresh = log.read(min(size - child.told, 65_536))
        child.told += len(fresh)
        shown = 0
        for line in fresh.splitlines():
            with contextlib.suppress(ValueError, AttributeError):
                entry = json.loads(line)
                if entry.get("level") in ("error", "critical") and shown < 3:
                    shown += 1
                    say(f"{child.title}：", f"{str(entry.get('message'))[:300]}")

    # Stopping

    def _stop(self) -> None:
        if self._demo is not None:
            stop_child(self._demo, 5)
        for child in reversed(self._children):
            if child.process is not None and not stop_child(child.process, child.patience_s):
                say(f"{child.title} 没有按时停止，已强制结束。", "It did not stop in time and was killed.")
        if self._lock >= 0:
            os.close(self._lock)


def say(chinese: str, english: str) -> None:
    """A line for the person at the terminal; who has closed it does not stop the program."""
    with contextlib.suppress(OSError):
        print(chinese, english, flush=True)
