"""The frozen boards, read from SQL: what they say can't change any more, so everything has its place kept, and is found by it."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from quizapp.extensions import db
from quizapp.leaderboards.boards import GroupRow, PersonRow, Place, Stamp
from quizapp.leaderboards.figures import Figures, Order
from quizapp.leaderboards.models import Freeze, GroupPlace, Standing, UnitPlaces
from quizapp.leaderboards.ranking import TIME
from quizapp.leaderboards.standings import PORTION, unpacked


@dataclass(frozen=True, slots=True)
class Group:
    """A unit, region or industry as it was at the freeze. `line` and `name` are a unit's."""

    figures: Figures
    line: tuple[int, ...]
    name: str


class FrozenBoard:
    """The standings of one competition. A page reads what it shows: nothing here grows with how many stand on the boards."""

    frozen = True

    def __init__(self, freeze: Freeze) -> None:
        self.freeze = freeze
        self._competition = freeze.competition_id
        self._known: dict[tuple[str, str], Group | None] = {}
        self.stamp = Stamp(as_of=freeze.frozen_at, version=freeze.digest[:16])

    @property
    def minimum(self) -> int:
        """From how many participants on a unit is shown person by person."""
        return int(self.freeze.summary["minimum"])

    def unit_names(self, units: Collection[int]) -> dict[int, str]:
        """What those of the units that stand on the boards were called at the freeze."""
        return {int(unit): group.name for unit, group in self._groups("units", map(str, units)).items()}

    def names(self, accounts: Collection[int]) -> dict[int, str]:
        """What people were called at the freeze, by account."""
        subjects = [str(account) for account in accounts]
        rows = select(Standing.subject, Standing.name).where(*self._people, Standing.subject.in_(subjects))
        return {int(subject): name or "" for subject, name in db.session.execute(rows)}

    def units_of_people(self, accounts: Collection[int]) -> dict[int, int | None]:
        """The units that people's results count for, by account."""
        subjects = [str(account) for account in accounts]
        columns = Standing.subject, Standing.organization_id
        rows = select(*columns).where(*self._people, Standing.subject.in_(subjects))
        return {int(subject): unit for subject, unit in db.session.execute(rows)}

    def lines(self, units: Collection[int]) -> dict[int, tuple[int, ...]]:
        """Of those of the units that stand on the boards the ids from the root down to themselves, as they were then."""
        return {int(unit): group.line for unit, group in self._groups("units", map(str, units)).items()}

    def all_units(self) -> dict[int, Group]:
        """Every unit that stands on the boards. Not for the boards' own pages: they are tens of thousands."""
        rows = _group_columns(self._competition, "units")
        return {int(subject): _group(figures, name) for subject, figures, name in db.session.execute(rows)}

    def scores(self) -> dict[int, int]:
        return {int(score): count for score, count in self.freeze.summary["scores"].items()}

    def total(self) -> Figures:
        return Figures(**self.freeze.summary["total"])

    def count_people(self, unit: int | None = None) -> int:
        if unit is None:
            return int(self.freeze.summary["participants"])
        return self.figures("units", [str(unit)]).get(str(unit), Figures()).participants

    def people(self, offset: int, limit: int, unit: int | None = None) -> list[PersonRow]:
        first = max(0, offset - 1)
        rows = select(Standing).where(*self._people).order_by(Standing.place)
        if unit is None:  # places count every row, so that a page far down is found by its key
            rows = rows.where(Standing.place > offset - 1, Standing.place <= offset + limit + 1)
        else:
            rows = rows.where(Standing.place.in_(self._places_in(unit, first, offset + limit + 1)))
        found = list(db.session.scalars(rows))
        if not found:
            return []
        self._groups("units", {str(row.organization_id) for row in found if row.organization_id is not None})
        rank = 1 + self._count_before(found[0].rank, unit)
        ranked = []
        for number, row in enumerate(found):
            if number and row.rank != found[number - 1].rank:
                rank = first + number + 1
            ranked.append((first + number + 1, rank, row))
        sharing = Counter(rank for _, rank, _ in ranked)
        return [
            self._person_row(place, rank, sharing[rank] > 1, row)
            for place, rank, row in ranked
            if offset < place <= offset + limit
        ]

    def person(self, account: int, unit: int | None = None) -> tuple[PersonRow, Place] | None:
        row = db.session.scalar(select(Standing).where(*self._people, Standing.subject == str(account)))
        if row is None or (unit is not None and unit not in self._line(row)):
            return None
        if TIME in self.freeze.summary["tie_keys"]:  # few are equal to the millisecond; they stand one after the other
            behind = select(Standing.place).where(*self._people, Standing.place > row.place)
            following = db.session.scalar(behind.where(Standing.rank > row.rank).order_by(Standing.place).limit(1))
            sharing = (following or self.count_people() + 1) - row.rank
        else:  # of millions a hundred thousand may share a score
            sharing = self.scores()[row.figures["score"]]
        place, rank = row.place, row.rank
        if unit is not None:
            before = self._count_before(row.rank, unit)
            place, rank = 1 + self._count_before(row.place, unit), 1 + before
            sharing = self._count_before(row.rank + sharing, unit) - before
        standing = Place(place, rank, self.count_people(unit), sharing)
        return self._person_row(place, rank, sharing > 1, row), standing

    def count_groups(self, board: str, scope: str, order: Order) -> int:
        rows = select(func.max(GroupPlace.place)).where(*self._on(board, scope, order))
        return db.session.scalar(rows) or 0

    def groups(self, board: str, scope: str, order: Order, offset: int, limit: int) -> list[GroupRow]:
        columns = GroupPlace.place, GroupPlace.rank, GroupPlace.sharing, GroupPlace.subject
        rows = select(*columns).where(
            *self._on(board, scope, order), GroupPlace.place > offset, GroupPlace.place <= offset + limit
        )
        found = db.session.execute(rows.order_by(GroupPlace.place)).all()
        figures = self.figures(board, [row.subject for row in found])
        return [GroupRow(row.place, row.rank, row.sharing > 1, row.subject, figures[row.subject]) for row in found]

    def group_place(self, board: str, scope: str, order: Order, subject: str) -> Place | None:
        columns = GroupPlace.place, GroupPlace.rank, GroupPlace.sharing
        rows = select(*columns).where(*self._on(board, scope, order), GroupPlace.subject == subject)
        found = db.session.execute(rows).one_or_none()
        return Place(found.place, found.rank, self.count_groups(board, scope, order), found.sharing) if found else None

    def figures(self, board: str, subjects: Collection[str]) -> dict[str, Figures]:
        return {subject: group.figures for subject, group in self._groups(board, subjects).items()}

    @property
    def _people(self) -> list[ColumnElement[bool]]:
        return [Standing.competition_id == self._competition, Standing.board == "people"]

    def _on(self, board: str, scope: str, order: Order) -> list[ColumnElement[bool]]:
        return [
            GroupPlace.competition_id == self._competition,
            GroupPlace.board == board,
            GroupPlace.scope == scope,
            GroupPlace.ordered_by == order.value,
        ]

    def _groups(self, board: str, subjects: Iterable[str]) -> dict[str, Group]:
        """Those of the subjects that stand on the boards; each is read once."""
        wanted = list(dict.fromkeys(subjects))
        if missing := [subject for subject in wanted if (board, subject) not in self._known]:
            self._known.update(dict.fromkeys(((board, subject) for subject in missing), None))
            rows = _group_columns(self._competition, board).where(Standing.subject.in_(missing))
            for subject, figures, name in db.session.execute(rows):
                self._known[board, subject] = _group(figures, name)
        return {subject: group for subject in wanted if (group := self._known[board, subject])}

    def _places_in(self, unit: int, first: int, end: int) -> list[int]:
        """At which places of everybody's board those stand who are in a unit the ones from index `first` to before `end`."""
        rows = select(UnitPlaces.places).where(
            UnitPlaces.competition_id == self._competition,
            UnitPlaces.organization_id == unit,
            UnitPlaces.number.between(first // PORTION, (end - 1) // PORTION),
        )
        begin = first // PORTION * PORTION
        places = [
            place for portion in db.session.scalars(rows.order_by(UnitPlaces.number)) for place in unpacked(portion)
        ]
        return places[first - begin : end - begin]

    def _count_before(self, place: int, unit: int | None) -> int:
        """How many of a unit, or of everybody, stand before a place of everybody's board."""
        if unit is None:
            return place - 1
        rows = select(UnitPlaces.number, UnitPlaces.places).where(
            UnitPlaces.competition_id == self._competition,
            UnitPlaces.organization_id == unit,
            UnitPlaces.first_place < place,
        )
        found = db.session.execute(rows.order_by(UnitPlaces.first_place.desc()).limit(1)).one_or_none()
        return found.number * PORTION + bisect_left(unpacked(found.places), place) if found else 0

    def _line(self, row: Standing) -> tuple[int, ...]:
        unit = row.organization_id
        return self.lines([unit]).get(unit, ()) if unit is not None else ()

    def _person_row(self, place: int, rank: int, tied: bool, row: Standing) -> PersonRow:
        values = row.figures
        return PersonRow(
            place,
            rank,
            tied,
            int(row.subject),
            self._line(row),
            values["score"],
            values["used_ms"],
            values["submitted_ms"],
        )


def _group_columns(competition: int, board: str) -> Select[str, Any, str | None]:
    # Columns, since twenty thousand objects of the session would take seconds.
    columns = Standing.subject, Standing.figures, Standing.name
    return select(*columns).where(Standing.competition_id == competition, Standing.board == board)


def _group(figures: Mapping[str, Any], name: str | None) -> Group:
    values = dict(figures)
    line = tuple(int(unit) for unit in values.pop("path", "").split("/") if unit)
    return Group(Figures(**values), line, name or "")


def frozen_board(competition: int) -> FrozenBoard | None:
    """The standings of a competition, if it is frozen."""
    freeze = db.session.get(Freeze, competition)
    return FrozenBoard(freeze) if freeze else None
