"""The project's files, as the house tests read them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "quizapp"
SKIPPED = {"var", "__pycache__", "node_modules"}
HIDDEN = {".ci", ".gitignore"}
TEXT = {
    ".py",
    ".lua",
    ".html",
    ".js",
    ".css",
    ".po",
    ".md",
    ".toml",
    ".lock",
    ".yaml",
    ".yml",
    ".ini",
    ".mako",
    ".svg",
    ".txt",
    "",
}


def files(folder: Path, pattern: str) -> list[Path]:
    """The files below a folder that match, in order, without what is made."""
    return sorted(path for path in folder.rglob(pattern) if not _skipped(path.relative_to(ROOT)))


def _skipped(path: Path) -> bool:
    return any(part in SKIPPED or (part.startswith(".") and part not in HIDDEN) for part in path.parts)


def texts() -> Iterator[Path]:
    """Every text file of the project."""
    return (
        path
        for path in files(ROOT, "*")
        if path.is_file() and path.suffix in TEXT and not path.name.startswith(".coverage")
    )


@cache
def tree(path: Path) -> ast.Module:
    """The parsed module."""
    return ast.parse(path.read_text(), str(path))


def name(path: Path) -> str:
    """The path as messages show it."""
    return str(path.relative_to(ROOT))


def modules(folder: Path = PACKAGE) -> list[Path]:
    """The Python modules below a folder."""
    return files(folder, "*.py")


def called(node: ast.Call) -> str:
    """The last name of what is called: `db.session.commit()` → commit."""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
