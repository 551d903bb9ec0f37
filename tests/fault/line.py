"""A line to the store that can be broken: a unix socket that passes everything on, until it is told not to."""

import asyncio
import contextlib
import random
import re
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from quizapp.grader.scripts import FOLDER, script

_COMMAND = re.compile(rb"\*\d+\r\n\$\d+\r\n([A-Za-z]+)\r\n(?:\$40\r\n([0-9a-f]{40})\r\n)?")


class Line:
    """Listens on `path` and passes on to the server's socket at `store`, in a thread of its own."""

    def __init__(self, path: Path, store: Path) -> None:
        self.path, self._store = path, store
        self._scripts = {(step := script(file.stem)).digest.encode(): step.name for file in FOLDER.glob("*.lua")}
        self._loop = asyncio.new_event_loop()
        self._pairs: set[_Pair] = set()
        self._closed = self._losing = False
        self.delay_s = self.loss = 0.0
        self.lost: set[str] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="line")
        self._thread.start()
        self._server = self._run(asyncio.start_unix_server(self._serve, str(path)))

    def lose_one_reply_of_each(self) -> None:
        """From now on the first reply to each kind of command gets lost, and with it its connection: `lost` tells which."""
        self.lost.clear()
        self._losing = True

    def lose_nothing(self) -> None:
        """Replies arrive again."""
        self._losing = False

    def cut(self) -> None:
        """Break every connection, and let none be made."""
        self._closed = True
        self._run(self._drop_all())

    def mend(self) -> None:
        """Let connections be made again."""
        self._closed = False

    def end(self) -> None:
        """Stop listening; every connection ends."""
        self._closed = True
        self._server.close()
        self._run(self._drop_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _drop_all(self) -> None:
        for pair in list(self._pairs):
            pair.drop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._closed:
            writer.close()
            return
        try:
            away = await asyncio.open_unix_connection(str(self._store))
        except OSError:
            writer.close()
            return
        pair = _Pair(writer, away[1])
        self._pairs.add(pair)
        try:
            await asyncio.gather(self._requests(reader, pair), self._replies(away[0], pair))
        except OSError:
            pass
        finally:
            pair.drop()
            self._pairs.discard(pair)

    async def _requests(self, reader: asyncio.StreamReader, pair: "_Pair") -> None:
        while data := await reader.read(1 << 18):
            if self._losing and (new := self._names(data) - self.lost):
                self.lost.update(new)
                pair.deaf = True
            if random.random() < self.loss:
                break
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            pair.store.write(data)
            await pair.store.drain()
        pair.drop()

    async def _replies(self, reader: asyncio.StreamReader, pair: "_Pair") -> None:
        while data := await reader.read(1 << 18):
            if pair.deaf:  # the store has done it, and nobody hears
                break
            pair.client.write(data)
            await pair.client.drain()
        pair.drop()

    def _names(self, data: bytes) -> set[str]:
        return {
            self._scripts.get(digest, found.decode().lower()) if digest else found.decode().lower()
            for found, digest in _COMMAND.findall(data)
        }


class _Pair:
    """A client's connection and its continuation to the store."""

    def __init__(self, client: asyncio.StreamWriter, store: asyncio.StreamWriter) -> None:
        self.client, self.store, self.deaf = client, store, False

    def drop(self) -> None:
        for writer in (self.client, self.store):
            with contextlib.suppress(RuntimeError):  # its loop may be gone already
                writer.transport.abort()
