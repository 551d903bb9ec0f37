"""XML from strangers, read into elements that know their line; and our own words inside the XML of other programs. Pure.

Refused outright: a document type (so every entity, internal or external), XInclude, deep nesting, too many elements, and
bytes that are not what the first line says of them.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler

from defusedxml.common import DefusedXmlException

from quizapp.banks.content import LETTERS, BankContent, Question
from quizapp.banks.entries import TEXT_FIELDS, Header
from quizapp.banks.formats.gathering import Unreadable

DEPTH = 64
ELEMENTS = 300_000
OWN = "urn:quizapp:bank"  # the namespace of what only this program reads
XINCLUDE = "http://www.w3.org/2001/XInclude"
XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"

# By the name that the first line gives. The parser itself knows only some, and takes the label's word for the rest.
_CODECS = {
    **dict.fromkeys(("utf-8", "utf8"), "utf-8"),
    **dict.fromkeys(("us-ascii", "ascii"), "ascii"),
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "cp936", "euc-cn"), "gb18030"),
    **dict.fromkeys(("big5", "cp950"), "big5"),
    **dict.fromkeys(("iso-8859-1", "latin1", "latin-1", "windows-1252", "cp1252"), "cp1252"),
    **dict.fromkeys(("utf-16", "utf-16le", "utf-16be", "utf16"), "utf-16"),
}
_PLAIN = ("utf-8", "utf-8-sig", "ascii")
_SIGNS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    *((bytes((code, 0)), "utf-16-le") for code in b"< \t\r\n"),
    *((bytes((0, code)), "utf-16-be") for code in b"< \t\r\n"),
)
_BLANK = "\ufeff \t\r\n"
_DECLARATION = re.compile(r"<\?xml\s[^<>]*\?>")
_LABEL = re.compile(r"""\sencoding\s*=\s*["']([A-Za-z][\w.:-]*)["']""")
_ROOT = re.compile(r"(?:\s|<\?[^<>]*\?>|<!--.*?-->)*<(?:[\w.-]+:)?([\w.-]+)", re.S)


@dataclass(slots=True)
class Element:
    """`tag` and the attributes' names are local ones. `parts` are texts and elements in their order."""

    tag: str
    namespace: str
    line: int
    attributes: dict[str, str] = field(default_factory=dict)
    parts: "list[str | Element]" = field(default_factory=list)

    @property
    def elements(self) -> "Iterator[Element]":
        """The child elements."""
        return (part for part in self.parts if isinstance(part, Element))

    def all(self, tag: str) -> "list[Element]":
        """The children of that name."""
        return [child for child in self.elements if child.tag == tag]

    def first(self, *path: str) -> "Element | None":
        """The first child of that name, or the first grandchild … by a path of names."""
        found: Element | None = self
        for tag in path:
            found = next((child for child in found.elements if child.tag == tag), None) if found else None
        return found

    def text(self, *path: str) -> str:
        """All text inside, or inside the element at that path; "" where there is none."""
        found = self.first(*path)
        if found is None:
            return ""
        return "".join(part if isinstance(part, str) else part.text() for part in found.parts)

    @property
    def own_text(self) -> str:
        """The text that is not in a child element."""
        return "".join(part for part in self.parts if isinstance(part, str))

    def descendants(self) -> "Iterator[Element]":
        """The elements inside, at any depth, in document order."""
        for child in self.elements:
            yield child
            yield from child.descendants()

    def get(self, name: str, default: str = "") -> str:
        """An attribute without blanks around it."""
        return self.attributes.get(name, default).strip()


def read_xml(content: bytes) -> Element:
    """The root element. Raises Unreadable."""
    # who only writes needs it not: it loads all that Python has for the network
    from defusedxml.expatreader import DefusedExpatParser

    text, skipped = decode(content)
    parser = DefusedExpatParser(namespaceHandling=1, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    builder = _Builder(parser, skipped)
    parser.setContentHandler(builder)
    try:
        # With a declaration of our own, so that no other is believed; at once, because a long token that comes in pieces
        # is looked through again with each.
        parser.feed(b'<?xml version="1.0" encoding="utf-8"?>' + text.encode())
        parser.close()
    except DefusedXmlException as error:
        raise Unreadable("xml_dtd", builder.line) from error
    except SAXParseException as error:
        line = (error.getLineNumber() or 1) + skipped
        raise Unreadable("xml_syntax", line, problem=error.getMessage()) from error
    if builder.root is None:
        raise Unreadable("xml_syntax", 1, problem="no element found")
    return builder.root


def root_name(content: bytes) -> str:
    """The name of the root element, as far as it can be told without reading the whole; "" where it can't."""
    try:
        text, _skipped = decode(content[:65536], whole=False)
    except Unreadable:
        return ""
    found = _ROOT.match(text)
    return found.group(1) if found else ""


def decode(content: bytes, *, whole: bool = True) -> tuple[str, int]:
    """The text after the XML declaration, and how many lines were before it. Raises Unreadable.

    A label that the bytes don't bear out is refused: what is taken for another encoding becomes other characters, and
    mostly without an error.
    """
    seen = next((codec for sign, codec in _SIGNS if content.startswith(sign)), "")
    head = content[:400].decode(seen or "latin-1", "ignore").lstrip(_BLANK)
    declaration = _DECLARATION.match(head)
    found = _LABEL.search(declaration.group()) if declaration else None
    label = found.group(1) if found else ""
    codec = _CODECS.get(label.lower(), "") if label else seen or "utf-8"
    wide = (seen or "utf-8").startswith("utf-16")
    wrong = not codec or codec.startswith("utf-16") != wide or (bool(seen) and not wide and codec not in _PLAIN)
    try:
        text = "" if wrong else content.decode(seen or codec, "strict" if whole else "ignore")
    except UnicodeDecodeError as error:
        raise Unreadable("xml_encoding", content.count(b"\n", 0, error.start) + 1, label=label or "UTF-8") from error
    if wrong or (codec not in _PLAIN and not wide and not content.isascii() and _is_utf8(content)):
        raise Unreadable("xml_encoding", 1, label=label)
    rest = text.lstrip(_BLANK)
    if declaration := _DECLARATION.match(rest):
        rest = rest[declaration.end() :]
    return rest, text.count("\n", 0, len(text) - len(rest))


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and error.end == len(content)  # a beginning was cut off
    return True


class _Builder(ContentHandler):
    def __init__(self, parser: Any, skipped: int) -> None:
        super().__init__()
        self.parser = parser
        self.root: Element | None = None
        self.open: list[Element] = []
        self.skipped = skipped
        self.count = 0

    @property
    def line(self) -> int:
        number: int = self.parser.getLineNumber() or 1
        return number + self.skipped

    def startElementNS(self, name: tuple[str | None, str], qname: Any, attrs: Any) -> None:  # noqa: N802
        namespace, tag = name
        element = Element(tag, namespace or "", self.line)
        self.count += 1
        if namespace == XINCLUDE:
            raise Unreadable("xml_include", element.line)
        if self.count > ELEMENTS:
            raise Unreadable("too_many_values", element.line, limit=ELEMENTS)
        if len(self.open) >= DEPTH:
            raise Unreadable("nested_too_deep", element.line, limit=DEPTH)
        for (space, local), value in attrs.items():
            if space in (None, XML_NAMESPACE):
                element.attributes[f"xml:{local}" if space else local] = value
        if self.open:
            self.open[-1].parts.append(element)
        else:
            self.root = element
        self.open.append(element)

    def endElementNS(self, name: Any, qname: Any) -> None:  # noqa: N802
        self.open.pop()

    def characters(self, content: str) -> None:
        self.open[-1].parts.append(content)


_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.A)
_INFINITE = {"INF": math.inf, "+INF": math.inf, "-INF": -math.inf}


def number_in(text: str) -> float:
    """A number as XML writes it; NaN where there is none. One that is too large is infinite."""
    text = text.strip()
    return float(text) if _NUMBER.fullmatch(text) else _INFINITE.get(text, math.nan)


# --- writing, and what only this program reads


def escaped(text: str) -> str:
    """The text as an element's content."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def quoted(text: str) -> str:
    """The text as an attribute's value, with its quotes; blanks come back as they are."""
    value = escaped(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
    return f'"{value}"'


OWN_FIELDS = (
    *(name for name in TEXT_FIELDS if name not in ("stem", "key", "explanation")),
    *(f"english_{letter}" for letter in LETTERS),
)


def own_bank(content: BankContent) -> str:
    """The bank's header as an element that other programs pass over."""
    topics = "".join(f"<topic code={quoted(code)}>{escaped(title)}</topic>" for code, title in content.topics.items())
    return f'<bank xmlns="{OWN}" code={quoted(content.code)} title={quoted(content.title)}>{topics}</bank>'


def own_question(values: Mapping[str, str], inside: str = "") -> str:
    """What a question has and the format has no place for, as an element that other programs pass over."""
    fields = "".join(f"<field name={quoted(name)}>{escaped(text)}</field>" for name, text in values.items() if text)
    return f'<details xmlns="{OWN}">{fields}{inside}</details>'


def english_values(question: Question) -> dict[str, str]:
    """The translation's fields; none where there is no translation."""
    if not question.english:
        return {}
    options = {f"english_{letter}": text for letter, text in zip(LETTERS, question.english.options, strict=False)}
    return {"english_stem": question.english.stem, **options, "english_explanation": question.english.explanation}


def read_own_bank(elements: Iterable[Element]) -> Header | None:
    """The header that `own_bank` wrote among these elements."""
    for element in elements:
        if (element.namespace, element.tag) == (OWN, "bank"):
            topics = {topic.get("code"): topic.text() for topic in element.all("topic")}
            return Header(element.get("code"), element.get("title"), topics)
    return None


def read_own_question(elements: Iterable[Element]) -> tuple[dict[str, str], Element | None]:
    """The fields that `own_question` wrote among these elements, and the element that holds them."""
    for element in elements:
        if (element.namespace, element.tag) == (OWN, "details"):
            fields = {each.get("name"): each.text() for each in element.all("field")}
            return {name: text for name, text in fields.items() if name in OWN_FIELDS}, element
    return {}, None
