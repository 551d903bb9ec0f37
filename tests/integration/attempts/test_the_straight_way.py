"""Whole answers go straight from the socket to the door; whatever is sent, the replies are those of gunicorn's own way."""

import asyncio
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from flask import Flask
from gunicorn.asgi.protocol import ASGIProtocol
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from quizapp.attempts.ticket import Ticket, tickets_of
from quizapp.extensions import grader
from quizapp.installation.web_worker import StraightProtocol
from quizapp.rehearsals.line import answer_request, submit_request
from tests.cast import Cast, OpenCompetition
from tests.conftest import SECRET
from tests.integration.attempts.conftest import Begin, held_back, until
from tests.integration.attempts.test_the_doors_way_to_the_store import waiting
from tests.integration.attempts.transports import ServedTransport
from tests.unit.installation.test_ordinary_requests import TROUBLE

pytestmark = pytest.mark.once
BROWSERS = b"Origin: http://localhost\r\nAccept: */*\r\nAccept-Language: zh-CN,zh;q=0.9\r\nSec-Fetch-Mode: cors\r\n"
BEHIND_NGINX = b"X-Request-Id: 1\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = HEALTH.replace(b"Host", b"Connection: close\r\nHost")


@pytest.fixture
def straight(app: Flask) -> Iterator[ServedTransport]:
    way = ServedTransport(app, keepalive_s=1)
    yield way
    way.close()


@pytest.fixture
def gunicorns(app: Flask) -> Iterator[ServedTransport]:
    way = ServedTransport(app, ASGIProtocol, keepalive_s=1)
    yield way
    way.close()


@pytest.fixture
def ticket(cast: Cast, begin: Begin) -> str:
    return begin(cast.lin).ticket


def connect(way: ServedTransport) -> socket.socket:
    return socket.create_connection(("127.0.0.1", way.port), timeout=60)


def talk(way: ServedTransport, *parts: bytes) -> tuple[bytes, int]:
    """What comes back for parts that are read one by one, until the server closes, without the times; and how many of the
    requests came to the door by ASGI."""
    with closing(connect(way)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        port = client.getsockname()[1]
        for number, part in enumerate(parts):
            sent = sum(map(len, parts[:number]))
            until(lambda sent=sent: way.received[port] >= sent)  # type: ignore[misc]
            client.sendall(part)
        try:
            said = b"".join(iter(lambda: client.recv(65536), b""))
        except ConnectionResetError:  # closed with bytes unread, which may throw the reply away on its way
            return talk(way, *parts)
    return timeless(said), way.door.by_asgi[port]


def timeless(said: bytes) -> bytes:
    """Replies without what differs from time to time."""
    said = said.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")  # not sent if the body has come meanwhile
    return re.sub(rb'"now_ms":\d+|Date: [^\r]+|x-request-id: [^\r]+', b"-", said)


def saved(said: bytes) -> int:
    return said.count(b'"saved"')


def answers(ticket: str, position: int, more: bytes = b"") -> bytes:
    """A request with one answer, and further header lines."""
    return answer_request(ticket, position, 1, 10 + position, more=more)


def test_a_whole_answer_goes_straight(straight: ServedTransport, ticket: str) -> None:
    whole = answers(ticket, 1)
    with closing(connect(straight)) as client:
        for request in (whole, answers(ticket, 2, BROWSERS), whole, answers(ticket, 3, BEHIND_NGINX)):
            client.sendall(request)
            assert saved(client.recv(65536)) == 1
        client.sendall(submit_request(ticket))
        assert b'"submitted"' in client.recv(65536)
    assert not straight.door.by_asgi


def test_every_reply_is_as_by_asgi(
    straight: ServedTransport, gunicorns: ServedTransport, cast: Cast, begin: Begin
) -> None:
    opened = begin(cast.lin)
    ticket = opened.ticket
    whole, other, third = answers(ticket, 1), answers(ticket, 2), answers(ticket, 3, BROWSERS)
    nobody = tickets_of(SECRET).issue(Ticket(opened.competition_id, 0, 999_999, 1, 1))
    head, body = re.sub(rb"Content-Length: \d+", b"Transfer-Encoding: chunked", whole).split(b"\r\n\r\n")
    chunked = head + b"\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    expecting = answers(ticket, 1, b"Expect: 100-continue\r\n")
    wanted = expecting.index(b"\r\n\r\n") + 4
    large = whole.replace(body, b" " * 20_000).replace(b"h: %d" % len(body), b"h: 20000")
    # What is sent, how many answers are saved, how many requests come by ASGI: all that share a read with another do so.
    # None: it depends on whether the first has its reply when the next is read.
    scenes: list[tuple[tuple[bytes, ...], int, int | None]] = [
        ((whole,), 1, 0),
        ((whole, other, third), 3, None),
        ((whole + other + third,), 3, 3),
        ((whole + HEALTH + other + HEALTH + third,), 3, 5),
        ((whole + other[:-20], other[-20:] + third), 3, None),
        ((whole + other[:40], other[40:]), 2, None),
        ((whole[:30], other), 0, 0),
        ((b"\r\n", whole), 1, 1),
        ((whole[:-3], whole[-3:-2], whole[-2:-1], whole[-1:]), 1, 1),
        ((chunked,), 1, 1),
        ((chunked[:-30], chunked[-30:], whole), 2, None),
        ((expecting[:wanted], expecting[wanted:]), 1, 1),
        ((expecting,), 1, 1),
        ((answers(ticket, 1, b"Connection: close\r\n"),), 1, 1),
        ((answers(ticket, 1, b"Connection: keep-alive\r\n"),), 1, 0),
        ((whole.replace(b"HTTP/1.1", b"HTTP/1.0"),), 1, 1),
        ((answers(ticket, 1, BEHIND_NGINX),), 1, 0),
        ((answers(ticket, 1, b"X-Forwarded-Proto: http\r\nX-Forwarded-Ssl: on\r\n"),), 0, 0),
        ((answers(ticket, 1, b"X_Ticket: x\r\n"),), 1, 1),
        ((answers(ticket, 1, b"Upgrade: h2c\r\n"),), 1, 1),
        ((answers(ticket, 1, b"X: %s\r\n" % (b"y" * 20_000)),), 0, 0),
        ((answers(ticket, 1, b"X: %s\r\n" % (b"y" * 8000)),), 1, 1),
        ((answers(ticket, 1, b"".join(b"X-%d: 1\r\n" % number for number in range(96))),), 1, 0),
        ((answers(ticket, 1, b"".join(b"X-%d: 1\r\n" % number for number in range(97))),), 0, 0),
        ((large,), 0, 1),
        ((whole.replace(b"Content-Length", b"Content-Length: 3\r\nContent-Length"),), 0, 0),
        ((answers("", 1) + whole,), 1, 2),
        ((answers(ticket[:-1] + "_", 1) + whole,), 1, 2),
        ((whole.replace(b'{"answers', b'["answers') + other,), 1, 2),
        ((answers(nobody, 1, b"Cookie: quiz_language=en\r\n"),), 0, 0),
    ]
    with ThreadPoolExecutor(2 * len(scenes)) as pool:
        ours = [pool.submit(talk, straight, *parts) for parts, _, _ in scenes]
        theirs = [pool.submit(talk, gunicorns, *parts) for parts, _, _ in scenes]
    for (parts, kept, by_asgi), one, two in zip(scenes, ours, theirs, strict=True):
        said, came = one.result()
        assert said == two.result()[0], parts
        assert saved(said) == kept, parts
        assert by_asgi in (came, None), parts


def test_a_connection_is_kept_while_an_answer_waits_and_closed_when_it_is_idle(
    straight: ServedTransport, store: Redis, ticket: str
) -> None:
    with closing(connect(straight)) as client:
        client.sendall(answers(ticket, 1))
        assert saved(client.recv(65536)) == 1
        store.client_pause(1500)  # longer than the second that a connection may be idle
        client.sendall(answers(ticket, 2))
        assert saved(client.recv(65536)) == 1
        assert client.recv(65536) == b""


def test_a_stopping_worker_replies_and_closes(straight: ServedTransport, store: Redis, ticket: str) -> None:
    with closing(connect(straight)) as client:
        client.sendall(answers(ticket, 1))
        client.recv(65536)
        with held_back(store):
            client.sendall(answers(ticket, 2))
            until(lambda: waiting(straight))
            straight.worker.alive = False
        said = b"".join(iter(lambda: client.recv(65536), b""))
    assert saved(said) == 1
    assert b"Connection: close" in said
    assert not straight.door.by_asgi


def test_who_goes_away_loses_the_reply_and_nothing_else(
    straight: ServedTransport,
    app: Flask,
    store: Redis,
    cast: Cast,
    competition: OpenCompetition,
    ticket: str,
) -> None:
    talk(straight, answers(ticket, 1))
    with held_back(store), closing(connect(straight)) as client:
        client.sendall(answers(ticket, 2))
        until(lambda: waiting(straight))
    assert saved(talk(straight, answers(ticket, 3))[0]) == 1
    with app.app_context():
        attempt = grader.read(competition.id, 1, cast.lin.id).attempt
    assert attempt is not None
    assert set(attempt.answers) == {1, 2, 3}
    until(lambda: straight.worker.nr_conns == 0)


def test_what_comes_while_an_answer_waits_is_answered_after_it_and_in_order(
    straight: ServedTransport, store: Redis, ticket: str
) -> None:
    talk(straight, answers(ticket, 1))  # the door knows its store
    second = answers(ticket, 2)
    with closing(connect(straight)) as client:
        port = client.getsockname()[1]
        with held_back(store):
            client.sendall(answers(ticket, 1))
            until(lambda: waiting(straight))
            for part in (HEALTH, second[:50], second[50:] + answers(ticket, 3), LAST):
                before = straight.received[port]
                client.sendall(part)
                until(lambda before=before, part=part: straight.received[port] == before + len(part))  # type: ignore[misc]
        said = b"".join(iter(lambda: client.recv(65536), b""))
    ok, first, second, third = b"ok\n", *(b'"position":%d' % each for each in (1, 2, 3))
    assert re.findall(rb'"position":\d|ok\n', said) == [first, ok, second, third, ok]


def test_who_sends_without_end_while_an_answer_waits_is_not_read_on(
    straight: ServedTransport, store: Redis, ticket: str
) -> None:
    talk(straight, answers(ticket, 1))
    wire = Wire()
    with held_back(store):
        connection = straight.run(connected(straight, StraightProtocol, wire))
        for part in (answers(ticket, 2), bytes(200_000), bytes(200_000)):
            assert not wire.is_paused
            straight.loop.call_soon_threadsafe(connection.data_received, part)
            straight.run(asyncio.sleep(0))
        assert wire.is_paused
    straight.run(asyncio.wait_for(wire.is_closed.wait(), 60))
    straight.loop.call_soon_threadsafe(connection.connection_lost, None)
    assert (saved(wire.said), wire.said.count(b"HTTP/1.1 4")) == (1, 1)


class Wire(asyncio.Transport):
    """A connection without a socket, so that a read is exactly what the test says."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 5), "sockname": ("127.0.0.1", 80)})
        self.said = b""
        self.is_paused = False
        self.is_closed = asyncio.Event()

    def write(self, data: Any) -> None:
        self.said += data

    def close(self) -> None:
        self.is_closed.set()

    def can_write_eof(self) -> bool:
        return False

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass


async def connected(way: ServedTransport, protocol: Any, wire: Wire) -> Any:
    """A connection that waits for its first request."""
    connection = protocol(way.worker)
    connection.connection_made(wire)
    await asyncio.sleep(0)
    return connection


async def said_to(way: ServedTransport, protocol: Any, reads: list[tuple[bytes, int]]) -> bytes:
    """What a connection says to reads, after each of which the loop takes so many turns, until it closes."""
    wire = Wire()
    connection = await connected(way, protocol, wire)
    for data, turns in reads:
        if not wire.is_closed.is_set():
            connection.data_received(data)
            for _ in range(turns):
                await asyncio.sleep(0)
    await asyncio.wait_for(wire.is_closed.wait(), 60)
    connection.connection_lost(None)
    return timeless(wire.said)


# Without those that a page of Flask's replies to.
SENT = sorted(TROUBLE.keys() - {"another method", "another path", "an absolute target"})


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_however_requests_are_cut_into_reads_the_replies_are_gunicorns(
    straight: ServedTransport, ticket: str, data: st.DataObject
) -> None:
    troubled = st.tuples(st.integers(1, 4), st.sampled_from(SENT)).map(
        lambda found: answers(ticket, found[0]).replace(*TROUBLE[found[1]], 1)
    )
    whole = st.integers(1, 4).map(lambda position: answers(ticket, position, BROWSERS))
    requests = data.draw(st.lists(whole | st.just(HEALTH) | troubled, min_size=1, max_size=4))
    sent = b"".join([*requests, LAST])
    ends = [sum(map(len, requests[: number + 1])) for number in range(len(requests))]
    cuts = sorted(data.draw(st.sets(st.sampled_from(ends) | st.integers(1, len(sent) - 1), max_size=6)))
    reads = [sent[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    turns = data.draw(st.lists(st.sampled_from([0, 1, 5, 100]), min_size=len(reads), max_size=len(reads)))
    ours, theirs = (
        straight.run(said_to(straight, protocol, list(zip(reads, turns, strict=True))))
        for protocol in (StraightProtocol, ASGIProtocol)
    )
    assert ours == theirs
