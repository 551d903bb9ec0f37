"""From entries, as somebody wrote them, to questions. What can't be read for certain becomes a finding, never a guess. Pure."""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from quizapp.banks.content import JUDGE_OPTIONS, BankContent, Question
from quizapp.banks.entries import Entry, Header, Source
from quizapp.banks.findings import ERROR, WARNING, Finding
from quizapp.banks.spellings import (
    Key,
    fold_width,
    read_choice_key,
    read_difficulty,
    read_judge_key,
    read_pool,
    read_truth,
    read_type,
)

_INVISIBLE = re.compile("[\u200b\u2060\ufeff]")
_TOPIC = re.compile(r"([A-Za-z]{1,4}[-_]?\d{1,4})[\s、.:：]+(\S.*)")
_CELL_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!")
_CONVERTED = re.compile(r"TRUE|FALSE|\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?|\d{2}:\d{2}:\d{2}|-?\d(\.\d+)?E[+-]?\d+")


@dataclass(frozen=True)
class Recognised:
    """`questions` go with the source's entries one by one; `unread` names, for each, the fields already complained of."""

    content: BankContent
    unread: tuple[frozenset[str], ...]
    findings: tuple[Finding, ...]


def clean(text: str) -> str:
    """The text without what nobody sees: blanks around it, zero-width characters, carriage returns."""
    return _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def recognise(source: Source, header: Header) -> Recognised:
    """Understand the entries of a source for the bank that `header` names."""
    topics = _Topics(header.topics)
    findings: list[Finding] = []
    questions: list[Question] = []
    unread: list[frozenset[str]] = []
    for number, entry in enumerate(source.entries):
        reading = _Reading(entry, number, topics, in_sheet=bool(entry.cells))
        questions.append(reading.question())
        findings += reading.findings
        unread.append(frozenset(reading.unread))
    content = BankContent(header.code, header.title, topics.titles, tuple(questions))
    return Recognised(content, tuple(unread), tuple(findings))


class _Topics:
    """The bank's topics by code, by title and by both. A bank without any takes those that its questions name."""

    def __init__(self, titles: dict[str, str]) -> None:
        self.titles = dict(titles)
        self.fixed = bool(titles)
        self.codes: dict[str, str] = {}
        for code, title in titles.items():
            self.learn(code, title)

    def learn(self, code: str, title: str) -> None:
        self.codes.setdefault(_squeezed(title), code)
        self.codes[_squeezed(f"{code} {title}")] = code
        self.codes[_squeezed(code)] = code

    def find(self, text: str) -> str | None:
        code = self.codes.get(_squeezed(text))
        if code is None and not self.fixed:
            numbered = _TOPIC.fullmatch(text)
            code, title = numbered.groups() if numbered else (text, text)
            if code not in self.titles:
                self.titles[code] = title
                self.learn(code, title)
        return code


def _squeezed(text: str) -> str:
    return "".join(fold_width(text).split()).lower()


class _Reading:
    """The reading of one entry."""

    def __init__(self, entry: Entry, number: int, topics: _Topics, *, in_sheet: bool) -> None:
        self.entry = entry
        self.number = number
        self.topics = topics
        self.in_sheet = in_sheet
        self.findings: list[Finding] = []
        self.unread = set(entry.unread)

    def fault(self, code: str, name: str, severity: str = ERROR, **facts: object) -> None:
        quoted = self.entry.values.get(name, "")
        self.findings.append(Finding(severity, code, self.entry.where(name), facts, quoted[:200], self.number))
        if severity == ERROR:
            self.unread.add("options" if len(name) == 1 else name)

    def text(self, name: str) -> str:
        value = clean(self.entry.values.get(name, ""))
        prose = name in ("stem", "explanation", "reference") or len(name) == 1
        if self.in_sheet and value in _CELL_ERRORS:
            self.fault("cell_error", name)
        elif self.in_sheet and prose and _CONVERTED.fullmatch(value):
            self.fault("cell_converted", name, WARNING)
        if not value.isprintable() and any(_forbidden(char) for char in value):
            self.fault("text_control", name)
        return value

    def word(self, name: str, read: Callable[[str], str | None], code: str, default: str) -> str:
        text = self.text(name)
        if not text:
            return default
        value = read(text)
        if value is None:
            if name not in self.unread:
                self.fault(code, name, value=text)
            return default
        return value

    def question(self) -> Question:
        kind = self.word("type", read_type, "type_unknown", "")
        stem = self.text("stem")
        options = tuple(self.text(chr(ord("A") + place)) for place in range(len(self.entry.options)))
        right = self.key(kind, options)
        if kind == "judge":
            options = self.judge_options(options)
        difficulty = self.word("difficulty", read_difficulty, "difficulty_unknown", "")
        if not difficulty:
            if "difficulty" not in self.unread:
                self.fault("difficulty_missing", "difficulty", WARNING)
            difficulty = "medium"
        return Question(
            code=self.text("code") or code_for(stem, options),
            type=kind,
            topic=self.word("topic", self.topics.find, "topic_unknown", ""),
            difficulty=difficulty,
            pool=self.word("pool", read_pool, "pool_unknown", "formal"),
            stem=stem,
            options=options,
            right=right,
            explanation=self.text("explanation"),
            reference=self.text("reference"),
            valid_from=self.day("valid_from"),
            valid_to=self.day("valid_to"),
        )

    def key(self, kind: str, options: tuple[str, ...]) -> int:
        text = self.text("key")
        if not text or not kind or "key" in self.unread:
            return 0
        key: Key = read_judge_key(text, options) if kind == "judge" else read_choice_key(text)
        if key.fault == "key_ambiguous":
            self.fault("key_ambiguous", "key", value=text, first=key.first, second=key.second)
        elif key.fault:
            expected = "judge" if kind == "judge" else "choice"
            self.fault(
                key.fault, "key", value=text, **({"expected": expected} if key.fault == "key_unreadable" else {})
            )
        return key.right

    def judge_options(self, options: tuple[str, ...]) -> tuple[str, ...]:
        """A true-or-false question is kept without written options; those that are there must say true and false."""
        if (options and {read_truth(option) for option in options} != {True, False}) or len(options) > 2:
            self.fault("judge_options", "A", value=" / ".join(options))
        return JUDGE_OPTIONS

    def day(self, name: str) -> date | None:
        text = self.text(name)
        if not text or name in self.unread:
            return None
        found = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", fold_width(text))
        try:
            if found:
                return date(*map(int, found.groups()))
        except ValueError:
            pass
        self.fault("date_unreadable", name, value=text)
        return None


def _forbidden(char: str) -> bool:
    """Control characters, lone surrogates, and marks that turn the direction of the text around."""
    if char in "\n\t":
        return False
    return (
        unicodedata.category(char) in ("Cc", "Cs", "Cn", "Zl", "Zp")
        or char in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )


def code_for(stem: str, options: tuple[str, ...]) -> str:
    """A code for a question that has none: the same for the same words, so that an upload can be repeated."""
    return "Q" + hashlib.sha256("\n".join((stem, *options)).encode("utf-8", "replace")).hexdigest()[:10]
