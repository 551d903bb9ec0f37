"""Questions in Word documents (DOCX): paragraphs as plain text, tables with headings as sheets, pictures where they stand. Pure.

Numbers and letters that Word itself writes before paragraphs are written out. What may hold content and can't be read for
certain (text boxes, tracked changes, hidden text, formulas …) is named, never passed over.
"""

import html
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from quizapp.banks.entries import Source
from quizapp.banks.findings import ERROR, WARNING, Finding, Where
from quizapp.banks.formats.gathering import Gathering, with_absent_named
from quizapp.banks.formats.tables.heading_rows import find_headings
from quizapp.banks.formats.tables.sheets import read_tables
from quizapp.banks.formats.text.plain_text import read_lines
from quizapp.banks.formats.text.word_numbering import Numbering, UnknownNumbers, W
from quizapp.banks.formats.xml.html import text_of_html
from quizapp.banks.pictures import token
from quizapp.errors import Invalid
from quizapp.web import archives
from quizapp.web.tables import Area, Table

OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OLD_TEXTS = (b"{\\rtf", b"<", b"MIME-Version:")  # what other programs write and call .doc: RTF, web pages
DEPTH = 40  # of tables and frames inside each other
TABLE_CELLS = 200_000

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_V = "{urn:schemas-microsoft-com:vml}"
_WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"

_PASSED_THROUGH = {
    *(f"{W}{tag}" for tag in ("hyperlink", "smartTag", "sdt", "sdtContent", "fldSimple", "dir", "bdo", "customXml")),
    *(f"{W}{tag}" for tag in ("rubyBase", "ruby")),
}
_REVISIONS = {f"{W}{tag}" for tag in ("ins", "del", "moveFrom", "moveTo")}
_ELSEWHERE = {f"{W}{tag}" for tag in ("altChunk", "subDoc", "contentPart")}  # parts of the file that Word shows here
# Fields of which Word shows what their instruction says; of all others it shows the text that it keeps beside.
_SHOWN_FIELD = re.compile(r"\s*(EQ|SYMBOL|FORMCHECKBOX|FORMDROPDOWN|MACROBUTTON|GOTOBUTTON)\b", re.I)
_SIGNS = {f"{W}tab": "\t", f"{W}ptab": "\t", f"{W}cr": "\n", f"{W}noBreakHyphen": "-", f"{W}softHyphen": ""}
# Ticks and crosses of the symbol fonts, as people put them into the brackets of judgements.
_SYMBOLS = {
    **{("wingdings", code): "√" for code in (0xFC, 0xFE)},
    **{("wingdings", code): "×" for code in (0xFB, 0xFD)},
    **{("wingdings 2", code): "√" for code in (0x50, 0x52)},
    **{("wingdings 2", code): "×" for code in (0x4F, 0x51, 0x53, 0x54)},
    **{("symbol", code): char for code, char in ((0xD6, "√"), (0xB4, "×"), (0xB3, "≥"), (0xA3, "≤"), (0xB1, "±"))},
    **{("symbol", code): char for code, char in ((0xB0, "°"), (0xB9, "≠"), (0xB8, "÷"), (0x6D, "μ"), (0x73, "σ"))},
}


def read_word(name: str, content: bytes) -> Source:
    """The questions of a document. Raises Invalid: `word_old_format`, `word_encrypted`, `word_damaged`, `archive_…`."""
    import docx  # it takes a child process long to load, and most files are no documents
    from docx.opc.constants import RELATIONSHIP_TYPE

    if content.startswith(OLD_OFFICE):
        # A document with a password is kept inside the container of the old format.
        raise Invalid("word_encrypted" if "EncryptedPackage".encode("utf-16-le") in content else "word_old_format")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(OLD_TEXTS):
        raise Invalid("word_old_format")
    archives.open_archive(content)
    try:
        document = docx.Document(io.BytesIO(content))
        part = document.part
        reader = _Reader(
            name, part, Numbering(_related(part, RELATIONSHIP_TYPE.NUMBERING), _related(part, RELATIONSHIP_TYPE.STYLES))
        )
        reader.read(document.element.body)
    except (Invalid, MemoryError):
        raise
    except Exception as error:  # the library raises what it likes at broken documents
        raise Invalid("word_damaged") from error
    return reader.source()


def _related(part: Any, kind: str) -> Any:
    """The root element of a part of the document; None if it has no such part."""
    try:
        return part.part_related_by(kind).element
    except KeyError:
        return None


class _Grid:
    """The cells of a table in rows and columns, with those that go over several."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.areas: list[Area] = []
        self.begun: dict[int, int] = {}  # column → the row where the cell began that may go on below

    def add(self, cell: Any, text: str) -> None:
        row, column, span = len(self.rows) - 1, len(self.rows[-1]), _span(cell)
        self.rows[-1] += [text, *[""] * (span - 1)]
        if not _goes_on(cell):
            self.begun[column] = row
        first = self.begun.get(column, row)
        if span > 1 or first < row:
            self.areas.append((first, column, row, column + span - 1))


class _Reader:
    def __init__(self, name: str, part: Any, numbering: Numbering) -> None:
        self.name = name
        self.part = part
        self.numbering = numbering
        self.gathering = Gathering(name)
        self.lines: list[tuple[str, Where]] = []
        self.tables: list[Table] = []
        self.paragraphs = 0
        self.table_count = 0
        self.cells = 0
        self.instruction = ""  # of the field that has begun

    @property
    def findings(self) -> list[Finding]:
        return self.gathering.findings

    @property
    def where(self) -> Where:
        return Where(file=self.name, paragraph=self.paragraphs)

    def source(self) -> Source:
        """The questions of the paragraphs, then those of the tables."""
        text = with_absent_named(read_lines(self.name, self.lines))
        if not self.tables:
            return replace(text, findings=(*self.findings, *text.findings), pictures=self.gathering.pictures)
        doubts = {finding.entry for finding in text.findings if finding.code != "key_missing"}
        if not any(entry.values.keys() & {"key", "A"} or number in doubts for number, entry in enumerate(text.entries)):
            lines = [each for each in self.lines if each[0].strip()]
            text = replace(text, entries=(), findings=tuple(_left_out(lines)))
        tables = read_tables(self.name, self.tables)
        moved = [
            replace(finding, entry=None if finding.entry is None else finding.entry + len(text.entries))
            for finding in tables.findings
        ]
        return replace(
            tables,
            entries=(*text.entries, *tables.entries),
            findings=(*self.findings, *text.findings, *moved),
            pictures={**self.gathering.pictures, **tables.pictures},
        )

    def unread(self, part: str, text: str = "") -> None:
        """Name what may hold content and was not read."""
        facts = {"part": part, "text": " ".join(text.split())[:40]}
        finding = Finding(ERROR, "word_part_unread", self.where, facts, " ".join(text.split())[:200])
        if finding not in self.findings[-3:]:
            self.findings.append(finding)

    # paragraphs and tables

    def read(self, body: Any) -> None:
        for element in _blocks(body):
            if element.tag == f"{W}tbl":
                self.table(element)
            elif element.tag in _ELSEWHERE:
                self.unread("object")
            else:
                self.lines += self.paragraph(element)

    def paragraph(self, element: Any) -> Iterator[tuple[str, Where]]:
        self.paragraphs += 1
        where = self.where
        text = "".join(self.inline(element))
        try:
            number = self.numbering.text(element)  # an empty paragraph counts as well
        except UnknownNumbers as unknown:
            number = ""
            if text.strip():
                self.unread("numbering", str(unknown))
        if text.strip():
            text = number + text
            if any(True for tag in ("ins", "del") for _ in element.iterfind(f"{W}pPr/{W}rPr/{W}{tag}")):
                self.unread("revision", text)
        for line in text.split("\n"):
            yield line, where

    def table(self, element: Any, depth: int = 0) -> None:
        """A table with headings is a sheet; any other is only a way to lay out paragraphs, cell by cell."""
        if depth > DEPTH:
            raise Invalid("word_damaged")
        self.table_count += 1
        name = f"表格 {self.table_count}"
        lines: list[tuple[str, Where]] = []
        grid = _Grid()
        for row in _children(element, "tr"):
            if any(True for tag in ("ins", "del") for _ in row.iterfind(f"{W}trPr/{W}{tag}")):
                self.unread("revision", "".join(each.text or "" for each in row.iter(f"{W}t", f"{W}delText")))
            grid.rows.append([])
            for cell in _children(row, "tc"):
                self.cells += 1
                if self.cells > TABLE_CELLS:
                    raise Invalid("archive_too_large", most=archives.UNPACKED_BYTES // 1024**2)
                own = [line for block in _blocks(cell) for line in self.cell_lines(block, depth)]
                lines += [*own, ("", self.where)]
                grid.add(cell, "\n".join(text for text, _ in own).strip())
        sheet = Table(name, grid.rows, merged=tuple(grid.areas))
        if find_headings(sheet):
            self.tables.append(sheet)
        elif _has_keys_only(grid.rows):
            self.findings.append(Finding(ERROR, "keys_apart", Where(file=self.name, sheet=name)))
        else:
            self.lines += lines

    def cell_lines(self, block: Any, depth: int) -> list[tuple[str, Where]]:
        if block.tag in _ELSEWHERE:
            self.unread("object")
            return []
        if block.tag != f"{W}tbl":
            return list(self.paragraph(block))
        before = len(self.lines)
        self.table(block, depth + 1)
        inner, self.lines = self.lines[before:], self.lines[:before]
        return inner

    # what is inside a paragraph

    def inline(self, element: Any, depth: int = 0) -> Iterator[str]:
        """The text of an element's children, with pictures' names."""
        for child in element:
            tag = child.tag
            if not isinstance(tag, str) or depth > DEPTH:
                continue
            if tag == f"{W}r":
                yield from self.run(child)
            elif tag in _REVISIONS:
                text = "".join(each.text or "" for each in child.iter(f"{W}t", f"{W}delText"))
                if text.strip() or any(True for _ in child.iter(f"{W}drawing", f"{W}pict")):
                    self.unread("revision", text)
            elif tag in _PASSED_THROUGH:
                self.field(str(child.get(f"{W}instr") or ""))
                yield from self.inline(child, depth + 1)
            elif tag in _ELSEWHERE:
                self.unread("object")
            elif tag in (f"{_M}oMath", f"{_M}oMathPara"):
                self.unread("formula", "".join(each.text or "" for each in child.iter(f"{_M}t")))
            elif tag == f"{_MC}AlternateContent":
                yield from self.inline(_form(child), depth + 1)

    def run(self, run: Any) -> Iterator[str]:
        text = "".join(self.run_parts(run))
        properties = run.find(f"{W}rPr")
        if properties is None or not text.strip():
            yield text
            return
        for tag, part in (("vanish", "hidden"), ("strike", "struck"), ("dstrike", "struck")):
            if _is_on(properties.find(f"{W}{tag}")):
                self.unread(part, text)
                return
        raised = properties.find(f"{W}vertAlign")
        kind = {"superscript": "sup", "subscript": "sub"}.get(raised.get(f"{W}val") if raised is not None else "")
        yield text_of_html(f"<{kind}>{html.escape(text)}</{kind}>", lambda *_: "", lambda _: None) if kind else text

    def run_parts(self, run: Any) -> Iterator[str]:
        for child in run:
            tag = child.tag
            if tag == f"{W}t":
                yield child.text or ""
            elif tag == f"{W}br":
                yield "\n"
            elif tag in _SIGNS:
                yield _SIGNS[tag]
            elif tag == f"{W}sym":
                yield self.symbol(child)
            elif tag in (f"{W}drawing", f"{W}pict", f"{W}object"):
                yield from self.drawing(child)
            elif tag == f"{_MC}AlternateContent":
                yield from self.run_parts(_form(child))
            elif tag == f"{W}instrText":
                self.instruction += child.text or ""
            elif tag == f"{W}fldChar":
                self.field(self.instruction)
                self.instruction = ""
            elif tag in _ELSEWHERE:
                self.unread("object")
            elif tag in (f"{W}footnoteReference", f"{W}endnoteReference"):
                self.unread("note")
            elif tag == f"{W}ruby":
                for base in child.iter(f"{W}rubyBase"):
                    yield from self.inline(base)

    def field(self, instruction: str) -> None:
        """Name a field that shows what its instruction says: a fraction, a number in a circle, a box that is ticked."""
        if found := _SHOWN_FIELD.match(instruction):
            self.unread("formula" if found[1].upper() == "EQ" else "object", instruction)

    def symbol(self, element: Any) -> str:
        font, code = str(element.get(f"{W}font")).lower(), str(element.get(f"{W}char"))
        try:
            value = int(code, 16) & 0xFF
        except ValueError:
            value = -1
        if (font, value) not in _SYMBOLS:
            self.unread("symbol", f"{font} {code}")
        return _SYMBOLS.get((font, value), "")

    def drawing(self, element: Any) -> Iterator[str]:
        """The pictures in a drawing. Text in boxes, formulas of old programs and charts are named."""
        boxed = "".join(each.text or "" for box in element.iter(f"{W}txbxContent") for each in box.iter(f"{W}t"))
        if boxed.strip():
            self.unread("text box", boxed)
        if element.tag == f"{W}object":
            self.unread("object")
            return
        named = next(iter(element.iter(f"{_WP}docPr")), None)
        words = "" if named is None else str(named.get("descr") or named.get("title") or "")
        found = [(blip.get(f"{_R}embed"), blip.get(f"{_R}link")) for blip in element.iter(f"{_A}blip")]
        found += [(image.get(f"{_R}id"), None) for image in element.iter(f"{_V}imagedata")]
        for embedded, linked in found:
            yield self.picture(embedded or linked or "", words)
        frame = next(iter(element.iter(f"{_A}graphicData")), None)
        uri = str(frame.get("uri")) if frame is not None else ""
        if not found and uri.endswith(("/chart", "/diagram", "/chartex")):
            self.unread("drawing")

    def picture(self, relation: str, words: str) -> str:
        relations: Mapping[str, Any] = self.part.rels
        related = relations.get(relation)
        code: str = "picture_missing"
        facts: dict[str, Any] = {"name": relation}
        if related is not None and related.is_external:
            facts = {"name": str(related.target_ref)[:100]}
        elif related is not None:
            try:
                return token(self.gathering.picture(related.target_part.blob), words)
            except Invalid as error:
                code, facts = error.code, error.facts
        self.findings.append(Finding(ERROR, code, self.where, facts, words[:200]))
        return ""


def _form(element: Any) -> Any:
    """Of the same thing for new and for old programs, the one for new ones."""
    choice = element.find(f"{_MC}Choice")
    fallback = element.find(f"{_MC}Fallback")
    return choice if choice is not None else fallback if fallback is not None else ()


def _blocks(element: Any) -> Iterator[Any]:
    """The paragraphs and tables in a body or cell, those in content controls too."""
    for child in element:
        if child.tag in (f"{W}p", f"{W}tbl", *_ELSEWHERE):
            yield child
        elif child.tag == f"{_MC}AlternateContent":
            yield from _blocks(_form(child))
        elif child.tag in (f"{W}sdt", f"{W}sdtContent", f"{W}customXml", *_REVISIONS):
            yield from _blocks(child)


def _children(element: Any, tag: str) -> Iterator[Any]:
    """The rows of a table or the cells of a row, those in content controls too."""
    for child in element:
        if child.tag == f"{W}{tag}":
            yield child
        elif child.tag in (f"{W}sdt", f"{W}sdtContent", f"{W}customXml"):
            yield from _children(child, tag)


def _is_on(switch: Any) -> bool:
    return switch is not None and switch.get(f"{W}val") not in ("0", "false", "off")


def _span(cell: Any) -> int:
    """How many columns a cell goes over."""
    properties = cell.find(f"{W}tcPr")
    span = properties.find(f"{W}gridSpan") if properties is not None else None
    value = span.get(f"{W}val") if span is not None else "1"
    return max(1, min(int(value), 63)) if str(value).isdigit() else 1


def _goes_on(cell: Any) -> bool:
    """Whether a cell is part of the one above it."""
    properties = cell.find(f"{W}tcPr")
    merge = properties.find(f"{W}vMerge") if properties is not None else None
    return merge is not None and merge.get(f"{W}val") != "restart"


def _has_keys_only(rows: list[list[str]]) -> bool:
    """Whether a table lists the keys by the numbers of their questions."""
    first = {"".join(row[0].split()) for row in rows if row}
    top = {"".join(cell.split()) for cell in rows[0]} if rows else set()
    numbers, keys = {"题号", "序号"}, {"答案", "参考答案", "正确答案"}
    return bool((numbers & first and keys & first) or (numbers & top and keys & top))


def _left_out(lines: Sequence[tuple[str, Where]]) -> Iterator[Finding]:
    """What stands beside tables of questions."""
    if lines:
        quoted = " ".join(text.strip() for text, _ in lines)[:200]
        yield Finding(WARNING, "lines_unused", lines[0][1], {"count": len(lines)}, quoted)
