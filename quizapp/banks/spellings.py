"""How people write types, difficulties, pools and answer keys; what can be read two ways is not read at all. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from quizapp.banks.content import LETTERS, mask_of

TYPE_WORDS = {
    "single": ("single", "单选", "单选题", "单项选择", "单项选择题"),
    "multiple": ("multiple", "多选", "多选题", "多项选择", "多项选择题", "不定项", "不定项选择题"),
    "judge": ("judge", "判断", "判断题", "是非题"),
}
FOREIGN_KINDS = (
    *(
        "填空",
        "简答",
        "问答",
        "论述",
        "案例",
        "案例分析",
        "名词解释",
        "计算",
        "匹配",
        "配伍",
        "连线",
        "排序",
        "完形填空",
        "阅读理解",
    ),
    *(
        "材料",
        "综合",
        "作文",
        "听力",
        "口语",
        "操作",
        "编程",
        "绘图",
        "共用选项",
        "共用题干",
        "投票",
        "测评",
        "量表",
        "主观",
    ),
    *("essay", "matching", "cloze", "shortanswer", "short answer", "numerical", "ordering"),
)
DIFFICULTY_WORDS = {
    "easy": ("easy", "易", "容易", "简单"),
    "medium": ("medium", "中", "中等", "一般", "适中"),
    "hard": ("hard", "难", "困难", "较难"),
}
POOL_WORDS = {"formal": ("formal", "正式", "正式题池"), "practice": ("practice", "练习", "练习题池")}
TRUE_WORDS = ("对", "正确", "√", "✓", "✔", "T", "TRUE", "是")
FALSE_WORDS = ("错", "错误", "×", "✗", "✘", "F", "FALSE", "否")

_TYPES = {word: name for name, words in TYPE_WORDS.items() for word in words}
_FOREIGN = {"".join(word.split()) for word in FOREIGN_KINDS}
_DIFFICULTIES = {word: name for name, words in DIFFICULTY_WORDS.items() for word in words}
_POOLS = {word: name for name, words in POOL_WORDS.items() for word in words}
_SIMPLIFIED = str.maketrans(
    "題選項幹試問標準節難類錄編號釋據處確內學單斷對錯誤簡論計連閱讀綜練習",
    "题选项干试问标准节难类录编号释据处确内学单断对错误简论计连阅读综练习",
)
INVISIBLE = re.compile("[\u200b\u2060\ufeff]")  # what stands in texts that were copied and nobody sees
_SEPARATORS = re.compile(r"[\s,，;；、/|.]+")
_WIDE = re.compile("[\u3000\uff01-\uff5e]")
_PUNCTUATION = re.compile(
    # Between letters or figures a sign may mean something, and a bracket beside them may be that of an interval.
    "(?<![0-9A-Za-zα-ωΑ-Ω])[、。！？…“”‘’「」『』《》〈〉,;:!?.\"'_—–·•]+|"
    "[、。！？…“”‘’「」『』《》〈〉,;:!?._—–·•]+(?![0-9A-Za-zα-ωΑ-Ω])|"
    r"(?<![0-9A-Za-zα-ωΑ-Ω])[()\[\]【】〔〕]+(?![0-9A-Za-zα-ωΑ-Ω])"
)
_LONG_WORD = re.compile("[A-Za-z]{4,}")
_NARROW = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {"\u3000": " "}

# What could mean two things: the two readings, whose words are in `messages`.
_DOUBTFUL_JUDGEMENTS = {
    "1": ("true", "option A"),
    "0": ("false", "option A"),
    "2": ("false", "nothing"),
    "V": ("true", "letter"),
    "X": ("false", "letter"),
    "Y": ("true", "letter"),
    "N": ("false", "letter"),
    "不对": ("false", "slip"),
    "不正确": ("false", "slip"),
    "不是": ("false", "slip"),
    "对错": ("true", "false"),
    "对/错": ("true", "false"),
}


@dataclass(frozen=True)
class Key:
    """A key as read: its mask, or the code of what is wrong with its text and the two ways it can be read."""

    right: int = 0
    fault: str = ""
    first: str = ""
    second: str = ""


def fold_width(text: str) -> str:
    """The text with full-width letters, digits and signs as their narrow twins."""
    return _WIDE.sub(_narrow, text)


def _narrow(found: "re.Match[str]") -> str:
    return _NARROW[found.group()]


@lru_cache(maxsize=512)  # the checks of one question ask for its texts again and again
def squeezed(text: str) -> str:
    """The text without blanks and full-width forms: what makes no difference to anybody's eye."""
    return "".join(fold_width(text).split())


@lru_cache(maxsize=512)
def bare(text: str) -> str:
    """The squeezed text without punctuation and case, to find texts that say the same.

    What makes a difference stays: signs between figures and letters (3:1, 1.33, GB/T), mathematical ones, and the case of
    symbols (n and N, mPa and MPa); only words of four letters and more lose theirs.
    """
    return _LONG_WORD.sub(lambda found: found.group().lower(), _PUNCTUATION.sub("", squeezed(text)))


def simplified(text: str) -> str:
    """The text with the traditional forms of characters in headings, types and keys as their simplified ones."""
    return text.translate(_SIMPLIFIED)


def _word(text: str) -> str:
    return simplified(squeezed(text)).lower()


def read_type(text: str) -> str | None:
    """The type that a word names, or None."""
    return _TYPES.get(_word(text))


def is_foreign_kind(text: str) -> bool:
    """Whether a word names a kind of question that we don't have: 填空题, 简答题 …"""
    return _word(text).removesuffix("题") in _FOREIGN


def read_difficulty(text: str) -> str | None:
    """The difficulty that a word names, or None."""
    return _DIFFICULTIES.get(_word(text))


def read_pool(text: str) -> str | None:
    """The pool that a word names, or None."""
    return _POOLS.get(_word(text))


def read_truth(text: str) -> bool | None:
    """Whether a word says true or false; None where it says neither, or may say either."""
    word = simplified(squeezed(text)).upper()
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


def read_judge_key(text: str, options: Sequence[str]) -> Key:
    """The key of a true-or-false question: 1 for true, 2 for false.

    A and B go by the options where those are written out (A may well stand for 错误), and mean 正确 and 错误 where not.
    """
    word = simplified(squeezed(text)).upper()
    if word in _DOUBTFUL_JUDGEMENTS:
        first, second = _DOUBTFUL_JUDGEMENTS[word]
        return Key(fault="key_ambiguous", first=first, second=second)
    if word in ("A", "B"):
        shown = options or ("正确", "错误")
        truth = read_truth(shown[word == "B"]) if len(shown) == 2 else None
    else:
        truth = read_truth(text)
    return Key(fault="key_unreadable") if truth is None else Key(1 if truth else 2)


def read_choice_key(text: str) -> Key:
    """The key of a single or multiple choice: letters, run together or separated."""
    word = _SEPARATORS.sub("", fold_width(text)).upper()
    if word.isdigit() and word.isascii():
        place = int(word) if len(word) == 1 else 0
        if 1 <= place < len(LETTERS):
            first, second = f"option {LETTERS[place - 1]}", f"option {LETTERS[place]}"
        else:
            first, second = "places", "content"
        return Key(fault="key_ambiguous", first=first, second=second)
    if not word or any(letter not in LETTERS for letter in word):
        outside = bool(word) and word.isascii() and word.isalpha() and len(set(word)) == len(word) <= 2
        return Key(fault="key_outside_options" if outside else "key_unreadable")
    if len(set(word)) < len(word):
        return Key(fault="key_repeats_letter")
    return Key(mask_of(word))
