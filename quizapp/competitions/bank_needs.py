"""What competitions draw from banks, for the check of a bank (`banks.needs`)."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from quizapp.banks.checking.needs import Need, Row
from quizapp.banks.models import Bank, BankVersion
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import blueprint_of
from quizapp.extensions import db
from quizapp.papers.blueprint import DEFAULT_BLUEPRINT, Blueprint


def needs_of_bank(code: str, topics: Collection[str], now: datetime) -> list[Need]:
    """The blueprints of the bank's competitions that have not closed: they keep to their version, but the next one copies them.

    Where there is none, the usual blueprint if the bank has its topics.
    """
    rows = (
        select(Competition)
        .join(BankVersion, BankVersion.id == Competition.bank_version_id)
        .join(Bank, Bank.id == BankVersion.bank_id)
        .where(Bank.code == code, Competition.closes_at > now, Competition.frozen_at.is_(None))
        .order_by(Competition.opens_at, Competition.id)
    )
    needs = [_need(competition.title, blueprint_of(competition)) for competition in db.session.scalars(rows)]
    usual = {topic for section in DEFAULT_BLUEPRINT.sections for topic in section.topics}
    return needs or ([_need("", DEFAULT_BLUEPRINT)] if usual <= set(topics) else [])


def _need(title: str, blueprint: Blueprint) -> Need:
    rows = (Row(each.type, each.count, each.topics, each.difficulty) for each in blueprint.sections)
    return Need(title, tuple(rows))
