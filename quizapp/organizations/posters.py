"""The poster of a unit's join link, as PDF, and its QR code as SVG."""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pylopdf_fonts_zh_cn
import segno
import typst
from flask_babel import gettext as _

SOURCE = Path(__file__).with_name("poster.typ")
MOST_PAGES = 300


@dataclass(frozen=True)
class Poster:
    """One page: the unit, what stands above it, the address and the code as it is shown."""

    name: str
    above: str
    url: str
    code: str


def qr_svg(url: str) -> str:
    """The address as a QR code that a phone reads from paper; drawn in black on white."""
    file = io.BytesIO()
    segno.make(url, error="m").save(file, kind="svg", border=4, scale=8, light="#fff", xmldecl=False)
    return file.getvalue().decode()


def poster_pdf(posters: Sequence[Poster], *, english: bool) -> bytes:
    """The posters as one PDF, a page each."""
    words = {
        "lang": "en" if english else "zh",
        "title": _("全面质量管理知识竞赛"),
        "subtitle": _("扫码加入单位，用手机答题"),
        "scan": _("请用手机扫描二维码"),
        "code": _("也可以在网站上输入加入码"),
        "footer": _("个人信息只用于组织竞赛。本海报的二维码只用于加入上面的单位。"),
    }
    units = [{**asdict(poster), "qr": qr_svg(poster.url)} for poster in posters]
    return bytes(
        typst.compile(
            SOURCE,
            root=SOURCE.parent,
            font_paths=[Path(pylopdf_fonts_zh_cn.sans_path()).parent],
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"units": json.dumps(units), "words": json.dumps(words)},
        )
    )
