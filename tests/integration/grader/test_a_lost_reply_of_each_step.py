"""The store has done a step, and nobody hears: the first reply to each kind of command is lost, and the step is asked again."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from quizapp.grader.engine import Ending, HeldAnswer, RecordedAttempt
from quizapp.grader.outcomes import Outcome
from quizapp.grader.scripts import FOLDER, script
from tests.fault.line import Line
from tests.integration.grader.room import COMPETITION, HOUR_MS, LIN, PAPER, SHARDS, Room

pytestmark = pytest.mark.once

STEPS = {file.stem for file in FOLDER.glob("*.lua")}
LATE, LOST = LIN + SHARDS, LIN + 2 * SHARDS  # of Lin's shard: one whose time runs out, one whom the store has lost


@pytest.fixture
def line(store: Redis, store_url: str) -> Iterator[Line]:
    for step in STEPS:  # else what is lost is that the store has no such script yet
        store.script_load(script(step).text)
    with tempfile.TemporaryDirectory(prefix="quizline") as folder:
        line = Line(Path(folder) / "line.sock", Path(store_url.removeprefix("unix://").partition("?")[0]))
        yield line
        line.end()


def test_each_step_is_done_once_though_its_first_reply_is_lost(line: Line) -> None:
    line.lose_one_reply_of_each()
    room = Room(f"unix://{line.path}")
    start, epoch = room.start(), room.open().epoch
    assert (start.code, start.ordinal) == (Outcome.ALREADY_OPEN, 1)
    assert room.answer(1, 1, 1, epoch=epoch).outcome is Outcome.SAVED
    assert room.grader.set_extra(COMPETITION, SHARDS, LIN, 1000) is Outcome.OK
    ending = room.submit(epoch=epoch).ending
    assert ending is not None
    assert (ending.score, ending.ended_by) == (400, "person")
    room.begin(LATE)
    room.grader.set_extra(COMPETITION, SHARDS, LATE, -HOUR_MS)
    room.grader.expire(COMPETITION, LIN % SHARDS)
    # What SQL remembers of an attempt: first that it is open, then that it has ended.
    now = room.grader.now_ms()
    answers = {1: HeldAnswer(1, 2, 5, now, None)}
    known = RecordedAttempt(1, 5, "seed", now, 0, 0, PAPER, answers)
    room.grader.restore(COMPETITION, SHARDS, LOST, starts_ms=[now], open_attempt=known)
    assert room.held(LOST).answers.keys() == {1}
    room.grader.end_as_recorded(COMPETITION, SHARDS, LOST, 1, Ending(now, 1, "person", 400, 1, (400, 0, 0)), answers)
    room.grader.fence(COMPETITION, SHARDS)
    assert room.start(LIN + 3 * SHARDS).code is Outcome.FENCED
    room.grader.fence(COMPETITION, SHARDS, fenced=False)
    line.lose_nothing()
    assert line.lost >= STEPS
    told = [(type(record).__name__, record.account) for record in room.told()]
    both = ["Started", "ExtraTimeSet", "Finished"]
    assert sorted(told) == sorted([("Answered", LIN), *((each, who) for each in both for who in (LIN, LATE))])
    assert (room.grader.open_attempts(COMPETITION, SHARDS), room.held(LOST).ending is not None) == (0, True)
    room.close()
