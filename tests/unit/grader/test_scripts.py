"""Every Lua file opens with what it does, and its header agrees with its body."""

import re
from pathlib import Path

import pytest

from quizapp.grader.outcomes import Outcome
from quizapp.grader.scripts import FOLDER, script

FILES = sorted(FOLDER.glob("*.lua"))
WRITES = re.compile(r"redis\.call\('(H(?:SET|DEL|INCRBY)|DEL|Z(?:ADD|REM)|XADD|XTRIM|SET|P?EXPIRE)'")


def header_of(file: Path) -> str:
    lines = file.read_text(encoding="utf-8").splitlines()
    end = next(number for number, line in enumerate(lines) if not line.startswith("--") or line.startswith("--@"))
    return "\n".join(line.removeprefix("--").strip() for line in lines[:end])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_header_says_all_that_a_caller_needs(file: Path) -> None:
    header = header_of(file)
    for part in ("KEYS:", "ARGV:", "Returns:", "Stream:"):
        assert part in header


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_header_counts_the_keys_and_arguments_of_the_body(file: Path) -> None:
    header, text = header_of(file), file.read_text(encoding="utf-8")
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    for name in ("KEYS", "ARGV"):
        part = re.search(rf"{name}: (.*?)(?=\n(?:KEYS|ARGV|Returns|Stream):)", header, re.DOTALL)
        assert part is not None
        named = {int(number) for number in re.findall(r"(?:^|\s)(\d+)\s+(?=[a-z\"A-Z])", part[1])}
        used = {int(number) for number in re.findall(rf"{name}\[(\d+)\]", code)}
        assert used <= named, name
        if f"#{name}" not in code and f"{name}[at" not in code:
            assert named == used, name


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nothing_is_written_before_all_is_checked(file: Path) -> None:
    checks, marker, writes = script(file.stem).text.partition("-- writes from here")
    assert marker
    assert not WRITES.search(checks)
    # What follows only writes and replies: a refusal there would leave the writes before it done.
    assert not re.search(r"\b(error_reply|error\()", writes)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_code_of_the_body_stands_in_the_header_and_the_enum(file: Path) -> None:
    header, text = header_of(file), file.read_text(encoding="utf-8")
    codes = set(re.findall(r"return \{ '(\w+)'", text)) | set(re.findall(r"return '(\w+)'", text))
    codes |= set(re.findall(r"outcome = '(\w+)'", text)) | set(re.findall(r"and '(\w+)'\)", text))
    assert codes <= {code.value for code in Outcome}
    missing = {code for code in codes if not re.search(rf"\b{code}\b", header)}
    assert not missing


def test_scripts_differ_by_digest_and_hold_their_includes() -> None:
    texts = {file.stem: script(file.stem) for file in FILES}
    assert len({each.digest for each in texts.values()}) == len(FILES)
    assert not any("--@include" in each.text for each in texts.values())


def test_the_clock_is_read_in_one_place() -> None:
    readers = [path for path in FOLDER.rglob("*.lua") if "'TIME'" in path.read_text(encoding="utf-8")]
    assert [path.name for path in readers] == ["clock.lua"]
