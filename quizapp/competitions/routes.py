"""The public pages of competitions: the list, and one with the button that leads into it."""

from dataclasses import dataclass

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from quizapp.accounts.models import Account
from quizapp.banks.queries import version_content
from quizapp.clock import to_ms, utc_now
from quizapp.competitions.eligibility import Verdict
from quizapp.competitions.models import Competition
from quizapp.competitions.phase import Phase, is_paused, phase
from quizapp.competitions.queries import (
    announcements_of,
    blueprint_of,
    invited_units,
    published_competitions,
    published_or_404,
    start_verdict,
)
from quizapp.organizations.queries import membership_of
from quizapp.web.access import PUBLIC, Blueprint
from quizapp.web.error_pages import sentence

bp = Blueprint("competitions", __name__, access=PUBLIC)


@dataclass(frozen=True)
class Step:
    """The large button: what it says and does. Without `url` it can't be pressed; `note` says why, or what comes next."""

    text: str
    url: str = ""
    posts: bool = False
    note: str = ""


@bp.get("/competitions/")
def index() -> ResponseReturnValue:
    """Open ones first, then upcoming, then past."""
    now = utc_now()
    groups: dict[str, list[Competition]] = {"open": [], "upcoming": [], "past": []}
    for competition in published_competitions(now):
        at = phase(competition, now)
        groups[at.value if at in (Phase.OPEN, Phase.UPCOMING) else "past"].append(competition)
    return render_template(
        "competitions/index.html",
        groups=groups,
        question_counts={c.id: blueprint_of(c).question_count for group in groups.values() for c in group},
        phases={c.id: (phase(c, now), is_paused(c, now)) for group in groups.values() for c in group},
    )


@bp.get("/competitions/<int:competition_id>")
def show(competition_id: int) -> ResponseReturnValue:
    """One competition: what it is, when, under which rules, and the way in."""
    competition = published_or_404(competition_id)
    now = utc_now()
    person: Account | None = current_user._get_current_object() if current_user.is_authenticated else None
    invited = invited_units(competition)
    verdict = start_verdict(competition, invited, person, membership_of(person) if person else None, now)
    return render_template(
        "competitions/show.html",
        competition=competition,
        blueprint=blueprint_of(competition),
        phase=phase(competition, now),
        paused=is_paused(competition, now),
        now_ms=to_ms(now),
        opens_ms=to_ms(competition.opens_at),
        closes_ms=to_ms(competition.closes_at),
        announcements=announcements_of(competition),
        invited=[name for _path, name in invited],
        step=_next_step(competition, verdict),
        own=person is not None,
        has_practice=any(pool == "practice" for pool, _type in version_content(competition.bank_version_id).ordinals),
        shows_boards=competition.boards == "public" or (competition.boards == "members" and person is not None),
    )


def _next_step(competition: Competition, verdict: Verdict) -> Step:
    note = sentence(verdict.code, {}) if verdict.code else ""
    steps = {
        "": lambda: Step(
            _("开始答题"),
            url_for("attempts.start", competition_id=competition.id),
            posts=True,
            note=_("点一下就开始计时，到时或竞赛截止时自动交卷。"),
        ),
        "sign_in_first": lambda: Step(_("登录后参加"), url_for("accounts.sign_in", next=request.path), note=note),
        "membership_missing": lambda: Step(_("加入单位"), url_for("organizations.join"), note=note),
        "membership_pending": lambda: Step(_("等待单位确认"), note=note),
        "unit_not_invited": lambda: Step(_("不在参赛范围"), note=note),
        "competition_not_open": lambda: Step(_("尚未开始"), note=note),
        "competition_closed": lambda: Step(_("竞赛已截止"), note=note),
        "competition_paused": lambda: Step(_("竞赛暂停中"), note=note),
    }
    return steps[verdict.code]()
