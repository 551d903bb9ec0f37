"""What the export of frozen standings holds: full names, for organizers and auditors."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import Row, select

from quizapp.clock import from_ms
from quizapp.competitions.models import Competition
from quizapp.extensions import db
from quizapp.leaderboards.figures import Figures
from quizapp.leaderboards.models import Standing
from quizapp.leaderboards.snapshot_lines import TreeUnit
from quizapp.leaderboards.snapshots import snapshot_in_force, units_of
from quizapp.leaderboards.workbook import Sheet
from quizapp.organizations.words import industry_name, region_name

CHUNK = 2000

T = TypeVar("T")
StandingRow = Row[int, str, int | None, dict[str, Any], str | None]


def standing_sheets(competition: Competition) -> Iterator[Sheet]:
    """One sheet a board. Ranks of 0 (too few people for a mean) are left empty."""
    snapshot = snapshot_in_force(competition)
    units = {unit.unit: unit for unit in (units_of(snapshot) if snapshot else ())}
    yield (
        _("个人"),
        [_("名次"), _("姓名"), _("单位"), _("上级单位"), _("得分"), _("用时（秒）"), _("交卷时间")],
        _people(competition, units),
    )
    figures = [
        _("参赛人数"), _("应参赛人数"), _("覆盖率（%）"), _("超出人数"), _("平均分"), _("满分人数"), _("及格率（%）"),
        _("平均用时（秒）"),
    ]  # fmt: skip
    rank = _("平均分名次")
    unit_headings = [rank, _("单位"), _("代码"), _("上级单位"), _("地区"), _("行业"), *figures]
    yield _("单位"), unit_headings, _units(competition, units)
    yield _("地区"), [rank, _("地区"), *figures], _fields(competition, "regions")
    yield _("行业"), [rank, _("行业"), *figures], _fields(competition, "industries")


def _people(competition: Competition, units: dict[int, TreeUnit]) -> Iterator[Sequence[object]]:
    zone = ZoneInfo(competition.timezone)
    for chunk in _chunks(_standings(competition, "people"), CHUNK):
        for rank, _subject, unit_id, values, name in chunk:
            unit = units.get(unit_id) if unit_id else None
            yield (
                rank,
                name,
                unit.name if unit else "",
                _parents(unit, units),
                values["score"] / 100,
                values["used_ms"] / 1000,
                f"{from_ms(values['submitted_ms']).astimezone(zone):%Y-%m-%d %H:%M:%S}",
            )


def _units(competition: Competition, units: dict[int, TreeUnit]) -> Iterator[Sequence[object]]:
    for rank, subject, _unit_id, values, _name in _standings(competition, "units"):
        unit = units[int(subject)]
        figures = Figures(**{name: value for name, value in values.items() if name != "path"})
        names = unit.name, unit.code, _parents(unit, units), region_name(unit.region), industry_name(unit.industry)
        yield (rank or None, *names, *_numbers(figures))


def _fields(competition: Competition, board: str) -> Iterator[Sequence[object]]:
    name = region_name if board == "regions" else industry_name
    for rank, subject, _unit_id, values, _name in _standings(competition, board):
        yield (rank or None, name(subject) or subject, *_numbers(Figures(**values)))


def _numbers(figures: Figures) -> list[object]:
    return [
        figures.participants,
        figures.headcount or None,
        None if figures.coverage is None else round(figures.coverage * 100, 2),
        figures.excess or None,
        None if figures.mean is None else round(figures.mean / 100, 2),
        figures.full_marks,
        None if figures.pass_rate is None else round(figures.pass_rate * 100, 2),
        None if figures.mean_used_ms is None else round(figures.mean_used_ms / 1000, 1),
    ]


def _parents(unit: TreeUnit | None, units: dict[int, TreeUnit]) -> str:
    """The units above, the root first."""
    if unit is None:
        return ""
    return " / ".join(units[above].name for above in unit.line[:-1])


def _standings(competition: Competition, board: str) -> Iterable[StandingRow]:
    columns = Standing.rank, Standing.subject, Standing.organization_id, Standing.figures, Standing.name
    rows = select(*columns).where(Standing.competition_id == competition.id, Standing.board == board)
    return db.session.execute(rows.order_by(Standing.place), execution_options={"yield_per": CHUNK})


def _chunks(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    found = iter(rows)
    while chunk := list(islice(found, size)):
        yield chunk
