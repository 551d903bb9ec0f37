"""What organizers do with frozen standings: begin the notice, answer objections, correct with a second person, finalise."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from quizapp.accounts.models import Account
from quizapp.banks.content import letters
from quizapp.banks.queries import version_content
from quizapp.banks.spellings import read_choice_key, read_judge_key
from quizapp.clock import utc_now
from quizapp.competitions.forms import refuse
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import organizations_by_code, published_or_404
from quizapp.errors import QuizError, Refused
from quizapp.extensions import db, limiter
from quizapp.leaderboards.differences import differences_of
from quizapp.leaderboards.snapshots import snapshot_in_force
from quizapp.notices import actions
from quizapp.notices.calendars import CALENDAR
from quizapp.notices.differences import shown_differences
from quizapp.notices.forms import AnswerForm, BeginForm, CorrectionForm, SureForm
from quizapp.notices.pages import send_snapshot, state_of
from quizapp.notices.queries import (
    attempt_ordinals,
    correction_or_404,
    notices_of,
    objection_or_404,
    objections_of,
    open_correction,
    participants_like,
    snapshots_of,
)
from quizapp.notices.working_days import UnknownYear
from quizapp.web.access import ORGANIZER, Blueprint
from quizapp.web.error_pages import sentence
from quizapp.web.forms import Form

bp = Blueprint(
    "notices_admin", __name__, access=ORGANIZER, url_prefix="/admin/competitions/<int:competition_id>/notice"
)


def _frozen_or_refused(competition_id: int) -> Competition:
    competition = published_or_404(competition_id)
    if competition.frozen_at is None:
        raise Refused("not_frozen")
    return competition


def _actor() -> Account:
    found: Account = current_user._get_current_object()
    return found


@bp.get("/")
def show(competition_id: int) -> ResponseReturnValue:
    """The state, what can be done next, objections, corrections and snapshots."""
    competition = published_or_404(competition_id)
    return _page(competition)


def _page(competition: Competition, begin: BeginForm | None = None, final: SureForm | None = None) -> str:
    last_day, unknown_year = None, None
    try:
        last_day = actions.last_day_of_notice(competition, utc_now())
    except UnknownYear as unknown:
        unknown_year = unknown.year
    return render_template(
        "notices/admin_show.html",
        competition=competition,
        **state_of(competition, utc_now()),
        begin=begin or BeginForm(formdata=None),
        final=final or SureForm(formdata=None),
        last_day=last_day,
        unknown_year=unknown_year,
        sources=[year.source for _number, year in sorted(CALENDAR.items())],
        objections=objections_of(competition),
        correction=open_correction(competition),
        snapshots=snapshots_of(competition),
        notices=notices_of(competition),
        now=utc_now(),
    )


@bp.post("/begin")
def begin(competition_id: int) -> ResponseReturnValue:
    """Begin the notice."""
    competition = _frozen_or_refused(competition_id)
    form = BeginForm()
    if not form.validate_on_submit():
        return _page(competition, begin=form), 422
    try:
        actions.begin_notice(competition_id, last_day=form.last_day.data, actor=_actor(), now=utc_now())
        db.session.commit()
    except QuizError as error:
        db.session.rollback()
        form.form_errors.append(sentence(error.code, error.facts))
        return _page(published_or_404(competition_id), begin=form), error.status
    flash(_("公示已开始。"), "success")
    return _back(competition_id)


@bp.post("/final")
def final(competition_id: int) -> ResponseReturnValue:
    """Make the standings final."""
    competition = _frozen_or_refused(competition_id)
    form = SureForm()
    if not form.validate_on_submit():
        return _page(competition, final=form), 422
    try:
        actions.finalise(competition_id, actor=_actor(), now=utc_now())
        db.session.commit()
    except Refused as error:
        db.session.rollback()
        form.form_errors.append(sentence(error.code, error.facts))
        return _page(published_or_404(competition_id), final=form), error.status
    flash(_("最终名次已确定。"), "success")
    return _back(competition_id)


@bp.route("/objections/<int:objection_id>", methods=["GET", "POST"])
def objection(competition_id: int, objection_id: int) -> ResponseReturnValue:
    """One objection; the reply goes to its author."""
    competition = _frozen_or_refused(competition_id)
    found = objection_or_404(competition, objection_id)
    form = AnswerForm()
    if form.validate_on_submit():
        actions.answer_objection(
            competition_id,
            found.id,
            outcome=form.outcome.data,
            reply=form.reply.data,
            actor=_actor(),
            now=utc_now(),
        )
        db.session.commit()
        flash(_("已答复。"), "success")
        return _back(competition_id)
    page = render_template(
        "notices/admin_objection.html",
        competition=competition,
        objection=found,
        form=form,
        replied_by=db.session.get(Account, found.replied_by_id) if found.replied_by_id else None,
        now=utc_now(),
    )
    return page, 422 if form.is_submitted() else 200


@bp.route("/corrections/new", methods=["GET", "POST"])
def new_correction(competition_id: int) -> ResponseReturnValue:
    """Propose a change of the standings."""
    competition = _frozen_or_refused(competition_id)
    form = CorrectionForm()
    if form.validate_on_submit() and (change := _change(form, competition)):
        try:
            made = actions.propose_correction(
                competition_id, change, reason=form.reason.data, actor=_actor(), now=utc_now()
            )
            db.session.commit()
        except Refused as error:
            db.session.rollback()
            form.form_errors.append(sentence(error.code, error.facts))
        else:
            flash(_("更正已提出，等另一个人确认。"), "success")
            address = url_for("notices_admin.correction", competition_id=competition_id, correction_id=made.id)
            return redirect(address, 303)
    page = render_template("notices/admin_correction_form.html", competition=competition, form=form)
    return page, 422 if form.is_submitted() else 200


def _change(form: CorrectionForm, competition: Competition) -> dict[str, Any] | None:
    """The change that the form says; None with a sentence at the field that is wrong."""
    kind = form.kind.data
    if kind in ("void_question", "key"):
        return _change_of_question(form, competition)
    unit = None
    if kind != "void" and form.unit.data:
        unit = next(iter(organizations_by_code([form.unit.data.strip()]).values()), None)
        if unit is None:
            return _none(form.unit, _("没有这个代码的单位。请在“单位”页面查到代码后再填写。"))
    if kind == "headcount":
        if unit is None:
            return _none(form.unit, _("请填写单位代码。"))
        return {"kind": "headcount", "unit": unit.id, "headcount": form.headcount.data}
    people = participants_like(competition, (form.person.data or "").strip())
    if not people:
        return _none(form.person, _("没有找到参加过本次竞赛的这个人。请填写登录名、全名或工号。"))
    if len(people) > 1:
        names = "、".join(f"{who.name}（{where.name if where else '—'}，{who.login}）" for who, where in people)
        return _none(form.person, _("找到几个人：%(names)s。请填写登录名。", names=names))
    account = people[0][0].id
    if kind == "unit":
        return {"kind": "unit", "account": account, "unit": unit.id if unit else None}
    ordinals = attempt_ordinals(competition, account)
    if form.ordinal.data is None and len(ordinals) > 1:
        return _none(form.ordinal, _("这个人有 %(count)d 份答卷，请填写作废第几次。", count=len(ordinals)))
    ordinal = form.ordinal.data or ordinals[0]
    if ordinal not in ordinals:
        return _none(form.ordinal, _("这个人没有这一次答卷。"))
    return {"kind": "void", "account": account, "ordinal": ordinal}


def _change_of_question(form: CorrectionForm, competition: Competition) -> dict[str, Any] | None:
    code = (form.question.data or "").strip()
    questions = {each.code: each for each in version_content(competition.bank_version_id).questions}
    question = questions.get(code)
    if question is None or question.pool != "formal":
        return _none(form.question, _("本次竞赛的题库里没有这个编号的正式题。请在题库的版本页面查到编号后再填写。"))
    if form.kind.data == "void_question":
        return {"kind": "question", "question": code, "key": None}
    text = form.key.data or ""
    right = (read_judge_key(text, ()) if question.type == "judge" else read_choice_key(text)).right
    if not right or right >> len(question.options) or (right.bit_count() > 1) is not (question.type == "multiple"):
        message = _(
            "这不是这道题可能的答案。请按题库里的选项顺序填写：单选题一个字母，多选题至少两个，例如 ACD；判断题填 正确 或 错误。"
            "如果有几种答案都算对，请作废这道题。"
        )
        return _none(form.key, message)
    return {"kind": "question", "question": code, "key": letters(right)}


def _none(field: Any, message: str) -> dict[str, Any] | None:
    """Put a sentence at the field; gives None, no change."""
    refuse(field, message)
    return None


@bp.get("/corrections/<int:correction_id>")
def correction(competition_id: int, correction_id: int) -> ResponseReturnValue:
    """A correction: what it changes and moves, who must agree, or what became of it."""
    return _correction_page(_frozen_or_refused(competition_id), correction_id, SureForm())


def _correction_page(competition: Competition, correction_id: int, form: SureForm) -> str:
    found = correction_or_404(competition, correction_id)
    before = snapshot_in_force(competition)
    moved = None
    if found.state == "proposed" and before:
        moved = differences_of(competition, before, found.changes)
    elif found.number is not None:
        moved = next(each.differences for each in snapshots_of(competition) if each.number == found.number)
    return render_template(
        "notices/admin_correction.html",
        competition=competition,
        correction=found,
        form=form,
        proposed_by=db.session.get(Account, found.proposed_by_id),
        decided_by=db.session.get(Account, found.decided_by_id) if found.decided_by_id else None,
        own=found.proposed_by_id == current_user.id,
        moved=shown_differences(competition, moved, minimum=0, full_names=True) if moved is not None else None,
    )


@bp.post("/corrections/<int:correction_id>/apply")
def apply_correction(competition_id: int, correction_id: int) -> ResponseReturnValue:
    """Apply it, as the second person."""
    competition = _frozen_or_refused(competition_id)
    form = SureForm()
    if not form.validate_on_submit():
        return _correction_page(competition, correction_id, form), 422
    try:
        snapshot = actions.apply_correction(
            competition_id, correction_or_404(competition, correction_id).id, actor=_actor(), now=utc_now()
        )
        db.session.commit()
    except Refused as error:
        db.session.rollback()
        form.form_errors.append(sentence(error.code, error.facts))
        return _correction_page(published_or_404(competition_id), correction_id, form), error.status
    flash(_("已更正，生成第 %(number)d 号快照。请重新开始公示。", number=snapshot.number), "success")
    return _back(competition_id)


@bp.post("/corrections/<int:correction_id>/refuse")
def refuse_correction(competition_id: int, correction_id: int) -> ResponseReturnValue:
    """Put it aside."""
    competition = _frozen_or_refused(competition_id)
    if not Form().validate_on_submit():
        return _correction_page(competition, correction_id, SureForm(formdata=None)), 422
    actions.refuse_correction(
        competition_id, correction_or_404(competition, correction_id).id, actor=_actor(), now=utc_now()
    )
    db.session.commit()
    flash(_("更正已驳回，名次没有改动。"), "success")
    return _back(competition_id)


@bp.get("/standings-<int:number>-audit.jsonl.gz")
@limiter.limit("20/minute")
def audit_file(competition_id: int, number: int) -> ResponseReturnValue:
    """A snapshot's file for auditors: with raw responses and the answer key."""
    return send_snapshot(_frozen_or_refused(competition_id), number, "audit")


def _back(competition_id: int) -> ResponseReturnValue:
    return redirect(url_for("notices_admin.show", competition_id=competition_id), 303)
