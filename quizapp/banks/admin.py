"""The organizers' first pages about banks: all of them, and one of them; the others are in `uploads`, `versions`, `editor`."""

from itertools import pairwise

from flask import render_template
from flask.typing import ResponseReturnValue

from quizapp.banks import queries
from quizapp.banks.forms import (
    BeginDraftForm,
)
from quizapp.banks.pages import names, uses_of
from quizapp.banks.versions import reviews
from quizapp.clock import utc_now
from quizapp.web.access import ORGANIZER, Blueprint

bp = Blueprint("banks_admin", __name__, access=ORGANIZER, url_prefix="/admin/banks")
bp.context_processor(names)


@bp.get("/")
def index() -> ResponseReturnValue:
    """Every bank."""
    return render_template("banks/index.html", overviews=queries.bank_overviews())


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
        uses=uses_of(found, utc_now()),
        contributors={each.id: reviews.names_of(reviews.contributors_of(each)) for each in every},
        begin=BeginDraftForm(formdata=None),
    )
