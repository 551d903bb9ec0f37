"""Writes the snapshots of frozen standings, and gives them out as files.

What goes into a file is made once, while the standings are, and kept compressed in parts: a download puts parts together.
"""

import gzip
import hashlib
import json
import pickle
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, TypeVar

from sqlalchemy import Connection, func, insert, select, tuple_

from quizapp.accounts.models import Account
from quizapp.attempts.models import Attempt, Response, Result
from quizapp.banks.content import content_to_json
from quizapp.banks.queries import version_content
from quizapp.clock import to_ms
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import blueprint_of
from quizapp.errors import NotFound
from quizapp.extensions import Base, db, settings, signing_key
from quizapp.leaderboards.corrections import Changes, Corrected
from quizapp.leaderboards.figures import Figures
from quizapp.leaderboards.headcounts import locked_headcounts
from quizapp.leaderboards.models import Snapshot, SnapshotPart
from quizapp.leaderboards.snapshot_lines import (
    STATEMENT,
    CountedPerson,
    Formula,
    Lines,
    TreeUnit,
    group_value,
    person_value,
    tree_unit,
)
from quizapp.leaderboards.sources import BoardRules
from quizapp.leaderboards.standings import StandingRow
from quizapp.organizations.models import Membership, Organization
from quizapp.papers.assembly import assemble
from quizapp.receipts.content import answers_of, attempt_id
from quizapp.receipts.models import ReceiptEntry
from quizapp.signing import canonical, digest_of

T = TypeVar("T")

SCRIPT = Path(__file__).with_name("check_standings.py")
"""Checks a public file with Python alone."""
PEOPLE_A_PORTION = 500
BIGGEST_NUMBER = 2**31 - 1  # an address may hold any number; a database takes no larger one
PART_BYTES = 2**20  # before it is compressed
CODE = (
    "attempts.tallies",
    "banks.checking.needs",
    "banks.content",
    "leaderboards.corrections",
    "leaderboards.figures",
    "leaderboards.ranking",
    "leaderboards.recomputation",
    "leaderboards.snapshot_lines",
    "leaderboards.standings",
    "papers.assembly",
    "papers.blueprint",
    "receipts.content",
)
"""What decides the standings."""


def code_digest() -> str:
    """The SHA-256 of the sources of all modules that decide the standings."""
    found = hashlib.sha256()
    for name in CODE:
        found.update(Path(str(import_module(f"quizapp.{name}").__file__)).read_bytes())
    return found.hexdigest()


def formula_of(competition: Competition, rules: BoardRules) -> Formula:
    """How the competition counts and orders."""
    return Formula(
        keep=competition.keep,
        multiple_scoring=competition.multiple_scoring,
        tie_keys=rules.tie_keys,
        minimum=rules.minimum,
        full_score=blueprint_of(competition).full_score,
        pass_score=competition.pass_score,
        blueprint=competition.blueprint,
        shuffle_questions=competition.shuffle_questions,
        shuffle_options=competition.shuffle_options,
    )


def units_now(connection: Connection, competition: int) -> list[TreeUnit]:
    """All units as they are now, with how many belong to each and the headcounts that the competition counts with."""
    locked = locked_headcounts(connection, competition)
    members = (
        select(Membership.organization_id, func.count())
        .where(Membership.state != "removed")
        .group_by(Membership.organization_id)
    )
    registered = {row[0]: row[1] for row in connection.execute(members)}
    own = Organization.id, Organization.path, Organization.name, Organization.code
    details = Organization.region, Organization.industry, Organization.headcount, Organization.is_central
    rows = select(*own, *details).order_by(Organization.id)
    return [
        TreeUnit(
            unit=row.id,
            line=tuple(map(int, row.path.strip("/").split("/"))),
            name=row.name,
            code=row.code,
            region=row.region,
            industry=row.industry,
            headcount=locked.get(row.id, row.headcount),
            registered=registered.get(row.id, 0),
            central=row.is_central,
        )
        for row in connection.execute(rows)
    ]


def units_of(snapshot: Snapshot) -> list[TreeUnit]:
    """All units as they were at the freeze."""
    units = []
    for line in lines_of(snapshot, "audit"):
        found = json.loads(line)
        if "tree" in found:
            units.append(tree_unit(found["tree"]))
        elif not found.keys() & {"statement", "bank"}:
            break
    return units


class Rows:
    """Rows that are worked out before the one transaction that inserts them, which is then short."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def add(self, table: type[Base], rows: list[dict[str, Any]]) -> None:
        """Put rows of a table at the end."""
        pickle.dump((table, rows), self._file, pickle.HIGHEST_PROTOCOL)

    def insert(self) -> None:
        """Insert all of them, in their order."""
        end = self._file.tell()
        self._file.seek(0)
        while self._file.tell() < end:
            table, rows = pickle.load(self._file)  # noqa: S301  # nobody else can write to it
            db.session.execute(insert(table), rows)


@contextmanager
def rows_on_disk() -> Iterator[Rows]:
    """Rows that lie on disk meanwhile: a million people's evidence is more than there is memory, or than /tmp may hold."""
    with TemporaryFile(dir=settings().data_dir) as file:
        yield Rows(file)


class Writer:
    """Works one snapshot out: `begin`, then `people` for each portion in the order of places, then `end`.

    It reads only; what it makes goes into `rows`.
    """

    def __init__(
        self,
        competition: Competition,
        rules: BoardRules,
        rows: Rows,
        *,
        now: datetime,
        changes: Changes = (),
        before: Snapshot | None = None,
    ) -> None:
        self.rules = rules
        self.now = now
        self.corrected = Corrected(db.session.connection(), competition, changes)
        self._competition = competition
        self._number = before.number + 1 if before else 1
        self._previous = before.digest if before else ""
        self._changes = changes
        self._formula = formula_of(competition, rules)
        self._blueprint = blueprint_of(competition)
        self._content = version_content(competition.bank_version_id)  # asked for once: else a query for each paper
        self._lines = Lines()
        self._files = {name: _Parts(rows, competition.id, self._number, name) for name in ("public", "audit")}
        self._units: dict[str, Figures] = {}
        self._tree: dict[int, tuple[int, ...]] = {}

    def begin(self, units: Iterable[TreeUnit], figures: dict[str, Figures], groups: Iterable[StandingRow]) -> None:
        """Write what people's rows refer to: the bank, the units with their `figures`, and the rows of the groups."""
        self._units = figures
        self._files["audit"].add(canonical({"bank": content_to_json(self._content)}) + b"\n")
        units = list(units)
        self._tree = {unit.unit: unit.line for unit in units}
        for unit in units:
            self._files["audit"].add(self._lines.line("tree", unit.value))
        for unit in units:
            if figures.get(str(unit.unit), Figures()).participants:
                self._both("unit", {"unit": unit.unit, "line": list(unit.line), "name": unit.name})
        for row in groups:
            if (value := group_value(row, self._formula.minimum)) is not None:
                self._both("group", value)

    def people(self, rows: Sequence[StandingRow]) -> None:
        """Write people's rows with their evidence."""
        accounts = [int(row.subject) for row in rows]
        evidence = self._evidence(accounts)
        ordinals = self._counted_ordinals(accounts)
        answers = self._answers(ordinals)
        for row, account in zip(rows, accounts, strict=True):
            attempts = evidence[account]
            ordinal = ordinals[account]
            counted = next(attempt for attempt in attempts if attempt["ordinal"] == ordinal)
            digest = answers.get(account)
            if digest is None:  # its receipt has not been entered yet
                chosen = dict(enumerate(counted["chosen"], start=1))
                paper = assemble(
                    self._blueprint,
                    self._content,
                    counted["seed"],
                    shuffle_questions=self._formula.shuffle_questions,
                    shuffle_options=self._formula.shuffle_options,
                )
                digest = digest_of(answers_of(paper, self._content, chosen))
            person = CountedPerson(
                participant=self._id(attempts[0]["seed"]),
                attempt=self._id(counted["seed"]),
                answers=digest,
                unit=row.organization_id,
                score=row.figures["score"],
                used_ms=row.figures["used_ms"],
                submitted_ms=row.figures["submitted_ms"],
            )
            line = self._tree.get(row.organization_id or 0, ())
            self._both("row", person_value(row.place, row.rank, person, line, self._units, self._formula.minimum))
            self._files["audit"].add(self._lines.line("evidence", {"attempts": attempts}))

    def end(self, *, actor: Account | None, reason: str = "", differences: dict[str, Any] | None = None) -> Snapshot:
        """Write the evidence of those for whom nothing counts any more, and sign. The snapshot is not in the session yet."""
        nothing_counts = sorted(account for account, person in self.corrected.counted.items() if person is None)
        for attempts in self._evidence(nothing_counts).values():
            if attempts:
                self._files["audit"].add(self._lines.line("evidence", {"attempts": attempts}))
        competition = self._competition
        statement = {
            **STATEMENT,
            "competition": competition.id,
            "title": competition.title,
            "number": self._number,
            "previous": self._previous,
            "made_ms": to_ms(self.now),
            "reason": reason,
            "changes": self._public_changes(),
            "code": code_digest(),
            "formula": {name: getattr(self._formula, name) for name in Formula.__slots__},
            "bank": {
                "code": self._content.code,
                "number": competition.bank_version.number,
                "digest": competition.bank_version.digest,
            },
            "counts": self._lines.counts,
            "digests": self._lines.digests,
        }
        key = signing_key()
        signed = key.sign(statement)
        head = canonical({"statement": statement, **signed, "public": key.public}) + b"\n"
        for parts in self._files.values():
            parts.end(head)
        return Snapshot(
            competition_id=competition.id,
            number=self._number,
            made_at=self.now,
            made_by_id=actor.id if actor else None,
            reason=reason,
            changes=list(self._changes),
            differences=differences or {},
            statement=canonical(statement).decode(),
            digest=digest_of(statement),
            **signed,
        )

    def _both(self, kind: str, value: object) -> None:
        line = self._lines.line(kind, value)
        for parts in self._files.values():
            parts.add(line)

    def _id(self, seed: str) -> str:
        return attempt_id(self._competition.id, seed).hex()

    def _evidence(self, accounts: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        """Everybody's attempts with the raw responses, in order."""
        of = self._competition.id
        chosen: dict[tuple[int, int], dict[int, int]] = {}
        for account, ordinal, position, mask in db.session.execute(
            select(Response.account_id, Response.ordinal, Response.position, Response.chosen).where(
                Response.competition_id == of, Response.account_id.in_(accounts)
            )
        ):
            chosen.setdefault((account, ordinal), {})[position] = mask
        found: dict[int, list[dict[str, Any]]] = {account: [] for account in accounts}
        columns = (
            Attempt.ordinal,
            Attempt.organization_id,
            Attempt.seed,
            Attempt.started_ms,
            Attempt.submitted_ms,
            Attempt.used_ms,
        )
        names = ("ordinal", "unit", "seed", "started_ms", "submitted_ms", "used_ms")
        rows = select(Attempt.account_id, *columns).where(
            Attempt.competition_id == of, Attempt.account_id.in_(accounts), Attempt.submitted_ms.is_not(None)
        )
        length = self._blueprint.question_count
        for account, ordinal, *values in db.session.execute(rows.order_by(Attempt.account_id, Attempt.ordinal)):
            masks = chosen.get((account, ordinal), {})
            answers = [masks.get(position, 0) for position in range(1, length + 1)]
            facts = dict(zip(names, (ordinal, *values), strict=True))
            found[account].append({**facts, "chosen": answers})
        return found

    def _counted_ordinals(self, accounts: Sequence[int]) -> dict[int, int]:
        rows = select(Result.account_id, Result.ordinal).where(
            Result.competition_id == self._competition.id, Result.account_id.in_(accounts)
        )
        return {row[0]: row[1] for row in db.session.execute(rows)} | self.corrected.ordinals

    def _answers(self, ordinals: dict[int, int]) -> dict[int, str]:
        """The digests of the counted attempts' answers that are in receipts."""
        entry = tuple_(ReceiptEntry.account_id, ReceiptEntry.ordinal)
        rows = select(ReceiptEntry.account_id, ReceiptEntry.answers).where(
            ReceiptEntry.competition_id == self._competition.id, entry.in_(list(ordinals.items()))
        )
        return {account: answers.hex() for account, answers in db.session.execute(rows)}

    def _public_changes(self) -> list[dict[str, Any]]:
        """The changes without accounts."""
        accounts = sorted(self.corrected.named)
        seeds = {
            (account, attempt["ordinal"]): attempt["seed"]
            for account, attempts in self._evidence(accounts).items()
            for attempt in attempts
        }
        firsts: dict[int, str] = {}
        for (account, _ordinal), seed in sorted(seeds.items()):
            firsts.setdefault(account, seed)
        found: list[dict[str, Any]] = []
        for change in self._changes:
            if change["kind"] == "void":
                attempt = self._id(seeds[change["account"], change["ordinal"]])
                found.append({"kind": "void", "attempt": attempt})
            elif change["kind"] == "unit":
                participant = self._id(firsts[change["account"]])
                found.append({"kind": "unit", "participant": participant, "unit": change["unit"]})
            else:
                found.append(dict(change))
        return found


class _Parts:
    """Lines that become parts of a file; the first part, which is written last, is the statement's."""

    def __init__(self, rows: Rows, competition: int, number: int, file: str) -> None:
        self._rows = rows
        self._of = {"competition_id": competition, "number": number, "file": file}
        self._waiting: list[bytes] = []
        self._bytes = 0
        self._position = 0

    def add(self, line: bytes) -> None:
        self._waiting.append(line)
        self._bytes += len(line)
        if self._bytes >= PART_BYTES:
            self._write()

    def end(self, head: bytes) -> None:
        if self._waiting:
            self._write()
        self._insert(0, head)

    def _write(self) -> None:
        self._position += 1
        self._insert(self._position, b"".join(self._waiting))
        self._waiting, self._bytes = [], 0

    def _insert(self, position: int, content: bytes) -> None:
        packed = gzip.compress(content, 6, mtime=0)
        self._rows.add(SnapshotPart, [{**self._of, "position": position, "content": packed}])


# Files


def parts_of(snapshot: Snapshot, file: str) -> Iterator[bytes]:
    """The compressed parts of a snapshot's "public" or "audit" file: one after the other they are the file."""
    rows = select(SnapshotPart.content).where(
        SnapshotPart.competition_id == snapshot.competition_id,
        SnapshotPart.number == snapshot.number,
        SnapshotPart.file == file,
    )
    position = 0
    while (content := db.session.scalar(rows.where(SnapshotPart.position == position))) is not None:
        yield content
        position += 1


def lines_of(snapshot: Snapshot, file: str) -> Iterator[bytes]:
    """The lines of a snapshot's file."""
    for part in parts_of(snapshot, file):
        yield from gzip.decompress(part).splitlines(keepends=True)


def file_name(snapshot: Snapshot, file: str) -> str:
    """What the file is called: "standings-12-1.jsonl.gz", the auditors' "standings-12-1-audit.jsonl.gz"."""
    suffix = "" if file == "public" else "-audit"
    return f"standings-{snapshot.competition_id}-{snapshot.number}{suffix}.jsonl.gz"


def portions(rows: Iterable[T], size: int = PEOPLE_A_PORTION) -> Iterator[list[T]]:
    """The rows, some at a time."""
    found = iter(rows)
    while portion := list(islice(found, size)):
        yield portion


def snapshot_in_force(competition: Competition) -> Snapshot | None:
    """The latest snapshot: its rows are those that the tables Standing and Freeze hold. None before the freeze."""
    rows = select(Snapshot).where(Snapshot.competition_id == competition.id)
    return db.session.scalar(rows.order_by(Snapshot.number.desc()).limit(1))


def snapshot_or_404(competition: Competition, number: int | None = None) -> Snapshot:
    """A snapshot by its number; without one that in force. Raises NotFound."""
    if number is None:
        found = snapshot_in_force(competition)
    else:
        found = db.session.get(Snapshot, (competition.id, min(number, BIGGEST_NUMBER)))
    if found is None:
        raise NotFound()
    return found
