"""Hostile files against the real child process: each ends in a sentence, and the web process does not notice."""

import contextlib
import io
import json
import os
import random
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from quizapp.banks import sandbox
from quizapp.banks.checking.lookup import surroundings
from quizapp.banks.checking.surroundings import Choices, Surroundings
from quizapp.banks.content import BankContent
from quizapp.banks.formats.own.project import write_yaml
from quizapp.banks.formats.tables.template import write_xlsx
from quizapp.banks.sandbox import Checked, Found, check_file, check_folder
from quizapp.clock import utc_now
from quizapp.errors import Unavailable
from quizapp.web import confinement
from tests.cast import tiny_content

pytestmark = [pytest.mark.once, pytest.mark.slow]
LARGE = 4000


def known_nothing(_found: Found) -> Surroundings:
    return Surroundings()


def check(name: str, content: bytes, *, format_name: str = "") -> Checked:
    return check_file(name, content, Choices(format_name=format_name), known_nothing)


def codes(checked: Checked) -> list[str]:
    return [finding.code for finding in checked.report.findings if finding.severity == "error"]


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the child has readers that do what they like."""
    monkeypatch.setattr(sandbox, "READER", "tests.integration.banks.hostile_reader")


def readers_of_this_process() -> list[str]:
    """The command lines of children that read uploads, dead ones that nobody waited for included."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = path.read_text().rpartition(")")
            state, parent, *_ = rest.split()
            line = path.with_name("cmdline").read_text()
            if int(parent) == os.getpid() and (state == "Z" or sandbox.READER in line):
                found.append(f"{name}) {state} {line}")
    return found


def numbers_of_readers() -> set[int]:
    return {int(reader.split()[0]) for reader in readers_of_this_process()}


# What is well


@pytest.mark.parametrize("write", [write_xlsx, lambda content: write_yaml(content).encode()])
def test_a_file_comes_out_of_the_child_as_it_went_in(write: object) -> None:
    assert callable(write)
    checked = check(f"a.{'xlsx' if write is write_xlsx else 'yaml'}", write(tiny_content()))
    assert (codes(checked), checked.report.content) == ([], tiny_content())
    assert checked.report.entry_count == len(tiny_content().questions)
    assert checked.faulty == {}


def test_a_folder_is_read_in_the_child_too(tmp_path: Path) -> None:
    assert check_folder(Path("question_banks/tqm"), Choices(), known_nothing).report.errors == 0
    (tmp_path / "bank.yaml").mkdir()
    with pytest.raises(OSError, match="directory"):
        check_folder(tmp_path, Choices(), known_nothing)


def test_the_child_is_told_of_the_bank_that_the_file_names() -> None:
    seen: list[Found] = []

    def look_up(found: Found) -> Surroundings:
        seen.append(found)
        return Surroundings(latest=tiny_content())

    other = BankContent("tiny", "小题库", dict(tiny_content().topics), tiny_content().questions[:3])
    renamed = write_yaml(other).replace("code: T01\n", "code: NEW\n", 1).encode()
    checked = check_file("a.yaml", renamed, Choices(), look_up)
    assert [(found.header.code, found.entries) for found in seen] == [("tiny", 3)]
    assert "already_in_bank" in {finding.code for finding in checked.report.findings}


def test_an_error_while_looking_up_leaves_no_child_behind() -> None:
    def fail(_found: Found) -> Surroundings:
        raise LookupError("the database is away")

    with pytest.raises(LookupError):
        check_file("a.yaml", write_yaml(tiny_content()).encode(), Choices(), fail)
    assert readers_of_this_process() == []


@pytest.mark.usefixtures("hostile")
def test_pictures_come_out_of_the_child_made_anew() -> None:
    file = io.BytesIO()
    Image.new("RGB", (2000, 1000), "navy").save(file, "JPEG")
    source = check("a.shown", b"shown" + file.getvalue()).report.source
    (picture,) = source.pictures.values()
    assert picture.png.startswith(b"\x89PNG")
    assert (picture.width, picture.height) == (1600, 800)


# What takes too much


def packed(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def bomb() -> bytes:
    """A workbook of some 150 kB that unpacks to 150 MB."""
    file = io.BytesIO(write_xlsx(tiny_content()))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.png", b"0" * (150 * 1024 * 1024))
    return file.getvalue()


HOSTILE_FILES = {
    "bomb.xlsx": (bomb, "spreadsheet_too_large"),
    "nested.json": (lambda: b"[" * 4_000_000, "nested_too_deep"),
    "nested.yaml": (lambda: b"[" * 4_000_000, "nested_too_deep"),
    "aliases.yaml": (lambda: b"a: &a [x]\nb: *a\n", "alias_used"),
    "dtd.xlsx": (
        lambda: packed(**{"[Content_Types].xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a/>', "xl/workbook.xml": b"<a/>"}),
        "spreadsheet_damaged",
    ),
}


@pytest.mark.parametrize("name", HOSTILE_FILES)
def test_a_hostile_file_ends_in_a_sentence_soon(name: str) -> None:
    make, code = HOSTILE_FILES[name]
    content = make()
    checked = check(name, content)
    assert codes(checked) == [code]  # past its limit of time that would be file_too_demanding
    assert checked.report.verdict == "reject"


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize("deed", ["take_memory", "answer_too_much"])
def test_too_much_memory_is_a_sentence(deed: str, caplog: pytest.LogCaptureFixture) -> None:
    assert codes(check("a", b"x", format_name=deed)) == ["file_too_demanding"]
    assert caplog.messages == ["upload_reader_failed file_too_demanding memory"]  # and not its time


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize("deed", ["loop", "backtrack", "sleep"])
def test_too_much_time_is_a_sentence(deed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "TIME_LIMIT_S", 2)
    assert codes(check("a", b"x", format_name=deed)) == ["file_too_demanding"]


def test_the_sentence_comes_within_twenty_seconds() -> None:
    assert sandbox.WAIT_S + sandbox.TIME_LIMIT_S < 20


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize(
    ("deed", "code"),
    [("recurse", "file_reader_failed"), ("leave", "file_reader_failed"), ("abort", "file_too_demanding")],
)
def test_a_reader_that_breaks_is_a_sentence(deed: str, code: str) -> None:
    assert codes(check("a", b"x", format_name=deed)) == [code]


@pytest.mark.usefixtures("hostile")
def test_the_log_says_where_a_reader_broke_and_no_word_of_the_file(caplog: pytest.LogCaptureFixture) -> None:
    assert codes(check("a", "正确答案是 B".encode(), format_name="quote")) == ["file_reader_failed"]
    assert "in quote" in caplog.text
    assert "ValueError" in caplog.text
    assert "正确答案" not in caplog.text


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"", EOFError),
        (b"\x05\x00\x00", EOFError),
        (struct.pack("<I", 5) + b"abc", EOFError),
        (struct.pack("<I", sandbox.MESSAGE_BYTES + 1), msgspec.ValidationError),
        (struct.pack("<I", 1) + b"\xc1", msgspec.DecodeError),
        (struct.pack("<I", 1) + b"\x01", msgspec.ValidationError),
    ],
)
def test_what_is_no_whole_answer_is_not_taken_for_one(sent: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        sandbox.receive(io.BytesIO(sent), msgspec.msgpack.Decoder(Found))


# What is fenced off


@pytest.mark.usefixtures("hostile")
def test_no_connection_is_opened() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        address = f"127.0.0.1:{server.getsockname()[1]}".encode()
        assert codes(check("a", address, format_name="connect")) == ["file_reader_failed"]
        with pytest.raises(TimeoutError):
            server.accept()
    assert codes(check("a", b"x", format_name="look_up_a_name")) == ["file_reader_failed"]


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize("deed", ["start_a_process", "use_a_shell", "write", "write_low", "fork", "load_a_library"])
def test_no_file_is_written_and_no_process_started(deed: str, tmp_path: Path) -> None:
    target = tmp_path / "made"
    assert codes(check("a", str(target).encode(), format_name=deed)) == ["file_reader_failed"]
    assert not target.exists()


@pytest.mark.usefixtures("hostile")
def test_no_file_is_removed(tmp_path: Path) -> None:
    target = tmp_path / "kept"
    target.touch()
    assert codes(check("a", str(target).encode(), format_name="remove")) == ["file_reader_failed"]
    assert target.exists()


@pytest.mark.usefixtures("hostile")
def test_the_child_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "a secret of the site")
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere")
    told = check("a", b"x", format_name="tell_secrets").report.content.questions[0].stem
    assert "PYTHONPATH" in told
    assert "SECRET_KEY" not in told
    assert "DATABASE_URL" not in told


@pytest.mark.usefixtures("hostile")
def test_what_a_library_prints_is_not_taken_for_an_answer() -> None:
    assert check("a", b"x", format_name="chatter").report.content.questions[0].stem == "None"


def test_the_fence_does_not_hinder_what_readers_need() -> None:
    """Reading, importing, threads' locks, making bytes: all of it in a child of its own, because a fence is for ever."""
    code = (
        "from quizapp.web.confinement import confine; confine(memory_bytes=768 << 20, seconds=5);"
        "import docx, PIL.Image, python_calamine, lxml.etree, csv, yaml, io;"
        "open(docx.__file__).read(1); io.BytesIO().write(b'x'); PIL.Image.new('RGB', (9, 9)).save(io.BytesIO(), 'PNG')"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True, env=confinement.environment())


# The web process


@pytest.mark.usefixtures("hostile")
def test_the_web_process_does_not_notice(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """While children loop and take memory, pages come and the process stays as small as it was."""
    monkeypatch.setattr(sandbox, "TIME_LIMIT_S", 60)
    client.get("/competitions/")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda deed=deed: found.append(codes(check("a", b"x", format_name=deed))))
        for deed in ("loop", "take_memory", "backtrack")
    ]
    for thread in threads:
        thread.start()
    pages = 0
    while pages < 20:  # that came while two children were at work from before to after
        running = numbers_of_readers()
        assert client.get("/competitions/").status_code == 200
        pages += len(running & numbers_of_readers()) >= 2
        assert any(thread.is_alive() for thread in threads), f"only {pages} pages came"
    for number in numbers_of_readers():
        os.kill(number, signal.SIGKILL)
    for thread in threads:
        thread.join()
    assert found == [["file_too_demanding"]] * 3
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 100_000, f"the process grew by {grown} kB"


def test_no_more_children_run_than_there_are_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "WAIT_S", 0.05)
    with sandbox.turn(), sandbox.turn(), pytest.raises(Unavailable, match="check_busy"), sandbox.turn():
        pass
    with sandbox.turn():
        pass


def test_a_large_bank_passes_through_the_child(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """With less work than the sandbox's limit; how long it takes beside others says nothing, so the clock has more."""
    work_s = sandbox.TIME_LIMIT_S
    monkeypatch.setattr(sandbox, "TIME_LIMIT_S", 300)
    sample = tiny_content().questions[0]
    chance = random.Random(3)
    words = [chr(code) for code in range(0x4E00, 0x4E00 + 2500)]
    text = json.dumps(
        {
            "code": "large",
            "title": "大题库",
            "topics": {"T01": "基础"},
            "questions": [
                {
                    "code": f"Q{n}",
                    "type": "single",
                    "topic": "T01",
                    "difficulty": "easy",
                    "stem": "".join(chance.choices(words, k=30)),
                    "options": ["".join(chance.choices(words, k=8)) for _ in range(4)],
                    "key": "ABCD"[n % 4],
                    "explanation": sample.explanation,
                    "reference": sample.reference,
                }
                for n in range(LARGE)
            ],
        },
        ensure_ascii=False,
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with app.app_context():
        checked = check_file(
            "large.json",
            text.encode(),
            Choices(),
            lambda found: surroundings(found.header, Choices(), now=utc_now()),
        )
    assert (checked.report.errors, checked.report.entry_count) == (0, LARGE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < work_s
