"""What an organizer decides of a competition before it is published, as one plain value, and what she should think about twice. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from quizapp.banks.content import BankContent
from quizapp.papers.blueprint import Blueprint


@dataclass(frozen=True)
class Terms:
    """The columns of `Competition` that a draft may set; `pass_score` in hundredths of a point, limits of None mean none."""

    title: str
    host: str
    introduction: str
    contact: str
    timezone: str
    opens_at: datetime
    closes_at: datetime
    bank_version_id: int
    blueprint: Blueprint
    minutes: int
    grace_ms: int
    attempts_total: int | None
    attempts_per_day: int | None
    keep: str
    shuffle_questions: bool
    shuffle_options: bool
    multiple_scoring: str
    show_answers: str
    pass_score: int
    entry: str
    boards: str
    board_minimum_people: int
    tie_keys: str
    shards: int
    bank_four_eyes: bool


def local_to_utc(local: datetime, zone: ZoneInfo) -> datetime | None:
    """The aware moment that clocks in `zone` show as the naive `local`; None where they skip it (summer time begins).

    Where they show it twice the first one is meant.
    """
    moment = local.replace(tzinfo=zone)
    utc = moment.astimezone(ZoneInfo("UTC"))
    return utc if utc.astimezone(zone).replace(tzinfo=None) == local else None


def one_year_later(moment: datetime, zone: ZoneInfo) -> datetime:
    """The same day and hour of the next year on the clocks of `zone`; 29 February becomes 28 February."""
    local = moment.astimezone(zone).replace(tzinfo=None)
    try:
        later = local.replace(year=local.year + 1)
    except ValueError:
        later = local.replace(year=local.year + 1, day=28)
    return local_to_utc(later, zone) or (local_to_utc(later + timedelta(hours=1), zone) or moment)


def copied_title(title: str, year: int) -> str:
    """The title for the year after: its `year` counted up, or the title with a mark that it is a copy, within 120 characters."""
    return title.replace(str(year), str(year + 1)) if str(year) in title else f"{title[:116]}（副本）"


def concerns(terms: Terms, content: BankContent) -> list[str]:
    """Codes of what is allowed but worth a second thought; the page has a sentence for each."""
    formal = sum(1 for question in content.questions if question.pool == "formal")
    several = terms.attempts_total != 1
    found = {
        "answers_before_close": terms.show_answers in ("at_once", "submitted"),
        "answers_between_attempts": terms.show_answers in ("at_once", "submitted") and several,
        "unlimited_attempts": terms.attempts_total is None and terms.attempts_per_day is None,
        "small_bank": formal < 2 * terms.blueprint.question_count,
        "no_practice_pool": formal == len(content.questions),
        "fixed_order": not (terms.shuffle_questions and terms.shuffle_options),
        "no_contact": not terms.contact,
        "window_shorter_than_paper": terms.closes_at - terms.opens_at < timedelta(minutes=terms.minutes),
    }
    if found["answers_between_attempts"]:
        found["answers_before_close"] = False
    return [code for code, holds in found.items() if holds]
