"""From entries, as somebody wrote them, to questions. What can't be read for certain becomes a finding, never a guess. Pure."""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from quizapp.banks.content import JUDGE_OPTIONS, BankContent, English, Question
from quizapp.banks.entries import Entry, Header, Source
from quizapp.banks.findings import ERROR, WARNING, Finding
from quizapp.banks.spellings import (
    INVISIBLE,
    Key,
    fold_width,
    is_foreign_kind,
    read_choice_key,
    read_difficulty,
    read_judge_key,
    read_pool,
    read_truth,
    read_type,
    squeezed,
)

UNSORTED = "T00 未分类"  # the topic of questions without one, in a bank that has no list of topics

_TOPIC = re.compile(r"([A-Za-z]{1,4}[-_]?\d{1,4})[\s、.:：]+(\S.*)")


@dataclass(frozen=True)
class Recognised:
    """`entries` says which of the source's entries each question is; `unread` the fields of it already complained of."""

    content: BankContent
    entries: tuple[int, ...]
    unread: tuple[frozenset[str], ...]
    findings: tuple[Finding, ...]


def clean(text: str) -> str:
    """The text without what nobody sees: blanks around it, zero-width characters, carriage returns."""
    return INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


# A kind of question that we don't have: refused, or left out as was chosen.
FOREIGN_KIND = ("kind_unsupported", "kind_left_out")


def recognise(source: Source, header: Header, *, leave_out: bool = False, topic: str = "") -> Recognised:
    """Understand the entries of a source for the bank that `header` names.

    Kinds of questions that we don't have are errors, or with `leave_out` warnings; they never become questions. `topic`
    is that of entries which name none.
    """
    topics = _Topics(header.topics)
    findings: list[Finding] = []
    questions: list[Question] = []
    unread: list[frozenset[str]] = []
    numbers: list[int] = []
    for number, entry in enumerate(source.entries):
        if foreign := entry.foreign or _foreign_kind(entry):
            facts = {"number": number + 1, "kind": foreign}
            severity, code = (WARNING, "kind_left_out") if leave_out else (ERROR, "kind_unsupported")
            quoted = entry.values.get("stem", "")[:200]
            findings.append(Finding(severity, code, entry.where("type"), facts, quoted, number))
            continue
        numbers.append(number)
        reading = _Reading(entry, number, topics, usual_topic=topic)
        questions.append(reading.question())
        findings += reading.findings
        unread.append(frozenset(reading.unread))
    content = BankContent(header.code, header.title, topics.titles, tuple(questions))
    return Recognised(content, tuple(numbers), tuple(unread), tuple(findings))


def _foreign_kind(entry: Entry) -> str:
    kind = clean(entry.values.get("type", ""))
    return kind if is_foreign_kind(kind) else ""


class _Topics:
    """The bank's topics by code, by title and by both. A bank without any takes those that its questions name."""

    def __init__(self, titles: dict[str, str]) -> None:
        self.titles = dict(titles)
        self.fixed = bool(titles)
        self.codes: dict[str, str] = {}
        for code, title in titles.items():
            self.learn(code, title)

    def learn(self, code: str, title: str) -> None:
        self.codes.setdefault(squeezed(title).lower(), code)
        self.codes[squeezed(f"{code} {title}").lower()] = code
        self.codes[squeezed(code).lower()] = code

    def find(self, text: str) -> str | None:
        code = self.codes.get(squeezed(text).lower())
        if code is None and not self.fixed:
            numbered = _TOPIC.fullmatch(text)
            code, title = numbered.groups() if numbered else (text, text)
            if code not in self.titles:
                self.titles[code] = title
                self.learn(code, title)
        return code


class _Reading:
    """The reading of one entry."""

    def __init__(self, entry: Entry, number: int, topics: _Topics, *, usual_topic: str) -> None:
        self.entry = entry
        self.usual_topic = usual_topic
        self.number = number
        self.topics = topics
        self.findings: list[Finding] = []
        self.unread = set(entry.unread)

    def fault(self, code: str, name: str, severity: str = ERROR, **facts: object) -> None:
        quoted = self.entry.values.get(name, "")
        self.findings.append(Finding(severity, code, self.entry.where(name), facts, quoted[:200], self.number))
        if severity == ERROR:
            self.unread.add(column_group(name))

    def text(self, name: str) -> str:
        written = self.entry.values.get(name, "")
        value = clean(written) if written else ""  # most of a question's fields are not there
        if not value.isprintable():
            if any(map(_forbidden, value)):
                self.fault("text_control", name)
            elif private := [char for char in value if unicodedata.category(char) == "Co"]:
                self.fault("text_private", name, WARNING, value=f"U+{ord(private[0]):04X}")
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
            topic=self.topic(),
            difficulty=difficulty,
            pool=self.word("pool", read_pool, "pool_unknown", "formal"),
            stem=stem,
            options=options,
            right=right,
            explanation=self.text("explanation"),
            reference=self.text("reference"),
            valid_from=self.day("valid_from"),
            valid_to=self.day("valid_to"),
            english=self.english(kind),
        )

    def topic(self) -> str:
        usual = self.usual_topic and self.topics.find(self.usual_topic)
        topic = self.word("topic", self.topics.find, "topic_unknown", usual or "")
        if not topic and not self.topics.fixed and "topic" not in self.unread:
            self.fault("topic_unsorted", "topic", WARNING)
            topic = self.topics.find(UNSORTED) or ""
        return topic

    def english(self, kind: str) -> English | None:
        stem = self.text("english_stem")
        options = tuple(
            self.text(f"english_{chr(ord('A') + place)}") for place in range(len(self.entry.english_options))
        )
        explanation = self.text("english_explanation")
        if not (stem or options or explanation):
            return None
        return English(stem, () if kind == "judge" else options, explanation)

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


def column_group(name: str) -> str:
    """What a field belongs to: every option to "options", every translated option to "english_options"."""
    prefix = "english_" if name.startswith("english_") else ""
    return f"{prefix}options" if len(name) == len(prefix) + 1 else name


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
