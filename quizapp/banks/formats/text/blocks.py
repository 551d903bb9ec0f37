"""Lines of a plain text, put together to questions by their numbers, headings, labels and empty lines. Pure.

A line of which it is not clear where it belongs is complained of: leaving it out might leave out a question, and adding it
might make two questions into one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from quizapp.banks.findings import ERROR, WARNING, Finding, Where
from quizapp.banks.formats.text import signs
from quizapp.banks.formats.text.option_runs import divide
from quizapp.banks.formats.text.signs import (
    PROSE,
    Heading,
    Number,
    brackets_in,
    ends_as_judgement,
    label_at_start,
    label_in,
    number_of,
)

LOOK_AHEAD = 40  # lines


@dataclass(frozen=True)
class Line:
    """A line or paragraph, and its place. `folded` is its text for looking at, as long as the text."""

    text: str
    where: Where
    folded: str


def line_of(text: str, where: Where) -> Line:
    """The line without blanks around it."""
    text = text.strip()
    return Line(text, where, signs.folded(text))


@dataclass
class Labelled:
    """What follows a label."""

    field: str
    word: str
    text: str
    where: Where


@dataclass
class Block:
    """The lines of one question. `kind` is the type that its heading names, `foreign` such a type that we don't have."""

    where: Where
    number: int = 0
    kind: str = ""
    foreign: str = ""
    topic: str = ""
    body: list[Line] = field(default_factory=list)  # stem and options
    labels: list[Labelled] = field(default_factory=list)
    has_options: bool = False
    has_key: bool = False
    after_blank: bool = False  # an empty line was the last

    @property
    def last_part(self) -> str:
        """What the last line was part of: stem, options, or the field of a label."""
        return self.labels[-1].field if self.labels else "options" if self.has_options else "stem"

    @property
    def may_end(self) -> bool:
        """Whether there is more than a stem, so that another question may follow."""
        return self.has_options or self.has_key or bool(self.labels)


def blocks_of(lines: Sequence[Line]) -> tuple[list[Block], list[Finding]]:
    """The questions in the lines of a file, and what was not clear."""
    blocks = _Blocks(lines)
    blocks.read()
    blocks.name_unused()
    return blocks.blocks, blocks.findings


class _Blocks:
    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.blocks: list[Block] = []
        self.findings: list[Finding] = []
        self.block: Block | None = None  # the one that lines are added to
        self.heading = Heading()
        self.topic = ""
        self.style = ""  # how questions are numbered
        self.unused: list[Line] = []
        self.numbered = _is_numbered(lines)

    def fault(self, code: str, line: Line, severity: str = ERROR, **facts: object) -> None:
        entry = len(self.blocks) - 1 if self.block else None
        self.findings.append(Finding(severity, code, line.where, facts, line.text[:200], entry))

    def read(self) -> None:
        for place, line in enumerate(self.lines):
            if not line.text:
                if self.block:
                    self.block.after_blank = True
            elif (heading := signs.heading_of(line.folded)) and not (heading.bare and self.may_be_option(heading)):
                self.take_heading(heading, line)
            elif not signs.is_furniture(line.folded):
                self.take(place, line)
        self.look_for_swallowed(None)

    def may_be_option(self, heading: Heading) -> bool:
        """Behind a stem that ends with its tag, 简答题 alone in a line may be an option."""
        block = self.block
        options = block is not None and not block.after_blank and not heading.keys_apart
        return options and block is not None and signs.tag_at_end(block.body[0].folded) is not None

    def look_for_swallowed(self, following: Number | None) -> None:
        """If the next number does not follow, it may stand in the midst of this question: two lines may have been joined.

        Of the last question it is looked for with more care: a list in it is numbered, too.
        """
        block = self.block
        if block and block.number and not block.foreign and not (following and following.value == block.number + 1):
            in_body, in_label = (signs.ANYWHERE,) * 2 if following else (signs.BEHIND_TEXT, signs.BEHIND_SIGN)
            labels = [line_of(label.text, label.where) for label in block.labels]
            for lines, begins in ((block.body, in_body), (labels, in_label)):
                pattern = signs.number_inside(block.number + 1, self.style, begins)
                for line in lines:
                    if pattern.search(line.folded):
                        self.fault("number_unclear", line, number=block.number + 1, before=block.number)

    def take_heading(self, heading: Heading, line: Line) -> None:
        block = self.block
        if heading.topic:
            self.topic = line.text[-len(heading.topic) :]
        elif not heading.keys_apart:
            self.look_for_swallowed(None)
            self.block = None
            self.heading = heading
            self.style = ""
        elif block and not (block.has_key or block.after_blank) and line.folded[-1] in ":】":
            self.add(line)  # 答案： with the key in the next line
            return
        elif self.blocks:
            self.fault("keys_apart", line)
            self.heading = Heading(keys_apart=True)
        else:
            self.unused.append(line)
        self.look_for_swallowed(None)
        self.block = None

    def take(self, place: int, line: Line) -> None:
        block = self.block
        number = number_of(line.folded) if self.numbered else None
        if self.heading.keys_apart and not (number and self.looks_like_question(place, number)):
            return  # complained of as a whole
        if number and self.begins_question(place, number, line):
            self.look_for_swallowed(number)
            self.style = number.style
            self.open(line, number.length, number.value)
            if block and block.number and number.value not in (1, block.number + 1):
                self.fault("numbers_skipped", line, WARNING, before=block.number, number=number.value)
        elif (named := signs.STEM_LABEL.match(line.folded)) and (not self.numbered or not block):
            self.open(line, named.end())
        elif not self.numbered and self.begins_unnumbered(line):
            self.open(line, 0)
        elif not block:  # a title, or what a heading adds
            self.unused.append(line)
        elif self.is_stray(block, line) or self.may_be_numbered(place, line):
            self.fault("line_unclear", line)
        else:
            self.add(line)

    def name_unused(self) -> None:
        """A title may be left out; what may be part of a question may not."""
        shown = [line for line in self.unused if signs.option_letter(line.folded) or label_in(line.folded)]
        shown += [line for line in self.unused if line not in shown and _shows_key(line.folded)]
        for line in shown:
            self.findings.append(Finding(ERROR, "line_unclear", line.where, {}, line.text[:200]))
        if self.unused and not shown:
            quoted = " ".join(line.text for line in self.unused)[:200]
            facts = {"count": len(self.unused)}
            self.findings.append(Finding(WARNING, "lines_unused", self.unused[0].where, facts, quoted))

    # where a question begins

    def begins_question(self, place: int, number: Number, line: Line) -> bool:
        """Whether a number is that of a new question, and not of an item in a list or a figure in the text."""
        block = self.block
        if block is None:
            return number.sure or number.value == 1
        expected = number.value == block.number + 1
        if number.style != self.style and self.style:
            if expected and block.last_part in PROSE and self.looks_like_question(place, number):
                self.fault("number_unclear", line, number=number.value, before=block.number)
            return False
        if not number.sure:
            return expected and block.may_end and self.looks_like_question(place, number)
        if block.foreign:
            return expected
        if block.last_part not in PROSE and (expected or block.may_end):
            return True
        if block.last_part in PROSE and self.looks_like_question(place, number):
            return True
        if expected or self.looks_like_question(place, number):
            self.fault("number_unclear", line, number=number.value, before=block.number)
        return False

    def looks_like_question(self, place: int, number: Number, *, past_blanks: bool = True) -> bool:
        """Whether options or a key follow before the next number of this kind or of questions (and before an empty line)."""
        first = self.lines[place].folded[number.length :]
        if _shows_key(first) or divide(first, stem_ends=0, bare_in_line=False):
            return True
        for line in self.lines[place + 1 : place + LOOK_AHEAD]:
            following = number_of(line.folded)
            if following and following.sure and following.style in (number.style, self.style):
                return False
            if not (line.text or past_blanks):
                return False
            label = label_at_start(line.folded)
            if signs.option_letter(line.folded) == "A" or (label and label.field == "key"):
                return True
        return False

    def begins_unnumbered(self, line: Line) -> bool:
        """In a file without numbers an empty line, or what ends a question, stands between two of them."""
        block = self.block
        if block is None:
            return True
        if signs.option_letter(line.folded) or label_at_start(line.folded):
            return False
        ended = block.last_part == "stem" and ends_as_judgement(block.body[-1].folded)
        return (ended or block.after_blank) and not block.foreign

    def open(self, line: Line, begins: int, number: int = 0) -> None:
        if not self.numbered and len(self.blocks) == 1 and not self.blocks[0].may_end:
            self.unused += self.blocks.pop().body  # a title above the first question
        heading = Heading() if self.heading.keys_apart else self.heading
        self.heading = heading
        self.block = Block(line.where, number, heading.kind, heading.foreign, self.topic)
        self.blocks.append(self.block)
        self.add(Line(line.text[begins:], line.where, line.folded[begins:]))

    # what belongs to the open question

    def is_stray(self, block: Block, line: Line) -> bool:
        """Whether it is not clear that a line which begins nothing belongs to the question."""
        if block.foreign or label_at_start(line.folded):
            return False
        if block.labels:
            if block.last_part in PROSE:
                # A stem that lost its number ends with its tag, or has its key in a bracket and options below.
                before = signs.folded(block.labels[-1].text).rpartition("\n")[2]
                stem = _names_its_type(line) or ends_as_judgement(line.folded)
                return block.after_blank or stem or (signs.option_letter(line.folded) == "A" and _shows_key(before))
            return bool(block.labels[-1].text)
        if signs.option_letter(line.folded):
            return False
        tagged = signs.tag_at_end(block.body[0].folded) is not None
        if _names_its_type(line):  # a stem that lost its number, and no part of the last option
            return tagged or block.has_options or ends_as_judgement(block.body[-1].folded)
        if block.has_options and (ends_as_judgement(line.folded) or line.folded.rstrip(" ).。")[-1:] in signs.TICKS):
            return True
        if tagged:
            return False
        return block.after_blank if block.has_options else ends_as_judgement(block.body[-1].folded)

    def may_be_numbered(self, place: int, line: Line) -> bool:
        """Whether a line behind the stem, in a file whose first question has no number, may be a question that has one."""
        number, block = None if self.numbered else number_of(line.folded), self.block
        if number is None or not number.sure or block is None or block.foreign or block.last_part == "stem":
            return False
        return self.looks_like_question(place, number, past_blanks=block.last_part not in PROSE)

    def add(self, line: Line) -> None:
        """Add a line to the open question: to stem and options, up to a label; or to what a label has begun."""
        block = self.block
        assert block is not None
        block.after_blank = False
        after = block.last_part if block.labels else None
        label = None if block.foreign else label_at_start(line.folded) or label_in(line.folded, after=after)
        before = Line(line.text[: label.begins], line.where, line.folded[: label.begins]) if label else line
        if block.labels and before.text.strip():
            last = block.labels[-1]
            last.text = f"{last.text}\n{before.text.strip()}".strip()
        elif before.text.strip() or not block.body:
            block.body.append(before)
            block.has_options = block.has_options or _shows_options(block, before)
            block.has_key = block.has_key or _shows_key(before.folded)
        while label:
            following = label_in(line.folded, label.ends, after=label.field)
            text = line.text[label.ends : following.begins if following else len(line.text)].strip()
            if label.field == "key" and block.last_part in PROSE and any(each.field == "key" for each in block.labels):
                self.fault("line_unclear", line)  # the key of a question whose number got lost
            block.labels.append(Labelled(label.field, label.word, text, line.where))
            block.has_key = block.has_key or label.field == "key"
            label = following


def _is_numbered(lines: Sequence[Line]) -> bool:
    """Whether a number comes before anything else that only questions have."""
    for line in lines:
        if (number := number_of(line.folded)) and (number.sure or number.value == 1):
            return True
        if signs.option_letter(line.folded) or label_at_start(line.folded) or ends_as_judgement(line.folded):
            return False
    return False


def _names_its_type(line: Line) -> bool:
    """Whether a line ends as a stem does that says its type: 甲 [单选题]."""
    tag = signs.tag_at_end(line.folded)
    return tag is not None and bool(tag.kind or tag.foreign)


def _shows_key(text: str) -> bool:
    return any(bracket.kind in ("letters", "symbol", "word") for bracket in brackets_in(text))


def _shows_options(block: Block, line: Line) -> bool:
    if len(block.body) > 1 and signs.option_letter(line.folded):
        return True
    brackets = [bracket.ends for bracket in brackets_in(line.folded)]
    return divide(line.folded, stem_ends=max(brackets, default=0), bare_in_line=bool(brackets)) is not None
