"""Several web hosts: processes with a port and a data folder of their own, a recorder on each, and a balancer before them."""

import asyncio
import contextlib
import itertools
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from quizapp.installation.children import start_child, stop_child
from tests.fault.cluster import wait_for
from tests.load.installation import ROOT, Installation, free_port

COMMAND = (sys.executable, "-c", "import sys; from quizapp.cli import main; sys.exit(main())")


class Host:
    """A host with `parts` of the program (`quizapp web` at least), which is run from the folder `program`."""

    def __init__(
        self, running: Installation, name: str, parts: tuple[str, ...] = ("recorder", "web"), program: Path = ROOT
    ) -> None:
        self.port, self._folder = free_port(), running.folder / name
        self._folder.mkdir()
        environ = {
            **running.environ,
            "QUIZ_DATA_DIR": str(self._folder),
            "QUIZ_BIND": f"127.0.0.1:{self.port}",
            "QUIZ_WEB_WORKERS": "1",
            "PYTHONPATH": str(program),
        }
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        with (self._folder / "log").open("ab") as log:
            for part in parts:
                command = [*COMMAND, part]
                self._children[part] = start_child(command, environ=environ, output=log, directory=program)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait(self) -> None:
        """Until it serves."""
        wait_for(self.answers)

    def answers(self) -> bool:
        assert self._children["web"].poll() is None, (self._folder / "log").read_text()[-3000:]
        with contextlib.suppress(URLError, OSError), urlopen(f"{self.url}/healthz") as reply:
            return bool(reply.status == 200)
        return False

    def stop_web(self) -> None:
        """As a deploy does: SIGTERM, and what is on its way is finished."""
        stop_child(self._children["web"], 30)

    def kill(self) -> None:
        for child in self._children.values():
            child.kill()
            child.wait()


def changed_program(folder: Path) -> Path:
    """A copy of the program in which the text, and so the name, of every script is another."""
    for name in ("quizapp", "migrations"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "wsgi.py", folder)
    for file in (folder / "quizapp" / "grader" / "lua").glob("*.lua"):
        file.write_text(file.read_text() + "-- the next version\n")
    return folder


class Balancer:
    """Passes each connection on to a host that takes it, in turn."""

    def __init__(self, hosts: list[Host]) -> None:
        self.hosts = hosts
        self._turns = itertools.count()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="balancer")
        self._thread.start()
        begun = asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=2048)
        self._server = asyncio.run_coroutine_threadsafe(begun, self._loop).result(30)
        self.port: int = self._server.sockets[0].getsockname()[1]

    def end(self) -> None:
        async def end() -> None:
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for _ in self.hosts:
                host = self.hosts[next(self._turns) % len(self.hosts)]
                with contextlib.suppress(OSError):
                    there, back = await asyncio.open_connection("127.0.0.1", host.port)
                    break
            else:
                return
            try:
                with contextlib.suppress(asyncio.CancelledError):  # its end
                    await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))
            finally:
                back.transport.abort()
        finally:
            writer.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()
