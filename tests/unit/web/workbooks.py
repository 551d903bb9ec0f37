"""Workbooks for the tests of readers, as Excel (XlsxWriter) or as somebody with a text editor would write them."""

import io
import zipfile
from collections.abc import Callable, Mapping

import xlsxwriter
from PIL import Image

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATIONS = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'


def workbook(fill: Callable[[xlsxwriter.Workbook], None], **options: object) -> bytes:
    """What XlsxWriter makes of what `fill` puts in."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, options)
    fill(book)
    book.close()
    return file.getvalue()


def archive(members: Mapping[str, str | bytes]) -> bytes:
    """A packed archive of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return file.getvalue()


def members(content: bytes) -> dict[str, bytes]:
    """The members of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def handmade(sheet: str, extra: Mapping[str, str | bytes] | None = None, prefix: str = "") -> bytes:
    """A workbook of one sheet whose XML is given."""
    p = f"{prefix}:" if prefix else ""
    main = MAIN.replace("xmlns=", f"xmlns:{prefix}=") if prefix else MAIN
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
    return archive(
        {
            "[Content_Types].xml": "<Types/>",
            "xl/workbook.xml": f'<{p}workbook {main} {RELATIONS}><{p}sheets><{p}sheet name="试题" sheetId="1" r:id="r1"/>'
            f"</{p}sheets></{p}workbook>",
            "xl/_rels/workbook.xml.rels": f'<Relationships {relations}><Relationship Id="r1" Type="{kind}/worksheet" '
            f'Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="{kind}/sharedStrings" Target="sharedStrings.xml"/>'
            f'<Relationship Id="r3" Type="{kind}/styles" Target="styles.xml"/></Relationships>',
            "xl/worksheets/sheet1.xml": f"<{p}worksheet {main}>{sheet}</{p}worksheet>",
            **(extra or {}),
        }
    )


def picture(color: str = "red", size: tuple[int, int] = (40, 30), kind: str = "PNG") -> bytes:
    """A picture's file."""
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, kind)
    return file.getvalue()
