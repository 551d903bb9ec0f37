"""Standings freeze once, complete, and only when everything is recorded; then they are what is served."""

import io
import json
import threading
from datetime import timedelta
from zipfile import ZipFile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import delete, event, func, select, update
from sqlalchemy.exc import OperationalError

from quizapp.accounts.models import Account, AuditEntry
from quizapp.attempts.models import Attempt, Unrecordable
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.competitions.priming import prime
from quizapp.errors import Refused
from quizapp.extensions import db, grader
from quizapp.grader.keys import ShardKeys
from quizapp.leaderboards import board_keys
from quizapp.leaderboards.actions import finish_freeze, prepare_freeze
from quizapp.leaderboards.jobs import Job, make_freezes
from quizapp.leaderboards.models import Freeze, Freezing, Snapshot, SnapshotPart, Standing
from quizapp.leaderboards.snapshots import rows_on_disk
from tests.cast import Cast, Person, add_person
from tests.conftest import SignIn
from tests.integration.leaderboards.stage import NOW_MS, Stage

YES = {"sure": "y"}


def admin(stage: Stage, page: str = "freeze") -> str:
    return f"/admin/competitions/{stage.competition}/{page}"


def board(stage: Stage, page: str) -> str:
    return f"/competitions/{stage.competition}/boards/{page}"


def close(stage: Stage) -> None:
    """End the competition a minute ago."""
    stage.set(closes_at=utc_now() - timedelta(minutes=1))
    with stage.app.app_context():
        prime(db.session.get_one(Competition, stage.competition))


def frozen(stage: Stage) -> bool:
    with stage.app.app_context():
        return db.session.get(Freeze, stage.competition) is not None


def export(stage: Stage, client: FlaskClient) -> bytes:
    with client.get(admin(stage, "standings.xlsx")) as answer:
        assert answer.status_code == 200
        return bytes(answer.data)


def is_fenced(stage: Stage) -> bool:
    return grader.store.hget(ShardKeys(stage.competition, 0).rules, "fenced") == "1"


def job(stage: Stage) -> Freezing:
    return db.session.get_one(Freezing, stage.competition, populate_existing=True)


def silent(stage: Stage) -> None:
    """Who makes the freeze has given no sign of life for a minute."""
    job(stage).touched_at -= timedelta(minutes=1)
    db.session.commit()


@pytest.fixture
def qin(client: FlaskClient, cast: Cast, sign_in: SignIn) -> FlaskClient:
    return sign_in(client, cast.qin)


@pytest.fixture
def closed(app: Flask, stage: Stage, cast: Cast) -> list[Person]:
    """A closed competition: eight people of unit B, two of them tied, Lin in unit A, and one without a unit."""
    people = stage.add_people("b", "李某", 8, cast.unit_b)
    scores = [9000 - 1000 * min(number, 6) for number in range(8)]
    stage.set_results((p.id, cast.unit_b.id, score, 60_000, NOW_MS) for p, score in zip(people, scores, strict=True))
    stage.set_result(cast.lin.id, cast.unit_a.id, 10_000)
    stage.set_result(add_person(app, "solo", "独行侠").id, None, 7000)
    stage.refresh()
    close(stage)
    return people


def test_nothing_freezes_before_the_close(stage: Stage, cast: Cast, qin: FlaskClient) -> None:
    assert "冻结成绩</button>" not in qin.get(admin(stage)).text
    answer = qin.post(admin(stage), data=YES)
    assert answer.status_code == 409
    assert "竞赛截止之后才能冻结成绩" in answer.text
    assert not frozen(stage)
    assert not is_fenced(stage)


def test_an_open_attempt_stands_in_the_way(stage: Stage, cast: Cast, closed: list[Person], qin: FlaskClient) -> None:
    with stage.app.app_context():
        db.session.add(
            Attempt(competition_id=stage.competition, account_id=cast.bo.id, ordinal=1, seed="s", started_ms=NOW_MS)
        )
        db.session.commit()
    assert "未交卷的答卷：1 份" in qin.get(admin(stage)).text
    assert qin.post(admin(stage), data=YES).status_code == 409
    assert not frozen(stage)
    assert not is_fenced(stage)


def test_an_attempt_that_only_the_store_knows_stands_in_the_way(
    stage: Stage, closed: list[Person], qin: FlaskClient
) -> None:
    grader.store.zadd(ShardKeys(stage.competition, 0).open, {"7:1": 1})
    assert qin.post(admin(stage), data=YES).status_code == 409
    assert not frozen(stage)


def test_an_unrecorded_entry_stands_in_the_way(stage: Stage, closed: list[Person], qin: FlaskClient) -> None:
    grader.store.xadd(ShardKeys(stage.competition, 0).stream, {"a": "1|1|1|1|1|1|1"})
    assert "等待落库的记录：1 条" in qin.get(admin(stage)).text
    assert qin.post(admin(stage), data=YES).status_code == 409
    assert not frozen(stage)


def test_an_unrecordable_entry_stands_in_the_way(stage: Stage, closed: list[Person], qin: FlaskClient) -> None:
    with stage.app.app_context():
        db.session.add(
            Unrecordable(
                competition_id=stage.competition, stream="s", entry_id="1-1", fields={}, reason="r", seen_at=utc_now()
            )
        )
        db.session.commit()
    assert "无法落库的记录：1 条" in qin.get(admin(stage)).text
    assert qin.post(admin(stage), data=YES).status_code == 409
    assert not frozen(stage)


def test_what_is_not_confirmed_is_not_frozen(stage: Stage, closed: list[Person], qin: FlaskClient) -> None:
    assert qin.post(admin(stage), data={}).status_code == 422
    assert qin.post(admin(stage), data={**YES, "else": "1"}).status_code == 422
    assert not frozen(stage)


def test_freezing_keeps_every_board_and_says_who_did_it(
    stage: Stage, cast: Cast, closed: list[Person], qin: FlaskClient
) -> None:
    stage.freeze(qin)
    assert is_fenced(stage)
    with stage.app.app_context():
        competition = db.session.get_one(Competition, stage.competition)
        freeze = db.session.get_one(Freeze, stage.competition)
        assert competition.frozen_at == freeze.frozen_at
        assert freeze.frozen_by_id == cast.qin.id
        rows = select(Standing.board, func.count()).group_by(Standing.board)
        assert {row[0]: row[1] for row in db.session.execute(rows)} == {
            "people": 10,
            "units": 3,
            "regions": 2,
            "industries": 2,
        }
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "standings_frozen")).one()
        assert entry.facts["digest"] == freeze.digest
    assert stage.differences() == []
    assert freeze.digest in qin.get(admin(stage)).text


def test_the_frozen_boards_say_what_the_live_ones_said(
    stage: Stage, cast: Cast, closed: list[Person], qin: FlaskClient, app: Flask, sign_in: SignIn
) -> None:
    pages = [
        "people", "units?scope=all", "units?scope=all&order=coverage", "units?scope=all&order=participants", "regions",
        "industries", f"units/{cast.group.id}", f"units/{cast.unit_b.id}/people", f"units/{cast.group.id}/people", "hall",
    ]  # fmt: skip
    as_lin = sign_in(app.test_client(), closed[6])
    json_of = {"Accept": "application/json"}
    live = {page: as_lin.get(board(stage, page), headers=json_of).get_json()["html"] for page in pages}
    mine = as_lin.get(board(stage, "mine")).get_json()
    stage.freeze(qin)
    assert list(grader.store.scan_iter(match=f"{{b{stage.competition}}}:*")) in (
        [],
        [board_keys.generation_key(stage.competition)],
    )
    after = {page: as_lin.get(board(stage, page), headers=json_of).get_json()["html"] for page in pages}
    assert after == live
    frozen_mine = as_lin.get(board(stage, "mine")).get_json()
    for changed in ("frozen", "as_of_ms"):
        mine.pop(changed), frozen_mine.pop(changed)
    assert frozen_mine == mine


def test_frozen_boards_do_not_follow_later_changes(
    stage: Stage, cast: Cast, closed: list[Person], qin: FlaskClient
) -> None:
    stage.freeze(qin)
    before = qin.get(board(stage, "people")).text
    stage.set_result(cast.chen.id, cast.unit_b.id, 10_000, 1, NOW_MS - 10)
    stage.refresh()
    assert "参赛人数" in before
    with stage.app.app_context():
        people = select(func.count()).select_from(Standing).where(Standing.board == "people")
        assert db.session.scalar(people) == 10
    assert stage.differences()[0].startswith("frozen people, place 1")


def test_a_changed_standing_is_named(stage: Stage, closed: list[Person], qin: FlaskClient) -> None:
    stage.freeze(qin)
    with stage.app.app_context():
        first = update(Standing).where(Standing.board == "regions", Standing.place == 1)
        db.session.execute(first.values(rank=2))
        db.session.commit()
    assert stage.differences()[0].startswith("frozen regions, place 1")


def test_what_is_frozen_cannot_be_frozen_again(stage: Stage, closed: list[Person], qin: FlaskClient) -> None:
    stage.freeze(qin)
    answer = qin.post(admin(stage), data=YES)
    assert answer.status_code == 409
    assert "成绩已经冻结" in answer.text
    assert is_fenced(stage)


def test_a_freeze_that_sql_refuses_says_so_and_takes_the_fence_down_again(
    stage: Stage, closed: list[Person], qin: FlaskClient
) -> None:
    with stage.app.app_context():
        db.session.add(
            Freeze(competition_id=stage.competition, frozen_at=utc_now(), digest="in the way", summary={"scores": {}})
        )
        db.session.commit()
        assert qin.post(admin(stage), data=YES).status_code == 302
        assert make_freezes() == 0
        assert job(stage).failure == "freeze_failed"
        db.session.execute(delete(Freeze))
        db.session.commit()
    assert not is_fenced(stage)
    assert "冻结时程序出错，没有任何改动" in qin.get(admin(stage)).text
    assert qin.get(admin(stage, "freeze/state")).json == {"running": False}
    stage.freeze(qin)  # begun again by the same button
    assert frozen(stage)


def test_a_freeze_that_sql_was_away_for_is_begun_again(stage: Stage, closed: list[Person], qin: FlaskClient) -> None:
    away: list[bool] = []

    def refuse(*_: object) -> None:
        if away:
            raise OperationalError("the database is away", None, Exception())

    def fail(_: object) -> None:
        if is_fenced(stage):
            away.append(True)
            refuse()

    with stage.app.app_context():
        assert qin.post(admin(stage), data=YES).status_code == 302
        engine = db.engine
        event.listen(engine, "commit", fail)
        event.listen(engine, "before_cursor_execute", refuse)
        try:
            with pytest.raises(OperationalError):
                make_freezes()
        finally:
            event.remove(engine, "commit", fail)
            event.remove(engine, "before_cursor_execute", refuse)
        assert away
        assert not frozen(stage)
        assert make_freezes() == 0  # whose it is may be at work yet
        silent(stage)
        assert make_freezes() == 1
    assert frozen(stage)


def test_an_answer_that_slips_in_between_is_not_left_out(
    app: Flask, stage: Stage, cast: Cast, closed: list[Person], qin: FlaskClient
) -> None:
    """The fence is gone with a store that came back empty; SQL has more than was worked out."""
    with app.app_context():
        competition = db.session.get_one(Competition, stage.competition)
        with rows_on_disk() as rows:
            prepared = prepare_freeze(competition, rows, now=utc_now())
            db.session.rollback()
            stage.set_result(cast.chen.id, cast.unit_b.id, 10_000)
            with pytest.raises(Refused, match="freeze_outdated"):
                finish_freeze(competition, rows, prepared, actor=None, now=utc_now())


def test_while_it_is_made_the_page_tells_how_far_it_is(stage: Stage, closed: list[Person], qin: FlaskClient) -> None:
    qin.post(admin(stage), data=YES)
    page = qin.get(admin(stage)).text
    assert "正在排队，几秒内开始。" in page
    assert "冻结成绩</button>" not in page
    assert '<meta http-equiv="refresh"' in page  # without a script
    with stage.app.app_context():
        job(stage).asked_at -= timedelta(minutes=1)
        db.session.commit()
        assert "落库进程可能没有运行" in qin.get(admin(stage)).text
        row = job(stage)
        row.runner, row.touched_at, row.done, row.total = "somebody", utc_now(), 12_000, 20_000
        db.session.commit()
    assert qin.get(admin(stage, "freeze/state")).json == {
        "running": True,
        "done": 12_000,
        "total": 20_000,
        "text": "已算完 12,000 人的名次，共 20,000 人。",
    }
    assert 'max="20000" value="12000"' in qin.get(admin(stage)).text


def test_one_competition_is_frozen_by_one_process(stage: Stage, closed: list[Person], qin: FlaskClient) -> None:
    qin.post(admin(stage), data=YES)
    assert "成绩正在冻结" in qin.post(admin(stage), data=YES).text
    with stage.app.app_context():
        first, second = Job(stage.competition), Job(stage.competition)
        assert first.begin(utc_now())
        assert not second.begin(utc_now())
        silent(stage)
        assert second.begin(utc_now())
        assert not first.run()  # it slept, and wakes up after another has begun
        assert not frozen(stage)
        assert is_fenced(stage)
        assert second.run()
        assert db.session.get(Freezing, stage.competition) is None
    assert stage.differences() == []


def test_what_was_begun_is_not_seen_until_it_is_whole(stage: Stage, closed: list[Person], qin: FlaskClient) -> None:
    """Killed while it keeps what it has worked out: nothing of it is there, and the next process begins it anew."""
    killed = SystemExit()

    def die(*_: object) -> None:
        raise killed

    qin.post(admin(stage), data=YES)
    with stage.app.app_context():
        event.listen(Snapshot, "before_insert", die)
        try:
            with pytest.raises(SystemExit):
                make_freezes()
        finally:
            event.remove(Snapshot, "before_insert", die)
        for table in (Standing, Freeze, SnapshotPart):
            assert db.session.scalar(select(func.count()).select_from(table)) == 0
        silent(stage)
        assert make_freezes() == 1
    assert stage.differences() == []


def test_who_is_told_to_end_leaves_the_freeze_to_the_next(stage: Stage, closed: list[Person], qin: FlaskClient) -> None:
    qin.post(admin(stage), data=YES)
    stop = threading.Event()
    with stage.app.app_context():
        its = Job(stage.competition)
        assert its.begin(utc_now())
        stop.set()
        assert not its.run(stop=stop)
        assert make_freezes() == 1


@pytest.mark.parametrize(
    ("who", "reads", "freezes"),
    [("lin", 403, 403), ("wu", 403, 403), ("su", 403, 403), ("jun", 200, 403), ("ada", 200, 302), ("qin", 200, 302)],
)
def test_only_organizers_freeze_and_auditors_look(
    stage: Stage,
    cast: Cast,
    closed: list[Person],
    client: FlaskClient,
    sign_in: SignIn,
    who: str,
    reads: int,
    freezes: int,
) -> None:
    sign_in(client, cast.everyone[who])
    assert client.get(admin(stage)).status_code == reads
    assert client.get(admin(stage, "standings.xlsx")).status_code == (409 if reads == 200 else 403)
    assert client.post(admin(stage), data=YES).status_code == freezes
    with stage.app.app_context():
        assert make_freezes() == int(freezes == 302)


def test_the_export_holds_every_board_with_full_names(
    stage: Stage, cast: Cast, closed: list[Person], qin: FlaskClient, app: Flask, sign_in: SignIn
) -> None:
    stage.freeze(qin)
    book = CalamineWorkbook.from_filelike(io.BytesIO(export(stage, sign_in(app.test_client(), cast.jun))))
    assert book.sheet_names == ["个人", "单位", "地区", "行业"]
    people = book.get_sheet_by_name("个人").to_python()
    assert people[0][:5] == ["名次", "姓名", "单位", "上级单位", "得分"]
    assert people[1][:5] == [1, "林晓", "甲厂", "远大集团", 100]
    assert [row[0] for row in people[1:]] == [1, 2, 3, 4, 4, 6, 7, 8, 9, 9]
    units = book.get_sheet_by_name("单位").to_python()
    assert {row[1] for row in units[1:]} == {"远大集团", "甲厂", "乙厂"}


def test_the_export_runs_no_formula(stage: Stage, cast: Cast, closed: list[Person], qin: FlaskClient) -> None:
    with stage.app.app_context():
        db.session.get_one(Account, closed[0].id).name = '=HYPERLINK("http://x","y")'
        db.session.get_one(Account, closed[1].id).name = "http://example.org"
        db.session.commit()
    stage.freeze(qin)
    data = export(stage, qin)
    with ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            assert b"<f>" not in archive.read(name)
            assert b"<hyperlink" not in archive.read(name)
    people = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name("个人").to_python()
    assert people[2][1] == '=HYPERLINK("http://x","y")'


def test_the_digest_can_be_computed_by_a_stranger(stage: Stage, closed: list[Person], qin: FlaskClient) -> None:
    """From the rows alone, by the words of `standings.py`."""
    import hashlib

    stage.freeze(qin)
    with stage.app.app_context():
        freeze = db.session.get_one(Freeze, stage.competition)
        head = {"competition": stage.competition, **{k: freeze.summary[k] for k in ("minimum", "tie_keys")}}
        lines: list[object] = [head]
        for name in ("people", "units", "regions", "industries"):
            rows = select(Standing).where(Standing.board == name).order_by(Standing.place)
            lines += [
                [row.board, row.place, row.rank, row.subject, row.organization_id, row.figures]
                for row in db.session.scalars(rows)
            ]
    text = "".join(json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n" for line in lines)
    assert hashlib.sha256(text.encode()).hexdigest() == freeze.digest
