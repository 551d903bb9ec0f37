"""The organizers' pages for single questions: look at one, begin a draft, write, change and remove questions in it."""

from dataclasses import replace

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from quizapp.banks import queries
from quizapp.banks.actions import store_pictures
from quizapp.banks.checking import messages
from quizapp.banks.content import LETTERS, BankContent, Question, question_digest
from quizapp.banks.editor import actions
from quizapp.banks.editor.forms import OptionForm, OverexposedForm, QuestionForm, RemoveQuestionForm, offered
from quizapp.banks.editor.manuscript import Reviewed, fields_of, review
from quizapp.banks.editor.previews import preview, preview_texts
from quizapp.banks.forms import BeginDraftForm
from quizapp.banks.models import Bank, BankVersion
from quizapp.banks.pages import draft_or_404, names, uses_of
from quizapp.banks.pictures import FILE_BYTES as PICTURE_BYTES
from quizapp.banks.pictures import read_picture, token
from quizapp.banks.uses import users
from quizapp.banks.versions.differences import Differences
from quizapp.banks.versions.question_list import list_arguments, neighbours, topic_name
from quizapp.clock import utc_now
from quizapp.errors import Invalid, NotFound, Refused
from quizapp.extensions import db
from quizapp.web.access import ORGANIZER, Blueprint, access, for_roles
from quizapp.web.error_pages import sentence

bp = Blueprint("bank_editor_admin", __name__, access=ORGANIZER, url_prefix="/admin/banks")
bp.context_processor(names)

EDITORS = for_roles("organizer")


@bp.route("/<int:bank_id>/overexposed", methods=["GET", "POST"])
def overexposed(bank_id: int) -> ResponseReturnValue:
    """The formal questions that were drawn more often than asked, then their move to the practice pool of the draft."""
    found = queries.bank_or_404(bank_id)
    version = queries.draft_of(found) or queries.latest_version(found)
    if version is None:
        raise NotFound()
    content = queries.version_content(version.id)
    exposure = users.exposure(found.id)
    form = OverexposedForm(request.form if request.method == "POST" else request.args)
    valid = form.validate() if request.method == "POST" else form.over.validate(form)
    over = form.over.data if valid else None
    chosen = [
        question
        for question in content.questions
        if over is not None and question.pool == "formal" and exposure.of(question.code) > over
    ]
    if request.method == "POST" and valid:
        codes = {question.code for question in chosen}
        moved = actions.move_to_practice(found, codes, actor=current_user, now=utc_now())
        db.session.commit()
        flash(_("草稿里有 %(count)s 题移到了练习题池。看过之后就可以发布。", count=len(moved)), "success")
        draft = draft_or_404(found)
        return redirect(url_for("bank_versions_admin.version", version_id=draft.id), 303)
    codes = {question.code for question in chosen}
    left = [question for question in content.questions if question.pool == "formal" and question.code not in codes]
    page = render_template(
        "banks/overexposed.html",
        bank=found,
        version=version,
        content=content,
        exposure=exposure,
        form=form,
        over=over,
        chosen=sorted(chosen, key=lambda question: -exposure.of(question.code)),
        left={kind: sum(question.type == kind for question in left) for kind in messages.TYPE_NAMES},
        titles={use.competition_id: use.title for each in uses_of(found, utc_now()).values() for use in each},
    )
    return page, 422 if request.method == "POST" else 200


@bp.get("/versions/<int:version_id>/questions/<int:question_id>")
def question(version_id: int, question_id: int) -> ResponseReturnValue:
    """One question as participants see it, in both languages, and all that is known of it."""
    found = queries.version_or_404(version_id)
    content = queries.version_content(version_id)
    ids = queries.question_ids_of(found)
    place = queries.place_in(found, question_id)
    if place is None:
        raise NotFound()
    if ids[place] != question_id:  # an address from before it was changed in the draft
        return redirect(
            url_for("bank_editor_admin.question", version_id=version_id, question_id=ids[place], **list_arguments())
        )
    shown = content.questions[place]
    draft = queries.draft_of(found.bank)
    return render_template(
        "banks/question.html",
        version=found,
        bank=found.bank,
        content=content,
        question=shown,
        question_id=question_id,
        place=place,
        neighbours=neighbours(found.bank, content, ids, place),
        list_arguments=list_arguments(),
        draft=draft,
        latest=queries.latest_version(found.bank),
        findings=_review_of(shown, found, content, place).findings if found.number is None else (),
        sentence=messages.sentence,
        field_name=messages.field_name,
        preview=preview(shown),
        preview_texts=preview_texts(),
        draft_has_it=draft is not None and queries.place_in(draft, question_id) is not None,
        exposure=users.exposure(found.bank_id),
        titles={use.competition_id: use.title for use in users.uses(found.bank_id, utc_now())},
        begin=BeginDraftForm(question=question_id, formdata=None),
    )


@bp.post("/<int:bank_id>/draft")
def begin_draft(bank_id: int) -> ResponseReturnValue:
    """Begin a draft with what the newest version holds, and go on to it, or to the question that was looked at."""
    found = queries.bank_or_404(bank_id)
    form = BeginDraftForm()
    if not form.validate_on_submit():
        raise Invalid("form_invalid")
    draft = actions.begin_draft(found, actor=current_user, now=utc_now())
    db.session.commit()
    flash(_("草稿里是最新版本的全部试题，可以逐题修改，发布之前不影响任何竞赛。"), "success")
    if form.question.data and queries.place_in(draft, form.question.data) is not None:
        return redirect(
            url_for("bank_editor_admin.edit_question", bank_id=bank_id, question_id=form.question.data), 303
        )
    return redirect(url_for("bank_versions_admin.version", version_id=draft.id), 303)


@bp.route("/<int:bank_id>/questions/new", methods=["GET", "POST"])
@access(EDITORS)
def new_question(bank_id: int) -> ResponseReturnValue:
    """Write a new question into the draft; with `?like=…` it begins as a copy of that one."""
    found = queries.bank_or_404(bank_id)
    draft = queries.draft_of(found)
    form = _question_form(found)
    if request.method == "POST":
        return _question_sent(found, form, None)
    if draft is None:
        return _to_bank_without_draft(found)
    like = request.args.get("like", type=int)
    place = queries.place_in(draft, like) if like else None
    if like and place is None:
        raise NotFound()
    if place is None:
        form.fill({"topic": request.args.get("topic", ""), "difficulty": "medium", "pool": "formal", "type": "single"})
    else:
        form.fill({**fields_of(queries.version_content(draft.id).questions[place]), "code": ""})
    return _question_page(found, form, None, is_copy=place is not None)


@bp.route("/<int:bank_id>/questions/<int:question_id>", methods=["GET", "POST"])
@access(EDITORS)
def edit_question(bank_id: int, question_id: int) -> ResponseReturnValue:
    """Change a question of the draft. What is wrong or doubtful about it stands at its fields."""
    found = queries.bank_or_404(bank_id)
    draft = queries.draft_of(found)
    if not queries.has_question(found, question_id):
        raise NotFound()
    form = _question_form(found)
    if request.method == "POST":
        return _question_sent(found, form, question_id)
    if draft is None:
        return _to_bank_without_draft(found)
    ids = queries.question_ids_of(draft)
    place = queries.place_in(draft, question_id)
    if place is None:
        raise NotFound("question_gone")
    if ids[place] != question_id:
        return redirect(
            url_for("bank_editor_admin.edit_question", bank_id=bank_id, question_id=ids[place], **list_arguments())
        )
    content = queries.version_content(draft.id)
    form.fill(fields_of(content.questions[place]))
    form.seen.data = question_digest(content.questions[place])
    _tell(form, _review_of(content.questions[place], draft, content, place))
    return _question_page(found, form, question_id, content=content)


@bp.route("/<int:bank_id>/questions/<int:question_id>/remove", methods=["GET", "POST"])
@access(EDITORS)
def remove_question(bank_id: int, question_id: int) -> ResponseReturnValue:
    """Show what removing a question from the draft will do, then do it."""
    found = queries.bank_or_404(bank_id)
    if not queries.has_question(found, question_id):
        raise NotFound()
    form = RemoveQuestionForm()
    if form.validate_on_submit():
        removed = actions.remove_question(
            found, question_id, seen=form.seen.data or "", actor=current_user, now=utc_now()
        )
        db.session.commit()
        flash(_("试题 %(code)s 已从草稿里删除。", code=removed.code), "success")
        draft = draft_or_404(found)
        return redirect(url_for("bank_versions_admin.version", version_id=draft.id, **list_arguments()), 303)
    draft = draft_or_404(found)
    place = queries.place_in(draft, question_id)
    if place is None:
        raise NotFound("question_gone")
    content = queries.version_content(draft.id)
    form.seen.data = question_digest(content.questions[place])
    latest = queries.latest_version(found)
    return render_template(
        "banks/remove_question.html",
        bank=found,
        draft=draft,
        content=content,
        question=content.questions[place],
        question_id=question_id,
        published=latest if latest and queries.place_in(latest, question_id) is not None else None,
        list_arguments=list_arguments(),
        form=form,
    )


def _question_sent(found: Bank, form: QuestionForm, question_id: int | None) -> ResponseReturnValue:
    """What a button of the editor asks for. Whatever happens, what was typed is still on the page."""
    if not form.validate_on_submit():
        return _question_page(found, form, question_id), 422
    deed = form.do.data or "save"
    if deed == "begin":
        actions.begin_draft(found, actor=current_user, now=utc_now())
        db.session.commit()
        flash(_("草稿已重新开始。您写的内容还在下面，请再保存一次。"), "success")
        return _question_page(found, form, question_id)
    if deed == "picture":
        return _picture_sent(found, form, question_id)
    if deed != "save":
        return _question_page(found, form, question_id, focus=form.change_rows(deed) or "")
    if form.picture.data:
        return _picture_refused(found, form, question_id, Invalid("picture_waiting"))
    try:
        saved = actions.save_question(
            found,
            form.values(),
            question_id=question_id,
            seen=form.seen.data or "",
            actor=current_user,
            now=utc_now(),
        )
    except Refused as error:
        db.session.rollback()
        return _not_saved(found, form, question_id, error)
    _tell(form, saved.reviewed)
    if saved.question_id is None:
        return _question_page(found, form, question_id, has_errors=True), 422
    db.session.commit()
    warnings = len(saved.reviewed.findings)
    text = _("试题 %(code)s 已保存到草稿。", code=saved.reviewed.question.code) if saved.is_changed else _("没有改动。")
    if warnings:
        text += " " + _("有 %(count)s 处提醒，写在各项下方，可以保留。", count=warnings)
    flash(text, "warning" if warnings else "success")
    arguments = {name: value for name, value in list_arguments().items() if name != "like"}
    return redirect(
        url_for("bank_editor_admin.edit_question", bank_id=found.id, question_id=saved.question_id, **arguments), 303
    )


def _picture_sent(found: Bank, form: QuestionForm, question_id: int | None) -> ResponseReturnValue:
    """Keep a picture, and name it in the text that was chosen for it. The question itself is not saved by that."""
    file = form.picture.data
    focus = ""
    try:
        if not file or not file.filename:
            raise Invalid("picture_not_chosen")
        picture = read_picture(file.read(PICTURE_BYTES + 1))
        store_pictures([picture], now=utc_now())
        db.session.commit()
        focus = form.insert(token(picture, form.picture_shows.data or ""))
    except Invalid as error:
        return _picture_refused(found, form, question_id, error)
    return _question_page(found, form, question_id, focus=focus)


def _picture_refused(found: Bank, form: QuestionForm, question_id: int | None, error: Invalid) -> ResponseReturnValue:
    form.picture.errors = [sentence(error.code, error.facts)]
    return _question_page(found, form, question_id, focus="picture", has_errors=True), 422


def _not_saved(found: Bank, form: QuestionForm, question_id: int | None, error: Refused) -> ResponseReturnValue:
    """Somebody else was quicker: say so, show what they made of it, and keep what was typed."""
    form.form_errors.append(sentence(error.code, error.facts))
    draft = queries.draft_of(found)
    place = queries.place_in(draft, question_id) if draft and question_id else None
    theirs = None
    if error.code == "question_changed" and draft and place is not None:
        content = queries.version_content(draft.id)
        theirs = _Overtaken(queries.question_with(found, form.seen.data or ""), content.questions[place], content)
        form.seen.data = question_digest(theirs.now)
    if error.code == "question_gone":
        question_id = None
    return _question_page(found, form, question_id, theirs=theirs, has_errors=True), error.status


class _Overtaken:
    """A question that somebody else changed while it was being edited: as it was `opened`, if ever, and as it is `now`."""

    def __init__(self, opened: Question | None, now: Question, content: BankContent) -> None:
        self.now = now
        before, after = (replace(content, questions=(each,) if each else ()) for each in (opened, now))
        self.rows = [row for item in Differences(before, after).items() for row in item.rows]


def _question_form(found: Bank) -> QuestionForm:
    form = QuestionForm()
    topics = queries.header_of(found).topics
    form.topic.choices = offered({code: topic_name(code, title) for code, title in topics.items()})
    return form


def _question_page(
    found: Bank,
    form: QuestionForm,
    question_id: int | None,
    *,
    content: BankContent | None = None,
    focus: str = "",
    theirs: _Overtaken | None = None,
    has_errors: bool = False,
    is_copy: bool = False,
) -> str:
    draft = queries.draft_of(found)
    content = content or (queries.version_content(draft.id) if draft else queries.latest_content(found))
    ids = queries.question_ids_of(draft) if draft else []
    place = queries.place_in(draft, question_id) if draft and question_id else None
    return render_template(
        "banks/question_form.html",
        bank=found,
        draft=draft,
        form=form,
        question_id=question_id,
        code=content.questions[place].code if content and place is not None else "",
        neighbours=neighbours(found, content, ids, place) if content and place is not None else (None, None),
        list_arguments=list_arguments(),
        focus=focus,
        theirs=theirs,
        content=content,
        has_errors=has_errors,
        is_copy=is_copy,
        most_options=len(LETTERS),
        blank=OptionForm(prefix="options-__row__-", formdata=None),
        preview_texts=preview_texts(),
        picture_formats="image/png,image/jpeg,image/webp",
        picture_bytes=PICTURE_BYTES,
        picture_too_large=sentence("picture_too_large", {"most": PICTURE_BYTES // 1024**2}),
    )


def _to_bank_without_draft(found: Bank) -> ResponseReturnValue:
    flash(_("这个题库现在没有草稿。请先开始一份草稿，再编辑试题。"), "warning")
    return redirect(url_for("banks_admin.bank", bank_id=found.id))


def _review_of(shown: Question, version: BankVersion, content: BankContent, place: int) -> Reviewed:
    fields = fields_of(shown)
    return review(fields, content, actions.around(version.bank, fields, utc_now()), place=place)


def _tell(form: QuestionForm, reviewed: Reviewed) -> None:
    for finding in reviewed.findings:
        form.tell(finding.where.field, finding.severity, messages.sentence(finding))
