"""The organizers' pages about banks: upload and report, draft, publishing, versions and what changed between them."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_sqlalchemy.pagination import Pagination

from quizapp.banks import actions, editing, jobs, messages, queries, retirement, reviews
from quizapp.banks.checks import Report, tally
from quizapp.banks.column_forms import ROWS_READ, columns_form
from quizapp.banks.content import LETTERS, BankContent, Question, content_digest, diff, question_digest
from quizapp.banks.differences import KINDS, Differences
from quizapp.banks.entries import Header, Source
from quizapp.banks.findings import ERROR, Finding, Where
from quizapp.banks.formats import template
from quizapp.banks.forms import (
    BeginDraftForm,
    CheckAgainForm,
    OptionForm,
    OverexposedForm,
    PlainForm,
    QuestionFilterForm,
    QuestionForm,
    RemoveQuestionForm,
    RetireForm,
    SeenDraftForm,
    UploadForm,
    offered,
)
from quizapp.banks.manuscript import Reviewed, fields_of, review
from quizapp.banks.models import Bank, BankUpload, BankVersion
from quizapp.banks.needs import unmet
from quizapp.banks.pictures import FILE_BYTES as PICTURE_BYTES
from quizapp.banks.pictures import read_picture, token
from quizapp.banks.previews import preview, preview_texts
from quizapp.banks.reading import accepted_endings, table_kind
from quizapp.banks.surroundings import Choices
from quizapp.banks.uses import Exposure, Use, users
from quizapp.banks.writing import FILE_KINDS
from quizapp.clock import utc_now
from quizapp.errors import Invalid, NotFound, Refused
from quizapp.extensions import db, limiter, settings
from quizapp.web.access import ORGANIZER, Blueprint, access, for_roles
from quizapp.web.downloads import XLSX
from quizapp.web.error_pages import sentence, wants_json
from quizapp.web.spreadsheets import read_tables, write_workbook

bp = Blueprint("banks_admin", __name__, access=ORGANIZER, url_prefix="/admin/banks")

FINDINGS_A_GROUP, FINDINGS_OF_ONE_KIND = 20, 1000
QUESTIONS_A_PAGE = 20
# What a person can help with who says what the columns are.
UNCLEAR_COLUMNS = ("headings_missing", "sheet_without_headings", "column_missing", "column_doubled")
DIFFERENCES_A_PAGE = 40
EDITORS = for_roles("organizer")
LIST_ARGUMENTS = ("text", "topic", "kind", "difficulty", "pool", "sort", "page")


@bp.context_processor
def _names() -> dict[str, Any]:
    held = current_user.roles if current_user.is_authenticated else frozenset()
    return {
        "may_change": bool(held & {"organizer", "administrator"}),
        "type_names": messages.TYPE_NAMES,
        "difficulty_names": messages.DIFFICULTY_NAMES,
        "pool_names": messages.POOL_NAMES,
        "file_kinds": FILE_KINDS,
    }


@bp.get("/")
def index() -> ResponseReturnValue:
    """Every bank."""
    return render_template("banks/index.html", overviews=queries.bank_overviews())


# --- upload and report


@bp.route("/upload", methods=["GET", "POST"])
@limiter.limit("30 per minute", key_func=lambda: str(current_user.get_id()), methods=["POST"])
def upload() -> ResponseReturnValue:
    """Take a file, check it, and lead to the report; a program gets the report at once."""
    form = UploadForm()
    banks = queries.all_banks()
    form.bank.choices = [("", _("新题库，或文件里写明的题库")), *((bank.code, bank.title) for bank in banks)]
    if request.method == "GET" and (wanted := request.args.get("bank", type=int)):
        form.bank.data = queries.bank_or_404(wanted).code
    if not form.validate_on_submit():
        status = 422 if request.method == "POST" else 200
        if status == 422 and wants_json():
            return jsonify(error={"code": "form_invalid", "fields": form.errors}), status
        most = settings().max_upload_bytes // 1024**2
        return render_template(
            "banks/upload.html", form=form, banks=banks, endings=accepted_endings(), most=most
        ), status
    file = form.file.data
    kept = actions.add_upload(file.filename, file.read(), choices=form.choices(), actor=current_user, now=utc_now())
    db.session.commit()
    if wants_json():
        jobs.check_upload(kept.id)
        report = _report_of(kept)
        return jsonify(messages.report_to_json(report)), 422 if report.errors else 200
    jobs.start(kept.id)
    return redirect(url_for(".report", upload_id=kept.id), 303)


@bp.get("/template.<ending>")
def empty_template(ending: str) -> ResponseReturnValue:
    """The template to fill in; for a known bank it lists that bank's topics."""
    bank = queries.bank_or_404(request.args.get("bank", type=int) or 0) if request.args.get("bank") else None
    header = queries.header_of(bank) if bank else Header()
    name = header.code or "template"
    return _download(BankContent(header.code, header.title, header.topics, ()), name, ending)


@bp.get("/uploads/<int:upload_id>")
def report(upload_id: int) -> ResponseReturnValue:
    """How far the check is; then what it found, and the way to save it."""
    kept = queries.upload_or_404(upload_id)
    choices = queries.choices_of(kept)
    again = CheckAgainForm(format=choices.format_name, leave_out=choices.leave_out, topic=choices.topic, formdata=None)
    if kept.state != "checked":
        state = queries.state_of(kept, utc_now())
        return render_template(
            "banks/checking.html",
            upload=kept,
            state=state,
            text=_state_text(kept, state),
            again=again if queries.has_file(kept) else None,
        )
    shown = _report_of(kept)
    wanted = request.args.get("code", "")
    draft = queries.version_or_404(kept.draft_id) if kept.draft_id else None
    return render_template(
        "banks/report.html",
        again=again if queries.has_file(kept) else None,
        unclear_columns=any(each.code in UNCLEAR_COLUMNS for each in shown.findings) and queries.has_file(kept),
        foreign=sum(each.code == "kind_unsupported" and each.severity == ERROR for each in shown.findings),
        can_undo=draft is not None and draft.number is None,
        upload=kept,
        report=shown,
        verdict=messages.VERDICT_NAMES[shown.verdict],
        reason=messages.reason(shown),
        tally=tally(shown.content),
        groups=messages.grouped(each for each in shown.findings if wanted in ("", each.code)),
        wanted=wanted,
        most_shown=FINDINGS_OF_ONE_KIND if wanted else FINDINGS_A_GROUP,
        sentence=messages.sentence,
        place=messages.place,
        faulty=sum(len(rows) - 1 for rows in kept.faulty.values()),
        bank=queries.bank_by_code(shown.content.code),
        form=PlainForm(),
    )


@bp.get("/uploads/<int:upload_id>/state.json")
def upload_state(upload_id: int) -> ResponseReturnValue:
    """How far the check is: asked again and again by the page, and small."""
    kept = queries.upload_or_404(upload_id)
    state = queries.state_of(kept, utc_now())
    response = jsonify(state=state, progress=kept.progress, text=_state_text(kept, state))
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return response.make_conditional(request)


def _state_text(kept: BankUpload, state: str) -> str:
    if state == "failed":
        return sentence(kept.failure, {})
    if state == "interrupted":
        return str(_("检查中断了，题库没有任何改动。请再检查一次，或重新上传。"))
    if state == "waiting":
        return str(_("正在排队，前面的文件检查完就轮到它。"))
    if kept.question_count:
        return str(_("读到 %(count)s 题，正在逐题检查。", count=kept.question_count))
    return str(_("正在读取文件。"))


@bp.post("/uploads/<int:upload_id>/again")
@limiter.limit("30 per minute", key_func=lambda: str(current_user.get_id()))
def check_again(upload_id: int) -> ResponseReturnValue:
    """Check the same file in another way, or once more where the check did not come to its end."""
    kept = queries.upload_or_404(upload_id)
    form = CheckAgainForm()
    if not form.validate_on_submit():
        raise Invalid("form_invalid")
    if kept.file is None:
        raise Refused("upload_file_gone")
    if queries.state_of(kept, utc_now()) in ("waiting", "checking"):
        raise Refused("upload_not_checked")
    return _checked_again(kept, form.choices(queries.choices_of(kept)))


def _checked_again(kept: BankUpload, choices: Choices) -> ResponseReturnValue:
    anew = actions.add_upload(
        kept.source_name, kept.file, choices=choices, actor=current_user, now=utc_now(), again=kept
    )
    db.session.commit()
    jobs.start(anew.id)
    return redirect(url_for(".report", upload_id=anew.id), 303)


@bp.route("/uploads/<int:upload_id>/columns", methods=["GET", "POST"])
@limiter.limit("60 per minute", key_func=lambda: str(current_user.get_id()))
def columns(upload_id: int) -> ResponseReturnValue:
    """Show the first rows of a table, hear what its columns are, and check it again so."""
    kept = queries.upload_or_404(upload_id)
    choices = queries.choices_of(kept)
    kind = table_kind(kept.source_name, choices.format_name)
    if kind is None:
        raise NotFound()
    if kept.file is None:
        raise Refused("upload_file_gone")
    if queries.state_of(kept, utc_now()) in ("waiting", "checking"):
        raise Refused("upload_not_checked")
    form = columns_form(read_tables(kept.file, f"a.{kind}", first_rows=ROWS_READ))
    if not form.validate_on_submit():
        status = 422 if request.method == "POST" else 200
        return render_template("banks/columns.html", upload=kept, form=form), status
    return _checked_again(kept, replace(choices, columns=form.columns()))


@bp.get("/uploads/<int:upload_id>/report.json")
def report_json(upload_id: int) -> ResponseReturnValue:
    """The same report for programs."""
    kept = queries.upload_or_404(upload_id)
    if kept.state != "checked":
        raise Refused("upload_not_checked")
    return jsonify(messages.report_to_json(_report_of(kept)))


@bp.get("/uploads/<int:upload_id>/faulty.xlsx")
def faulty_rows(upload_id: int) -> ResponseReturnValue:
    """The rows with errors as they were uploaded, with a column that says why."""
    kept = queries.upload_or_404(upload_id)
    if not kept.faulty:
        raise NotFound()
    why: dict[int, list[str]] = {}
    for finding in queries.upload_findings(kept):
        if finding.entry is not None:
            mark = "" if finding.severity == ERROR else _("提醒：")
            place = finding.where.column or finding.where.field
            text = messages.sentence(finding)
            why.setdefault(finding.entry, []).append(f"{mark}[{place}] {text}" if place else f"{mark}{text}")
    sheets = []
    for sheet, (headings, *rows) in kept.faulty.items():
        width = max(len(headings), *(len(row) - 1 for row in rows))
        table = [[*_padded(headings, width), "错误原因"]]
        table += [[*_padded(row[1:], width), "\n".join(why.get(row[0], []))] for row in rows]
        sheets.append((sheet or template.QUESTION_SHEET, table))
    return _file(write_workbook(sheets), XLSX, "faulty-rows.xlsx")


@bp.post("/uploads/<int:upload_id>/save")
def save(upload_id: int) -> ResponseReturnValue:
    """Make an upload the bank's draft."""
    draft = actions.save_upload(queries.upload_or_404(upload_id), actor=current_user, now=utc_now())
    db.session.commit()
    flash(_("已保存为草稿。看过之后就可以发布。"), "success")
    return redirect(url_for(".version", version_id=draft.id), 303)


@bp.route("/uploads/<int:upload_id>/undo", methods=["GET", "POST"])
def undo(upload_id: int) -> ResponseReturnValue:
    """Show what taking back the saving of an upload will do, then do it."""
    kept = queries.upload_or_404(upload_id)
    form = SeenDraftForm()
    if form.validate_on_submit():
        restored = actions.undo_upload(
            kept, actor=current_user, now=utc_now(), expected_digest=form.digest.data or None
        )
        db.session.commit()
        flash(
            _("已撤销，草稿恢复为之前的内容。") if restored else _("已撤销，草稿已移除。已发布的版本不受影响。"),
            "success",
        )
        return redirect(url_for(".report", upload_id=kept.id), 303)
    draft = queries.version_or_404(kept.draft_id or 0)
    if draft.number is not None:
        raise NotFound()
    content = queries.version_content(draft.id)
    form.digest.data = content_digest(content)
    since = diff(queries.upload_content(kept), content)
    return render_template(
        "banks/undo.html",
        upload=kept,
        bank=draft.bank,
        before=(kept.replaced or {}).get("draft"),
        count=len(content.questions),
        edited=len(since.added) + len(since.removed) + len(since.changed),
        form=form,
    )


def _padded(cells: list[Any], width: int) -> list[Any]:
    return [*cells, *[""] * (width - len(cells))]


def _report_of(kept: BankUpload) -> Report:
    findings = tuple(queries.upload_findings(kept))
    source = Source(kept.source_name, Header(kept.bank_code))
    return Report(source, queries.upload_content(kept), findings, kept.question_count)


# --- a bank, its versions and questions


@bp.get("/<int:bank_id>")
def bank(bank_id: int) -> ResponseReturnValue:
    """A bank: its draft, and its versions as a time line."""
    found = queries.bank_or_404(bank_id)
    draft = queries.draft_of(found)
    versions = queries.versions_of(found)
    every = [*([draft] if draft else []), *versions]
    return render_template(
        "banks/bank.html",
        bank=found,
        draft=draft,
        upload=queries.upload_of_draft(draft) if draft else None,
        versions=versions,
        counts=queries.question_counts(found.id),
        shared={new.id: (old.number, queries.shared_count(new, old)) for new, old in pairwise(every)},
        uses=_uses(found),
        contributors={each.id: reviews.names_of(reviews.contributors_of(each)) for each in every},
        begin=BeginDraftForm(formdata=None),
    )


def _uses(found: Bank) -> dict[int, list[Use]]:
    """The competitions that hold to each version of a bank, by the version's id."""
    uses: dict[int, list[Use]] = {}
    for use in users.uses(found.id, utc_now()):
        uses.setdefault(use.version_id, []).append(use)
    return uses


@bp.get("/versions/<int:version_id>")
def version(version_id: int) -> ResponseReturnValue:
    """The questions of a draft or a version, searched and filtered."""
    found = queries.version_or_404(version_id)
    content = queries.version_content(version_id)
    form = QuestionFilterForm(request.args)
    _offer_filters(form, content)
    wanted = form.wanted()
    exposure = users.exposure(found.bank_id)
    page = _Page(items=_listed(content, form, exposure), per_page=QUESTIONS_A_PAGE, error_out=False)
    return render_template(
        "banks/version.html",
        version=found,
        bank=found.bank,
        content=content,
        latest=queries.latest_version(found.bank),
        tally=tally(content),
        form=form,
        wanted=wanted,
        page=page,
        question_ids=queries.question_ids_of(found),
        list_arguments=_list_arguments(),
        draft=queries.draft_of(found.bank),
        begin=BeginDraftForm(formdata=None),
        exposure=exposure,
        uses=_uses(found.bank).get(found.id, []),
        contributors=reviews.names_of(reviews.contributors_of(found)),
        may_review=reviews.reviewing_problem(found, actor=current_user) is None,
        final=retirement.newer_than_retirement(found),
    )


@bp.route("/versions/<int:version_id>/retire", methods=["GET", "POST"])
def retire(version_id: int) -> ResponseReturnValue:
    """Show what taking a version out of use will do, then do it."""
    found = _published_or_404(version_id)
    form = RetireForm()
    if form.validate_on_submit():
        retirement.retire_version(found, reason=form.reason.data, actor=current_user, now=utc_now())
        db.session.commit()
        flash(_("第 %(number)s 版已停用，新的竞赛不能再使用它。", number=found.number), "success")
        return redirect(url_for(".bank", bank_id=found.bank_id), 303)
    if found.retirement is not None:
        raise Refused("already_retired")
    uses = _uses(found.bank).get(found.id, [])
    page = render_template("banks/retire.html", bank=found.bank, version=found, form=form, uses=uses)
    return page, 422 if form.is_submitted() else 200


@bp.route("/versions/<int:version_id>/bring-back", methods=["GET", "POST"])
def bring_back(version_id: int) -> ResponseReturnValue:
    """Show what taking a retirement back will do, then do it."""
    found = _published_or_404(version_id)
    form = PlainForm()
    if form.validate_on_submit():
        retirement.bring_back_version(found, actor=current_user, now=utc_now())
        db.session.commit()
        flash(_("第 %(number)s 版已恢复使用。", number=found.number), "success")
        return redirect(url_for(".bank", bank_id=found.bank_id), 303)
    if found.retirement is None:
        raise Refused("not_retired")
    return render_template(
        "banks/bring_back.html",
        bank=found.bank,
        version=found,
        form=form,
        final=retirement.newer_than_retirement(found),
    )


@bp.route("/versions/<int:version_id>/review", methods=["GET", "POST"])
def review_version(version_id: int) -> ResponseReturnValue:
    """What vouching for a version means, then the deed."""
    found = _published_or_404(version_id)
    form = PlainForm()
    if form.validate_on_submit():
        reviews.review_version(found, actor=current_user, now=utc_now())
        db.session.commit()
        flash(_("您已复核第 %(number)s 版。", number=found.number), "success")
        return redirect(url_for(".version", version_id=found.id), 303)
    problem = reviews.reviewing_problem(found, actor=current_user)
    return render_template(
        "banks/review.html",
        bank=found.bank,
        version=found,
        form=form,
        contributors=reviews.names_of(reviews.contributors_of(found)),
        problem=sentence(problem.code, problem.facts) if problem else "",
        earlier=next((each for each in queries.versions_of(found.bank) if each.id < found.id), None),
    )


def _published_or_404(version_id: int) -> BankVersion:
    version = queries.version_or_404(version_id)
    if version.number is None:
        raise NotFound()
    return version


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
        moved = editing.move_to_practice(found, codes, actor=current_user, now=utc_now())
        db.session.commit()
        flash(_("草稿里有 %(count)s 题移到了练习题池。看过之后就可以发布。", count=len(moved)), "success")
        draft = _draft_or_404(found)
        return redirect(url_for(".version", version_id=draft.id), 303)
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
        titles={use.competition_id: use.title for each in _uses(found).values() for use in each},
    )
    return page, 422 if request.method == "POST" else 200


@bp.get("/versions/<int:version_id>/content.<ending>")
def version_file(version_id: int, ending: str) -> ResponseReturnValue:
    """The questions as a file of one of the kinds that `writing` knows."""
    found = queries.version_or_404(version_id)
    name = f"{found.bank.code}-{found.number or 'draft'}"
    return _download(queries.version_content(version_id), name, ending)


@bp.get("/<int:bank_id>/differences")
def differences(bank_id: int) -> ResponseReturnValue:
    """What changed from one version to another, key changes first."""
    found = queries.bank_or_404(bank_id)
    draft = queries.draft_of(found)
    versions = [*([draft] if draft else []), *queries.versions_of(found)]
    if len(versions) < 2:
        raise NotFound()
    by_id = {each.id: each for each in versions}
    new = by_id.get(request.args.get("new", versions[0].id, type=int))
    old = by_id.get(request.args.get("old", versions[1].id, type=int))
    if new is None or old is None:
        raise NotFound()
    contents = queries.version_content(old.id), queries.version_content(new.id)
    differences = Differences(*contents)
    show = request.args.get("show", "")
    page = _Page(items=differences.of(show if show in KINDS else ""), per_page=DIFFERENCES_A_PAGE, error_out=False)
    return render_template(
        "banks/differences.html",
        bank=found,
        versions=versions,
        old=old,
        new=new,
        show=show if show in KINDS else "",
        differences=differences,
        page=page,
        items=[differences.item(*each) for each in page.items],
        topics={**contents[0].topics, **contents[1].topics},
    )


@bp.route("/<int:bank_id>/publish", methods=["GET", "POST"])
def publish(bank_id: int) -> ResponseReturnValue:
    """Show what publishing will do, then do it."""
    found = queries.bank_or_404(bank_id)
    form = SeenDraftForm()
    if form.validate_on_submit():
        published = actions.publish_version(
            found, actor=current_user, now=utc_now(), expected_digest=form.digest.data or ""
        )
        db.session.commit()
        flash(_("第 %(number)s 版已发布，从此不再改变。", number=published.number), "success")
        return redirect(url_for(".bank", bank_id=found.id), 303)
    draft = _draft_or_404(found)
    content = queries.version_content(draft.id)
    latest = queries.latest_version(found)
    form.digest.data = content_digest(content)
    problem = reviews.publishing_problem(draft, actor=current_user, now=utc_now())
    short = unmet(users.needs(found.code, content.topics, utc_now()), content)
    return render_template(
        "banks/publish.html",
        shortages=[messages.sentence(Finding(each.severity, each.code, Where(), each.facts or {})) for each in short],
        problem=sentence(problem.code, problem.facts) if problem else "",
        contributors=reviews.names_of(reviews.contributors_of(draft)),
        bank=found,
        draft=draft,
        latest=latest,
        content=content,
        tally=tally(content),
        difference=diff(queries.version_content(latest.id), content) if latest else None,
        form=form,
    )


@bp.route("/<int:bank_id>/discard", methods=["GET", "POST"])
def discard(bank_id: int) -> ResponseReturnValue:
    """Show what discarding the draft will do, then do it."""
    found = queries.bank_or_404(bank_id)
    form = SeenDraftForm()
    if form.validate_on_submit():
        actions.discard_draft(found, actor=current_user, now=utc_now(), expected_digest=form.digest.data or None)
        db.session.commit()
        flash(_("草稿已丢弃，已发布的版本不受影响。"), "success")
        return redirect(url_for(".bank", bank_id=found.id), 303)
    draft = _draft_or_404(found)
    content = queries.version_content(draft.id)
    form.digest.data = content_digest(content)
    latest = queries.latest_version(found)
    differs = diff(queries.version_content(latest.id), content) if latest else None
    return render_template(
        "banks/discard.html",
        bank=found,
        draft=draft,
        latest=latest,
        form=form,
        count=len(content.questions),
        own=len(differs.added) + len(differs.changed) if differs else 0,
    )


# --- single questions


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
        return redirect(url_for(".question", version_id=version_id, question_id=ids[place], **_list_arguments()))
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
        neighbours=_neighbours(found.bank, content, ids, place),
        list_arguments=_list_arguments(),
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
    draft = editing.begin_draft(found, actor=current_user, now=utc_now())
    db.session.commit()
    flash(_("草稿里是最新版本的全部试题，可以逐题修改，发布之前不影响任何竞赛。"), "success")
    if form.question.data and queries.place_in(draft, form.question.data) is not None:
        return redirect(url_for(".edit_question", bank_id=bank_id, question_id=form.question.data), 303)
    return redirect(url_for(".version", version_id=draft.id), 303)


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
        return redirect(url_for(".edit_question", bank_id=bank_id, question_id=ids[place], **_list_arguments()))
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
        removed = editing.remove_question(
            found, question_id, seen=form.seen.data or "", actor=current_user, now=utc_now()
        )
        db.session.commit()
        flash(_("试题 %(code)s 已从草稿里删除。", code=removed.code), "success")
        draft = _draft_or_404(found)
        return redirect(url_for(".version", version_id=draft.id, **_list_arguments()), 303)
    draft = _draft_or_404(found)
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
        list_arguments=_list_arguments(),
        form=form,
    )


def _question_sent(found: Bank, form: QuestionForm, question_id: int | None) -> ResponseReturnValue:
    """What a button of the editor asks for. Whatever happens, what was typed is still on the page."""
    if not form.validate_on_submit():
        return _question_page(found, form, question_id), 422
    deed = form.do.data or "save"
    if deed == "begin":
        editing.begin_draft(found, actor=current_user, now=utc_now())
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
        saved = editing.save_question(
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
    arguments = {name: value for name, value in _list_arguments().items() if name != "like"}
    return redirect(url_for(".edit_question", bank_id=found.id, question_id=saved.question_id, **arguments), 303)


def _picture_sent(found: Bank, form: QuestionForm, question_id: int | None) -> ResponseReturnValue:
    """Keep a picture, and name it in the text that was chosen for it. The question itself is not saved by that."""
    file = form.picture.data
    focus = ""
    try:
        if not file or not file.filename:
            raise Invalid("picture_not_chosen")
        picture = read_picture(file.read(PICTURE_BYTES + 1))
        actions.store_pictures([picture], now=utc_now())
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
    form.topic.choices = offered({code: _topic_name(code, title) for code, title in topics.items()})
    return form


def _topic_name(code: str, title: str) -> str:
    return code if title == code else f"{code} {title}"


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
        neighbours=_neighbours(found, content, ids, place) if content and place is not None else (None, None),
        list_arguments=_list_arguments(),
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
    return redirect(url_for(".bank", bank_id=found.id))


def _review_of(shown: Question, version: BankVersion, content: BankContent, place: int) -> Reviewed:
    fields = fields_of(shown)
    return review(fields, content, editing.around(version.bank, fields, utc_now()), place=place)


def _tell(form: QuestionForm, reviewed: Reviewed) -> None:
    for finding in reviewed.findings:
        form.tell(finding.where.field, finding.severity, messages.sentence(finding))


def _listed(content: BankContent, form: QuestionFilterForm, exposure: Exposure) -> list[tuple[int, Question]]:
    """The questions that the form asks for, in its order, each with its place."""
    wanted = form.wanted()
    order = wanted.pop("sort", "")
    listed = queries.matching_questions(content, **wanted)
    if order:
        listed.sort(key=lambda item: exposure.of(item[1].code), reverse=order == "most")
    return listed


def _neighbours(bank: Bank, content: BankContent, ids: list[int], place: int) -> tuple[int | None, int | None]:
    """The question before this one and the one after it, in the list that was come from."""
    form = QuestionFilterForm(request.args)
    _offer_filters(form, content)
    listed = [ordinal for ordinal, _question in _listed(content, form, users.exposure(bank.id))]
    if place not in listed:  # it was changed, and is no longer what was asked for: one goes on from where it stood
        listed = sorted([*listed, place])
    at = listed.index(place)
    return ids[listed[at - 1]] if at else None, ids[listed[at + 1]] if at + 1 < len(listed) else None


def _list_arguments() -> dict[str, Any]:
    """What the list of questions was narrowed to, so that one comes back to it."""
    return {name: value for name in LIST_ARGUMENTS if (value := request.args.get(name))}


def _offer_filters(form: QuestionFilterForm, content: BankContent) -> None:
    anything = ("", _l("全部"))
    form.topic.choices = [anything, *((code, _topic_name(code, title)) for code, title in content.topics.items())]
    form.kind.choices = [anything, *messages.TYPE_NAMES.items()]
    form.difficulty.choices = [anything, *messages.DIFFICULTY_NAMES.items()]
    form.pool.choices = [anything, *messages.POOL_NAMES.items()]


def _draft_or_404(bank: Bank) -> BankVersion:
    draft = queries.draft_of(bank)
    if draft is None:
        raise NotFound()
    return draft


class _Page(Pagination):
    """Pages of a list that is in memory."""

    def _query_items(self) -> list[Any]:
        items: list[Any] = self._query_args["items"]
        return items[self._query_offset : self._query_offset + self.per_page]

    def _query_count(self) -> int:
        return len(self._query_args["items"])


def _download(content: BankContent, name: str, ending: str) -> Response:
    kind = next((each for each in FILE_KINDS if each.ending == ending), None)
    if kind is None:
        raise NotFound()
    return _file(kind.write(content, queries.picture_files(content)), kind.media_type, f"{name}.{ending}")


def _file(data: bytes, media_type: str, name: str) -> Response:
    response = Response(data, content_type=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
