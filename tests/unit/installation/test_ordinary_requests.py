"""What goes to the door without gunicorn's parser is what that parser would have read, to the last byte; of all else, nothing is."""

import pytest
from gunicorn.asgi.parser import CallbackRequest, PythonProtocol
from gunicorn.asgi.protocol import _RequestHeaderPolicy
from gunicorn.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.installation.web_worker import read_ordinary
from quizapp.rehearsals.line import BROWSER_HEADERS, answer_request, submit_request

TICKET = "T" * 56
BARE = answer_request(TICKET, 7, 2, 7)
BROWSERS = answer_request(TICKET, 7, 2, 7, more=BROWSER_HEADERS + b"Cookie: quiz_language=en; session=x=\r\n")
BEHIND_NGINX = answer_request(
    TICKET, 7, 2, 7, more=b"X-Request-Id: 1\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n"
)
SUBMIT = submit_request(TICKET)
BODY = BARE.partition(b"\r\n\r\n")[2]

# Each makes something else of the request BARE, by replacing one piece of it.
TROUBLE = {
    "in lower case": (b"POST", b"post"),
    "another method": (b"POST", b"PUT"),
    "another path": (b"/answer", b"/answers"),
    "a query": (b"/answer", b"/answer?"),
    "an absolute target": (b"/answer", b"http://127.0.0.1/answer"),
    "an encoded path": (b"/answer", b"/%61nswer"),
    "HTTP/1.0": (b"HTTP/1.1", b"HTTP/1.0"),
    "an empty line before": (b"POST", b"\r\nPOST"),
    "two spaces": (b"POST ", b"POST  "),
    "white space after the version": (b"HTTP/1.1", b"HTTP/1.1 "),
    "a bare LF": (b"\r\nX-Ticket", b"\nX-Ticket"),
    "a bare LF at the end": (b"\r\n\r\n", b"\n\r\n"),
    "a bare CR": (b"127.0.0.1", b"127\r.0.0.1"),
    "NUL": (b"127.0.0.1", b"127\0.0.0.1"),
    "DEL": (b"127.0.0.1", b"127\x7f.0.0.1"),
    "a folded line": (b"127.0.0.1", b"127.0.0.1\r\n folded: 1"),
    "a space before the colon": (b"Content-Length:", b"Content-Length :"),
    "a space before the name": (b"Content-Length:", b" Content-Length:"),
    "no colon": (b"Host:", b"Host"),
    "no name": (b"Host:", b":"),
    "an underscore": (b"X-Ticket", b"X_Ticket: 1\r\nX-Ticket"),
    "no length": (b"Content-Length", b"X-Length"),
    "the length twice": (b"Content-Length", b"Content-Length: %d\r\ncontent-length" % len(BODY)),
    "another length too": (b"Content-Length", b"CONTENT-LENGTH: 3\r\nContent-Length"),
    "length and chunks": (b"Content-Length", b"Transfer-Encoding: chunked\r\nContent-Length"),
    "a signed length": (b"Content-Length: ", b"Content-Length: +"),
    "lengths in one field": (b"Content-Length: ", b"Content-Length: %d," % len(BODY)),
    "a length with a zero": (b"Content-Length: ", b"Content-Length: 0"),
    "a length in another alphabet": (b"Content-Length: ", "Content-Length: \u0665".encode()),
    "a length too short": (BODY, BODY + b"."),
    "a length too long": (BODY, BODY[:-1]),
    "another request behind": (BODY, BODY + BARE),
    "two hosts": (b"Host", b"Host: other\r\nhost"),
    "two tickets": (b"X-Ticket", b"x-ticket: other\r\nX-Ticket"),
    "Expect": (b"Host", b"Expect: 100-continue\r\nHost"),
    "Upgrade": (b"Host", b"Upgrade: h2c\r\nHost"),
    "Connection: close": (b"Host", b"Connection: close\r\nHost"),
    "Connection: Upgrade": (b"Host", b"Connection: keep-alive, Upgrade\r\nHost"),
    "a scheme by another name": (b"Host", b"X-Forwarded-Ssl: on\r\nHost"),
    "two schemes": (b"Host", b"X-Forwarded-Proto: http\r\nX-Forwarded-Proto: https\r\nHost"),
    "white space at a value's end": (b"127.0.0.1", b"127.0.0.1 "),
}
# What may turn up anywhere.
PIECES = [first for first, _ in TROUBLE.values()] + [second for _, second in TROUBLE.values()]
PIECES += [bytes([each]) for each in b"\0\t\n\r !+,-0159:;_aA\x7f\x80\xff"] + [
    b"\r\n",
    b"\r\n\r\n",
    b"0\r\n\r\n",
    b": ",
]
PIECES += [line + b"\r\n" for request in (BARE, BROWSERS) for line in request.partition(b"\r\n\r\n")[0].split(b"\r\n")]


def read_by_gunicorn(data: bytes) -> tuple[str, list[tuple[bytes, bytes]], bytes]:
    """Path, fields and body as ASGI would tell them, of one whole request that leaves nothing and may be followed by another."""
    parts: list[bytes] = []
    asked: list[CallbackRequest] = []

    def on_headers_complete() -> bool:
        request = CallbackRequest.from_parser(parser)
        _RequestHeaderPolicy(Config(), ("127.0.0.1", 5), request.scheme, request.version).apply(request)
        asked.append(request)
        return False

    parser = PythonProtocol(on_headers_complete=on_headers_complete, on_body=parts.append)
    parser.feed(data)
    [request] = asked
    assert (parser.is_complete, parser.remaining(), parser.should_keep_alive) == (True, b"", True)
    assert (request.method, request.version, request.should_close()) == ("POST", (1, 1), False)
    assert not request._expect_100_continue
    return request.uri, request.headers_bytes, b"".join(parts)


@pytest.mark.parametrize("data", [BARE, BROWSERS, BEHIND_NGINX, SUBMIT], ids=["bare", "browser's", "nginx's", "submit"])
def test_what_browsers_send_is_ordinary(data: bytes) -> None:
    path, fields, body = read_ordinary(data) or ("", {}, b"")
    assert (path, list(fields.items()), body) == read_by_gunicorn(data)


@pytest.mark.parametrize(("was", "now"), TROUBLE.values(), ids=TROUBLE)
def test_what_could_be_read_in_two_ways_is_left_to_gunicorn(was: bytes, now: bytes) -> None:
    assert was in BARE
    assert read_ordinary(BARE.replace(was, now, 1)) is None


@pytest.mark.parametrize("piece", [b"a", b"a:", b"a: ", b"a: \r", b"a:b\r\n", b"a\r\n", b"\r\n", b" ", b":"])
def test_what_goes_on_for_ever_is_looked_at_once(piece: bytes) -> None:
    head = b"POST /answer HTTP/1.1\r\n"
    assert read_ordinary(head + piece * (200_000 // len(piece))) is None


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A request in which some pieces were put in, taken out, replaced or repeated; at times its length is right again."""
    data = draw(st.sampled_from([BARE, BROWSERS, BEHIND_NGINX, SUBMIT]))
    for _ in range(draw(st.integers(1, 3))):
        lines = [at for at in range(len(data)) if data[at - 2 : at] == b"\r\n"]
        begin = draw(st.sampled_from([*lines, 0]) | st.integers(0, len(data)))
        end = begin + draw(st.sampled_from([0, 0, 1, 2]) | st.integers(0, 30))
        piece = draw(st.sampled_from(PIECES) | st.binary(max_size=3) | st.just(data[begin:end] * 2))
        data = data[:begin] + piece + data[end:]
    head, end_of_head, body = data.partition(b"\r\n\r\n")
    if draw(st.booleans()):
        head = head.replace(b"Content-Length: %d" % len(BODY), b"Content-Length: %d" % len(body))
    return head + end_of_head + body


@settings(max_examples=800)
@given(mutated())
def test_whatever_is_taken_is_what_gunicorn_would_have_read(data: bytes) -> None:
    request = read_ordinary(data)
    if request is not None:
        path, fields, body = request
        assert (path, list(fields.items()), body) == read_by_gunicorn(data)
