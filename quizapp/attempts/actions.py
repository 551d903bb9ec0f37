"""What a person does with an attempt, but for answering and submitting, which go through the door (see door.py).

Nothing here writes to SQL: the store decides and its stream tells the recorder.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from quizapp.accounts.models import Account
from quizapp.attempts.queries import drawn, places_for, recorded_attempt_count
from quizapp.attempts.restoring import restore_person
from quizapp.attempts.ticket import Ticket, tickets_of
from quizapp.banks.queries import version_content
from quizapp.banks.translation import for_reader
from quizapp.clock import to_ms
from quizapp.competitions.models import Competition
from quizapp.competitions.queries import extra_minutes, invited_units, start_verdict
from quizapp.errors import NotFound, Refused, Unavailable
from quizapp.extensions import grader, settings
from quizapp.grader.engine import AttemptState
from quizapp.grader.keys import shard_of
from quizapp.grader.outcomes import Outcome
from quizapp.grader.rules import MINUTE_MS
from quizapp.organizations.queries import membership_of


@dataclass(frozen=True)
class OpenPosition:
    """One question as its page may see it: nothing here depends on the answer key, but for `right`.

    `chosen` and `right` are masks of letters as shown; `right` is None unless the competition shows right or wrong at once
    and this position is answered. `sequence` is that of the held answer.
    """

    position: int
    type: str
    stem: str
    options: tuple[str, ...]
    points: int
    chosen: int
    sequence: int
    right: int | None


@dataclass(frozen=True)
class OpenSection:
    """Consecutive positions of one type: from `first` on, `count` of them, `points` in all."""

    type: str
    first: int
    count: int
    points: int


@dataclass(frozen=True)
class OpenAttempt:
    """Everything that a page needs to answer an attempt. `paused`: time stands still, and answers are refused."""

    ticket: str
    competition_id: int
    title: str
    ordinal: int
    epoch: int
    now_ms: int
    deadline_ms: int
    paused: bool
    at_once: bool
    sections: tuple[OpenSection, ...]
    positions: tuple[OpenPosition, ...]


def start_attempt(competition: Competition, account: Account, *, now: datetime) -> int:
    """Start an attempt, or find the one that is open; returns its ordinal.

    Raises Refused with the reason's code, or Unavailable.
    """
    membership = membership_of(account)
    verdict = start_verdict(competition, invited_units(competition), account, membership, now)
    if not verdict.ok:
        if competition.published_at is not None and (ordinal := _open_ordinal(competition, account)):
            return ordinal
        raise Refused(verdict.code)
    seed = secrets.token_hex(16)
    places = places_for(competition, seed)
    for _ in range(2):
        reply = grader.start(
            competition.id,
            competition.shards,
            account.id,
            organization=membership.organization_id if membership else None,
            seed=seed,
            places=places,
            extra_ms=extra_minutes(competition.id, account.id) * MINUTE_MS,
            known_attempts=recorded_attempt_count(competition, account.id),
            day_ms=day_around(now, competition.timezone),
        )
        if reply.code in (Outcome.STARTED, Outcome.ALREADY_OPEN):
            return reply.ordinal
        if reply.code is not Outcome.BEHIND:
            raise Refused(reply.code.value)
        restore_person(competition, account.id)
    raise Unavailable()


def open_attempt(competition: Competition, account: Account) -> OpenAttempt:
    """Open the person's running attempt for the page that asks: pages opened earlier are superseded.

    Raises NotFound without an attempt, Refused("already_submitted") once it has ended, or Unavailable.
    """
    ordinal = _open_ordinal(competition, account)
    if not ordinal:
        # A store that has lost something learns from SQL what it held; most often there is nothing to learn.
        restore_person(competition, account.id)
        person = grader.read(competition.id, competition.shards, account.id)
        ordinal = person.open_ordinal
        if not ordinal:
            raise Refused("already_submitted") if person.count else NotFound("no_attempt")
    reply = grader.open(competition.id, competition.shards, account.id, ordinal)
    if reply.attempt is None:
        raise Refused("already_submitted") if reply.code is Outcome.ALREADY_SUBMITTED else NotFound("no_attempt")
    return _as_opened(competition, reply.attempt)


def day_around(now: datetime, zone: str) -> tuple[int, int]:
    """The first moments, in ms, of today and of tomorrow in the zone: 23 to 25 hours apart."""
    local = now.astimezone(ZoneInfo(zone))
    today = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return to_ms(today), to_ms(today + timedelta(days=1))


def _open_ordinal(competition: Competition, account: Account) -> int:
    return grader.read(competition.id, competition.shards, account.id).open_ordinal


def _as_opened(competition: Competition, state: AttemptState) -> OpenAttempt:
    content = version_content(competition.bank_version_id)
    positions: list[OpenPosition] = []
    for position, place in enumerate(drawn(competition, content, state.seed).places, start=1):
        question = for_reader(content.questions[place.ordinal])
        held = state.answers.get(position)
        positions.append(
            OpenPosition(
                position=position,
                type=question.type,
                stem=question.stem,
                options=tuple(question.options[option] for option in place.options),
                points=place.points,
                chosen=held.chosen if held else 0,
                sequence=held.sequence if held else 0,
                right=held.right if held else None,
            )
        )
    ticket = Ticket(
        competition.id, shard_of(state.account, competition.shards), state.account, state.ordinal, state.epoch
    )
    return OpenAttempt(
        ticket=tickets_of(settings().secret_key).issue(ticket),
        competition_id=competition.id,
        title=competition.title,
        ordinal=state.ordinal,
        epoch=state.epoch,
        now_ms=state.now_ms,
        deadline_ms=state.deadline_ms,
        paused=state.paused_ms != 0,
        at_once=competition.show_answers == "at_once",
        sections=_sections(positions),
        positions=tuple(positions),
    )


def _sections(positions: list[OpenPosition]) -> tuple[OpenSection, ...]:
    sections: list[OpenSection] = []
    for place in positions:
        if sections and sections[-1].type == place.type:
            last = sections[-1]
            sections[-1] = OpenSection(last.type, last.first, last.count + 1, last.points + place.points)
        else:
            sections.append(OpenSection(place.type, place.position, 1, place.points))
    return tuple(sections)
