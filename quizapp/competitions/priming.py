"""What the grader must know of a competition, brought from SQL into the store.

It is called after each commit that changes a competition, and by the recorder's sweep every few seconds: if a process
dies between the two, the sweep heals it. It always writes the whole, so repeating it changes nothing.
"""

import logging

from redis.exceptions import RedisError

from quizapp.banks.queries import version_content
from quizapp.clock import to_ms
from quizapp.competitions.models import Competition
from quizapp.errors import Unavailable
from quizapp.extensions import grader
from quizapp.grader.rules import CompetitionRules

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
    )


def answer_key_of(competition: Competition) -> dict[int, tuple[str, int]]:
    """The answer key of the pinned version: ordinal → (type, right options in written order as a bit mask)."""
    questions = version_content(competition.bank_version_id).questions
    return {ordinal: (question.type, question.right) for ordinal, question in enumerate(questions)}


def prime(competition: Competition) -> None:
    """Write the rules and the answer key of a published competition to every shard of the store."""
    if competition.published_at is not None:
        grader.prime(rules_of(competition), answer_key_of(competition))


def prime_if_reachable(competition: Competition) -> bool:
    """`prime`, for use after the commit: a store that is away is no reason to fail a deed that SQL holds already.

    False means that the recorder's sweep will bring it there.
    """
    try:
        prime(competition)
    except (RedisError, Unavailable):
        log.error("priming_postponed competition=%s", competition.id)
        return False
    return True
