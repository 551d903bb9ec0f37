"""From a file's name and bytes, or a path, to a source: picks the reader. The one road of page, command line and folder.

Uploads come from strangers: the site and the command line call this in the child process of `banks.sandbox` only. Such
a child reads one file, so what only one format needs is loaded when a file turns out to be of it: a third of the time
that a small file takes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from quizapp.banks.content import POOLS
from quizapp.banks.entries import Header, Source
from quizapp.banks.findings import ERROR, Finding, Where
from quizapp.banks.formats.gathering import PACKED, Unreadable
from quizapp.banks.formats.tables.columns import Columns
from quizapp.banks.formats.tables.heading_rows import find_headings
from quizapp.banks.formats.tables.sheets import read_tables
from quizapp.errors import Invalid
from quizapp.web import spreadsheet_reader, tables
from quizapp.web.delimited_text import BYTE_ORDER_MARKS, read_delimited

FILE_BYTES = 8 * 1024 * 1024
PICTURES_BYTES = 48 * 1024 * 1024  # as they are kept, of all pictures of a file
SAMPLE_BYTES = 64 * 1024
YAML_ENDINGS, JSON_ENDINGS = (".yaml", ".yml"), (".json",)
PACKED_ENDINGS = (".xlsx", ".xlsm", ".xls", ".et", ".docx", ".doc", ".zip")
BLANKS = b"\xef\xbb\xbf\xff\xfe \t\r\n"
# How files begin that no ending makes readable, and those that are text but not the text that their ending says.
NEVER_READ = (
    (re.compile(rb"%PDF-"), "file_is_pdf"),
    (re.compile(rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|BM.{4}\0\0\0\0|RIFF.{4}WEBP", re.S), "file_is_picture"),
)
OTHER_TEXTS = (
    (re.compile(rb"\{\\rtf"), "file_is_rtf"),
    (re.compile(rb"<!doctype html|<html[\s>]|MIME-Version:", re.I), "file_is_web_page"),
    (re.compile(rb"<\?xml\s|<(?:quiz|assessmentItem|qti-assessment-item|questestinterop)[\s>]"), "file_is_xml"),
)

Reader: TypeAlias = Callable[..., Source]


def _late(module: str, function: str) -> Callable[..., Any]:
    """A function of a format's module, which is loaded when it is called."""

    def call(*arguments: object) -> Any:
        return getattr(import_module(f"quizapp.banks.formats.{module}"), function)(*arguments)

    return call


class Faulty(Exception):
    """A file that gives nothing but this finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def _workbook(name: str, content: bytes, columns: Columns | None = None) -> Source:
    return _tables(name, content, "xlsx", columns)


def _delimited(name: str, content: bytes, columns: Columns | None = None) -> Source:
    return _tables(name, content, _text_kind(name), columns)


def _tables(name: str, content: bytes, kind: str, columns: Columns | None) -> Source:
    try:
        found = spreadsheet_reader.read(content, kind)
    except tables.Unreadable as error:
        raise Faulty(Finding(ERROR, error.code, Where(file=name), error.facts)) from error
    return read_tables(name, found, columns)


def _text_kind(name: str) -> str:
    kind = Path(name).suffix.lower().lstrip(".")
    return kind if kind in spreadsheet_reader.TEXT_KINDS else "csv"


def _json(name: str, content: bytes) -> Source:
    return _own_document(name, content, as_json=True)


def _yaml(name: str, content: bytes) -> Source:
    return _own_document(name, content, as_json=False)


def _own_document(name: str, content: bytes, *, as_json: bool) -> Source:
    from quizapp.banks.formats.own import package, project
    from quizapp.banks.formats.own.documents import read_document

    try:
        node = read_document(content, as_json=as_json)
    except Unreadable as error:
        raise Faulty(Finding(ERROR, error.code, Where(file=name, line=error.line), error.facts)) from error
    return package.with_pictures(project.read_document(name, node))


def _is_table(content: bytes) -> bool:
    """Whether a text file holds a table, as Excel saves it as “Unicode text”."""
    sample = content[:SAMPLE_BYTES]
    whole_lines = sample if sample.startswith(BYTE_ORDER_MARKS) else sample.rpartition(b"\n")[0] or sample
    try:
        found = read_delimited(whole_lines, "tsv")
    except tables.Unreadable:
        return False
    return find_headings(tables.Table("", found)) is not None


def _is_qti(content: bytes) -> bool:
    from quizapp.banks.formats.xml import qti
    from quizapp.banks.formats.xml.elements import root_name

    if content.startswith(qti.PACKED):
        return qti.is_package(content)
    return root_name(content) in qti.ROOTS


def _anything(_content: bytes) -> bool:
    return True


@dataclass(frozen=True)
class Format:
    """A format that uploads come in. `read` takes a file's name and bytes and never raises for what is in them.

    `fits` tells a file of this format from the others that end likewise. Those of `tables` also take what a person said
    of their columns.
    """

    name: str
    endings: tuple[str, ...]
    read: Reader
    fits: Callable[[bytes], bool] = _anything
    tables: bool = False


# Where an ending is shared (.txt, .xml, .zip), the first that fits reads the file; if none fits the last does, and says
# what is wrong with it. So what can be told for certain stands before what takes anything.
FORMATS: tuple[Format, ...] = (
    Format("xlsx", (".xlsx", ".xlsm"), _workbook, tables=True),
    Format("xls", (".xls", ".et"), _workbook, tables=True),
    Format("csv", (".csv", ".tsv", ".txt"), _delimited, _is_table, tables=True),
    Format("json", JSON_ENDINGS, _json),
    Format("yaml", YAML_ENDINGS, _yaml),
    Format("docx", (".docx", ".doc"), _late("text.word", "read_word")),
    Format("gift", (".gift", ".txt"), _late("text.gift", "read_gift"), _late("text.gift", "looks_like_gift")),
    Format("aiken", (".txt",), _late("text.aiken", "read_aiken"), _late("text.aiken", "looks_like_aiken")),
    Format("text", (".txt",), _late("text.plain_text", "read_plain_text")),
    Format("qti", (".xml", ".zip"), _late("xml.qti", "read_qti"), _is_qti),
    Format("moodle", (".xml",), _late("xml.moodle", "read_moodle")),
    Format("folder-zip", (".zip",), _late("own.package", "read_package")),
)


def format_names() -> tuple[str, ...]:
    """The formats that a person can choose from."""
    return tuple(each.name for each in FORMATS)


def accepted_endings() -> tuple[str, ...]:
    """The endings of files that can be read, each once."""
    return tuple(dict.fromkeys(ending for each in FORMATS for ending in each.endings))


def table_kind(name: str, format_name: str = "") -> str | None:
    """The kind of table that a file may hold, as `spreadsheet_reader.read` wants it; None if it is something else."""
    ending = Path(name).suffix.lower()
    chosen = [each for each in FORMATS if (each.name == format_name if format_name else ending in each.endings)]
    table = next((each for each in chosen if each.tables), None)
    return None if table is None else _text_kind(name) if table.read is _delimited else "xlsx"


def read_upload(
    name: str,
    content: bytes,
    format_name: str = "",
    columns: Columns | None = None,
    *,
    most_bytes: int = FILE_BYTES,
) -> Source:
    """What an uploaded file holds, read as the format of that name, or else as its ending and content say.

    `columns` is what a person said of those of a table. What is wrong with the file is among the findings; nothing is
    raised for it.
    """
    try:
        if not content.strip(BLANKS):
            raise _faulty("file_empty", name)
        if len(content) > most_bytes:
            raise _faulty("file_too_large", name, most=most_bytes // 1024**2)
        chosen = _pick(name, content, format_name)
        return _check_pictures(chosen.read(name, content, columns) if chosen.tables else chosen.read(name, content))
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
    begins = content[:SAMPLE_BYTES].lstrip(BLANKS)
    for sign, code in (*NEVER_READ, *(() if ending in PACKED_ENDINGS else OTHER_TEXTS)):
        if (sign.match(content) or sign.match(begins)) and not (ending == ".xml" and code == "file_is_xml"):
            raise _faulty(code, name, ending=ending)
    if ending not in PACKED_ENDINGS and content.startswith(PACKED):
        raise _faulty("file_wrong_ending", name)
    return next((each for each in possible if each.fits(content)), possible[-1])


def read_path(path: Path, format_name: str = "") -> Source:
    """What a file, or a folder in the project's format, holds. Raises OSError where it can't be opened."""
    if not path.is_dir():
        with path.open("rb") as file:
            return read_upload(path.name, file.read(FILE_BYTES + 1), format_name)
    from quizapp.banks.formats.own import package

    name = path.resolve().name
    inside = [each for folder in ("", *POOLS) for each in sorted((path / folder).glob("*"))]
    inside += sorted((path / package.PICTURES).rglob("*"))

    def open_file(relative: str) -> bytes:
        with (path / relative).open("rb") as file:
            return file.read(FILE_BYTES + 1)

    return package.read_folder(name, [each.relative_to(path).as_posix() for each in inside], open_file)


def _faulty(code: str, name: str, **facts: object) -> Faulty:
    return Faulty(Finding(ERROR, code, Where(file=name), facts))
