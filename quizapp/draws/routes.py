"""What everybody may read of draws: each step, the one file, the script that checks it, and the page for the hall."""

from pathlib import Path

from flask import Response, jsonify, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from quizapp.accounts.models import Account
from quizapp.clock import to_ms, utc_now
from quizapp.competitions.queries import published_or_404
from quizapp.draws import beacon
from quizapp.draws.forms import REASON_NAMES
from quizapp.draws.pages import page_of_winners
from quizapp.draws.queries import (
    Reading,
    Winner,
    draws_of,
    file_of,
    is_outdated,
    own_part,
    prizes_of,
    public_draw_or_404,
    reading_of,
    some_names,
    step_of,
    winners_of,
)
from quizapp.draws.steps import Step
from quizapp.signing import canonical
from quizapp.web.access import PUBLIC, Blueprint
from quizapp.web.downloads import download
from quizapp.web.error_pages import wants_json

bp = Blueprint("draws", __name__, access=PUBLIC, url_prefix="/competitions/<int:competition_id>/draws")
check = Blueprint("draw_check", __name__, access=PUBLIC, url_prefix="/draws")

SCRIPT = Path(__file__).with_name("check_draw.py")
HALL_WINNERS = 240
"""Of each prize: what a hall can follow. All of them are on the pages."""
ROLLING_NAMES = 60


@bp.get("/")
def index(competition_id: int) -> ResponseReturnValue:
    """The competition's draws whose rolls are frozen."""
    competition, now = published_or_404(competition_id), utc_now()
    draws = [(draw, step_of(draw, now)) for draw in draws_of(competition) if draw.frozen_at is not None]
    return render_template("draws/index.html", competition=competition, draws=draws)


@bp.get("/<int:number>")
def show(competition_id: int, number: int) -> ResponseReturnValue:
    """The draw for a stranger: its steps, what is known when, how to check it; and one's own part for who is signed in."""
    competition = published_or_404(competition_id)
    draw = public_draw_or_404(competition, number)
    step = step_of(draw, utc_now())
    reader = _account()
    return render_template(
        "draws/show.html",
        competition=competition,
        draw=draw,
        step=step,
        prizes=prizes_of(draw),
        reasons=REASON_NAMES,
        won=page_of_winners(competition, draw, reading_of(competition, reader)) if step is Step.DRAWN else [],
        mine=own_part(draw, reader) if reader else None,
        outdated=is_outdated(competition, draw),
        address=beacon.address_of(draw.round) if draw.round else "",
        randomness=beacon.Round(draw.round or 0, draw.beacon_signature).randomness if draw.beacon_signature else "",
        chain=beacon.CHAIN,
    )


@bp.get("/<int:number>/draw.json")
def file(competition_id: int, number: int) -> ResponseReturnValue:
    """The one file with everything in it."""
    draw = public_draw_or_404(published_or_404(competition_id), number)
    return download(canonical(file_of(draw)) + b"\n", f"draw-{competition_id}-{number}.json", "application/json")


@bp.get("/<int:number>/hall")
def hall(competition_id: int, number: int) -> ResponseReturnValue:
    """The draw as it happens, for a hall. It only shows what is recorded, as often as it is wanted."""
    competition = published_or_404(competition_id)
    draw = public_draw_or_404(competition, number)
    step = step_of(draw, utc_now())
    if wants_json():
        return jsonify(step=step)
    # Whoever shows it to a hall shows it in public: names are masked for an organizer's screen too.
    reading = Reading.MASKED if reading_of(competition, _account()) is not Reading.NOTHING else Reading.NOTHING
    won = winners_of(competition, draw, reading, most=HALL_WINNERS) if step is Step.DRAWN else []
    return render_template(
        "draws/hall.html",
        competition=competition,
        draw=draw,
        step=step,
        prizes=prizes_of(draw),
        happens_ms=to_ms(draw.happens_at) if draw.happens_at else 0,
        rolling=some_names(competition, draw, reading, ROLLING_NAMES) if won else [],
        shown=[
            {"name": each.prize.name, "count": each.count, "winners": [_shown(winner) for winner in each.winners]}
            for each in won
        ],
    )


def _shown(winner: Winner) -> list[str]:
    return [winner.name, winner.unit, winner.entry] if winner.name else [winner.entry, winner.unit]


@check.get("/check_draw.py")
def script() -> Response:
    """The script that comes to the same winners with Python alone."""
    return download(SCRIPT.read_bytes(), SCRIPT.name, "text/x-python")


def _account() -> Account | None:
    return current_user._get_current_object() if current_user.is_authenticated else None
