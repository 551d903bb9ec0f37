"""Editions of standards: which are named without their year, which have been replaced, which never were. Pure.

The tables hold what quality banks name, as of November 2026. A new edition is one line.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from quizapp.banks.content import LETTERS, Question
from quizapp.banks.findings import WARNING, Fault, Remark
from quizapp.banks.spellings import squeezed

# An old edition: the new one, and a day from which it holds for certain.
REPLACED = {
    "ISO 9000:2005": ("ISO 9000:2026", date(2015, 10, 1)),
    "ISO 9000:2015": ("ISO 9000:2026", date(2026, 6, 1)),
    "ISO 9001:2008": ("ISO 9001:2026", date(2015, 10, 1)),
    "ISO 9001:2015": ("ISO 9001:2026", date(2026, 10, 1)),
    "ISO 9004:2009": ("ISO 9004:2018", date(2018, 5, 1)),
    "ISO 19011:2011": ("ISO 19011:2026", date(2018, 8, 1)),
    "ISO 19011:2018": ("ISO 19011:2026", date(2026, 10, 1)),
    "GB/T 19000-2008": ("GB/T 19000-2016", date(2017, 7, 1)),
    "GB/T 19001-2008": ("GB/T 19001-2016", date(2017, 7, 1)),
    "GB/T 19004-2011": ("GB/T 19004-2020", date(2021, 6, 1)),
    "GB/T 19011-2013": ("GB/T 19011-2021", date(2021, 12, 1)),
    "GB/T 19580-2004": ("GB/T 19580-2012", date(2012, 8, 1)),
    "GB/Z 19579-2004": ("GB/Z 19579-2012", date(2012, 8, 1)),
    "GB/T 2828.1-2003": ("GB/T 2828.1-2012", date(2013, 2, 15)),
    "GB/T 36077-2018": ("GB/T 36077-2025", date(2026, 7, 1)),
    "T/CAQ 10201-2016": ("T/CAQ 10201-2024", date(2020, 12, 31)),
    "T/CAQ 10201-2020": ("T/CAQ 10201-2024", date(2025, 1, 1)),
}
# National standards that adopt an edition word for word: as long as they stand, so does what a question says of both.
ADOPTED = {"ISO 9000:2015": "GB/T 19000-2016", "ISO 9001:2015": "GB/T 19001-2016", "ISO 19011:2018": "GB/T 19011-2021"}
# All editions of what people misremember; a year after the last may be newer than this table.
EDITIONS = {
    "ISO 9001": (1987, 1994, 2000, 2008, 2015, 2026),
    "ISO 19011": (2002, 2011, 2018, 2026),
    "GB/T 19001": (1992, 1994, 2000, 2008, 2016),
    "GB/T 19011": (2003, 2013, 2021),
}

_STANDARD = re.compile(
    r"(?<![A-Za-z/])((?:GB(?:/[TZ])?|ISO(?:/(?:IEC|TS|TR|PAS))?|IEC|IATF|T/[A-Z]{2,8}|JJ[FG]|[A-Z]{2}/T)\s?\d{3,6}(?:\.\d+|-\d{1,2}(?!\d))*)"
    r"(?:\s?[-—–:：]\s?((?:19|20)\d\d)(?!\d)|(\s?(?:族|系列)))?"
)
CODES_SHOWN = 5
_NUMBER = re.compile(r"\d{3}")  # found in no time, and mostly not there
_SPACE = re.compile(r"(?<=[A-Z])(?=\d)")
_HISTORY = re.compile(
    r"历史|沿革|首版|第一版|初版|旧版|换版|修订|代替|替代|取代|废止|曾|当时|superseded|replace|history|first edition",
    re.I,
)


def standards_in(text: str) -> Iterator[tuple[str, str, int | None]]:
    """The standards that a text names: as written, in the usual spelling without year, and the year. Families are none."""
    for found in _STANDARD.finditer(text):
        if not found.group(3):
            name = _SPACE.sub(" ", squeezed(found.group(1)), count=1)
            yield found.group(1), name, int(found.group(2)) if found.group(2) else None


@dataclass(frozen=True, slots=True)
class _Named:
    """A standard that a question names; `relied`: what the question says depends on it."""

    field: str
    written: str
    name: str
    year: int | None
    relied: bool

    @property
    def edition(self) -> str:
        sign = ":" if self.name.startswith(("ISO", "IEC", "IATF")) else "-"
        return f"{self.name}{sign}{self.year}"


def edition_doubts(question: Question) -> Iterator[Remark]:
    """Standards that have no year anywhere in the question, and editions that never were."""
    named = _named(question)
    dated = {each.name for each in named if each.year}
    for each in {each.name: each for each in reversed(named) if not each.year}.values():
        if each.name not in dated:
            yield WARNING, "standard_without_year", each.field, {"value": each.written}
    for edition, each in _relied_upon(named).items():
        known = EDITIONS.get(each.name)
        if known and each.year and each.year not in known and each.year < known[-1]:
            yield WARNING, "edition_unknown", each.field, {"value": edition, "known": ", ".join(map(str, known))}


def replaced_editions(questions: Sequence[Question], today: date) -> Iterator[Fault]:
    """Editions that questions rely on and that have been replaced, each once: most of what was right in them still is.

    A question that says until when it holds is left alone.
    """
    relying: dict[tuple[str, str], list[str]] = {}
    for question in questions:
        if question.valid_to is None and not _HISTORY.search(question.stem):
            named = _named(question)
            editions = {each.edition for each in named if each.year}
            for edition in _relied_upon(named):
                new, since = REPLACED.get(edition, ("", today))
                # Who names the new edition too, or the national one that adopted the old, knows what holds.
                if new and since <= today and not {new, ADOPTED.get(edition)} & editions:
                    relying.setdefault((edition, new), []).append(question.code)
    for (edition, new), codes in relying.items():
        shown = codes if len(codes) <= CODES_SHOWN else [*codes[: CODES_SHOWN - 1], "…"]
        facts = {"value": edition, "new": new, "count": len(codes), "codes": shown}
        yield Fault(WARNING, "edition_replaced", facts=facts)


def _named(question: Question) -> list[_Named]:
    """In the order of the fields. A wrong option may well name an old edition, and an explanation how it was."""
    texts = [("stem", question.stem, True)]
    for place, option in enumerate(question.options[: len(LETTERS)]):
        texts.append((LETTERS[place], option, bool(question.right >> place & 1)))
    texts += [("explanation", question.explanation, False), ("reference", question.reference, True)]
    return [
        _Named(field, *found, relied)
        for field, text, relied in texts
        if _NUMBER.search(text)
        for found in standards_in(text)
    ]


def _relied_upon(named: Sequence[_Named]) -> dict[str, _Named]:
    return {each.edition: each for each in reversed(named) if each.year and each.relied}
