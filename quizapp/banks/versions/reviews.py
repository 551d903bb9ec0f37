"""Four eyes: who had a part in a version, and whether somebody who had none has published or reviewed it.

Competitions ask for it (`uses.Use.four_eyes`). The command line says nobody's name: it has a part, and vouches for nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from quizapp.accounts import audit
from quizapp.accounts.models import Account
from quizapp.banks.actions import lock_bank
from quizapp.banks.models import BankVersion, VersionReview
from quizapp.banks.uses import users
from quizapp.errors import Refused
from quizapp.extensions import db


def add_contributor(draft: BankVersion, actor: Account | None) -> None:
    """Remember that somebody uploaded or changed the draft."""
    own = actor.id if actor else None
    if own not in draft.contributors:
        draft.contributors = [*draft.contributors, own]


def contributors_of(version: BankVersion) -> list[int | None]:
    """Who uploaded or changed the draft; of a version older than this record, whoever saved its draft last."""
    return version.contributors or [version.created_by_id]


def is_seen_by_two(version: BankVersion) -> bool:
    """Whether somebody who had no part in a published version published or reviewed it."""
    own = contributors_of(version)
    seen_by = [version.published_by_id, *(review.account_id for review in version.reviews)]
    return any(person is not None and person not in own for person in seen_by)


def publishing_problem(draft: BankVersion, *, actor: Account | None, now: datetime) -> Refused | None:
    """Why `actor` may not publish the draft alone, if a competition that is not over asks for four eyes."""
    asking = [use for use in users.uses(draft.bank_id, now) if use.four_eyes and not use.is_over]
    own = contributors_of(draft)
    if not asking or (actor is not None and actor.id not in own):
        return None
    return Refused("publish_needs_another", competition=asking[0].title, names=names_of(own))


def reviewing_problem(version: BankVersion, *, actor: Account) -> Refused | None:
    """Why `actor` can't review the version."""
    if version.number is None:
        return Refused("version_not_published")
    if actor.id in contributors_of(version):
        return Refused("review_own_version")
    if actor.id == version.published_by_id or any(review.account_id == actor.id for review in version.reviews):
        return Refused("already_reviewed")
    return None


def review_version(version: BankVersion, *, actor: Account, now: datetime) -> None:
    """Vouch for a published version. Raises Refused for whoever had a part in it, or has vouched for it before."""
    lock_bank(version.bank_id)
    db.session.refresh(version, ["reviews"])
    if problem := reviewing_problem(version, actor=actor):
        raise problem
    db.session.add(VersionReview(version_id=version.id, account_id=actor.id, reviewed_at=now))
    audit.record(
        "review_bank_version",
        actor=actor,
        subject_type="bank",
        subject_id=version.bank_id,
        now=now,
        bank=version.bank.code,
        number=version.number,
        digest=version.digest,
    )
    db.session.flush()
    db.session.refresh(version, ["reviews"])


def names_of(people: Sequence[int | None]) -> str:
    """Accounts by name, in the order given."""
    known = {person for person in people if person is not None}
    rows = db.session.execute(select(Account.id, Account.name).where(Account.id.in_(known)))
    names: dict[int | None, str] = {None: str(_("命令行")), **dict(rows.all())}
    return "、".join(names.get(person, "?") for person in people)
