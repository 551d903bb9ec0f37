"""FLUSHALL while people answer: the embedded store refuses it; done all the same, it costs what was not recorded yet and
nothing else, N of it is told, and everybody goes on."""

import time

import pytest
from redis.exceptions import NoPermissionError

from tests.fault.people import Crowd
from tests.fault.table import Row, Table
from tests.fault.under_fault import all_go_on, not_kept, recorded, wait_for, wait_until_busy, wait_until_compared
from tests.load.installation import installation, redis_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0)]

PEOPLE = 600


def test_what_was_recorded_survives_a_flush_and_nothing_else_is_lost(faults: Table) -> None:
    with installation(PEOPLE) as running, redis_of(running) as store:
        crowd = Crowd(running.port, running.open_attempts(PEOPLE), faults.seed)
        try:
            wait_for(crowd, PEOPLE)
            wait_until_busy(crowd)
            with pytest.raises(NoPermissionError):
                store.flushall()
            wait_for(crowd, PEOPLE)
            store.execute_command("ACL", "SETUSER", "default", "+flushall")
            before = recorded(running)
            store.flushall()
            begun = time.monotonic()
            wait_until_compared(running)
            recovery_s = time.monotonic() - begun
            acknowledged, count = crowd.last(), crowd.acknowledged()
        finally:
            crowd.end()
        held, story, row = all_go_on(running, PEOPLE, faults.seed + 1)
        lost = not_kept(acknowledged, held)
        assert not_kept(before, held) == set()
        story.acknowledged += count
        told = Row(len(lost) + row.lost, row.doubled, row.mis_scored, row.late)
        faults.add("the store flushed (FLUSHALL)", told, story, recovery_s)
        assert (story.unexpected, len(story.scores)) == ([], PEOPLE)
        assert row == Row(lost=0, doubled=0, mis_scored=0, late=0)
