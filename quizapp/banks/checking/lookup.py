"""What a check asks the database: all that is known of the bank that a file is for."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from quizapp.banks.checking.checks import Report
from quizapp.banks.checking.surroundings import Choices, Surroundings, check
from quizapp.banks.entries import Header, Source
from quizapp.banks.queries import (
    bank_by_code,
    earlier_questions,
    header_of,
    latest_content,
    stored_pictures,
)
from quizapp.banks.uses import users

ZONE = ZoneInfo("Asia/Shanghai")  # where a standard's or a question's day begins


def surroundings(header: Header, choices: Choices, pictures: Iterable[str] = (), *, now: datetime) -> Surroundings:
    """What is known of the bank that a file names by its `header`, or else of the one chosen; there need be none yet."""
    chosen = choices.header
    bank = bank_by_code(header.code or chosen.code)
    known = header_of(bank) if bank else chosen
    topics = header.topics or known.topics
    if bank and chosen.code and chosen.code != bank.code:  # the file belongs to another bank: the check says so
        known = chosen
    return Surroundings(
        known,
        latest_content(bank) if bank else None,
        stored_pictures(pictures),
        earlier=earlier_questions(bank) if bank else (),
        needs=tuple(users.needs(bank.code, topics, now)) if bank else (),
        today=now.astimezone(ZONE).date(),
    )


def check_for_bank(source: Source, *, now: datetime) -> Report:
    """Check a source of our own; what strangers send is read and checked in the child process (`jobs.check_upload`)."""
    choices = Choices()
    return check(source, surroundings(source.header, choices, now=now), choices)
