"""XLSX workbooks as people see them: numbers in their formats, hidden rows, merged cells, pictures in their cells.

Libraries that read workbooks give the bare values, and 5% arrives as 0.05; so the sheets are read here, as a stream and
sparsely: a cell in the far corner costs nothing. The archive must have been checked (`archives.open_archive`), which
also refuses document types. Formulas are not calculated, macros not looked at, addresses not followed.
"""

import math
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import unquote
from xml.parsers import expat

from defusedxml import ElementTree

from quizapp.web import number_formats
from quizapp.web.tables import Area, Cell, CellNote, CellPicture, Row, Table, Unreadable, trimmed, without_empty_end

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384  # of a sheet, in the format itself
CHUNK_BYTES = 1 << 18
RAISED = str.maketrans("0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ")
LOWERED = str.maketrans("0123456789+-=()aeijoruvxhklmnpst", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑᵢⱼₒᵣᵤᵥₓₕₖₗₘₙₚₛₜ")

_ESCAPE = re.compile("((?:_x[0-9A-Fa-f]{4}_)+)")
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")
_CELL_PICTURE = re.compile(r'\bDISPIMG\(\s*"([^"]+)"', re.I)
_WEB_PICTURE = re.compile(r'\bIMAGE\(\s*"([^"]+)"', re.I)
_EMPTY: Row = []  # one for all empty rows: a sheet may have a million of them


@dataclass(frozen=True)
class _Relation:
    """`kind` is the last word of its type; `target` a part of the archive, or an address if it is `external`."""

    kind: str
    target: str
    external: bool


@dataclass(frozen=True)
class _Style:
    """How cells of a style look: `kind` of their numbers is general, date or number."""

    code: str = number_formats.GENERAL
    kind: str = "general"
    marked: bool = False


@dataclass
class _Text:
    """A string and whether it lost something that it said by its looks."""

    text: str
    marked: bool


def read_workbook(archive: zipfile.ZipFile, *, most_rows: int, most_cells: int) -> list[Table]:
    """The worksheets of a workbook in their order. Raises Unreadable."""
    try:
        return list(_Workbook(archive).tables(most_rows, most_cells))
    except (expat.ExpatError, ElementTree.ParseError, KeyError, IndexError, ValueError, OverflowError) as error:
        raise Unreadable("spreadsheet_damaged") from error


class _Workbook:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        # Programs differ in how they write names.
        self.parts = {name.lower().replace("\\", "/"): name for name in archive.namelist()}
        if len(self.parts) < len(archive.namelist()):
            raise Unreadable("spreadsheet_damaged")
        main = [each.target for each in self.relations("").values() if each.kind == "officeDocument"]
        self.part = main[0] if main and self.has(main[0]) else "xl/workbook.xml"

    def tables(self, most_rows: int, most_cells: int) -> Iterator[Table]:
        book = self.tree(self.part)
        relations = self.relations(self.part)
        from_1904 = any(_is_on(each.get("date1904")) for each in _find(book, "workbookPr"))
        for sheet in _find(book, "sheet"):
            relation = relations[_attribute(sheet, "id")]
            if relation.kind != "worksheet":
                continue
            parser = _SheetParser(self, from_1904, most_rows, most_cells)
            self.feed(relation.target, parser)
            most_rows, most_cells = parser.rows_left, parser.cells_left
            self._add_drawings(relation.target, parser)
            rows = parser.dense_rows()
            yield Table(
                sheet.get("name", ""),
                rows,
                hidden=sheet.get("state", "visible") != "visible",
                hidden_rows=frozenset(row for row in parser.hidden_rows if row < len(rows) and rows[row]),
                hidden_columns=parser.hidden_columns(),
                merged=tuple(parser.merged),
                notes=parser.notes,
                pictures=tuple(parser.pictures),
            )

    # --- parts

    def has(self, part: str) -> bool:
        return part.lower() in self.parts

    def content(self, part: str) -> bytes:
        return self.archive.read(self.parts[part.lower()])

    def tree(self, part: str) -> "Element":
        tree: Element = ElementTree.fromstring(self.content(part))
        return tree

    def feed(self, part: str, parser: "_Parser") -> None:
        with self.archive.open(self.parts[part.lower()]) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                parser.expat.Parse(chunk, False)
        parser.expat.Parse(b"", True)

    def relations(self, part: str) -> dict[str, _Relation]:
        """What a part refers to, by the names that it uses; "" is the archive as a whole."""
        folder, name = posixpath.split(part)
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        found: dict[str, _Relation] = {}
        if not self.has(path):
            return found
        for each in self.tree(path):
            target = each.get("Target", "")
            external = each.get("TargetMode") == "External"
            if not external:
                target = posixpath.normpath(posixpath.join("/", folder, unquote(target))).lstrip("/")
            found[each.get("Id", "")] = _Relation(each.get("Type", "").rpartition("/")[2], target, external)
        return found

    def part_of_kind(self, kind: str, usual: str) -> str | None:
        """A part that the workbook refers to by its kind, or that has its usual name."""
        targets = [each.target for each in self.relations(self.part).values() if each.kind == kind]
        return next(
            (part for part in [*targets, posixpath.join(posixpath.dirname(self.part), usual)] if self.has(part)), None
        )

    @cached_property
    def strings(self) -> list[_Text]:
        """The strings that cells name by their number."""
        parser = _StringsParser()
        if part := self.part_of_kind("sharedStrings", "sharedStrings.xml"):
            self.feed(part, parser)
        return parser.strings

    @cached_property
    def styles(self) -> list[_Style]:
        """How cells look, by the number of their style."""
        part = self.part_of_kind("styles", "styles.xml")
        if part is None:
            return []
        tree = self.tree(part)
        codes = {int(each.get("numFmtId", "0")): each.get("formatCode", "") for each in _find(tree, "numFmt")}
        fonts = [
            any(_is_on(each.get("val", "1")) for each in _find(font, "strike"))
            or any(each.get("val") in ("superscript", "subscript") for each in _find(font, "vertAlign"))
            for fonts in _children(tree, "fonts")
            for font in fonts
        ]
        return [_style(each, codes, fonts) for styles in _children(tree, "cellXfs") for each in styles]

    # --- pictures

    def _add_drawings(self, part: str, parser: "_SheetParser") -> None:
        for relation in self.relations(part).values():
            if relation.kind != "drawing" or relation.external or not self.has(relation.target):
                continue
            relations = self.relations(relation.target)
            for anchor in self.tree(relation.target):
                cell, spans = _anchored(anchor)
                shown = [each for each in _seen(anchor, "pic") if not _is_hidden(each)]
                for picture in shown:
                    self.add_picture(parser, cell, picture, relations, spans=spans)
                if not shown and _says_something(anchor):
                    parser.notes.setdefault(cell, CellNote("object_unread"))

    def add_picture(
        self,
        parser: "_SheetParser",
        cell: Cell,
        picture: "Element",
        relations: dict[str, _Relation],
        *,
        spans: bool = False,
    ) -> None:
        """The file of a <pic> in a cell, or a note that it isn't there."""
        names = _find(picture, "cNvPr")
        shows = names[0].get("descr", "") if names else ""
        ids = [_attribute(each, "embed") or _attribute(each, "link") for each in _find(picture, "blip")]
        relation = relations.get(ids[0]) if ids else None
        if relation and not relation.external and self.has(relation.target):
            parser.pictures.append(CellPicture(cell, self.content(relation.target), shows, spans))
        else:
            name = relation.target if relation else names[0].get("name", "") if names else ""
            parser.notes[cell] = CellNote("picture_missing", name)

    def add_named_picture(self, parser: "_SheetParser", cell: Cell, name: str) -> None:
        """A picture in a cell as WPS keeps it: by the name that the cell's formula calls."""
        picture = self._named_pictures.get(name)
        if picture is None:
            parser.notes[cell] = CellNote("picture_missing", name)
        else:
            self.add_picture(parser, cell, picture, self._named_relations)

    @cached_property
    def _named_part(self) -> str | None:
        return self.part_of_kind("cellImage", "cellimages.xml")

    @cached_property
    def _named_pictures(self) -> dict[str, "Element"]:
        if self._named_part is None:
            return {}
        pictures = _find(self.tree(self._named_part), "pic")
        return {name.get("name", ""): picture for picture in pictures for name in _find(picture, "cNvPr")}

    @cached_property
    def _named_relations(self) -> dict[str, _Relation]:
        return self.relations(self._named_part) if self._named_part else {}

    def rich_picture(self, number: int) -> tuple[_Relation | None, str]:
        """A picture in a cell as Excel keeps it: the `number` of a cell's value metadata (from 1) → file, words."""
        values = self._rich_values
        return values[number - 1] if 0 < number <= len(values) else (None, "")

    @cached_property
    def _rich_values(self) -> list[tuple[_Relation | None, str]]:
        """For each value metadata: through its record and structure to the relation of its picture ([MS-XLSX] 2.3.5)."""
        metadata = self.part_of_kind("sheetMetadata", "metadata.xml")
        values = self.part_of_kind("rdRichValue", "richData/rdrichvalue.xml")
        structures = self.part_of_kind("rdRichValueStructure", "richData/rdrichvaluestructure.xml")
        pictures = self.part_of_kind("richValueRel", "richData/richValueRel.xml")
        if not (metadata and values and structures and pictures):
            return []
        relations = self.relations(pictures)
        files = [relations.get(_attribute(each, "id")) for each in _find(self.tree(pictures), "rel")]
        keys = [[key.get("n", "") for key in _find(each, "k")] for each in _find(self.tree(structures), "s")]
        records = [
            dict(
                zip(keys[_place_in(each.get("s", "0"))], (value.text or "" for value in _find(each, "v")), strict=False)
            )
            for each in _find(self.tree(values), "rv")
        ]
        tree = self.tree(metadata)
        places = [_place_in(each.get("i", "0")) for each in _find(tree, "rvb")]
        found = []
        for block in (block for values in _children(tree, "valueMetadata") for block in values):
            record = records[places[_place_in(block[0].get("v", "0"))]]
            file = record.get("_rvRel:LocalImageIdentifier")
            found.append((files[_place_in(file)] if file is not None else None, record.get("Text", "")))
        return found


# --- streams of text


class _Runs:
    """The text of one string: runs that may be raised, lowered or struck out; readings (ruby) are left out."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.run_start = 0
        self.raised = ""
        self.marked = False
        self.phonetic = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """The beginning of an element that says how text looks."""
        if name == "r":
            self.raised = ""
        elif name == "rPh":
            self.phonetic = True
        elif name == "vertAlign":
            self.raised = attributes.get("val", "")
        elif name == "strike" and _is_on(attributes.get("val", "1")):
            self.marked = True

    def end_text(self) -> None:
        """The end of a run's text: digits and letters are raised and lowered as far as plain text can."""
        text = "".join(self.pieces[self.run_start :])
        table = {"superscript": RAISED, "subscript": LOWERED}.get(self.raised)
        if table and text.strip():
            if all(ord(char) in table for char in text.strip()):
                self.pieces[self.run_start :] = [text.translate(table)]
            else:
                self.marked = True
        self.run_start = len(self.pieces)

    def text(self) -> _Text:
        """The whole string."""
        return _Text(_unescaped("".join(self.pieces)), self.marked)


class _Parser:
    """Feeds a part to the handlers of the elements that matter; functions within one, because a sheet has a million."""

    def __init__(self) -> None:
        self.expat = expat.ParserCreate()
        self.expat.buffer_text = True
        self.expat.StartElementHandler = self._root
        self.expat.StartDoctypeDeclHandler = _refuse_document_type

    def _root(self, tag: str, _attributes: dict[str, str]) -> None:
        prefix, colon, _ = tag.rpartition(":")
        self.begin(prefix + colon)

    def begin(self, prefix: str) -> None:
        """Set the handlers, now that it is known which prefix the format's own elements have in this file."""
        raise NotImplementedError


class _StringsParser(_Parser):
    """The strings of a workbook."""

    def __init__(self) -> None:
        super().__init__()
        self.strings: list[_Text] = []

    def begin(self, prefix: str) -> None:
        string_tag, text_tag, reading_tag, skip = f"{prefix}si", f"{prefix}t", f"{prefix}rPh", len(prefix)
        runs = _Runs()
        into: list[str] | None = None

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal runs, into
            if tag == text_tag:
                into = None if runs.phonetic else runs.pieces
            elif tag == string_tag:
                runs = _Runs()
            else:
                runs.start(tag[skip:], attributes)

        def end(tag: str) -> None:
            nonlocal into
            if tag == text_tag:
                into = None
                runs.end_text()
            elif tag == string_tag:
                self.strings.append(runs.text())
            elif tag == reading_tag:
                runs.phonetic = False

        def characters(data: str) -> None:
            if into is not None:
                into.append(data)

        self.expat.StartElementHandler = start
        self.expat.EndElementHandler = end
        self.expat.CharacterDataHandler = characters


class _SheetParser(_Parser):
    """The cells of one sheet."""

    def __init__(self, book: _Workbook, from_1904: bool, rows_left: int, cells_left: int) -> None:
        super().__init__()
        self.book = book
        self.from_1904 = from_1904
        self.strings = book.strings
        self.styles = book.styles
        self.rows_left, self.cells_left = rows_left, cells_left
        self.rows: dict[int, Row] = {}
        self.cells: Row = []
        self.row = self.column = -1
        self.hidden_rows: list[int] = []
        self.hidden_ranges: list[tuple[int, int]] = []
        self.merged: list[Area] = []
        self.notes: dict[Cell, CellNote] = {}
        self.pictures: list[CellPicture] = []

    def begin(self, prefix: str) -> None:
        cell_tag, value_tag, row_tag, formula_tag = (prefix + name for name in ("c", "v", "row", "f"))
        text_tag, reading_tag, skip = f"{prefix}t", f"{prefix}rPh", len(prefix)
        cell: dict[str, str] | None = None
        value: list[str] = []
        formula: list[str] | None = None
        runs: _Runs | None = None
        into: list[str] | None = None

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal cell, value, formula, runs, into
            if tag == cell_tag:
                cell, value, formula, runs = attributes, [], None, None
            elif tag == value_tag:
                into = value
            elif tag == row_tag:
                self._start_row(attributes)
            elif cell is None:
                self._start_other(tag[skip:], attributes)
            elif tag == formula_tag:
                formula = into = []
            else:
                runs = runs or _Runs()
                if tag == text_tag:
                    into = None if runs.phonetic else runs.pieces
                else:
                    runs.start(tag[skip:], attributes)

        def end(tag: str) -> None:
            nonlocal cell, into
            if tag == cell_tag:
                if cell is not None:
                    reference = cell.get("r")
                    self.column = _column(reference.rstrip("0123456789")) if reference else self.column + 1
                    if value or formula is not None or runs is not None:
                        self._end_cell(cell, value, formula, runs)
                cell = None
            elif tag in (value_tag, formula_tag):
                into = None
            elif tag == row_tag:
                if self.cells:
                    self._end_row()
            elif runs is not None:
                if tag == text_tag:
                    into = None
                    runs.end_text()
                elif tag == reading_tag:
                    runs.phonetic = False

        def characters(data: str) -> None:
            if into is not None:
                into.append(data)

        self.expat.StartElementHandler = start
        self.expat.EndElementHandler = end
        self.expat.CharacterDataHandler = characters

    def _start_other(self, name: str, attributes: dict[str, str]) -> None:
        if name == "col":
            if _is_on(attributes.get("hidden")) or attributes.get("width") == "0":
                self.hidden_ranges.append(
                    (max(int(attributes["min"]) - 1, 0), min(int(attributes["max"]), MOST_COLUMNS))
                )
        elif name == "mergeCell":
            first, _, last = attributes["ref"].partition(":")
            self.merged.append((*_cell(first), *_cell(last or first)))

    def _start_row(self, attributes: dict[str, str]) -> None:
        self.row = int(attributes["r"]) - 1 if "r" in attributes else self.row + 1
        self.column = -1
        self.cells = []
        if ("hidden" in attributes and _is_on(attributes["hidden"])) or attributes.get("ht") == "0":
            self.hidden_rows.append(self.row)

    def _end_cell(
        self, cell: dict[str, str], value: list[str], formula: list[str] | None, runs: "_Runs | None"
    ) -> None:
        text = self._text(cell, "".join(value), formula, runs)
        if not text:
            return
        cells, column = self.cells, self.column
        missing = column - len(cells)
        if missing >= 0 and column < MOST_COLUMNS and self.row >= 0:
            if missing:
                cells.extend([""] * missing)
            cells.append(text)
        elif column < len(cells) and not cells[column]:
            cells[column] = text
        else:
            raise Unreadable("spreadsheet_damaged")

    def _end_row(self) -> None:
        cells = trimmed(self.cells)
        if not cells:
            return
        if not 0 <= self.row < MOST_ROWS or self.row in self.rows:
            raise Unreadable("spreadsheet_damaged")
        self.rows_left -= 1
        self.cells_left -= len(cells)
        if self.rows_left < 0 or self.cells_left < 0:
            raise Unreadable("spreadsheet_too_large")
        self.rows[self.row] = cells

    def _text(self, cell: dict[str, str], value: str, formula: list[str] | None, runs: _Runs | None) -> str:
        """What a cell shows; its notes and pictures are kept."""
        kind = cell.get("t", "n")
        number = int(cell.get("s") or 0)
        style = self.styles[number] if 0 <= number < len(self.styles) else _NO_STYLE
        if (formula is not None or "vm" in cell) and self._shows_picture(cell, value, "".join(formula or ())):
            return ""
        marked = style.marked
        if kind == "s" and value:
            string = self.strings[_place_in(value)]
            text, marked = string.text, marked or string.marked
        elif kind == "inlineStr" and runs is not None:
            string = runs.text()
            text, marked = string.text, marked or string.marked
        elif not value:
            if formula is not None and kind != "str":
                self.note("cell_formula")
            return ""
        elif kind == "n":
            text = self._number(value, style)
        elif kind == "str":
            text = _unescaped(value)
        elif kind == "b":
            self.note("cell_converted")
            text = "TRUE" if _is_on(value.strip()) else "FALSE"
        elif kind == "d":
            self.note("cell_converted")
            text = value.strip().replace("T", " ").removesuffix(" 00:00:00")
        else:  # an error such as #N/A
            self.note("cell_error")
            text = value
        if marked and text.strip():
            self.note("cell_marked")
        return text

    def _number(self, value: str, style: _Style) -> str:
        if (
            style.kind == "general"
            and value.isdecimal()
            and len(value) <= number_formats.MOST_DIGITS
            and value[0] != "0"
        ):
            return value
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            return value
        if style.kind == "date":
            self.note("cell_converted")
            return number_formats.moment(number, style.code, from_1904=self.from_1904) or number_formats.general(number)
        if style.kind == "number" and (shown := number_formats.shown(number, style.code)):
            if not shown.exact:
                self.note("cell_converted")
            return shown.text
        text = number_formats.general(number)
        if style.kind == "number" or "E" in text:
            self.note("cell_converted")
        return text

    def _shows_picture(self, cell: dict[str, str], value: str, formula: str) -> bool:
        place = (self.row, self.column)
        if found := _CELL_PICTURE.search(formula) or _CELL_PICTURE.search(value):
            self.book.add_named_picture(self, place, found.group(1))
            return True
        if "vm" in cell:
            relation, shows = self.book.rich_picture(int(cell["vm"]))
            if relation and not relation.external and self.book.has(relation.target):
                self.pictures.append(CellPicture(place, self.book.content(relation.target), shows))
                return True
            if relation:
                self.note("picture_missing", relation.target)
                return True
        if found := _WEB_PICTURE.search(formula):
            self.note("picture_missing", found.group(1))
            return True
        return False

    def note(self, code: str, name: str = "") -> None:
        self.notes[self.row, self.column] = CellNote(code, name)

    def dense_rows(self) -> list[Row]:
        """The rows up to the last that holds something."""
        return without_empty_end([self.rows.get(number, _EMPTY) for number in range(max(self.rows, default=-1) + 1)])

    def hidden_columns(self) -> frozenset[int]:
        """Which of the columns that hold something are hidden."""
        width = max(map(len, self.rows.values()), default=0)
        return frozenset(column for first, end in self.hidden_ranges for column in range(first, min(end, width)))


_NO_STYLE = _Style()


# --- small things


def _style(element: "Element", codes: dict[int, str], fonts: list[bool]) -> _Style:
    number = int(element.get("numFmtId", "0"))
    code = codes.get(number) or number_formats.BUILT_IN.get(number, "")
    font = int(element.get("fontId", "0"))
    marked = font < len(fonts) and fonts[font]
    if code in (number_formats.GENERAL, "@"):
        return _Style(marked=marked)
    return _Style(code, "date" if number_formats.is_date(code) else "number", marked)


def _unescaped(text: str) -> str:
    """With characters that XML can't hold, which the format writes as _x000D_, in their place; lone halves stay written."""
    if "_x" in text:
        text = _ESCAPE.sub(_escaped_characters, text)
    return text.replace("\r\n", "\n")


def _escaped_characters(found: re.Match[str]) -> str:
    units = bytes.fromhex(found.group().replace("_x", "").replace("_", ""))
    try:
        return units.decode("utf-16-be")
    except UnicodeDecodeError:
        return found.group()


@lru_cache(maxsize=1024)
def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    if not 0 < number <= MOST_COLUMNS:
        raise Unreadable("spreadsheet_damaged")
    return number - 1


def _cell(reference: str) -> Cell:
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise Unreadable("spreadsheet_damaged")
    return min(int(found.group(2)), MOST_ROWS) - 1, _column(found.group(1))


def _place_in(number: str) -> int:
    """A place in a list, by the number that the file gives. One before the first would count from the end."""
    place = int(number)
    if place < 0:
        raise IndexError(number)
    return place


def _is_on(value: str | None) -> bool:
    return value in ("1", "true", "on")


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _find(element: "Element", name: str) -> "list[Element]":
    """The elements of that name below, whatever their namespace: strict and usual files differ in it."""
    return [each for each in element.iter() if isinstance(each.tag, str) and _local(each.tag) == name]


def _children(element: "Element", name: str) -> "list[Element]":
    return [each for each in element if isinstance(each.tag, str) and _local(each.tag) == name]


def _seen(element: "Element", name: str) -> "Iterator[Element]":
    """Like `_find`, but of two forms of the same thing (one for newer programs) only the one that has it in the end."""
    for child in element:
        local = _local(child.tag) if isinstance(child.tag, str) else ""
        if local == name:
            yield child
        elif local == "AlternateContent":
            forms = [list(_seen(form, name)) for form in child]
            yield from next((form for form in reversed(forms) if form), [])
        else:
            yield from _seen(child, name)


def _attribute(element: "Element", name: str) -> str:
    """An attribute of another namespace, such as r:id."""
    return next((value for key, value in element.items() if _local(key) == name and key != name), "")


def _anchored(anchor: "Element") -> tuple[Cell, bool]:
    """Where an anchor's upper left corner is, and whether its lower right corner is in another cell."""
    ends = {side: [_place(each) for each in _children(anchor, side)] for side in ("from", "to")}
    if not ends["from"]:
        return (0, 0), True
    row, column, _, _ = ends["from"][0]
    if not ends["to"]:
        return (row, column), False
    last_row, last_column, row_offset, column_offset = ends["to"][0]
    spans = last_row - (row_offset == 0) > row or last_column - (column_offset == 0) > column
    return (row, column), spans


def _place(corner: "Element") -> tuple[int, int, int, int]:
    values = {_local(each.tag): int(each.text or "0") for each in corner}
    return values.get("row", 0), values.get("col", 0), values.get("rowOff", 0), values.get("colOff", 0)


def _is_hidden(picture: "Element") -> bool:
    return any(_is_on(each.get("hidden")) for each in _find(picture, "cNvPr"))


def _says_something(anchor: "Element") -> bool:
    """A chart or diagram, or a shape with words in it."""
    return bool(_find(anchor, "graphicFrame")) or any((each.text or "").strip() for each in _find(anchor, "t"))


def _refuse_document_type(*_args: object) -> NoReturn:
    raise Unreadable("spreadsheet_damaged")
