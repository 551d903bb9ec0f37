"""One question as somebody types it: what it means, and what is wrong with it in the bank where it stands. Pure.

It goes the road of the formats: typed fields are an entry (`entries`), recognised and checked like one of an upload.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from quizapp.banks.checking.checks import check_content
from quizapp.banks.checking.surroundings import Surroundings
from quizapp.banks.content import JUDGE_OPTIONS, LETTERS, BankContent, Question
from quizapp.banks.entries import TEXT_FIELDS, Entry, Header, Source
from quizapp.banks.findings import ERROR, Finding, Where
from quizapp.banks.recognition import column_group, recognise

FIELDS = (*TEXT_FIELDS, *LETTERS, *(f"english_{letter}" for letter in LETTERS))


@dataclass(frozen=True)
class Reviewed:
    """A question as understood. Each finding's `where.field` is the field of the entry that it belongs to."""

    question: Question
    findings: tuple[Finding, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether it can't be kept as it is."""
        return any(finding.severity == ERROR for finding in self.findings)


def fields_of(question: Question) -> dict[str, str]:
    """The question as an entry's fields; `review` reads it back as it was."""
    values = {name: str(getattr(question, name) or "") for name in TEXT_FIELDS if hasattr(question, name)}
    if question.type == "judge":
        values["key"] = JUDGE_OPTIONS[question.right == 2] if question.right else ""
    else:
        values["key"] = question.key_letters
        values |= dict(zip(LETTERS, question.options, strict=False))
    if english := question.english:
        values |= {"english_stem": english.stem, "english_explanation": english.explanation}
        values |= {f"english_{letter}": text for letter, text in zip(LETTERS, english.options, strict=False)}
    return values


def review(
    values: Mapping[str, str],
    content: BankContent,
    surroundings: Surroundings | None = None,
    *,
    place: int | None = None,
) -> Reviewed:
    """What typed fields mean and what is wrong with them among the other questions of `content`.

    `place` is the place in `content` of the question that they are to replace, None for a new one.
    """
    around = surroundings or Surroundings()
    header = Header(content.code, content.title, content.topics)
    places = {name: Where(field=name) for name in ("", *FIELDS)}
    # Who leaves the code empty gets the next one, or when editing keeps the old one: another would be another question.
    usual = (
        next_code(values.get("topic", ""), content, around.latest) if place is None else content.questions[place].code
    )
    code = values.get("code", "").strip() or usual
    entry = Entry({**values, "code": code}, places)
    recognised = recognise(Source("", header, (entry,)), header)
    findings = list(recognised.findings)
    if not recognised.content.questions:  # a kind that we don't have
        return Reviewed(Question(code, "", "", "", "", "", (), 0), tuple(findings))
    (question,) = recognised.content.questions
    (unread,) = recognised.unread
    others = [each for number, each in enumerate(content.questions) if number != place]
    whole = replace(content, questions=(*others, question))
    faults = check_content(
        whole,
        latest=around.latest,
        pictures=around.pictures,
        earlier=around.earlier,
        today=around.today,
        only=len(others),
    )
    for fault in faults:
        if column_group(fault.field) not in unread:
            facts = dict(fault.facts or {})
            if place is not None and "code" in facts and facts.get("count", 0) > place:
                facts["count"] += 1  # it was taken out from among them
            findings.append(Finding(fault.severity, fault.code, Where(field=fault.field), facts, entry=0))
    return Reviewed(question, tuple(findings))


def next_code(topic: str, *contents: BankContent | None) -> str:
    """The code after the highest of a topic's numbered ones: T01-010 → T01-011; empty where they aren't numbered so."""
    numbered = re.compile(rf"({re.escape(topic)}[-_.]?)(\d{{1,6}})")
    found = [match for code in _codes(contents) if (match := numbered.fullmatch(code))]
    if not topic or not found:
        return ""
    last = max(found, key=lambda match: int(match[2]))
    return f"{last[1]}{int(last[2]) + 1:0{len(last[2])}}"


def _codes(contents: tuple[BankContent | None, ...]) -> Iterator[str]:
    return (question.code for content in contents if content for question in content.questions)


def place_for(question: Question, content: BankContent) -> int:
    """Where a new question goes: after the last of its topic and pool, or else of its topic, or else at the end.

    Banks are kept by topic, in files of one topic each: so a new question stands where it would in its file.
    """
    near = [number for number, each in enumerate(content.questions) if each.topic == question.topic]
    nearer = [number for number in near if content.questions[number].pool == question.pool]
    return max(nearer or near or [len(content.questions) - 1]) + 1
