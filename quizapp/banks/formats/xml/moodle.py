"""Moodle XML, in and out. Pure.

What Moodle has no place for (reference, dates, translation, the bank's code) goes into elements of our own namespace, which
Moodle passes over. Categories are topics, the ID number is the code, tags hold difficulty and pool: these also come back
from a Moodle that the file went through.
"""

import base64
import math
import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from quizapp.banks.content import LETTERS, BankContent, Question, letters
from quizapp.banks.entries import Header, Source
from quizapp.banks.formats.gathering import Counted, Gathered, Gathering, Unreadable
from quizapp.banks.formats.tables.template import DIFFICULTY_NAMES, POOL_NAMES
from quizapp.banks.formats.xml.elements import (
    OWN,
    Element,
    english_values,
    escaped,
    number_in,
    own_bank,
    own_question,
    quoted,
    read_own_bank,
    read_own_question,
    read_xml,
)
from quizapp.banks.formats.xml.html import ATTACHED, markup_of, text_of_element, text_of_html
from quizapp.banks.pictures import digests_in, without_pictures
from quizapp.banks.spellings import read_difficulty, read_pool, read_truth

ROOT = "quiz"
CHOICES = ("multichoice", "multichoiceset")  # the latter, a plugin's, gives points for the whole key only
NEAR = 0.1  # shares are written with five digits at most: 33.33333

_TAG = re.compile(r"(难度|difficulty|题池|pool)\s*[:：]\s*(.+)", re.I | re.S)
_TOPIC_CODE = re.compile(r"[A-Za-z]{1,4}[-_]?\d{1,4}")
_USUAL = re.compile(r"Default for .", re.I)  # where Moodle puts what nobody has sorted
_CONTEXT = re.compile(r"\$\w+\$")
_MARKDOWN_PICTURE = re.compile(r"!\[([^\[\]\n]*)\]\((\S+?)\)")


def read_moodle(name: str, content: bytes) -> Source:
    """The questions of an export of Moodle's question bank."""
    gathering = Gathering(name)
    try:
        root = read_xml(content)
    except Unreadable as error:
        gathering.unreadable(error)
        return gathering.source(Header())
    if root.tag != ROOT:
        gathering.fault("xml_not_questions", line=root.line, root=root.tag)
        return gathering.source(Header())
    header = read_own_bank(root.elements) or Header()
    topics = _Topics(root.all("question"), header)
    penalties, fixed = Counted(), Counted()
    topic = ""
    for question in root.elements:
        if question.namespace == OWN:
            continue
        for inside in question.descendants():
            if inside.tag == "question":
                gathering.fault("question_nested", line=inside.line)
        kind = question.get("type") if question.tag == "question" else question.tag
        if kind == "category":
            topic = topics.of(question)
        else:
            _Reading(gathering, question, topic, penalties, fixed).read(kind)
    penalties.warn(gathering, "scoring_by_competition")
    fixed.warn(gathering, "order_fixed")
    return gathering.source(header)


class _Topics:
    """Categories as topics: by their ID number where our own file says what it means, else by the last name of the path."""

    def __init__(self, questions: Iterable[Element], header: Header) -> None:
        self.known = header.topics
        paths = {tuple(_path(each)) for each in questions if each.get("type") == "category"}
        self.last = [path[-1] for path in paths if path]

    def of(self, category: Element) -> str:
        number, path = category.text("idnumber").strip(), _path(category)
        if number in self.known:
            return number
        if not path:
            return ""
        name = path[-1] if self.last.count(path[-1]) < 2 else " / ".join(path)
        return f"{number} {name}" if _TOPIC_CODE.fullmatch(number) else name


def _path(category: Element) -> list[str]:
    """The category's names from the top; a slash in a name is written twice."""
    names = [each.replace("//", "/").strip() for each in re.split(r"(?<!/)/(?!/)", category.text("category").strip())]
    if names and _CONTEXT.fullmatch(names[0]):
        names = names[1:]
    if names and names[0].lower() == "top":
        names = names[1:]
    return [each for each in names if each and not _USUAL.match(each)]


class _Reading:
    """The reading of one question."""

    def __init__(self, gathering: Gathering, question: Element, topic: str, penalties: Counted, fixed: Counted) -> None:
        self.question = question
        self.entry = Gathered(gathering, gathering.name, question.line)
        self.topic = topic
        self.penalties = penalties
        self.fixed = fixed
        self.usual_format = "html"
        self.feedback: list[str] = []

    def read(self, kind: str) -> None:
        entry, question = self.entry, self.question
        if kind not in (*CHOICES, "truefalse"):
            written = question.text("questiontext", "text")
            entry.put("stem", text_of_html(written, lambda _address, words: words, lambda _name: None))
            entry.close(foreign=kind or question.tag)
            return
        for name, tag in (("stem", "questiontext"), ("key", "single"), ("explanation", "generalfeedback")):
            if len(question.all(tag)) > 1:  # the ends of two questions may have got lost
                entry.fault("name_doubled", name, name=tag)
        stem = question.first("questiontext")
        self.usual_format = (stem.get("format") if stem else "") or "html"
        self.put_text("stem", stem)
        self.old_picture()
        if kind == "truefalse":
            entry.put("type", "judge")
            self.read_judgement()
        else:
            single = kind == "multichoice" and question.text("single").strip().lower() not in ("0", "false")
            entry.put("type", "single" if single else "multiple", _line(question.first("single")), "single")
            self.read_choice(single=single, whole=kind != "multichoice")
            if question.text("shuffleanswers").strip().lower() in ("0", "false"):
                self.fixed.numbers.append(entry.number)
        self.put_text("explanation", question.first("generalfeedback"))
        entry.values["explanation"] = "\n".join(filter(None, [entry.values["explanation"], *self.feedback]))
        entry.put("code", question.text("idnumber").strip(), _line(question.first("idnumber")), "idnumber")
        entry.put("topic", self.topic)
        self.read_tags()
        values, own = read_own_question(question.elements)
        entry.values |= values
        for name, content in self.files(own).items():  # pictures of what is in our own elements
            entry.picture("", name, "", content)
        entry.close()

    def put_text(self, name: str, node: Element | None) -> None:
        """Read a text into a field. Its place comes first, for what is found in it."""
        self.entry.put(name, "", _line(node), node.tag if node else "")
        if node:
            self.entry.values[name] = self.rich_text(name, node)

    def rich_text(self, name: str, node: Element) -> str:
        files = self.files(node)

        def picture(address: str, words: str) -> str:
            return self.entry.picture(name, address, words, _content(address, files))

        def refuse(what: str) -> None:
            self.entry.refuse(name, what)

        text = node.first("text") or node
        if any(text.elements) and text is not node:  # XHTML that was not put between CDATA marks
            return text_of_element(text, picture, refuse, lambda _element: False)
        written = text.own_text
        kind = node.get("format") or self.usual_format
        if kind in ("plain_text", "2"):
            return written
        if kind in ("markdown", "4"):
            return _MARKDOWN_PICTURE.sub(lambda found: picture(found[2], found[1]), written)
        if kind in ("moodle_auto_format", "0"):  # line ends are line breaks, but for those beside tags
            written = re.sub(r"\n(?=\s*<)|(?<=>)[ \t\r]*\n", " ", written).replace("\n", "<br/>")
        return text_of_html(written, picture, refuse)

    def files(self, node: Element | None) -> dict[str, bytes]:
        """The files that are attached to a text, by their path."""
        found = node.all("file") if node else []
        return {f"{each.get('path', '/')}{each.get('name')}".lstrip("/"): _unpacked(each.text()) for each in found}

    def old_picture(self) -> None:
        """Before its version 2, Moodle kept a question's picture beside its text."""
        name = self.question.text("image").strip()
        if name:
            packed = self.question.text("image_base64").strip()
            token = self.entry.picture("stem", name, "", _unpacked(packed) if packed else None)
            self.entry.values["stem"] += f"\n{token}"

    def read_judgement(self) -> None:
        fractions: dict[bool, float] = {}
        words = []
        for answer in self.question.all("answer"):
            written = (answer.first("text") or answer).own_text.strip()
            words.append(written)
            truth = read_truth(written)
            if truth is not None:
                fractions[truth] = _fraction(answer)
            self.add_feedback("正确" if truth else "错误", answer)
        first = self.question.first("answer")
        self.entry.put("key", "", _line(first), "answer")
        if set(fractions) != {True, False} or len(words) != 2:
            # Old files have the words of their own language. Moodle takes the first for true; it wasn't always.
            self.entry.fault("judge_options", "key", value=" / ".join(words))
        elif sorted(fractions.values()) == [0, 100]:
            self.entry.values["key"] = "正确" if fractions[True] == 100 else "错误"
        elif fractions[True] == fractions[False] == 100:
            self.entry.fault("key_contradictory", "key", first="true 100%", second="false 100%")
        elif any(fractions.values()):
            self.entry.scoring(_shown(fractions.values()))

    def read_choice(self, *, single: bool, whole: bool) -> None:
        answers = self.question.all("answer")
        self.entry.put("key", "", _line(answers[0]) if answers else 0, "answer")
        if not self.entry.options(len(answers)):
            return
        fractions = [_fraction(answer) for answer in answers]
        for letter, answer in zip(LETTERS, answers, strict=False):
            self.put_text(letter, answer)
            self.add_feedback(self.entry.values[letter], answer)
        right = sum(1 << place for place, fraction in enumerate(fractions) if fraction > 0)
        self.entry.values["key"] = letters(right)
        if not _is_ours(fractions, single=single, whole=whole):
            self.entry.scoring(_shown(fractions))
        elif any(-100 < fraction < 0 for fraction in fractions):
            self.penalties.numbers.append(self.entry.number)

    def add_feedback(self, option: str, answer: Element) -> None:
        """What is said of a single option, with its words: letters would be others once the options are shuffled."""
        node = answer.first("feedback")
        if node and (said := self.rich_text("explanation", node).strip()):
            self.feedback.append(f"{option.strip()}：{said}")

    def read_tags(self) -> None:
        tags = [each.text().strip() for name in ("tags", "coursetags") for each in _tags(self.question.first(name))]
        for tag in tags:
            named = _TAG.fullmatch(tag)
            word = named.group(2).strip() if named else tag
            field = ""
            if named:
                field = "difficulty" if named.group(1).lower() in ("难度", "difficulty") else "pool"
            elif read_difficulty(tag) or read_pool(tag):
                field = "difficulty" if read_difficulty(tag) else "pool"
            if field and field not in self.entry.values:
                self.entry.put(field, word, _line(self.question.first("tags")), "tags")


def _is_ours(fractions: list[float], *, single: bool, whole: bool) -> bool:
    """Whether the shares say no more than which options are right.

    How many points a question is worth, and whether half a key is worth half of them, is the competition's to say; so all
    right options must count the same, and together the whole. Single choice: a wrong option that takes points away, or
    gives some, has no like here. Multiple choice: Moodle lets nobody fall below 0 in a question, so what it takes for a
    wrong option only keeps people from choosing all of them. Our competitions do so by giving nothing once a wrong one is
    chosen, which is the same where -100 is taken; where less is, the report says that it differs (Counted).
    """
    right = [fraction for fraction in fractions if fraction > 0]
    wrong = [fraction for fraction in fractions if not fraction > 0]
    if any(not math.isfinite(fraction) for fraction in fractions):
        return False
    if single:
        return all(abs(fraction - 100) < NEAR for fraction in right) and not any(wrong)
    equal = all(abs(fraction - right[0]) < NEAR for fraction in right)
    if whole:
        return equal and not any(wrong)
    return not right or (equal and abs(sum(right) - 100) < NEAR)


def _fraction(answer: Element) -> float:
    """What an answer is worth in percent; NaN where that can't be read."""
    return number_in(answer.get("fraction", "0").replace(",", ".") or "0")


def _shown(fractions: Iterable[float]) -> str:
    return " / ".join(f"{fraction:g}%" for fraction in fractions)


def _tags(node: Element | None) -> list[Element]:
    return node.all("tag") if node else []


def _line(node: Element | None) -> int:
    return node.line if node else 0


def _content(address: str, files: Mapping[str, bytes]) -> bytes | None:
    """The bytes of a picture that a text names; None where they are not in the file."""
    if address.startswith("data:image/") and ";base64," in address[:100]:
        return _unpacked(address.partition(",")[2])
    if not address.startswith(f"{ATTACHED}/"):
        return None
    path = address[len(ATTACHED) + 1 :].partition("?")[0]
    return files.get(path, files.get(unquote(path)))


def _unpacked(packed: str) -> bytes:
    """The bytes, or none if it is not Base64: then they are no picture either."""
    try:
        return base64.b64decode("".join(packed.split()), validate=True)
    except ValueError:
        return b""


# --- writing


def write_moodle(content: BankContent, pictures: Mapping[str, bytes]) -> bytes:
    """The content with its pictures, PNG files by digest, as a file that Moodle reads.

    Questions stand in their order; so a category is named again wherever the topic changes.
    """
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n<quiz>\n', own_bank(content), "\n"]
    topic = None
    for question in content.questions:
        if question.topic != topic:
            topic = question.topic
            parts.append(_category(content, topic))
        parts.append(_question(question, pictures))
    return "".join([*parts, "</quiz>\n"]).encode()


def _category(content: BankContent, topic: str) -> str:
    names = (content.title, content.topics.get(topic, topic))
    path = "/".join(["$course$", "top", *(name.replace("/", "//") for name in names)])
    return (
        '  <question type="category">\n'
        f"    <category><text>{escaped(path)}</text></category>\n"
        '    <info format="plain_text"><text></text></info>\n'
        f"    <idnumber>{escaped(topic)}</idnumber>\n"
        "  </question>\n"
    )


def _question(question: Question, pictures: Mapping[str, bytes]) -> str:
    judge = question.type == "judge"
    name = " ".join(f"{question.code} {without_pictures(question.stem)}".split())[:80]
    lines = [
        f'  <question type="{"truefalse" if judge else "multichoice"}">',
        f"    <name><text>{escaped(name)}</text></name>",
        f"    {_text('questiontext', question.stem, pictures)}",
        f"    {_text('generalfeedback', question.explanation, pictures)}",
        "    <defaultgrade>1.0000000</defaultgrade>",
        f"    <penalty>{'1.0000000' if judge else '0.3333333'}</penalty>",
        "    <hidden>0</hidden>",
        f"    <idnumber>{escaped(question.code)}</idnumber>",
    ]
    if judge:
        lines += [
            _answer("true", question.right == 1, 100, pictures),
            _answer("false", question.right == 2, 100, pictures),
        ]
    else:
        single = "true" if question.type == "single" else "false"
        lines += [f"    <single>{single}</single>", "    <shuffleanswers>true</shuffleanswers>"]
        lines.append("    <answernumbering>ABCD</answernumbering>")
        count = question.right.bit_count() if question.type == "multiple" else 1
        wrong = -100 if question.type == "multiple" else 0
        lines += [
            _answer(option, bool(question.right >> place & 1), 100 / max(1, count), pictures, wrong)
            for place, option in enumerate(question.options)
        ]
    tags = (f"难度：{DIFFICULTY_NAMES[question.difficulty]}", f"题池：{POOL_NAMES[question.pool]}")
    lines.append("    <tags>" + "".join(f"<tag><text>{tag}</text></tag>" for tag in tags) + "</tags>")
    lines.append(f"    {_own(question, pictures)}")
    return "\n".join([*lines, "  </question>\n"])


def _answer(text: str, right: bool, share: float, pictures: Mapping[str, bytes], wrong: int = 0) -> str:
    fraction = f"{share:.5f}".rstrip("0").rstrip(".") if right else str(wrong)
    return f"    {_text('answer', text, pictures, f' fraction={quoted(fraction)}')}"


def _text(tag: str, text: str, pictures: Mapping[str, bytes], attributes: str = "") -> str:
    """A text as an element: plain if it can be, which Moodle shows as it is; as HTML if it has pictures."""
    shown = {digest: f"{ATTACHED}/{digest}.png" for digest in digests_in([text]) & set(pictures)}
    markup = markup_of(text, shown, keep_blanks='style="white-space: pre-wrap"') if shown else text
    kind = "html" if shown else "plain_text"
    files = "".join(_file(digest, pictures[digest]) for digest in sorted(shown))
    return f'<{tag}{attributes} format="{kind}"><text>{escaped(markup)}</text>{files}</{tag}>'


def _file(digest: str, png: bytes) -> str:
    return f'<file name="{digest}.png" path="/" encoding="base64">{base64.b64encode(png).decode()}</file>'


def _own(question: Question, pictures: Mapping[str, bytes]) -> str:
    values = {
        "reference": question.reference,
        "valid_from": question.valid_from.isoformat() if question.valid_from else "",
        "valid_to": question.valid_to.isoformat() if question.valid_to else "",
        **english_values(question),
    }
    carried = sorted(digests_in(values.values()) & set(pictures))
    return own_question(values, "".join(_file(digest, pictures[digest]) for digest in carried))
