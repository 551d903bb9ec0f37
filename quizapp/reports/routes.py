"""What the public page of a competition tells of participation; the page's script puts it in."""

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from quizapp.clock import utc_now
from quizapp.competitions.queries import published_or_404
from quizapp.reports.queries import participation as participation_of
from quizapp.reports.responses import fragment
from quizapp.web.access import PUBLIC, Blueprint

bp = Blueprint("reports", __name__, access=PUBLIC)


@bp.get("/competitions/<int:competition_id>/participation")
def participation(competition_id: int) -> ResponseReturnValue:
    """How many have taken part, and the own unit's coverage."""
    competition = published_or_404(competition_id)
    person = current_user._get_current_object() if current_user.is_authenticated else None
    figures = participation_of(competition, person, utc_now())
    return fragment(render_template("reports/participation.html", competition=competition, figures=figures), request)
