"""What the response processing of a QTI item gives for a choice, found by trying every answer. Pure.

Programs write the same scoring in many ways, with feedback in between. A choice has at most 256 answers: so the rules are
carried out for each of them, and the points compared with what our competitions can give. What isn't understood is not
guessed at.
"""

import contextlib
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

from quizapp.banks.formats.xml.elements import Element, number_in

STEPS = 2_000  # elements of the rules that are carried out for each answer

Answer: TypeAlias = frozenset[str]
# NULL is None; a container is a tuple, in which the order doesn't matter here.
Value: TypeAlias = "str | float | bool | tuple[str | float | bool, ...] | None"

_STANDARD = re.compile(r"https?://(?:www|purl)\.(?:imsglobal|1edtech)\.org/\S+/rptemplates/(\w+?)(?:\.xml)?")
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}
MATCH, MAP = ("match_correct", "CC2_match", "CC2_match_basic"), ("map_response",)


class NotOurs(Exception):
    """The scoring can't be carried out, or gives points as no competition of ours does; `words` say by what."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass(frozen=True)
class Response:
    """A response declaration: `correct` is empty where none is said, `mapping` None where there is none."""

    identifier: str
    cardinality: str
    correct: Answer
    mapping: "Mapping_ | None"

    @property
    def multiple(self) -> bool:
        """Whether several options can be chosen."""
        return self.cardinality != "single"


@dataclass(frozen=True)
class Mapping_:  # noqa: N801  (the word is QTI's, and taken by collections.abc)
    """Points for each chosen option, summed up and kept between the bounds."""

    entries: Mapping[str, float]
    default: float = 0.0
    lower: float = -math.inf
    upper: float = math.inf

    def points(self, answer: Answer) -> float:
        """What an answer gets. Raises NotOurs."""
        if math.isnan(self.lower) or math.isnan(self.upper):
            raise NotOurs("lower-bound, upper-bound")
        total = sum((self.entries.get(choice, self.default) for choice in sorted(answer)), 0.0)
        return min(max(total, self.lower), self.upper)

    @property
    def right(self) -> Answer:
        """The options that get points."""
        return frozenset(choice for choice, value in self.entries.items() if value > 0)


def key_of(
    response: Response, choices: tuple[str, ...], most: int, processing: Element | None, outcomes: Mapping[str, Value]
) -> Answer:
    """The right options, which may be none where none is said; people choose at most `most`. Raises NotOurs."""
    standard = _STANDARD.fullmatch(processing.get("template")) if processing else None
    if standard and standard.group(1) in MATCH:  # all or nothing for exactly this
        return response.correct
    given = _points(response, processing, outcomes)
    key = response.correct or (response.mapping.right if response.mapping else frozenset())
    if given is None or not 0 < len(key) <= most:  # what is wrong with such a key, the check says better
        return key
    sizes = range(most + 1)
    answers = [frozenset(chosen) for size in sizes for chosen in combinations(choices, size)]
    points = {answer: given(answer) for answer in answers}
    if key in points and any(_same(points, rule) for rule in _our_rules(key, points[key])):
        return key
    shown = dict(response.mapping.entries) if response.mapping else {_plus(each): points[each] for each in answers[1:7]}
    if response.mapping and response.mapping.default:
        shown["*"] = response.mapping.default
    raise NotOurs(f"{_name(processing)}: {' '.join(f'{name}={value:g}' for name, value in shown.items())}")


def _plus(answer: Answer) -> str:
    return "+".join(sorted(answer))


def _our_rules(key: Answer, full: float) -> list[Callable[[Answer], float]]:
    """The ways to give `full` points for the key: for nothing else; a share for each right one, and none once a wrong one
    is chosen; a share for each right one. The last is how QTI's own template gives points for a part: who chose all gets
    them too, which in our competitions nobody does; but it says as clearly which options are right.
    """
    if not full > 0:
        return []
    share = full / len(key)
    return [
        lambda answer: full if answer == key else 0,
        lambda answer: share * len(answer) if answer <= key else 0,
        lambda answer: share * len(answer & key),
    ]


def _same(points: Mapping[Answer, float], rule: Callable[[Answer], float]) -> bool:
    return all(math.isclose(given, rule(answer), abs_tol=1e-6) for answer, given in points.items())


def _name(processing: Element | None) -> str:
    template = processing.get("template") if processing else ""
    return template.rpartition("/")[2] or "responseProcessing"


def _points(
    response: Response, processing: Element | None, outcomes: Mapping[str, Value]
) -> Callable[[Answer], float] | None:
    """How points are given for an answer; None where the item doesn't say."""
    mapping = response.mapping
    rules = list(processing.elements) if processing else []
    template = processing.get("template") if processing else ""
    standard = _STANDARD.fullmatch(template)
    if (standard and standard.group(1) in MAP) or not (rules or template):
        # Without any processing the item leaves the points to others; a mapping says what was meant all the same.
        return mapping.points if mapping else None
    if not rules:
        raise NotOurs(template[:200])
    written = {
        each.get("identifier")
        for rule in rules
        for each in (rule, *rule.descendants())
        if each.tag in ("set-outcome-value", "lookup-outcome-value")
    }
    if "SCORE" not in written and not any(isinstance(outcomes.get(name), float) for name in written):
        return None  # feedback only
    if sum(1 + len(list(rule.descendants())) for rule in rules) > STEPS:
        raise NotOurs(_name(processing))
    return lambda answer: _Rules(response, answer, outcomes).score(rules)


class _Exit(Exception):
    pass


class _Rules:
    """The rules of an item, carried out for one answer."""

    def __init__(self, response: Response, answer: Answer, outcomes: Mapping[str, Value]) -> None:
        self.response = response
        self.outcomes = dict(outcomes)
        chosen = tuple(sorted(answer))
        self.answer: Value = (chosen or None) if response.multiple else (chosen[0] if chosen else None)

    def score(self, rules: list[Element]) -> float:
        with contextlib.suppress(_Exit):
            self.run(rules)
        score = self.outcomes.get("SCORE", 0.0)
        return _number(0.0 if score is None else score)

    def run(self, rules: list[Element]) -> None:
        for rule in rules:
            if rule.tag == "set-outcome-value":
                self.outcomes[rule.get("identifier")] = self.value(*_operands(rule, 1))
            elif rule.tag == "response-condition":
                self.choose(list(rule.elements))
            elif rule.tag == "response-processing-fragment":
                self.run(list(rule.elements))
            elif rule.tag == "exit-response":
                raise _Exit
            else:
                raise NotOurs(rule.tag)

    def choose(self, branches: list[Element]) -> None:
        """The first branch whose condition is true; one that is NULL counts as false."""
        for branch in branches:
            parts = list(branch.elements)
            if branch.tag == "response-else":
                self.run(parts)
                return
            if branch.tag not in ("response-if", "response-else-if") or not parts:
                raise NotOurs(branch.tag)
            if self.value(parts[0]) is True:
                self.run(parts[1:])
                return

    def value(self, node: Element) -> Value:
        if node.tag == "base-value":
            return _base_value(node.text().strip(), node.get("base-type"))
        if node.tag in ("variable", "correct", "map-response", "default"):
            return self.variable(node)
        if node.tag == "null":
            return None
        operator = _OPERATORS.get(node.tag)
        if operator is None or (node.tag == "equal" and node.get("tolerance-mode", "exact") != "exact"):
            raise NotOurs(node.tag)
        return operator([self.value(part) for part in node.elements])

    def variable(self, node: Element) -> Value:
        name = node.get("identifier")
        is_response = name == self.response.identifier
        if node.tag == "variable" and (is_response or name in self.outcomes):
            return self.answer if is_response else self.outcomes[name]
        if node.tag == "correct" and is_response and self.response.correct:
            correct = tuple(sorted(self.response.correct))
            return correct if self.response.multiple else correct[0]
        if node.tag == "map-response" and is_response and self.response.mapping:
            return self.response.mapping.points(frozenset(_items(self.answer)))  # type: ignore[arg-type]
        raise NotOurs(f"{node.tag} {name}")


def _operands(node: Element, count: int) -> list[Element]:
    found = list(node.elements)
    if len(found) != count:
        raise NotOurs(node.tag)
    return found


def _base_value(text: str, kind: str) -> Value:
    if kind in ("float", "integer"):
        number = number_in(text)
        if not math.isfinite(number):
            raise NotOurs(text[:40])
        return number
    if kind == "boolean":
        if text not in _TRUTHS:
            raise NotOurs(text[:40])
        return _TRUTHS[text]
    return text


def default_value(kind: str, text: str) -> Value:
    """An outcome's value before any rule: numbers begin at 0, everything else at NULL."""
    if text:
        return _base_value(text, kind)
    return 0.0 if kind in ("float", "integer") else None


def _number(value: Value) -> float:
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise NotOurs(f"{value}"[:40])


def _items(value: Value) -> tuple[str | float | bool, ...]:
    return () if value is None else value if isinstance(value, tuple) else (value,)


def _and(values: list[Value]) -> Value:
    truths = [_truth(value) for value in values]
    return False if False in truths else None if None in truths else True


def _or(values: list[Value]) -> Value:
    truths = [_truth(value) for value in values]
    return True if True in truths else None if None in truths else False


def _truth(value: Value) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise NotOurs(f"{value}"[:40])


def _strict(operator: Callable[..., Value], count: int) -> Callable[[list[Value]], Value]:
    """An operator that is NULL wherever an operand is."""

    def applied(values: list[Value]) -> Value:
        if count and len(values) != count:
            raise NotOurs(f"{len(values)} operands")
        return None if None in values else operator(*values)

    return applied


def _matches(first: Value, second: Value) -> Value:
    return Counter(_items(first)) == Counter(_items(second))


def _compare(operator: Callable[[float, float], bool]) -> Callable[[list[Value]], Value]:
    return _strict(lambda first, second: operator(_number(first), _number(second)), 2)


_OPERATORS: dict[str, Callable[[list[Value]], Value]] = {
    "is-null": lambda values: values in ([None], [()], [""]),
    "not": _strict(lambda value: not _truth(value), 1),
    "and": _and,
    "or": _or,
    "match": _strict(_matches, 2),
    "member": _strict(lambda item, container: item in _items(container), 2),
    "contains": _strict(lambda one, other: not Counter(_items(other)) - Counter(_items(one)), 2),
    "equal": _compare(lambda first, second: first == second),
    "gt": _compare(lambda first, second: first > second),
    "gte": _compare(lambda first, second: first >= second),
    "lt": _compare(lambda first, second: first < second),
    "lte": _compare(lambda first, second: first <= second),
    "sum": _strict(lambda *values: sum(map(_number, values), 0.0), 0),
    "product": _strict(lambda *values: math.prod(map(_number, values)), 0),
    "subtract": _strict(lambda first, second: _number(first) - _number(second), 2),
    "multiple": lambda values: tuple(item for value in values for item in _items(value)) or None,
    "container-size": lambda values: float(sum(len(_items(value)) for value in values)),
}
