"""The two ways to the answer handlers, alike to the tests: Flask's routes, and the door in a loop of its own."""

import asyncio
import json
import threading
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from flask import Flask

from quizapp.attempts.door import Door

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
