"""Interruptions of a competition: declare one, see whom it touches, confirm one that was detected."""

from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from quizapp.attempts.forms import DetectedForm, InterruptionForm
from quizapp.attempts.interruptions import detected_spans, touched_by
from quizapp.clock import from_ms, to_ms, utc_now
from quizapp.competitions.forms import moment_in, refuse
from quizapp.competitions.interruptions import (
    Span,
    declare_interruption,
    interruption_problem,
    interruptions_of,
    spans_given_back,
)
from quizapp.competitions.models import Competition
from quizapp.competitions.phase import Phase, phase
from quizapp.competitions.priming import prime_if_reachable
from quizapp.competitions.queries import competition_for_change, competition_or_404
from quizapp.extensions import db
from quizapp.web import access
from quizapp.web.error_pages import sentence

bp = access.Blueprint("attempts_admin", __name__, access=access.ORGANIZER, url_prefix="/admin/competitions")


@bp.route("/<int:competition_id>/interruptions", methods=["GET", "POST"])
def interruptions(competition_id: int) -> ResponseReturnValue:
    """What was declared and detected, and a form; first whom it touches, then the deed."""
    competition = (competition_for_change if request.method == "POST" else competition_or_404)(competition_id)
    now = utc_now()
    form = InterruptionForm()
    if not form.validate_on_submit() or (span := _span(form, competition)) is None:
        return _page(competition, form, now)
    if problem := interruption_problem(competition, span, now):
        refuse(form.over_at, sentence(problem.code, problem.facts))
        return _page(competition, form, now)
    if form.confirmed.data == "yes":
        return _give_back(competition, span, form.reason.data, now)
    form.confirmed.data = "yes"
    return render_template(
        "attempts/admin_interruption_confirm.html",
        competition=competition,
        form=form,
        begun_at=from_ms(span[0]),
        over_at=from_ms(span[1]),
        lasted_ms=span[1] - span[0],
        touched=touched_by(competition, span),
    )


@bp.post("/<int:competition_id>/interruptions/detected")
def detected(competition_id: int) -> ResponseReturnValue:
    """Give back a span that was detected, to the millisecond. Whom it touches stands beside the button."""
    competition = competition_for_change(competition_id)
    form = DetectedForm()
    if form.validate_on_submit():
        begun, _dash, over = form.span.data.partition("-")
        if (span := (int(begun), int(over))) in detected_spans(competition):
            return _give_back(competition, span, _("检测到系统沉默"), utc_now())
    flash(_("这段中断已经补回，或者不再在检测到的列表里。没有任何改动。"), "warning")
    return redirect(url_for(".interruptions", competition_id=competition.id), 303)


def _give_back(competition: Competition, span: Span, reason: str, now: datetime) -> ResponseReturnValue:
    touched = touched_by(competition, span)
    declare_interruption(
        competition,
        span,
        reason=reason,
        actor=current_user._get_current_object(),
        now=now,
        running=touched.running,
        ended=touched.ended,
    )
    db.session.commit()
    if prime_if_reachable(competition):
        flash(_("中断的时间已补回，正在答题的人立即得到各自的部分。"), "success")
    else:
        flash(_("已保存，但判分引擎暂时连不上；恢复后会在几秒内自动生效，无需重做。"), "warning")
    return redirect(url_for(".interruptions", competition_id=competition.id), 303)


def _span(form: InterruptionForm, competition: Competition) -> Span | None:
    """The span that the form names, by the clocks of the competition's zone."""
    begun_at = moment_in(form.begun_at, competition.timezone)
    over_at = moment_in(form.over_at, competition.timezone)
    return (to_ms(begun_at), to_ms(over_at)) if begun_at and over_at else None


def _page(competition: Competition, form: InterruptionForm, now: datetime) -> ResponseReturnValue:
    running = phase(competition, now) in (Phase.OPEN, Phase.CLOSED)
    page = render_template(
        "attempts/admin_interruptions.html",
        competition=competition,
        form=form,
        rows=interruptions_of(competition),
        given_ms=sum(over - begun for begun, over in spans_given_back(competition)),
        detected=[(span, touched_by(competition, span)) for span in detected_spans(competition)] if running else [],
        detected_form=DetectedForm(),
        moment=from_ms,
        running=running,
    )
    return page, 422 if form.is_submitted() else 200
