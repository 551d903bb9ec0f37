"""Proves scores and boards: all is worked out again from raw responses and the frozen bank version, and compared.

First each attempt, each person's counted result and each unit's sums, person by person; then the boards in force against
the results that were so proved, row by row. Nothing holds more than a portion of the people at a time.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from quizapp.attempts.models import Attempt, Response, Result
from quizapp.attempts.queries import paper_of
from quizapp.banks.content import BankContent, content_digest
from quizapp.banks.queries import version_content
from quizapp.competitions.interruptions import longest_given_ms
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import blueprint_of
from quizapp.extensions import db
from quizapp.leaderboards import sources
from quizapp.leaderboards.boards import Board, Place
from quizapp.leaderboards.corrections import Corrected
from quizapp.leaderboards.figures import Figures, Order, Tree, ranked_figures
from quizapp.leaderboards.frozen import FrozenBoard
from quizapp.leaderboards.live import LiveBoard
from quizapp.leaderboards.models import BOARDS, GroupPlace, Standing
from quizapp.leaderboards.ranking import Counted
from quizapp.leaderboards.recomputation import Ended, counting_attempt, tie_of, worth
from quizapp.leaderboards.snapshots import snapshot_in_force
from quizapp.leaderboards.sources import BoardRules
from quizapp.leaderboards.standings import Digest, StandingRow, group_places, group_rows

CHUNK = 500
HELD_ROWS = 20_000
"""How many rows of boards are held at most before they are compared with what stands there."""

K = TypeVar("K", bound=Hashable)
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be: `where` in words (Chinese, then English), what stands there, what should."""

    where: tuple[str, str]
    stands: str
    should: str

    def __str__(self) -> str:
        return f"{self.where[1]}: {self.stands} stands, should be {self.should}"


# scores: from raw responses to results and sums


def score_differences(connection: Connection, competition: Competition, progress: Progress) -> Iterator[Difference]:
    """What SQL keeps of attempts, results and units' sums that does not follow from raw responses, in order of accounts.

    `progress` is told how many attempts have been worked out, portion by portion.
    """
    content = version_content(competition.bank_version_id)
    version = competition.bank_version
    if (digest := content_digest(content)) != version.digest:
        yield Difference(
            (f"题库版本 {version.number}", f"bank version {version.number}"), f"digest {version.digest}", digest
        )
    sums: dict[int, Figures] = {}
    known = 0
    for portion in _portions(connection, competition.id):
        yield from _portion_differences(competition, content, portion, sums)
        known += len(portion.attempts)
        progress(known)
    tallies, _ = sources.read_tallies(connection, competition.id)
    yield from _unequal(("单位累计", "tally of unit"), _without_empty(tallies), _without_empty(sums))


@dataclass(frozen=True, slots=True)
class _Portion:
    """All that SQL keeps of some people: attempts by account and ordinal, choices by both, results by account."""

    attempts: list[Any]
    chosen: dict[tuple[int, int], dict[int, int]]
    results: dict[int, Any]


def _portions(connection: Connection, competition: int) -> Iterator[_Portion]:
    """The people in order of accounts, some at a time; the last portion is empty but for what belongs to no attempt."""
    done = -1
    while True:
        accounts = (
            select(Attempt.account_id)
            .where(Attempt.competition_id == competition, Attempt.account_id > done)
            .order_by(Attempt.account_id)
            .distinct()
            .limit(CHUNK)
        )
        found = list(connection.scalars(accounts))

        def among(table: Any, upto: int | None = found[-1] if found else None, after: int = done) -> Any:
            rows = select(table.__table__).where(table.competition_id == competition, table.account_id > after)
            return rows if upto is None else rows.where(table.account_id <= upto)

        attempts = connection.execute(among(Attempt).order_by(Attempt.account_id, Attempt.ordinal))
        chosen: dict[tuple[int, int], dict[int, int]] = {}
        for row in connection.execute(among(Response)):
            chosen.setdefault((row.account_id, row.ordinal), {})[row.position] = row.chosen
        results = {row.account_id: row for row in connection.execute(among(Result))}
        yield _Portion(list(attempts), chosen, results)
        if not found:
            return
        done = found[-1]


def _portion_differences(
    competition: Competition, content: BankContent, portion: _Portion, sums: dict[int, Figures]
) -> Iterator[Difference]:
    """What differs among the people of a portion; adds what they are worth to the units' `sums`."""
    ended: dict[int, list[Ended]] = {}
    interrupted_ms = longest_given_ms(competition)
    started: dict[int, int | None] = {}  # an account's first unit
    for row in portion.attempts:
        started.setdefault(row.account_id, row.organization_id)
        chosen = portion.chosen.pop((row.account_id, row.ordinal), {})
        if row.submitted_ms is None:
            continue
        paper = paper_of(competition, row.seed)
        right = worth(
            paper,
            content.questions,
            chosen,
            partial=competition.multiple_scoring == "partial",
        )
        where = _attempt_name(row.account_id, row.ordinal)
        if (row.score, row.right_count, row.points) != (right.score, right.right_count, list(right.points)):
            stands = f"score {row.score}, {row.right_count} right, points {row.points}"
            yield Difference(
                where, stands, f"score {right.score}, {right.right_count} right, points {list(right.points)}"
            )
        if beyond := sorted(position for position in chosen if not 1 <= position <= len(paper.places)):
            yield Difference(where, f"responses at positions {beyond}", f"none beyond {len(paper.places)}")
        # Pauses since the start and interruptions are not counted as used; how many of them were known when it was
        # submitted is not kept.
        longest = row.submitted_ms - row.started_ms
        shortest = longest - max(0, competition.shift_ms - row.shift_ms) - interrupted_ms
        if not max(0, shortest) <= row.used_ms <= max(0, longest):
            yield Difference(where, f"used {row.used_ms} ms", f"at most {longest} ms, from start to submission")
        ended.setdefault(row.account_id, []).append(
            Ended(row.ordinal, row.organization_id, right, row.used_ms, row.submitted_ms)
        )
    for account, ordinal in sorted(portion.chosen):
        yield Difference(_attempt_name(account, ordinal), "responses without an attempt", "no responses")
    full_score = blueprint_of(competition).full_score
    for unit in started.values():
        _add(sums, unit, Figures(started=1))
    for account in sorted(ended.keys() | portion.results.keys()):
        best = counting_attempt(competition.keep, ended.get(account, ()))
        kept = portion.results.get(account)
        where = f"账号 {account} 的有效成绩", f"counted result of account {account}"
        if best is None:
            yield Difference(where, f"score {portion.results[account].score}", "none: no attempt has ended")
            continue
        full, passed = int(best.worth.score == full_score), int(best.worth.score >= competition.pass_score)
        should = {
            "ordinal": best.ordinal,
            "organization_id": best.organization,
            "score": best.worth.score,
            "right_count": best.worth.right_count,
            "used_ms": best.used_ms,
            "submitted_ms": best.submitted_ms,
            "full_marks": full,
            "passed": passed,
        }
        held = {name: getattr(kept, name) for name in should} if kept is not None else None
        if held != should:
            yield Difference(where, _words(held), _words(should))
        _add(sums, best.organization, Figures(0, 1, best.worth.score, best.used_ms, full, passed))


def _attempt_name(account: int, ordinal: int) -> tuple[str, str]:
    return f"账号 {account} 第 {ordinal} 次答卷", f"attempt {ordinal} of account {account}"


def _add(sums: dict[int, Figures], unit: int | None, more: Figures) -> None:
    if unit is not None:
        sums[unit] = sums.get(unit, Figures()) + more


def _words(values: Mapping[str, object] | None) -> str:
    return "nothing" if values is None else ", ".join(f"{name} {value}" for name, value in values.items())


# boards: from results to places


def differences(connection: Connection, board: LiveBoard | FrozenBoard, rules: BoardRules) -> Iterator[Difference]:
    """What differs between the board and the results in SQL; nothing if all is equal.

    At rest the two are equal; while people answer, either may be ahead of what was read from the other.
    """
    tree = sources.read_tree(connection, rules.competition)
    competition = db.session.get_one(Competition, rules.competition)
    snapshot = snapshot_in_force(competition)
    corrected = Corrected(connection, competition, snapshot.changes if snapshot else ())
    sums = corrected.sums_of_units()
    if isinstance(board, FrozenBoard):
        yield from _standings(connection, board, rules, corrected)
        lines = {unit: group.line for unit, group in board.all_units().items()}
    else:
        lines = {unit: tree.line(unit) for unit in tree.units}
    yield from _people(corrected, board, rules, lines)
    if isinstance(board, FrozenBoard):
        yield from _frozen_sums(connection, board, sums, lines)
        yield from _digest(connection, board)
    else:
        tallies, _ = sources.read_tallies(connection, rules.competition)
        yield from _unequal(("单位累计", "tally of unit"), _without_empty(tallies), _without_empty(sums))
        yield from _groups(board, tree, sums, rules.minimum)


@dataclass(slots=True)
class _Ranked:
    """A person with the place and rank that are due; `tied` with somebody before or behind."""

    place: int
    rank: int
    tied: bool
    person: Counted


class _Ranking:
    """People in the board's order, ranked one by one. The last one waits until it is known who comes after."""

    def __init__(self, tie_keys: str) -> None:
        self._tie_keys = tie_keys
        self._tie: tuple[int, ...] | None = None
        self._last: _Ranked | None = None
        self.ready: list[_Ranked] = []

    @property
    def count(self) -> int:
        """How many have come."""
        return self._last.place if self._last else 0

    def add(self, person: Counted) -> None:
        """The next one."""
        tie = tie_of(self._tie_keys, person.score, person.used_ms, person.submitted_ms)
        shares = tie == self._tie
        place = self.count + 1
        if self._last:
            self._last.tied |= shares
            self.ready.append(self._last)
        self._last = _Ranked(place, self._last.rank if self._last and shares else place, shares, person)
        self._tie = tie

    def taken(self, *, last: bool = False) -> list[_Ranked]:
        """Those who are ready, and at the end the last one; they are given out once."""
        found, self.ready = self.ready, []
        return [*found, self._last] if last and self._last else found


def _people(
    corrected: Corrected, board: Board, rules: BoardRules, lines: Mapping[int, tuple[int, ...]]
) -> Iterator[Difference]:
    """The board of everybody and those of all units, in one walk through the results."""
    rankings: dict[int | None, _Ranking] = {unit: _Ranking(rules.tie_keys) for unit in (None, *lines)}
    scores: Counter[int] = Counter()
    held = 0
    for person in corrected.results_in_order():
        scores[person.score] += 1
        of = (None, *lines.get(person.organization or 0, ()))
        held += len(of)
        for unit in of:
            rankings[unit].add(person)
        if held >= HELD_ROWS:
            held = 0
            for unit, ranking in rankings.items():
                yield from _rows(board, unit, ranking.taken(), lines, rules.tie_keys)
    for unit, ranking in rankings.items():
        yield from _rows(board, unit, ranking.taken(last=True), lines, rules.tie_keys)
        if (count := board.count_people(unit)) != ranking.count:
            yield Difference(_people_name(unit), f"{count} people", f"{ranking.count} people")
    yield from _unequal(("得分人数", "people with the score"), board.scores(), scores)


def _people_name(unit: int | None) -> tuple[str, str]:
    return ("个人榜", "people") if unit is None else (f"单位 {unit} 的个人榜", f"people of unit {unit}")


def _order_keys(board: LiveBoard, unit: int | None, wanted: list[_Ranked], tie_keys: str) -> Iterator[Difference]:
    """What the store orders by: 22 bits of what is missing of the highest score, then 31 bits of time used."""
    kept = board.order_keys(wanted[0].place - 1, len(wanted), unit)
    for row, should in zip_longest(kept, wanted):
        person, names = should.person, _people_name(unit)
        right = person.account, (2**22 - 1 - person.score << 31) | (person.used_ms if "time" in tie_keys else 0)
        if row != right:
            where = f"{names[0]}第 {should.place} 行的排序值", f"{names[1]}, order at place {should.place}"
            yield Difference(where, str(row), str(right))


def _rows(
    board: Board, unit: int | None, due: list[_Ranked], lines: Mapping[int, tuple[int, ...]], tie_keys: str
) -> Iterator[Difference]:
    for first in range(0, len(due), CHUNK):
        wanted = due[first : first + CHUNK]
        for row, should in zip_longest(board.people(wanted[0].place - 1, len(wanted), unit), wanted):
            person = should.person
            names = _people_name(unit)
            where = f"{names[0]}第 {should.place} 行", f"{names[1]}, place {should.place}"
            right = (should.rank, should.tied, person.account, person.score, person.used_ms, person.submitted_ms)
            if row is None:
                yield Difference(where, "nobody", _person_words(right))
                continue
            stands = row.rank, row.tied, row.account, row.score, row.used_ms, row.submitted_ms
            if stands != right or row.place != should.place:
                yield Difference(where, _person_words(stands), _person_words(right))
                continue
            if row.line != lines.get(person.organization or 0, ()):
                yield Difference(where, f"units {row.line}", f"units {lines.get(person.organization or 0, ())}")
            # Once a person is enough: the own row is found by the same reads on every board.
            found = board.person(person.account) if unit is None else None
            if unit is None and (found is None or (found[1].place, found[1].rank) != (should.place, should.rank)):
                where = f"账号 {person.account} 在个人榜上", f"account {person.account} among the people"
                yield Difference(where, str(found and found[1]), f"place {should.place}, rank {should.rank}")
        if isinstance(board, LiveBoard):
            yield from _order_keys(board, unit, wanted, tie_keys)


def _person_words(row: tuple[int, bool, int, int, int, int]) -> str:
    rank, tied, account, score, used_ms, submitted_ms = row
    return (
        f"account {account}, rank {rank}{' (tied)' if tied else ''}, score {score}, "
        f"used {used_ms} ms, submitted at {submitted_ms}"
    )


def _standings(
    connection: Connection, board: FrozenBoard, rules: BoardRules, corrected: Corrected
) -> Iterator[Difference]:
    """The frozen rows themselves: people against results, and units, regions and industries in the order of their means."""
    ranking = _Ranking(rules.tie_keys)

    def due() -> Iterator[_Ranked]:
        for person in corrected.results_in_order():
            ranking.add(person)
            yield from ranking.taken()
        yield from ranking.taken(last=True)

    for row, should in zip_longest(_kept(connection, rules.competition, "people"), due()):
        right = _standing(should) if should else None
        if row != right:
            yield _standing_difference(row, right)
    boards: dict[str, dict[str, Figures]] = {}
    lines: dict[str, tuple[int, ...]] = {}
    for name in BOARDS[1:]:
        kept = list(_kept(connection, rules.competition, name))
        paths = {row.subject: row.figures["path"] for row in kept if "path" in row.figures}
        subjects = boards[name] = {row.subject: _figures(row) for row in kept}
        lines |= {unit: tuple(map(int, path.split("/"))) for unit, path in paths.items()}
        by_mean = group_rows(name, subjects, board.freeze.summary["minimum"], paths if name == "units" else None)
        for row, place in zip_longest(kept, by_mean):
            if row != place:
                yield _standing_difference(row, place)
    places = group_places(boards, lines, board.freeze.summary["minimum"])
    yield from _group_places(connection, rules.competition, places)
    total = sum((boards["units"][unit] for unit, line in lines.items() if len(line) == 1), Figures())
    if board.total() != total:
        yield Difference(("全部单位之和", "sum of all units"), str(board.total()), str(total))


def _group_places(connection: Connection, competition: int, due: Iterable[dict[str, Any]]) -> Iterator[Difference]:
    """The places of units, regions and industries by each order, which follow from their rows."""
    key, value = ("board", "scope", "ordered_by", "place"), ("rank", "sharing", "subject")
    columns = [getattr(GroupPlace, name) for name in key + value]
    kept = {
        row[:4]: row[4:] for row in connection.execute(select(*columns).where(GroupPlace.competition_id == competition))
    }
    right = {tuple(row[name] for name in key): tuple(row[name] for name in value) for row in due}
    yield from _unequal(("冻结榜的名次", "frozen place"), kept, right)


def _standing(due: _Ranked) -> StandingRow:
    person = due.person
    figures = {"score": person.score, "used_ms": person.used_ms, "submitted_ms": person.submitted_ms}
    return StandingRow("people", due.place, due.rank, str(person.account), person.organization, figures)


def _kept(connection: Connection, competition: int, board: str) -> Iterator[StandingRow]:
    columns = Standing.place, Standing.rank, Standing.subject, Standing.organization_id, Standing.figures
    rows = select(*columns).where(Standing.competition_id == competition, Standing.board == board)
    # Whoever stops at the first difference leaves no cursor open on the server.
    with connection.execute(rows.order_by(Standing.place), execution_options={"yield_per": CHUNK}) as found:
        for row in found:
            yield StandingRow(board, *row)


def _figures(row: StandingRow) -> Figures:
    return Figures(**{name: value for name, value in row.figures.items() if name != "path"})


def _standing_difference(row: StandingRow | None, right: StandingRow | None) -> Difference:
    one = row or right
    assert one is not None  # of two that differ one is there
    where = f"冻结榜 {one.board} 第 {one.place} 行", f"frozen {one.board}, place {one.place}"
    return Difference(where, row.canonical if row else "nothing", right.canonical if right else "nothing")


def _digest(connection: Connection, board: FrozenBoard) -> Iterator[Difference]:
    freeze = board.freeze
    digest = Digest(freeze.competition_id, freeze.summary["tie_keys"], freeze.summary["minimum"])
    for name in BOARDS:
        for row in _kept(connection, freeze.competition_id, name):
            digest.add(row)
    if str(digest) != freeze.digest:
        yield Difference(("冻结榜的摘要", "digest of the standings"), freeze.digest, str(digest))


def _frozen_sums(
    connection: Connection, board: FrozenBoard, sums: Mapping[int, Figures], lines: Mapping[int, tuple[int, ...]]
) -> Iterator[Difference]:
    """The units' figures summed along the tree as it was frozen; headcounts may have been edited since."""
    totals: dict[str, Figures] = {}
    for unit, own in sums.items():
        for above in lines.get(unit, ()):
            totals[str(above)] = totals.get(str(above), Figures()) + own
    kept = {row.subject: _figures(row) for row in _kept(connection, board.freeze.competition_id, "units")}
    of_people = {unit: replace(figures, headcount=0, covered=0) for unit, figures in kept.items()}
    yield from _unequal(("单位", "unit"), _without_empty(of_people), _without_empty(totals))


def _groups(board: Board, tree: Tree, sums: Mapping[int, Figures], minimum: int) -> Iterator[Difference]:
    units = _without_empty({str(unit): figures for unit, figures in tree.unit_figures(sums).items()})
    if board.total() != tree.total(sums):
        yield Difference(("全部单位之和", "sum of all units"), str(board.total()), str(tree.total(sums)))
    boards = {"units": units, "regions": tree.region_figures(sums), "industries": tree.industry_figures(sums)}
    names = {"units": ("单位", "unit"), "regions": ("地区", "region"), "industries": ("行业", "industry")}
    for name, subjects in boards.items():
        yield from _unequal(names[name], board.figures(name, list(subjects)), subjects)
        for scope, inside in _scopes(name, subjects, tree):
            for order in Order:
                yield from _order(board, name, scope, order, ranked_figures(inside, order, minimum))


def _scopes(board: str, subjects: Mapping[str, Figures], tree: Tree) -> Iterator[tuple[str, dict[str, Figures]]]:
    scopes: dict[str, dict[str, Figures]] = {"all": dict(subjects)}
    if board == "units":
        for subject, figures in subjects.items():
            scopes.setdefault(tree.scopes(int(subject))[1], {})[subject] = figures
    yield from scopes.items()


def _order(
    board: Board, name: str, scope: str, order: Order, ranked: list[tuple[int, int, str]]
) -> Iterator[Difference]:
    title = f"榜 {name} ({scope}, {order})", f"{name} ({scope}) by {order}"
    if (count := board.count_groups(name, scope, order)) != len(ranked):
        yield Difference(title, f"{count} rows", f"{len(ranked)} rows")
        return
    sharing = Counter(rank for _place, rank, _row in ranked)
    for offset in range(0, len(ranked), CHUNK):
        for row, (place, rank, subject) in zip_longest(
            board.groups(name, scope, order, offset, CHUNK), ranked[offset : offset + CHUNK]
        ):
            where = f"{title[0]}第 {place} 行", f"{title[1]}, place {place}"
            if row is None or (row.place, row.rank, row.tied, row.subject) != (place, rank, sharing[rank] > 1, subject):
                yield Difference(where, str(row), f"{subject} with rank {rank}")
            standing = Place(place, rank, len(ranked), sharing[rank])
            if (found := board.group_place(name, scope, order, subject)) != standing:
                yield Difference(where, str(found), f"{subject}: {standing}")


def _unequal(names: tuple[str, str], board: Mapping[K, object], sql: Mapping[K, object]) -> Iterator[Difference]:
    for key in {**board, **sql}:
        if board.get(key) != sql.get(key):
            yield Difference((f"{names[0]} {key}", f"{names[1]} {key}"), str(board.get(key)), str(sql.get(key)))


def _without_empty(figures: Mapping[K, Figures]) -> dict[K, Figures]:
    return {key: value for key, value in figures.items() if value != Figures()}
