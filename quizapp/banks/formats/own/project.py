"""The project's own format: YAML or JSON, one file with everything or a folder with a file a topic. Pure.

`question_banks/README.md` describes it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from quizapp.banks.content import LETTERS, BankContent, content_to_json
from quizapp.banks.entries import TEXT_FIELDS, Entry, Header, Source
from quizapp.banks.findings import ERROR, Finding, Where
from quizapp.banks.formats.own.documents import Node

HEADER_FIELDS = ("code", "title", "topics", "license", "order", "questions")
QUESTION_FIELDS = (*(name for name in TEXT_FIELDS if not name.startswith("english_")), "options", "english")
ENGLISH_FIELDS = ("stem", "options", "explanation")


def read_document(name: str, root: Node) -> Source:
    """A single file: the bank's header and its `questions`."""
    reader = _Reader()
    header = reader.header(name, root)
    questions = root.value.get("questions") if isinstance(root.value, dict) else None
    if questions is not None:
        reader.questions(name, questions)
    return Source(name, header, reader.in_order(), tuple(reader.findings))


def read_folder(name: str, bank: tuple[str, Node], files: Iterable[tuple[str, Node]]) -> Source:
    """A folder: the header in `bank`, and files of questions, named by their path in the folder.

    A file's name is its questions' topic, and the folder that it is in (formal/ or practice/) their pool, unless they
    say another. The header's `order` lists codes of questions in the order that the files don't give them.
    """
    reader = _Reader()
    header = reader.header(*bank)
    if isinstance(bank[1].value, dict) and (questions := bank[1].value.get("questions")):
        reader.questions(bank[0], questions)
    for file, root in files:
        pool, _, last = file.rpartition("/")
        reader.questions(file, root, {"topic": last.rpartition(".")[0], "pool": pool})
    return Source(name, header, reader.in_order(), tuple(reader.findings))


class _Reader:
    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.findings: list[Finding] = []
        self.order: list[str] = []

    def fault(self, code: str, file: str, line: int, name: str = "", quoted: str = "", **facts: object) -> None:
        self.findings.append(Finding(ERROR, code, Where(file=file, line=line, field=name), facts, quoted))

    def header(self, file: str, root: Node) -> Header:
        if not isinstance(root.value, dict):
            self.fault("shape_wrong", file, root.line, expected="code, title, topics, questions")
            return Header()
        for name, node in root.value.items():
            if name not in HEADER_FIELDS:
                self.fault("field_unknown", file, node.line, name, known="、".join(HEADER_FIELDS))
        topics: dict[str, str] = {}
        named = root.value.get("topics")
        if named is not None and isinstance(named.value, dict):
            topics = {code: self.text(file, "topics", node) or "" for code, node in named.value.items()}
        elif named is not None:
            self.fault("shape_wrong", file, named.line, "topics", expected="T01: …")
        order = root.value.get("order")
        if order is not None and isinstance(order.value, list):
            self.order = [self.text(file, "order", node, ("number",)) or "" for node in order.value]
        elif order is not None and order.kind != "null":
            self.fault("shape_wrong", file, order.line, "order", expected="[T01-001, …]")
        code = self.text(file, "code", root.value.get("code"))
        title = self.text(file, "title", root.value.get("title"))
        return Header(code or "", title or "", topics)

    def in_order(self) -> tuple[Entry, ...]:
        """The entries as `order` lists their codes; those that it doesn't list come last, as they were found."""
        places = {code: place for place, code in enumerate(self.order)}
        return tuple(sorted(self.entries, key=lambda entry: places.get(entry.values.get("code", ""), len(places))))

    def text(self, file: str, name: str, node: Node | None, also: tuple[str, ...] = ()) -> str | None:
        """The text of a node; None, and a finding, if it is something else than text or a kind in `also`."""
        if node is None or node.kind == "null":
            return ""
        if isinstance(node.value, str) and (node.kind == "text" or node.kind in also):
            return node.value
        if not isinstance(node.value, str):
            self.fault("shape_wrong", file, node.line, name, expected="text")
        else:
            self.fault("not_text", file, node.line, name, node.value, value=node.value, kind=node.kind)
        return None

    def questions(self, file: str, root: Node, usual: Mapping[str, str] | None = None) -> None:
        if not isinstance(root.value, list):
            if root.kind != "null":
                self.fault("shape_wrong", file, root.line, "questions", expected="- code: …")
            return
        for node in root.value:
            if isinstance(node.value, dict):
                self.entry(file, node.line, node.value, usual or {})
            else:
                self.fault("shape_wrong", file, node.line, "questions", expected="- code: …")

    def entry(self, file: str, line: int, members: dict[str, Node], usual: Mapping[str, str]) -> None:
        values: dict[str, str] = {}
        places = {"": Where(file=file, line=line)}
        unread: set[str] = set()
        for name, node in members.items():
            places[name] = Where(file=file, line=node.line, field=name)
            if name == "options":
                self.options(file, node, values, places, unread)
                continue
            if name == "english":
                self.english(file, node, values, places, unread)
                continue
            if name not in QUESTION_FIELDS:
                self.fault("field_unknown", file, node.line, name, known="、".join(QUESTION_FIELDS))
                continue
            also: tuple[str, ...] = ("date",) if name.startswith("valid_") else ()
            if name == "key":
                # True or false is written as such. `no` or `on` is a truth value to YAML only: refused as not text.
                also = ("number", "bool") if node.value in ("true", "false", "True", "False") else ("number",)
            text = self.text(file, name, node, also)
            if text is None:
                unread.add(name)
            else:
                values[name] = text
        for name, value in usual.items():
            if value and not values.get(name) and name not in unread:
                values[name] = value
        self.entries.append(Entry(values, places, unread=frozenset(unread)))

    def options(
        self,
        file: str,
        node: Node,
        values: dict[str, str],
        places: dict[str, Where],
        unread: set[str],
        prefix: str = "",
    ) -> None:
        name = f"{prefix}options"
        if node.kind == "null":
            return
        if not isinstance(node.value, list):
            self.fault("shape_wrong", file, node.line, name, expected="- …")
            unread.add(name)
            return
        if len(node.value) > len(LETTERS):
            self.fault("options_too_many", file, node.line, name, most=len(LETTERS))
            unread.add(name)
            return
        for letter, option in zip(LETTERS, node.value, strict=False):
            text = self.text(file, f"{name} {letter}", option)
            places[prefix + letter] = Where(file=file, line=option.line, field=f"{name} {letter}")
            if text is None:
                unread.add(name)
            values[prefix + letter] = text or ""

    def english(
        self, file: str, node: Node, values: dict[str, str], places: dict[str, Where], unread: set[str]
    ) -> None:
        if node.kind == "null":
            return
        if not isinstance(node.value, dict):
            self.fault("shape_wrong", file, node.line, "english", expected="、".join(ENGLISH_FIELDS))
            unread.add("english_stem")
            return
        for name, member in node.value.items():
            if name not in ENGLISH_FIELDS:
                self.fault("field_unknown", file, member.line, name, known="、".join(ENGLISH_FIELDS))
            elif name == "options":
                self.options(file, member, values, places, unread, "english_")
            else:
                field = f"english_{name}"
                places[field] = Where(file=file, line=member.line, field=f"english {name}")
                text = self.text(file, f"english {name}", member)
                if text is None:
                    unread.add(field)
                else:
                    values[field] = text


def write_yaml(content: BankContent) -> str:
    """The content as one file that reads back to the same digest."""
    header: dict[str, Any] = content_to_json(content)
    options: dict[str, Any] = {"allow_unicode": True, "sort_keys": False, "width": 110}
    questions = header.pop("questions")
    text: list[str] = [yaml.dump(header, Dumper=yaml.CSafeDumper, **options)]
    if not questions:
        return text[0] + "questions: []\n"
    text.append("questions:\n")
    for question in questions:
        order = [name for name in QUESTION_ORDER if name in question]
        text.append("\n" + yaml.dump([{name: question[name] for name in order}], Dumper=yaml.CSafeDumper, **options))
    return "".join(text)


QUESTION_ORDER = (
    "code",
    "topic",
    "type",
    "difficulty",
    "pool",
    "stem",
    "options",
    "key",
    "explanation",
    "reference",
    "valid_from",
    "valid_to",
    "english",
)
