"""What is frozen is served: nothing on a page of a frozen competition follows what the live tables or the store say later."""

import io
import re
from datetime import timedelta
from zipfile import ZipFile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, update

from quizapp.accounts.models import Account
from quizapp.attempts.models import Result, Tally
from quizapp.clock import to_ms, utc_now
from quizapp.competitions.models import Competition
from quizapp.extensions import db, grader
from quizapp.leaderboards.figures import Order
from quizapp.leaderboards.models import Standing
from quizapp.leaderboards.queries import board_of
from quizapp.organizations.models import Membership, Organization
from tests.cast import Cast
from tests.conftest import SignIn
from tests.integration.leaderboards.stage import NOW_MS, Stage
from tests.integration.leaderboards.test_freezing import close

PAGES = (
    "/competitions/{c}/boards/people",
    "/competitions/{c}/boards/units?scope=all",
    "/competitions/{c}/boards/units?scope=all&order=coverage",
    "/competitions/{c}/boards/regions",
    "/competitions/{c}/boards/industries",
    "/competitions/{c}/boards/units/{group}",
    "/competitions/{c}/boards/units/{unit_b}",
    "/competitions/{c}/boards/units/{unit_b}/people",
    "/competitions/{c}/boards/hall",
    "/competitions/{c}/participation",
    "/admin/competitions/{c}/standings.xlsx",
    "/admin/reports/{c}/progress",
    "/admin/reports/{c}/progress?unit={group}",
    "/admin/competitions/{c}/overview/live",
)


def read(client: FlaskClient, address: str) -> str:
    with client.get(address) as answer:
        assert answer.status_code == 200, address
        if not address.endswith(".xlsx"):
            return re.sub(r'name="csrf[^>]*|csrf-token[^>]*|\d+:\d\d', "", answer.get_data(as_text=True))
        with ZipFile(io.BytesIO(answer.data)) as book:
            return "".join(book.read(name).decode() for name in sorted(book.namelist()) if "docProps" not in name)


def without_result(client: FlaskClient, address: str) -> int:
    return client.get(address).text.count('<th scope="row">')


@pytest.mark.once
def test_no_page_of_a_frozen_competition_follows_the_live_tables(
    app: Flask, stage: Stage, cast: Cast, client: FlaskClient, sign_in: SignIn
) -> None:
    people = stage.add_people("b", "李某", 8, cast.unit_b)
    stage.set_results((p.id, cast.unit_b.id, 9000 - 500 * n, 60_000, NOW_MS) for n, p in enumerate(people))
    stage.set_result(cast.lin.id, cast.unit_a.id, 10_000)
    stage.refresh()
    close(stage)
    qin, lin = sign_in(client, cast.qin), sign_in(app.test_client(), cast.lin)
    stage.freeze(qin)
    addresses = [a.format(c=stage.competition, group=cast.group.id, unit_b=cast.unit_b.id) for a in PAGES]
    mine = f"/competitions/{stage.competition}/boards/mine"
    app.extensions.pop("quiz_reports", None)  # figures that are kept for some seconds
    before = {address: read(qin, address) for address in addresses}
    before_mine = lin.get(mine).json
    unanswered = f"/admin/reports/{stage.competition}/unanswered?unit={cast.unit_b.id}"
    assert without_result(qin, unanswered) == 1  # Chen
    with app.app_context():
        db.session.execute(update(Account).where(Account.id != cast.qin.id).values(name="改过名"))
        db.session.execute(
            update(Organization).values(name="改过名的单位", headcount=7, region="650000", industry="A", path="/9/")
        )
        db.session.execute(delete(Result).where(Result.account_id == people[0].id))
        db.session.execute(update(Result).values(score=1, passed=0, organization_id=cast.unit_a.id))
        db.session.execute(update(Result).values(change=to_ms(utc_now())))
        db.session.execute(delete(Tally))
        db.session.execute(delete(Membership).where(Membership.account_id == cast.bo.id))
        db.session.commit()
    stage.set(board_minimum_people=1)
    for key in grader.store.scan_iter(f"{{b{stage.competition}}}*"):
        grader.store.delete(key)
    app.extensions.pop("quiz_reports", None)
    for address in addresses:
        assert read(qin, address) == before[address], address
    assert lin.get(mine).json == before_mine
    with app.app_context():  # the unit may move; who is in it is asked of today's roster
        db.session.execute(update(Organization).where(Organization.id == cast.unit_b.id).values(path="/8/"))
        joined = utc_now() + timedelta(days=1)
        db.session.execute(update(Membership).where(Membership.account_id == people[1].id).values(joined_at=joined))
        db.session.execute(delete(Standing).where(Standing.subject.in_([str(each.id) for each in people[1:4]])))
        db.session.commit()
    assert without_result(qin, unanswered) == 3  # whom a correction took out, but who joined after the freeze


@pytest.mark.once
@pytest.mark.parametrize("tie_keys", ["score", "score,time"])
def test_everybody_stands_where_the_live_board_had_them(
    stage: Stage, cast: Cast, client: FlaskClient, sign_in: SignIn, tie_keys: str
) -> None:
    stage.set(tie_keys=tie_keys)
    people = stage.add_people("b", "李某", 9, cast.unit_b)
    scores = 9000, 9000, 9000, 9000, 7000, 7000, 4000, 0, 0
    stage.set_results(
        (person.id, cast.unit_b.id, score, 60_000 + number % 2, NOW_MS + number)
        for number, (person, score) in enumerate(zip(people, scores, strict=True))
    )
    stage.refresh()

    def places() -> list[object]:
        with stage.app.app_context():
            board = board_of(db.session.get_one(Competition, stage.competition))
            within = None, cast.unit_b.id, cast.group.id
            return [
                *(board.person(person.id, unit) for person in people for unit in within),
                *(board.people(offset, 4, unit) for unit in within for offset in (0, 3, 8)),
                *(board.group_place("units", "all", Order.MEAN, str(unit.id)) for unit in (cast.unit_a, cast.unit_b)),
            ]

    live = places()
    close(stage)
    stage.freeze(sign_in(client, cast.qin))
    assert places() == live
