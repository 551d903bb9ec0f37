"""The header of a Lua file says what its body does."""

import re
from pathlib import Path

import pytest

from tests.house.sources import PACKAGE, files, name

SCRIPTS = [path for path in files(PACKAGE, "*.lua") if path.parent.name != "include"]
INCLUDES = [path for path in files(PACKAGE, "*.lua") if path.parent.name == "include"]
WRITES = r"'(SET|DEL|UNLINK|INCR\w*|HSET\w*|HINCRBY|HDEL|XADD|XTRIM|ZADD|ZREM\w*|ZINCRBY|EXPIRE\w*|PEXPIRE\w*|PERSIST|SADD|SREM)'"


def parts(path: Path) -> tuple[str, str]:
    """The comment that the file begins with, and the rest."""
    lines = path.read_text().splitlines()
    length = next(index for index, line in enumerate(lines) if not line.startswith("--") or line.startswith("--@"))
    return "\n".join(line[2:].strip() for line in lines[:length]), "\n".join(lines[length:])


def section(header: str, title: str) -> str:
    """The text of a section, to the next one or an empty line."""
    found = re.search(
        rf"^{title}[^:\n]*:(.*?)(?=^(?:KEYS|ARGV|Returns|Stream)\b|^$|\Z)", header, re.DOTALL | re.MULTILINE
    )
    assert found, f"the header has no {title}"
    return found[1]


def numbered(text: str) -> set[int]:
    """The numbers that are followed by a name: "1 rules  2 key" → {1, 2}."""
    return {int(number) for number in re.findall(r"(?:^|[\s·,])(\d+) (?=[a-z])", text)}


def used(body: str, array: str) -> set[int]:
    code = re.sub(r"--.*", "", body)
    return {int(number) for number in re.findall(rf"\b{array}\[(\d+)\]", code)}


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_keys_and_arguments_are_those_of_the_header(path: Path) -> None:
    header, body = parts(path)
    for array in ("KEYS", "ARGV"):
        said = section(header, array)
        if said.strip().startswith("none"):
            assert not re.search(rf"\b{array}\b", re.sub(r"--.*", "", body)), (
                f"{array} are used, and the header says none"
            )
        elif numbered(said):
            assert used(body, array) <= numbered(said), f"{array} used: {used(body, array)}, said: {numbered(said)}"
            if not re.search(rf"\b{array}\[[a-z]|unpack\({array}|#{array}|ipairs\({array}", body):
                assert used(body, array) == numbered(said), f"{array} used: {used(body, array)}, said: {numbered(said)}"


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_the_header_says_what_comes_back_and_what_goes_into_the_stream(path: Path) -> None:
    header, _ = parts(path)
    assert section(header, "Returns").strip()
    assert section(header, "Stream").strip()


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_everything_is_checked_before_anything_is_written(path: Path) -> None:
    _, body = parts(path)
    before, mark, _ = body.partition("-- writes from here")
    assert mark or not re.search(rf"call\({WRITES}", body), "it writes, but does not say from where"
    assert not re.search(rf"call\({WRITES}", before), "it writes before it says so"


@pytest.mark.parametrize("path", INCLUDES, ids=name)
def test_what_is_included_gets_keys_as_parameters(path: Path) -> None:
    code = re.sub(r"--.*", "", path.read_text())
    assert not re.search(r"\b(KEYS|ARGV)\b", code)
