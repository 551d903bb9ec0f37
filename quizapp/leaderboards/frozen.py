"""The frozen boards, read from `standing`: what they say can't change any more, so the small ones are read once a process."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from functools import cached_property, lru_cache

from sqlalchemy import ColumnElement, func, select

from quizapp.extensions import db
from quizapp.leaderboards.boards import GroupRow, PersonRow, Place, Stamp
from quizapp.leaderboards.figures import Figures, Order, ranked_figures
from quizapp.leaderboards.models import Freeze, Standing
from quizapp.leaderboards.ranking import TIME

GROUPS = ("units", "regions", "industries")


class FrozenBoard:
    """The standings of one competition."""

    frozen = True

    def __init__(self, freeze: Freeze) -> None:
        self.freeze = freeze
        self._competition = freeze.competition_id
        self.stamp = Stamp(as_of=freeze.frozen_at, version=freeze.digest[:16])

    @cached_property
    def _groups(self) -> "Groups":
        return _groups_of(self._competition, self.freeze.digest, self.minimum, self.freeze.frozen_at)

    @property
    def minimum(self) -> int:
        """From how many participants on a unit is shown person by person."""
        return int(self.freeze.summary["minimum"])

    @property
    def unit_names(self) -> dict[int, str]:
        """What every unit that stands on the boards was called at the freeze."""
        return self._groups.names

    def names(self, accounts: Collection[int]) -> dict[int, str]:
        """What people were called at the freeze, by account."""
        subjects = [str(account) for account in accounts]
        rows = select(Standing.subject, Standing.name).where(*self._among(None), Standing.subject.in_(subjects))
        return {int(subject): name or "" for subject, name in db.session.execute(rows)}

    def units_of_people(self, accounts: Collection[int]) -> dict[int, int | None]:
        """The units that people's results count for, by account."""
        subjects = [str(account) for account in accounts]
        columns = Standing.subject, Standing.organization_id
        rows = select(*columns).where(*self._among(None), Standing.subject.in_(subjects))
        return {int(subject): unit for subject, unit in db.session.execute(rows)}

    @property
    def lines(self) -> dict[int, tuple[int, ...]]:
        """Of every unit that stands on the boards the ids from the root down to itself, as they were at the freeze."""
        return self._groups.lines

    def scores(self) -> dict[int, int]:
        return {int(score): count for score, count in self.freeze.summary["scores"].items()}

    def total(self) -> Figures:
        return self._groups.total()

    def count_people(self, unit: int | None = None) -> int:
        if unit is None:
            return int(self.freeze.summary["participants"])
        return self._groups.figures["units"].get(str(unit), Figures()).participants

    def people(self, offset: int, limit: int, unit: int | None = None) -> list[PersonRow]:
        first = max(0, offset - 1)
        rows = select(Standing).where(*self._among(None)).order_by(Standing.place)
        if unit is None:  # places count every row, so that a page far down is found by its key
            rows = rows.where(Standing.place > offset - 1, Standing.place <= offset + limit + 1)
        else:  # the index alone tells which they are: of a large unit tens of thousands of rows are not read
            places = select(Standing.place).where(*self._among(unit)).order_by(Standing.place)
            rows = rows.where(Standing.place.in_(db.session.scalars(places.offset(first).limit(limit + 2)).all()))
        found = list(db.session.scalars(rows))
        if not found:
            return []
        rank = 1 + self._count_before(found[0].rank, unit)
        ranked = []
        for number, row in enumerate(found):
            if number and row.rank != found[number - 1].rank:
                rank = first + number + 1
            ranked.append((first + number + 1, rank, row))
        ranks = [rank for _, rank, _ in ranked]
        return [
            self._person_row(place, rank, rank in ranks[:number] + ranks[number + 1 :], row)
            for number, (place, rank, row) in enumerate(ranked)
            if offset < place <= offset + limit
        ]

    def person(self, account: int, unit: int | None = None) -> tuple[PersonRow, Place] | None:
        rows = select(Standing).where(*self._among(None), Standing.subject == str(account))
        row = db.session.scalar(rows)
        if row is None or (unit is not None and unit not in self._groups.lines.get(row.organization_id or 0, ())):
            return None
        if TIME in self.freeze.summary["tie_keys"]:  # few are equal to the millisecond; they stand one after the other
            behind = select(Standing.place).where(*self._among(None), Standing.place > row.place)
            following = db.session.scalar(behind.where(Standing.rank > row.rank).order_by(Standing.place).limit(1))
            sharing = (following or self.count_people() + 1) - row.rank
        else:  # of millions a hundred thousand may share a score
            sharing = self.scores()[row.figures["score"]]
        place, rank = row.place, row.rank
        if unit is not None:
            place = 1 + self._count(unit, Standing.place < row.place)
            rank = 1 + self._count_before(row.rank, unit)
            sharing = self._count(unit, Standing.place >= row.rank, Standing.place < row.rank + sharing)
        standing = Place(place, rank, self.count_people(unit), sharing)
        return self._person_row(place, rank, sharing > 1, row), standing

    def count_groups(self, board: str, scope: str, order: Order) -> int:
        return len(self._groups.ranked(board, scope, order))

    def groups(self, board: str, scope: str, order: Order, offset: int, limit: int) -> list[GroupRow]:
        ranked = self._groups.ranked(board, scope, order)
        sharing = self._groups.sharing(board, scope, order)
        figures = self._groups.figures[board]
        return [
            GroupRow(place, rank, sharing[rank] > 1, subject, figures[subject])
            for place, rank, subject in ranked[offset : offset + limit]
        ]

    def group_place(self, board: str, scope: str, order: Order, subject: str) -> Place | None:
        found = self._groups.places(board, scope, order).get(subject)
        if found is None:
            return None
        place, rank = found
        of = len(self._groups.ranked(board, scope, order))
        return Place(place, rank, of, self._groups.sharing(board, scope, order)[rank])

    def figures(self, board: str, subjects: Collection[str]) -> dict[str, Figures]:
        known = self._groups.figures[board]
        return {subject: known[subject] for subject in subjects if subject in known}

    def _among(self, unit: int | None) -> list[ColumnElement[bool]]:
        among = [Standing.competition_id == self._competition, Standing.board == "people"]
        if unit is not None:
            among.append(Standing.organization_id.in_(self._groups.below(unit)))
        return among

    def _count_before(self, rank: int, unit: int | None) -> int:
        """How many stand before everybody of a rank, which is the place of the first of them."""
        return rank - 1 if unit is None else self._count(unit, Standing.place < rank)

    def _count(self, unit: int, *places: ColumnElement[bool]) -> int:
        """How many of a unit stand at such places: by the index alone."""
        return db.session.scalar(select(func.count()).select_from(Standing).where(*self._among(unit), *places)) or 0

    def _person_row(self, place: int, rank: int, tied: bool, row: Standing) -> PersonRow:
        line = self._groups.lines.get(row.organization_id or 0, ())
        values = row.figures
        return PersonRow(
            place, rank, tied, int(row.subject), line, values["score"], values["used_ms"], values["submitted_ms"]
        )


class Groups:
    """The frozen units, regions and industries of a competition: some tens of thousands of rows at most."""

    def __init__(
        self,
        figures: dict[str, dict[str, Figures]],
        lines: dict[int, tuple[int, ...]],
        names: dict[int, str],
        minimum: int,
    ) -> None:
        self.figures = figures
        self.lines = lines
        self.names = names
        self._minimum = minimum
        self._ranked: dict[tuple[str, str, Order], list[tuple[int, int, str]]] = {}
        self._sharing: dict[tuple[str, str, Order], dict[int, int]] = {}
        self._places: dict[tuple[str, str, Order], dict[str, tuple[int, int]]] = {}
        self._below: dict[int, list[int]] = {}
        self._inside: dict[str, list[int]] = {}
        for unit, line in lines.items():
            self._inside.setdefault(_scope(line), []).append(unit)
            for above in line:
                self._below.setdefault(above, []).append(unit)

    def below(self, unit: int) -> list[int]:
        """The unit and all units below it."""
        return self._below.get(unit, [])

    def total(self) -> Figures:
        """The sum of the roots."""
        return sum((self.figures["units"][str(unit)] for unit, line in self.lines.items() if len(line) == 1), Figures())

    def ranked(self, board: str, scope: str, order: Order) -> list[tuple[int, int, str]]:
        """(place, rank, subject) of a board, in order."""
        wanted = (board, scope, order)
        if wanted not in self._ranked:
            subjects = self.figures[board]
            if scope != "all":
                subjects = {str(unit): subjects[str(unit)] for unit in self._inside.get(scope, ())}
            self._ranked[wanted] = ranked_figures(subjects, order, self._minimum)
        return self._ranked[wanted]

    def places(self, board: str, scope: str, order: Order) -> dict[str, tuple[int, int]]:
        """Place and rank of each subject on a board."""
        wanted = (board, scope, order)
        if wanted not in self._places:
            self._places[wanted] = {subject: (place, rank) for place, rank, subject in self.ranked(board, scope, order)}
        return self._places[wanted]

    def sharing(self, board: str, scope: str, order: Order) -> dict[int, int]:
        """How many share each rank of a board."""
        wanted = (board, scope, order)
        if wanted not in self._sharing:
            self._sharing[wanted] = Counter(rank for _place, rank, _subject in self.ranked(board, scope, order))
        return self._sharing[wanted]


def _scope(line: tuple[int, ...]) -> str:
    return "top" if len(line) == 1 else str(line[-2])


@lru_cache(maxsize=16)
def _groups_of(competition: int, digest: str, minimum: int, _frozen_at: datetime) -> Groups:
    """Digest and moment are part of the cache's key: what has others is another standing."""
    figures: dict[str, dict[str, Figures]] = {"units": {}, "regions": {}, "industries": {}}
    lines: dict[int, tuple[int, ...]] = {}
    names: dict[int, str] = {}
    # Columns, since twenty thousand objects of the session would take the first page seconds.
    columns = Standing.board, Standing.subject, Standing.name, Standing.figures
    for row in db.session.execute(
        select(*columns).where(Standing.competition_id == competition, Standing.board.in_(GROUPS))
    ):
        values = dict(row.figures)
        if row.board == "units":
            lines[int(row.subject)] = tuple(int(unit) for unit in values.pop("path").split("/"))
            names[int(row.subject)] = row.name or ""
        figures[row.board][row.subject] = Figures(**values)
    return Groups(figures, lines, names, minimum)


def frozen_board(competition: int) -> FrozenBoard | None:
    """The standings of a competition, if it is frozen."""
    freeze = db.session.get(Freeze, competition)
    return FrozenBoard(freeze) if freeze else None
