"""Checks a snapshot's file without the site, its database or a network. Pure.

The public file shows that it was signed, that nothing in it was changed, that everybody stands in the right order and that
the sums of units that are large enough follow from the rows. The auditors' file shows all of it: every score is worked out
again from the raw responses and the answer key, by the code of the proof (`recomputation`) and not by the grader's.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import zip_longest
from typing import Any

from quizapp.banks.content import BankContent, Question, canonical_json, question_from_json
from quizapp.leaderboards.figures import Figures, Tree, figures_of_groups
from quizapp.leaderboards.ranking import Counted, rank_key
from quizapp.leaderboards.recomputation import Ended, counting_attempt, with_keys, worth
from quizapp.leaderboards.snapshot_lines import (
    KINDS,
    STATEMENT,
    SUMS,
    CountedPerson,
    Formula,
    Lines,
    TreeUnit,
    counted_units,
    group_value,
    person_value,
    standing_groups,
    tree_unit,
)
from quizapp.papers.assembly import Paper, assemble
from quizapp.papers.blueprint import Blueprint
from quizapp.receipts.content import answers_of, attempt_id
from quizapp.signing import canonical, digest_of, is_signed, key_id, parsed

PROGRESS = 10_000
LINE_BYTES = 64 * 2**20
"""No line is longer: that of the bank holds some thousand questions, all others some hundred bytes."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: a code, and where."""

    code: str
    where: str = ""


class _Broken(Exception):
    """The file can't be read any further."""


def faults_of(
    lines: Iterable[bytes], keys: Mapping[str, str] | None, progress: Callable[[int], None] = lambda _rows: None
) -> Iterator[Fault]:
    """Everything that is wrong with a file; nothing if it holds. `keys`: id → public key; None takes the file's own.

    `progress` is told how many people have been checked. What is held at a time: the units, the bank, and 16 bytes a person.
    """
    found = iter(lines)
    try:
        head = _parsed(next(found, b""))
        statement = head["statement"]
        unsigned = head.keys() != {"statement", "key", "signature", "public"} or key_id(head["public"]) != head["key"]
        known = {head["key"]: head["public"]} if keys is None else keys
        if not statement.items() >= STATEMENT.items():
            raise KeyError
        check = _Check(statement)
    except (_Broken, KeyError, TypeError, AttributeError, ValueError):
        yield Fault("not_a_snapshot")
        return
    if not is_signed(statement, head["key"], head["signature"], known):
        yield Fault("not_signed", str(head["key"]))
    elif unsigned:
        yield Fault("more_than_signed")
    number = 1
    try:
        for line in found:
            number += 1
            yield from check.line(line)
            if check.people and check.people % PROGRESS == 0 and line.startswith(b'{"row"'):
                progress(check.people)
        yield from check.end()
    except (_Broken, KeyError, TypeError, AttributeError, ValueError, IndexError):
        yield Fault("line_unreadable", str(number))


def _parsed(line: bytes) -> Any:
    if len(line) > LINE_BYTES:
        raise _Broken
    try:
        return parsed(line)
    except ValueError:
        raise _Broken from None


@dataclass
class _Check:
    statement: Mapping[str, Any]
    bank: BankContent | None = None
    tree_units: list[TreeUnit] = field(default_factory=list)
    lines_of_units: dict[int, tuple[int, ...]] = field(default_factory=dict)
    groups: list[dict[str, Any]] = field(default_factory=list)
    sums: dict[int, Figures] = field(default_factory=dict)
    people: int = 0

    def __post_init__(self) -> None:
        self.formula = Formula(**self.statement["formula"])
        self.blueprint = Blueprint.from_json(self.formula.blueprint)
        self.competition = int(self.statement["competition"])
        self._lines = Lines()
        self._participants: set[bytes] = set()
        self._before: tuple[tuple[int, ...], int, int] | None = None  # rank key, rank, submitted
        self._open: dict[str, Any] | None = None  # a row whose evidence has not come yet
        changes = self.statement["changes"]
        self._void = {change["attempt"] for change in changes if change["kind"] == "void"}
        self._moved = {change["participant"]: change["unit"] for change in changes if change["kind"] == "unit"}
        self._headcounts = {change["unit"]: change["headcount"] for change in changes if change["kind"] == "headcount"}
        self._keys = {change["question"]: change["key"] for change in changes if change["kind"] == "question"}
        self._graded: tuple[list[Question], set[int]] = [], set()

    def line(self, line: bytes) -> Iterator[Fault]:
        """Check the next line."""
        ((kind, value),) = _parsed(line).items()
        if kind == "bank":
            yield from self._bank(value)
            return
        if kind not in KINDS:
            raise _Broken
        self._lines.add(kind, line)
        if kind == "evidence":
            yield from self._evidence(value)
            return
        if kind == "row":
            yield from self._row(value)
        elif kind == "tree":
            self.tree_units.append(tree_unit(value))
        elif kind == "unit":
            self.lines_of_units[value["unit"]] = tuple(value["line"])
        elif kind == "group":
            self.groups.append(value)

    def end(self) -> Iterator[Fault]:
        """Check the sums, and whether anything is missing."""
        if self._open:
            yield Fault("evidence_missing", str(self._open["place"]))
        held = KINDS if self.audit else ("unit", "group", "row")
        digests = self.statement["digests"]
        if self.audit and self.bank is None:
            yield Fault("bank_differs", self.statement["bank"]["digest"])
        for kind in held:
            if self._lines.digests[kind] != digests[kind]:
                yield Fault(f"{kind}s_differ", f"{self._lines.digests[kind]} ≠ {digests[kind]}")
            elif self._lines.counts[kind] != self.statement["counts"][kind]:
                yield Fault("counts_differ", f"{kind}: {self._lines.counts[kind]} ≠ {self.statement['counts'][kind]}")
        if self.audit:
            yield from self._all_groups()
        else:
            yield from self._large_groups()

    @property
    def audit(self) -> bool:
        """Whether it is the auditors' file, with the evidence."""
        return self.bank is not None or bool(self.tree_units)

    def _bank(self, value: Any) -> Iterator[Fault]:
        stated = self.statement["bank"]["digest"]
        found = digest_of(value)
        if found != stated or canonical_json(value) != canonical(value):
            yield Fault("bank_differs", f"{found} ≠ {stated}")
        questions = tuple(question_from_json(question) for question in value["questions"])
        self.bank = BankContent(value["code"], value["title"], value["topics"], questions)
        self._graded = with_keys(questions, self._keys)

    # people

    @cached_property
    def tree(self) -> Tree:
        """The units, with what corrections said of their headcounts."""
        return Tree(counted_units(self.tree_units, self._headcounts))

    @cached_property
    def _unit_figures(self) -> dict[str, Figures]:
        return {each["subject"]: Figures(**each["figures"]) for each in self.groups if each["board"] == "units"}

    def _row(self, row: dict[str, Any]) -> Iterator[Fault]:
        if self._open:
            yield Fault("evidence_missing", str(self._open["place"]))
        self.people += 1
        place, where = row["place"], str(row["place"])
        person = Counted(0, row["unit"], row["score"], row["used_ms"], row["submitted_ms"])
        key = rank_key(person, self.formula.tie_keys)
        before, rank = self._before, self.people
        if before and before[0] == key:
            rank = before[1]
        if place != self.people or row["rank"] != rank:
            yield Fault("place_differs", f"{where}: rank {row['rank']}, should be {rank} at place {self.people}")
        if before and (before[0], before[2]) > (key, person.submitted_ms):
            yield Fault("order_differs", where)
        self._before = key, rank, person.submitted_ms
        participant = bytes.fromhex(row["participant"])
        if participant in self._participants:
            yield Fault("twice", where)
        self._participants.add(participant)
        if self.audit:
            self._open = row
        else:
            self._add(row["unit"], row["score"], row["used_ms"])

    def _add(self, unit: int | None, score: int, used_ms: int) -> None:
        if unit is not None:
            full, passed = int(score == self.formula.full_score), int(score >= self.formula.pass_score)
            self.sums[unit] = self.sums.get(unit, Figures()) + Figures(0, 1, score, used_ms, full, passed)

    # evidence

    def _evidence(self, value: dict[str, Any]) -> Iterator[Fault]:
        if self.bank is None:
            raise _Broken
        row, self._open = self._open, None
        attempts = value["attempts"]
        participant = self._id(attempts[0]["seed"])
        where = str(row["place"]) if row else participant
        ended: dict[int, Ended] = {}
        drawn: dict[int, Paper] = {}
        questions, void = self._graded
        for attempt in attempts:
            if not 0 <= attempt["used_ms"] <= attempt["submitted_ms"] - attempt["started_ms"]:
                yield Fault("time_impossible", where)
            if self._id(attempt["seed"]) in self._void:
                continue
            paper = self._paper(attempt["seed"])
            chosen = dict(enumerate(attempt["chosen"], start=1))
            partial = self.formula.multiple_scoring == "partial"
            of = worth(paper, questions, chosen, partial=partial, void=void)
            ordinal = attempt["ordinal"]
            drawn[ordinal] = paper
            ended[ordinal] = Ended(ordinal, attempt["unit"], of, attempt["used_ms"], attempt["submitted_ms"])
        best = counting_attempt(self.formula.keep, ended.values())
        if best is None or row is None:
            if best is not None or row is not None:
                yield Fault("row_differs", where)
            return
        counted = next(attempt for attempt in attempts if attempt["ordinal"] == best.ordinal)
        chosen = dict(enumerate(counted["chosen"], start=1))
        answers = digest_of(answers_of(drawn[best.ordinal], self.bank, chosen))
        if answers != row["answers"]:
            yield Fault("responses_differ", where)
        unit = self._moved.get(participant, best.organization)
        person = CountedPerson(
            participant=participant,
            attempt=self._id(counted["seed"]),
            answers=row["answers"],  # said above
            unit=unit,
            score=best.worth.score,
            used_ms=best.used_ms,
            submitted_ms=best.submitted_ms,
        )
        line = self.tree.line(unit) if unit is not None else ()
        right = person_value(row["place"], row["rank"], person, line, self._unit_figures, self.formula.minimum)
        if right != row:
            names = [name for name in right if right[name] != row.get(name)]
            yield Fault("row_differs", f"{where}: " + ", ".join(f"{n} {row.get(n)} ≠ {right[n]}" for n in names))
        self._add(unit, best.worth.score, best.used_ms)

    def _id(self, seed: str) -> str:
        return attempt_id(self.competition, seed).hex()

    def _paper(self, seed: str) -> Paper:
        assert self.bank is not None
        return assemble(
            self.blueprint,
            self.bank,
            seed,
            shuffle_questions=self.formula.shuffle_questions,
            shuffle_options=self.formula.shuffle_options,
        )

    # groups

    def _all_groups(self) -> Iterator[Fault]:
        figures = figures_of_groups(self.tree, self.sums)
        yield from self._same_groups(figures)
        for unit in self.tree_units:
            took_part = figures["units"].get(str(unit.unit), Figures()).participants > 0
            if took_part != (unit.unit in self.lines_of_units) or (
                took_part and self.lines_of_units[unit.unit] != self.tree.line(unit.unit)
            ):
                yield Fault("unit_differs", str(unit.unit))

    def _large_groups(self) -> Iterator[Fault]:
        """What can be seen without the evidence: the order, and the sums of units that are large enough to be shown."""
        figures: dict[str, dict[str, Figures]] = {"units": {}, "regions": {}, "industries": {}}
        for each in self.groups:
            figures[each["board"]][each["subject"]] = Figures(**each["figures"])
        yield from self._same_groups(figures)
        sums: dict[int, Figures] = {}
        for unit, own in self.sums.items():
            for above in self.lines_of_units[unit]:
                sums[above] = sums.get(above, Figures()) + own
        for subject, stated in figures["units"].items():
            found = sums.get(int(subject), Figures())
            if stated.participants >= self.formula.minimum:
                names = [name for name in ("participants", *SUMS) if getattr(found, name) != getattr(stated, name)]
                if names:
                    yield Fault("group_differs", f"units {subject}: {', '.join(names)}")

    def _same_groups(self, figures: Mapping[str, Mapping[str, Figures]]) -> Iterator[Fault]:
        rows = standing_groups(figures, self.formula.minimum)
        right = [value for row in rows if (value := group_value(row, self.formula.minimum))]
        for stands, should in zip_longest(self.groups, right):
            if stands != should:
                one = stands or should
                assert one is not None  # of two that differ one is there
                yield Fault("group_differs", f"{one['board']} {one['subject']}, place {one['place']}")
