"""The organizers' pages for a version or draft: its questions, publish, discard, review, retire, compare, download."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_sqlalchemy.pagination import Pagination

from quizapp.banks import queries
from quizapp.banks.checking import messages
from quizapp.banks.checking.checks import tally
from quizapp.banks.checking.needs import unmet
from quizapp.banks.content import content_digest, diff
from quizapp.banks.findings import Finding, Where
from quizapp.banks.forms import BeginDraftForm, PlainForm, SeenDraftForm
from quizapp.banks.models import BankVersion
from quizapp.banks.pages import bank_file, draft_or_404, names, uses_of
from quizapp.banks.uses import users
from quizapp.banks.versions import actions, retirement, reviews
from quizapp.banks.versions.differences import KINDS, Differences
from quizapp.banks.versions.forms import QuestionFilterForm, RetireForm
from quizapp.banks.versions.question_list import list_arguments, listed, offer_filters
from quizapp.clock import utc_now
from quizapp.errors import NotFound, Refused
from quizapp.extensions import db
from quizapp.web.access import ORGANIZER, Blueprint
from quizapp.web.error_pages import sentence

bp = Blueprint("bank_versions_admin", __name__, access=ORGANIZER, url_prefix="/admin/banks")
bp.context_processor(names)

QUESTIONS_A_PAGE = 20
DIFFERENCES_A_PAGE = 40


@bp.get("/versions/<int:version_id>")
def version(version_id: int) -> ResponseReturnValue:
    """The questions of a draft or a version, searched and filtered."""
    found = queries.version_or_404(version_id)
    content = queries.version_content(version_id)
    form = QuestionFilterForm(request.args)
    offer_filters(form, content)
    wanted = form.wanted()
    exposure = users.exposure(found.bank_id)
    page = _Page(items=listed(content, form, exposure), per_page=QUESTIONS_A_PAGE, error_out=False)
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
        list_arguments=list_arguments(),
        draft=queries.draft_of(found.bank),
        begin=BeginDraftForm(formdata=None),
        exposure=exposure,
        uses=uses_of(found.bank, utc_now()).get(found.id, []),
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
        return redirect(url_for("banks_admin.bank", bank_id=found.bank_id), 303)
    if found.retirement is not None:
        raise Refused("already_retired")
    uses = uses_of(found.bank, utc_now()).get(found.id, [])
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
        return redirect(url_for("banks_admin.bank", bank_id=found.bank_id), 303)
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
        return redirect(url_for("bank_versions_admin.version", version_id=found.id), 303)
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


@bp.get("/versions/<int:version_id>/content.<ending>")
def version_file(version_id: int, ending: str) -> ResponseReturnValue:
    """The questions as a file of one of the kinds that `writing` knows."""
    found = queries.version_or_404(version_id)
    name = f"{found.bank.code}-{found.number or 'draft'}"
    return bank_file(queries.version_content(version_id), name, ending)


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
        return redirect(url_for("banks_admin.bank", bank_id=found.id), 303)
    draft = draft_or_404(found)
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
        return redirect(url_for("banks_admin.bank", bank_id=found.id), 303)
    draft = draft_or_404(found)
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


class _Page(Pagination):
    """Pages of a list that is in memory."""

    def _query_items(self) -> list[Any]:
        items: list[Any] = self._query_args["items"]
        return items[self._query_offset : self._query_offset + self.per_page]

    def _query_count(self) -> int:
        return len(self._query_args["items"])
