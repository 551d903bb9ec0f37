"""What is committed says nothing of the machine it was written on."""

import re

from tests.house.sources import name, texts

# Put together here, so that this file does not find itself.
PATHS = [f"/{folder}/" for folder in ("work", "root", "home/[a-z]", "Users")]
INDEX = [f"--{word}index-url" for word in ("", "extra-")] + ["/simp" + "le/?\\b", "index" + "\\.html#sha"]


def test_no_path_of_a_machine() -> None:
    found = [
        f"{name(path)}: {match}"
        for path in texts()
        for match in re.findall(rf"(?<![\w.~:/-])(?:{'|'.join(PATHS)})\S*", path.read_text(errors="replace"))
    ]
    assert not found


def test_no_address_of_a_package_index() -> None:
    found = [
        f"{name(path)}: {line}"
        for path in texts()
        if path.suffix != ".po"
        for line in path.read_text(errors="replace").splitlines()
        if re.search("|".join(INDEX), line)
    ]
    assert not found


def test_nothing_is_left_to_do() -> None:
    words = "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X"))
    found = [
        f"{name(path)}: {line}"
        for path in texts()
        if path.suffix not in {".lock", ".po"}
        for line in path.read_text(errors="replace").splitlines()
        if re.search(rf"\b(?:{words})\b", line)
    ]
    assert not found
