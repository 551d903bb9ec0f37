"""What the headings of organizers' tables mean, and the names of their sheets. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from quizapp.banks.content import LETTERS
from quizapp.banks.spellings import FOREIGN_KINDS, fold_width, simplified

NAMES = {
    "type": ("题型", "题目类型", "试题类型", "题目题型"),
    "stem": ("题干", "题目", "试题", "问题", "题目内容", "大题题干", "试题内容", "题干内容", "题目名称", "试题题干"),
    "options": ("选项", "选项内容", "备选答案", "备选项", "候选项", "答案选项", "题目选项", "试题选项"),
    "key": ("答案", "正确答案", "正确选项", "标准答案", "参考答案", "试题答案", "题目答案"),
    "explanation": ("解析", "答案解析", "试题解析", "题目解析", "答案说明"),
    "reference": ("依据", "题目依据", "出处", "出题依据", "试题依据", "题目来源", "参考依据"),
    "topic": ("章节/主题",),
    "difficulty": ("难度", "难易度", "题目难度", "难易程度", "试题难度", "难度等级"),
    "pool": ("题池",),
    "code": ("编号", "试题编号", "题目编号", "试题编码", "题目编码", "试题GUID"),
    "valid_from": ("生效日期",),
    "valid_to": ("失效日期",),
    "english_stem": ("英文题干",),
    "english_explanation": ("英文解析",),
}
# The fields that may show pictures.
TEXTS = (
    "stem",
    "explanation",
    *LETTERS,
    "english_stem",
    "english_explanation",
    *(f"english_{each}" for each in LETTERS),
)
# A table may sort its questions in several ways; the topic is the first of these columns that is filled.
TOPIC_NAMES = (
    *(
        "章节/主题",
        "主题",
        "章节",
        "章节名称",
        "所属章节",
        "知识点",
        "知识点名称",
        "所属知识点",
        "知识点一级",
        "一级知识点",
    ),
    *("一级纲要", "目录", "一级目录", "题目分类", "试题分类", "分类", "专业", "学科", "科目", "课程"),
)
# A count of the rows or options; points, which belong to the competition; what we ourselves added to faulty rows.
IGNORED = frozenset(
    ("序号", "题号", "选项数", "选项个数", "一致性", "分值", "分数", "试题分数", "题目分数", "得分", "错误原因")
)
SHEET_TYPES = {"单选": "single", "单项选择": "single", "多选": "multiple", "多项选择": "multiple", "不定项": "multiple"}
SHEET_TYPES |= {"判断": "judge", "是非": "judge"}
ENGLISH_NAMES = {
    "type": ("TYPE", "QUESTIONTYPE"),
    "stem": ("QUESTION", "STEM"),
    "options": ("OPTIONS", "CHOICES"),
    "key": ("ANSWER", "CORRECTANSWER", "KEY", "ANSWERS"),
    "explanation": ("EXPLANATION", "FEEDBACK"),
    "reference": ("REFERENCE",),
    "topic": ("TOPIC", "CHAPTER", "CATEGORY"),
    "difficulty": ("DIFFICULTY",),
    "code": ("CODE",),
}

_NOISE = re.compile(r"[\s*()\[\]【】:\u200b-\u200f\u2060\ufeff]|必填|勿删|选填|可选")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")
_OPTION = re.compile(r"(英文)?(?:(?:选项|备选项|备选答案|OPTION|CHOICE)([A-Z])|([A-H])(?:选项)?)")
_NUMBERED_OPTION = re.compile(r"(英文)?(?:选项|选择项|备选项|备选答案|OPTION)([1-9])")
_NUMBERED_KEY = re.compile(r"(?:正确)?答案([1-9])")
_KEY = re.compile("正确答案[A-Z]?")  # a converter that is about writes 正确答案H
_POINTS = re.compile("得分[1-9]")
_FIELDS = {name: field for names in (NAMES, ENGLISH_NAMES) for field, each in names.items() for name in each}
_FIELDS |= dict.fromkeys(TOPIC_NAMES, "topic")


class Heading(NamedTuple):
    """`rank` orders columns of one field: those that could be the topic by preference, those of a key by their number."""

    field: str
    rank: int = 0


def plain(heading: str) -> str:
    """A heading without what makes no difference: blanks, brackets, 必填, full-width and traditional forms."""
    return _NOISE.sub("", simplified(fold_width(heading))).upper()


def read_heading(heading: str, said: Mapping[str, str] | None = None) -> Heading | None:
    """What a column's heading names: "选项 A（必填）" → A. `said` holds plain headings and their fields, and goes first."""
    if said and (field := said.get(plain(heading))):
        return Heading(field)
    return next((found for name in _forms(heading) if (found := _read_name(name))), None)


def _forms(heading: str) -> Iterator[str]:
    """A heading, and the same without what explains it: in brackets, or below."""
    yield plain(heading)
    yield plain(_BRACKETS.sub("", fold_width(heading)))
    yield plain(heading.strip().split("\n")[0])


def _read_name(name: str) -> Heading | None:
    if option := _OPTION.fullmatch(name):
        english, letter, other = option.groups()
        return Heading(("english_" if english else "") + (letter or other))
    if option := _NUMBERED_OPTION.fullmatch(name):
        english, number = option.groups()
        return Heading(("english_" if english else "") + chr(ord("A") + int(number) - 1))
    if key := _NUMBERED_KEY.fullmatch(name):
        return Heading("key", int(key.group(1)))
    if _KEY.fullmatch(name):
        return Heading("key")
    if _POINTS.fullmatch(name):
        return Heading("points", int(name[-1]))
    field = _FIELDS.get(name)
    if field == "topic":
        return Heading(field, TOPIC_NAMES.index(name) if name in TOPIC_NAMES else 0)
    return Heading(field) if field else None


def is_ignored(heading: str) -> bool:
    """Whether a column says nothing that a bank keeps."""
    return any(name in IGNORED for name in _forms(heading))


def sheet_type(name: str) -> str:
    """The type of all questions of a sheet that is named for it ("一、单选题（80）"), or a kind that we don't have, or ""."""
    words = plain(name)
    types = {kind for word, kind in SHEET_TYPES.items() if word in words}
    foreign = [kind for kind in FOREIGN_KINDS if not kind.isascii() and kind in words]
    if foreign:
        return "" if types else f"{foreign[0]}题"
    return types.pop() if len(types) == 1 else ""


def fields() -> tuple[str, ...]:
    """Every field that a column can be."""
    return (*(field for field in NAMES), *LETTERS, *(f"english_{letter}" for letter in LETTERS))


def column_letter(place: int) -> str:
    """The letters that Excel calls a column by; `place` counts from 0."""
    text = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def column_place(letters: str) -> int:
    """The way back: "A" → 0."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1
