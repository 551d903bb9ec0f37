"""The organizer's pages of draws: plan, freeze the roll, name the source of chance, draw; and the approvals of another draw."""

import secrets
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from quizapp.accounts.models import Account
from quizapp.clock import to_ms, utc_now
from quizapp.competitions.forms import moment_in
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import published_or_404
from quizapp.draws import actions, beacon
from quizapp.draws.drawing import fault_of_prizes, reach
from quizapp.draws.fetching import fetch_round
from quizapp.draws.forms import (
    REASON_NAMES,
    AddForm,
    BeaconForm,
    CommitmentForm,
    FreezeRollForm,
    PlanForm,
    RoundForm,
    SecretForm,
    plan_data,
)
from quizapp.draws.models import Draw
from quizapp.draws.pages import page_of_winners
from quizapp.draws.queries import (
    Reading,
    candidates,
    draw_or_404,
    draws_of,
    is_outdated,
    prizes_of,
    scores_now,
    step_of,
)
from quizapp.draws.steps import APPROVALS, Step, is_over
from quizapp.errors import Invalid, Refused
from quizapp.extensions import db
from quizapp.notices.queries import notice_state
from quizapp.web.access import ORGANIZER, Blueprint
from quizapp.web.error_pages import sentence
from quizapp.web.forms import Form

bp = Blueprint("draws_admin", __name__, access=ORGANIZER, url_prefix="/admin/competitions/<int:competition_id>/draws")

TOP_SCORES = 12


@bp.get("/")
def index(competition_id: int) -> ResponseReturnValue:
    """All draws of the competition, and another one."""
    return _index_page(published_or_404(competition_id), AddForm())


@bp.post("/")
def add(competition_id: int) -> ResponseReturnValue:
    """Plan the first draw, or another one with its reason."""
    competition = published_or_404(competition_id)
    form = AddForm()
    if draws_of(competition) and not form.validate_on_submit():
        return _index_page(competition, form), 422
    draw = actions.add_draw(competition, reason=form.reason.data or "", actor=_actor(), now=utc_now())
    db.session.commit()
    return redirect(url_for(".plan", competition_id=competition_id, number=draw.number))


def _index_page(competition: Competition, form: AddForm) -> str:
    now = utc_now()
    draws = [(draw, step_of(draw, now)) for draw in draws_of(competition)]
    return render_template(
        "draws/admin_index.html",
        competition=competition,
        draws=draws,
        form=form,
        may_add=not draws or is_over(draws[-1][1]),
    )


@bp.get("/<int:number>")
def show(competition_id: int, number: int) -> ResponseReturnValue:
    """Where the draw is on its way, and the next step."""
    competition, draw = _draw(competition_id, number)
    step = step_of(draw, utc_now())
    own = current_user.id in (draw.created_by_id, draw.planned_by_id, *(each.account_id for each in draw.approvals))
    return render_template(
        "draws/admin_show.html",
        competition=competition,
        draw=draw,
        step=step,
        prizes=prizes_of(draw),
        reasons=REASON_NAMES,
        approvals_needed=APPROVALS,
        may_approve=not own and draw.number > 1 and bool(draw.prizes),
        problem=_problem(competition, draw) if step is Step.PLANNED else "",
        won=page_of_winners(competition, draw, Reading.FULL) if step is Step.DRAWN else [],
        outdated=is_outdated(competition, draw),
        **_borders(competition, draw),
    )


def _problem(competition: Competition, draw: Draw) -> str:
    found = actions.freezing_problem(competition, draw)
    return sentence(found.code, found.facts) if found else ""


def _borders(competition: Competition, draw: Draw) -> dict[str, Any]:
    """How many stand at the borders of the bands, and who has the highest scores."""
    scores, prizes = scores_now(competition), prizes_of(draw)
    top, above = [], 0
    for score in sorted(scores, reverse=True)[:TOP_SCORES]:
        above += scores[score]
        top.append((score, scores[score], above))
    borders = [] if fault_of_prizes(prizes) else list(zip(prizes, reach(prizes, scores), strict=True))
    return {"borders": borders, "top": top, "live": competition.frozen_at is None}


@bp.route("/<int:number>/plan", methods=["GET", "POST"])
def plan(competition_id: int, number: int) -> ResponseReturnValue:
    """Set the prizes with their bands, and who is left out."""
    competition, draw = _draw(competition_id, number, changes=True)
    form = PlanForm(lambda logins: actions.people_by_login(logins), data=plan_data(draw))
    if form.validate_on_submit():
        try:
            actions.plan_draw(
                draw,
                prizes=form.planned(),
                exclude_staff=form.exclude_staff.data,
                exclude_earlier=form.exclude_earlier.data,
                excluded=form.left_out,
                actor=_actor(),
                now=utc_now(),
            )
        except Invalid as error:
            _refuse(form, error)
        else:
            db.session.commit()
            flash(_("奖项已保存。"), "success")
            return redirect(url_for(".show", competition_id=competition_id, number=number))
    elif not form.is_submitted() and step_of(draw, utc_now()) is not Step.PLANNED:
        raise Refused("draw_is_frozen")
    page = render_template(
        "draws/admin_plan.html", competition=competition, draw=draw, form=form, **_borders(competition, draw)
    )
    return page, 422 if form.is_submitted() else 200


@bp.post("/<int:number>/approve")
def approve(competition_id: int, number: int) -> ResponseReturnValue:
    """Agree to another draw."""
    _competition, draw = _draw(competition_id, number, changes=True)
    actions.approve_draw(draw, actor=_actor(), now=utc_now())
    db.session.commit()
    flash(_("已同意这次抽奖。"), "success")
    return redirect(url_for(".show", competition_id=competition_id, number=number))


@bp.route("/<int:number>/freeze", methods=["GET", "POST"])
def freeze(competition_id: int, number: int) -> ResponseReturnValue:
    """Show who will take part, then freeze the roll."""
    competition, draw = _draw(competition_id, number, changes=True)
    if problem := actions.freezing_problem(competition, draw):
        raise problem
    form = FreezeRollForm()
    if form.validate_on_submit():
        actions.freeze_roll(competition, draw, actor=_actor(), now=utc_now())
        db.session.commit()
        flash(_("名册已冻结，摘要已公布。"), "success")
        return redirect(url_for(".show", competition_id=competition_id, number=number))
    if step_of(draw, utc_now()) is not Step.PLANNED:
        raise Refused("draw_is_frozen")
    entering, left_out = 0, dict.fromkeys(REASON_NAMES, 0)
    for each in candidates(draw):
        if each.excluded:
            left_out[each.excluded] += 1
        else:
            entering += 1
    page = render_template(
        "draws/admin_freeze.html",
        competition=competition,
        draw=draw,
        form=form,
        entering=entering,
        left_out={REASON_NAMES[reason]: count for reason, count in left_out.items() if count},
        final=notice_state(competition) == "final",
        **_borders(competition, draw),
    )
    return page, 422 if form.is_submitted() else 200


@bp.get("/<int:number>/chance")
def chance(competition_id: int, number: int) -> ResponseReturnValue:
    """The two ways in which chance can be named."""
    competition, draw = _draw(competition_id, number)
    step = step_of(draw, utc_now())
    if step is not Step.FROZEN:
        raise Refused(f"draw_is_{step}")
    return _chance_page(competition, draw, BeaconForm(formdata=None), _new_commitment())


@bp.post("/<int:number>/beacon")
def name_beacon(competition_id: int, number: int) -> ResponseReturnValue:
    """Name a round of the beacon."""
    competition, draw = _draw(competition_id, number, changes=True)
    form = BeaconForm()
    if form.validate_on_submit() and (moment := moment_in(form.moment, competition.timezone)):
        try:
            actions.name_beacon(draw, moment, actor=_actor(), now=utc_now())
        except Invalid as error:
            _refuse(form, error)
        else:
            return _chance_named(competition_id, number)
    return _chance_page(competition, draw, form, _new_commitment()), 422


@bp.post("/<int:number>/commitment")
def name_commitment(competition_id: int, number: int) -> ResponseReturnValue:
    """Commit to a secret, and name a public number."""
    competition, draw = _draw(competition_id, number, changes=True)
    form = CommitmentForm()
    if form.validate_on_submit():
        happens_at, open_by = (moment_in(field, competition.timezone) for field in (form.happens_at, form.open_by))
        if happens_at and open_by:
            try:
                actions.name_commitment(
                    draw,
                    secret=(form.secret.data or "").strip().lower(),
                    source=(form.source.data or "").strip(),
                    happens_at=happens_at,
                    open_by=open_by,
                    actor=_actor(),
                    now=utc_now(),
                )
            except Invalid as error:
                _refuse(form, error)
            else:
                return _chance_named(competition_id, number)
    return _chance_page(competition, draw, BeaconForm(formdata=None), form), 422


def _new_commitment() -> CommitmentForm:
    return CommitmentForm(formdata=None, data={"secret": secrets.token_hex(32)})


def _chance_named(competition_id: int, number: int) -> ResponseReturnValue:
    db.session.commit()
    flash(_("随机源已公布，不能再改。"), "success")
    return redirect(url_for(".show", competition_id=competition_id, number=number))


def _chance_page(competition: Competition, draw: Draw, by_beacon: BeaconForm, by_secret: CommitmentForm) -> str:
    return render_template(
        "draws/admin_chance.html", competition=competition, draw=draw, by_beacon=by_beacon, by_secret=by_secret
    )


@bp.get("/<int:number>/draw")
def draw(competition_id: int, number: int) -> ResponseReturnValue:
    """Bring what chance gave."""
    competition, found = _draw(competition_id, number)
    step = step_of(found, utc_now())
    if step is not Step.DUE:
        raise Refused(f"draw_is_{step}")
    return _draw_page(competition, found, RoundForm() if found.chance == "beacon" else SecretForm())


@bp.post("/<int:number>/draw")
def draw_now(competition_id: int, number: int) -> ResponseReturnValue:
    """Check what chance gave, and draw."""
    competition, found = _draw(competition_id, number, changes=True)
    form = RoundForm() if found.chance == "beacon" else SecretForm()
    if not form.validate_on_submit():
        return _draw_page(competition, found, form), 422
    try:
        if isinstance(form, RoundForm):
            try:
                given = beacon.round_from(form.round.data or "")
            except ValueError:
                raise Invalid("round_malformed") from None
            actions.draw_by_beacon(found, given, actor=_actor(), now=utc_now())
        else:
            secret = (form.secret.data or "").strip().lower()
            public_number = form.number.data or ""
            actions.draw_by_secret(found, secret=secret, public_number=public_number, actor=_actor(), now=utc_now())
    except Invalid as error:
        _refuse(form, error)
        return _draw_page(competition, found, form), 422
    return _was_drawn(competition_id, number)


@bp.post("/<int:number>/fetch")
def fetch(competition_id: int, number: int) -> ResponseReturnValue:
    """Have the server fetch the named round, check it, and draw."""
    _competition, found = _draw(competition_id, number)
    step = step_of(found, utc_now())
    if step is not Step.DUE or found.round is None:
        raise Refused(f"draw_is_{step}" if step is not Step.DUE else "chance_is_another")
    wanted = found.round
    db.session.rollback()  # nothing is held while the network answers
    given = fetch_round(wanted)
    _competition, found = _draw(competition_id, number, changes=True)
    actions.draw_by_beacon(found, given, actor=_actor(), now=utc_now())
    return _was_drawn(competition_id, number)


def _was_drawn(competition_id: int, number: int) -> ResponseReturnValue:
    db.session.commit()
    flash(_("已开奖，结果已签名公布。"), "success")
    return redirect(url_for(".show", competition_id=competition_id, number=number))


def _draw_page(competition: Competition, found: Draw, form: Form) -> str:
    return render_template(
        "draws/admin_draw.html",
        competition=competition,
        draw=found,
        form=form,
        address=beacon.address_of(found.round) if found.round else "",
        happens_ms=to_ms(found.happens_at) if found.happens_at else 0,
    )


def _draw(competition_id: int, number: int, *, changes: bool = False) -> tuple[Competition, Draw]:
    competition = published_or_404(competition_id)
    found = draw_or_404(competition, number)
    if changes and request.method == "POST":
        found = actions.draw_for_change(found)
    return competition, found


def _refuse(form: Form, error: Invalid) -> None:
    form.form_errors.append(sentence(error.code, error.facts))


def _actor() -> Account:
    actor: Account = current_user._get_current_object()
    return actor
