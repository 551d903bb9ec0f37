"""One question of a plain text, taken apart: stem, options, key, and what its labels say. Pure.

The key may stand in the stem's bracket, after 答案：, or at the right option. Where these differ, or where a bracket may as
well be part of the sentence, the question is refused with both readings.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from quizapp.banks.entries import Entry
from quizapp.banks.findings import ERROR, Finding, Where
from quizapp.banks.formats.text.blocks import Block
from quizapp.banks.formats.text.option_runs import LONGEST, divide
from quizapp.banks.formats.text.signs import (
    Bracket,
    Tag,
    brackets_in,
    ends_as_judgement,
    option_letter,
    tag_at_end,
    tag_at_start,
)
from quizapp.banks.spellings import read_choice_key, read_judge_key, read_truth, read_type, squeezed

_RIGHT_OPTION = re.compile(r"\s*[(\[【]\s*(?:正确答案|正确选项|答案)\s*[)\]】]\s*$")
_OPTION_WITH_TEXT = re.compile(r"([A-H])\s*[.、:)]?\s*(\S.*)", re.S)
_AROUND_KEY = " \t\n\u3000。．.;；,，、:：()（）[]［］【】"


@dataclass(frozen=True)
class KeyText:
    """A key as written: where it stands (stem, answer or option) and whether it may be part of the sentence."""

    text: str
    source: str
    where: Where
    bracket: Bracket | None = None
    doubtful: bool = False


class Reading:
    """The reading of one question. `inferred`: its type was not written, and follows from key and options."""

    def __init__(self, block: Block, number: int) -> None:
        self.block = block
        self.number = number
        self.findings: list[Finding] = []
        self.unread: set[str] = set()
        self.values: dict[str, str] = {}
        self.places: dict[str, Where] = {"": block.where}
        self.inferred = False
        self.text = "\n".join(line.text for line in block.body)
        self.folded = "\n".join(line.folded for line in block.body)
        self.kind = block.kind
        self.foreign = block.foreign

    def fault(self, code: str, field: str, quoted: str = "", **facts: object) -> None:
        where = self.places.get(field, self.places[""])
        self.findings.append(Finding(ERROR, code, where, facts, quoted[:200], self.number))
        self.unread.add(field)

    def where(self, place: int) -> Where:
        """The place of a character of the body."""
        return self.block.body[self.folded.count("\n", 0, place)].where

    def entry(self) -> Entry:
        """The question as an entry."""
        if self.block.topic:
            self.values["topic"] = self.block.topic
        if len(self.text) > LONGEST:  # far more than a question may have: refused for its length, so not looked into
            return Entry({"stem": self.text}, self.places, unread=frozenset(("type", "key", "options")))
        begins = 0
        if not self.foreign:
            self.labels()
            begins = self.first_tags()
        if self.foreign:
            return Entry({"stem": self.text}, self.places, foreign=self.foreign)
        ends = self.last_tags(begins, self.options(begins))
        if self.foreign:  # the tag stood behind several lines
            return Entry({"stem": self.text}, self.places, foreign=self.foreign)
        keys = self.keys(begins, ends)
        key = self.choose(keys, begins, ends)
        self.values["stem"] = self.stem(begins, ends, key, keys)
        self.places["stem"] = self.where(begins)
        if not self.kind:
            self.infer(key)
        if self.kind:
            self.values["type"] = self.kind
        elif "key" not in self.unread:
            self.fault("key_missing", "key")  # as long as the type is not known either, nobody else would say so
        if not self.kind:
            self.unread.add("type")
        return Entry(self.values, self.places, unread=frozenset(self.unread))

    # labels and tags

    def labels(self) -> None:
        """The fields that labels name, but for the key."""
        for label in self.block.labels:
            if label.field in ("", "key"):
                continue
            if label.field in self.values and self.values[label.field] != label.text and label.field != "topic":
                self.fault("name_doubled", label.field, label.text, name=label.word)
            self.values[label.field] = label.text
            self.places[label.field] = label.where
        if written := self.values.pop("type", ""):
            self.named(read_type(written) or "", "" if read_type(written) else written)

    def first_tags(self) -> int:
        """Where the stem begins behind its tags. Those at the end of the first line give way to blanks."""
        begins = 0
        while tag := tag_at_start(self.folded[begins:]):
            self.tagged(tag)
            begins += tag.ends
        end = self.folded.find("\n", begins)
        if end > 0 and (place := self.last_tags(begins, end)) < end:
            self.ends_first_line = place
            self.text = self.text[:place] + " " * (end - place) + self.text[end:]
            self.folded = self.folded[:place] + " " * (end - place) + self.folded[end:]
        return begins

    ends_first_line = 0  # where a tag ends the first line, as 问卷星 writes it

    def last_tags(self, begins: int, ends: int) -> int:
        """Where the stem ends before its tags."""
        while ends > begins and (tag := tag_at_end(self.folded[begins:ends])):
            self.tagged(tag)
            ends = begins + tag.begins
        return ends

    def tagged(self, tag: Tag) -> None:
        if tag.kind or tag.foreign:
            self.named(tag.kind, tag.foreign)

    def named(self, kind: str, foreign: str) -> None:
        """Take the type that the question itself names; it must be that of its heading."""
        before = self.kind or self.foreign
        if before and before != (kind or foreign):
            self.fault("types_disagree", "type", first=before, second=kind or foreign)
            self.unread.add("key")
        self.kind, self.foreign = kind, foreign

    # options

    def options(self, begins: int) -> int:
        """Find the options. Gives where the stem ends."""
        text = self.folded[begins:]
        brackets = list(brackets_in(text))
        letters = any(bracket.kind == "letters" for bracket in brackets) or any(
            read_choice_key(label.text).right for label in self.block.labels if label.field == "key"
        )
        in_line = self.kind in ("single", "multiple") or (self.kind == "" and letters)
        stem_ends = max((bracket.ends for bracket in brackets if bracket.kind in ("blank", "letters")), default=0)
        found = divide(text, stem_ends=stem_ends, bare_in_line=in_line)
        if found is None:
            return self.without_letters()
        if found.fault:
            self.places["options"] = self.where(begins + (found.begins if found.marks else 0))
            self.fault(found.fault, "options", self.text[begins:], **dict(found.facts))
            self.unread |= {"key", "type"}
        if not found.marks:
            return len(self.folded)
        for letter, start, end in found.texts(text):
            self.option(letter, begins + start, begins + end)
        return begins + found.begins

    def option(self, letter: str, begins: int, ends: int) -> None:
        if found := _RIGHT_OPTION.search(self.folded, begins, ends):
            self.marked = [*self.marked, letter]
            ends = found.start()
        self.values[letter] = self.text[begins:ends].strip()
        self.places[letter] = self.where(begins)
        if ends_as_judgement(self.folded[begins:ends]):  # another question in the same line, or a mark of some kind
            self.fault("line_unclear", letter, self.values[letter])
            self.unread |= {"options", "key"}

    marked: Sequence[str] = ()  # the options that say of themselves that they are right

    def without_letters(self) -> int:
        """Where the stem ends if no option A was found. A line that begins as another option has lost its fellows."""
        signed = not self.ends_first_line  # where lines are options, B超 may be B
        lost = [line for line in self.block.body[1:] if option_letter(line.folded, signed=signed)]
        if lost:
            self.places["options"] = lost[0].where
            self.fault("line_unclear", "options", lost[0].text)
            self.unread.add("key")
        return self.lines_as_options() if self.ends_first_line and not lost else len(self.folded)

    def lines_as_options(self) -> int:
        """Behind a stem that ends with its tag each line is an option. Gives where the stem ends."""
        first = place = self.folded.find("\n", self.ends_first_line)
        letters = iter("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        for line in self.folded[first + 1 :].split("\n"):
            begins, place = place + 1, place + 1 + len(line)
            if line.strip() and (letter := next(letters, "")):
                self.option(letter, begins, place)
        return first

    @property
    def option_texts(self) -> list[str]:
        return [text for name, text in self.values.items() if len(name) == 1]

    # the key

    def keys(self, begins: int, ends: int) -> list[KeyText]:
        """Everything that may be the key, as written."""
        found = []
        stem = self.folded[begins:ends]
        brackets = list(brackets_in(stem))
        for bracket in brackets:
            fits, doubtful = self.fits(bracket, stem, brackets)
            if fits:
                placed = Bracket(bracket.kind, bracket.inside, begins + bracket.begins, begins + bracket.ends)
                found.append(KeyText(bracket.inside, "stem", self.where(placed.begins), placed, doubtful))
        labels = (label for label in self.block.labels if label.field == "key" and label.text)
        found += (KeyText(self.key_of(label.text), "answer", label.where) for label in labels)
        if self.marked:
            found.append(KeyText("".join(self.marked), "option", self.places[self.marked[0]]))
        return found

    def fits(self, bracket: Bracket, stem: str, brackets: Sequence[Bracket]) -> tuple[bool, bool]:
        """Whether a bracket may hold this question's key, and whether it may as well be part of the sentence."""
        choice = self.kind in ("single", "multiple") or (not self.kind and len(self.option_texts) > 1)
        judge = self.kind == "judge" or (not self.kind and (not choice or self.says_true_or_false()))
        at_end = not stem[bracket.ends :].strip(" \n。.!;,?")
        if bracket.kind == "symbol":
            return judge, False
        if bracket.kind == "word":
            return judge, not at_end
        if bracket.kind != "letters" or not (choice or at_end):
            return False, False
        letters = re.sub("[^A-H]", "", bracket.inside)
        elsewhere = any(each.kind == "blank" for each in brackets)
        return True, elsewhere or list(letters) != sorted(set(letters)) or (judge and not at_end)

    def says_true_or_false(self) -> bool:
        return {read_truth(text) for text in self.option_texts} == {True, False}

    def key_of(self, written: str) -> str:
        """What is written after 答案：, without signs around it; an option's own words become its letter."""
        text = written.strip(_AROUND_KEY)
        if (found := _OPTION_WITH_TEXT.fullmatch(text)) and squeezed(found[2]) == squeezed(
            self.values.get(found[1], "")
        ):
            return found[1]
        if read_choice_key(text).right or read_truth(text) is not None:
            return text
        words = {squeezed(option): letter for letter, option in self.values.items() if len(letter) == 1 and option}
        parts = [words.get(squeezed(part), "") for part in re.split("[;；]", text)]
        return "".join(parts) if all(parts) and len(words) == len(self.option_texts) else text

    def choose(self, keys: Sequence[KeyText], begins: int, ends: int) -> KeyText | None:
        """The one key, if all that is written says the same and one place is beyond doubt."""
        readings: dict[object, KeyText] = {}
        for key in keys:
            readings.setdefault(self.meaning(key.text), key)
        if len(readings) > 1:
            first, second = list(readings.values())[:2]
            self.places["key"] = second.where
            facts = {"first": f"{first.source}:{first.text}", "second": f"{second.source}:{second.text}"}
            self.fault("keys_disagree", "key", self.text[begins:ends], **facts)
            return None
        sure = [key for key in keys if not key.doubtful]
        if keys and not sure:
            self.places["key"] = keys[0].where
            reading = {"word": "key", "letters": "key"}[keys[0].bracket.kind if keys[0].bracket else "word"]
            self.fault("key_ambiguous", "key", self.text[begins:ends], value=keys[0].text, first=reading, second="text")
            return None
        if not sure:
            return None
        self.values["key"] = sure[0].text
        self.places["key"] = sure[0].where
        return sure[0]

    def meaning(self, text: str) -> object:
        """What a key says, whichever way it is written; itself where it can't be read."""
        truth = read_judge_key(text, self.option_texts).right
        if self.kind == "judge" or (self.kind == "" and truth and not self.option_texts):
            return truth or text
        choice = read_choice_key(text).right
        return choice or (truth if self.says_true_or_false() else 0) or text

    def stem(self, begins: int, ends: int, key: KeyText | None, keys: Iterable[KeyText]) -> str:
        """The stem, with nothing in the brackets that held the key."""
        text = self.text[begins:ends]
        if key is None:
            return text.strip()
        held = [each.bracket for each in keys if each.bracket and not each.doubtful]
        for bracket in sorted(held, key=lambda each: -each.begins):
            before, after = text[: bracket.begins - begins], text[bracket.ends - begins :]
            if self.kind == "judge" or bracket.kind in ("symbol", "word"):
                outside = not before.strip() or not after.strip(" \n。.!;,")
                inside = "" if outside else _emptied(text, bracket, begins)
            else:
                inside = _emptied(text, bracket, begins)
            text = before.rstrip() + inside + after if not inside else before + inside + after
        return text.strip()

    def infer(self, key: KeyText | None) -> None:
        """The type of a question that names none: true or false where key or options say so, else by the number of letters."""
        if key is None:
            return
        letters = read_choice_key(key.text).right.bit_count()
        if self.option_texts:
            judge = len(self.option_texts) == 2 and self.says_true_or_false()
            self.kind = "judge" if judge else "multiple" if letters > 1 else "single" if letters else ""
        else:
            self.kind = "judge" if not letters else "multiple" if letters > 1 else "single"
        self.inferred = bool(self.kind)


def _emptied(text: str, bracket: Bracket, begins: int) -> str:
    """The bracket without what was inside."""
    return f"{text[bracket.begins - begins]} {text[bracket.ends - begins - 1]}"
