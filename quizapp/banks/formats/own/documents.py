"""Strict reading of YAML and JSON into nodes that know their line. Pure.

Nothing is converted: a node keeps the text that was written, and its kind says what YAML or JSON would make of it, so that
`no` and `1:30` are seen and can be refused. Refused outright: doubled names, tags, aliases, several documents, NaN, deep
nesting, too many values.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

from quizapp.banks.formats.gathering import PACKED, Unreadable

DEPTH = 12
VALUES = 600_000

Value: TypeAlias = "str | list[Node] | dict[str, Node]"


@dataclass(frozen=True, slots=True)
class Node:
    """`kind` is text, bool, number, date, null, list or map; `line` counts from 1."""

    kind: str
    value: Value
    line: int


def read_document(content: bytes, *, as_json: bool) -> Node:
    """The one document in a file's bytes, JSON or else YAML. Raises Unreadable."""
    if content.startswith(PACKED):
        raise Unreadable("file_wrong_ending", 0)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable("file_not_utf8", content.count(b"\n", 0, error.start) + 1) from error
    return read_json(text) if as_json else read_yaml(text)


# --- YAML

_resolver: Any = yaml.resolver.Resolver()
_KINDS = {"str": "text", "bool": "bool", "int": "number", "float": "number", "timestamp": "date", "null": "null"}


def read_yaml(text: str) -> Node:
    """The one document in `text`. Raises Unreadable."""
    try:
        return _YamlReader(text).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable("syntax", mark.line + 1 if mark else 1, problem=error.problem or "") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1 if isinstance(error.position, int) else 1
        raise Unreadable("text_control", line) from error
    except yaml.YAMLError as error:
        raise Unreadable("syntax", 1, problem=str(error)) from error


class _YamlReader:
    def __init__(self, text: str) -> None:
        self.events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.CSafeLoader)
        self.count = 0

    def read(self) -> Node:
        root: Node | None = None
        for event in self.events:
            if isinstance(event, yaml.StreamStartEvent | yaml.DocumentEndEvent | yaml.StreamEndEvent):
                continue
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise Unreadable("several_documents", _line(event))
                root = self.node(next(self.events), 0)
        return root or Node("null", "", 1)

    def node(self, event: yaml.Event, depth: int) -> Node:
        line = _line(event)
        self.count += 1
        if self.count > VALUES:
            raise Unreadable("too_many_values", line, limit=VALUES)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Unreadable("alias_used", line)
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event, line)
        if getattr(event, "tag", None):
            raise Unreadable("tag_used", line)
        if depth >= DEPTH:
            raise Unreadable("nested_too_deep", line, limit=DEPTH)
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
                items.append(self.node(event, depth + 1))
            return Node("list", items, line)
        members: dict[str, Node] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            name = self.node(event, depth + 1)
            if not isinstance(name.value, str):
                raise Unreadable("syntax", name.line, problem="a mapping or list as a name")
            if name.value in members:
                raise Unreadable("name_doubled", name.line, name=name.value)
            members[name.value] = self.node(next(self.events), depth + 1)
        return Node("map", members, line)

    def scalar(self, event: yaml.ScalarEvent, line: int) -> Node:
        if event.tag:
            raise Unreadable("tag_used", line)
        if not event.implicit[0]:  # quoted or a block: always text
            return Node("text", event.value, line)
        tag: str = _resolver.resolve(yaml.ScalarNode, event.value, (True, False))
        return Node(_KINDS.get(tag.rpartition(":")[2], "other"), event.value, line)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


# --- JSON

_TOKEN = re.compile(
    r'[ \t\r\n]*(?:(?P<string>"(?:[^"\\\x00-\x1f]|\\.)*")|(?P<mark>[\[\]{},:])'
    r"|(?P<number>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))|(?P<word>[A-Za-z_]\w*))"
)


def read_json(text: str) -> Node:
    """The value in `text`. Raises Unreadable."""
    return _JsonReader(text).read()


class _JsonReader:
    """A reader of our own, because the library's forgets the lines and lets a doubled name win in silence."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.line = 1
        self.count = 0

    def read(self) -> Node:
        root = self.node(self.token(), 0)
        if self.text[self.place :].strip(" \t\r\n"):
            raise Unreadable("several_documents", self.line)
        return root

    def token(self) -> tuple[str, str]:
        found = _TOKEN.match(self.text, self.place)
        if not found:
            rest = self.text[self.place :].lstrip(" \t\r\n")
            self.line += self.text.count("\n", self.place, len(self.text) - len(rest))
            raise Unreadable("syntax", self.line, problem=rest[:20] or "unexpected end")
        self.line += self.text.count("\n", self.place, found.end())
        self.place = found.end()
        kind = found.lastgroup or ""
        return kind, found.group(kind)

    def node(self, token: tuple[str, str], depth: int) -> Node:
        kind, text = token
        line = self.line
        self.count += 1
        if self.count > VALUES:
            raise Unreadable("too_many_values", line, limit=VALUES)
        if kind == "string":
            return Node("text", self.string(text), line)
        if kind == "number":
            return Node("number", text, line)
        if kind == "word":
            if text in ("true", "false"):
                return Node("bool", text, line)
            if text == "null":
                return Node("null", "", line)
            raise Unreadable("syntax", line, problem=text)
        if text not in "[{":
            raise Unreadable("syntax", line, problem=text)
        if depth >= DEPTH:
            raise Unreadable("nested_too_deep", line, limit=DEPTH)
        return self.list(line, depth) if text == "[" else self.map(line, depth)

    def list(self, line: int, depth: int) -> Node:
        items: list[Node] = []
        token = self.token()
        while token != ("mark", "]"):
            if items:
                self.expect(token, ",")
                token = self.token()
            items.append(self.node(token, depth + 1))
            token = self.token()
        return Node("list", items, line)

    def map(self, line: int, depth: int) -> Node:
        members: dict[str, Node] = {}
        token = self.token()
        while token != ("mark", "}"):
            if members:
                self.expect(token, ",")
                token = self.token()
            if token[0] != "string":
                raise Unreadable("syntax", self.line, problem=token[1])
            name = self.string(token[1])
            if name in members:
                raise Unreadable("name_doubled", self.line, name=name)
            self.expect(self.token(), ":")
            members[name] = self.node(self.token(), depth + 1)
            token = self.token()
        return Node("map", members, line)

    def expect(self, token: tuple[str, str], mark: str) -> None:
        if token != ("mark", mark):
            raise Unreadable("syntax", self.line, problem=token[1])

    def string(self, literal: str) -> str:
        try:
            text: str = json.loads(literal)
        except ValueError as error:
            raise Unreadable("syntax", self.line, problem=literal[:20]) from error
        if any("\ud800" <= char <= "\udfff" for char in text):  # half a character, which no page could show
            raise Unreadable("text_control", self.line)
        return text
