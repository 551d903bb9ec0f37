"""The signs by which plain texts say what is what: numbers, headings, labels, tags, brackets that may hold a key. Pure.

Each function looks at folded text (`folded`): as long as the original, with narrow signs and plain blanks, so that places
in it are places in the original.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from quizapp.banks.spellings import FALSE_WORDS, TRUE_WORDS, fold_width, is_foreign_kind, read_type

LABELS = {
    "key": ("答案", "正确答案", "参考答案", "标准答案", "试题答案", "本题答案", "正确选项", "答", "ANSWER", "KEY"),
    "explanation": ("解析", "答案解析", "试题解析", "题目解析", "本题解析", "参考解析", "详解", "解释", "解题思路"),
    "reference": ("依据", "题目依据", "参考依据", "命题依据", "出处", "来源"),
    "difficulty": ("难度", "难易度", "难易程度", "题目难度"),
    "topic": ("章节", "知识点", "主题", "考点", "所属章节", "题目分类", "目录"),
    "type": ("题型", "题目类型"),
    "pool": ("题池",),
    "code": ("编号", "试题编号", "题目编号", "试题编码"),
    "valid_from": ("生效日期",),
    "valid_to": ("失效日期",),
    # Not the question's own: points belong to a competition, and what a person answered to nobody's bank.
    "": ("分值", "分数", "得分", "本题得分", "我的得分", "我的答案", "学生答案", "考生答案"),
}
PROSE = ("explanation", "reference")
ANY_CHOICE = ("选择", "客观")  # headings that leave open how many options are right

_FIELDS = {word: name for name, words in LABELS.items() for word in words}
_WORDS = "|".join(sorted(_FIELDS, key=len, reverse=True))
_CHINESE = "[一二三四五六七八九十百]{1,5}"

_BLANKS = str.maketrans(
    dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u202f", " ") | {"〔": "(", "〕": ")", "﹙": "(", "﹚": ")"}
)


def folded(text: str) -> str:
    """The text for looking at: each sign in its place, but narrow."""
    return fold_width(text).translate(_BLANKS)


# --- numbers of questions


@dataclass(frozen=True)
class Number:
    """A number at the beginning of a line. `sure` is False where it may be a figure of the text: 1.5, or 5 and a blank."""

    value: int
    style: str
    length: int
    sure: bool


_NUMBER = re.compile(
    rf"第\s*(?P<ordinal>\d{{1,5}}|{_CHINESE})\s*题\s*[.、:)]?\s*"
    r"|[(\[【]\s*(?P<bracket>\d{1,5})\s*[)\]】]\s*[.、]?\s*"
    r"|(?:题目?|Q|No\.)?\s*(?P<plain>\d{1,5})\s*(?:[、。)\]]|[.:,](?!\d))\s*"
    r"|(?P<figure>\d{1,5})\s*(?:[.:](?=\d)|\s)\s*",
    re.I,
)


def number_of(text: str) -> Number | None:
    """The number that a line begins with: 1. 1、 1) （1） 第1题 第一题."""
    found = _NUMBER.match(text)
    if not found:
        return None
    style, written = next((name, value) for name, value in found.groupdict().items() if value)
    value = int(written) if written.isdigit() else _chinese(written)
    return Number(value, "plain" if style == "figure" else style, found.end(), style != "figure")


# Where a number may stand inside a text, as the beginning of a pattern.
ANYWHERE, BEHIND_TEXT, BEHIND_SIGN = r"(?<![\d.])", r"(?<=[^\d.])", r"(?<=[\s。.;!?)\]】])"


def number_inside(value: int, style: str, begins: str) -> re.Pattern[str]:
    """What finds that number of a question inside a text."""
    written = {
        "ordinal": rf"第\s*{value}\s*题",
        "bracket": rf"[(\[【]\s*{value}\s*[)\]】]",
        "plain": rf"{value}\s*[.、。:)\]](?!\d)",
    }
    return re.compile(begins + written.get(style, written["plain"]))


def _chinese(text: str) -> int:
    """二十三 → 23."""
    digits = {char: value for value, char in enumerate("一二三四五六七八九", 1)}
    hundreds, hundred, rest = text.rpartition("百")
    tens, ten, units = rest.rpartition("十")
    return (
        (100 * digits.get(hundreds, 1) if hundred else 0)
        + (10 * digits.get(tens, 1) if ten else 0)
        + digits.get(units, 0)
    )


# --- headings


@dataclass(frozen=True)
class Heading:
    """A line above questions: what type they are (`foreign`: one that we don't have), or their topic, or keys set apart.

    `bare`: it is nothing but the words, without a number or an addition, so that it may as well be an option.
    """

    kind: str = ""
    foreign: str = ""
    topic: str = ""
    keys_apart: bool = False
    bare: bool = False


_ANY_NUMBER = (
    rf"(?:第\s*{_CHINESE}\s*(?:部分|大题|[章节])|{_CHINESE}|[(]\s*{_CHINESE}\s*[)]|(?P<figure>\d{{1,2}})|[IVX]{{1,4}})"
    r"\s*[.、:,)]?"
)
_TYPE_HEADING = re.compile(
    rf"(?:{_ANY_NUMBER})?\s*[【\[(]?\s*(?P<word>[\u4e00-\u9fff]{{2,8}})\s*[】\])]?\s*"
    r"(?P<rest>$|[(\[【,。;:\-—共每本].*)"
)
_CHAPTER = re.compile(rf"第\s*(?:{_CHINESE}|\d{{1,3}})\s*(?:[章节篇]|单元)\s*[.、:]?\s*(?P<title>.{{0,60}})")
_NUMBERED_TITLE = re.compile(rf"{_CHINESE}\s*[、.]\s*(?P<title>[^。?!;:()\[\]【】]{{1,40}})")
_KEYS_APART = re.compile(
    rf"(?:{_ANY_NUMBER})?\s*[【\[(]?\s*(?:参考|标准|正确|试题)?答案(?:[与及和]解析|汇总|部分|页|表)?\s*[】\])]?\s*:?"
)
_FURNITURE = re.compile(r"第\s*\d+\s*页.{0,20}|[-—]\s*\d+\s*[-—]|[【\[]?\s*选项\s*[】\]]?\s*:?")


def heading_of(text: str) -> Heading | None:
    """What a line says of the questions below it; None if it is no heading."""
    if found := _TYPE_HEADING.fullmatch(text):
        word, rest = found["word"], found["rest"]
        kind, foreign = read_type(word) or "", word if is_foreign_kind(word) else ""
        # "1. 判断题：…" may be a question; with a bracket or alone it is not.
        if (kind or foreign or word.removesuffix("题") in ANY_CHOICE) and (
            not found["figure"] or rest[:1] in ("", "(", "[")
        ):
            bare = text == word
            if not (bare and not word.endswith("题")):  # 操作 or 综合 alone in a line is no heading
                return Heading(kind, foreign, bare=bare)
    if _KEYS_APART.fullmatch(text):
        return Heading(keys_apart=True, bare=True)
    title = _CHAPTER.fullmatch(text) or _NUMBERED_TITLE.fullmatch(text)
    if title and not re.search(r"[。?!;)\]】]$", text):
        return Heading(topic=title["title"] or text)
    return None


def is_furniture(text: str) -> bool:
    """Whether a line is only the number of a page, or 选项： above the options."""
    return bool(_FURNITURE.fullmatch(text))


# --- labels


@dataclass(frozen=True)
class Label:
    """A label in a line: the field that it names, its word, and where it begins and ends."""

    field: str
    word: str
    begins: int
    ends: int


_LETTERS = r"[A-H](?:[\s,;、/]*[A-H])*"
_TRUTH_WORDS = sorted({word.upper() for word in (*TRUE_WORDS, *FALSE_WORDS)}, key=len, reverse=True)
_KEY_LIKE = re.compile(
    rf"[(\[]?\s*(?:{_LETTERS}|{'|'.join(map(re.escape, _TRUTH_WORDS))})\s*(?=$|[\s。.;,)\]】【\[]|(?:{_WORDS})\s*:)",
    re.I,
)
_LABEL = re.compile(
    rf"(?P<opens>[【\[])?\s*(?P<word>{_WORDS})(?(opens)\s*[】\]]\s*:?|\s*:)\s*"
    r"|(?P<bare>答案)\s*(?=[A-H]{1,8}\s*$|[√×✓✗]\s*$)",
    re.I,
)
STEM_LABEL = re.compile(r"[【\[]?\s*(?:题干|题目|试题|问题|题目内容)\s*(?:[】\]]\s*:?|:)\s*")


def label_at_start(text: str) -> Label | None:
    """The label that a line begins with: 答案：, 【解析】."""
    found = _LABEL.match(text)
    return _label(found) if found else None


def label_in(text: str, begins: int = 0, *, after: str | None = None) -> Label | None:
    """The next label in a line from a place on. `after` is the field that the text before belongs to, None for the stem.

    Behind other text a label must stand in 【】, or be 答案： with a key behind it, or follow a sign or a blank; in an
    explanation, whose prose may say anything, only what stands in 【】 counts.
    """
    for found in _LABEL.finditer(text, begins):
        label = _label(found)
        if not found["opens"] and after not in PROSE and label.field == "key":
            if _KEY_LIKE.match(text, label.ends):
                return label
        elif found["opens"] or (after not in PROSE and _stands_apart(text, label, begins, after)):
            return label
    return None


def _label(found: re.Match[str]) -> Label:
    word = found["word"] or found["bare"]
    return Label(_FIELDS[word.upper()], word, found.start(), found.end())


def _stands_apart(text: str, label: Label, begins: int, after: str | None) -> bool:
    if after == "key" or (label.begins == begins and after is not None):
        return True
    behind_sign = text[label.begins - 1 : label.begins] in tuple(" 。.;,)】]")
    return behind_sign and (after is not None or label.field in ("explanation", ""))


# --- brackets that may hold a key, and tags


@dataclass(frozen=True)
class Bracket:
    """A bracket in a stem. `kind` is blank, letters, symbol (√ ×) or word (对, 错误, T …: perhaps part of the text)."""

    kind: str
    inside: str
    begins: int
    ends: int


_BRACKET = re.compile(r"[(\[【]([^()\[\]【】\n]{0,16})[)\]】]|_{2,}")
TICKS = frozenset("√✓✔×✗✘")
# Words that mean true or false, and those of which only the recogniser says that they are doubtful.
_WORD_KEYS = frozenset(_TRUTH_WORDS) | {"V", "X", "Y", "N", "不对", "不正确", "对/错"}


def brackets_in(text: str) -> Iterator[Bracket]:
    """The brackets that are empty or hold what may be a key."""
    for found in _BRACKET.finditer(text):
        inside = (found[1] or "").strip()
        squeezed = "".join(inside.split())
        kind = ""
        if not squeezed.strip("_"):
            kind = "blank"
        elif squeezed in TICKS:
            kind = "symbol"
        elif squeezed.upper() in _WORD_KEYS and not squeezed.islower():
            kind = "word"
        elif re.fullmatch(_LETTERS, inside):
            kind = "letters"
        if kind:
            yield Bracket(kind, inside, found.start(), found.end())


def ends_as_judgement(text: str) -> bool:
    """Whether a text ends with a bracket that says true or false."""
    last = [bracket for bracket in brackets_in(text) if bracket.kind in ("symbol", "word")][-1:]
    return any(not text[bracket.ends :].strip(" \n。.!;,") for bracket in last)


@dataclass(frozen=True)
class Tag:
    """A tag at the edge of a stem: [单选题], (2分), *. `kind` or `foreign` if it names a type."""

    begins: int
    ends: int
    kind: str = ""
    foreign: str = ""


_TYPE_TAG = r"[(\[【]\s*(?P<word>[\u4e00-\u9fff]{2,9})(?:\s*[,:;]?\s*(?:共|本题)?\s*[\d.]+\s*分)?\s*[)\]】]"
_SCORE_TAG = r"[(\[【]\s*(?:本题|每[小题]+|分值\s*:?)?\s*\d+(?:\.\d+)?\s*分?\s*分\s*[)\]】]|[(\[【]\s*分值\s*:?\s*\d+(?:\.\d+)?\s*[)\]】]"
_FIRST_TAG = re.compile(rf"\s*(?:{_TYPE_TAG}|{_SCORE_TAG})\s*")
_LAST_TAG = re.compile(rf"\s*(?:{_TYPE_TAG}|{_SCORE_TAG}|(?<=[)\]】])\s*\*)\s*$")


def tag_at_start(text: str) -> Tag | None:
    """The tag that a text begins with."""
    return _tag(_FIRST_TAG.match(text))


def tag_at_end(text: str) -> Tag | None:
    """The tag that a text ends with."""
    # The end is looked at alone: searching it from the front would try every bracket of a long text.
    begins = max(0, len(text.rstrip()) - 30)
    return _tag(_LAST_TAG.search(text, begins))


def _tag(found: re.Match[str] | None) -> Tag | None:
    if not found:
        return None
    word = found["word"]
    kind, foreign = (read_type(word) or "", word if is_foreign_kind(word) else "") if word else ("", "")
    if word and not (kind or foreign):
        return None
    return Tag(found.start(), found.end(), kind, foreign)


# --- options


_OPTION_LINE = re.compile(
    r"(?:选项\s*)?(?:[(\[【]\s*(?P<a>[A-Za-z])\s*[)\]】]|(?P<b>[A-Za-z])\s*[.、:)]|(?P<c>[A-Z])(?![A-Za-z0-9]))"
)


def option_letter(text: str, *, signed: bool = False) -> str:
    """The letter of the option that a line seems to begin with; "" if none. `signed`: only with a sign behind it."""
    found = _OPTION_LINE.match(text)
    if not found or (signed and found["c"]):
        return ""
    return (found["a"] or found["b"] or found["c"]).upper()
