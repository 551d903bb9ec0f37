"""The live boards, read from the store. A page costs a few reads by rank, however many people stand on the board."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import msgspec

from quizapp.clock import from_ms
from quizapp.leaderboards import board_keys
from quizapp.leaderboards.board_keys import PEOPLE_A_BUCKET, BoardKeys
from quizapp.leaderboards.boards import GroupRow, PersonRow, Place, Stamp
from quizapp.leaderboards.figures import Figures, Order, order_member
from quizapp.leaderboards.ranking import EARLIER, submission_of, unpack_member

SCRIPT = (Path(__file__).parent / "lua" / "read_people.lua").read_text()
WALK = 200  # members a step where ties are looked for one by one

Row = tuple[str, int]  # member, packed score
TieKey = Callable[[Row], object]


class LiveBoard:
    """The boards of one competition as the refresher left them last. Errors of the store are redis-py's own."""

    frozen = False

    def __init__(self, store: Any, competition: int, tie_keys: str) -> None:
        self._store = store
        live = store.hgetall(board_keys.live_key(competition))
        if "generation" not in live:  # lost in the middle of a pass, which has written the rest
            live = {}
        self._keys = BoardKeys(competition, int(live.get("generation", 0)))
        self._earlier = EARLIER in tie_keys
        self.stamp = Stamp(
            as_of=from_ms(int(live["as_of_ms"])) if live else None,
            version=".".join(live.get(name, "0") for name in ("generation", "version", "seen_ms")),
        )

    def scores(self) -> dict[int, int]:
        return {int(score): int(count) for score, count in self._store.hgetall(self._keys.histogram).items()}

    def total(self) -> Figures:
        return self._figures_of([""], "total").get("", Figures())

    def count_people(self, unit: int | None = None) -> int:
        count: int = self._store.zcard(self._people_key(unit))
        return count

    def people(self, offset: int, limit: int, unit: int | None = None) -> list[PersonRow]:
        key = self._people_key(unit)
        # One row more at either end shows whether the outermost are tied.
        held = self._store.register_script(SCRIPT)(
            keys=[key], args=[self._keys.prefix, max(0, offset - 1), offset + limit, PEOPLE_A_BUCKET]
        )
        rows = [(member, int(packed)) for member, packed in zip(held[::3], held[1::3], strict=True)]
        texts = dict(zip(held[::3], held[2::3], strict=True))
        return [
            _person_row(place, rank, tied, member, texts[member])
            for place, rank, tied, (member, _packed) in self._rank(key, rows, offset, limit, self._tie_key)
            if texts[member] is not None
        ]

    def order_keys(self, offset: int, limit: int, unit: int | None = None) -> list[tuple[int, int]]:
        """(account, packed score and time) of the rows after the first `offset`: by what the store orders them."""
        rows = self._range(self._people_key(unit), offset, offset + limit - 1)
        return [(unpack_member(member)[1], packed) for member, packed in rows]

    def person(self, account: int, unit: int | None = None) -> tuple[PersonRow, Place] | None:
        text = self._store.hget(self._keys.person_bucket(account), account)
        if text is None:
            return None
        packed, member = text.split(" ")[:2]
        place = self._place(self._people_key(unit), (member, int(packed)), self._tie_key)
        return (_person_row(place.place, place.rank, place.sharing > 1, member, text), place) if place else None

    def count_groups(self, board: str, scope: str, order: Order) -> int:
        count: int = self._store.zcard(self._keys.order(board, scope, order))
        return count

    def groups(self, board: str, scope: str, order: Order, offset: int, limit: int) -> list[GroupRow]:
        found = self._ranked(self._keys.order(board, scope, order), offset, limit, _value)
        figures = self.figures(board, [_subject(member) for _, _, _, (member, _value) in found])
        return [
            GroupRow(place, rank, tied, _subject(member), figures[_subject(member)])
            for place, rank, tied, (member, _value) in found
            if _subject(member) in figures
        ]

    def group_place(self, board: str, scope: str, order: Order, subject: str) -> Place | None:
        key, member = self._keys.order(board, scope, order), order_member(subject)
        value = self._store.zscore(key, member)
        return None if value is None else self._place(key, (member, int(value)), _value)

    def figures(self, board: str, subjects: Collection[str]) -> dict[str, Figures]:
        return self._figures_of(list(subjects), board)

    def _figures_of(self, subjects: list[str], board: str) -> dict[str, Figures]:
        if not subjects:
            return {}
        texts = self._store.hmget(self._keys.figures, [f"{board}:{subject}" for subject in subjects])
        return {subject: _figures(text) for subject, text in zip(subjects, texts, strict=True) if text is not None}

    def _people_key(self, unit: int | None) -> str:
        return self._keys.people if unit is None else self._keys.unit_people(unit)

    def _tie_key(self, row: Row) -> object:
        member, packed = row
        return (packed, submission_of(member)) if self._earlier else packed

    def _ranked(self, key: str, offset: int, limit: int, tie_key: TieKey) -> list[tuple[int, int, bool, Row]]:
        """(place, rank, tied, row) of the rows after the first `offset`."""
        return self._rank(key, self._range(key, max(0, offset - 1), offset + limit), offset, limit, tie_key)

    def _rank(
        self, key: str, rows: list[Row], offset: int, limit: int, tie_key: TieKey
    ) -> list[tuple[int, int, bool, Row]]:
        """The same of rows that are read: those after the first `offset`, with one row more at either end."""
        lead = min(offset, 1)
        shown = range(lead, min(lead + limit, len(rows)))
        if not shown:
            return []
        keys = [tie_key(row) for row in rows]
        rank = self._span(key, offset, rows[lead], tie_key)[0] + 1
        found = []
        for place, at in enumerate(shown, start=offset + 1):
            if at > lead and keys[at] != keys[at - 1]:
                rank = place
            tied = keys[at] in (*keys[max(0, at - 1) : at], *keys[at + 1 : at + 2])
            found.append((place, rank, tied, rows[at]))
        return found

    def _place(self, key: str, row: Row, tie_key: TieKey) -> Place | None:
        index = self._store.zrank(key, row[0])
        if index is None:
            return None
        first, last = self._span(key, index, row, tie_key)
        return Place(index + 1, first + 1, self._store.zcard(key), last - first + 1)

    def _span(self, key: str, index: int, row: Row, tie_key: TieKey) -> tuple[int, int]:
        """The indexes of the first and the last row that tie with the row at `index`."""
        if not isinstance(tie_key(row), tuple):
            first: int = self._store.zcount(key, "-inf", f"({row[1]}")
            return first, first + self._store.zcount(key, row[1], row[1]) - 1
        # Who is equal to the millisecond of submission too: so few that they are counted one by one.
        first = last = index
        while first > 0:
            rows = self._range(key, max(0, first - WALK), first - 1)
            tied = next((n for n, other in enumerate(reversed(rows)) if tie_key(other) != tie_key(row)), len(rows))
            first -= tied
            if tied < len(rows) or not rows:
                break
        while rows := self._range(key, last + 1, last + WALK):
            tied = next((n for n, other in enumerate(rows) if tie_key(other) != tie_key(row)), len(rows))
            last += tied
            if tied < len(rows):
                break
        return first, last

    def _range(self, key: str, first: int, last: int) -> list[Row]:
        return [(member, int(score)) for member, score in self._store.zrange(key, first, last, withscores=True)]


def _value(row: Row) -> object:
    return row[1]


def _subject(member: str) -> str:
    return member[2:]


# A unit's path stands beside its figures and is left aside. A page reads some hundred of them: json took a quarter of it.
_figures = msgspec.json.Decoder(Figures).decode


def _person_row(place: int, rank: int, tied: bool, member: str, text: str) -> PersonRow:
    _packed, _member, score, used_ms, line = text.split(" ")
    submitted_ms, account = unpack_member(member)
    units = tuple(int(unit) for unit in line.split("/") if unit)
    return PersonRow(place, rank, tied, account, units, int(score), int(used_ms), submitted_ms)
