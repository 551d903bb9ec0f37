"""Who may be named: in public everybody is 张*, but winners who agreed to it; in full for those who may know."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from quizapp.accounts.models import Account
from quizapp.competitions.models import Competition
from quizapp.extensions import db
from quizapp.notices.models import PublicationConsent
from quizapp.web.page_context import mask_name


def published_names(competition: Competition, accounts: Collection[int]) -> dict[int, str]:
    """What winners are called in published lists, by account id: in full with their consent, else masked (张*)."""
    rows = (
        select(Account.id, Account.name, PublicationConsent.named)
        .outerjoin(
            PublicationConsent,
            (PublicationConsent.account_id == Account.id) & (PublicationConsent.competition_id == competition.id),
        )
        .where(Account.id.in_(accounts))
    )
    return {account: name if named else mask_name(name) for account, name, named in db.session.execute(rows)}


def named_by_consent(competition: Competition, accounts: Collection[int]) -> set[int]:
    """Who of some agreed to stand in published lists of winners by the full name."""
    rows = select(PublicationConsent.account_id).where(
        PublicationConsent.competition_id == competition.id,
        PublicationConsent.account_id.in_(accounts),
        PublicationConsent.named,
    )
    return set(db.session.scalars(rows))


def consent_of(competition: Competition, account: Account) -> bool:
    """Whether the participant agreed to stand in published lists of winners by the full name."""
    found = db.session.get(PublicationConsent, (competition.id, account.id))
    return found is not None and found.named


def choose_consent(competition: Competition, account: Account, *, named: bool, now: datetime) -> None:
    """Keep the participant's choice; it may be changed at any time."""
    found = db.session.get(PublicationConsent, (competition.id, account.id))
    if found is None:
        found = PublicationConsent(competition_id=competition.id, account_id=account.id)
        db.session.add(found)
    found.named, found.chosen_at = named, now
