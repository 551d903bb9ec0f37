"""kill −9 and SIGSTOP of the program's processes while hundreds of answers are on their way: no acknowledged one is lost.

Real processes: `quizapp up` with its embedded store, over HTTP. The seed is printed; a run without enough in flight is void.
"""

import os
import random
import signal
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import distinct, func, select

from quizapp.attempts.lag import recorder_lag
from quizapp.attempts.models import Attempt, Response, Result, Tally
from quizapp.attempts.queries import paper_of
from quizapp.attempts.rules import recompute
from quizapp.banks.queries import version_content
from quizapp.competitions.models import Competition
from quizapp.extensions import db
from tests.fault.people import Crowd, Story
from tests.load.installation import Installation, installation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PEOPLE = 600
LEAST_IN_FLIGHT = 500
FAULTS = ["a web worker", "the web master", "the recorder", "the recorder, stopped for 3 s", "the store"]


@pytest.fixture(scope="module")
def running() -> Iterator[Installation]:
    with installation(PEOPLE * len(FAULTS), questions=10) as running:
        yield running


def process(running: Installation, name: str, number: int = 0) -> int:
    """The id of a process by what it is; one that was killed before is waited for until it has been started again."""
    deadline = time.monotonic() + 60
    while len(found := running.processes()[name]) <= number:
        assert time.monotonic() < deadline, f"{name} is not started again"
        time.sleep(0.05)
    return found[number]


def hurt(running: Installation, fault: str) -> None:
    """Do to the processes what the fault's name says."""
    match fault:
        case "a web worker":
            os.kill(process(running, "web", 1), signal.SIGKILL)
        case "the web master":
            os.kill(process(running, "web"), signal.SIGKILL)
        case "the recorder":
            os.kill(process(running, "recorder"), signal.SIGKILL)
        case "the recorder, stopped for 3 s":
            stopped = process(running, "recorder")
            os.kill(stopped, signal.SIGSTOP)
            time.sleep(3)
            os.kill(stopped, signal.SIGCONT)
        case "the store":
            os.kill(process(running, "store"), signal.SIGKILL)
        case _:
            raise AssertionError(fault)


def wait_for(crowd: Crowd, more: int) -> float:
    """Wait until so many more answers have been acknowledged; returns the seconds that it took."""
    begun = time.monotonic()
    target = crowd.acknowledged() + more
    while crowd.acknowledged() < target:
        assert time.monotonic() < begun + 60, "the program does not recover"
        time.sleep(0.02)
    return time.monotonic() - begun


def wait_until_busy(crowd: Crowd) -> int:
    """Wait until enough answers are on their way (after a fault some people still pause); returns how many."""
    begun = time.monotonic()
    while (now := crowd.in_flight()) < LEAST_IN_FLIGHT:
        assert time.monotonic() < begun + 60, "void: too few answers were on their way"
        time.sleep(0.01)
    return now


@pytest.mark.parametrize("fault", FAULTS)
def test_no_acknowledged_answer_is_lost_and_none_is_doubled(running: Installation, fault: str) -> None:
    seed = random.SystemRandom().randrange(10**6)
    participants = running.open_attempts(PEOPLE, skip=PEOPLE * FAULTS.index(fault))
    crowd = Crowd(running.port, participants, seed)
    try:
        in_flight, recovery_s = [], []
        wait_for(crowd, PEOPLE)
        for _ in range(2):
            in_flight.append(wait_until_busy(crowd))
            hurt(running, fault)
            recovery_s.append(wait_for(crowd, PEOPLE))
        story = crowd.finish()
    finally:
        crowd.end()
    running.wait_until_drained()
    lost, doubled, mis_scored = compare(running, {who.account for who in participants}, story)
    print(
        f"\n{fault}, seed {seed}, {min(in_flight)} in flight at least, {story.acknowledged} acknowledged, {lost} lost,"
        f" {doubled} doubled, {mis_scored} mis-scored, {story.resent} sent again,"
        f" unavailable {story.unavailable_s:.1f} s, recovery {max(recovery_s):.1f} s"
    )
    assert story.unexpected == []
    assert len(story.scores) == PEOPLE
    assert (lost, doubled, mis_scored) == (0, 0, 0)
    with running.app.app_context():
        assert recorder_lag().is_clear


def compare(running: Installation, accounts: set[int], story: Story) -> tuple[int, int, int]:
    """Answers whose last acknowledged choice is not the recorded one; attempts, results and sums counted twice; wrong scores."""
    with running.app.app_context():
        competition = db.session.get_one(Competition, running.competition)
        content = version_content(competition.bank_version_id)
        recorded = {
            (row.account_id, row.position): (row.sequence, row.chosen)
            for row in db.session.scalars(select(Response).where(Response.account_id.in_(accounts)))
        }
        lost = sum(recorded.get(place) != held for place, held in story.last.items())
        invented = len(recorded.keys() - story.last.keys())
        attempts = db.session.scalars(select(Attempt).where(Attempt.account_id.in_(accounts))).all()
        mis_scored = 0
        for attempt in attempts:
            chosen = {
                position: held[1] for (account, position), held in recorded.items() if account == attempt.account_id
            }
            grade = recompute(paper_of(competition, attempt.seed), content, chosen, partial=False)
            right = (grade.score, list(grade.points)) == (attempt.score, attempt.points)
            mis_scored += not (right and story.scores.get(attempt.account_id) == attempt.score)
        sums = db.session.execute(
            select(func.sum(Tally.started), func.sum(Tally.participants), func.sum(Tally.score_sum))
        ).one()
        people = db.session.scalar(select(func.count(distinct(Attempt.account_id))))
        plain = (people, *db.session.execute(select(func.count(), func.sum(Result.score)).select_from(Result)).one())
        doubled = invented + len(attempts) - len(accounts)
        assert tuple(sums) == tuple(plain), (
            "started, participants and score in the tallies, and as the results have them"
        )
    return lost, doubled, mis_scored
