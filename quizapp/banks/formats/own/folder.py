"""A bank as the project's folder: `bank.yaml`, and a file a topic in `formal/` and `practice/`, as people keep it in git. Pure.

`project.read_folder` is the way back, and gives the same digest: where the files' order is not that of the questions,
`bank.yaml` says it.
"""

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

import yaml

from quizapp.banks.content import POOLS, BankContent, Question, question_to_json
from quizapp.banks.formats.own.project import QUESTION_ORDER

MOST_FILES = 400
ALL_TOPICS = "questions"
_POOL_MARKS = {"formal": "", "practice": " · 练习题池"}
_FILE_NAME = re.compile(r"\w[\w-]{0,39}")


class _Dumper(yaml.SafeDumper):
    """Lists stand under their field, indented, and longer texts keep their lines; nothing is an alias of anything."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def write_folder(content: BankContent, *, license_name: str = "") -> dict[str, str]:
    """The folder's files: path with "/" → text. `license_name` goes into `bank.yaml`; it is not part of the content."""
    groups = _groups(content)
    header: dict[str, Any] = {"code": content.code, "title": content.title}
    if license_name:
        header["license"] = license_name
    header["topics"] = content.topics
    text = _dump(header)
    if [each for path in sorted(groups, key=_as_read) for each in groups[path]] != [*content.questions]:
        order = yaml.dump({"order": [question.code for question in content.questions]}, **_OPTIONS, Dumper=_Flow)
        text += f"# 试题在版本里的次序，与各文件的次序不同。没有列出的试题排在最后。\n{order}"
    files = {"bank.yaml": text}
    for path, questions in groups.items():
        pool, _, name = path.partition("/")
        topic = name.removesuffix(".yaml")
        known = {"pool": pool, "topic": topic}
        heading = _one_line(f"# {topic} {content.topics.get(topic, '')}")
        files[path] = heading + _POOL_MARKS[pool] + "\n" + _dump_all(questions, known)
    return files


def _groups(content: BankContent) -> dict[str, list[Question]]:
    """The questions by file. A topic whose code is no name for a file says its topic in each question."""
    names = _file_names(content)
    groups: dict[str, list[Question]] = {}
    for question in content.questions:
        groups.setdefault(f"{question.pool}/{names[question.topic]}.yaml", []).append(question)
    return groups


def _file_names(content: BankContent) -> dict[str, str]:
    """Topic → the name of its file. Some systems don't tell T01 from t01."""
    topics = dict.fromkeys([*content.topics, *(question.topic for question in content.questions)])
    taken: set[str] = {ALL_TOPICS}
    names: dict[str, str] = {}
    for topic in topics:
        usable = _FILE_NAME.fullmatch(topic) and topic.casefold() not in taken
        names[topic] = topic if usable and len(topics) * len(POOLS) <= MOST_FILES else ALL_TOPICS
        taken.add(topic.casefold())
    return names


def _as_read(path: str) -> list[str]:
    """The order in which a folder's files are read."""
    return path.split("/")


def _dump_all(questions: Iterable[Question], known: dict[str, str]) -> str:
    return "".join(f"\n{_dump([_as_written(question, known)])}" for question in questions)


def _as_written(question: Question, known: dict[str, str]) -> dict[str, Any]:
    value = question_to_json(question)
    for name in ("valid_from", "valid_to"):
        if name in value:
            value[name] = date.fromisoformat(value[name])
    return {name: value[name] for name in QUESTION_ORDER if name in value and value[name] != known.get(name)}


_OPTIONS: dict[str, Any] = {"allow_unicode": True, "sort_keys": False, "width": 130}


class _Flow(_Dumper):
    """Short lists in a line."""


def _flow(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)


_Flow.add_representer(list, _flow)


def _dump(value: Any) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, **_OPTIONS)
    return text


def _one_line(text: str) -> str:
    return "".join(char for char in " ".join(text.split()) if char.isprintable())
