"""The public pages of awards: the rules, the leagues with their places, a unit's place number by number, the signed file."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from quizapp.awards import queries
from quizapp.awards.composite import INDICATORS
from quizapp.awards.models import Award
from quizapp.awards.words import INDICATOR_NAMES, REASONS, league_name, tier_name, without_zeros
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import published_or_404
from quizapp.errors import NotFound
from quizapp.extensions import db
from quizapp.leaderboards.gate import viewer_of
from quizapp.leaderboards.models import Freeze
from quizapp.web.access import PUBLIC, Blueprint
from quizapp.web.downloads import download

bp = Blueprint("awards", __name__, access=PUBLIC, url_prefix="/competitions/<int:competition_id>/awards")
bp.add_app_template_filter(league_name)
bp.add_app_template_filter(lambda name: INDICATOR_NAMES[name], "indicator_name")
bp.add_app_template_filter(lambda reason: REASONS[reason], "league_reason")
bp.add_app_template_filter(lambda tier, rules: tier_name(rules, tier), "tier_name")
bp.add_app_template_filter(without_zeros)


def _seen(competition_id: int) -> Competition:
    """A competition whose boards one may see: awards tell as much."""
    competition = published_or_404(competition_id)
    viewer_of(competition)
    return competition


def _is_outdated(competition: Competition, content: Mapping[str, Any] | None) -> bool:
    """Whether the standings were corrected after the result was worked out."""
    freeze = db.session.get(Freeze, competition.id)
    return content is not None and freeze is not None and content["standings"] != freeze.digest


def _content(award: Award) -> Mapping[str, Any] | None:
    result = queries.last_result(award)
    return queries.content_of(result) if result else None


@bp.get("/")
def index(competition_id: int) -> ResponseReturnValue:
    """The competition's awards, with or without a result."""
    competition = _seen(competition_id)
    awards = [(award, queries.last_result(award)) for award in queries.awards_of(competition)]
    return render_template("awards/index.html", competition=competition, awards=awards)


@bp.get("/<int:award_id>")
def show(competition_id: int, award_id: int) -> ResponseReturnValue:
    """An award: leagues, tiers and units once there is a result, and the rules."""
    competition = _seen(competition_id)
    award = queries.award_or_404(competition, award_id)
    result = queries.last_result(award)
    content = queries.content_of(result) if result else None
    return render_template(
        "awards/show.html",
        competition=competition,
        award=award,
        result=result,
        content=content,
        units={unit["id"]: unit for unit in content["units"]} if content else {},
        outdated=_is_outdated(competition, content),
    )


@bp.get("/<int:award_id>/award.json")
def file(competition_id: int, award_id: int) -> ResponseReturnValue:
    """The signed result: `quizapp awards verify` computes it again. Raises NotFound before there is one."""
    competition = _seen(competition_id)
    award = queries.award_or_404(competition, award_id)
    result = queries.last_result(award)
    if result is None:
        raise NotFound()
    signed = {"award": queries.content_of(result), "key": result.key, "signature": result.signature}
    text = json.dumps(signed, ensure_ascii=False, sort_keys=True, indent=1)
    return download(text.encode(), f"award-{award.id}-{result.number}.json", "application/json")


@bp.get("/<int:award_id>/units/<int:unit_id>")
def unit(competition_id: int, award_id: int, unit_id: int) -> ResponseReturnValue:
    """Why a unit stands where it stands. Raises NotFound for one that does not compete, or before there is a result."""
    competition = _seen(competition_id)
    award = queries.award_or_404(competition, award_id)
    content = _content(award)
    shown = next((each for each in content["units"] if each["id"] == unit_id), None) if content else None
    if content is None or shown is None:
        raise NotFound()
    return render_template(
        "awards/unit.html",
        competition=competition,
        award=award,
        content=content,
        shown=shown,
        outdated=_is_outdated(competition, content),
        changes=[change for change in content["headcount_changes"] if change["unit"] == unit_id],
        corrections=[change for change in content["headcount_corrections"] if change["unit"] == unit_id],
        **_standing(content, unit_id),
    )


def _standing(content: Mapping[str, Any], unit_id: int) -> dict[str, Any]:
    """The unit's row with its league and the nearest rows of other composites above and below, or why it has none."""
    reason = next((row["reason"] for row in content["none"] if row["unit"] == unit_id), "")
    if reason:
        return {"row": None, "reason": reason}
    row = next(row for row in content["places"] if row["unit"] == unit_id)
    league = next(league for league in content["leagues"] if league["key"] == row["league"])
    found: dict[str, Any] = {"row": row, "reason": "", "league": league}
    if row["place"]:
        rows = [each for each in content["places"] if each["league"] == row["league"] and each["place"]]
        names = {each["id"]: each["name"] for each in content["units"]}
        above = [each for each in rows if each["place"] < row["place"]]
        below = [each for each in rows if each["place"] > row["place"]]
        found["neighbours"] = [
            {
                "row": other,
                "name": names[other["unit"]],
                "gap": Decimal(other["total"]) - Decimal(row["total"]),
                "gaps": {
                    name: Decimal(other["parts"][name][3]) - Decimal(row["parts"][name][3]) for name in INDICATORS
                },
            }
            for other in (*above[-1:], *below[:1])
        ]
        found["sharing"] = sum(each["place"] == row["place"] for each in rows)
    return found
