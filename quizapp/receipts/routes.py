"""A person's own receipts, and what everybody may read: the days with their roots, the keys, and the script that checks."""

import json
from pathlib import Path
from typing import Any

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from quizapp.attempts.queries import attempts_of
from quizapp.clock import from_ms
from quizapp.competitions.queries import published_or_404
from quizapp.errors import NotFound
from quizapp.receipts.ledger import Issued, closed_days, issued, key_list, signed_day
from quizapp.web.access import PUBLIC, SIGNED_IN, Blueprint
from quizapp.web.downloads import download

bp = Blueprint("receipts", __name__, access=PUBLIC, url_prefix="/receipts")
own = Blueprint("own_receipts", __name__, access=SIGNED_IN, url_prefix="/competitions/<int:competition_id>")

DAYS_SHOWN = 60
SCRIPT = Path(__file__).with_name("check_receipt.py")


@own.get("/receipt")
def show(competition_id: int) -> ResponseReturnValue:
    """The receipt of the person's last ended attempt, or of the one that `?attempt=` names."""
    mine = _mine(competition_id)
    return render_template(
        "receipts/receipt.html",
        competition=published_or_404(competition_id),
        issued=mine,
        file=mine.file(),
        ended_at=from_ms(mine.receipt.ended_ms),
    )


@own.get("/receipt.json")
def file(competition_id: int) -> ResponseReturnValue:
    """The same to keep: with the proof once its day is closed."""
    mine = _mine(competition_id)
    return _file(mine.file(), f"receipt-{mine.receipt.code}.json")


def _mine(competition_id: int) -> Issued:
    competition = published_or_404(competition_id)
    ended = [view.ordinal for view in attempts_of(competition, current_user.id) if view.ending]
    ordinal = request.args.get("attempt", max(ended, default=0), type=int)
    if ordinal not in ended:
        raise NotFound("no_receipt")
    return issued(competition, current_user.id, ordinal)


@bp.get("/")
def index() -> ResponseReturnValue:
    """What a receipt proves, how to check it, the latest days, and the keys."""
    return render_template("receipts/index.html", days=closed_days(DAYS_SHOWN), shown=DAYS_SHOWN, keys=key_list())


@bp.get("/days.json")
def days() -> ResponseReturnValue:
    """All days with their roots, oldest first: whoever notes it can see later that nothing was added or removed."""
    return _file({"days": [signed_day(day) for day in reversed(closed_days())]}, "receipt-days.json")


@bp.get("/keys.json")
def keys() -> ResponseReturnValue:
    """The public keys."""
    return _file({"keys": key_list()}, "receipt-keys.json")


@bp.get("/check_receipt.py")
def script() -> ResponseReturnValue:
    """The script that checks a receipt with Python alone."""
    return download(SCRIPT.read_bytes(), SCRIPT.name, "text/x-python")


def _file(value: Any, name: str) -> Response:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1)
    return download(text.encode() + b"\n", name, "application/json")
