"""The organizer's pages of awards: write the rules down, preview, publish; and those of locked headcounts."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from math import isqrt
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from quizapp.accounts.models import Account
from quizapp.awards import actions, queries
from quizapp.awards.composite import INDICATORS, Composite, problems
from quizapp.awards.exports import award_workbook
from quizapp.awards.forms import (
    DEFAULT,
    AwardForm,
    DecisionForm,
    HeadcountRequestForm,
    LockDateForm,
    PublishForm,
    award_data,
)
from quizapp.awards.judging import Entrant, judged, logarithm, rounded
from quizapp.awards.models import Award
from quizapp.awards.words import STATES
from quizapp.clock import utc_now
from quizapp.competitions.forms import local_of, moment_in, refuse
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import blueprint_of, competition_for_change, competition_or_404
from quizapp.errors import Invalid, QuizError, Refused
from quizapp.extensions import db
from quizapp.organizations.forms import sent_evidence
from quizapp.organizations.queries import managed_organization, matching, page_of, visible_organizations
from quizapp.web.access import ORGANIZER, Blueprint, access, for_roles, reads_only
from quizapp.web.downloads import download
from quizapp.web.error_pages import sentence

bp = Blueprint("awards_admin", __name__, access=ORGANIZER, url_prefix="/admin/competitions/<int:competition_id>/awards")
headcounts_bp = Blueprint(
    "headcounts_admin",
    __name__,
    access=for_roles("organizer", "coordinator", readers=("auditor",)),
    url_prefix="/admin/competitions/<int:competition_id>/headcounts",
)


def _actor() -> Account:
    found: Account = current_user._get_current_object()
    return found


@bp.get("/")
def index(competition_id: int) -> ResponseReturnValue:
    """The competition's awards."""
    competition = competition_or_404(competition_id)
    now = utc_now()
    awards = queries.awards_of(competition)
    return render_template(
        "awards/admin_index.html",
        competition=competition,
        awards=[(award, queries.last_result(award)) for award in awards],
        opened=queries.has_opened(competition, now),
        locked=queries.is_locked(competition, now),
        locks_at=queries.locks_at(competition),
        waiting=len(queries.requests_of(competition, state="pending")),
    )


@bp.route("/new", methods=["GET", "POST"])
def new(competition_id: int) -> ResponseReturnValue:
    """Write an award down."""
    competition = competition_or_404(competition_id)
    start = replace(DEFAULT, minimum=max(DEFAULT.minimum, competition.board_minimum_people))
    form = AwardForm(data=award_data(str(_("优秀组织奖")), start))
    return _written(competition, None, form)


@bp.route("/<int:award_id>/edit", methods=["GET", "POST"])
def edit(competition_id: int, award_id: int) -> ResponseReturnValue:
    """Rewrite an award that is not locked yet."""
    competition = competition_or_404(competition_id)
    award = queries.award_or_404(competition, award_id)
    return _written(competition, award, AwardForm(data=award_data(award.title, award.composite)))


def _written(competition: Competition, award: Award | None, form: AwardForm) -> ResponseReturnValue:
    status = 200
    if form.validate_on_submit():
        competition = competition_for_change(competition.id)
        try:
            written = actions.write_award(
                competition, award, form.title.data.strip(), form.composite(), actor=_actor(), now=utc_now()
            )
            db.session.commit()
        except (Invalid, Refused) as error:
            db.session.rollback()
            competition = competition_or_404(competition.id)
            form.form_errors.append(sentence(error.code, error.facts))
            status = error.status
        else:
            flash(_("评奖办法已保存。竞赛开始之后不能再改。"), "success")
            return redirect(url_for(".show", competition_id=competition.id, award_id=written.id), 303)
    elif form.is_submitted():
        status = 422
    page = render_template(
        "awards/admin_edit.html",
        competition=competition,
        award=award,
        form=form,
        opened=queries.has_opened(competition, utc_now()),
        indicators=INDICATORS,
        **_example(form, competition),
    )
    return page, status


@bp.post("/example")
@reads_only
def example(competition_id: int) -> ResponseReturnValue:
    """The worked example for the form as it is now, a part of the editor's page."""
    competition = competition_or_404(competition_id)
    return render_template("awards/_example.html", competition=competition, **_example(AwardForm(), competition))


def _example(form: AwardForm, competition: Competition) -> dict[str, Any]:
    """Three made-up units judged by the form's composite; `faults` in their place where it can't be used."""
    fields = [form[name] for name in (*INDICATORS, "minimum", "reference", "shrinkage", "decimals")]
    if any(not isinstance(field.data, int) for field in fields):
        return {"faults": [str(_("请先把各项数字填完整。"))], "example": None}
    composite = form.composite()
    if found := problems(composite, competition.board_minimum_people):
        return {"faults": [str(sentence(code, facts)) for code, facts in found], "example": None}
    full_score = blueprint_of(competition).full_score
    names = str(_("小单位")), str(_("中单位")), str(_("大单位"))
    people = composite.minimum, isqrt(composite.minimum * composite.reference), composite.reference
    units = [
        Entrant(
            number,
            name,
            headcount=count * number,
            participants=count,
            score_sum=count * full_score * mean // 100,
            passed=count * (mean + 5) // 100,
            full_marks=count * (mean - 70) // 100,
        )
        for number, (name, count, mean) in enumerate(zip(names, people, (92, 86, 80), strict=True), start=1)
    ]
    # One league, whatever leagues there are: only so can three units be compared.
    result = judged(replace(composite, by=(), bands=(), central_apart=False), full_score, units)
    return {
        "faults": [],
        "example": result,
        "composite": composite,
        "names": {unit.id: unit.name for unit in units},
        "doubling": doubling_points(composite),
    }


def doubling_points(composite: Composite) -> str:
    """What each doubling of participants adds to the composite, with two decimals."""
    share = logarithm(2, 1) / logarithm(composite.reference, composite.minimum)
    return rounded(Fraction(composite.weights["participants"]) * share, 2, "half_even")


@bp.get("/<int:award_id>")
def show(competition_id: int, award_id: int) -> ResponseReturnValue:
    """The rules, who competes in which league and who in none, and the preview or the result."""
    competition = competition_or_404(competition_id)
    return _shown(queries.award_or_404(competition, award_id), PublishForm())


def _shown(award: Award, form: PublishForm) -> str:
    now = utc_now()
    competition = award.competition
    result = queries.last_result(award)
    draft = actions.drafted_content(award, now)
    content: Mapping[str, Any] = queries.content_of(result) if result else draft
    return render_template(
        "awards/admin_show.html",
        competition=competition,
        award=award,
        form=form,
        result=result,
        changed=bool(result) and dict(content) != draft,
        draft=draft,
        content=content,
        units={unit["id"]: unit for unit in content["units"]},
        opened=queries.has_opened(competition, now),
        waiting=len(queries.requests_of(competition, state="pending")),
    )


@bp.post("/<int:award_id>/result")
def publish(competition_id: int, award_id: int) -> ResponseReturnValue:
    """Compute, sign and publish the result, or say why not."""
    competition = competition_or_404(competition_id)
    award = queries.award_or_404(competition, award_id)
    form = PublishForm()
    if not form.validate_on_submit():
        return _shown(award, form), 422
    try:
        actions.publish_result(award, actor=_actor(), now=utc_now())
        db.session.commit()
    except Refused as error:
        db.session.rollback()
        flash(sentence(error.code, error.facts), "danger")
        return _shown(award, PublishForm(formdata=None)), error.status
    flash(_("结果已确定并公布。"), "success")
    return redirect(url_for(".show", competition_id=competition_id, award_id=award_id), 303)


@bp.post("/<int:award_id>/remove")
def remove(competition_id: int, award_id: int) -> ResponseReturnValue:
    """Take an award back before the competition opens."""
    competition = competition_for_change(competition_id)
    award = queries.award_or_404(competition, award_id)
    actions.remove_award(award, actor=_actor(), now=utc_now())
    db.session.commit()
    flash(_("评奖办法已删除。"), "success")
    return redirect(url_for(".index", competition_id=competition_id), 303)


@bp.get("/<int:award_id>/award.xlsx")
def export(competition_id: int, award_id: int) -> ResponseReturnValue:
    """The result, or the preview, as a workbook."""
    competition = competition_or_404(competition_id)
    award = queries.award_or_404(competition, award_id)
    result = queries.last_result(award)
    content = queries.content_of(result) if result else actions.drafted_content(award, utc_now())
    name = f"{award.title}-{_('结果') if result else _('预览')}.xlsx"
    return download(award_workbook(content), name)


# Headcounts


@headcounts_bp.get("/")
def headcounts(competition_id: int) -> ResponseReturnValue:
    """The headcounts that the awards count, of the units that one may see, and the requests to change them."""
    competition = competition_or_404(competition_id)
    return _headcounts(
        competition, LockDateForm(locks_at=local_of(queries.locks_at(competition), competition.timezone))
    )


def _headcounts(competition: Competition, form: LockDateForm) -> str:
    now = utc_now()
    text = request.args.get("text", "")[:80]
    seen = visible_organizations(current_user)
    asked = queries.requests_of(competition, among=seen)
    return render_template(
        "awards/headcounts.html",
        competition=competition,
        form=form,
        text=text,
        page=page_of(matching(seen, text), request.args.get("page", 1, type=int)),
        counts=queries.headcounts_for(competition),
        requests=asked,
        states=STATES,
        locked=queries.is_locked(competition, now),
        locks_at=queries.locks_at(competition),
    )


@headcounts_bp.post("/date")
@access(ORGANIZER)
def lock_date(competition_id: int) -> ResponseReturnValue:
    """Set when headcounts are locked."""
    competition = competition_for_change(competition_id)
    form = LockDateForm()
    moment = moment_in(form.locks_at, competition.timezone) if form.validate_on_submit() else None
    if moment is None:
        return _headcounts(competition, form), 422
    try:
        actions.lock_headcounts_at(competition, moment, actor=_actor(), now=utc_now())
        db.session.commit()
    except QuizError as error:
        db.session.rollback()
        refuse(form.locks_at, sentence(error.code, error.facts))
        return _headcounts(competition_or_404(competition_id), form), error.status
    flash(_("锁定时间已保存。"), "success")
    return redirect(url_for(".headcounts", competition_id=competition_id), 303)


@headcounts_bp.route("/units/<int:unit_id>", methods=["GET", "POST"])
def ask(competition_id: int, unit_id: int) -> ResponseReturnValue:
    """Ask for another locked headcount of a unit."""
    competition = competition_or_404(competition_id)
    unit = managed_organization(unit_id, current_user)
    form = HeadcountRequestForm()
    now = utc_now()
    status = 200
    if form.validate_on_submit():
        try:
            actions.request_headcount(
                competition,
                unit,
                form.headcount.data or 0,
                reason=form.reason.data.strip(),
                evidence=sent_evidence(form.evidence.data),
                actor=_actor(),
                now=now,
            )
            db.session.commit()
        except (Invalid, Refused) as error:
            db.session.rollback()
            competition, unit = competition_or_404(competition_id), managed_organization(unit_id, current_user)
            form.form_errors.append(sentence(error.code, error.facts))
            status = error.status
        else:
            flash(_("申请已提交，由主办方的另一人审批。"), "success")
            return redirect(url_for(".headcounts", competition_id=competition_id), 303)
    elif form.is_submitted():
        status = 422
    page = render_template(
        "awards/headcount_ask.html",
        competition=competition,
        unit=unit,
        form=form,
        counted=queries.headcounts_for(competition).get(unit.id),
        locked=queries.is_locked(competition, now),
        locks_at=queries.locks_at(competition),
    )
    return page, status


@headcounts_bp.route("/requests/<int:request_id>", methods=["GET", "POST"])
@access(ORGANIZER)
def decide(competition_id: int, request_id: int) -> ResponseReturnValue:
    """A request with its reason and evidence; the second person approves or rejects it."""
    competition = competition_or_404(competition_id)
    asked = queries.request_or_404(competition, request_id)
    form = DecisionForm()
    status = 200
    if form.validate_on_submit():
        try:
            approve = form.decision.data == "approve"
            actions.decide_headcount(
                asked, approve=approve, reply=form.reply.data.strip(), actor=_actor(), now=utc_now()
            )
            db.session.commit()
        except Refused as error:
            db.session.rollback()
            asked = queries.request_or_404(competition_or_404(competition_id), request_id)
            form.form_errors.append(sentence(error.code, error.facts))
            status = error.status
        else:
            flash(_("已批准，锁定的人数已更改。") if approve else _("已驳回，人数不变。"), "success")
            return redirect(url_for(".headcounts", competition_id=competition_id), 303)
    elif form.is_submitted():
        status = 422
    return render_template(
        "awards/headcount_decide.html", competition=competition, asked=asked, form=form, states=STATES
    ), status
