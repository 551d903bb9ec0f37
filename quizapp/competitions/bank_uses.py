"""Which competitions hold to a bank's versions, and in which of them its answers have been shown."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from quizapp.banks.checking.similarity import same_words
from quizapp.banks.models import BankVersion
from quizapp.banks.queries import version_content
from quizapp.banks.uses import Use
from quizapp.competitions.interruptions import longest_given_ms
from quizapp.competitions.models import Competition
from quizapp.competitions.phase import Phase, phase
from quizapp.extensions import db

PHASES: dict[Phase, tuple[LazyString, str]] = {
    Phase.DRAFT: (_l("草稿"), "neutral"),
    Phase.UPCOMING: (_l("即将开始"), "info"),
    Phase.OPEN: (_l("进行中"), "success"),
    Phase.CLOSED: (_l("已截止"), "neutral"),
    Phase.FROZEN: (_l("成绩已公布"), "gold"),
}


def competitions_of(bank_id: int) -> list[Competition]:
    """The competitions that hold to a version of the bank, the latest first."""
    rows = select(Competition).join(BankVersion, BankVersion.id == Competition.bank_version_id)
    rows = rows.where(BankVersion.bank_id == bank_id).order_by(Competition.opens_at.desc(), Competition.id.desc())
    return list(db.session.scalars(rows))


def uses_of_bank(bank_id: int, now: datetime) -> list[Use]:
    """The same as banks show them."""
    uses = []
    for competition in competitions_of(bank_id):
        stage = phase(competition, now)
        name, badge = PHASES[stage]
        use = Use(
            competition.id,
            competition.title,
            competition.bank_version_id,
            competition.opens_at,
            name,
            badge,
            is_draft=stage is Phase.DRAFT,
            is_over=stage in (Phase.CLOSED, Phase.FROZEN),
            four_eyes=competition.bank_four_eyes,
        )
        uses.append(use)
    return uses


@dataclass(frozen=True)
class Shown:
    """A competition that shows answers to `count` of a version's formal questions; not `already`: before the moment asked for."""

    title: str
    count: int
    already: bool


def answers_shown(
    version: BankVersion, *, now: datetime, by: datetime | None = None, apart_from: Competition | None = None
) -> list[Shown]:
    """Which competitions show answers to formal questions of a version by a moment, as far as is known now; the most first.

    A question is the same where its words are, in whatever version of the bank: so a new version helps as far as it is new.
    """
    by = max(by or now, now)
    own = _formal_words(version.id)
    counts: dict[int, int] = {}
    found = []
    for other in competitions_of(version.bank_id):
        if other is apart_from or not _shows_answers(other, by):
            continue
        if (of := other.bank_version_id) not in counts:
            counts[of] = len(own & _formal_words(of))
        if counts[of]:
            found.append(Shown(other.title, counts[of], _shows_answers(other, now)))
    return sorted(found, key=lambda each: -each.count)


def _formal_words(version_id: int) -> set[tuple[str, frozenset[str]]]:
    return {same_words(question) for question in version_content(version_id).questions if question.pool == "formal"}


def _shows_answers(competition: Competition, at: datetime) -> bool:
    stage = phase(competition, at)
    if competition.show_answers in ("at_once", "submitted"):
        return stage in (Phase.OPEN, Phase.CLOSED, Phase.FROZEN)
    longest_ms = competition.grace_ms + longest_given_ms(competition)
    past_grace = at > competition.closes_at + timedelta(milliseconds=longest_ms)
    return competition.show_answers == "closed" and (stage is Phase.FROZEN or (stage is Phase.CLOSED and past_grace))
