"""Freezing the standings and exporting them, for the organizer; an auditor may look and export."""

import tempfile
from datetime import timedelta
from pathlib import Path

from flask import flash, jsonify, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from quizapp.accounts.models import Account
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import published_or_404
from quizapp.errors import Refused
from quizapp.extensions import db
from quizapp.leaderboards.actions import ask_for_freeze
from quizapp.leaderboards.exports import standing_sheets
from quizapp.leaderboards.forms import FreezeForm
from quizapp.leaderboards.models import Freeze, Freezing
from quizapp.leaderboards.queries import readiness
from quizapp.leaderboards.snapshots import snapshot_in_force
from quizapp.leaderboards.workbook import write_standings
from quizapp.web.access import ORGANIZER, Blueprint
from quizapp.web.downloads import XLSX
from quizapp.web.error_pages import sentence

bp = Blueprint("leaderboards_admin", __name__, access=ORGANIZER, url_prefix="/admin/competitions/<int:competition_id>")
LONG_WAIT = timedelta(seconds=20)


@bp.get("/freeze")
def freeze(competition_id: int) -> ResponseReturnValue:
    """What stands in the way of the freeze, what it will do; how far it is; afterwards what was frozen."""
    return _page(published_or_404(competition_id), FreezeForm())


@bp.post("/freeze")
def freeze_now(competition_id: int) -> ResponseReturnValue:
    """Ask for the freeze, which the recorder's process makes (`jobs`), or say why not."""
    competition = published_or_404(competition_id)
    form = FreezeForm()
    if not form.validate_on_submit():
        return _page(competition, form), 422
    actor: Account = current_user._get_current_object()
    try:
        ask_for_freeze(competition, actor=actor, now=utc_now())
    except Refused as error:
        db.session.rollback()
        flash(sentence(error.code, error.facts), "danger")
        return _page(published_or_404(competition_id), FreezeForm(formdata=None)), error.status
    db.session.commit()
    return redirect(url_for("leaderboards_admin.freeze", competition_id=competition_id))


@bp.get("/freeze/state")
def freeze_state(competition_id: int) -> ResponseReturnValue:
    """How far the freeze is: asked again and again by the page, and small."""
    freezing = db.session.get(Freezing, published_or_404(competition_id).id)
    if freezing is None or freezing.failure:
        response = jsonify(running=False)
    else:
        response = jsonify(running=True, done=freezing.done, total=freezing.total, text=_how_far(freezing))
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return response.make_conditional(request)


def _how_far(freezing: Freezing) -> str:
    if not freezing.runner:
        if utc_now() - freezing.asked_at > LONG_WAIT:
            return str(_("还没有开始，落库进程可能没有运行。请让管理员运行 quizapp doctor；它一运行就会接着冻结。"))
        return str(_("正在排队，几秒内开始。"))
    if not freezing.total:
        return str(_("正在核对答卷和单位。"))
    if freezing.done >= freezing.total:
        return str(_("%(total)s 人的名次都已算完，正在一次写入。", total=f"{freezing.total:,}"))
    facts = {"done": f"{freezing.done:,}", "total": f"{freezing.total:,}"}
    return str(_("已算完 %(done)s 人的名次，共 %(total)s 人。", **facts))


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
    freezing = db.session.get(Freezing, competition.id)
    running = freezing is not None and not freezing.failure
    return render_template(
        "leaderboards/freeze.html",
        competition=competition,
        form=form,
        freeze=frozen,
        snapshot=snapshot_in_force(competition),
        frozen_by=db.session.get(Account, frozen.frozen_by_id) if frozen and frozen.frozen_by_id else None,
        freezing=freezing if running else None,
        how_far=_how_far(freezing) if freezing and running else "",
        failure=sentence(freezing.failure, freezing.facts) if freezing and not running else "",
        state=None if frozen or running else readiness(competition, utc_now()),
    )
