"""What is wrong, or doubtful, with questions that could be read. Pure.

`check_source` is the one road of the upload page, the command line and `question_banks/`; `check_content` is what
publishing asks once more.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from quizapp.banks.content import (
    DIFFICULTIES,
    LETTERS,
    POOLS,
    TYPES,
    BankContent,
    English,
    Question,
    letters,
    texts_of,
)
from quizapp.banks.entries import Header, Source
from quizapp.banks.findings import ERROR, WARNING, Finding, Where
from quizapp.banks.pictures import TOKEN, without_pictures
from quizapp.banks.recognition import column_group, recognise
from quizapp.banks.spellings import fold_width

QUESTIONS = 20_000
CODE_LENGTH, TITLE_LENGTH, STEM_LENGTH, OPTION_LENGTH = 40, 120, 2000, 500
EXPLANATION_LENGTH, REFERENCE_LENGTH = 4000, 500
BANK_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

_REFERS = re.compile(
    r"^(以上|上述)(各项|选项|答案|几项|说法|四项|三项)?(都|均|皆|全)|^(以上|上述)(选项|答案|各项)?$|(all|none) of the above",
    re.I,
)
_BRACKET = re.compile(r"[(（【\[]\s*([^()（）【】\[\]]{1,12}?)\s*[)）】\]]")
_STANDARD = re.compile(
    r"(?<![A-Za-z/])(?:GB(?:/[TZ])?|ISO(?:/(?:IEC|TS|TR|PAS))?|IEC|IATF|T/[A-Z]{2,8}|JJ[FG]|[A-Z]{2}/T)\s?\d{3,6}(?:\.\d+|-\d{1,2}(?!\d))*"
)
_YEAR = re.compile(r"\s?[-—–:：]\s?(?:19|20)\d\d")
_FAMILY = re.compile(r"\s?(?:族|系列)")
_TRUTHS = {1: ("√", "对", "正确", "T"), 2: ("×", "错", "错误", "F")}


@dataclass(frozen=True)
class Fault:
    """A fault of a question, or with `number` None of the whole."""

    severity: str
    code: str
    number: int | None = None
    field: str = ""
    facts: dict[str, Any] | None = None


@dataclass(frozen=True)
class Report:
    """What a check says: `content` holds every question that was found, and may be saved unless the verdict is reject.

    `findings` stand in the order of their places.
    """

    source: Source
    content: BankContent
    findings: tuple[Finding, ...]
    entry_count: int

    @property
    def entries(self) -> list[int]:
        """Which of the file's entries, from 0, each question of `content` is."""
        foreign = {finding.entry for finding in self.findings if finding.code == "kind_unsupported"}
        return [number for number in range(self.entry_count) if number not in foreign]

    @property
    def errors(self) -> int:
        """How many errors there are."""
        return sum(finding.severity == ERROR for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many warnings there are."""
        return len(self.findings) - self.errors

    @property
    def verdict(self) -> str:
        """accept, accept_with_warnings or reject."""
        return "reject" if self.errors else "accept_with_warnings" if self.findings else "accept"

    @property
    def faulty(self) -> list[int]:
        """The entries, from 0, that have an error."""
        return sorted({each.entry for each in self.findings if each.entry is not None and each.severity == ERROR})


def check_source(
    source: Source,
    *,
    bank: Header | None = None,
    latest: BankContent | None = None,
    shuffle: bool = True,
    leave_out: bool = False,
    topic: str = "",
    pictures: Collection[str] = (),
) -> Report:
    """Read and check a whole upload.

    `bank` says what the file may leave out (code, title, topics); where both say a code they must agree. `latest` is the
    newest published version of the same bank. `shuffle`: whether options will be shown in another order than written.
    `leave_out`: questions of kinds that we don't have are left out with a warning instead of refusing the file. `topic`:
    the topic, by code or title, of questions that name none. `pictures`: the digests of those that are stored already.
    """
    bank = bank or Header()
    file = source.header
    header = Header(file.code or bank.code, file.title or bank.title, file.topics or bank.topics)
    findings = list(source.findings)
    if file.code and bank.code and file.code != bank.code:
        facts = {"found": file.code, "chosen": bank.code}
        findings.append(Finding(ERROR, "bank_differs", Where(file=source.name), facts, file.code))
    recognised = recognise(source, header, leave_out=leave_out, topic=topic)
    findings += recognised.findings
    unreadable = any(finding.severity == ERROR and finding.entry is None for finding in source.findings)
    known = {*source.pictures, *pictures}
    for fault in check_content(recognised.content, latest=latest, shuffle=shuffle, pictures=known):
        if fault.number is None:
            if not unreadable:  # what is missing may only have been unreadable
                findings.append(Finding(fault.severity, fault.code, Where(file=source.name), fault.facts or {}))
            continue
        number = recognised.entries[fault.number]
        entry = source.entries[number]
        if column_group(fault.field) not in recognised.unread[fault.number]:
            quoted = entry.values.get(fault.field, "")[:200]
            where = entry.where(fault.field)
            findings.append(Finding(fault.severity, fault.code, where, fault.facts or {}, quoted, number))
    sheets = {sheet: number for number, sheet in enumerate(source.columns)}
    findings.sort(key=lambda each: (sheets.get(each.where.sheet, -1), each.where.file, each.where.row, each.where.line))
    return Report(source, recognised.content, tuple(findings), len(source.entries))


def check_content(
    content: BankContent,
    *,
    latest: BankContent | None = None,
    shuffle: bool = True,
    pictures: Collection[str] | None = None,
) -> Iterator[Fault]:
    """Every fault of a content, whoever made it. `pictures` are those that it may name; None if that doesn't matter here."""
    yield from _check_header(content)
    if not content.questions:
        yield Fault(ERROR, "no_questions")
    if len(content.questions) > QUESTIONS:
        yield Fault(ERROR, "too_many_questions", facts={"most": QUESTIONS})
        return
    for number, question in enumerate(content.questions):
        for severity, code, field, facts in _check_question(question, content.topics, shuffle):
            yield Fault(severity, code, number, field, facts)
        if pictures is not None:
            yield from _check_pictures(question, number, pictures)
    yield from _check_doubles(content)
    if latest:
        yield from _check_against(content, latest)
    yield from _check_key_spread(content)


def _check_header(content: BankContent) -> Iterator[Fault]:
    if not content.code:
        yield Fault(ERROR, "bank_code_missing")
    elif not BANK_CODE.fullmatch(content.code):
        yield Fault(ERROR, "bank_code_bad", facts={"value": content.code})
    if not content.title.strip():
        yield Fault(ERROR, "bank_title_missing")
    elif len(content.title) > TITLE_LENGTH or content.title != content.title.strip():
        yield Fault(ERROR, "bank_title_bad", facts={"most": TITLE_LENGTH})
    if not content.topics and content.questions:
        yield Fault(ERROR, "topics_missing")
    for code, title in content.topics.items():
        if not code.strip() or not title.strip() or len(code) > CODE_LENGTH or len(title) > TITLE_LENGTH:
            yield Fault(ERROR, "topic_bad", facts={"value": code, "most": CODE_LENGTH, "most_title": TITLE_LENGTH})


# (severity, code, field, facts)
_Found = tuple[str, str, str, dict[str, Any]]


def _check_question(question: Question, topics: dict[str, str], shuffle: bool) -> Iterator[_Found]:
    if question.type not in TYPES:
        code = "type_unknown" if question.type else "type_missing"
        yield ERROR, code, "type", {"value": question.type}
    if not question.topic:
        yield ERROR, "topic_missing", "topic", {}
    elif question.topic not in topics:
        yield ERROR, "topic_unknown", "topic", {"value": question.topic}
    if question.difficulty not in DIFFICULTIES:
        yield ERROR, "difficulty_unknown", "difficulty", {"value": question.difficulty}
    if question.pool not in POOLS:
        yield ERROR, "pool_unknown", "pool", {"value": question.pool}
    if not question.stem:
        yield ERROR, "stem_missing", "stem", {}
    if not question.code or len(question.code) > CODE_LENGTH or any(char.isspace() for char in question.code):
        yield ERROR, "code_bad", "code", {"value": question.code, "most": CODE_LENGTH}
    if question.valid_from and question.valid_to and question.valid_to < question.valid_from:
        yield ERROR, "dates_reversed", "valid_to", {}
    yield from _check_lengths(question)
    if question.type in TYPES:
        yield from _check_options_and_key(question, shuffle)
    if question.english:
        yield from _check_english(question, question.english)
    if not question.explanation:
        yield WARNING, "explanation_missing", "explanation", {}
    if not question.reference:
        yield WARNING, "reference_missing", "reference", {}
    yield from _check_standards(question)


def _check_pictures(question: Question, number: int, known: Collection[str]) -> Iterator[Fault]:
    for field, text in texts_of(question):
        for found in TOKEN.finditer(text):
            if found.group(2) not in known:
                facts = {"name": found.group(1) or found.group(2)[:12]}
                yield Fault(ERROR, "picture_missing", number, field, facts)


def _check_lengths(question: Question) -> Iterator[_Found]:
    limits = [("stem", question.stem, STEM_LENGTH)]
    limits += [(letter, option, OPTION_LENGTH) for letter, option in zip(LETTERS, question.options, strict=False)]
    limits += [("explanation", question.explanation, EXPLANATION_LENGTH)]
    limits += [("reference", question.reference, REFERENCE_LENGTH)]
    if english := question.english:
        limits += [("english_stem", english.stem, 2 * STEM_LENGTH)]
        names = [f"english_{letter}" for letter in LETTERS]
        limits += [(name, text, 2 * OPTION_LENGTH) for name, text in zip(names, english.options, strict=False)]
        limits += [("english_explanation", english.explanation, 2 * EXPLANATION_LENGTH)]
    for field, text, most in limits:
        length = len(without_pictures(text)) if len(text) > most else 0
        if length > most:
            yield ERROR, "text_too_long", field, {"length": length, "most": most}


def _check_english(question: Question, english: English) -> Iterator[_Found]:
    """A translation must be whole, or people would read half a question; what can't be compared is left to people."""
    if not english.stem:
        yield ERROR, "english_incomplete", "english_stem", {}
    if question.type != "judge" and (len(english.options) != len(question.options) or not all(english.options)):
        facts = {"count": len(english.options), "wanted": len(question.options)}
        yield ERROR, "english_options_differ", "english_A", facts
    elif len({_squeezed(option).lower() for option in english.options}) < len(english.options):
        yield ERROR, "english_options_equal", "english_A", {}
    if question.explanation and not english.explanation:
        yield WARNING, "english_explanation_missing", "english_explanation", {}


def _check_options_and_key(question: Question, shuffle: bool) -> Iterator[_Found]:
    options = question.options
    whole = True
    if len(options) < 2:
        yield ERROR, "options_too_few", "A", {"count": len(options)}
        whole = False
    elif len(options) > len(LETTERS):
        yield ERROR, "options_too_many", "I", {"most": len(LETTERS)}
        whole = False
    for letter, option in zip(LETTERS, options, strict=False):
        if not option:
            yield ERROR, "option_missing", letter, {"letter": letter}
    for first, second in _equal_pairs(options):
        yield ERROR, "options_equal", LETTERS[second], {"first": LETTERS[first], "second": LETTERS[second]}
    right = letters(question.right)
    if not question.right:
        yield ERROR, "key_missing", "key", {}
    elif whole and question.right >> len(options):
        yield ERROR, "key_outside_options", "key", {"value": right}
    elif question.type == "multiple" and len(right) == 1:
        yield ERROR, "multiple_one_key", "key", {"value": right}
    elif question.type != "multiple" and len(right) > 1:
        yield ERROR, "single_several_keys", "key", {"value": right}
    elif question.type == "multiple" and len(right) == len(options):
        yield WARNING, "all_options_right", "key", {"value": right}
    yield from _check_giveaways(question)
    if shuffle and question.type != "judge":
        for letter, option in zip(LETTERS, options, strict=False):
            if _REFERS.search(option.strip()):
                yield WARNING, "option_refers", letter, {"letter": letter}


def _equal_pairs(options: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    seen: dict[str, int] = {}
    for place, option in enumerate(options[: len(LETTERS)]):
        squeezed = _squeezed(option)
        if squeezed and squeezed in seen:
            yield seen[squeezed], place
        seen.setdefault(squeezed, place)


def _squeezed(text: str) -> str:
    return "".join(fold_width(text).split())


def _check_giveaways(question: Question) -> Iterator[_Found]:
    if not question.right:
        return
    for found in _BRACKET.findall(question.stem):
        shown = _squeezed(found).upper()
        if question.type == "judge":
            told = shown in _TRUTHS.get(question.right, ())
        else:
            told = re.sub("[,;、，；]", "", shown) == letters(question.right)
        if told:
            yield ERROR, "stem_shows_key", "stem", {"value": found}
            return
    if question.type == "judge":
        return
    stem = _squeezed(question.stem)
    inside = [place for place, option in enumerate(question.options) if len(option) > 1 and _squeezed(option) in stem]
    if inside and all(question.right >> place & 1 for place in inside):
        yield WARNING, "stem_holds_option", "stem", {"value": question.options[inside[0]]}


def _check_standards(question: Question) -> Iterator[_Found]:
    """A standard whose year stands nowhere in the question, once each, at the field where it is first named."""
    texts = [("stem", question.stem), *zip(LETTERS, question.options, strict=False)]
    texts += [("explanation", question.explanation), ("reference", question.reference)]
    dated: set[str] = set()
    bare: dict[str, tuple[str, str]] = {}
    for field, text in texts:
        for found in _STANDARD.finditer(text):
            name = _squeezed(found.group())
            if _YEAR.match(text, found.end()):
                dated.add(name)
            elif not _FAMILY.match(text, found.end()):
                bare.setdefault(name, (field, found.group()))
    for name, (field, shown) in bare.items():
        if name not in dated:
            yield WARNING, "standard_without_year", field, {"value": shown}


def same_words(question: Question) -> tuple[str, frozenset[str]]:
    """What two wordings of one question have in common: the stem and the options without blanks, in any order."""
    return _squeezed(question.stem), frozenset(_squeezed(option) for option in question.options)


def _check_doubles(content: BankContent) -> Iterator[Fault]:
    codes: dict[str, int] = {}
    words: dict[tuple[str, frozenset[str]], int] = {}
    stems: dict[str, int] = {}
    for number, question in enumerate(content.questions):
        if not question.stem:
            continue
        same = same_words(question)
        if same in words:
            first = content.questions[words[same]].code
            yield Fault(ERROR, "question_doubled", number, "stem", {"code": first, "count": words[same] + 1})
        elif question.code in codes:
            yield Fault(
                ERROR, "code_doubled", number, "code", {"value": question.code, "count": codes[question.code] + 1}
            )
        elif same[0] in stems:
            first = content.questions[stems[same[0]]].code
            yield Fault(WARNING, "stem_repeated", number, "stem", {"code": first, "count": stems[same[0]] + 1})
        codes.setdefault(question.code, number)
        words.setdefault(same, number)
        stems.setdefault(same[0], number)


def _check_against(content: BankContent, latest: BankContent) -> Iterator[Fault]:
    """Questions that the newest version has under another code: in a comparison they would look removed and added."""
    known = {same_words(question): question.code for question in latest.questions}
    for number, question in enumerate(content.questions):
        code = known.get(same_words(question))
        if code is not None and code != question.code:
            yield Fault(WARNING, "already_in_bank", number, "stem", {"code": code, "own": question.code})


def _check_key_spread(content: BankContent) -> Iterator[Fault]:
    """Letters that are right too often or too seldom to be chance: by more than three standard deviations."""
    for kind in TYPES:
        rows = [each for each in content.questions if each.type == kind and each.right and len(each.options) >= 2]
        offered = Counter(place for row in rows for place in range(min(len(row.options), len(LETTERS))))
        right = Counter(place for row in rows for place in range(len(LETTERS)) if row.right >> place & 1)
        for place, count in sorted(offered.items()):
            if count < 12:
                continue
            # What chance would give: in each question that offers the letter, right options among all options.
            shares = [row.right.bit_count() / len(row.options) for row in rows if len(row.options) > place]
            expected = sum(shares)
            deviation = math.sqrt(sum(share * (1 - share) for share in shares))
            if deviation and abs(right[place] - expected) > 3 * deviation:
                facts = {"type": kind, "letter": LETTERS[place], "right": right[place], "offered": count}
                yield Fault(WARNING, "keys_skewed", facts={**facts, "expected": round(expected)})


def tally(content: BankContent) -> dict[str, dict[str, int]]:
    """How many questions there are by type, topic, difficulty and pool; what the bank knows is there even at 0."""
    counts: dict[str, dict[str, int]] = {
        "type": dict.fromkeys(TYPES, 0),
        "topic": dict.fromkeys(content.topics, 0),
        "difficulty": dict.fromkeys(DIFFICULTIES, 0),
        "pool": dict.fromkeys(POOLS, 0),
    }
    for question in content.questions:
        for name, known in counts.items():
            if (value := getattr(question, name)) in known:
                known[value] += 1
    return counts
