"""What the organizers' pages about banks share."""

from datetime import datetime
from typing import Any

from flask import Response

from quizapp.banks import queries
from quizapp.banks.checking import messages
from quizapp.banks.content import BankContent
from quizapp.banks.models import Bank, BankVersion
from quizapp.banks.uses import Use, users
from quizapp.banks.writing import FILE_KINDS
from quizapp.errors import NotFound
from quizapp.web.downloads import download
from quizapp.web.page_context import who_is_here


def names() -> dict[str, Any]:
    """What every template about banks may use, for the blueprints' context processors."""
    held: frozenset[str] = getattr(who_is_here(), "roles", frozenset())
    return {
        "may_change": bool(held & {"organizer", "administrator"}),
        "type_names": messages.TYPE_NAMES,
        "difficulty_names": messages.DIFFICULTY_NAMES,
        "pool_names": messages.POOL_NAMES,
        "file_kinds": FILE_KINDS,
    }


def uses_of(bank: Bank, now: datetime) -> dict[int, list[Use]]:
    """The competitions that hold to each version of a bank, by the version's id."""
    uses: dict[int, list[Use]] = {}
    for use in users.uses(bank.id, now):
        uses.setdefault(use.version_id, []).append(use)
    return uses


def draft_or_404(bank: Bank) -> BankVersion:
    """The bank's draft. Raises NotFound."""
    draft = queries.draft_of(bank)
    if draft is None:
        raise NotFound()
    return draft


def bank_file(content: BankContent, name: str, ending: str) -> Response:
    """Questions as a file of the kind that has this ending. Raises NotFound for an ending that no kind has."""
    kind = next((each for each in FILE_KINDS if each.ending == ending), None)
    if kind is None:
        raise NotFound()
    return download(kind.write(content, queries.picture_files(content)), f"{name}.{ending}", kind.media_type)
