"""GIFT, Moodle's text format: read as Moodle reads it, and written so that both Moodle and we read it back. Pure.

What GIFT has no place for stands in comments of our own, which Moodle passes over: `// quizapp-bank {…}` at the top and
`// quizapp {…}` above each question, JSON objects of texts.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from quizapp.banks.content import LETTERS, BankContent, Question, pictures_of
from quizapp.banks.entries import Header, Source
from quizapp.banks.findings import Where
from quizapp.banks.formats.gathering import Gathered, Gathering, with_absent_named
from quizapp.banks.formats.text.lines import beginning_of, lines_of
from quizapp.banks.formats.xml.elements import OWN_FIELDS, english_values
from quizapp.banks.formats.xml.html import PRE_WRAP, markup_of, text_of_html
from quizapp.banks.pictures import digests_in
from quizapp.errors import Invalid

# A sign after a backslash is text. Until a text is complete such signs are lone surrogates, which no decoded file holds.
_ESCAPED = re.compile(r"\\([\\~=#{}:n])")
_HELD = re.compile("[\udc00-\udc7f]")
_RESERVED = re.compile(r"[\\~=#{}:\n]")
_WEIGHT = re.compile(r"%(-?\d{1,3}(?:\.\d{1,9})?)%")
_WEIGHT_LIKE = re.compile(r"%[\s\d.,+\-–—]+%")
_FORMAT = re.compile(r"\[(html|moodle|plain|markdown)\]")
_ID = re.compile(r"\[id:([^\[\]\s]{1,40})\]")
_NOTE = re.compile(r"//\s*quizapp(-bank)?\s+([\[{].*)")
_NO_TOPIC = re.compile(r"\$[a-z]+\d*\$|top|Default for .*|.*的默认类别|系统.*默认.*", re.I)
_MARKUP = re.compile(
    r"</?(?:p|br|b|i|u|em|strong|span|div|img|su[bp]|table|t[rdh]|[uo]l|li|a|code|pre|font|h[1-6])(?:\s[^<>]*)?/?>"
    r"|&(?:[a-z]{2,8}|#\d{2,6}|#x[0-9a-f]{2,5});",
    re.I,
)
_DATA = re.compile(r"data:image/[\w.+-]+;base64,(.*)", re.I | re.S)
_ROUNDING = Decimal(1)  # three right options are written as 33.33333, as 33.3, or as 34, 33 and 33
_NOTED = frozenset(OWN_FIELDS) - {"type"}
_TRUTHS = {"T": "正确", "TRUE": "正确", "F": "错误", "FALSE": "错误"}
_LOOKS_LIKE_GIFT = re.compile(
    r"(?<!\\)\{\s*(?:[=~#]|(?:T|F|TRUE|FALSE)\s*[#}]|\})|^\$CATEGORY:|^::.{1,200}?::", re.M | re.I
)


def looks_like_gift(content: bytes) -> bool:
    """Whether a text file has GIFT's answer blocks, categories or names."""
    return bool(_LOOKS_LIKE_GIFT.search(beginning_of(content)))


def read_gift(name: str, content: bytes) -> Source:
    """The questions of a GIFT file. Raises Invalid where its encoding can't be told."""
    reader = _Reader(name)
    block: list[tuple[int, str]] = []
    for number, line in enumerate([*lines_of(content), ""], 1):
        if line.strip():
            block.append((number, line.strip()))
        elif block:
            reader.block(block)
            block = []
    return with_absent_named(reader.source(reader.header))


@dataclass(frozen=True)
class _Answer:
    """One answer of a choice as written: its sign, its percentage if it has one, and its texts."""

    sign: str
    weight: Decimal | None
    text: str
    feedback: str
    line: int

    @property
    def worth(self) -> str:
        """Sign and percentage, as written."""
        return self.sign if self.weight is None else f"{self.sign}%{self.weight}%"


class _Reader(Gathering):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.header = Header()
        self.topic = ""

    def block(self, lines: Sequence[tuple[int, str]]) -> None:
        """Read what stands between two empty lines: comments, a category, a question."""
        note: dict[str, str] = {}
        text: list[str] = []
        begins = 0
        for number, written in lines:
            line = written
            if line.startswith("//"):
                note |= self.comment(line, number)
                line = ""
            elif line.startswith("$CATEGORY:") and not begins:
                self.topic = _topic_of(line.removeprefix("$CATEGORY:"))
                line = ""
            begins = begins or (number if line else 0)
            if begins:
                text.append(line)
        if begins:
            values = {"topic": self.topic, **note}
            held = _ESCAPED.sub(lambda found: chr(0xDC00 + ord(found.group(1))), "\n".join(text))
            _Question(self, self.name, begins, {name: each for name, each in values.items() if each}).read(held)
        elif set(note) - {"code"}:
            self.fault("gift_note_unreadable", line=lines[0][0])

    def comment(self, line: str, number: int) -> dict[str, str]:
        """What a comment says that is meant for us, or for Moodle's question bank."""
        found = _NOTE.match(line)
        if not found:
            identified = _ID.search(line)
            return {"code": identified.group(1)} if identified else {}
        try:
            note = json.loads(found.group(2))
            json.dumps(note, ensure_ascii=False).encode()  # half a character can't be shown, nor sent on
            if found.group(1):
                self.bank(note)
                return {}
            if set(note) <= _NOTED and all(isinstance(value, str) for value in note.values()):
                return dict(note)
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError, Invalid):
            pass
        self.fault("gift_note_unreadable", line=number)
        return {}

    def bank(self, note: dict[str, Any]) -> None:
        topics = {str(code): str(title) for code, title in note["topics"].items()}
        self.header = Header(str(note["code"]), str(note["title"]), topics)
        for encoded in note.get("pictures", ()):
            self.picture(base64.b64decode(encoded, validate=True))


class _Question(Gathered):
    """One question. `format` is that of its stem, and of its other texts where they don't say another."""

    def __init__(self, gathering: Gathering, file: str, line: int, values: Mapping[str, str]) -> None:
        super().__init__(gathering, file, line)
        self.values.update(values)
        self.line = line
        self.format = "moodle"

    def read(self, text: str) -> None:
        self.close(self.parts(text))

    def parts(self, text: str) -> str:
        """Find the stem and the answers, which are in the only pair of braces. Gives the kind where it isn't ours."""
        end = text.find("::", 2) if text.startswith("::") else -1
        if end > 0:
            text = "\n" * text.count("\n", 0, end) + text[end + 2 :]
        opens, closes = text.find("{"), text.find("}")
        if chosen := _FORMAT.match(text.lstrip()):
            self.format = chosen.group(1)
        if opens < 0 and closes < 0:
            self.put("stem", self.text(text, "stem"))
            return "description"
        if not 0 <= opens < closes or text.find("{", opens + 1) >= 0 or text.find("}", closes + 1) >= 0:
            self.put("stem", _plain(text))
            self.unread |= {"type", "options", "key"}
            self.fault("gift_braces", "stem", _plain(text).strip())
            return ""
        after = text[closes + 1 :] if text[closes + 1 :].strip() else ""
        self.put("stem", self.text(text[:opens] + ("_____" + after if after else ""), "stem"))
        answers, sign, general = text[opens + 1 : closes].rpartition("####")
        if not sign:
            answers, general = general, ""
        if general.strip():
            self.put("explanation", self.text(general, "explanation"), self.line_at(text, text.rfind("####")))
        return self.answers(answers, text, opens + 1)

    def answers(self, answers: str, text: str, begins: int) -> str:
        """Tell the kind of question by its answers, as Moodle does. Gives the kind where it isn't ours."""
        inside = answers.strip()
        truth = _TRUTHS.get(inside.partition("#")[0].strip().upper())
        if not inside:
            return "essay"
        if inside.startswith("#"):
            return "numerical"
        if "~" in inside:
            self.choice(answers, text, begins)
            return ""
        if "=" in inside and "->" in inside:
            return "matching"
        if not truth:
            return "shortanswer"
        self.put("type", "judge")
        self.put("key", truth, self.line_at(text, begins))
        self.explain([self.text(each, "explanation") for each in inside.split("#")[1:]])
        return ""

    def choice(self, answers: str, text: str, begins: int) -> None:
        marks = list(re.finditer("[=~]", answers))
        glued = [mark.start() for mark in marks[1:] if not answers[mark.start() - 1].isspace()]
        if answers[: marks[0].start()].strip() or 0 < len(glued) < len(marks) - 1:
            # Moodle takes each such sign for the beginning of an answer; who wrote 1=2 did not mean it so.
            place = glued[0] if glued else marks[0].start()
            self.unread |= {"type", "options", "key"}
            shown = _plain(answers[max(0, place - 20) : place + 20])
            self.places["options"] = Where(self.file, line=self.line_at(text, begins + place))
            self.fault("gift_sign_unclear", "options", shown, sign=answers[place])
            return
        ends = [*(mark.start() for mark in marks[1:]), len(answers)]
        found = [
            _answer(mark.group(), answers[mark.end() : end], self.line_at(text, begins + mark.start()))
            for mark, end in zip(marks, ends, strict=True)
        ]
        if not self.options(len(found)):
            self.unread.add("type")
            return
        for letter, answer in zip(LETTERS, found, strict=False):
            self.put(letter, "", answer.line)
            self.values[letter] = self.text(answer.text, letter)
        self.key(found)
        # By the option's words and not its letter, which is another for each participant.
        feedback = [
            (letter, self.text(each.feedback, "explanation")) for letter, each in zip(LETTERS, found, strict=False)
        ]
        self.explain(f"{self.values[letter]}：{words}" for letter, words in feedback if words)

    def key(self, answers: Sequence[_Answer]) -> None:
        """A right answer with "=" is a single choice; percentages alone are a multiple one."""
        marked = [place for place, answer in enumerate(answers) if answer.sign == "="]
        self.put(
            "type", "multiple" if not marked and any(answer.weight is not None for answer in answers) else "single"
        )
        unread = [found.group() for answer in answers if (found := _WEIGHT_LIKE.match(answer.text))]
        if unread:  # a percentage that is none, or text: Moodle reads some of these as more than 100
            self.scoring(" ".join(unread))
            return
        if marked:
            plain = all(answer.weight in (None, 100 if answer.sign == "=" else 0) for answer in answers)
            right = tuple(marked) if plain and len(marked) == 1 else None
        elif self.values["type"] == "multiple":
            right = _right_by_weight([answer.weight or Decimal(0) for answer in answers])
        else:
            right = ()  # without a right answer; the missing key is complained of
        if right is None:
            self.scoring(" ".join(answer.worth for answer in answers))
        elif right:
            self.put("key", "".join(LETTERS[place] for place in right), answers[right[0]].line)

    def explain(self, feedback: Iterable[str]) -> None:
        """Add what is said to single answers to the explanation."""
        said = dict.fromkeys([self.values.get("explanation", ""), *feedback])
        if text := "\n".join(each for each in said if each):
            self.values["explanation"] = text

    def line_at(self, text: str, offset: int) -> int:
        return self.line + text.count("\n", 0, max(0, offset))

    def text(self, text: str, name: str) -> str:
        """A text in its own format, or in the question's."""
        kind, text = self.format, text.strip()
        if chosen := _FORMAT.match(text):
            kind, text = chosen.group(1), text[chosen.end() :]
        text = _plain(text).strip()
        if kind == "moodle" and _MARKUP.search(text):
            kind, text = "html", text.replace("\n", "<br>")
        if kind != "html":
            return text
        return text_of_html(
            text,
            lambda address, words: self.picture(name, address, words, _data_in(address)),
            lambda what: self.fault("markup_unsupported", name, text, name=what),
        )


def _right_by_weight(percentages: Sequence[Decimal]) -> tuple[int, ...] | None:
    """The places of the right options of a question with several answers; None where the scoring isn't like ours.

    Ours gives points for exactly the right options, or for a part of them and no wrong one. So the right options must
    share the whole evenly, and wrong ones take nothing, or take everything (-100 each).
    """
    right = tuple(place for place, share in enumerate(percentages) if share > 0)
    wrong = {share for share in percentages if share <= 0}
    if not right or wrong not in (set(), {Decimal(0)}, {Decimal(-100)}):
        return None
    even = Decimal(100) / len(right)
    return right if all(abs(percentages[place] - even) < _ROUNDING for place in right) else None


def _data_in(address: str) -> bytes | None:
    """The bytes that an address holds itself; None for one that leads elsewhere."""
    found = _DATA.fullmatch(address.strip())
    try:
        return base64.b64decode("".join(found.group(1).split()), validate=True) if found else None
    except binascii.Error:
        return b""


def _plain(text: str) -> str:
    """The text with the signs that a backslash had kept from meaning something."""
    return _HELD.sub(lambda found: "\n" if found.group() == "\udc6e" else chr(ord(found.group()) - 0xDC00), text)


def _answer(sign: str, body: str, line: int) -> _Answer:
    text, _, feedback = body.partition("#")
    text = text.strip()
    weight = _WEIGHT.match(text)
    if weight:
        text = text[weight.end() :]
    return _Answer(sign, Decimal(weight.group(1)) if weight else None, text, feedback, line)


def _topic_of(category: str) -> str:
    """The topic that the path of a category names: its last part, unless that is Moodle's own."""
    parts = [part.replace("\0", "/").strip() for part in category.replace("//", "\0").split("/")]
    named = [part for part in parts if part and not _NO_TOPIC.fullmatch(part)]
    return named[-1] if named else ""


# --- writing


def write_gift(content: BankContent, pictures: Mapping[str, bytes]) -> bytes:
    """The content as GIFT that reads back to the same digest. `pictures`, PNG files by digest, go inside as HTML has them."""
    shown = {digest for question in content.questions for digest in _shown_in(question)}
    bank: dict[str, Any] = {"code": content.code, "title": content.title, "topics": content.topics}
    if apart := sorted((pictures_of(content) - shown) & set(pictures)):
        bank["pictures"] = [base64.b64encode(pictures[digest]).decode() for digest in apart]
    address = {
        digest: f"data:image/png;base64,{base64.b64encode(pictures[digest]).decode()}"
        for digest in shown & set(pictures)
    }
    lines = [f"// quizapp-bank {_note(bank)}", ""]
    topic = ""
    for question in content.questions:
        if question.topic != topic:
            topic = question.topic
            path = [content.title, f"{topic} {content.topics.get(topic, '')}".strip()]
            lines += ["$CATEGORY: " + "/".join(" ".join(part.split()).replace("/", "//") for part in path), ""]
        lines += [*_written(question, address), ""]
    return "\n".join(lines).encode()


def _shown_in(question: Question) -> set[str]:
    return digests_in((question.stem, *question.options, question.explanation))


def _note(value: dict[str, Any]) -> str:
    # Moodle takes [id:…] and [tag:…] out of comments; inside our texts they are text.
    return (
        json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        .replace("[id:", "\\u005bid:")
        .replace("[tag:", "\\u005btag:")
    )


def _written(question: Question, address: Mapping[str, str]) -> Iterable[str]:
    note = {
        "code": question.code,
        "topic": question.topic,
        "difficulty": question.difficulty,
        "pool": question.pool,
        "reference": question.reference,
        "valid_from": question.valid_from.isoformat() if question.valid_from else "",
        "valid_to": question.valid_to.isoformat() if question.valid_to else "",
        **english_values(question),
    }
    yield f"// quizapp {_note({name: text for name, text in note.items() if text})}"
    if _ID.fullmatch(f"[id:{question.code}]"):
        yield f"// [id:{question.code}]"
    usual = "html" if digests_in((question.stem,)) & set(address) else "plain"
    explanation = f"####{_text(question.explanation, usual, address)}" if question.explanation else ""
    begins = f"::{_escaped(question.code)}::[{usual}]{_text(question.stem, usual, address, prefix=False)}"
    if question.type == "judge":
        yield f"{begins} {{{'TRUE' if question.right == 1 else 'FALSE'}{explanation}}}"
        return
    yield f"{begins} {{"
    right, wrong = "=", "~"
    if question.type == "multiple":
        right, wrong = f"~%{round(Decimal(100) / (question.right.bit_count() or 1), 5).normalize():f}%", "~%-100%"
    for place, option in enumerate(question.options):
        yield f"{right if question.right >> place & 1 else wrong}{_text(option, usual, address)}"
    if explanation:
        yield explanation
    yield "}"


def _text(text: str, usual: str, address: Mapping[str, str], *, prefix: bool = True) -> str:
    """The text, after its format where it would else be taken for another or begin like one or like a percentage."""
    kind = "html" if digests_in((text,)) & set(address) else "plain"
    written = markup_of(text, address, keep_blanks=f'class="{PRE_WRAP}"') if kind == "html" else text
    if prefix and (kind != usual or written.startswith(("[", "%"))):
        return f"[{kind}]{_escaped(written)}"
    return _escaped(written)


def _escaped(text: str) -> str:
    return _RESERVED.sub(lambda found: "\\n" if found.group() == "\n" else f"\\{found.group()}", text)
