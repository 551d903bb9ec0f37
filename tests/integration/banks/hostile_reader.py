"""The real child process with readers that do what no reader may: started by test_sandbox, each deed under a format's name."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from quizapp.banks import reading, sandbox, upload_reader
from quizapp.banks.entries import Entry, Header, Source
from quizapp.banks.findings import Where
from quizapp.banks.pictures import read_picture, token


def take_memory(_content: bytes) -> object:
    hoard = []
    while True:
        hoard.append(b"x" * (16 * 1024 * 1024))


def loop(_content: bytes) -> object:
    while True:
        pass


def backtrack(_content: bytes) -> object:
    return re.match(r"(a+)+$", "a" * 60 + "b")


def sleep(_content: bytes) -> object:
    while True:
        time.sleep(60)


def recurse(content: bytes) -> object:
    return recurse(content)


def quote(content: bytes) -> object:
    raise ValueError(content.decode())


def connect(content: bytes) -> object:
    host, _, port = content.decode().partition(":")
    return socket.create_connection((host, int(port)), timeout=2)


def look_up_a_name(_content: bytes) -> object:
    return socket.getaddrinfo("localhost", 80)


def start_a_process(content: bytes) -> object:
    return subprocess.run(["touch", content.decode()], check=True)


def use_a_shell(content: bytes) -> object:
    return os.system(f"touch {content.decode()}")


def fork(_content: bytes) -> object:
    return os.fork()


def write(content: bytes) -> object:
    return Path(content.decode()).write_text("here")


def write_low(content: bytes) -> object:
    return os.open(content.decode(), os.O_CREAT | os.O_WRONLY)


def remove(content: bytes) -> object:
    Path(content.decode()).unlink()
    return "removed"


def load_a_library(_content: bytes) -> object:
    import ctypes

    return ctypes.CDLL(None).getpid()


def abort(_content: bytes) -> object:
    os.abort()


def leave(_content: bytes) -> object:
    sys.exit(3)


def chatter(_content: bytes) -> object:
    os.write(1, b"\xff" * 4000)
    print("not a message", flush=True)
    return None


def tell_secrets(_content: bytes) -> object:
    return " ".join(f"{name}={value}" for name, value in os.environ.items())


def answer_too_much(_content: bytes) -> object:
    sandbox.MESSAGE_BYTES = 4000
    return "x" * 5000


DEEDS: tuple[Callable[[bytes], object], ...] = (
    *(take_memory, loop, backtrack, sleep, recurse, quote, connect, look_up_a_name, start_a_process, use_a_shell, fork),
    *(write, write_low, remove, load_a_library, abort, leave, chatter, tell_secrets, answer_too_much),
)


def reader(deed: Callable[[bytes], object]) -> reading.Reader:
    def read(name: str, content: bytes) -> Source:
        values = {"stem": str(deed(content)), "type": "single"}
        return Source(name, Header(), (Entry(values, {"": Where(file=name)}),))

    return read


def with_picture(name: str, content: bytes) -> Source:
    """No deed, but what formats with pictures do: a picture after the word "shown"."""
    picture = read_picture(content.removeprefix(b"shown"))
    values = {"stem": f"看图 {token(picture, '一张图')}", "type": "判断题", "key": "对"}
    entry = Entry(values, {"": Where(file=name)})
    return Source(name, Header("shown", "有图"), (entry,), pictures={picture.digest: picture})


reading.FORMATS = (
    *(reading.Format(deed.__name__, (), reader(deed)) for deed in DEEDS),
    reading.Format("with_picture", (".shown",), with_picture),
)

if __name__ == "__main__":
    upload_reader.main()
