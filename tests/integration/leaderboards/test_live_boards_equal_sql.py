"""Board = SQL, after every pass, whatever changed meanwhile and whoever refreshes."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import event, update

from quizapp.extensions import db, grader
from quizapp.leaderboards import board_keys, sources
from quizapp.leaderboards.live import LiveBoard
from quizapp.leaderboards.refresh import CHECK_MS, LATE_COMMIT_MS, TREE_MS, Refresher, drop_boards
from quizapp.organizations.models import Organization
from tests.cast import BORN, Cast, Person, Unit, add_unit
from tests.integration.leaderboards.stage import NOW_MS, Stage

pytestmark = pytest.mark.slow


def refresher() -> Refresher:
    return Refresher(grader.store)


@pytest.fixture
def forest(app: Flask, cast: Cast) -> list[Unit]:
    """The cast's units, a level below unit A, and a firm of its own."""
    units = [cast.group, cast.unit_a, cast.unit_b]
    units.append(add_unit(app, "A1", "甲厂一车间", parent=cast.unit_a, headcount=4))
    units.append(add_unit(app, "A2", "甲厂二车间", parent=cast.unit_a, region="320000"))
    units.append(add_unit(app, "F", "独立公司", industry="J"))
    return units


@pytest.fixture
def crowd(stage: Stage) -> list[Person]:
    return stage.add_people("p", "赵", 40)


@pytest.mark.parametrize("tie_keys", ["score", "score,time", "score,time,earlier"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_boards_equal_sql_after_every_pass(
    stage: Stage, forest: list[Unit], crowd: list[Person], tie_keys: str, seed: int
) -> None:
    stage.set(tie_keys=tie_keys)
    draw = random.Random(f"{seed} {tie_keys}")
    lasting = refresher()
    for _ in range(4):
        results = []
        for person in draw.sample(crowd, 14):
            unit = draw.choice([*forest, None])
            # Few values, so that ties of every kind occur.
            score, used_ms, submitted_ms = draw.choice([0, 4000, 6000, 10_000]), draw.randrange(3), draw.randrange(3)
            results.append((person.id, unit.id if unit else None, score, used_ms, NOW_MS + submitted_ms))
        stage.set_results(results)
        stage.refresh(draw.choice([lasting, None]))
        assert stage.differences() == []


def test_a_pass_that_sees_rows_again_changes_nothing(stage: Stage, cast: Cast, store: Redis) -> None:
    stage.set_result(cast.lin.id, cast.unit_a.id, 8000)
    stage.refresh()
    version = store.hget(board_keys.live_key(stage.competition), "version")
    stage.refresh()
    assert store.hget(board_keys.live_key(stage.competition), "version") == version
    assert stage.differences() == []


def test_the_time_of_the_data_is_that_of_the_last_pass(stage: Stage, store: Redis) -> None:
    stage.refresh()
    times: list[object] = [store.hget(board_keys.live_key(stage.competition), "as_of_ms")]
    stage.refresh()
    times.append(store.hget(board_keys.live_key(stage.competition), "as_of_ms"))
    assert times == [str(NOW_MS).encode(), str(NOW_MS + 1000).encode()]


def test_a_row_that_is_committed_late_is_still_seen(stage: Stage, cast: Cast) -> None:
    stage.set_result(cast.lin.id, cast.unit_a.id, 8000)
    lasting = refresher()
    stage.refresh(lasting)
    stage.now_ms -= LATE_COMMIT_MS // 2  # a transaction that stamped its rows before what has been seen
    stage.set_result(cast.bo.id, cast.unit_a.id, 9000)
    stage.now_ms += LATE_COMMIT_MS
    stage.refresh(lasting)
    assert stage.differences() == []


def test_a_store_that_comes_back_empty_is_filled_again(stage: Stage, cast: Cast, store: Redis) -> None:
    lasting = refresher()
    stage.set_result(cast.lin.id, cast.unit_a.id, 8000)
    stage.refresh(lasting)
    store.flushall()
    stage.refresh(lasting)
    assert stage.differences() == []


@contextmanager
def in_the_middle_of_a_pass(app: Flask, happening: Callable[[], object]) -> Iterator[None]:
    """Something happens when a pass has asked the store how far the boards are, and reads the tallies."""

    def on_reading(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "FROM tally" in statement:
            happened.append(happening())

    happened: list[object] = []
    with app.app_context():
        engine = db.engine
    event.listen(engine, "after_cursor_execute", on_reading)
    try:
        yield
    finally:
        event.remove(engine, "after_cursor_execute", on_reading)
    assert len(happened) == 1


def test_boards_lost_in_the_middle_of_a_pass_are_made_anew(app: Flask, stage: Stage, cast: Cast, store: Redis) -> None:
    lasting = refresher()
    stage.set_result(cast.lin.id, cast.unit_a.id, 8000)
    stage.refresh(lasting)
    with in_the_middle_of_a_pass(app, store.flushall):
        stage.refresh(lasting)
    assert LiveBoard(grader.store, stage.competition, "score").stamp.as_of is None  # no empty board in their place
    stage.refresh(lasting)
    assert stage.differences() == []


def test_nothing_is_left_of_boards_that_are_dropped_in_the_middle_of_a_pass(
    app: Flask, stage: Stage, cast: Cast, store: Redis
) -> None:
    """Frozen standings take their place while a pass is on its way: it writes once more, and clears that away itself."""
    lasting = refresher()
    stage.set_result(cast.lin.id, cast.unit_a.id, 8000)
    stage.refresh(lasting)
    stage.set_result(cast.bo.id, cast.unit_a.id, 7000)
    with in_the_middle_of_a_pass(app, lambda: drop_boards(grader.store, stage.competition)):
        stage.refresh(lasting)
    left = {board_keys.generation_key(stage.competition).encode()}
    assert set(store.scan_iter(match=f"{{b{stage.competition}}}:*")) > left
    stage.set(frozen_at=BORN)
    stage.refresh(lasting)
    assert set(store.scan_iter(match=f"{{b{stage.competition}}}:*")) == left


def test_people_lost_from_the_store_are_noticed_and_put_back(stage: Stage, cast: Cast, store: Redis) -> None:
    lasting = refresher()
    stage.set_result(cast.lin.id, cast.unit_a.id, 8000)
    stage.set_result(cast.bo.id, cast.unit_a.id, 7000)
    stage.refresh(lasting)
    stage.now_ms += LATE_COMMIT_MS * 2
    stage.set_result(cast.chen.id, cast.unit_b.id, 6000)  # so that the two are not read again
    stage.refresh(lasting)
    keys = board_keys.BoardKeys(stage.competition, 1)
    for key in (keys.people, keys.unit_people(cast.group.id), keys.unit_people(cast.unit_a.id)):
        store.zremrangebyrank(key, 0, 0)
    store.delete(keys.person_bucket(cast.lin.id))
    assert stage.differences() != []
    for _ in range(2):
        stage.now_ms += CHECK_MS
        stage.refresh(lasting)
    assert stage.differences() == []


def test_a_unit_that_moves_takes_its_people_to_the_new_parent(stage: Stage, cast: Cast, forest: list[Unit]) -> None:
    workshop, firm = forest[3], forest[5]
    lasting = refresher()
    stage.set_result(cast.lin.id, workshop.id, 8000)
    stage.set_result(cast.bo.id, cast.unit_a.id, 7000)
    stage.refresh(lasting)
    with stage.app.app_context():
        path = f"/{firm.id}/{workshop.id}/"
        moved = update(Organization).where(Organization.id == workshop.id).values(path=path, parent_id=firm.id)
        db.session.execute(moved)
        db.session.commit()
    stage.now_ms += TREE_MS
    stage.refresh(lasting)
    assert stage.differences() == []


def test_a_changed_headcount_reaches_the_boards(stage: Stage, cast: Cast) -> None:
    lasting = refresher()
    stage.set_result(cast.lin.id, cast.unit_a.id, 8000)
    stage.refresh(lasting)
    with stage.app.app_context():
        db.session.get_one(Organization, cast.unit_a.id).headcount = 3
        db.session.commit()
    stage.now_ms += TREE_MS
    stage.refresh(lasting)
    assert stage.differences() == []


@pytest.mark.parametrize("anew", [True, False])
def test_a_changed_minimum_reaches_the_boards(stage: Stage, cast: Cast, anew: bool) -> None:
    lasting = refresher()
    stage.set_result(cast.lin.id, cast.unit_a.id, 8000)
    stage.refresh(lasting)
    for minimum in (1, 3):
        stage.set(board_minimum_people=minimum)
        stage.refresh(refresher() if anew else lasting)
        assert stage.differences() == []


def test_changed_tie_keys_order_everybody_anew(stage: Stage, cast: Cast) -> None:
    lasting = refresher()
    stage.set_result(cast.lin.id, cast.unit_a.id, 8000, 50_000)
    stage.set_result(cast.bo.id, cast.unit_a.id, 8000, 40_000)
    stage.refresh(lasting)
    stage.set(tie_keys="score")
    stage.refresh(lasting)
    assert stage.differences() == []


def test_two_refreshers_leave_nobody_standing_twice(stage: Stage, cast: Cast) -> None:
    one, other = refresher(), refresher()
    for score in (4000, 6000, 8000, 6000):
        stage.set_result(cast.lin.id, cast.unit_a.id, score, 1000, NOW_MS + score)
        stage.refresh(one)
        stage.refresh(other)
        assert stage.differences() == []


def test_a_rebuild_leaves_only_its_own_generation(stage: Stage, cast: Cast, store: Redis) -> None:
    stage.set_result(cast.lin.id, cast.unit_a.id, 8000)
    stage.refresh()
    with stage.app.app_context():
        rules = sources.BoardRules(stage.competition, "score,time,earlier", 5)
        assert refresher().rebuild(rules, stage.now_ms) == 1
    generations = {key.split(b":")[1] for key in store.scan_iter(match=board_keys.any_key(stage.competition))}
    assert generations == {b"2"}
    assert stage.differences() == []


def test_the_proof_names_what_differs(stage: Stage, cast: Cast, store: Redis) -> None:
    stage.set_result(cast.lin.id, cast.unit_a.id, 8000)
    stage.refresh()
    store.zremrangebyrank(board_keys.BoardKeys(stage.competition, 1).people, 0, -1)
    assert stage.differences()[0].startswith("people, place 1: nobody stands, should be account")
