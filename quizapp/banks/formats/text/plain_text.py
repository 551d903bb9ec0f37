"""Questions as people type them: a numbered stem, its options, the key in the stem's bracket or after 答案：. Pure.

The lines are first put together to questions (`text_blocks`), then each question is taken apart (`text_question`).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from quizapp.banks.entries import Entry, Header, Source
from quizapp.banks.findings import WARNING, Finding, Where
from quizapp.banks.formats.gathering import with_absent_named
from quizapp.banks.formats.text.blocks import blocks_of, line_of
from quizapp.banks.formats.text.lines import lines_of
from quizapp.banks.formats.text.question import Reading
from quizapp.banks.pictures import TOKEN

# While a text is taken apart each picture's name, which has brackets of its own, is one sign from here on.
_MASK = 0xF0000
_MASKS = re.compile("[\U000f0000-\U000ffffd]")


def read_plain_text(name: str, content: bytes) -> Source:
    """The questions of a text file. Raises Invalid where its encoding can't be told."""
    return with_absent_named(read_lines(name, _numbered(name, lines_of(content))))


def _numbered(name: str, texts: Iterable[str]) -> Iterator[tuple[str, Where]]:
    for number, text in enumerate(texts, 1):
        for part in re.split("[\x0b\x0c\u2028]", text):  # breaks inside a line, as word processors write them
            yield part, Where(file=name, line=number)


def read_lines(name: str, texts: Iterable[tuple[str, Where]]) -> Source:
    """The questions in lines, or paragraphs, and their places."""
    masked = _Masked()
    blocks, findings = blocks_of([line_of(masked.close(text), where) for text, where in texts])
    entries: list[Entry] = []
    inferred = 0
    for number, block in enumerate(blocks):
        reading = Reading(block, number)
        entries.append(masked.open_entry(reading.entry()))
        findings += reading.findings
        inferred += reading.inferred
    if inferred:
        findings.append(Finding(WARNING, "types_inferred", Where(file=name), {"count": inferred}))
    return Source(name, Header(), tuple(entries), tuple(map(masked.open_finding, findings)))


class _Masked:
    """Texts in which each picture is one sign."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.tokens: list[str] = []

    def close(self, text: str) -> str:
        text = _MASKS.sub("\ufffd", text)
        return TOKEN.sub(lambda found: self.mask(found.group()), text) if "](sha256:" in text else text

    def mask(self, token: str) -> str:
        place = self.places.setdefault(token, len(self.places))
        if place == len(self.tokens):
            self.tokens.append(token)
        return chr(_MASK + place)

    def open(self, text: str) -> str:
        return _MASKS.sub(lambda found: self.tokens[ord(found.group()) - _MASK], text) if self.tokens else text

    def open_finding(self, finding: Finding) -> Finding:
        facts = {name: self.open(fact) if isinstance(fact, str) else fact for name, fact in finding.facts.items()}
        return replace(finding, facts=facts, quoted=self.open(finding.quoted)) if self.tokens else finding

    def open_entry(self, entry: Entry) -> Entry:
        if not self.tokens:
            return entry
        return replace(entry, values={name: self.open(text) for name, text in entry.values.items()})
