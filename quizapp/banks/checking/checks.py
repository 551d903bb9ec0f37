"""What is wrong, or doubtful, with questions that could be read. Pure.

`check_source` is the one road of the upload page, the command line and `question_banks/`. Here is what gives a question
its form; `quality`, `editions`, `similarity` and `needs` say what is wrong or doubtful beyond. `errors_in` is what saving
and publishing ask once more.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from quizapp.banks.checking.editions import replaced_editions
from quizapp.banks.checking.needs import Need, unmet
from quizapp.banks.checking.quality import bank_doubts, key_in_stem, remarks
from quizapp.banks.checking.similarity import Earlier, doubles, exact_doubles
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
from quizapp.banks.findings import ERROR, WARNING, Fault, Finding, Remark, Where
from quizapp.banks.pictures import TOKEN, without_pictures
from quizapp.banks.recognition import FOREIGN_KIND, column_group, recognise
from quizapp.banks.spellings import squeezed

QUESTIONS = 20_000
CODE_LENGTH, TITLE_LENGTH, STEM_LENGTH, OPTION_LENGTH = 40, 120, 2000, 500
EXPLANATION_LENGTH, REFERENCE_LENGTH = 4000, 500
BANK_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


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
        foreign = {finding.entry for finding in self.findings if finding.code in FOREIGN_KIND}
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
    earlier: Sequence[Earlier] = (),
    needs: Sequence[Need] = (),
    today: date | None = None,
) -> Report:
    """Read and check a whole upload.

    `bank` says what the file may leave out (code, title, topics); where both say a code they must agree. `shuffle`:
    whether options will be shown in another order than written. `leave_out`: questions of kinds that we don't have are
    left out with a warning instead of refusing the file. `topic`: the topic, by code or title, of questions that name
    none. `pictures`: the digests of those that are stored already. The rest is as `check_content` takes it.
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
    faults = check_content(
        recognised.content,
        latest=latest,
        shuffle=shuffle,
        pictures=known,
        earlier=earlier,
        needs=needs,
        today=today,
    )
    for fault in faults:
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
    findings.sort(key=lambda each: (sheets.get(each.where.sheet, -1), *_order(each.where)))
    return Report(source, recognised.content, tuple(findings), len(source.entries))


def _order(where: Where) -> tuple[str, int, int, int]:
    return where.file, where.row, where.line, where.paragraph


def check_content(
    content: BankContent,
    *,
    latest: BankContent | None = None,
    shuffle: bool = True,
    pictures: Collection[str] | None = None,
    earlier: Sequence[Earlier] = (),
    needs: Sequence[Need] = (),
    today: date | None = None,
    only: int | None = None,
) -> Iterator[Fault]:
    """Every fault of a content, whoever made it; with `only` those of the question with that number.

    `latest` is the newest published version of the bank, `earlier` what older ones had, `needs` what is to be drawn from
    it. `pictures` are those that it may name; None if that doesn't matter here. Without `today` nothing is out of date.
    """
    if only is None:
        yield from _check_whole(content)
    if len(content.questions) > QUESTIONS:
        return
    for number in range(len(content.questions)) if only is None else (only,):
        question = content.questions[number]
        for severity, code, field, facts in _check_question(question, content.topics, pictures):
            yield Fault(severity, code, number, field, facts)
        for severity, code, field, facts in remarks(question, shuffle=shuffle, today=today):
            yield Fault(severity, code, number, field, facts)
    yield from doubles(content, latest=latest, earlier=earlier, only=only)
    if only is None:
        yield from bank_doubts(content)
        if today is not None:
            yield from replaced_editions(content.questions, today)
        yield from unmet(needs, content)


def errors_in(content: BankContent, pictures: Collection[str]) -> int:
    """How many of the faults refuse the content: a small part of the work of `check_content`."""
    count = sum(fault.severity == ERROR for fault in _check_whole(content))
    if len(content.questions) > QUESTIONS:
        return count
    for question in content.questions:
        found = (*_check_question(question, content.topics, pictures), *key_in_stem(question))
        count += sum(severity == ERROR for severity, *_ in found)
    return count + sum(1 for _ in exact_doubles(content))


def _check_whole(content: BankContent) -> Iterator[Fault]:
    yield from _check_header(content)
    if not content.questions:
        yield Fault(ERROR, "no_questions")
    if len(content.questions) > QUESTIONS:
        yield Fault(ERROR, "too_many_questions", facts={"most": QUESTIONS})


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


def _check_question(question: Question, topics: dict[str, str], pictures: Collection[str] | None) -> Iterator[Remark]:
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
        yield from _check_options_and_key(question)
    if question.english:
        yield from _check_english(question, question.english)
    if pictures is not None:
        yield from _check_pictures(question, pictures)


def _check_pictures(question: Question, known: Collection[str]) -> Iterator[Remark]:
    for field, text in texts_of(question):
        for found in TOKEN.finditer(text):
            if found.group(2) not in known:
                yield ERROR, "picture_missing", field, {"name": found.group(1) or found.group(2)[:12]}


def _check_lengths(question: Question) -> Iterator[Remark]:
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


def _check_english(question: Question, english: English) -> Iterator[Remark]:
    """A translation must be whole, or people would read half a question; what can't be compared is left to people."""
    if not english.stem:
        yield ERROR, "english_incomplete", "english_stem", {}
    if question.type != "judge" and (len(english.options) != len(question.options) or not all(english.options)):
        facts = {"count": len(english.options), "wanted": len(question.options)}
        yield ERROR, "english_options_differ", "english_A", facts
    elif len({squeezed(option).lower() for option in english.options}) < len(english.options):
        yield ERROR, "english_options_equal", "english_A", {}
    if question.explanation and not english.explanation:
        yield WARNING, "english_explanation_missing", "english_explanation", {}


def _check_options_and_key(question: Question) -> Iterator[Remark]:
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


def _equal_pairs(options: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    seen: dict[str, int] = {}
    for place, option in enumerate(options[: len(LETTERS)]):
        words = squeezed(option)
        if words and words in seen:
            yield seen[words], place
        seen.setdefault(words, place)


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
