"""The ways to the answer handlers, alike to the tests: Flask's routes, the door in a loop of its own, and that behind gunicorn."""

import asyncio
import http.client
import json
import socket
import sys
import threading
from collections import Counter
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Protocol, TypeVar

from flask import Flask
from gunicorn.config import Config
from gunicorn.glogging import Logger

from quizapp.attempts.door import Door, Receive, Scope, Send
from quizapp.installation.web_worker import StraightProtocol

T = TypeVar("T")


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The error's code."""
        return str(self.json["error"]["code"])


class Transport(Protocol):
    """Sends a POST."""

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply: ...


class FlaskTransport:
    """Plain WSGI."""

    def __init__(self, app: Flask) -> None:
        self._client = app.test_client(use_cookies=False)

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        reply = self._client.post(path, data=body, headers=dict(headers), csrf=False)
        return Reply(reply.status_code, {name.lower(): value for name, value in reply.headers}, reply.data)

    def close(self) -> None:
        pass


class DoorTransport:
    """The ASGI application, in a loop that runs in a thread of its own as it would in a worker."""

    def __init__(self, app: Flask) -> None:
        self.door = Door(app)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Let the loop do something, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        return self.run(self.request("POST", path, [body], headers))

    async def request(
        self, method: str, path: str, parts: list[bytes], headers: Mapping[str, str], *, complete: bool = True
    ) -> Reply:
        """One request whose body comes in parts; a client that is not `complete` goes away after the last of them."""
        waiting = list(parts) or [b""]
        sent: list[Any] = []

        async def receive() -> Any:
            if not waiting:
                return {"type": "http.disconnect"}
            part = waiting.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(waiting) or not complete}

        async def send(message: Any) -> None:
            sent.append(message)

        named = {"host": "localhost", "content-length": str(sum(map(len, parts))), **headers}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "http_version": "1.1",
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in named.items()],
            "client": ("127.0.0.1", 5),
            "server": ("127.0.0.1", 80),
        }
        await self.door(scope, receive, send)
        if not sent:
            return Reply(0, {}, b"")
        found = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:]))

    def close(self) -> None:
        async def stop() -> None:
            if self.door._pipeline:
                self.door._pipeline.close()

        self.run(stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class CountingDoor(Door):
    """A door that counts what came to it by ASGI, by the client's port."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self.by_asgi: Counter[int] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.by_asgi[scope["client"][1]] += 1
        await super().__call__(scope, receive, send)


class _Log(Logger):
    access_log_enabled = False


class ServedTransport(DoorTransport):
    """The door behind gunicorn's connections, over a socket. `received` counts the bytes that were read, by the client's port."""

    def __init__(self, app: Flask, protocol: Any = StraightProtocol, *, keepalive_s: int = 15) -> None:
        super().__init__(app)
        self.door: CountingDoor = CountingDoor(app)
        config = Config()
        config.set("keepalive", keepalive_s)
        config.set("asgi_disconnect_grace_period", 0)  # whose client has gone ends at once, not after seconds
        self.worker = SimpleNamespace(
            cfg=config,
            log=_Log(config),
            asgi=self.door,
            loop=self.loop,
            state={},
            alive=True,
            nr=0,
            nr_conns=0,
            max_requests=sys.maxsize,
        )
        self.received = received = Counter[int]()

        class Connection(protocol):
            def data_received(self, data: bytes) -> None:
                received[self.transport.get_extra_info("peername")[1]] += len(data)
                super().data_received(data)

        self._server = self.run(self.loop.create_server(lambda: Connection(self.worker), "127.0.0.1", 0))
        self.port = int(self._server.sockets[0].getsockname()[1])

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        named = {"Host": "localhost", "Content-Length": str(len(body)), **headers}
        lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items()), "\r\n"]
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as client:
            client.sendall("\r\n".join(lines).encode("latin-1") + body)  # at once: who is refused early may not send on
            reply = http.client.HTTPResponse(client, method="POST")
            reply.begin()
            return Reply(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read())

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self._server.close)

        async def last_ones_end() -> None:
            while len(asyncio.all_tasks()) > 1:
                await asyncio.sleep(0.01)

        self.run(last_ones_end())
        super().close()
