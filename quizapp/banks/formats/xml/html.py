"""HTML, as other programs keep their texts in, to the plain texts with pictures that questions have, and back. Pure.

What can be said in plain text is kept: line breaks, the numbers of lists, cells of tables, ² and ₂. What can't be shown
as text or picture (a formula, a film, a field to fill in) is complained of and never left out in silence.
"""

import html
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import unquote

from quizapp.banks.formats.xml.elements import Element, escaped, quoted
from quizapp.banks.pictures import TOKEN

# Each may stand anywhere in a text: (address, words) → what names the picture in our texts.
FindPicture = Callable[[str, str], str]
Refuse = Callable[[str], None]

ATTACHED = "@@PLUGINFILE@@"  # how Moodle writes the place of a question's own files
PRE_WRAP = "quizapp-pre-wrap"  # a class of our own for texts whose blanks count

_BLOCK = re.compile(
    "address|article|aside|blockquote|body|caption|center|dd|details|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]|"
    "header|hr|html|li|main|nav|ol|p|pre|section|summary|table|tbody|tfoot|thead|tr|ul|"
    "choice-interaction|content-body|prompt|rubric-block"  # QTI's own
)
_VOID = re.compile("area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr")
_INLINE = re.compile(
    "a|abbr|acronym|b|bdi|bdo|big|br|cite|code|col|colgroup|data|dfn|em|font|head|i|img|ins|kbd|label|lang|link|mark|meta|"
    "nobr|nolink|object|q|rb|rp|rt|rtc|ruby|samp|small|span|strong|sub|sup|td|th|time|tt|u|var|wbr"
)
_UNSEEN = re.compile("script|style|title|template|noscript|rp")
_REFUSED = re.compile(
    "math|svg|audio|video|embed|iframe|canvas|input|select|textarea|button|applet|map|frameset|printed-variable|"
    "del|s|strike"  # text that is struck out was taken back: kept it would say the opposite
)
_RAISED = str.maketrans("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_PICTURE_NAME = re.compile(r"\.(png|jpe?g|webp|gif|bmp|svg|tiff?)$", re.I)
_SPACE = re.compile(r"([ \t\n\r\f]+)")
_NOT_SHOWN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|line-through", re.I)
_KEEPS_BLANKS = re.compile(r"white-space\s*:\s*(pre|break-spaces)", re.I)


def is_picture(address: str) -> bool:
    """Whether a file is a picture by its name; not only of the kinds that we can show."""
    return bool(_PICTURE_NAME.search(address))


class _Text:
    """Takes tags and texts in their order and makes the plain text."""

    def __init__(self, picture: FindPicture, refuse: Refuse) -> None:
        self.picture = picture
        self.refuse = refuse
        self.out: list[str] = []
        self.at_start = True  # of a line
        self.blank = False  # seen, and to be written if text follows on the line
        self.open: list[tuple[str, int, bool]] = []  # tag, where its text begins in `out`, whether it keeps blanks
        self.depths: Counter[str] = Counter()  # how often each tag is open
        self.lists: list[tuple[str, int]] = []  # the kind of numbers and the next one, of each open list
        self.cells = 0  # written in the open row

    def result(self) -> str:
        while self.open:
            self.end(self.open[-1][0])
        return "".join(self.out).strip()

    def write(self, text: str) -> None:
        if text:
            if self.blank and not self.at_start:
                self.out.append(" ")
            self.out.append(text)
            self.blank, self.at_start = False, text.endswith("\n")

    def break_line(self) -> None:
        self.blank = False
        if not self.at_start:
            self.out.append("\n")
            self.at_start = True

    def data(self, text: str) -> None:
        if self.open and self.open[-1][2]:
            self.write(text)
            return
        for piece in _SPACE.split(text):
            if piece and piece[0] in " \t\n\r\f":
                self.blank = True
            else:
                self.write(piece.replace("\u00a0", " "))

    def start(self, tag: str, attributes: Mapping[str, str]) -> bool:
        """Whether what is inside the element belongs to the text."""
        style = attributes.get("style", "")
        if _REFUSED.fullmatch(tag) or "hidden" in attributes or _NOT_SHOWN.search(style):
            self.refuse(tag)
            return False
        if _UNSEEN.fullmatch(tag):
            return False
        if tag == "object":
            return self.object(attributes)
        if _BLOCK.fullmatch(tag):
            self.break_line()
        self.mark(tag, attributes)
        if not _VOID.fullmatch(tag):
            keeps = tag == "pre" or PRE_WRAP in attributes.get("class", "").split()
            keeps = keeps or bool(_KEEPS_BLANKS.search(style))
            self.depths[tag] += 1
            self.open.append((tag, len(self.out), keeps or bool(self.open and self.open[-1][2])))
        return True

    def mark(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Write what a tag itself stands for."""
        if tag == "br":
            self.blank = False
            self.out.append("\n")
            self.at_start = True
        elif tag == "img":
            self.write(self.picture(attributes.get("src", ""), attributes.get("alt", "")))
        elif tag in ("ol", "ul"):
            first = attributes.get("start", "1")
            kind = attributes.get("type", "1") if tag == "ol" else ""
            self.lists.append((kind, int(first) if first.isascii() and first.isdigit() and len(first) < 5 else 1))
        elif tag == "li" and self.lists:
            kind, number = self.lists.pop()
            self.lists.append((kind, number + 1))
            self.write(f"{_numeral(kind, number)}. " if kind else "• ")
            self.at_start = True  # a paragraph in it begins on the same line
        elif tag == "tr":
            self.cells = 0
        elif tag in ("td", "th"):
            self.cells += 1
            if self.cells > 1:
                self.blank = True
                self.write("|")
                self.blank = True
        elif tag in ("q", "rt"):
            self.write("“" if tag == "q" else "(")
        elif tag in ("sub", "sup") and self.blank and not self.at_start:
            self.out.append(" ")
            self.blank = False
        elif tag == "a" and ATTACHED in attributes.get("href", "") and not is_picture(attributes["href"]):
            self.refuse(unquote(attributes["href"].rpartition("/")[2]))

    def object(self, attributes: Mapping[str, str]) -> bool:
        """A picture of QTI 2 or of old HTML; what is inside is for programs that can't show it."""
        address = attributes.get("data", "")
        if attributes.get("type", "").startswith("image/") or is_picture(address):
            self.write(self.picture(address, attributes.get("aria-label", "")))
        else:
            self.refuse(attributes.get("type") or "object")
        return False

    def end(self, tag: str) -> None:
        while self.depths[tag]:
            name, begins, _keeps = self.open.pop()
            self.depths[name] -= 1
            if name in ("sub", "sup"):
                inside = "".join(self.out[begins:])
                del self.out[begins:]
                self.out.append(_shifted(inside, name))
            elif name in ("ol", "ul"):
                self.lists.pop()
            elif name in ("q", "rt"):
                self.write("”" if name == "q" else ")")
            if _BLOCK.fullmatch(name):
                self.break_line()
            if name == tag:
                break


def _numeral(kind: str, number: int) -> str:
    if kind in ("a", "A") and number <= 26:
        return chr(ord(kind) + number - 1)
    if kind in ("i", "I") and number <= 20:
        tens, units = divmod(number, 10)
        roman = "x" * tens + ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")[units]
        return roman if kind == "i" else roman.upper()
    return str(number)


def _shifted(text: str, tag: str) -> str:
    """Raised or lowered text in the characters that there are for it, or else marked: 10ab would be read wrongly."""
    inside = text.strip()
    moved = inside.translate(_RAISED if tag == "sup" else _LOWERED)
    if not inside or not any(char in moved for char in inside):
        return moved
    mark = "^" if tag == "sup" else "_"
    return f"{mark}{inside}" if len(inside) == 1 else f"{mark}({inside})"


def text_of_element(
    element: Element, picture: FindPicture, refuse: Refuse, leave_out: Callable[[Element], bool]
) -> str:
    """The plain text inside an element of XHTML. What is in elements that `leave_out` names is not part of it."""
    text = _Text(picture, refuse)
    _walk(element, text, leave_out)
    return text.result()


def _walk(element: Element, text: _Text, leave_out: Callable[[Element], bool]) -> None:
    for part in element.parts:
        if isinstance(part, str):
            text.data(part)
        elif not leave_out(part):
            tag = part.tag.lower()
            if text.start(tag, part.attributes):
                _walk(part, text, leave_out)
                text.end(tag)


def text_of_html(markup: str, picture: FindPicture, refuse: Refuse) -> str:
    """The plain text of HTML as browsers take it, well-formed or not; but what they would swallow is refused."""
    text = _Text(picture, refuse)
    unseen = ""  # the tag, not yet closed, whose inside is passed over
    depth = 0
    for kind, name, attributes in _tokens(markup):
        if unseen == "rp" and kind != "text":  # its end need not be written
            unseen = ""
            if name == "rp":
                continue
        if unseen:
            depth += (kind == "start" and name == unseen) - (kind == "end" and name == unseen)
            unseen = unseen if depth else ""
        elif kind == "lost":
            refuse(name)
        elif kind == "text":
            text.data(html.unescape(name))
        elif kind == "end":
            text.end(name)
        elif not text.start(name, attributes) and not _VOID.fullmatch(name):
            unseen, depth = name, 1
    if unseen not in ("", "rp"):
        refuse(unseen)
    return text.result()


# Atomic groups, so that what does not match is given up after one look.
_TAG = re.compile(r"""<(/?)([A-Za-z][^\s/>]*+)((?>[^>"']|"[^"]*+"|'[^']*+')*+)>""")
_ATTRIBUTE = re.compile(r"""([^\s=/>"']++)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s>"']++))?""")
_FLAGS = ("nowrap", "hidden", "reversed", "compact", "noshade", "open", "controls", "disabled", "checked", "itemscope")
_RAW = ("script", "style", "title", "textarea")  # no tags inside


def _tokens(markup: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """("text" | "start" | "end", text or name, attributes); "lost" begins what a browser swallows and may be text.

    Linear in the length of any markup.
    """
    place = 0
    while place < len(markup):
        opens = markup.find("<", place)
        if opens < 0:
            break
        if opens > place:
            yield "text", markup[place:opens], {}
        place = opens
        if markup.startswith(("<!", "<?"), place):
            comment = markup.startswith("<!--", place)
            end = markup.find("-->" if comment else ">", place + 2)
            if end < 0:
                yield "lost", markup[place : place + 4], {}
                return
            place = end + (3 if comment else 1)
        elif not re.match(r"</?[A-Za-z]", markup[place : place + 3]):
            yield "text", "<", {}
            place += 1
        elif tag := _TAG.match(markup, place):
            place = tag.end()
            name = tag.group(2).lower()
            if tag.group(1):
                yield "end", name, {}
                continue
            attributes = {found.group(1).lower(): found.group(2) for found in _ATTRIBUTE.finditer(tag.group(3))}
            if not _is_tag(name, attributes):
                yield "lost", tag.group()[:20], {}
                continue
            yield "start", name, {key: _value(value) for key, value in attributes.items()}
            if tag.group(3).endswith("/") and not _VOID.fullmatch(name):
                yield "end", name, {}
                continue
            if name in _RAW:
                closes = re.compile(f"</{name}", re.I).search(markup, place)
                if not closes:
                    yield "lost", name, {}
                    return
                place = closes.start()
        else:  # a tag that never ends: to the end of the text it is text
            break
    if place < len(markup):
        yield "text", markup[place:], {}


def _is_tag(name: str, attributes: Mapping[str, str | None]) -> bool:
    """Whether it is a tag, of HTML or of some program's own, and not from the midst of "a<b and c>d"."""
    known = any(each.fullmatch(name) for each in (_BLOCK, _INLINE, _VOID, _UNSEEN, _REFUSED))
    named = all(key.isascii() and (value is not None or key in _FLAGS) for key, value in attributes.items())
    return named and (known or ":" in name or "-" in name)


def _value(written: str | None) -> str:
    value = written or ""
    return html.unescape(value[1:-1] if value[:1] in ('"', "'") else value)


def markup_of(text: str, address: Mapping[str, str], *, keep_blanks: str) -> str:
    """The text as XHTML from which the readers above make the same text.

    `address` has the pictures' addresses by digest; one that it lacks stays as it is named. `keep_blanks` is the attribute
    of an element that keeps blanks; it is written only where some would be lost.
    """
    markup = _markup(text, address)
    if text_of_html(markup, _shown, _pass) == _expected(text, address):
        return markup
    return f"<span {keep_blanks}>{markup}</span>"


def _markup(text: str, address: Mapping[str, str]) -> str:
    pieces = []
    place = 0
    for found in TOKEN.finditer(text):
        words, digest = found.groups()
        if digest in address:
            pieces.append(_lines(text[place : found.start()]))
            pieces.append(f"<img src={quoted(address[digest])} alt={quoted(words)}/>")
            place = found.end()
    return "".join([*pieces, _lines(text[place:])])


def _lines(text: str) -> str:
    return escaped(text).replace("\n", "<br/>")


def _expected(text: str, address: Mapping[str, str]) -> str:
    return TOKEN.sub(lambda found: _shown(address[found[2]], found[1]) if found[2] in address else found[0], text)


def _shown(address: str, words: str) -> str:
    return f"<{address} {words}>"


def _pass(_name: str) -> None:
    pass
