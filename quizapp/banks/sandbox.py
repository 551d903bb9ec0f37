"""Files from strangers are read and checked in a child process: limited in memory and time, without network or secrets.

Parent and child talk in frames of MessagePack: the parent sends the file, the child says which bank it is of, the parent
sends what it knows of that bank, the child sends the report. The whole check is done there, so that a large file keeps
no thread of the web process from answering; and nothing that the child sends is taken for more than plain values.
"""

import contextlib
import logging
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TypeVar

import msgspec

from quizapp.banks.checking.checks import Report
from quizapp.banks.checking.surroundings import Choices, Surroundings, check
from quizapp.banks.entries import Header, Source
from quizapp.banks.findings import ERROR, Finding, Where
from quizapp.banks.uploads.faulty_rows import Rows
from quizapp.errors import Unavailable
from quizapp.web import confinement

log = logging.getLogger("quizapp")
READER = "quizapp.banks.upload_reader"
MEMORY_BYTES = 768 * 1024 * 1024
TIME_LIMIT_S = 17
WAIT_S = 1.5  # for a place among those AT_ONCE; together with the time limit below 20 s
AT_ONCE = 2  # children of one process; each may take the whole memory limit
MESSAGE_BYTES = 128 * 1024 * 1024

_children = threading.BoundedSemaphore(AT_ONCE)
_length = struct.Struct("<I")
_Message = TypeVar("_Message")


class Request(msgspec.Struct):
    """What is to be read: a file's bytes, or the folder at that path."""

    name: str
    choices: Choices
    content: bytes = b""
    folder: str = ""


class Found(msgspec.Struct, tag=True):
    """What the file says of itself. `pictures` are the digests that its texts name and that it does not bring along."""

    header: Header
    entries: int
    pictures: frozenset[str]


class Failure(msgspec.Struct, tag=True):
    """The reader could not answer: `code` is that of a finding, or "unopened" for a folder that can't be read."""

    code: str
    detail: str = ""


class Checked(msgspec.Struct, tag=True):
    """The report, its source without the entries, and the rows to give back (`faulty_rows`)."""

    report: Report
    faulty: dict[str, Rows]


LookUp = Callable[[Found], Surroundings]
_first: msgspec.msgpack.Decoder[Found | Failure] = msgspec.msgpack.Decoder(Found | Failure)
_second: msgspec.msgpack.Decoder[Checked | Failure] = msgspec.msgpack.Decoder(Checked | Failure)


@contextlib.contextmanager
def turn() -> Iterator[None]:
    """Wait for one of the places that a process has for children. Raises Unavailable while others keep them."""
    if not _children.acquire(timeout=WAIT_S):
        raise Unavailable("check_busy", retry_after_s=10)
    try:
        yield
    finally:
        _children.release()


def check_file(name: str, content: bytes, choices: Choices, look_up: LookUp) -> Checked:
    """Read and check a file. `look_up` says what is known of the bank that the file turns out to be of.

    Whatever is wrong with the file is in the report, an endless one included. A server takes its `turn` first.
    """
    return _check(Request(name, choices, content), look_up)


def check_folder(path: Path, choices: Choices, look_up: LookUp) -> Checked:
    """Read and check a folder in the project's format. Raises OSError where it can't be opened."""
    path = path.resolve()
    return _check(Request(path.name, choices, folder=str(path)), look_up)


def _check(request: Request, look_up: LookUp) -> Checked:
    answer = _ask_child(request, look_up)
    if isinstance(answer, Checked):
        return answer
    if answer.code == "unopened":
        raise OSError(0, answer.detail)
    log.warning("upload_reader_failed %s %s", answer.code, answer.detail)
    finding = Finding(ERROR, answer.code, Where(file=request.name))
    source = Source(request.name, Header(), findings=(finding,))
    return Checked(check(source, Surroundings(request.choices.header), request.choices), {})


def _ask_child(request: Request, look_up: LookUp) -> Checked | Failure:
    child = subprocess.Popen(
        confinement.command(READER, str(MEMORY_BYTES), str(TIME_LIMIT_S)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=confinement.environment(),
        cwd="/",
        start_new_session=True,  # an interrupt on the command line is the parent's business
    )
    assert child.stdin
    assert child.stdout
    # Whatever the child does or fails to do, its pipes end after this time, and with them each wait below.
    watch = threading.Timer(TIME_LIMIT_S, child.kill)
    watch.start()
    try:
        send(child.stdin, request)
        found = receive(child.stdout, _first)
        if isinstance(found, Failure):
            return found
        send(child.stdin, look_up(found))
        return receive(child.stdout, _second)
    except (EOFError, BrokenPipeError):
        return _last_words(child)
    except msgspec.MsgspecError as error:
        return Failure("file_reader_failed", str(error))
    finally:
        watch.cancel()
        child.kill()
        with contextlib.suppress(BrokenPipeError), child:
            pass


def _last_words(child: subprocess.Popen[bytes]) -> Failure:
    """Why a child ended before it answered: stopped by one of its limits, or by an error that it could not report."""
    if child.wait() < 0:
        return Failure("file_too_demanding", f"signal {-child.returncode}")
    assert child.stderr
    return Failure("file_reader_failed", child.stderr.read()[-2000:].decode(errors="replace"))


def send(stream: IO[bytes], message: object) -> None:
    """Write one frame: its length and the message."""
    data = msgspec.msgpack.encode(message)
    if len(data) > MESSAGE_BYTES:
        raise MemoryError
    stream.write(_length.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes], decoder: "msgspec.msgpack.Decoder[_Message]") -> _Message:
    """Read one frame. Raises EOFError where it is not whole, and MsgspecError where it is no such message."""
    head = stream.read(_length.size)
    if len(head) < _length.size:
        raise EOFError
    (length,) = _length.unpack(head)
    if length > MESSAGE_BYTES:
        raise msgspec.ValidationError("the message is too long")
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return decoder.decode(data)
