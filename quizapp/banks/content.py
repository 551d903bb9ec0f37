"""What a bank version holds, as plain values, with its canonical form and digest. Pure.

The canonical form is JSON in UTF-8 with sorted keys and no spaces; the digest is the SHA-256 of its bytes. Two files of
different formats that say the same give the same digest.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from quizapp.banks.pictures import digests_in

TYPES = ("single", "multiple", "judge")
DIFFICULTIES = ("easy", "medium", "hard")
POOLS = ("formal", "practice")
LETTERS = "ABCDEFGH"
JUDGE_OPTIONS = ("正确", "错误")


@dataclass(frozen=True)
class English:
    """A question's translation: `options` in the order of the original's, none for a true-or-false question."""

    stem: str
    options: tuple[str, ...] = ()
    explanation: str = ""


@dataclass(frozen=True)
class Question:
    """One question. `right` is the answer key as a bit mask of options in their written order: A is 1, B is 2, C is 4 …

    A true-or-false question has the options 正确 and 错误, so its key is 1 for true and 2 for false. The texts that people
    read may hold pictures (`pictures.TOKEN`).
    """

    code: str
    type: str
    topic: str
    difficulty: str
    pool: str
    stem: str
    options: tuple[str, ...]
    right: int
    explanation: str = ""
    reference: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    english: English | None = None

    @property
    def key_letters(self) -> str:
        """The answer key as letters: "ABD"."""
        return letters(self.right)


@dataclass(frozen=True)
class BankContent:
    """Everything in a version. A question's place in `questions`, from 0, is its `ordinal` for papers and the grader."""

    code: str
    title: str
    topics: dict[str, str] = field(hash=False)
    questions: tuple[Question, ...]

    @cached_property
    def ordinals(self) -> dict[tuple[str, str], dict[str, list[int]]]:
        """The ordinals by (pool, type) and topic: papers are drawn from these, so they are sorted out once a version."""
        found: dict[tuple[str, str], dict[str, list[int]]] = {}
        for ordinal, question in enumerate(self.questions):
            found.setdefault((question.pool, question.type), {}).setdefault(question.topic, []).append(ordinal)
        return found

    @cached_property
    def ranks(self) -> list[int]:
        """By ordinal where a question stands in the order of difficulty and topic; equal ones have the same rank."""
        keys = [(DIFFICULTIES.index(question.difficulty), question.topic) for question in self.questions]
        rank_of = {key: rank for rank, key in enumerate(sorted(set(keys)))}
        return [rank_of[key] for key in keys]


def texts_of(question: Question) -> Iterator[tuple[str, str]]:
    """The texts that people read, each with the name of its field (`entries`); those of the translation too."""
    yield "stem", question.stem
    yield from zip(LETTERS, question.options, strict=False)
    yield "explanation", question.explanation
    yield "reference", question.reference
    if english := question.english:
        yield "english_stem", english.stem
        yield from zip([f"english_{letter}" for letter in LETTERS], english.options, strict=False)
        yield "english_explanation", english.explanation


def pictures_of(content: BankContent) -> set[str]:
    """The digests of all pictures that the questions show."""
    return digests_in(text for question in content.questions for _field, text in texts_of(question))


def letters(mask: int) -> str:
    """The letters of a bit mask: 5 → "AC"."""
    return "".join(letter for place, letter in enumerate(LETTERS) if mask >> place & 1)


def mask_of(chosen: str) -> int:
    """The bit mask of letters: "AC" → 5. Raises ValueError for anything but A to H."""
    return sum({1 << LETTERS.index(letter) for letter in chosen})


def question_to_json(question: Question) -> dict[str, Any]:
    """The question as JSON values; empty parts are left out. `question_from_json` is the way back."""
    value: dict[str, Any] = {
        "code": question.code,
        "type": question.type,
        "topic": question.topic,
        "difficulty": question.difficulty,
        "pool": question.pool,
        "stem": question.stem,
        "key": question.key_letters if question.type != "judge" else question.right == 1,
    }
    if question.type != "judge":
        value["options"] = list(question.options)
    for name in ("explanation", "reference"):
        if text := getattr(question, name):
            value[name] = text
    for name in ("valid_from", "valid_to"):
        if day := getattr(question, name):
            value[name] = day.isoformat()
    if question.english:
        value["english"] = _english_to_json(question.english)
    return value


def _english_to_json(english: English) -> dict[str, Any]:
    value: dict[str, Any] = {"stem": english.stem}
    if english.options:
        value["options"] = list(english.options)
    if english.explanation:
        value["explanation"] = english.explanation
    return value


def question_from_json(value: dict[str, Any]) -> Question:
    """A question from what `question_to_json` made. It trusts its input: uploads go through a format reader."""
    judge = value["type"] == "judge"
    return Question(
        code=value["code"],
        type=value["type"],
        topic=value["topic"],
        difficulty=value["difficulty"],
        pool=value["pool"],
        stem=value["stem"],
        options=JUDGE_OPTIONS if judge else tuple(value["options"]),
        right=(1 if value["key"] else 2) if judge else mask_of(value["key"]),
        explanation=value.get("explanation", ""),
        reference=value.get("reference", ""),
        valid_from=_day(value.get("valid_from")),
        valid_to=_day(value.get("valid_to")),
        english=_english_from_json(value.get("english")),
    )


def _english_from_json(value: dict[str, Any] | None) -> English | None:
    return English(value["stem"], tuple(value.get("options", ())), value.get("explanation", "")) if value else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def canonical_json(value: Any) -> bytes:
    """JSON values in the one form that digests are taken of."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def question_digest(question: Question) -> str:
    """The question's address: the SHA-256 of its canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical_json(question_to_json(question))).hexdigest()


def content_to_json(content: BankContent) -> dict[str, Any]:
    """The content as JSON values, questions in their order."""
    return {
        "code": content.code,
        "title": content.title,
        "topics": content.topics,
        "questions": [question_to_json(question) for question in content.questions],
    }


def content_digest(content: BankContent) -> str:
    """The SHA-256 of the content's canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical_json(content_to_json(content))).hexdigest()


@dataclass(frozen=True)
class Change:
    """A question that two contents have under one code with different words; `fields` are names of Question."""

    old: Question
    new: Question
    fields: tuple[str, ...]
    changes_key: bool


@dataclass(frozen=True)
class Difference:
    """What `diff` found. `changed` begins with the changed keys; questions keep their order otherwise."""

    added: tuple[Question, ...]
    removed: tuple[Question, ...]
    changed: tuple[Change, ...]
    unchanged: int
    topics_changed: bool
    title_changed: bool

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs (an order of questions apart)."""
        return not (self.added or self.removed or self.changed or self.topics_changed or self.title_changed)


def diff(old: BankContent, new: BankContent) -> Difference:
    """What changed from `old` to `new`; questions are the same ones where their codes are."""
    before = {question.code: question for question in old.questions}
    after = {question.code: question for question in new.questions}
    both = [(before[code], question) for code, question in after.items() if code in before]
    changed = [_change(was, now) for was, now in both if was != now]
    return Difference(
        added=tuple(question for question in new.questions if question.code not in before),
        removed=tuple(question for question in old.questions if question.code not in after),
        changed=tuple(sorted(changed, key=lambda change: not change.changes_key)),
        unchanged=len(both) - len(changed),
        topics_changed=old.topics != new.topics,
        title_changed=old.title != new.title,
    )


def _change(old: Question, new: Question) -> Change:
    fields = tuple(name for name in vars(old) if getattr(old, name) != getattr(new, name))
    # Options that only moved take their key with them; then other letters are right, but nothing else is.
    moved = _right_texts(old) == _right_texts(new)
    changes_key = "type" in fields or ("right" in fields and not moved)
    return Change(old, new, fields, changes_key)


def _right_texts(question: Question) -> set[str]:
    return {option for place, option in enumerate(question.options) if question.right >> place & 1}
