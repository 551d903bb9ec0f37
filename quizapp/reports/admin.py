"""Progress for coordinators and associations, and the organizer's overview of a running competition."""

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from redis.exceptions import RedisError

from quizapp.accounts.models import Account
from quizapp.attempts.lag import unrecordable_count
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.competitions.phase import Phase, is_paused, phase
from quizapp.competitions.priming import open_attempts
from quizapp.competitions.queries import blueprint_of, published_competitions, published_or_404
from quizapp.errors import NotFound, Unavailable
from quizapp.extensions import db, limiter, settings
from quizapp.reports.keeping import kept
from quizapp.reports.progress import Bar, Scope, UnitProgress, bars, score_bands
from quizapp.reports.queries import (
    may_name,
    page_of_unanswered,
    results_by_day,
    results_by_hour,
    scope_for,
    scores_of,
    snapshot,
    unanswered,
)
from quizapp.reports.responses import fragment
from quizapp.web.access import ORGANIZER, STAFF, Blueprint, access, for_roles
from quizapp.web.downloads import download
from quizapp.web.page_context import show_datetime
from quizapp.web.spreadsheets import write_workbook

log = logging.getLogger("quizapp")

bp = Blueprint("reports_admin", __name__, access=STAFF, url_prefix="/admin")

SHOWN_UNITS = 100
LAGGING = 10
MOST_NAMES = 20_000
# Associations see their units' progress, not who in them has or hasn't answered.
SEES_NAMES = for_roles("organizer", "coordinator", readers=("auditor",))


def _actor() -> Account:
    found: Account = current_user._get_current_object()
    return found


@bp.get("/reports/")
def index() -> ResponseReturnValue:
    """The competitions, with how far the own units are in each."""
    now = utc_now()
    rows = []
    for competition in published_competitions(now):
        scope = scope_for(competition, _actor(), now)
        if scope.count:
            rows.append((competition, phase(competition, now), is_paused(competition, now), scope))
    return render_template("reports/index.html", rows=rows)


@bp.get("/reports/<int:competition_id>/progress")
def progress(competition_id: int) -> ResponseReturnValue:
    """The figures of the units that the person may see: all of them, or one and what is right below it."""
    competition = published_or_404(competition_id)
    now = utc_now()
    scope = scope_for(competition, _actor(), now)
    unit = _unit_of(scope)
    rows = scope.children(unit.id if unit else None)
    if unit is None and len(rows) == 1:
        unit, rows = rows[0], scope.children(rows[0].id)
    return render_template(
        "reports/progress.html",
        competition=competition,
        phase=phase(competition, now),
        paused=is_paused(competition, now),
        scope=scope,
        unit=unit,
        line=scope.line(unit.id) if unit else [],
        rows=rows[:SHOWN_UNITS],
        row_count=len(rows),
        now=now,
        sees_names=_may_name([*rows[:SHOWN_UNITS], *([unit] if unit else [])]),
        organizes=ORGANIZER.allows(_actor().roles, "GET"),
        message=_message(competition, now),
    )


def _unit_of(scope: Scope) -> UnitProgress | None:
    """The unit that the address names; one outside the scope looks like a missing one."""
    text = request.args.get("unit", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19) or int(text) not in scope:
        raise NotFound()
    return scope.progress(int(text))


def _may_name(units: Iterable[UnitProgress]) -> bool:
    """Whether the person may know who of these units has not answered: somebody can be of an association too."""
    return SEES_NAMES.allows(_actor().roles, "GET") and may_name(_actor(), (unit.id for unit in units))


def _message(competition: Competition, now: datetime) -> str:
    """A text to send round, with the link; empty once it is over."""
    link = settings().public_url.rstrip("/") or request.url_root.rstrip("/")
    facts = {
        "title": competition.title,
        "opens_at": show_datetime(competition.opens_at, competition.timezone),
        "closes_at": show_datetime(competition.closes_at, competition.timezone),
        "count": blueprint_of(competition).question_count,
        "minutes": competition.minutes,
        "link": link + url_for("competitions.show", competition_id=competition.id),
    }
    at = phase(competition, now)
    if at is Phase.OPEN:
        text: str = _(
            "各位同事：\n%(title)s正在进行，请于 %(closes_at)s 前完成答题。共 %(count)d 题，限时 %(minutes)d 分钟，手机即可参加。\n"
            "参赛链接：%(link)s",
            **facts,
        )
        return text
    if at is Phase.UPCOMING:
        text = _(
            "各位同事：\n%(title)s将于 %(opens_at)s 开始，%(closes_at)s 截止。共 %(count)d 题，限时 %(minutes)d 分钟，手机即可参加。\n"
            "参赛链接：%(link)s",
            **facts,
        )
        return text
    return ""


@bp.get("/reports/<int:competition_id>/unanswered")
@access(SEES_NAMES)
def unanswered_people(competition_id: int) -> ResponseReturnValue:
    """Who of a unit, and of all below it, has no result yet."""
    competition = published_or_404(competition_id)
    scope = scope_for(competition, _actor(), utc_now())
    unit = _unit_of(scope)
    if unit is None or not _may_name([unit]):
        raise NotFound()
    page = page_of_unanswered(competition, unit.id, request.args.get("page", 1, type=int))
    return render_template("reports/unanswered.html", competition=competition, unit=unit, page=page)


@bp.get("/reports/<int:competition_id>/progress.xlsx")
@limiter.limit("20/minute")
def progress_xlsx(competition_id: int) -> ResponseReturnValue:
    """The figures as a workbook; with the names of who hasn't answered, for those who may see them."""
    competition = published_or_404(competition_id)
    now = utc_now()
    scope = scope_for(competition, _actor(), now)
    unit = _unit_of(scope)
    tables = [(_("单位进度"), _progress_rows(competition, scope.in_tree_order(unit.id if unit else None), now))]
    if unit is not None and _may_name([unit]):
        tables.append((_("未答题人员"), _name_rows(competition, unit)))
    return download(write_workbook(tables), f"progress-{competition.id}.xlsx")


def _progress_rows(competition: Competition, rows: Iterable[UnitProgress], now: datetime) -> list[list[object]]:
    headings = [_("单位"), _("代码"), _("层级"), _("应参赛"), _("已注册"), _("已开始"), _("已交卷")]
    headings += [_("覆盖率 %"), _("超出应参赛"), _("平均分"), _("及格率 %"), _("满分人数")]
    table: list[list[object]] = [headings]
    for row in rows:
        figures = row.figures
        table.append(
            [
                row.name,
                row.code,
                row.depth + 1,
                row.should,
                row.registered,
                figures.started,
                figures.participants,
                _share(figures.coverage),
                figures.excess or None,
                None if figures.mean is None else round(figures.mean / 100, 2),
                _share(figures.pass_rate),
                figures.full_marks,
            ]
        )
    table.append([])
    table.append(
        [_("%(title)s，数据截至 %(time)s", title=competition.title, time=show_datetime(now, competition.timezone))]
    )
    return table


def _share(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 1)


def _name_rows(competition: Competition, unit: UnitProgress) -> list[list[object]]:
    table: list[list[object]] = [[_("单位"), _("姓名"), _("工号"), _("归属")]]
    rows = list(db.session.execute(unanswered(competition, unit.id).limit(MOST_NAMES + 1)))
    for account, membership, organization in rows[:MOST_NAMES]:
        state = _("已确认") if membership.state == "confirmed" else _("待确认")
        table.append([organization.name, account.name, membership.staff_number, state])
    if len(rows) > MOST_NAMES:
        table.append([_("人数太多，只列出前 %(most)d 人；请按下级单位分别导出。", most=MOST_NAMES)])
    return table


@bp.get("/competitions/<int:competition_id>/overview")
@access(ORGANIZER)
def overview(competition_id: int) -> ResponseReturnValue:
    """A competition at a glance, kept up to date by the page's script."""
    competition = published_or_404(competition_id)
    return render_template("reports/overview.html", competition=competition, **_live(competition))


@bp.get("/competitions/<int:competition_id>/overview/live")
@access(ORGANIZER)
def overview_live(competition_id: int) -> ResponseReturnValue:
    """The part of the overview that changes."""
    competition = published_or_404(competition_id)
    html = render_template("reports/overview_live.html", competition=competition, **_live(competition))
    return fragment(html, request)


def _live(competition: Competition) -> dict[str, Any]:
    now = utc_now()
    shot = snapshot(competition, now)
    scope = shot.whole
    at = phase(competition, now)
    started, submitted = shot.loners
    roots = scope.children()
    if len(roots) == 1 and not roots[0].is_leaf:
        roots = [roots[0], *scope.children(roots[0].id)]
    return {
        "phase": at,
        "paused": is_paused(competition, now),
        "taken_at": shot.taken_at,
        "scope": scope,
        "registered": scope.registered,
        "started": scope.total.started + started,
        "submitted": scope.total.participants + submitted,
        "answering": open_attempts(competition),
        "units": roots[:SHOWN_UNITS],
        "unit_count": len(roots),
        "lagging": scope.lagging(LAGGING),
        "distribution": _distribution(competition, now),
        "by_hour": _by_hour(competition, now),
        "by_day": _by_day(competition, now),
        "unrecordable": unrecordable_count(competition),
        "can_freeze": at is Phase.CLOSED,
    }


def _distribution(competition: Competition, now: datetime) -> list[Bar] | None:
    """None while the boards can't be read."""

    def make() -> list[Bar] | None:
        try:
            return bars(score_bands(scores_of(competition), blueprint_of(competition).full_score))
        except (RedisError, Unavailable):
            log.warning("distribution_unavailable competition=%s", competition.id)
            return None

    return kept(("scores", competition.id), seconds=3, now=now, make=make)


def _by_hour(competition: Competition, now: datetime) -> list[Bar]:
    def make() -> list[Bar]:
        return bars([(f"{hour:%H}", count) for hour, count in results_by_hour(competition, now)])

    return kept(("hours", competition.id), seconds=15, now=now, make=make)


def _by_day(competition: Competition, now: datetime) -> list[Bar]:
    def make() -> list[Bar]:
        return bars([(f"{day.month}/{day.day}", count) for day, count in results_by_day(competition, now)])

    return kept(("days", competition.id), seconds=60, now=now, make=make)
