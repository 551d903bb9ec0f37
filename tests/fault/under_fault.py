"""What happens to people who answer while a fault is done to a running installation."""

import re
import time
from collections.abc import Callable, Collection

from sqlalchemy import distinct, func, select

from quizapp.attempts.lag import recorder_lag
from quizapp.attempts.models import Attempt, Response, Result, Tally
from quizapp.attempts.queries import paper_of
from quizapp.attempts.rules import recompute
from quizapp.banks.queries import version_content
from quizapp.competitions.models import Competition
from quizapp.extensions import db
from tests.fault.people import Crowd, Story
from tests.fault.table import Row, Table
from tests.load.installation import Installation, redis_of
from tests.load.participants import PATIENCE_S, Participant

PEOPLE = 600
LEAST_IN_FLIGHT = 500

Held = dict[tuple[int, int], tuple[int, int]]
"""By account and position, the sequence and choice."""


def under_fault(running: Installation, fault: str, hurt: Callable[[], None], faults: Table, skip: int) -> None:
    """People answer without a pause, the fault happens again and again, everybody submits; then all is compared."""
    participants = running.open_attempts(PEOPLE, skip=skip)
    crowd = Crowd(running.port, participants, faults.seed)
    try:
        recovery_s = []
        wait_for(crowd, PEOPLE)
        for _ in range(faults.rounds):
            wait_until_busy(crowd)
            hurt()
            recovery_s.append(wait_for(crowd, PEOPLE))
        story = crowd.finish()
    finally:
        crowd.end()
    running.wait_until_drained()
    row = compare(running, {who.account for who in participants}, story)
    faults.add(fault, row, story, max(recovery_s))
    assert story.unexpected == [], story.unexpected[:5]
    assert len(story.scores) == PEOPLE
    assert row == Row(lost=0, doubled=0, mis_scored=0, late=0)
    with running.app.app_context():
        assert recorder_lag().is_clear
    told = secrets_in(logs(running), running, participants)
    assert not told, f"{len(told)} secrets in the logs, such as {min(told)}"


def logs(running: Installation) -> str:
    """All that its processes have said so far, each host's too."""
    names = ("log", "*.log", "*.log.1")
    files = [file for name in names for file in running.folder.rglob(name) if file.is_file()]
    assert files, "nothing was logged"
    return "\n".join(file.read_text(errors="replace") for file in files)


def secrets_in(said: str, running: Installation, people: Collection[Participant]) -> set[str]:
    """What must stand in no log: tickets, the key that signs them, answers as a page sends them and as the stream has them."""
    long = " ".join(re.findall(r"[\w-]{40,}", said))
    found = {secret for secret in (running.settings.secret_key, *(who.ticket for who in people)) if secret in long}
    return found | set(re.findall(r'"chosen"|(?:\d+\|){4,}', said))


def wait_for(crowd: Crowd, more: int) -> float:
    """Wait until so many more answers have been acknowledged; returns the seconds that it took."""
    begun = time.monotonic()
    target = crowd.acknowledged() + more
    while crowd.acknowledged() < target:
        assert time.monotonic() < begun + PATIENCE_S, "the program does not recover"
        time.sleep(0.02)
    return time.monotonic() - begun


def wait_until_busy(crowd: Crowd) -> None:
    """Wait until enough answers are on their way (after a fault some people still pause)."""
    begun = time.monotonic()
    while crowd.in_flight() < LEAST_IN_FLIGHT:
        assert time.monotonic() < begun + PATIENCE_S, "void: too few answers were on their way"
        time.sleep(0.01)


def recorded(running: Installation) -> Held:
    """What is in SQL."""
    with running.app.app_context():
        rows = db.session.scalars(select(Response)).all()
        return {(row.account_id, row.position): (row.sequence, row.chosen) for row in rows}


def wait_until_compared(running: Installation) -> None:
    """Wait until the recorder has given an empty store back what SQL has."""
    store = redis_of(running)
    deadline = time.monotonic() + PATIENCE_S
    while not store.exists(f"{{q{running.competition}.0}}:compared"):
        assert time.monotonic() < deadline, "the recorder does not restore the store"
        time.sleep(0.05)
    store.close()


def not_kept(acknowledged: Held, held: Held) -> set[tuple[int, int]]:
    """Account and position of what was acknowledged and is not recorded, neither as it was nor overtaken by a later answer."""
    return {place for place, (sequence, _) in acknowledged.items() if held.get(place, (0, 0))[0] < sequence}


def all_go_on(running: Installation, people: int, seed: int) -> tuple[Held, Story, Row]:
    """Everybody opens the attempt anew, answers and submits; what is recorded then is compared with that and with what was
    recorded before, which is returned first."""
    participants = running.open_attempts(people)
    running.wait_until_drained()  # an answer that was still on its way no longer counts, for the attempt was opened anew
    held = recorded(running)
    crowd = Crowd(running.port, participants, seed)
    try:
        wait_for(crowd, people)
        story = crowd.finish()
    finally:
        crowd.end()
    running.wait_until_drained()
    story.last = {**held, **story.last}
    return held, story, compare(running, {who.account for who in participants}, story)


def compare(running: Installation, accounts: set[int], story: Story) -> Row:
    """Answers whose last acknowledged choice is not the recorded one; rows that nobody sent or that are there twice; wrong
    scores; answers that were given after the attempt had ended."""
    with running.app.app_context():
        competition = db.session.get_one(Competition, running.competition)
        content = version_content(competition.bank_version_id)
        responses = db.session.scalars(select(Response).where(Response.account_id.in_(accounts))).all()
        recorded = {(row.account_id, row.position): (row.sequence, row.chosen) for row in responses}
        attempts = db.session.scalars(select(Attempt).where(Attempt.account_id.in_(accounts))).all()
        ended_ms = {attempt.account_id: attempt.submitted_ms or 0 for attempt in attempts}
        chosen: dict[int, dict[int, int]] = {attempt.account_id: {} for attempt in attempts}
        for row in responses:
            chosen[row.account_id][row.position] = row.chosen
        mis_scored = 0
        for attempt in attempts:
            paper = paper_of(competition, attempt.seed)
            grade = recompute(paper, content, chosen[attempt.account_id], partial=False)
            right = (grade.score, list(grade.points)) == (attempt.score, attempt.points)
            mis_scored += not (right and story.scores.get(attempt.account_id) == attempt.score)
        sums = db.session.execute(
            select(func.sum(Tally.started), func.sum(Tally.participants), func.sum(Tally.score_sum))
        ).one()
        people = db.session.scalar(select(func.count(distinct(Attempt.account_id))))
        plain = (people, *db.session.execute(select(func.count(), func.sum(Result.score)).select_from(Result)).one())
        assert tuple(sums) == tuple(plain), (
            "started, participants and score in the tallies, and as the results have them"
        )
    return Row(
        lost=sum(recorded.get(place) != held for place, held in story.last.items()),
        doubled=len(recorded.keys() - story.last.keys()) + len(attempts) - len(accounts),
        mis_scored=mis_scored,
        late=sum(row.answered_ms > ended_ms[row.account_id] for row in responses),
    )
