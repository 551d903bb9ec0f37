"""The numbers that Word writes before paragraphs: they are not in the text, and often are the questions' and options'. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
LEVELS = 9
_SUFFIXES = {"tab": "\t", "space": " ", "nothing": ""}


class UnknownNumbers(Exception):
    """A kind of numbers that is not known here; its text is Word's name of it."""


@dataclass(frozen=True)
class _Level:
    """One level of a list: how its numbers look, and which number is the first."""

    start: int
    kind: str
    text: str
    suffix: str
    restarts: bool
    arabic: bool
    style: str


class Numbering:
    """Counts the paragraphs of a document, which must come in their order. The parts may be missing (None)."""

    def __init__(self, numbering: Any, styles: Any) -> None:
        self.lists: dict[str, Any] = {}  # the definition of each list, by the number that paragraphs name
        self.overrides: dict[str, dict[int, Any]] = {}
        self.styles = {_value(style, "styleId", own=True): style for style in _all(styles, "style")}
        abstract = {_value(each, "abstractNumId", own=True): each for each in _all(numbering, "abstractNum")}
        for each in _all(numbering, "num"):
            name = _value(each, "numId", own=True)
            self.lists[name] = abstract.get(_value(each.find(f"{W}abstractNumId"), "val", own=True))
            changes = each.findall(f"{W}lvlOverride")
            self.overrides[name] = {_whole(_value(change, "ilvl", own=True)): change for change in changes}
        self.counts: dict[Any, list[int | None]] = {}
        self.used: set[tuple[str, int]] = set()

    def text(self, paragraph: Any) -> str:
        """What Word shows before the paragraph: "1.", "A.", "（一）"; with the blank after it. Raises UnknownNumbers."""
        name, place = self.list_of(paragraph)
        definition = self.definition(name)
        if definition is None or not 0 <= place < LEVELS:
            return ""
        levels = [self.level(name, definition, each) for each in range(place + 1)]
        level = levels[place]
        if level is None:
            return ""
        self.count(name, definition, place, levels)
        if level.kind in ("bullet", "none"):
            return ""
        text = level.text
        for number, shown in enumerate(levels):
            if f"%{number + 1}" in text and shown is not None:
                value = self.counts[definition][number] or 0
                text = text.replace(f"%{number + 1}", _written(value, "decimal" if level.arabic else shown.kind))
        return text + _SUFFIXES.get(level.suffix, "\t")

    def count(self, name: str, definition: Any, place: int, levels: "list[_Level | None]") -> None:
        counts = self.counts.setdefault(definition, [None] * LEVELS)
        begun = counts[place]
        start = self.override(name, place, "startOverride")
        if start is not None and (name, place) not in self.used:
            counts[place] = _whole(_value(start, "val", own=True))
        else:
            level = levels[place]
            counts[place] = begun + 1 if begun is not None else level.start if level else 1
        self.used.add((name, place))
        for number, above in enumerate(levels[:place]):
            if counts[number] is None and above:
                counts[number] = above.start
        for number in range(place + 1, LEVELS):
            below = self.level(name, definition, number)
            if below is None or below.restarts:
                counts[number] = None

    # what the document says of its lists

    def list_of(self, paragraph: Any) -> tuple[str, int]:
        """The list that a paragraph belongs to, by itself or by its style, and the level."""
        properties = paragraph.find(f"{W}pPr")
        own = properties.find(f"{W}numPr") if properties is not None else None
        name, place = _value(own, "numId"), _value(own, "ilvl")
        if name:
            return name, _whole(place)
        style = _value(properties, "pStyle") or self.usual_style()
        for _ in range(20):  # a style may be based on another; in a broken file, on itself
            element = self.styles.get(style)
            if element is None:
                break
            properties = element.find(f"{W}pPr")
            own = properties.find(f"{W}numPr") if properties is not None else None
            if name := _value(own, "numId"):
                return name, _whole(place or _value(own, "ilvl") or str(self.level_of_style(name, style)))
            style = _value(element, "basedOn")
        return "", 0

    def usual_style(self) -> str:
        for name, style in self.styles.items():
            if _value(style, "default", own=True) in ("1", "true") and _value(style, "type", own=True) == "paragraph":
                return name
        return ""

    def level_of_style(self, name: str, style: str) -> int:
        definition = self.definition(name)
        levels = [self.level(name, definition, each) for each in range(LEVELS)] if definition is not None else []
        return next((number for number, level in enumerate(levels) if level and level.style == style), 0)

    def definition(self, name: str) -> Any:
        """The list's definition; it may be that of a style of lists."""
        definition = self.lists.get(name)
        linked = _value(definition, "numStyleLink")
        if linked and (style := self.styles.get(linked)) is not None:
            properties = style.find(f"{W}pPr")
            own = properties.find(f"{W}numPr") if properties is not None else None
            definition = self.lists.get(_value(own, "numId"), definition)
        return definition

    def override(self, name: str, place: int, tag: str) -> Any:
        change = self.overrides.get(name, {}).get(place)
        return change.find(f"{W}{tag}") if change is not None else None

    def level(self, name: str, definition: Any, place: int) -> _Level | None:
        found = self.override(name, place, "lvl")
        if found is None:
            levels = definition.findall(f"{W}lvl")
            found = next((each for each in levels if _whole(_value(each, "ilvl", own=True)) == place), None)
        if found is None:
            return None
        return _Level(
            start=_whole(_value(found, "start") or "1"),
            kind=_value(found, "numFmt") or "decimal",
            text=_value(found, "lvlText"),
            suffix=_value(found, "suff") or "tab",
            restarts=_value(found, "lvlRestart") != "0",
            arabic=found.find(f"{W}isLgl") is not None,
            style=_value(found, "pStyle"),
        )


def _all(part: Any, tag: str) -> list[Any]:
    return part.findall(f"{W}{tag}") if part is not None else []


def _value(element: Any, name: str, *, own: bool = False) -> str:
    """The value of a child element, or with `own` of an attribute; "" where it is not there."""
    if element is None:
        return ""
    if own:
        return str(element.get(f"{W}{name}") or "")
    return _value(element.find(f"{W}{name}"), "val", own=True)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


# --- numbers in words and letters


def _written(value: int, kind: str) -> str:
    writer = _KINDS.get(kind)
    if writer is None or value < 0:
        raise UnknownNumbers(kind)
    return writer(value)


def _letters(value: int) -> str:
    """A … Z, then AA, BB … as Word goes on."""
    if not value:
        return ""
    turns, place = divmod(value - 1, 26)
    return chr(ord("A") + place) * min(turns + 1, 8)


def _roman(value: int) -> str:
    signs = (
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
    )
    text = ""
    for worth, sign in (*signs, (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        count, value = divmod(value, worth)
        text += sign * min(count, 10)
    return text


def _chinese(value: int) -> str:
    """十, 二十三, 一百零五."""
    digits = "零一二三四五六七八九"
    if value >= 1000:
        raise UnknownNumbers("chineseCounting")
    hundreds, rest = divmod(value, 100)
    tens, units = divmod(rest, 10)
    text = f"{digits[hundreds]}百" if hundreds else ""
    if tens:
        text += ("" if tens == 1 and not hundreds else digits[tens]) + "十"
    elif hundreds and units:
        text += "零"
    return text + (digits[units] if units or not value else "")


def _from(signs: str) -> Callable[[int], str]:
    """Numbers that have signs of their own, as far as these go."""

    def write(value: int) -> str:
        if not 1 <= value <= len(signs):
            raise UnknownNumbers(signs[0])
        return signs[value - 1]

    return write


_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
_KINDS: dict[str, Callable[[int], str]] = {
    "decimal": str,
    "decimalZero": lambda value: f"{value:02d}",
    "decimalFullWidth": lambda value: str(value).translate(_WIDE),
    "decimalFullWidth2": lambda value: str(value).translate(_WIDE),
    "decimalHalfWidth": str,
    "upperLetter": _letters,
    "lowerLetter": lambda value: _letters(value).lower(),
    "upperRoman": _roman,
    "lowerRoman": lambda value: _roman(value).lower(),
    **dict.fromkeys(("chineseCounting", "chineseCountingThousand", "japaneseCounting", "taiwaneseCounting"), _chinese),
    **dict.fromkeys(("taiwaneseCountingThousand", "ideographDigital", "koreanCounting"), _chinese),
    "ideographTraditional": _from("甲乙丙丁戊己庚辛壬癸"),
    **dict.fromkeys(("decimalEnclosedCircle", "decimalEnclosedCircleChinese"), _from("①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳")),
    "decimalEnclosedParen": lambda value: f"({value})",
    "decimalEnclosedFullstop": lambda value: f"{value}.",
    "none": lambda _value: "",
    "bullet": lambda _value: "",
}
