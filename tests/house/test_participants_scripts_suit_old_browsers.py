"""Participants come with phones of 2018: scripts and styles of their pages keep to what Chrome 69 knows."""

import re
from pathlib import Path

import pytest

QUIZAPP = Path(__file__).parents[2] / "quizapp"
FILES = [
    path
    for feature in ("web", "attempts", "practice", "draws")
    for path in (QUIZAPP / feature / "static").rglob("*.*s*")
]
TOO_NEW = {
    ".js": (
        r"\?\.[a-zA-Z_(\[]",
        r"\?\?",
        r"\|\|=|&&=",
        r"\.replaceAll\(",
        r"\.at\(",
        r"\.flat\(",
        r"\.matchAll\(",
        r"catch \{",
    ),
    ".css": (
        r"(?<!grid-)\bgap:",
        r":has\(",
        r"aspect-ratio",
        r"color-mix",
        r"\binset:",
        r":is\(",
        r":where\(",
        r"\bclamp\(",
    ),
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_newer_than_chrome_69(path: Path) -> None:
    text = path.read_text()
    found = [match[0] for pattern in TOO_NEW.get(path.suffix, ()) for match in re.finditer(pattern, text)]
    assert found == []
