"""Progress by unit: each role sees its scope, with the right sums, and the workbook holds the same."""

import io
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import update

from quizapp.accounts.models import Account, RoleGrant
from quizapp.attempts.models import Attempt, Result, Tally
from quizapp.clock import to_ms, utc_now
from quizapp.competitions.models import Competition
from quizapp.extensions import db
from quizapp.organizations.models import Organization
from tests.cast import Cast, OpenCompetition, Person, Unit, add_person
from tests.conftest import SignIn


def record(competition: OpenCompetition, person: Person, unit: Unit | None, score: int) -> None:
    """What the recorder leaves behind when a person has submitted."""
    now_ms = to_ms(utc_now())
    with competition.app.app_context():
        ended = {"score": score, "used_ms": 60_000, "submitted_ms": now_ms, "right_count": score // 2000}
        shared = {
            "competition_id": competition.id,
            "account_id": person.id,
            "ordinal": 1,
            "organization_id": unit.id if unit else None,
        }
        db.session.add(
            Attempt(**shared, **ended, seed="s", started_ms=now_ms - 60_000, ended_by="person", points=[score])
        )
        db.session.flush()
        passed = int(score >= 6000)
        full = int(score == 10000)
        db.session.add(Result(**shared, **ended, full_marks=full, passed=passed, change=now_ms))
        if unit:
            key = (competition.id, unit.id)
            tally = db.session.get(Tally, key)
            if tally is None:
                sums = dict.fromkeys(("started", "participants", "score_sum", "used_ms_sum", "full_marks", "passed"), 0)
                tally = Tally(competition_id=competition.id, organization_id=unit.id, **sums)
                db.session.add(tally)
            tally.started += 1
            tally.participants += 1
            tally.score_sum += score
            tally.used_ms_sum += 60_000
            tally.passed += passed
            tally.full_marks += full
            tally.change = now_ms
        db.session.commit()
    competition.app.extensions.pop("quiz_reports", None)


@pytest.fixture
def played(competition: OpenCompetition, cast: Cast) -> OpenCompetition:
    """Lin of unit A scored 80, Chen of unit B 40; Bo and Wu have not answered."""
    record(competition, cast.lin, cast.unit_a, 8000)
    record(competition, cast.chen, cast.unit_b, 4000)
    return competition


def test_wu_sees_unit_a_and_nothing_of_unit_b(
    client: FlaskClient, sign_in: SignIn, cast: Cast, played: OpenCompetition
) -> None:
    sign_in(client, cast.wu)
    page = client.get(f"/admin/reports/{played.id}/progress").text
    assert "甲厂" in page
    assert "乙厂" not in page
    assert "远大集团" not in page
    assert "10.0%" in page  # 1 of 10
    assert client.get(f"/admin/reports/{played.id}/progress?unit={cast.unit_a.id}").status_code == 200
    for unit in (cast.unit_b, cast.group):
        for path in ("progress", "unanswered", "progress.xlsx"):
            assert client.get(f"/admin/reports/{played.id}/{path}?unit={unit.id}").status_code == 404


def test_qin_sees_the_whole_tree_with_its_sums(
    client: FlaskClient, sign_in: SignIn, cast: Cast, played: OpenCompetition
) -> None:
    sign_in(client, cast.qin)
    page = client.get(f"/admin/reports/{played.id}/progress").text
    for text in ("远大集团", "甲厂", "乙厂", "6.7%", "10.0%", "5.0%", "50.0%"):
        assert text in page


def test_su_sees_the_units_of_her_region_but_no_names(
    client: FlaskClient, sign_in: SignIn, cast: Cast, played: OpenCompetition
) -> None:
    sign_in(client, cast.su)
    page = client.get(f"/admin/reports/{played.id}/progress").text
    assert "甲厂" in page
    assert "乙厂" not in page
    assert "名单" not in page
    assert client.get(f"/admin/reports/{played.id}/unanswered?unit={cast.unit_a.id}").status_code == 403
    book = client.get(f"/admin/reports/{played.id}/progress.xlsx?unit={cast.unit_a.id}").data
    assert CalamineWorkbook.from_filelike(io.BytesIO(book)).sheet_names == ["单位进度"]


def test_who_has_not_answered_is_named_to_the_coordinator(
    client: FlaskClient, sign_in: SignIn, cast: Cast, played: OpenCompetition
) -> None:
    sign_in(client, cast.wu)
    page = client.get(f"/admin/reports/{played.id}/unanswered?unit={cast.unit_a.id}").text
    assert "共 2 人没有成绩" in page
    assert "薄明" in page
    assert "林晓" not in page
    assert "陈光" not in page
    assert client.get(f"/admin/reports/{played.id}/unanswered").status_code == 404


def test_a_coordinator_who_is_of_an_association_too_gets_the_names_of_her_unit_alone(
    app: Flask, client: FlaskClient, sign_in: SignIn, cast: Cast, played: OpenCompetition
) -> None:
    both = add_person(app, "both", "两者", role="association", region="310000")
    with app.app_context():
        db.session.add(
            RoleGrant(account_id=both.id, role="coordinator", organization_id=cast.unit_a.id, granted_at=utc_now())
        )
        db.session.commit()
    sign_in(client, both)
    path = f"/admin/reports/{played.id}"
    assert "薄明" in client.get(f"{path}/unanswered?unit={cast.unit_a.id}").text
    assert client.get(f"{path}/unanswered?unit={cast.unit_b.id}").status_code == 404
    assert "/unanswered" in client.get(f"{path}/progress?unit={cast.unit_a.id}").text
    assert "/unanswered" not in client.get(f"{path}/progress?unit={cast.unit_b.id}").text
    book = client.get(f"{path}/progress.xlsx?unit={cast.unit_b.id}").data
    assert CalamineWorkbook.from_filelike(io.BytesIO(book)).sheet_names == ["单位进度"]


def test_the_list_of_names_has_pages(
    app: Flask, client: FlaskClient, sign_in: SignIn, cast: Cast, played: OpenCompetition
) -> None:
    for number in range(60):
        add_person(app, f"p{number:02}", f"人{number:02}", unit=cast.unit_a)
    sign_in(client, cast.wu)
    path = f"/admin/reports/{played.id}/unanswered?unit={cast.unit_a.id}"
    first, second = client.get(path).text, client.get(f"{path}&page=2").text
    assert "共 62 人没有成绩" in first
    assert first.count('<tr><th scope="row">') == 50
    assert second.count('<tr><th scope="row">') == 12
    assert client.get(f"{path}&page=99999999999").status_code == 200


def test_coverage_over_the_headcount_is_shown_as_whole_with_its_excess(
    app: Flask, client: FlaskClient, sign_in: SignIn, cast: Cast, played: OpenCompetition
) -> None:
    record(played, cast.bo, cast.unit_a, 6000)
    with app.app_context():
        db.session.execute(update(Organization).where(Organization.id == cast.unit_a.id).values(headcount=1))
        db.session.commit()
    page = sign_in(client, cast.wu).get(f"/admin/reports/{played.id}/progress").text
    assert "100.0%" in page
    assert "超出应参赛 1 人" in page


def test_the_text_to_send_round_holds_the_link(
    client: FlaskClient, sign_in: SignIn, cast: Cast, played: OpenCompetition
) -> None:
    page = sign_in(client, cast.wu).get(f"/admin/reports/{played.id}/progress").text
    assert f"http://localhost/competitions/{played.id}" in page
    assert "各位同事：" in page


def test_the_workbook_holds_the_figures_and_no_formula(
    app: Flask, client: FlaskClient, sign_in: SignIn, cast: Cast, played: OpenCompetition
) -> None:
    with app.app_context():
        db.session.execute(update(Organization).where(Organization.id == cast.unit_a.id).values(name="=1+1"))
        db.session.execute(update(Account).where(Account.id == cast.bo.id).values(name='=HYPERLINK("x")'))
        db.session.commit()
    sign_in(client, cast.wu)
    reply = client.get(f"/admin/reports/{played.id}/progress.xlsx?unit={cast.unit_a.id}")
    assert reply.headers["Content-Disposition"] == f"attachment; filename=progress-{played.id}.xlsx"
    book = CalamineWorkbook.from_filelike(io.BytesIO(reply.data))
    figures = book.get_sheet_by_name("单位进度").to_python()
    assert figures[1] == ["=1+1", "A", 1, 10, 3, 1, 1, 10, "", 80, 100, 0]
    names = book.get_sheet_by_name("未答题人员").to_python()
    assert [row[1] for row in names[1:]] == ['=HYPERLINK("x")', "吴越"]
    assert b"<f>" not in reply.data


@pytest.mark.parametrize("unit", ["x", "-1", "999", str(2**70), "１"])
def test_a_unit_that_is_none_is_missing(
    client: FlaskClient, sign_in: SignIn, cast: Cast, competition: OpenCompetition, unit: str
) -> None:
    sign_in(client, cast.qin)
    assert client.get(f"/admin/reports/{competition.id}/progress?unit={unit}").status_code == 404


def test_a_drafts_progress_is_missing(
    app: Flask, client: FlaskClient, sign_in: SignIn, cast: Cast, competition: OpenCompetition
) -> None:
    with app.app_context():
        db.session.get_one(Competition, competition.id).published_at = None
        db.session.commit()
    sign_in(client, cast.qin)
    for path in (
        "reports/{}/progress",
        "reports/{}/progress.xlsx",
        "competitions/{}/overview",
        "competitions/{}/overview/live",
    ):
        assert client.get(f"/admin/{path.format(competition.id)}").status_code == 404, path


def test_only_invited_units_count(
    app: Flask, client: FlaskClient, sign_in: SignIn, cast: Cast, played: OpenCompetition
) -> None:
    with app.app_context():
        db.session.get_one(Competition, played.id).organizations = [cast.unit_b.organization]
        db.session.commit()
    page = sign_in(client, cast.qin).get(f"/admin/reports/{played.id}/progress").text
    assert "乙厂" in page
    assert "甲厂" not in page
    assert "没有可以查看的单位" in sign_in(app.test_client(), cast.wu).get(f"/admin/reports/{played.id}/progress").text


def test_the_overview_tells_the_funnel_and_keeps_quiet_while_nothing_changes(
    app: Flask, client: FlaskClient, sign_in: SignIn, cast: Cast, played: OpenCompetition
) -> None:
    sign_in(client, cast.qin)
    page = client.get(f"/admin/competitions/{played.id}/overview").text
    assert "应参赛 30 人，覆盖率 6.7%" in page
    assert "平均 60 分，及格率 50.0%，满分 0 人" in page
    live = client.get(f"/admin/competitions/{played.id}/overview/live")
    again = client.get(
        f"/admin/competitions/{played.id}/overview/live", headers={"If-None-Match": live.headers["ETag"]}
    )
    assert again.status_code == 304
    assert again.data == b""


def test_the_overview_names_what_waits_for_her(
    app: Flask, client: FlaskClient, sign_in: SignIn, cast: Cast, played: OpenCompetition
) -> None:
    sign_in(client, cast.qin)
    assert "需要您处理" not in client.get(f"/admin/competitions/{played.id}/overview").text
    with app.app_context():
        db.session.get_one(Competition, played.id).closes_at = utc_now() - timedelta(seconds=1)
        db.session.commit()
    assert "可以冻结成绩" in client.get(f"/admin/competitions/{played.id}/overview").text


def test_the_public_is_told_how_many_and_a_member_how_far_her_unit_is(
    app: Flask, client: FlaskClient, sign_in: SignIn, cast: Cast, played: OpenCompetition
) -> None:
    path = f"/competitions/{played.id}/participation"
    public = client.get(path)
    assert ">2<" in public.text
    assert "厂" not in public.text
    assert client.get(path, headers={"If-None-Match": public.headers["ETag"]}).status_code == 304
    own = sign_in(client, cast.lin).get(path).text
    assert "甲厂 覆盖率" in own
    assert "应参赛 10 人，已完成 1 人" in own


def test_people_without_a_unit_count_where_anyone_may_enter(
    app: Flask, client: FlaskClient, sign_in: SignIn, cast: Cast, played: OpenCompetition
) -> None:
    with app.app_context():
        db.session.execute(update(Competition).values(entry="anyone"))
        db.session.commit()
    record(played, cast.ada, None, 10000)
    assert ">3<" in client.get(f"/competitions/{played.id}/participation").text


def test_figures_are_worked_out_once_for_many_eyes(
    app: Flask, client: FlaskClient, sign_in: SignIn, cast: Cast, played: OpenCompetition
) -> None:
    sign_in(client, cast.qin)
    first = client.get(f"/admin/competitions/{played.id}/overview/live").text
    with app.app_context():  # not by the recorder, and unseen for some seconds
        db.session.execute(update(Tally).values(participants=9))
        db.session.commit()
    assert client.get(f"/admin/competitions/{played.id}/overview/live").text == first
