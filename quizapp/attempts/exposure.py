"""How often each question was drawn. Papers are not stored, so each is drawn again from its attempt's seed.

That is done once, after the close, portion by portion (`refresh`); pages read what it came to.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from quizapp.attempts.lag import recorder_lag
from quizapp.attempts.models import Attempt, ExposureCount, QuestionExposure
from quizapp.banks.models import BankVersion, Question
from quizapp.banks.queries import question_ids_of, version_content
from quizapp.banks.uses import Exposure
from quizapp.competitions.models import Competition
from quizapp.competitions.phase import Phase, phase
from quizapp.competitions.queries import blueprint_of
from quizapp.extensions import db, grader
from quizapp.papers.assembly import assemble


@dataclass
class Portion:
    """Attempts that were drawn again and not kept yet: those with keys after `after`, up to and with `last`."""

    competition_id: int
    closes_at: datetime
    after: tuple[int, int]
    last: tuple[int, int]
    attempts: int = 0
    drawn: Counter[int] = field(default_factory=Counter)  # question row → times
    is_all: bool = False


def uncounted_competitions(now: datetime) -> list[Competition]:
    """The competitions that are over and not counted to their end."""
    rows = (
        select(Competition)
        .outerjoin(ExposureCount, ExposureCount.competition_id == Competition.id)
        .where(
            Competition.published_at.is_not(None),
            Competition.closes_at < now,
            ExposureCount.finished_at.is_(None) | (ExposureCount.closes_at != Competition.closes_at),
        )
    )
    found = db.session.scalars(rows.order_by(Competition.closes_at, Competition.id))
    return [each for each in found if phase(each, now) in (Phase.CLOSED, Phase.FROZEN)]


def is_recorded(competition: Competition) -> bool:
    """Whether SQL has every attempt of a competition that is over. Raises the store's errors."""
    if competition.frozen_at is not None:
        return True
    return grader.open_attempts(competition.id, competition.shards) == 0 and recorder_lag(competition).is_clear


def begin_portion(competition: Competition) -> Portion:
    """The portion after what is kept; from the first attempt on where the close has been put off since."""
    count = db.session.get(ExposureCount, competition.id)
    last = (0, 0)
    if count is not None and count.closes_at == competition.closes_at:
        last = (count.last_account_id, count.last_ordinal)
    return Portion(competition.id, competition.closes_at, last, last)


def draw_again(competition: Competition, portion: Portion, most: int) -> None:
    """Add at most `most` attempts to the portion."""
    key = tuple_(Attempt.account_id, Attempt.ordinal)
    rows = (
        select(Attempt.account_id, Attempt.ordinal, Attempt.seed)
        .where(Attempt.competition_id == competition.id, key > portion.last)
        .order_by(Attempt.account_id, Attempt.ordinal)
        .limit(most)
    )
    content, blueprint = version_content(competition.bank_version_id), blueprint_of(competition)
    question_ids = question_ids_of(competition.bank_version)
    found = db.session.execute(rows).all()
    for account_id, ordinal, seed in found:
        # Their order has no part in which questions are drawn.
        paper = assemble(blueprint, content, seed, shuffle_questions=False, shuffle_options=False)
        portion.drawn.update(question_ids[place.ordinal] for place in paper.places)
        portion.last = account_id, ordinal
    portion.attempts += len(found)
    portion.is_all = len(found) < most


def keep_portion(portion: Portion, *, now: datetime) -> bool:
    """Add a portion to what is kept. False, and nothing is changed, where another process was there first."""
    count = db.session.get(ExposureCount, portion.competition_id, with_for_update=True, populate_existing=True)
    if count is None:
        count = _first_count(portion)
    if count is None:
        return False
    if portion.after == (0, 0) and count.closes_at != portion.closes_at:
        _start_over(portion, count)
    if (count.last_account_id, count.last_ordinal, count.closes_at) != (*portion.after, portion.closes_at):
        return False
    known = _drawn_in(portion.competition_id)
    new = [
        {"competition_id": portion.competition_id, "question_id": question, "drawn": times}
        for question, times in portion.drawn.items()
        if question not in known
    ]
    if new:
        db.session.execute(insert(QuestionExposure), new)
    for question, times in portion.drawn.items():
        if question in known:
            row = (
                QuestionExposure.competition_id == portion.competition_id,
                QuestionExposure.question_id == question,
            )
            db.session.execute(update(QuestionExposure).where(*row).values(drawn=known[question] + times))
    count.attempts += portion.attempts
    count.last_account_id, count.last_ordinal = portion.last
    count.finished_at = now if portion.is_all else None
    db.session.flush()
    return True


def _first_count(portion: Portion) -> ExposureCount | None:
    """The row that the count is kept in; None where another process has just made it."""
    count = ExposureCount(
        competition_id=portion.competition_id,
        closes_at=portion.closes_at,
        attempts=0,
        last_account_id=0,
        last_ordinal=0,
    )
    try:
        with db.session.begin_nested():
            db.session.add(count)
    except IntegrityError:
        return None
    return count


def _start_over(portion: Portion, count: ExposureCount) -> None:
    db.session.execute(delete(QuestionExposure).where(QuestionExposure.competition_id == portion.competition_id))
    count.closes_at, count.attempts, count.last_account_id, count.last_ordinal = portion.closes_at, 0, 0, 0
    count.finished_at = None


def _drawn_in(competition_id: int) -> dict[int, int]:
    rows = select(QuestionExposure.question_id, QuestionExposure.drawn)
    return dict(db.session.execute(rows.where(QuestionExposure.competition_id == competition_id)).all())


def exposure_of_bank(bank_id: int) -> Exposure:
    """How often the questions of a bank were drawn, where competitions are counted to their end."""
    done = (
        select(ExposureCount.competition_id, ExposureCount.attempts)
        .join(Competition, Competition.id == ExposureCount.competition_id)
        .join(BankVersion, BankVersion.id == Competition.bank_version_id)
        .where(BankVersion.bank_id == bank_id, ExposureCount.finished_at.is_not(None))
    )
    attempts = dict(db.session.execute(done).all())
    rows = (
        select(Question.code, QuestionExposure.competition_id, QuestionExposure.drawn)
        .join(QuestionExposure, QuestionExposure.question_id == Question.id)
        .where(Question.bank_id == bank_id)
    )
    drawn: dict[str, dict[int, int]] = {}
    for code, competition_id, times in db.session.execute(rows):
        if competition_id in attempts:
            drawn.setdefault(code, {}).setdefault(competition_id, 0)
            drawn[code][competition_id] += times
    return Exposure(drawn, attempts)
