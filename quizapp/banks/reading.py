"""From a file's name and bytes, or a path, to a source: picks the reader. The one road of page, command line and folder."""

from pathlib import Path

from quizapp.banks.content import POOLS
from quizapp.banks.entries import Header, Source
from quizapp.banks.findings import ERROR, Finding, Where
from quizapp.banks.formats import project, template
from quizapp.banks.formats.documents import Node, Unreadable, read_json, read_yaml
from quizapp.errors import Invalid
from quizapp.web.spreadsheets import read_tables

FILE_BYTES = 8 * 1024 * 1024
FOLDER_FILES = 500
YAML_ENDINGS, JSON_ENDINGS, SHEET_ENDINGS = (".yaml", ".yml"), (".json",), (".xlsx", ".xlsm", ".csv", ".xls", ".et")
BANK_FILES = ("bank.yaml", "bank.yml", "bank.json")


class Faulty(Exception):
    """A file that gives nothing but this finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def read_upload(name: str, content: bytes) -> Source:
    """What an uploaded file holds. Raises Unavailable while too many spreadsheets are being read, nothing else."""
    try:
        ending = Path(name).suffix.lower()
        if not content.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n"):
            raise _faulty("file_empty", name)
        if len(content) > FILE_BYTES:
            raise _faulty("file_too_large", name, most=FILE_BYTES // 1024**2)
        if ending in SHEET_ENDINGS:
            return template.read_tables(name, read_tables(content, name))
        if ending in YAML_ENDINGS + JSON_ENDINGS:
            return project.read_document(name, _document(name, content))
        raise _faulty("file_kind_unknown", name, ending=ending or name)
    except Invalid as error:
        finding = Finding(ERROR, error.code, Where(file=name), error.facts)
        return Source(name, Header(), findings=(finding,))
    except Faulty as error:
        return Source(name, Header(), findings=(error.finding,))


def read_path(path: Path) -> Source:
    """What a file, or a folder in the project's format, holds. Raises OSError where it can't be opened."""
    if not path.is_dir():
        with path.open("rb") as file:
            return read_upload(path.name, file.read(FILE_BYTES + 1))
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
    return _document(path.name, content)


def _document(name: str, content: bytes) -> Node:
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise _faulty("file_wrong_ending", name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Faulty(Finding(ERROR, "file_not_utf8", Where(file=name, line=line))) from error
    try:
        return read_json(text) if name.lower().endswith(JSON_ENDINGS) else read_yaml(text)
    except Unreadable as error:
        raise Faulty(Finding(ERROR, error.code, Where(file=name, line=error.line), error.facts)) from error


def _faulty(code: str, name: str, **facts: object) -> Faulty:
    return Faulty(Finding(ERROR, code, Where(file=name), facts))
