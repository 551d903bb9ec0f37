"""The organizers' pages for a file: hand it in, see how far its check is and what that found, save it as the draft, undo that."""

from dataclasses import replace
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from quizapp.banks import queries
from quizapp.banks.checking import messages
from quizapp.banks.checking.checks import Report, tally
from quizapp.banks.checking.surroundings import Choices
from quizapp.banks.content import BankContent, content_digest, diff
from quizapp.banks.entries import Header, Source
from quizapp.banks.findings import ERROR
from quizapp.banks.formats.tables import template
from quizapp.banks.forms import PlainForm, SeenDraftForm
from quizapp.banks.models import BankUpload
from quizapp.banks.pages import bank_file, names
from quizapp.banks.reading import accepted_endings, table_kind
from quizapp.banks.uploads import actions, jobs
from quizapp.banks.uploads.column_forms import ROWS_READ, columns_form
from quizapp.banks.uploads.forms import CheckAgainForm, UploadForm
from quizapp.clock import utc_now
from quizapp.errors import Invalid, NotFound, Refused
from quizapp.extensions import db, limiter, settings
from quizapp.web.access import ORGANIZER, Blueprint
from quizapp.web.downloads import download
from quizapp.web.error_pages import sentence, wants_json
from quizapp.web.spreadsheets import read_tables, write_workbook

bp = Blueprint("bank_uploads_admin", __name__, access=ORGANIZER, url_prefix="/admin/banks")
bp.context_processor(names)

FINDINGS_A_GROUP, FINDINGS_OF_ONE_KIND = 20, 1000
# What a person can help with who names the bank.
NAMELESS = ("bank_code_missing", "bank_code_bad", "bank_title_missing", "bank_title_bad")
# And who says what the columns are.
UNCLEAR_COLUMNS = ("headings_missing", "sheet_without_headings", "column_missing", "column_doubled")


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
    return redirect(url_for("bank_uploads_admin.report", upload_id=kept.id), 303)


@bp.get("/template.<ending>")
def empty_template(ending: str) -> ResponseReturnValue:
    """The template to fill in; for a known bank it lists that bank's topics."""
    bank = queries.bank_or_404(request.args.get("bank", type=int) or 0) if request.args.get("bank") else None
    header = queries.header_of(bank) if bank else Header()
    name = header.code or "template"
    return bank_file(BankContent(header.code, header.title, header.topics, ()), name, ending)


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
        nameless=any(each.code in NAMELESS for each in shown.findings),
        foreign=sum(each.code == "kind_unsupported" for each in shown.findings),
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
    return redirect(url_for("bank_uploads_admin.report", upload_id=anew.id), 303)


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
    return download(write_workbook(sheets), "faulty-rows.xlsx")


@bp.post("/uploads/<int:upload_id>/save")
def save(upload_id: int) -> ResponseReturnValue:
    """Make an upload the bank's draft."""
    draft = actions.save_upload(queries.upload_or_404(upload_id), actor=current_user, now=utc_now())
    db.session.commit()
    flash(_("已保存为草稿。看过之后就可以发布。"), "success")
    return redirect(url_for("bank_versions_admin.version", version_id=draft.id), 303)


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
        return redirect(url_for("bank_uploads_admin.report", upload_id=kept.id), 303)
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
