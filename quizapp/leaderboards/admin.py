"""Freezing the standings and exporting them, for the organizer; an auditor may look and export."""

import tempfile
from pathlib import Path

from flask import flash, redirect, render_template, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from quizapp.accounts.models import Account
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.competitions.priming import prime_if_reachable
from quizapp.competitions.queries import published_or_404
from quizapp.errors import Refused
from quizapp.extensions import db, grader
from quizapp.leaderboards.actions import freeze_standings, take_fence_down
from quizapp.leaderboards.exports import standing_sheets
from quizapp.leaderboards.forms import FreezeForm
from quizapp.leaderboards.models import Freeze
from quizapp.leaderboards.queries import readiness
from quizapp.leaderboards.refresh import drop_boards
from quizapp.leaderboards.snapshots import snapshot_in_force
from quizapp.leaderboards.workbook import write_standings
from quizapp.web.access import ORGANIZER, Blueprint
from quizapp.web.downloads import XLSX
from quizapp.web.error_pages import sentence

bp = Blueprint("leaderboards_admin", __name__, access=ORGANIZER, url_prefix="/admin/competitions/<int:competition_id>")


@bp.get("/freeze")
def freeze(competition_id: int) -> ResponseReturnValue:
    """What stands in the way of the freeze, what it will do; afterwards what was frozen."""
    return _page(published_or_404(competition_id), FreezeForm())


@bp.post("/freeze")
def freeze_now(competition_id: int) -> ResponseReturnValue:
    """Freeze the standings, or say why not."""
    competition = published_or_404(competition_id)
    form = FreezeForm()
    if not form.validate_on_submit():
        return _page(competition, form), 422
    actor: Account = current_user._get_current_object()
    shards = competition.shards
    try:
        freeze_standings(competition, actor=actor, now=utc_now())
    except Refused as error:
        db.session.rollback()
        flash(sentence(error.code, error.facts), "danger")
        return _page(published_or_404(competition_id), FreezeForm(formdata=None)), error.status
    try:
        db.session.commit()
    except Exception:
        take_fence_down(competition_id, shards)
        raise
    if prime_if_reachable(competition):
        drop_boards(grader.store, competition_id)
    flash(_("成绩已冻结，最终名次已生成。"), "success")
    return redirect(url_for("leaderboards_admin.freeze", competition_id=competition_id))


@bp.get("/standings.xlsx")
def export(competition_id: int) -> ResponseReturnValue:
    """The frozen standings with full names, one sheet a board."""
    competition = published_or_404(competition_id)
    if competition.frozen_at is None:
        raise Refused("not_frozen")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "standings.xlsx"
        write_standings(path, standing_sheets(competition))
        # The open file outlives its folder, and the server closes it when it has been sent.
        return send_file(
            path.open("rb"),
            mimetype=XLSX,
            as_attachment=True,
            download_name=f"{competition.title}-{_('最终名次')}.xlsx",
        )


def _page(competition: Competition, form: FreezeForm) -> str:
    frozen = db.session.get(Freeze, competition.id)
    return render_template(
        "leaderboards/freeze.html",
        competition=competition,
        form=form,
        freeze=frozen,
        snapshot=snapshot_in_force(competition),
        frozen_by=db.session.get(Account, frozen.frozen_by_id) if frozen and frozen.frozen_by_id else None,
        state=None if frozen else readiness(competition, utc_now()),
    )
