"""Whole answers go straight from gunicorn's parser to the door; whatever is sent, the replies are those of gunicorn's own way."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from flask import Flask
from gunicorn.asgi.protocol import ASGIProtocol
from redis import Redis

from quizapp.attempts.ticket import Ticket, tickets_of
from quizapp.extensions import grader
from quizapp.grader.pipeline import StorePipeline
from tests.cast import Cast, OpenCompetition
from tests.conftest import SECRET
from tests.integration.attempts.conftest import Begin
from tests.integration.attempts.transports import ServedTransport

pytestmark = pytest.mark.once
BROWSERS = b"Origin: http://localhost\r\nAccept: */*\r\nAccept-Language: zh-CN,zh;q=0.9\r\nSec-Fetch-Mode: cors\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


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
    said = said.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")  # not sent if the body has come meanwhile
    return re.sub(rb'"now_ms":\d+|Date: [^\r]+|x-request-id: [^\r]+', b"-", said), way.door.by_asgi[port]


def until(fact: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def saved(said: bytes) -> int:
    return said.count(b'"saved"')


def waiting(way: ServedTransport) -> int:
    """How many calls wait for the store."""
    pipeline = way.door._pipeline
    assert isinstance(pipeline, StorePipeline)
    return pipeline._waiting


def answers(ticket: str, position: int, more: bytes = b"") -> bytes:
    """A request with one answer, and further header lines."""
    body = b'{"answers":[{"position":%d,"chosen":1,"sequence":%d}]}' % (position, 10 + position)
    head = b"POST /answer HTTP/1.1\r\nHost: localhost\r\nX-Ticket: %s\r\n%sContent-Length: %d\r\n\r\n"
    return head % (ticket.encode(), more, len(body)) + body


def submission(ticket: str) -> bytes:
    return b"POST /submit HTTP/1.1\r\nHost: localhost\r\nX-Ticket: %s\r\nContent-Length: 0\r\n\r\n" % ticket.encode()


def test_a_whole_answer_goes_straight(straight: ServedTransport, cast: Cast, begin: Begin) -> None:
    ticket = begin(cast.lin).ticket
    whole = answers(ticket, 1)
    head = whole.index(b"\r\n\r\n")
    said, by_asgi = talk(straight, whole[:head], whole[head:], answers(ticket, 2, BROWSERS), whole, submission(ticket))
    assert (saved(said), said.count(b'"submitted"'), said.count(b"HTTP/1.1 200 OK"), by_asgi) == (3, 1, 4, 0)


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
    # What is sent, how many answers are saved, how many requests come by ASGI: after one that does, those that lie ready
    # do so too. None: it depends on whether the first has its reply when the next is read.
    scenes: list[tuple[tuple[bytes, ...], int, int | None]] = [
        ((whole,), 1, 0),
        ((whole + other + third,), 3, 0),
        ((whole + HEALTH + other + HEALTH + third,), 3, 4),
        ((whole + other[:-20], other[-20:] + third), 3, None),
        ((whole + other[:40], other[40:]), 2, None),
        ((whole[:-3], whole[-3:-2], whole[-2:-1], whole[-1:]), 1, 1),
        ((chunked,), 1, 1),
        ((chunked[:-30], chunked[-30:], whole), 2, None),
        ((expecting[:wanted], expecting[wanted:]), 1, 1),
        ((expecting,), 1, 1),
        ((answers(ticket, 1, b"Connection: close\r\n"),), 1, 1),
        ((answers(ticket, 1, b"Connection: keep-alive\r\n") + other,), 2, 0),
        ((whole.replace(b"HTTP/1.1", b"HTTP/1.0"),), 1, 1),
        ((answers(ticket, 1, b"X-Forwarded-Proto: https\r\nX-Forwarded-For: 1.2.3.4\r\n"),), 1, 0),
        ((answers(ticket, 1, b"X-Forwarded-Proto: http\r\nX-Forwarded-Ssl: on\r\n"),), 0, 0),
        ((answers(ticket, 1, b"X_Ticket: x\r\n"),), 1, 1),
        ((answers(ticket, 1, b"Upgrade: h2c\r\n"),), 1, 1),
        ((answers(ticket, 1, b"X: %s\r\n" % (b"y" * 20_000)),), 0, 0),
        ((large,), 0, 1),
        ((whole.replace(b"Content-Length", b"Content-Length: 3\r\nContent-Length"),), 0, 0),
        ((answers("", 1) + whole,), 1, 2),
        ((answers(ticket[:-1] + "_", 1) + whole,), 1, 2),
        ((whole.replace(b'{"answers', b'["answers') + other,), 1, 2),
        ((answers(nobody, 1, b"Cookie: quiz_language=en\r\n") + whole,), 1, 0),
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
    straight: ServedTransport, store: Redis, cast: Cast, begin: Begin
) -> None:
    ticket = begin(cast.lin).ticket
    with closing(connect(straight)) as client:
        client.sendall(answers(ticket, 1))
        assert saved(client.recv(65536)) == 1
        store.client_pause(1500)  # longer than the second that a connection may be idle
        client.sendall(answers(ticket, 2))
        assert saved(client.recv(65536)) == 1
        assert client.recv(65536) == b""


def test_a_stopping_worker_replies_and_closes(
    straight: ServedTransport, store: Redis, cast: Cast, begin: Begin
) -> None:
    ticket = begin(cast.lin).ticket
    with closing(connect(straight)) as client:
        client.sendall(answers(ticket, 1))
        client.recv(65536)
        store.client_pause(500)
        client.sendall(answers(ticket, 2))
        until(lambda: waiting(straight))
        straight.worker.alive = False
        said = b"".join(iter(lambda: client.recv(65536), b""))
    assert saved(said) == 1
    assert b"Connection: close" in said
    assert not straight.door.by_asgi


def test_who_goes_away_loses_the_reply_and_nothing_else(
    straight: ServedTransport, app: Flask, store: Redis, cast: Cast, competition: OpenCompetition, begin: Begin
) -> None:
    ticket = begin(cast.lin).ticket
    talk(straight, answers(ticket, 1))
    store.client_pause(300)
    with closing(connect(straight)) as client:
        client.sendall(answers(ticket, 2))
        until(lambda: waiting(straight))
    assert saved(talk(straight, answers(ticket, 3))[0]) == 1
    with app.app_context():
        attempt = grader.read(competition.id, 1, cast.lin.id).attempt
    assert attempt is not None
    assert set(attempt.answers) == {1, 2, 3}
    until(lambda: straight.worker.nr_conns == 0)
