"""`quizapp leaderboards prove` works everything out again from raw responses, and names the first thing that differs."""

import json

import pytest
from click.testing import Result as Called
from flask import Flask
from redis import Redis
from sqlalchemy import delete, select, update
from sqlalchemy.orm import make_transient

from quizapp.attempts.models import Attempt, Response, Result, Tally
from quizapp.attempts.queries import paper_of
from quizapp.banks.queries import version_content
from quizapp.competitions.models import Competition
from quizapp.extensions import db
from quizapp.leaderboards.board_keys import BoardKeys
from quizapp.leaderboards.models import Standing
from tests.cast import Cast, TinyBank
from tests.integration.leaderboards.answered import Answered

pytestmark = pytest.mark.slow


@pytest.fixture
def answered(app: Flask, cast: Cast, tiny_bank: TinyBank) -> Answered:
    return Answered(app, cast, tiny_bank)


def the_difference(called: Called, *parts: str) -> None:
    assert called.exit_code == 1, called.output
    for part in ("不一致", "DIFFERENT", *parts):
        assert part in called.output


@pytest.mark.parametrize("keep", ["best", "first", "last"])
def test_what_was_really_answered_is_proved(app: Flask, cast: Cast, tiny_bank: TinyBank, keep: str) -> None:
    answered = Answered(app, cast, tiny_bank, keep=keep, multiple_scoring="exact")
    called = answered.prove()
    assert called.exit_code == 0, called.output
    assert "4 people" in called.output
    answered.freeze()
    called = answered.prove("--json")
    assert json.loads(called.output) == {
        "competition": answered.id,
        "boards": "frozen",
        "agreed": True,
        "attempts": 8,
        "people": 4,
        "difference": None,
    }


def test_one_corrupted_score_is_found(answered: Answered) -> None:
    lin = answered.cast.lin.id
    answered.corrupt(Attempt, {"account_id": lin, "ordinal": 2}, score=9999)
    the_difference(answered.prove(), f"账号 {lin} 第 2 次答卷", f"attempt 2 of account {lin}", "score 9999")


@pytest.mark.once
@pytest.mark.parametrize("fault", ["changed", "missing", "added", "beyond the paper"])
def test_one_corrupted_response_is_found(answered: Answered, fault: str) -> None:
    """The fifth question was answered by nobody. What changes no score, `quizapp receipts check` finds."""
    bo = answered.cast.bo.id
    with answered.app.app_context():
        competition = db.session.get_one(Competition, answered.id)
        attempt = db.session.get_one(Attempt, (answered.id, bo, 1))
        places = paper_of(competition, attempt.seed).places
        questions = version_content(competition.bank_version_id).questions

        def key(position: int) -> int:
            place = places[position - 1]
            return sum(
                1 << shown for shown, each in enumerate(place.options) if questions[place.ordinal].right >> each & 1
            )

        points = attempt.points or []
        one = db.session.get_one(Response, (answered.id, bo, 1, 1))
        match fault:
            case "changed":
                one.chosen = 0 if points[0] else key(1)
            case "missing":  # which was right
                gained = places[0].points - points[0]
                attempt.points = [places[0].points, *points[1:]]
                attempt.score = (attempt.score or 0) + gained
                attempt.right_count = (attempt.right_count or 0) + (gained > 0)
                db.session.delete(one)
            case _:
                db.session.expunge(one)
                make_transient(one)
                one.position, one.chosen = (5, key(5)) if fault == "added" else (6, 1)
                db.session.add(one)
        db.session.commit()
    the_difference(answered.prove(), f"attempt 1 of account {bo}")


@pytest.mark.once
def test_responses_without_an_attempt_are_found(answered: Answered) -> None:
    chen = answered.cast.chen.id
    answered.corrupt(Response, {"account_id": chen, "ordinal": 1}, ordinal=9)
    with answered.app.app_context():  # an attempt that is worth nothing, as its responses are gone
        zero = {"score": 0, "right_count": 0, "points": [0] * 5}
        rows = update(Attempt).where(Attempt.account_id == chen, Attempt.ordinal == 1)
        db.session.execute(rows.values(**zero))
        db.session.commit()
    the_difference(answered.prove(), f"attempt 9 of account {chen}")


@pytest.mark.once
def test_a_counted_attempt_that_is_not_the_best_is_found(answered: Answered) -> None:
    lin = answered.cast.lin.id
    with answered.app.app_context():
        held = db.session.get_one(Result, (answered.id, lin)).ordinal
    answered.corrupt(Result, {"account_id": lin}, ordinal=3 - held)
    the_difference(answered.prove(), f"账号 {lin} 的有效成绩", f"ordinal {3 - held}", f"ordinal {held}")


@pytest.mark.once
def test_a_lost_result_is_found(answered: Answered) -> None:
    with answered.app.app_context():
        db.session.execute(delete(Result).where(Result.account_id == answered.cast.chen.id))
        db.session.commit()
    the_difference(answered.prove(), f"counted result of account {answered.cast.chen.id}", "nothing stands")


@pytest.mark.once
def test_a_time_used_that_is_longer_than_the_attempt_is_found(answered: Answered) -> None:
    answered.corrupt(Attempt, {"account_id": answered.cast.bo.id, "ordinal": 1}, used_ms=10**8)
    the_difference(answered.prove(), f"attempt 1 of account {answered.cast.bo.id}", "used 100000000 ms")


@pytest.mark.once
def test_one_corrupted_unit_sum_is_found(answered: Answered) -> None:
    unit = answered.cast.unit_a.id
    answered.corrupt(Tally, {"organization_id": unit}, score_sum=Tally.score_sum + 1)
    the_difference(answered.prove(), f"单位累计 {unit}", f"tally of unit {unit}")


@pytest.mark.once
def test_one_corrupted_board_entry_is_found(answered: Answered, store: Redis) -> None:
    key = BoardKeys(answered.id, 1).people
    (member,) = store.zrange(key, 0, 0)  # type: ignore[misc]
    store.zincrby(key, -1, member)  # it stays in the first place, however close the second one is
    the_difference(answered.prove(), "people, order at place 1", f"({int(member[11:], 16)}, ")


@pytest.mark.once
def test_two_people_who_changed_places_are_found(answered: Answered, store: Redis) -> None:
    key = BoardKeys(answered.id, 1).unit_people(answered.cast.unit_a.id)
    first, second = store.zrange(key, 0, 1, withscores=True)  # type: ignore[misc]
    store.zadd(key, {first[0]: second[1] + 1})  # one more than the second has, who may have as much as the first
    the_difference(answered.prove(), f"people of unit {answered.cast.unit_a.id}, place 1")


@pytest.mark.once
def test_a_stranger_on_a_board_is_found(answered: Answered, store: Redis) -> None:
    key = BoardKeys(answered.id, 1).unit_people(answered.cast.unit_b.id)
    store.zadd(key, {f"{1:011x}{999:012x}": 2**53})
    the_difference(answered.prove(), f"people of unit {answered.cast.unit_b.id}", "2 people", "1 people")


@pytest.mark.once
def test_one_corrupted_unit_figure_is_found(answered: Answered, store: Redis) -> None:
    key, field = BoardKeys(answered.id, 1).figures, f"units:{answered.cast.group.id}"
    figures = json.loads(store.hget(key, field) or "")  # type: ignore[arg-type]
    store.hset(key, field, json.dumps({**figures, "passed": figures["passed"] + 1}))
    the_difference(answered.prove(), f"unit {answered.cast.group.id}")


@pytest.mark.parametrize(
    ("board", "column"), [("people", "rank"), ("people", "figures"), ("units", "place"), ("units", "figures")]
)
def test_one_corrupted_frozen_row_is_found(answered: Answered, board: str, column: str) -> None:
    answered.freeze()
    with answered.app.app_context():
        last = select(Standing).where(Standing.competition_id == answered.id, Standing.board == board)
        row = db.session.scalars(last.order_by(Standing.place.desc())).first()
        assert row is not None
        place = row.place
        changed = "used_ms" if board == "people" else "passed"
        if column == "figures":
            row.figures = {**row.figures, changed: row.figures.get(changed, 0) + 1}
        else:
            setattr(row, column, getattr(row, column) + 1)
        db.session.commit()
    named = (
        "unit " if (board, column) == ("units", "figures") else f"frozen {board}, place {place + (column == 'place')}"
    )
    the_difference(answered.prove(), named)


@pytest.mark.once
def test_the_json_names_the_difference(answered: Answered) -> None:
    lin = answered.cast.lin.id
    answered.corrupt(Attempt, {"account_id": lin, "ordinal": 1}, right_count=5, score=10_000, points=[2000] * 5)
    called = answered.prove("--json")
    assert called.exit_code == 1
    verdict = json.loads(called.output)
    assert verdict["agreed"] is False
    assert verdict["difference"]["where"] == f"attempt 1 of account {lin}"
    assert verdict["difference"]["stands"].startswith("score 10000, 5 right")


@pytest.mark.once
def test_an_unknown_competition_can_not_be_proved(app: Flask) -> None:
    called = app.test_cli_runner().invoke(args=["leaderboards", "prove", "999"])
    assert called.exit_code == 2
    assert "没有编号为 999" in called.output


@pytest.mark.once
def test_a_rebuilt_board_is_proved_again(answered: Answered, store: Redis) -> None:
    store.zremrangebyrank(BoardKeys(answered.id, 1).people, 0, 0)
    assert answered.prove().exit_code == 1
    rebuild = answered.app.test_cli_runner().invoke(args=["leaderboards", "rebuild", str(answered.id)])
    assert rebuild.exit_code == 0
    assert answered.prove().exit_code == 0
