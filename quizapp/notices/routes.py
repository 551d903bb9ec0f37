"""What everybody sees of a notice: its state, the snapshots with how to check them, and how to object; and one's own name."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from quizapp.accounts import audit
from quizapp.accounts.models import Account
from quizapp.clock import utc_now
from quizapp.competitions.queries import published_or_404
from quizapp.errors import NotFound, Refused
from quizapp.extensions import db, limiter
from quizapp.leaderboards.gate import viewer_of
from quizapp.leaderboards.queries import board_of, sight_of
from quizapp.leaderboards.snapshots import SCRIPT
from quizapp.leaderboards.visibility import Sight
from quizapp.notices.actions import ANSWER_WORKING_DAYS, file_objection
from quizapp.notices.consent import choose_consent, consent_of
from quizapp.notices.differences import shown_differences
from quizapp.notices.forms import NamingForm, ObjectionForm
from quizapp.notices.pages import send_snapshot, state_of
from quizapp.notices.queries import (
    notice_state,
    notices_of,
    objection_by_code,
    objections_by,
    objections_of,
    snapshots_of,
)
from quizapp.web.access import PUBLIC, SIGNED_IN, Blueprint
from quizapp.web.downloads import download

bp = Blueprint("notices", __name__, access=PUBLIC, url_prefix="/competitions/<int:competition_id>/notice")
own = Blueprint("own_notices", __name__, access=SIGNED_IN, url_prefix="/competitions/<int:competition_id>")


@bp.get("/")
def show(competition_id: int) -> ResponseReturnValue:
    """Where the standings are, what is left of the notice, the snapshots, how to check and how to object."""
    competition = published_or_404(competition_id)
    if competition.frozen_at is None:
        raise NotFound("not_frozen_yet")
    sees = sight_of(competition, _account()) is Sight.YES
    snapshots = snapshots_of(competition)
    minimum = board_of(competition).minimum if sees else 0  # type: ignore[union-attr]  # it is frozen
    objections = objections_of(competition)
    return render_template(
        "notices/show.html",
        competition=competition,
        **state_of(competition, utc_now()),
        sees=sees,
        snapshots=snapshots,
        notices=notices_of(competition),
        differences={
            each.number: shown_differences(competition, each.differences, minimum=minimum)
            for each in snapshots
            if sees and each.number > 1
        },
        objections=len(objections),
        unanswered=sum(each.replied_at is None for each in objections),
        mine=objections_by(competition, current_user) if current_user.is_authenticated else (),
        answer_days=ANSWER_WORKING_DAYS,
    )


@bp.app_context_processor
def _standing_state() -> dict[str, Any]:
    """What the boards say of frozen standings; see leaderboards/parts.html."""
    return {"standing_state": lambda competition: notice_state(competition).value}


@bp.get("/standings-<int:number>.jsonl.gz")
@limiter.limit("30/minute")
def snapshot_file(competition_id: int, number: int) -> ResponseReturnValue:
    """A snapshot's public file, for whoever may see the boards."""
    competition = published_or_404(competition_id)
    viewer_of(competition)
    return send_snapshot(competition, number, "public")


@bp.get("/check_standings.py")
def script(competition_id: int) -> ResponseReturnValue:
    """The script that checks a public file with Python alone."""
    published_or_404(competition_id)
    return download(SCRIPT.read_bytes(), SCRIPT.name, "text/x-python")


@bp.route("/objection", methods=["GET", "POST"])
@limiter.limit("20/hour", methods=["POST"])
def objection(competition_id: int) -> ResponseReturnValue:
    """File an objection."""
    competition = published_or_404(competition_id)
    state = state_of(competition, utc_now())
    if not state["runs"]:
        raise Refused("no_notice_runs")
    account = _account()
    form = ObjectionForm()
    if request.method == "GET" and account:
        form.name.data, form.contact.data = account.name, account.phone or ""
    if not form.validate_on_submit():
        page = render_template("notices/objection_form.html", competition=competition, form=form, **state)
        return page, 422 if form.is_submitted() else 200
    filed = file_objection(
        competition.id,
        account=account,
        name=form.name.data,
        contact=form.contact.data,
        body=form.body.data,
        now=utc_now(),
    )
    db.session.commit()
    flash(_("异议已提交。请保存本页地址，答复会显示在这里。"), "success")
    return redirect(url_for("notices.objection_reply", competition_id=competition.id, code=filed.code), 303)


@bp.get("/objections/<code>")
def objection_reply(competition_id: int, code: str) -> ResponseReturnValue:
    """An objection with its reply, for its author, who has the code."""
    competition = published_or_404(competition_id)
    return render_template(
        "notices/objection.html", competition=competition, objection=objection_by_code(competition, code)
    )


@own.route("/naming", methods=["GET", "POST"])
def naming(competition_id: int) -> ResponseReturnValue:
    """A participant's choice whether the full name may stand in published lists of winners."""
    competition = published_or_404(competition_id)
    account: Account = current_user._get_current_object()
    form = NamingForm()
    if form.validate_on_submit():
        now, named = utc_now(), form.named.data == "yes"
        choose_consent(competition, account, named=named, now=now)
        audit.record(
            "naming_chosen", actor=account, subject_type="competition", subject_id=competition.id, now=now, named=named
        )
        db.session.commit()
        flash(_("已保存。您可以随时再改。"), "success")
        return redirect(url_for("own_notices.naming", competition_id=competition.id), 303)
    if not form.is_submitted():
        form.named.data = "yes" if consent_of(competition, account) else "no"
    page = render_template("notices/naming.html", competition=competition, form=form)
    return page, 422 if form.is_submitted() else 200


def _account() -> Account | None:
    return current_user._get_current_object() if current_user.is_authenticated else None
