"""From a file's name and bytes, or a path, to a source: picks the reader. The one road of page, command line and folder.

Uploads come from strangers: the site and the command line call this in the child process of `banks.sandbox` only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from quizapp.banks.content import POOLS
from quizapp.banks.entries import Header, Source
from quizapp.banks.findings import ERROR, Finding, Where
from quizapp.banks.formats import project, template
from quizapp.banks.formats.documents import Node, Unreadable, read_json, read_yaml
from quizapp.errors import Invalid
from quizapp.web import spreadsheet_reader, tables

FILE_BYTES = 8 * 1024 * 1024
PICTURES_BYTES = 48 * 1024 * 1024  # as they are kept, of all pictures of a file
FOLDER_FILES = 500
YAML_ENDINGS, JSON_ENDINGS = (".yaml", ".yml"), (".json",)
PACKED_ENDINGS = (".xlsx", ".xlsm", ".xls", ".et", ".docx", ".zip")
PACKED = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0", b"%PDF", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
BANK_FILES = ("bank.yaml", "bank.yml", "bank.json")

Reader: TypeAlias = Callable[[str, bytes], Source]


class Faulty(Exception):
    """A file that gives nothing but this finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def _spreadsheet(name: str, content: bytes) -> Source:
    try:
        sheets = spreadsheet_reader.read(content, Path(name).suffix.lower().lstrip("."))
    except tables.Unreadable as error:
        raise Faulty(Finding(ERROR, error.code, Where(file=name), error.facts)) from error
    return template.read_tables(name, sheets)


def _json(name: str, content: bytes) -> Source:
    return project.read_document(name, _document(name, content, read_json))


def _yaml(name: str, content: bytes) -> Source:
    return project.read_document(name, _document(name, content, read_yaml))


def _anything(_content: bytes) -> bool:
    return True


@dataclass(frozen=True)
class Format:
    """A format that uploads come in. `read` takes a file's name and bytes and never raises for what is in them.

    `fits` tells a file of this format from the others that end likewise.
    """

    name: str
    endings: tuple[str, ...]
    read: Reader
    fits: Callable[[bytes], bool] = _anything


# Where an ending is shared (.txt, .xml, .zip), the first that fits reads the file; if none fits the last does, and says
# what is wrong with it. So what can be told for certain stands before what takes anything.
FORMATS: tuple[Format, ...] = (
    Format("xlsx", (".xlsx", ".xlsm"), _spreadsheet),
    Format("xls", (".xls", ".et"), _spreadsheet),
    Format("csv", (".csv",), _spreadsheet),
    Format("json", JSON_ENDINGS, _json),
    Format("yaml", YAML_ENDINGS, _yaml),
)


def format_names() -> tuple[str, ...]:
    """The formats that a person can choose from."""
    return tuple(each.name for each in FORMATS)


def accepted_endings() -> tuple[str, ...]:
    """The endings of files that can be read, each once."""
    return tuple(dict.fromkeys(ending for each in FORMATS for ending in each.endings))


def read_upload(name: str, content: bytes, format_name: str = "") -> Source:
    """What an uploaded file holds, read as the format of that name, or else as its ending and content say.

    What is wrong with the file is among the findings; nothing is raised for it.
    """
    try:
        if not content.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n"):
            raise _faulty("file_empty", name)
        if len(content) > FILE_BYTES:
            raise _faulty("file_too_large", name, most=FILE_BYTES // 1024**2)
        return _check_pictures(_pick(name, content, format_name).read(name, content))
    except Invalid as error:
        finding = Finding(ERROR, error.code, Where(file=name), error.facts)
        return Source(name, Header(), findings=(finding,))
    except Faulty as error:
        return Source(name, Header(), findings=(error.finding,))


def _check_pictures(source: Source) -> Source:
    size = sum(len(picture.png) for picture in source.pictures.values())
    if size > PICTURES_BYTES:
        raise _faulty("pictures_too_large", source.name, size=size // 1024**2, most=PICTURES_BYTES // 1024**2)
    return source


def _pick(name: str, content: bytes, format_name: str) -> Format:
    if format_name:
        return next(each for each in FORMATS if each.name == format_name)
    ending = Path(name).suffix.lower()
    possible = [each for each in FORMATS if ending in each.endings]
    if not possible:
        raise _faulty("file_kind_unknown", name, ending=ending or name, known=" ".join(accepted_endings()))
    if ending not in PACKED_ENDINGS and content.startswith(PACKED):
        raise _faulty("file_wrong_ending", name)
    return next((each for each in possible if each.fits(content)), possible[-1])


def read_path(path: Path, format_name: str = "") -> Source:
    """What a file, or a folder in the project's format, holds. Raises OSError where it can't be opened."""
    if not path.is_dir():
        with path.open("rb") as file:
            return read_upload(path.name, file.read(FILE_BYTES + 1), format_name)
    return _read_folder(path)


def _read_folder(path: Path) -> Source:
    name = path.resolve().name
    inside = [*path.iterdir(), *(each for pool in POOLS if (path / pool).is_dir() for each in (path / pool).iterdir())]
    files = sorted(each for each in inside if each.suffix.lower() in YAML_ENDINGS + JSON_ENDINGS)
    heads = [each for each in files if each.name in BANK_FILES and each.parent == path]
    try:
        if len(heads) != 1:
            raise _faulty("folder_without_bank", name)
        if len(files) > FOLDER_FILES:
            raise _faulty("folder_too_large", name, most=FOLDER_FILES)
        nodes = [
            (each.relative_to(path).as_posix(), _open(each))
            for each in [heads[0], *(each for each in files if each != heads[0])]
        ]
        return project.read_folder(name, nodes[0], nodes[1:])
    except Faulty as error:
        return Source(name, Header(), findings=(error.finding,))


def _open(path: Path) -> Node:
    with path.open("rb") as file:
        content = file.read(FILE_BYTES + 1)
    if len(content) > FILE_BYTES:
        raise _faulty("file_too_large", path.name, most=FILE_BYTES // 1024**2)
    return _document(path.name, content, read_json if path.suffix.lower() in JSON_ENDINGS else read_yaml)


def _document(name: str, content: bytes, read: Callable[[str], Node]) -> Node:
    if content.startswith(PACKED):
        raise _faulty("file_wrong_ending", name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Faulty(Finding(ERROR, "file_not_utf8", Where(file=name, line=line))) from error
    try:
        return read(text)
    except Unreadable as error:
        raise Faulty(Finding(ERROR, error.code, Where(file=name, line=error.line), error.facts)) from error


def _faulty(code: str, name: str, **facts: object) -> Faulty:
    return Faulty(Finding(ERROR, code, Where(file=name), facts))
