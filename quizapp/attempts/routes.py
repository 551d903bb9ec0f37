"""The participant's pages: start, answer, result. The answers themselves go through the door (see api.py)."""

from dataclasses import asdict
from functools import lru_cache
from typing import Any

from flask import current_app, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from quizapp.accounts import sessions
from quizapp.accounts.models import Account
from quizapp.attempts.actions import day_around, open_attempt, start_attempt
from quizapp.attempts.queries import (
    AttemptView,
    attempt_or_404,
    attempts_of,
    corrected_count,
    may_review,
    result_of,
    review_of,
)
from quizapp.clock import from_ms, utc_now
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import blueprint_of, published_or_404
from quizapp.errors import NotFound, Refused
from quizapp.extensions import grader
from quizapp.organizations.queries import membership_of
from quizapp.web.access import SIGNED_IN, Blueprint, reads_only
from quizapp.web.error_pages import sentence
from quizapp.web.language import LOCALES, choose_locale

bp = Blueprint("attempts", __name__, access=SIGNED_IN, url_prefix="/competitions/<int:competition_id>")


@bp.post("/start")
@reads_only
def start(competition_id: int) -> ResponseReturnValue:
    """Start an attempt, or go on with the open one; a refusal is told on the competition's page."""
    competition = published_or_404(competition_id)
    try:
        start_attempt(competition, _me(), now=utc_now())
    except Refused as refusal:
        flash(sentence(refusal.code, refusal.facts), "warning")
        return redirect(url_for("competitions.show", competition_id=competition.id), 303)
    return redirect(url_for("attempts.answering", competition_id=competition.id), 303)


@bp.get("/answering")
def answering(competition_id: int) -> ResponseReturnValue:
    """The shell of the answering page; its script opens the attempt."""
    competition, texts = published_or_404(competition_id), _texts(choose_locale())
    return render_template("attempts/answering.html", competition=competition, texts=texts)


@bp.post("/open")
@reads_only
def open(competition_id: int) -> ResponseReturnValue:  # noqa: A001  # the deed's name, as in the grader
    """The running attempt with its paper, answers, clock and a new ticket."""
    opened = open_attempt(published_or_404(competition_id), _me())
    sessions.keep_until(from_ms(opened.deadline_ms))
    return jsonify(asdict(opened))


@bp.get("/state")
def state(competition_id: int) -> ResponseReturnValue:
    """How the person stands in the competition: what runs, and what may still be started. Changes nothing."""
    competition = published_or_404(competition_id)
    person = grader.read(competition.id, competition.shards, _me().id)
    attempts = attempts_of(competition, _me().id)
    running = person.attempt if person.attempt and person.attempt.ordinal == person.open_ordinal else None
    now_ms = running.now_ms if running else grader.now_ms()
    today = day_around(from_ms(now_ms), competition.timezone)
    started_today = sum(today[0] <= view.started_ms < today[1] for view in attempts)
    return jsonify(
        now_ms=now_ms,
        attempts=len(attempts),
        attempts_left=_left(competition.attempts_total, len(attempts)),
        attempts_left_today=_left(competition.attempts_per_day, started_today),
        has_result=any(view.ending for view in attempts),
        paused=bool(running and running.paused_ms),
        running={"ordinal": running.ordinal, "epoch": running.epoch, "deadline_ms": running.deadline_ms}
        if running
        else None,
    )


@bp.get("/result")
def result(competition_id: int) -> ResponseReturnValue:
    """The score of an attempt (the counted one unless `?attempt=` names another), all attempts, answers when they may show."""
    competition = published_or_404(competition_id)
    attempts = attempts_of(competition, _me().id)
    ended = [view for view in attempts if view.ending]
    counted = result_of(competition, _me().id, attempts)
    view: AttemptView | None = None
    if ended:
        # Where nothing counts any more, since a correction made all of them void, the last one is shown.
        ordinal = request.args.get("attempt", counted.ordinal if counted else ended[-1].ordinal, type=int)
        view = next((each for each in ended if each.ordinal == ordinal), None)
        if view is None:
            raise NotFound()
        if view.recorded:  # what was chosen, which the store has told of the one that only it has
            view = attempt_or_404(competition, _me().id, ordinal)
    now = utc_now()
    sees_boards = competition.boards == "public" or (
        competition.boards == "members" and membership_of(_me()) is not None
    )
    shows = view is not None and may_review(competition, view, now)
    return render_template(
        "attempts/result.html",
        competition=competition,
        blueprint=blueprint_of(competition),
        attempts=attempts,
        counted=counted,
        view=view,
        review=review_of(competition, view) if view and shows else None,
        corrected=corrected_count(competition, view) if view else 0,
        started_at=lambda each: from_ms(each.started_ms),
        submitted_at=lambda each: from_ms(each.ending.submitted_ms),
        uncounted_ms=view.ending.submitted_ms - view.started_ms - view.ending.used_ms if view and view.ending else 0,
        places_url=_address("leaderboards.mine", competition) if sees_boards else "",
        boards_url=_address("leaderboards.people", competition) if sees_boards else "",
        practice_url=_address("practice.rooms", competition),
        receipt_url=_address("own_receipts.show", competition),
    )


def _me() -> Account:
    account: Account = current_user._get_current_object()
    return account


def _left(limit: int | None, used: int) -> int | None:
    return None if limit is None else max(0, limit - used)


def _address(endpoint: str, competition: Competition) -> str:
    """The address in a feature above this one, empty while that feature is not there."""
    known = endpoint in current_app.view_functions
    return url_for(endpoint, competition_id=competition.id) if known else ""


@lru_cache(maxsize=len(LOCALES))
def _texts(_locale: str) -> dict[str, Any]:
    """What the answering page's script says, in the request's language."""
    return {
        "single": _("单选题"),
        "multiple": _("多选题"),
        "judge": _("判断题"),
        "question": _("第 {n} 题"),
        "points": _("{n} 分"),
        "comma": _("，"),
        "answered": _("已答"),
        "unanswered": _("未答"),
        "marked": _("已标记"),
        "mark": _("标记"),
        "sheet": _("答题卡"),
        "next": _("下一题"),
        "review": _("检查交卷"),
        "answered_of": _("已答 {n} / {all}"),
        "view_all": _("整卷显示"),
        "view_one": _("逐题显示"),
        "confirm": _("确定（确定后不能修改）"),
        "picture": _("图片"),
        "right": _("正确答案"),
        "yours": _("您选的"),
        "was_right": _("回答正确"),
        "was_wrong": _("回答错误"),
        "saves_itself": _("作答自动保存"),
        "saved": _("已保存"),
        "saving": _("正在保存"),
        "not_saved": _("未保存"),
        "no_line": _("网络中断，答案已存在本机，恢复后自动提交"),
        "line_back": _("网络已恢复"),
        "busy": _("系统暂时繁忙，答案已存在本机，稍后自动提交"),
        "retry": _("重试"),
        "signed_out": _("登录已失效。请重新登录后继续：试卷、答案和剩余时间都还在。"),
        "sign_in": _("重新登录"),
        "superseded": _("这份答卷已在另一个页面或设备上打开。\n要在这里作答，请选择“在此继续”。"),
        "go_on_here": _("在此继续"),
        "paused": _("竞赛暂停中，时间已为所有人停住。\n已保存的答案都在；恢复后本页自动继续，请不必刷新。"),
        "time_is_up": _("答题时间到，正在交卷…\n已保存的答案都会计入成绩。"),
        "more_time": _("答题时间延长了 {m} 分 {s} 秒（补回中断的时间，或主办方加时）。"),
        "five_minutes": _("还剩 5 分钟"),
        "one_minute": _("还剩 1 分钟"),
        "open_left": _("还有 {n} 题未答："),
        "all_answered": _("所有题目都已作答。"),
        "marked_left": _("标记了 {n} 题："),
        "go_to": _("回到第 {n} 题"),
        "submit": _("交卷"),
        "submitting": _("正在交卷…"),
        "submit_no_line": _("网络中断，还没有交卷。答案已存在本机，恢复后自动交卷；到时间也会由系统自动交卷。"),
        "submit_busy": _("系统暂时繁忙，还没有交卷。稍后自动重试；到时间也会由系统自动交卷。"),
    }
