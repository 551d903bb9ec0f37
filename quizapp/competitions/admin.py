"""The organizer's pages of competitions: draft, publish, adjust while it runs."""

import secrets
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from quizapp.accounts.models import Account
from quizapp.banks.checking.messages import DIFFICULTY_NAMES, TYPE_NAMES
from quizapp.banks.content import DIFFICULTIES, LETTERS, BankContent
from quizapp.banks.models import BankVersion
from quizapp.banks.queries import offered_versions, published_versions, version_content
from quizapp.banks.translation import for_reader
from quizapp.clock import utc_now
from quizapp.competitions import actions
from quizapp.competitions.bank_uses import Shown, answers_shown
from quizapp.competitions.forms import (
    MOST_QUESTIONS,
    MOST_SECTIONS,
    AnnouncementForm,
    CompetitionForm,
    ConfirmForm,
    ExtraTimeForm,
    PauseForm,
    ResumeForm,
    SectionForm,
    TextsForm,
    TimesForm,
    competition_data,
    default_rows,
    local_of,
    moment_in,
    refuse,
    section_rows,
    texts_data,
    topic_choices,
    zone_names,
)
from quizapp.competitions.models import Announcement, Competition, ExtraTime
from quizapp.competitions.phase import Phase, is_paused, phase
from quizapp.competitions.priming import open_attempts, prime_if_reachable, take_extra_time_back
from quizapp.competitions.queries import (
    BIGGEST_ID,
    all_competitions,
    announcements_of,
    blueprint_of,
    competition_for_change,
    competition_or_404,
    extra_times_of,
    people_like,
    person_or_404,
    terms_of,
    units_like,
)
from quizapp.competitions.terms import concerns, one_year_later
from quizapp.errors import Invalid, NotFound, Refused
from quizapp.extensions import db
from quizapp.papers.assembly import BlueprintUnsatisfiable, Paper, assemble
from quizapp.papers.blueprint import DEFAULT_BLUEPRINT, Blueprint, Section, candidates, shortfalls
from quizapp.web import access
from quizapp.web.error_pages import sentence

bp = access.Blueprint("competitions_admin", __name__, access=access.ORGANIZER, url_prefix="/admin/competitions")

SHOWN_COMPETITIONS = 3
CONCERNS = {
    "answers_before_close": _l("交卷后就能看到答案：先答完的人可能把答案告诉还没答的人。"),
    "answers_between_attempts": _l("可以多次答题，又在交卷后显示答案：第二次答题时可能已经知道答案。"),
    "unlimited_attempts": _l("没有限制答题次数。"),
    "small_bank": _l("题库的正式题不到一份试卷的两倍，不同人的试卷会有大量相同的题。"),
    "no_practice_pool": _l("题库里没有练习题，竞赛将没有练习。"),
    "fixed_order": _l("题目或选项顺序没有打乱，相邻的人容易互相看到相同的试卷。"),
    "no_contact": _l("没有填写咨询方式，参赛者遇到问题时找不到人。"),
    "window_shorter_than_paper": _l("整个竞赛时间比一次答题的时长还短。"),
}


def _actor() -> Account:
    found: Account = current_user._get_current_object()
    return found


@bp.get("/")
def index() -> ResponseReturnValue:
    """Every competition with its phase."""
    now = utc_now()
    rows = [(competition, phase(competition, now), is_paused(competition, now)) for competition in all_competitions()]
    return render_template("competitions/admin_index.html", rows=rows)


@bp.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    """A new draft."""
    now = utc_now()
    versions = offered_versions()
    if not versions:
        return render_template("competitions/admin_no_bank.html")
    tomorrow = (local_of(now, "Asia/Shanghai") + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    data = {
        "opens_at": tomorrow,
        "closes_at": (tomorrow + timedelta(days=30)).replace(hour=18),
        "bank_version_id": versions[0].id,
        "board_minimum_people": 5,
        "boards": "public",
        "sections": default_rows(version_content(versions[0].id)),
    }
    form = CompetitionForm(versions, data=data)
    if form.validate_on_submit():
        competition = actions.create_draft(form.terms(), form.organizations, actor=_actor(), now=now)
        db.session.commit()
        flash(_("草稿已保存。请抽一份样卷看看，再发布。"), "success")
        return redirect(url_for(".show", competition_id=competition.id))
    return _draft_page(form, None)


@bp.route("/<int:competition_id>/edit", methods=["GET", "POST"])
def edit(competition_id: int) -> ResponseReturnValue:
    """A draft in full; of a published competition the words, the boards and more units."""
    competition = _for_form(competition_id)
    if competition.published_at is not None:
        return _edit_texts(competition)
    form = CompetitionForm(_versions_for(competition), data=competition_data(competition))
    if form.validate_on_submit():
        actions.revise_draft(competition, form.terms(), form.organizations, actor=_actor(), now=utc_now())
        db.session.commit()
        flash(_("草稿已保存。"), "success")
        return redirect(url_for(".show", competition_id=competition.id))
    return _draft_page(form, competition)


def _versions_for(competition: Competition) -> list[BankVersion]:
    """What may be chosen; the version in hand stands there too if it is retired, with its mark, and can't be saved."""
    versions = offered_versions()
    pinned = competition.bank_version
    return versions if pinned in versions else [pinned, *versions]


def _for_form(competition_id: int) -> Competition:
    """The competition, locked where the request may change it."""
    return (competition_for_change if request.method == "POST" else competition_or_404)(competition_id)


def _draft_page(form: CompetitionForm, competition: Competition | None) -> ResponseReturnValue:
    # A row without a number, which the page's script numbers when it adds one.
    blank = SectionForm(prefix="sections-__row__-", data={"type": "single", "count": 5, "points": 400})
    blank.topics.choices = topic_choices(form.topic_titles)
    texts = {
        "supply": _("题库可满足：%(needed)s / %(available)s"),
        "short": _("题库不足：需要 %(needed)s，只能提供 %(granted)s"),
        "total": _("共 %(questions)s 题，满分 %(points)s 分"),
        "expected": _("预计难度：容易 %(easy)s 题，中等 %(medium)s 题，较难 %(hard)s 题"),
        "away": _("暂时无法计算，保存时会再次检查。"),
        "row": _("第 %(number)s 行"),
        "all_topics": _("全部主题"),
        "some_topics": _("%(count)s 个主题"),
    }
    page = render_template(
        "competitions/admin_form.html",
        form=form,
        competition=competition,
        blank=blank,
        zones=zone_names(),
        strata=section_rows(DEFAULT_BLUEPRINT),
        texts={name: str(text) for name, text in texts.items()},
        most_sections=MOST_SECTIONS,
    )
    return page, 422 if form.is_submitted() else 200


def _edit_texts(competition: Competition) -> ResponseReturnValue:
    form = TextsForm(data=texts_data(competition))
    if form.validate_on_submit():
        actions.revise_texts(
            competition,
            title=form.title.data,
            host=form.host.data,
            introduction=form.introduction.data or "",
            contact=form.contact.data or "",
            boards=form.boards.data,
            board_minimum_people=form.board_minimum_people.data or 1,
            organizations=form.organizations,
            actor=_actor(),
            now=utc_now(),
        )
        _commit_and_prime(competition)
        flash(_("修改已保存。"), "success")
        return redirect(url_for(".show", competition_id=competition.id))
    page = render_template("competitions/admin_texts.html", form=form, competition=competition)
    return page, 422 if form.is_submitted() else 200


@bp.get("/<int:competition_id>")
def show(competition_id: int) -> ResponseReturnValue:
    """Everything that is decided, and what can be done now."""
    competition = competition_or_404(competition_id)
    now = utc_now()
    return render_template(
        "competitions/admin_show.html",
        competition=competition,
        blueprint=blueprint_of(competition),
        content=version_content(competition.bank_version_id),
        type_names=TYPE_NAMES,
        difficulty_names=DIFFICULTY_NAMES,
        phase=phase(competition, now),
        paused=is_paused(competition, now),
        labels=_labels(competition),
    )


def _labels(competition: Competition) -> dict[str, str]:
    """The chosen values as the form names them."""
    names = ("keep", "multiple_scoring", "show_answers", "entry", "boards", "tie_keys")
    fields = CompetitionForm((), formdata=None, meta={"csrf": False})
    return {name: str(fields[name].names[getattr(competition, name)]) for name in names}


class _SupplyRow(BaseModel):
    """A row of the blueprint editor, perhaps not finished."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: str
    topics: list[str] = Field(max_length=200)
    difficulty: str
    count: int | None = Field(ge=0, le=MOST_QUESTIONS)
    points: int | None = Field(ge=0, le=1_000_000)


class _SupplyQuestion(BaseModel):
    """What the blueprint editor asks."""

    model_config = ConfigDict(extra="forbid", strict=True)

    bank_version: int
    sections: list[_SupplyRow] = Field(max_length=MOST_SECTIONS)


@bp.post("/supply")
def supply() -> ResponseReturnValue:
    """How far a bank version can satisfy a blueprint, row by row; points in hundredths."""
    try:
        asked = _SupplyQuestion.model_validate_json(request.get_data())
    except ValidationError as error:
        raise Invalid("supply_invalid", field=".".join(str(part) for part in error.errors()[0]["loc"])) from error
    if asked.bank_version not in {version.id for version in published_versions()}:
        raise NotFound()
    content = version_content(asked.bank_version)
    sections = tuple(
        Section(row.type, row.count or 0, row.points or 0, tuple(row.topics), row.difficulty or None)
        for row in asked.sections
    )
    blueprint = Blueprint(sections)
    granted = {short.section: short.available for short in shortfalls(blueprint, content)}
    rows = [
        {
            "needed": section.count,
            "available": len(candidates(section, content)),
            "granted": granted.get(index, section.count),
        }
        for index, section in enumerate(sections)
    ]
    return jsonify(
        rows=rows,
        question_count=blueprint.question_count,
        full_score=blueprint.full_score,
        expected=_expected_difficulty(blueprint, content),
        topics=content.topics,
    )


def _expected_difficulty(blueprint: Blueprint, content: BankContent) -> dict[str, float]:
    """How many questions of each difficulty a drawn paper has in the mean."""
    expected = dict.fromkeys(DIFFICULTIES, 0.0)
    for section in blueprint.sections:
        pool = candidates(section, content)
        for ordinal in pool:
            expected[content.questions[ordinal].difficulty] += section.count / len(pool)
    return {name: round(count, 1) for name, count in expected.items()}


@bp.get("/units")
def units() -> ResponseReturnValue:
    """Units to invite, for the form's search box."""
    text = request.args.get("q", "").strip()[:60]
    found = units_like(text) if text else []
    return jsonify(units=[{"code": unit.code, "name": unit.name} for unit in found])


@bp.get("/<int:competition_id>/preview")
def preview(competition_id: int) -> ResponseReturnValue:
    """A paper as somebody could get it, with its key; the same seed shows the same paper."""
    competition = competition_or_404(competition_id)
    seed = request.args.get("seed", "").strip()[:32] or secrets.token_hex(4)
    content = version_content(competition.bank_version_id)
    try:
        paper = assemble(
            blueprint_of(competition),
            content,
            seed,
            shuffle_questions=competition.shuffle_questions,
            shuffle_options=competition.shuffle_options,
        )
    except BlueprintUnsatisfiable as error:
        short = shortfalls(blueprint_of(competition), content)[0]
        raise Invalid(
            "blueprint_short", row=short.section + 1, needed=short.needed, available=short.available
        ) from error
    return render_template(
        "competitions/admin_preview.html",
        competition=competition,
        seed=seed,
        next_seed=secrets.token_hex(4),
        questions=_as_shown(paper, content),
        type_names=TYPE_NAMES,
        difficulty_names=DIFFICULTY_NAMES,
        topics=content.topics,
    )


def _as_shown(paper: Paper, content: BankContent) -> list[dict[str, Any]]:
    shown = []
    for place in paper.places:
        question = for_reader(content.questions[place.ordinal])
        options = [
            (LETTERS[letter], question.options[option], bool(question.right >> option & 1))
            for letter, option in enumerate(place.options)
        ]
        shown.append({"question": question, "options": options, "points": place.points})
    return shown


def _commit_and_prime(competition: Competition) -> None:
    db.session.commit()
    if not prime_if_reachable(competition):
        flash(_("已保存，但判分引擎暂时连不上；恢复后会在几秒内自动生效，无需重做。"), "warning")


@bp.route("/<int:competition_id>/publish", methods=["GET", "POST"])
def publish(competition_id: int) -> ResponseReturnValue:
    """What publishing pins and what can't be changed after it; then publish."""
    competition = _for_form(competition_id)
    now = utc_now()
    form = ConfirmForm()
    if form.validate_on_submit():
        actions.publish_competition(competition, actor=_actor(), now=now)
        _commit_and_prime(competition)
        flash(_("竞赛已发布，所有人都能看到它了。"), "success")
        return redirect(url_for(".show", competition_id=competition.id))
    if competition.published_at is not None:
        return redirect(url_for(".show", competition_id=competition.id))
    content = version_content(competition.bank_version_id)
    blueprint = blueprint_of(competition)
    problem = actions.publish_problem(competition, now)
    return render_template(
        "competitions/admin_publish.html",
        competition=competition,
        form=form,
        blueprint=blueprint,
        labels=_labels(competition),
        problem=sentence(problem.code, problem.facts) if problem else "",
        concerns=[
            *_shown_lines(competition.bank_version, _shown_before(competition, now)),
            *(CONCERNS[code] for code in concerns(terms_of(competition), content)),
        ],
        opens_now=competition.opens_at <= now,
    )


def _shown_before(competition: Competition, now: datetime) -> list[Shown]:
    return answers_shown(competition.bank_version, now=now, by=competition.opens_at, apart_from=competition)


def _shown_lines(version: BankVersion, shown: list[Shown]) -> list[str]:
    """That people may know answers from other competitions: one sentence for each of the most telling."""
    formal = sum(question.pool == "formal" for question in version_content(version.id).questions)
    already = _l("题库的 %(formal)d 道正式题里，有 %(count)d 道的答案已在“%(title)s”中公布：参加过的人可能记得。")
    by_then = _l("题库的 %(formal)d 道正式题里，有 %(count)d 道的答案到时已在“%(title)s”中公布：参加过的人可能记得。")
    lines = [
        str(already if each.already else by_then) % {"formal": formal, "count": each.count, "title": each.title}
        for each in shown[:SHOWN_COMPETITIONS]
    ]
    if more := shown[SHOWN_COMPETITIONS:]:
        lines.append(_("另外还有 %(count)d 个竞赛公布过或到时已公布其中一些题的答案。", count=len(more)))
    return lines


@bp.route("/<int:competition_id>/withdraw", methods=["GET", "POST"])
def withdraw(competition_id: int) -> ResponseReturnValue:
    """Make a draft again of what has not opened."""
    competition = _for_form(competition_id)
    form = ConfirmForm()
    if form.validate_on_submit():
        actions.withdraw_competition(competition, actor=_actor(), now=utc_now())
        db.session.commit()
        flash(_("竞赛已撤回为草稿，公众看不到它了。"), "success")
        return redirect(url_for(".show", competition_id=competition.id))
    if phase(competition, utc_now()) is not Phase.UPCOMING:
        raise Refused("withdraw_too_late")
    return _confirm_page(
        competition,
        form,
        title=_("撤回发布"),
        lines=[
            _("竞赛还没有开始，还没有人答题。撤回后它变回草稿，公众看不到它，可以再修改全部规则。"),
            _("已经发出去的链接在再次发布之前会显示“没有找到”。"),
        ],
        submit=_("撤回为草稿"),
    )


@bp.route("/<int:competition_id>/delete", methods=["GET", "POST"])
def delete(competition_id: int) -> ResponseReturnValue:
    """Throw a draft away."""
    competition = _for_form(competition_id)
    form = ConfirmForm()
    if form.validate_on_submit():
        actions.delete_draft(competition, actor=_actor(), now=utc_now())
        db.session.commit()
        flash(_("草稿已删除。"), "success")
        return redirect(url_for(".index"))
    if competition.published_at is not None:
        raise Refused("competition_published")
    return _confirm_page(
        competition,
        form,
        title=_("删除草稿"),
        lines=[_("草稿的名称、时间和规则将被删除，不能恢复。题库和其他竞赛不受影响。")],
        submit=_("删除草稿"),
        kind="danger",
    )


@bp.route("/<int:competition_id>/copy", methods=["GET", "POST"])
def copy(competition_id: int) -> ResponseReturnValue:
    """A draft for the year after."""
    competition = competition_or_404(competition_id)
    now = utc_now()
    next_year = one_year_later(competition.opens_at, ZoneInfo(competition.timezone))
    form = ConfirmForm()
    if form.validate_on_submit():
        made = actions.copy_competition(competition, actor=_actor(), now=now)
        db.session.commit()
        flash(_("已复制为草稿，时间顺延一年。请核对时间和题库版本。"), "success")
        for warning in (*_retired(made), *_shown_lines(made.bank_version, _shown_before(made, now))):
            flash(warning, "warning")
        return redirect(url_for(".edit", competition_id=made.id))
    return _confirm_page(
        competition,
        form,
        title=_("复制竞赛"),
        lines=[
            _(
                "新的草稿沿用全部规则、受邀单位、题库版本和评奖办法，开始和截止时间顺延一年；新建抽奖时从原来的奖项开始。"
            ),
            _("公告、加时和成绩不会复制；原竞赛不受影响。"),
            *_retired(competition),
            *_shown_lines(competition.bank_version, answers_shown(competition.bank_version, now=now, by=next_year)),
        ],
        submit=_("复制为草稿"),
    )


def _retired(competition: Competition) -> list[str]:
    retirement = competition.bank_version.retirement
    if retirement is None:
        return []
    return [_("所用的题库版本已停用（%(reason)s）：草稿要换一个版本才能保存和发布。", reason=retirement.reason)]


def _confirm_page(
    competition: Competition,
    form: ConfirmForm,
    *,
    title: str,
    lines: list[str],
    submit: str,
    kind: str = "primary",
    back: str = "",
) -> ResponseReturnValue:
    return render_template(
        "competitions/admin_confirm.html",
        competition=competition,
        form=form,
        title=title,
        lines=lines,
        submit=submit,
        kind=kind,
        back=back or url_for(".show", competition_id=competition.id),
    )


@bp.route("/<int:competition_id>/times", methods=["GET", "POST"])
def times(competition_id: int) -> ResponseReturnValue:
    """A later close, more minutes; first what will change and whom it touches, then the deed."""
    competition = _for_form(competition_id)
    now = utc_now()
    zone = competition.timezone
    form = TimesForm(
        data={
            "opens_at": local_of(competition.opens_at, zone),
            "closes_at": local_of(competition.closes_at, zone),
            "minutes": competition.minutes,
        }
    )
    if not form.validate_on_submit():
        return _times_page(competition, form, now)
    opens_at, closes_at = moment_in(form.opens_at, zone), moment_in(form.closes_at, zone)
    if opens_at is None or closes_at is None:
        return _times_page(competition, form, now)
    # The field shows whole seconds: a moment left as it was must not lose its fraction.
    opens_at = _kept(opens_at, competition.opens_at)
    closes_at = _kept(closes_at, competition.closes_at)
    minutes = form.minutes.data or 0
    code = actions.times_refusal(competition, opens_at=opens_at, closes_at=closes_at, minutes=minutes, now=now)
    if code:
        refuse(form[TIMES_FIELD.get(code, "closes_at")], sentence(code, {}))
        return _times_page(competition, form, now)
    changes = [
        (label, before, after)
        for label, before, after in (
            (_("开始时间"), competition.opens_at, opens_at),
            (_("截止时间"), competition.closes_at, closes_at),
            (_("答题时长（分钟）"), competition.minutes, minutes),
        )
        if before != after
    ]
    if not changes:
        flash(_("没有改动。"), "info")
        return redirect(url_for(".show", competition_id=competition.id))
    if form.confirmed.data != "yes":
        form.confirmed.data = "yes"
        return render_template(
            "competitions/admin_times_confirm.html",
            competition=competition,
            form=form,
            changes=changes,
            running=open_attempts(competition),
            reopens=phase(competition, now) is Phase.CLOSED and closes_at > now,
        )
    actions.change_times(competition, opens_at=opens_at, closes_at=closes_at, minutes=minutes, actor=_actor(), now=now)
    _commit_and_prime(competition)
    flash(_("时间已调整，正在进行的答卷立即按新的时间计时。"), "success")
    return redirect(url_for(".show", competition_id=competition.id))


TIMES_FIELD = {"opens_at_is_past": "opens_at", "minutes_only_more": "minutes"}


def _kept(entered: datetime, stored: datetime) -> datetime:
    return stored if entered == stored.replace(microsecond=0) else entered


def _times_page(competition: Competition, form: TimesForm, now: datetime) -> ResponseReturnValue:
    page = render_template(
        "competitions/admin_times.html",
        competition=competition,
        form=form,
        upcoming=phase(competition, now) is Phase.UPCOMING,
    )
    return page, 422 if form.is_submitted() else 200


@bp.route("/<int:competition_id>/pause", methods=["GET", "POST"])
def pause(competition_id: int) -> ResponseReturnValue:
    """Let time stand still for everybody."""
    competition = _for_form(competition_id)
    now = utc_now()
    form = PauseForm()
    if form.validate_on_submit():
        actions.pause_competition(competition, reason=form.reason.data, actor=_actor(), now=now)
        if form.notice.data:
            actions.announce(competition, title=_("竞赛暂停"), body=form.notice.data, actor=_actor(), now=now)
        _commit_and_prime(competition)
        flash(_("竞赛已暂停，所有人的答题时间都已停住。"), "success")
        return redirect(url_for(".show", competition_id=competition.id))
    page = render_template(
        "competitions/admin_pause.html", competition=competition, form=form, running=open_attempts(competition)
    )
    return page, 422 if form.is_submitted() else 200


@bp.route("/<int:competition_id>/resume", methods=["GET", "POST"])
def resume(competition_id: int) -> ResponseReturnValue:
    """Let time go on."""
    competition = _for_form(competition_id)
    now = utc_now()
    # Whoever is at work when the close is near loses the pause unless the close moves too.
    near = competition.closes_at - now < timedelta(days=1)
    form = ResumeForm(data={"extend": near})
    if form.validate_on_submit():
        actions.resume_competition(competition, extend=form.extend.data, actor=_actor(), now=now)
        _commit_and_prime(competition)
        flash(_("竞赛已恢复，所有人从停住处继续，暂停的时间已全部补回。"), "success")
        return redirect(url_for(".show", competition_id=competition.id))
    page = render_template(
        "competitions/admin_resume.html",
        competition=competition,
        form=form,
        running=open_attempts(competition),
        lasted_ms=int((now - competition.paused_at).total_seconds() * 1000) if competition.paused_at else 0,
        past_close=competition.closes_at <= now,
    )
    return page, 422 if form.is_submitted() else 200


@bp.get("/<int:competition_id>/extra-time")
def extra_time(competition_id: int) -> ResponseReturnValue:
    """Who has extra time; a search for the person who is to get some."""
    competition = competition_or_404(competition_id)
    text = request.args.get("q", "").strip()[:80]
    return render_template(
        "competitions/admin_extra_time.html",
        competition=competition,
        extras=extra_times_of(competition),
        text=text,
        found=people_like(text, competition.organizations) if text else [],
        phase=phase(competition, utc_now()),
    )


@bp.route("/<int:competition_id>/extra-time/person/<int:account_id>", methods=["GET", "POST"])
def grant_extra_time(competition_id: int, account_id: int) -> ResponseReturnValue:
    """Give one person minutes on top."""
    competition = _for_form(competition_id)
    account, unit = person_or_404(account_id)
    form = ExtraTimeForm()
    if form.validate_on_submit():
        actions.grant_extra_time(
            competition,
            account,
            minutes=form.minutes.data or 0,
            reason=form.reason.data,
            actor=_actor(),
            now=utc_now(),
        )
        _commit_and_prime(competition)
        flash(_("已为 %(name)s 增加 %(minutes)d 分钟。", name=account.name, minutes=form.minutes.data), "success")
        return redirect(url_for(".extra_time", competition_id=competition.id))
    page = render_template(
        "competitions/admin_extra_time_grant.html", competition=competition, form=form, account=account, unit=unit
    )
    return page, 422 if form.is_submitted() else 200


@bp.route("/<int:competition_id>/extra-time/<int:extra_id>/revoke", methods=["GET", "POST"])
def revoke_extra_time(competition_id: int, extra_id: int) -> ResponseReturnValue:
    """No more extra time for attempts that start later."""
    competition = _for_form(competition_id)
    extra = db.session.get(ExtraTime, min(extra_id, BIGGEST_ID))
    if extra is None or extra.competition_id != competition.id:
        raise NotFound()
    account = db.session.get_one(Account, extra.account_id)
    back = url_for(".extra_time", competition_id=competition.id)
    form = ConfirmForm()
    if form.validate_on_submit():
        if competition.published_at is not None:
            take_extra_time_back(competition, account.id)
        actions.revoke_extra_time(competition, extra, actor=_actor(), now=utc_now())
        db.session.commit()
        flash(_("已取消 %(name)s 的加时。", name=account.name), "success")
        return redirect(back)
    return _confirm_page(
        competition,
        form,
        title=_("取消加时"),
        lines=[
            _(
                "%(name)s 之后开始的答卷不再多出 %(minutes)d 分钟。已经交卷的答卷不受影响；正在答题时不能取消。",
                name=account.name,
                minutes=extra.minutes,
            )
        ],
        submit=_("取消加时"),
        kind="danger",
        back=back,
    )


@bp.route("/<int:competition_id>/announcements", methods=["GET", "POST"])
def announcements(competition_id: int) -> ResponseReturnValue:
    """The notices, and a new one."""
    competition = _for_form(competition_id)
    form = AnnouncementForm()
    if form.validate_on_submit():
        actions.announce(competition, title=form.title.data, body=form.body.data, actor=_actor(), now=utc_now())
        db.session.commit()
        flash(_("公告已发布。"), "success")
        return redirect(url_for(".announcements", competition_id=competition.id))
    page = render_template(
        "competitions/admin_announcements.html",
        competition=competition,
        form=form,
        announcements=announcements_of(competition),
    )
    return page, 422 if form.is_submitted() else 200


@bp.route("/<int:competition_id>/announcements/<int:announcement_id>/remove", methods=["GET", "POST"])
def remove_announcement(competition_id: int, announcement_id: int) -> ResponseReturnValue:
    """Take a notice off."""
    competition = _for_form(competition_id)
    notice = db.session.get(Announcement, min(announcement_id, BIGGEST_ID))
    if notice is None or notice.competition_id != competition.id:
        raise NotFound()
    back = url_for(".announcements", competition_id=competition.id)
    form = ConfirmForm()
    if form.validate_on_submit():
        actions.remove_announcement(competition, notice, actor=_actor(), now=utc_now())
        db.session.commit()
        flash(_("公告已撤下。"), "success")
        return redirect(back)
    return _confirm_page(
        competition,
        form,
        title=_("撤下公告"),
        lines=[_("《%(title)s》将从竞赛页面上消失；操作记录里保留它的全文。", title=notice.title)],
        submit=_("撤下公告"),
        kind="danger",
        back=back,
    )


@bp.app_template_filter("local_second")
def local_second(moment: datetime, zone: str) -> str:
    """A moment to the second on the clocks of a zone, for the organizer's eyes: 2026-08-25 09:00:00."""
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"
