"""A keep-alive connection, and the bytes of the two requests that have no session: small, so that it costs little beside the
server that it measures."""

import asyncio
import gzip

BROWSER_HEADERS = (
    b"Connection: keep-alive\r\n"
    b'sec-ch-ua: "Chromium";v="130", "Android WebView";v="130", "Not?A_Brand";v="99"\r\n'
    b"sec-ch-ua-mobile: ?1\r\n"
    b'sec-ch-ua-platform: "Android"\r\n'
    b"User-Agent: Mozilla/5.0 (Linux; Android 13; M2102J2SC) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile\r\n"
    b"Accept: */*\r\n"
    b"Origin: http://127.0.0.1\r\n"
    b"Sec-Fetch-Site: same-origin\r\n"
    b"Sec-Fetch-Mode: cors\r\n"
    b"Sec-Fetch-Dest: empty\r\n"
    b"Accept-Encoding: gzip, deflate, br\r\n"
    b"Accept-Language: zh-CN,zh;q=0.9\r\n"
)


class _Wire(asyncio.Protocol):
    """One connection with at most one request on its way."""

    def __init__(self) -> None:
        self._buffer = b""
        self._reply: asyncio.Future[tuple[bytes, bytes]] | None = None
        self.transport: asyncio.WriteTransport | None = None
        self.is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # uvloop's own class is not registered as one

    def send(self, request: bytes) -> "asyncio.Future[tuple[bytes, bytes]]":
        self._buffer = b""
        self._reply = asyncio.get_running_loop().create_future()
        assert self.transport is not None
        self.transport.write(request)
        return self._reply

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._reply is None or self._reply.done():
            return
        head = self._buffer[:end].lower()
        try:
            size = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        except ValueError as error:
            self._reply.set_exception(error)
            return
        if len(self._buffer) >= end + 4 + size:
            self._reply.set_result((head, self._buffer[end + 4 : end + 4 + size]))

    def connection_lost(self, error: Exception | None) -> None:
        self.is_lost = True
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(EOFError("the server closed the connection"))


class KeptLine:
    """One keep-alive connection to a port of this machine, made anew after each failure."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._wire: _Wire | None = None

    async def ask(self, request: bytes) -> tuple[int, bytes, bytes]:
        """Status, head in lower case, and body of the reply. Raises OSError, EOFError or ValueError when the line breaks."""
        if self._wire is None or self._wire.is_lost:  # the server let go of it meanwhile
            loop = asyncio.get_running_loop()
            _, self._wire = await loop.create_connection(_Wire, "127.0.0.1", self._port)
        head, body = await self._wire.send(request)
        if b"content-encoding: gzip" in head:
            body = gzip.decompress(body)
        if b"connection: close" in head:
            self.close()
        return int(head.split(b" ", 2)[1]), head, body

    def close(self) -> None:
        """Let go of it; the next request makes another."""
        if self._wire is not None and self._wire.transport is not None:
            self._wire.transport.close()
        self._wire = None


def answer_request(
    ticket: str, position: int, chosen: int, sequence: int, *, more: bytes = b"", path: bytes = b"/answer"
) -> bytes:
    """The bytes of `POST /answer` with one answer; `more` are further header lines."""
    body = b'{"answers":[{"position":%d,"chosen":%d,"sequence":%d}]}' % (position, chosen, sequence)
    head = b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-Ticket: %s\r\n%sContent-Length: %d\r\n\r\n"
    return head % (path, ticket.encode(), more, len(body)) + body


def submit_request(ticket: str) -> bytes:
    """The bytes of `POST /submit`."""
    return b"POST /submit HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Ticket: %s\r\nContent-Length: 0\r\n\r\n" % ticket.encode()
