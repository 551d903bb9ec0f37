"""运行状况: the same figures for people, on a page that asks for them again every few seconds."""

from flask import Flask, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue

from quizapp.clock import utc_now
from quizapp.counting import totals_of
from quizapp.extensions import settings
from quizapp.operations.board import board
from quizapp.operations.queries import watch_of
from quizapp.web.access import ADMINISTRATOR, Blueprint

bp = Blueprint(
    "operations_admin",
    __name__,
    access=ADMINISTRATOR,
    url_prefix="/admin/operations",
)


@bp.get("")
def show() -> ResponseReturnValue:
    """The page, complete as it comes; its script only keeps it fresh."""
    return render_template("operations/show.html", board=_board())


@bp.get("/figures.json")
def figures() -> ResponseReturnValue:
    """What changes on the page, as texts in the reader's language."""
    return jsonify(_board())


def _board() -> dict[str, object]:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    now = utc_now()
    return board(watch_of(app).look(now), totals_of(settings().data_dir / "counts"), now)
