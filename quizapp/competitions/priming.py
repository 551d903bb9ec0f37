"""What the grader must know of a competition, brought from SQL into the store.

It is called after each commit that changes a competition, and by the recorder's sweep every few seconds: if a process
dies between the two, the sweep heals it. It always writes the whole, so repeating it changes nothing.
"""

import logging

from quizapp.banks.queries import version_content
from quizapp.clock import to_ms
from quizapp.competitions.interruptions import spans_given_back
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import extra_times_of
from quizapp.errors import Refused, Unavailable
from quizapp.extensions import db, grader
from quizapp.grader.rules import MINUTE_MS, CompetitionRules

log = logging.getLogger("quizapp")


def rules_of(competition: Competition) -> CompetitionRules:
    """The competition's rules as the grader keeps them."""
    return CompetitionRules(
        competition=competition.id,
        shards=competition.shards,
        opens_ms=to_ms(competition.opens_at),
        closes_ms=to_ms(competition.closes_at),
        minutes=competition.minutes,
        grace_ms=competition.grace_ms,
        paused_ms=to_ms(competition.paused_at) if competition.paused_at else 0,
        shift_ms=competition.shift_ms,
        attempts_total=competition.attempts_total,
        attempts_per_day=competition.attempts_per_day,
        multiple_scoring="partial" if competition.multiple_scoring == "partial" else "exact",
        at_once=competition.show_answers == "at_once",
        fenced=competition.frozen_at is not None,
        interruptions=spans_given_back(competition),
    )


def answer_key_of(competition: Competition) -> dict[int, tuple[str, int]]:
    """The answer key of the pinned version: ordinal → (type, right options in written order as a bit mask)."""
    questions = version_content(competition.bank_version_id).questions
    return {ordinal: (question.type, question.right) for ordinal, question in enumerate(questions)}


def prime(competition: Competition, *, as_of_ms: int = 0) -> bool:
    """Write the rules, the answer key and the extra times of a published competition to the store.

    `as_of_ms` is the store's time asked before the competition was read from SQL; False means that later rules are in
    force already, or that the competition is a draft. Raises Unavailable.
    """
    if competition.published_at is None:
        return False
    if not grader.prime(rules_of(competition), answer_key_of(competition), as_of_ms=as_of_ms):
        return False
    for extra, account in extra_times_of(competition):
        grader.set_extra(competition.id, competition.shards, account.id, extra.minutes * MINUTE_MS)
    return True


def prime_if_reachable(competition: Competition) -> bool:
    """`prime`, for use after the commit: a store that is away is no reason to fail a deed that SQL holds already.

    False means that the recorder's sweep will bring it there.
    """
    try:
        as_of_ms = grader.now_ms()
        db.session.refresh(competition)
        prime(competition, as_of_ms=as_of_ms)
    except Unavailable:
        log.error("priming_postponed competition=%s", competition.id)
        return False
    return True


def open_attempts(competition: Competition) -> int | None:
    """How many people are answering now; None while the store can't say."""
    try:
        return grader.open_attempts(competition.id, competition.shards)
    except Unavailable:
        return None


def take_extra_time_back(competition: Competition, account_id: int) -> None:
    """Forget a person's extra time for attempts to come. Raises Refused while an attempt is open, and Unavailable.

    It comes before the commit: should that fail, the sweep gives the time again from SQL; the other way round nobody
    would ever take it from the store.
    """
    if grader.read(competition.id, competition.shards, account_id).open_ordinal:
        raise Refused("extra_time_in_use")
    grader.set_extra(competition.id, competition.shards, account_id, 0)
