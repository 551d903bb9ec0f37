"""Aiken, Moodle's simplest text format: a question, its options as `A. …` or `A) …`, and `ANSWER: A`. Pure."""

import re

from quizapp.banks.content import LETTERS
from quizapp.banks.entries import Header, Source
from quizapp.banks.findings import Where
from quizapp.banks.formats.gathering import Gathered, Gathering, with_absent_named
from quizapp.banks.formats.text.lines import beginning_of, lines_of
from quizapp.banks.spellings import fold_width

_OPTION = re.compile(r"([A-Za-z])[.)]\s+(.*)|([A-Z])[.)](.*)")
_ANSWER = re.compile(r"ANSWER\s*:\s*(.*)", re.I)
# What Aiken doesn't have, and other plain texts do: labels in Chinese, numbered questions, headings.
_NOT_AIKEN = re.compile(
    r"^\s*(?:[【\[]?(?:正确|参考|标准)?答案|第?\d{1,4}\s*(?:[.、．)）]|题)|[一二三四五六七八九十]+\s*[、.．])", re.M
)


def looks_like_aiken(content: bytes) -> bool:
    """Whether a text file has lines of answers and of options as only Aiken writes them."""
    text = beginning_of(content)
    has_answers = re.search(r"^ANSWER:[ \t]*[A-Z][ \t]*$", text, re.M)
    return bool(has_answers and re.search(r"^[A-Z][.)][ \t]", text, re.M) and not _NOT_AIKEN.search(text))


def read_aiken(name: str, content: bytes) -> Source:
    """The questions of an Aiken file, each a single choice. Raises Invalid where its encoding can't be told."""
    gathering = Gathering(name)
    question: _Question | None = None
    for number, line in enumerate(lines_of(content), 1):
        text = line.strip()
        if not text:
            if question and not question.letters and not question.broken:
                question.give_up("aiken_incomplete")
            if question and question.broken:
                question = None
            continue
        question = question or _Question(gathering, name, number)
        if question.take(text, number):
            question = None
    if question and not question.broken:
        question.give_up("aiken_incomplete")
    return with_absent_named(gathering.source(Header()))


class _Question(Gathered):
    """A question, of which the lines come one by one."""

    def __init__(self, gathering: Gathering, file: str, line: int) -> None:
        super().__init__(gathering, file, line)
        self.letters = 0
        self.broken = False  # already complained of, and closed

    def take(self, text: str, line: int) -> bool:
        """Take one more line; True after the last of the question."""
        folded = fold_width(text)
        answer = _ANSWER.fullmatch(folded)
        option = _OPTION.fullmatch(folded)
        letter = (option.group(1) or option.group(3)).upper() if option else ""
        if self.broken:
            return bool(answer)  # what follows up to the answer belongs to the same
        if answer and self.letters:
            self.put("type", "single")
            self.put("key", answer.group(1).upper(), line)
            self.close()
            return True
        if option and "stem" in self.values:
            place = option.start(2) if option.group(1) else option.start(4)
            return self.option(letter, text[place:], line)
        if answer or self.letters or letter == "A":  # options whose question got lost
            self.give_up("aiken_line_unexpected", text, line)
            return bool(answer)
        self.put("stem", f"{self.values['stem']}\n{text}" if "stem" in self.values else text)
        return False

    def option(self, letter: str, text: str, line: int) -> bool:
        wanted = LETTERS[self.letters] if self.letters < len(LETTERS) else ""
        if letter != wanted:
            self.give_up("aiken_line_unexpected", f"{letter}. {text}", line)
            return False
        self.put(letter, text, line)
        self.letters += 1
        if re.search(rf"(?<![A-Za-z]){chr(ord(letter) + 1)}[.)]\s", fold_width(text)):
            self.give_up("aiken_line_unexpected", f"{letter}. {text}", line)  # two options in a line, or one?
        return False

    def give_up(self, code: str, quoted: str = "", line: int = 0) -> None:
        self.unread |= {"type", "stem", "options", "key"}
        if line:
            self.places[""] = Where(self.file, line=line)
        self.fault(code, "", quoted or self.values.get("stem", ""))
        self.close()
        self.broken = True
