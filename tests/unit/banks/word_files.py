"""Word documents for tests, with what Word writes and python-docx has no words for."""

import io
import zipfile
from typing import Any

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

LEVEL = (
    '<w:lvl w:ilvl="{place}"><w:start w:val="{start}"/><w:numFmt w:val="{kind}"/><w:lvlText w:val="{text}"/>'
    '<w:suff w:val="{suffix}"/></w:lvl>'
)


class Paper:
    """A document that is written paragraph by paragraph."""

    def __init__(self) -> None:
        self.document = docx.Document()
        self.lists = 70

    def add_list(self, *levels: tuple[str, str], start: int = 1, suffix: str = "tab") -> int:
        """A list whose levels are numbered so: ("decimal", "%1."). Gives its number."""
        self.lists += 1
        shown = "".join(
            LEVEL.format(place=place, start=start, kind=kind, text=text, suffix=suffix)
            for place, (kind, text) in enumerate(levels)
        )
        part = self.document.part.numbering_part.element
        number = self.lists
        part.insert(0, element(f'<w:abstractNum {{ns}} w:abstractNumId="{number}">{shown}</w:abstractNum>'))
        part.append(element(f'<w:num {{ns}} w:numId="{number}"><w:abstractNumId w:val="{number}"/></w:num>'))
        return number

    def restart(self, of: int, start: int = 1) -> int:
        """The same list, counted anew."""
        self.lists += 1
        change = f'<w:lvlOverride w:ilvl="0"><w:startOverride w:val="{start}"/></w:lvlOverride>'
        self.document.part.numbering_part.element.append(
            element(f'<w:num {{ns}} w:numId="{self.lists}"><w:abstractNumId w:val="{of}"/>{change}</w:num>')
        )
        return self.lists

    def add(self, text: str, numbered: int = 0, level: int = 0) -> Any:
        """A paragraph, numbered by the list of that number."""
        paragraph = self.document.add_paragraph(text)
        if numbered:
            number = f'<w:numPr {{ns}}><w:ilvl w:val="{level}"/><w:numId w:val="{numbered}"/></w:numPr>'
            paragraph._p.get_or_add_pPr().append(element(number))
        return paragraph

    def add_xml(self, text: str) -> None:
        """A paragraph of which this is the inside."""
        self.document.add_paragraph()._p.append(element(text))

    def add_table(self, *rows: list[str]) -> Any:
        """A table of these cells."""
        table = self.document.add_table(rows=0, cols=len(rows[0]))
        for row in rows:
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text
        return table

    def bytes(self) -> bytes:
        """The file."""
        file = io.BytesIO()
        self.document.save(file)
        return file.getvalue()


def element(text: str) -> Any:
    """XML in Word's name spaces, which stand for {ns}."""
    return parse_xml(
        text.replace("{ns}", nsdecls("w", "r", "wp", "a", "pic", "m") + ' xmlns:v="urn:schemas-microsoft-com:vml"')
    )


def with_part(content: bytes, name: str, change: Any) -> bytes:
    """The document with the bytes of a part changed by `change`."""
    old = zipfile.ZipFile(io.BytesIO(content))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.namelist():
            new.writestr(each, change(old.read(each)) if each == name else old.read(each))
    return file.getvalue()
