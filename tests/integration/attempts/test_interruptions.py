"""What an outage took is given back: to each attempt its own part, once, whoever declares it how often."""

import asyncio
import queue
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import func, select, update

from quizapp.accounts.models import AuditEntry
from quizapp.attempts.actions import open_attempt, start_attempt
from quizapp.attempts.heartbeat import GAP_MS, LAST_WEB_BEAT, Beat, gaps, tell, tell_web
from quizapp.attempts.interruptions import detected_spans
from quizapp.attempts.models import Attempt
from quizapp.attempts.queries import attempt_or_404, may_review
from quizapp.attempts.recorder import Recorder
from quizapp.attempts.restoring import restore_person
from quizapp.clock import from_ms, to_ms, utc_now
from quizapp.competitions.actions import pause_competition, resume_competition
from quizapp.competitions.interruptions import declare_interruption, spans_given_back
from quizapp.competitions.models import Competition, Interruption, Pause
from quizapp.competitions.priming import prime, prime_if_reachable
from quizapp.competitions.queries import competition_for_change, competition_or_404
from quizapp.errors import Invalid, Refused
from quizapp.extensions import db, grader
from quizapp.grader.engine import AnswerCall, AttemptState
from quizapp.grader.keys import keys_for
from quizapp.grader.outcomes import Outcome
from tests.cast import Cast, OpenCompetition, Person
from tests.conftest import SignIn
from tests.integration.attempts.transports import DoorTransport

MINUTE = 60_000


@pytest.fixture
def qin(client: FlaskClient, sign_in: SignIn, cast: Cast) -> FlaskClient:
    return sign_in(client, cast.qin)


def attempt(competition: OpenCompetition, person: Person) -> AttemptState:
    with competition.app.app_context():
        found = grader.read(competition.id, 1, person.id).attempt
    assert found is not None
    return found


def start(competition: OpenCompetition, person: Person, *, ago_ms: int) -> int:
    """An attempt that began some time ago, recorded; returns when."""
    with competition.app.app_context():
        held = competition_or_404(competition.id)
        start_attempt(held, person.account, now=utc_now())
        open_attempt(held, person.account)
    record(competition.app)
    with competition.app.app_context():
        keys = keys_for(competition.id, 1, person.id)
        started_ms = attempt(competition, person).started_ms - ago_ms
        grader.store.hset(keys.attempt(person.id, 1), "started_ms", str(started_ms))
        grader.store.zadd(keys.open, {f"{person.id}:1": started_ms})
        of_person = update(Attempt).where(Attempt.account_id == person.id)
        db.session.execute(of_person.values(started_ms=started_ms))
        db.session.commit()
    return started_ms


def record(app: Flask) -> None:
    recorder = Recorder(app, "interruptions")
    recorder.look_around()
    while recorder.take():
        pass
    recorder.close()


def declare(competition: OpenCompetition, begun_ms: int, over_ms: int, now_ms: int = 0) -> None:
    with competition.app.app_context():
        held = competition_for_change(competition.id)
        now = from_ms(now_ms) if now_ms else utc_now()
        declare_interruption(held, (begun_ms, over_ms), reason="机房断电", actor=None, now=now)
        db.session.commit()
        assert prime_if_reachable(held)


def local(competition: OpenCompetition, ms: int) -> str:
    return f"{from_ms(ms).astimezone(ZoneInfo(competition.competition.timezone)):%Y-%m-%dT%H:%M:%S}"


def page(competition: OpenCompetition) -> str:
    return f"/admin/competitions/{competition.id}/interruptions"


def test_first_it_shows_whom_it_touches_then_it_gives_back(
    qin: FlaskClient, cast: Cast, competition: OpenCompetition
) -> None:
    started_ms = start(competition, cast.lin, ago_ms=10 * MINUTE)
    start(competition, cast.bo, ago_ms=0)
    begun_ms = (started_ms // 1000 + 60) * 1000
    form = {
        "begun_at": local(competition, begun_ms),
        "over_at": local(competition, begun_ms + 90_000),
        "reason": "断网",
    }
    assert qin.get(page(competition)).status_code == 200
    asked = qin.post(page(competition), data=form)
    assert asked.status_code == 200
    assert "约 1 份答卷" in asked.text
    assert attempt(competition, cast.lin).deadline_ms == started_ms + 30 * MINUTE
    before = attempt(competition, cast.bo).deadline_ms
    assert qin.post(page(competition), data={**form, "confirmed": "yes"}).status_code == 303
    assert attempt(competition, cast.lin).deadline_ms == started_ms + 30 * MINUTE + 90_000
    assert attempt(competition, cast.bo).deadline_ms == before  # began after it was over
    with competition.app.app_context():
        facts = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "interruption_declared")).one().facts
    assert facts == {
        "begun_ms": begun_ms, "over_ms": begun_ms + 90_000, "reason": "断网", "running": 1, "ended": 0,
    }  # fmt: skip
    again = qin.post(page(competition), data={**form, "confirmed": "yes"})
    assert again.status_code == 422
    assert "不会再补一次" in again.text
    assert attempt(competition, cast.lin).deadline_ms == started_ms + 30 * MINUTE + 90_000


def test_overlapping_declarations_give_each_moment_once(cast: Cast, competition: OpenCompetition) -> None:
    started_ms = start(competition, cast.lin, ago_ms=20 * MINUTE)
    declare(competition, started_ms + 1001, started_ms + 61_003)
    declare(competition, started_ms + 30_000, started_ms + 90_007)
    declare(competition, started_ms - 500, started_ms + 7)
    assert attempt(competition, cast.lin).deadline_ms == started_ms + 30 * MINUTE + (90_007 - 1001) + 7


def test_an_attempt_that_began_in_the_middle_gets_the_rest(cast: Cast, competition: OpenCompetition) -> None:
    started_ms = start(competition, cast.lin, ago_ms=5 * MINUTE)
    declare(competition, started_ms - 3 * MINUTE, started_ms + 123_456)
    assert attempt(competition, cast.lin).deadline_ms == started_ms + 30 * MINUTE + 123_456


def test_two_operators_at_once_give_it_once(
    app: Flask, sign_in: SignIn, cast: Cast, competition: OpenCompetition
) -> None:
    started_ms = start(competition, cast.lin, ago_ms=10 * MINUTE)
    begun_ms = (started_ms // 1000 + 60) * 1000
    form = {
        "begun_at": local(competition, begun_ms),
        "over_at": local(competition, begun_ms + 60_000),
        "reason": "断网",
        "confirmed": "yes",
    }
    clients = [sign_in(app.test_client(), who) for who in (cast.qin, cast.ada)]
    with ThreadPoolExecutor(2) as pool:
        codes = sorted(pool.map(lambda each: each.post(page(competition), data=form).status_code, clients))
    assert codes == [303, 422]
    assert attempt(competition, cast.lin).deadline_ms == started_ms + 30 * MINUTE + 60_000
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Interruption)) == 1


def test_a_store_that_comes_back_empty_has_the_same_deadline(
    cast: Cast, competition: OpenCompetition, store: Redis
) -> None:
    started_ms = start(competition, cast.lin, ago_ms=10 * MINUTE)
    declare(competition, started_ms + 1000, started_ms + 61_001)
    before = attempt(competition, cast.lin).deadline_ms
    store.flushall()
    with competition.app.app_context():
        held = competition_or_404(competition.id)
        prime(held)
        restore_person(held, cast.lin.id)
    assert attempt(competition, cast.lin).deadline_ms == before == started_ms + 30 * MINUTE + 60_001


def test_a_pause_is_not_given_back_a_second_time(cast: Cast, competition: OpenCompetition) -> None:
    started_ms = start(competition, cast.lin, ago_ms=20 * MINUTE)
    with competition.app.app_context():
        held = competition_for_change(competition.id)
        moments = [from_ms(started_ms + minutes * MINUTE) for minutes in (5, 9)]
        pause_competition(held, reason="断网", actor=cast.qin.account, now=moments[0])
        resume_competition(held, extend=False, actor=cast.qin.account, now=moments[1])
        db.session.commit()
        assert db.session.scalars(select(Pause)).one().over_ms == started_ms + 9 * MINUTE
        prime(held)
    declare(competition, started_ms + 4 * MINUTE, started_ms + 10 * MINUTE)
    assert attempt(competition, cast.lin).deadline_ms == started_ms + 36 * MINUTE


def test_a_pause_that_lasts_gives_back_the_rest_itself(cast: Cast, competition: OpenCompetition) -> None:
    started_ms = start(competition, cast.lin, ago_ms=20 * MINUTE)
    with competition.app.app_context():
        held = competition_for_change(competition.id)
        pause_competition(held, reason="断网", actor=cast.qin.account, now=from_ms(started_ms + 5 * MINUTE))
        db.session.commit()
        declare_interruption(
            held, (started_ms + 3 * MINUTE, started_ms + 8 * MINUTE), reason="断网", actor=None, now=utc_now()
        )
        assert spans_given_back(held) == ((started_ms + 3 * MINUTE, started_ms + 5 * MINUTE),)


def test_answers_are_taken_until_the_extended_deadline_beyond_the_close(
    cast: Cast, competition: OpenCompetition
) -> None:
    started_ms = start(competition, cast.lin, ago_ms=20 * MINUTE)
    with competition.app.app_context():
        now = utc_now()
        held = competition_for_change(competition.id)
        held.closes_at = now - timedelta(minutes=1)
        db.session.commit()
    declare(competition, to_ms(now) - 10 * MINUTE, to_ms(now) - 5 * MINUTE, to_ms(now))
    assert attempt(competition, cast.lin).deadline_ms == to_ms(now) + 4 * MINUTE
    with competition.app.app_context():
        reply = grader.answer(competition.id, 0, [AnswerCall(cast.lin.id, 1, 1, [(1, 1, 1)])])[0]
        assert reply.outcomes[0].outcome is Outcome.SAVED
        grader.submit(competition.id, 0, cast.lin.id, 1, 1)
        held = competition_or_404(competition.id)
        view = attempt_or_404(held, cast.lin.id, 1)
        assert view.ending is not None
        assert view.ending.used_ms == view.ending.submitted_ms - started_ms - 5 * MINUTE
        # Somebody may still be answering: what was right stays hidden until nobody can be.
        end = held.closes_at + timedelta(milliseconds=held.grace_ms + 5 * MINUTE)
        assert not may_review(held, view, end)
        assert may_review(held, view, end + timedelta(milliseconds=1))


def test_the_result_says_what_was_not_counted(
    app: Flask, sign_in: SignIn, cast: Cast, competition: OpenCompetition
) -> None:
    started_ms = start(competition, cast.lin, ago_ms=20 * MINUTE)
    declare(competition, started_ms + MINUTE, started_ms + 3 * MINUTE)
    with app.app_context():
        grader.submit(competition.id, 0, cast.lin.id, 1, 1)
    text = sign_in(app.test_client(), cast.lin).get(f"/competitions/{competition.id}/result").text
    assert "因中断或暂停补回，不计入用时" in text


def test_what_can_not_be_is_refused(cast: Cast, competition: OpenCompetition) -> None:
    now_ms = to_ms(utc_now())
    for span in ((now_ms - 1000, now_ms + 60_000), (now_ms - 1000, now_ms - 1000), (now_ms - 86_400_000, now_ms)):
        with pytest.raises(Invalid, match="interruption_times"):
            declare(competition, *span)
    with competition.app.app_context():
        db.session.execute(update(Competition).values(frozen_at=utc_now()))
        db.session.commit()
    with pytest.raises(Refused, match="interruption_not_running"):
        declare(competition, now_ms - 1000, now_ms)


def test_a_silence_of_the_recorders_is_detected_and_given_back_by_one_click(
    app: Flask, qin: FlaskClient, cast: Cast, competition: OpenCompetition
) -> None:
    started_ms = start(competition, cast.lin, ago_ms=10 * MINUTE)
    silent_ms = started_ms + MINUTE
    with app.app_context():
        for at_ms in (silent_ms, silent_ms + GAP_MS, silent_ms + 3 * GAP_MS + 5):
            tell(grader.store, Beat("one", at_ms, 0, ()), 0, None)
        assert gaps(grader.store) == [(silent_ms + GAP_MS, silent_ms + 3 * GAP_MS + 5)]
    span = f"{silent_ms + GAP_MS}-{silent_ms + 3 * GAP_MS + 5}"
    assert span in qin.get(page(competition)).text
    assert qin.post(f"{page(competition)}/detected", data={"span": "1-2"}).status_code == 303
    assert attempt(competition, cast.lin).deadline_ms == started_ms + 30 * MINUTE
    declare(competition, silent_ms, silent_ms + 2 * GAP_MS)  # somebody was faster, and saw more of it and less
    assert attempt(competition, cast.lin).deadline_ms == started_ms + 30 * MINUTE + 2 * GAP_MS
    for _ in range(2):
        assert qin.post(f"{page(competition)}/detected", data={"span": span}).status_code == 303
        assert attempt(competition, cast.lin).deadline_ms == started_ms + 30 * MINUTE + 3 * GAP_MS + 5
    text = qin.get(page(competition)).text
    assert span not in text
    assert "检测到系统沉默" in text


def test_a_clock_that_is_put_right_is_no_silence_of_who_spoke_a_moment_ago(competition: OpenCompetition) -> None:
    now_ms = grader.now_ms()
    for at_ms in (now_ms, now_ms - 3_600_000, now_ms + 1000):
        tell(grader.store, Beat("one", at_ms, 0, ()), 0, None, silent_s=1.0)
        tell_web(grader.store, at_ms, silent_s=1.0)
    assert gaps(grader.store) == []
    tell(grader.store, Beat("one", now_ms + 1001 + GAP_MS, 0, ()), 0, None, silent_s=60.0)
    assert gaps(grader.store) == [(now_ms + 1000, now_ms + 1001 + GAP_MS)]


def test_silences_of_the_web_and_of_the_recorders_that_overlap_are_one(
    app: Flask, cast: Cast, competition: OpenCompetition
) -> None:
    """A web that is away alone takes time too; a machine that is away is not proposed twice."""
    begun_ms = start(competition, cast.lin, ago_ms=10 * MINUTE)
    with app.app_context():
        for at_ms in (begun_ms, begun_ms + GAP_MS, begun_ms + 3 * GAP_MS):
            tell_web(grader.store, at_ms)
        alone = (begun_ms + GAP_MS, begun_ms + 3 * GAP_MS)
        assert detected_spans(competition.competition) == [alone]
        for at_ms in (begun_ms + 2 * GAP_MS, begun_ms + 5 * GAP_MS):
            tell(grader.store, Beat("one", at_ms, 0, ()), 0, None)
        assert gaps(grader.store) == [(begun_ms + 2 * GAP_MS, begun_ms + 5 * GAP_MS), alone]
        assert detected_spans(competition.competition) == [(begun_ms + GAP_MS, begun_ms + 5 * GAP_MS)]


def test_a_web_process_says_that_it_is_there_until_it_ends(app: Flask, store: Redis, door: DoorTransport) -> None:
    events: queue.Queue[str] = queue.Queue()

    async def receive() -> dict[str, str]:
        return {"type": await asyncio.to_thread(events.get)}

    async def send(_message: object) -> None:
        pass

    living = asyncio.run_coroutine_threadsafe(door.door({"type": "lifespan"}, receive, send), door.loop)
    events.put("lifespan.startup")
    try:
        for _ in range(2):
            deadline = time.monotonic() + 60
            while not store.getdel(LAST_WEB_BEAT):
                assert time.monotonic() < deadline, "no sign of life"
                time.sleep(0.02)
    finally:
        events.put("lifespan.shutdown")
        living.result(60)


def test_the_command_line_gives_back_to_the_millisecond(app: Flask, cast: Cast, competition: OpenCompetition) -> None:
    started_ms = start(competition, cast.lin, ago_ms=10 * MINUTE)
    zone = ZoneInfo(competition.competition.timezone)

    def call(*arguments: Any) -> Any:
        return app.test_cli_runner().invoke(args=["interruptions", *map(str, arguments)])

    moments = [f"{from_ms(started_ms + each).astimezone(zone):%Y-%m-%dT%H:%M:%S.%f}" for each in (1001, 5004)]
    arguments = ["declare", competition.id, *moments, "--reason", "断网", "--yes"]
    done = call(*arguments)
    assert done.exit_code == 0, done.output
    assert attempt(competition, cast.lin).deadline_ms == started_ms + 30 * MINUTE + 4003
    again = call(*arguments)
    assert again.exit_code == 2
    assert "不会再补一次" in again.output
    assert "4003 ms" in call("list", competition.id).output
    assert call("list", 999).exit_code == 2
