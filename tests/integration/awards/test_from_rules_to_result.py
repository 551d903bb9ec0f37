"""An award is written down before the opening, locked by it, judged on frozen standings, published, and can be checked."""

import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from quizapp.accounts.models import AuditEntry
from quizapp.awards.actions import drafted_content
from quizapp.awards.composite import Composite, Tier
from quizapp.awards.judging import COMPUTED, Entrant, award_content
from quizapp.awards.models import Award, AwardResult
from quizapp.awards.queries import awards_of
from quizapp.clock import utc_now
from quizapp.competitions.models import Competition
from quizapp.extensions import db, signing_key
from quizapp.leaderboards.models import HeadcountLock, Standing
from quizapp.leaderboards.snapshots import parts_of, snapshot_or_404
from quizapp.notices.actions import apply_correction, propose_correction
from quizapp.organizations.models import Organization
from quizapp.signing import canonical
from tests.cast import add_competition, add_unit
from tests.integration.awards.contests import Contest
from tests.integration.awards.rules import composite, form_of

BRANCHES = {"participants": 70, "coverage": 0, "mean": 20, "pass_rate": 6, "full_marks": 4}


def published(contest: Contest, qin: FlaskClient, **rules: Any) -> tuple[int, dict[str, Any]]:
    """An award with its result: its id, and the file that the public gets."""
    award = contest.add_award(**rules)
    contest.freeze(qin)
    answer = qin.post(contest.admin(f"{award}/result"), data={"sure": "y"})
    assert answer.status_code == 303, answer.text
    file = contest.app.test_client().get(contest.public(f"{award}/award.json"))
    return award, json.loads(file.data)


def test_an_award_is_written_down_rewritten_and_removed_before_the_opening(contest: Contest, qin: FlaskClient) -> None:
    contest.begins_at(utc_now() + timedelta(hours=1))
    assert qin.post(contest.admin("new"), data=form_of(composite())).status_code == 303
    award = contest.awards()[0]
    assert award.composite == composite()
    again = form_of(composite(shrinkage=9), "质量标杆奖")
    assert qin.post(contest.admin(f"{award.id}/edit"), data=again).status_code == 303
    assert [(each.title, each.composite.shrinkage) for each in contest.awards()] == [("质量标杆奖", 9)]
    assert qin.post(contest.admin("new"), data=again).status_code == 422  # the title is taken
    assert qin.post(contest.admin(f"{award.id}/remove")).status_code == 303
    assert contest.awards() == []


def test_once_the_competition_has_opened_the_rules_stay_and_the_sentence_says_what_to_do(
    contest: Contest, qin: FlaskClient
) -> None:
    award = contest.add_award()
    for answer in (
        qin.post(contest.admin("new"), data=form_of(composite(), "另一个奖")),
        qin.post(contest.admin(f"{award}/edit"), data=form_of(composite(shrinkage=9))),
        qin.post(contest.admin(f"{award}/remove")),
    ):
        assert answer.status_code == 409
        assert "下一届" in answer.text
    assert [each.composite for each in contest.awards()] == [composite()]


def test_the_database_itself_refuses_to_change_them(contest: Contest, qin: FlaskClient) -> None:
    published(contest, qin)
    again = "INSERT INTO award (competition_id, title, rules, written_at) SELECT competition_id, 'y', rules, written_at FROM award"
    for statement in (
        again,
        "UPDATE award SET title = 'x'",
        "DELETE FROM award",
        "UPDATE award_result SET digest = 'x'",
        "DELETE FROM award_result",
    ):
        with contest.app.app_context(), pytest.raises(DBAPIError, match=r"locked since its date|immutable"):
            db.session.execute(text(statement))


@pytest.mark.once
def test_a_composite_by_which_a_split_gains_is_refused_with_what_to_do(contest: Contest, qin: FlaskClient) -> None:
    contest.begins_at(utc_now() + timedelta(hours=1))
    light = composite(competing="branches", weights={**BRANCHES, "participants": 20, "mean": 70})
    answer = qin.post(contest.admin("new"), data=form_of(light))
    assert answer.status_code == 422
    assert "至少要 111.0%（现在 20%）" in answer.text
    assert contest.awards() == []


@pytest.mark.once
def test_the_worked_example_follows_the_form(contest: Contest, qin: FlaskClient) -> None:
    shown = qin.post(contest.admin("example"), data=form_of(composite())).text
    assert "参赛人数每翻一番，综合得分加 15 分" in shown.replace("15.00", "15")
    assert "合计 100%，现在合计 110%" in qin.post(
        contest.admin("example"), data={**form_of(composite()), "mean": "30"}
    ).text  # fmt: skip
    assert "先把各项数字填完整" in qin.post(contest.admin("example"), data={}).text


def test_the_result_rolls_units_up_stands_in_leagues_and_does_not_change_with_what_it_came_from(
    contest: Contest, qin: FlaskClient
) -> None:
    award, file = published(contest, qin)
    places = [(row["unit"], row["league"], row["place"], row["tier"]) for row in file["award"]["places"]]
    group, central, firm = contest.cast.group.id, contest.central.id, contest.firm.id
    assert places == [(group, "all", 1, 1), (firm, "all", 0, 0), (central, "central", 1, 1)]
    units = {unit["id"]: unit for unit in file["award"]["units"]}
    assert units[group]["participants"] == 12  # of units A and B
    assert "score_sum" not in units[firm]
    with contest.app.app_context():  # past all that anybody may do
        db.session.execute(update(Standing).where(Standing.board == "units").values(figures={}))
        db.session.execute(update(Organization).values(headcount=1, name="改名"))
        db.session.commit()
    again = contest.app.test_client().get(contest.public(f"{award}/award.json"))
    assert json.loads(again.data) == file


def test_who_is_in_no_league_is_listed_with_the_reason(contest: Contest, qin: FlaskClient) -> None:
    with contest.app.app_context():
        late = Organization(
            code="L", join_code="JOINL", name="后来者", path="/", created_at=utc_now(), headcount=9, is_central=False
        )
        db.session.add(late)
        db.session.flush()
        late.path = f"/{late.id}/"
        db.session.commit()
        late_id = late.id
    bare = add_unit(contest.app, "N", "未申报公司")
    award, file = published(contest, qin, by=("region",))
    reasons = {row["unit"]: row["reason"] for row in file["award"]["none"]}
    assert reasons == {late_id: "registered_late", bare.id: "no_headcount"}
    page = contest.app.test_client().get(contest.public(f"{award}")).text
    assert "没有申报应参赛人数" in page
    assert "锁定之后才登记" in page


def test_branches_compete_where_the_composite_says_so(contest: Contest, qin: FlaskClient) -> None:
    _, file = published(contest, qin, competing="branches", weights=BRANCHES, reference=12)
    ids = [unit["id"] for unit in file["award"]["units"]]
    assert ids == sorted([contest.cast.unit_a.id, contest.cast.unit_b.id, contest.workshop.id])


def test_while_it_runs_the_organizer_sees_a_preview_and_nobody_else_anything(
    contest: Contest, qin: FlaskClient
) -> None:
    award = contest.add_award()
    shown = qin.get(contest.admin(f"{award}")).text
    assert "只有主办方能看到" in shown
    assert "远大集团" in shown
    assert "其他单位</h2>" in shown  # central enterprises stand apart
    stranger = contest.app.test_client()
    assert "还没有结果" in stranger.get(contest.public(f"{award}")).text
    assert stranger.get(contest.public(f"{award}/award.json")).status_code == 404
    assert stranger.get(contest.public(f"{award}/units/{contest.cast.group.id}")).status_code == 404
    early = qin.post(contest.admin(f"{award}/result"), data={"sure": "y"})
    assert early.status_code == 409
    assert "先冻结成绩" in early.text


def test_what_is_renamed_and_moved_after_the_freeze_changes_nothing(contest: Contest, qin: FlaskClient) -> None:
    award, file = published(contest, qin)
    with contest.app.app_context():
        for unit in db.session.query(Organization):
            unit.name, unit.region, unit.parent_id, unit.path = "改名", "110000", None, f"/{unit.id}/"
            unit.is_central, unit.headcount = not unit.is_central, 1
        db.session.commit()
        again = drafted_content(db.session.get_one(Award, award), utc_now())
    assert again == file["award"]


def test_a_draft_goes_with_its_awards(contest: Contest, qin: FlaskClient) -> None:
    with contest.app.app_context():
        version = contest.row().bank_version_id
    draft = add_competition(contest.app, version, now=utc_now(), published_at=None, primed=False).id
    assert qin.post(f"/admin/competitions/{draft}/awards/new", data=form_of(composite())).status_code == 303
    assert qin.post(f"/admin/competitions/{draft}/delete").status_code == 302
    assert contest.awards() == []


def test_the_same_result_is_not_published_twice_and_publishing_is_in_the_audit_trail(
    contest: Contest, qin: FlaskClient
) -> None:
    award, _ = published(contest, qin)
    assert qin.post(contest.admin(f"{award}/result"), data={"sure": "y"}).status_code == 409
    with contest.app.app_context():
        assert db.session.query(AwardResult).count() == 1
        assert db.session.query(AuditEntry).filter_by(action="publish_award").count() == 1


def test_a_units_page_takes_its_place_apart(contest: Contest, qin: FlaskClient) -> None:
    award = contest.add_award(central_apart=False, tiers=(Tier("一等奖", 1, 0),))
    contest.freeze(qin)
    assert qin.post(contest.admin(f"{award}/result"), data={"sure": "y"}).status_code == 303
    visitor = contest.app.test_client()
    page = visitor.get(contest.public(f"{award}/units/{contest.cast.group.id}")).text
    file = json.loads(visitor.get(contest.public(f"{award}/award.json")).data)
    row = next(row for row in file["award"]["places"] if row["unit"] == contest.cast.group.id)
    assert row["total"] in page
    assert "12 ÷ 30 人 = 40.0%" in page
    assert "(12 × 80.0% + 4 × 80.91%) ÷ (12 + 4) = 80.23%" in page
    assert "华中集团" in page  # the nearest other one
    assert "全部单位" in page
    assert "所有单位同组" in page
    small = visitor.get(contest.public(f"{award}/units/{contest.firm.id}")).text
    assert "不足 5 人" in small
    assert "100" not in small.partition("没有名次")[2].partition("评奖办法")[0]  # the mean of its two stays untold


def test_the_workbook_holds_no_formula(contest: Contest, qin: FlaskClient) -> None:
    with contest.app.app_context():
        db.session.execute(update(Organization).where(Organization.code == "H").values(name="=1+1"))
        db.session.commit()
    award, _ = published(contest, qin)
    book = qin.get(contest.admin(f"{award}/award.xlsx")).data
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(book))
    assert sheets.sheet_names == ["名次", "未入组", "办法"]
    names = [row[3] for row in sheets.get_sheet_by_name("名次").to_python()]
    assert "=1+1" in names
    with ZipFile(io.BytesIO(book)) as parts:
        assert not any(b"<f>" in parts.read(name) for name in parts.namelist())


@pytest.mark.once
def test_the_command_verifies_a_file_offline_and_notices_any_change(
    contest: Contest, qin: FlaskClient, tmp_path: Path
) -> None:
    _, file = published(contest, qin)
    keys = tmp_path / "keys.json"
    keys.write_bytes(qin.get("/receipts/keys.json").data)
    path = tmp_path / "award.json"
    run = contest.app.test_cli_runner().invoke
    path.write_text(json.dumps(file))
    good = run(args=["awards", "verify", str(path), "--keys", str(keys)])
    assert (good.exit_code, "真 TRUE" in good.output) == (0, True), good.output
    file["award"]["places"][0]["place"] = 2
    path.write_text(json.dumps(file))
    bad = run(args=["awards", "verify", str(path), "--keys", str(keys)])
    assert bad.exit_code == 1
    path.write_text("{")
    assert run(args=["awards", "verify", str(path)]).exit_code == 2


@pytest.mark.once
def test_an_award_is_compared_with_the_standings_that_it_names(
    contest: Contest, qin: FlaskClient, tmp_path: Path
) -> None:
    """Figures that somebody with the signing key made up give a result that follows from them."""
    _, file = published(contest, qin)
    path, standings = tmp_path / "award.json", tmp_path / "standings.jsonl.gz"
    with contest.app.app_context():
        standings.write_bytes(b"".join(parts_of(snapshot_or_404(contest.row()), "public")))

    def verdict(award: dict[str, Any], *more: str) -> tuple[int, str]:
        with contest.app.app_context():
            path.write_bytes(canonical({"award": award, **signing_key().sign(award)}))
        called = contest.app.test_cli_runner().invoke(args=["awards", "verify", str(path), *more])
        return called.exit_code, called.output

    def made_up(**changes: Any) -> dict[str, Any]:
        award = file["award"]
        entrants = [Entrant.from_json(unit) for unit in award["units"]]
        most = max(entrants, key=lambda entrant: entrant.participants)
        entrants = [replace(most, score_sum=most.score_sum + 100) if each is most else each for each in entrants]
        facts = {name: award[name] for name in award.keys() - COMPUTED} | changes
        return award_content(Composite.from_json(award["rules"]), award["full_score"], entrants, facts)

    compare = "--standings", str(standings)
    code, said = verdict(file["award"], *compare)
    assert code == 0, said
    assert "各单位的数据与名次快照一致" in said
    for award, fault in (
        (made_up(), "有单位的数据与名次快照不同"),
        (made_up(snapshot="00" * 32), "另一份名次快照"),
    ):
        assert verdict(award)[0] == 0  # nothing in the file itself tells
        code, said = verdict(award, *compare)
        assert (code, fault in said) == (1, True), said


@pytest.mark.once
def test_a_copied_competition_has_the_awards_but_those_that_show_too_small_units(
    contest: Contest, qin: FlaskClient
) -> None:
    contest.add_award("小单位奖", minimum=4)
    contest.add_award("优秀组织奖")
    contest.stage.set(board_minimum_people=5, opens_at=utc_now() + timedelta(hours=1))
    with contest.app.app_context():
        db.session.add(HeadcountLock(competition_id=contest.id, locks_at=contest.row().opens_at + timedelta(minutes=5)))
        db.session.commit()
    assert qin.post(f"/admin/competitions/{contest.id}/copy", data={}).status_code in (302, 303)
    with contest.app.app_context():
        copy = db.session.scalars(select(Competition).where(Competition.copied_from_id == contest.id)).one()
        (kept,) = awards_of(copy)
        _small, award = awards_of(contest.row())
        assert (kept.title, kept.rules) == ("优秀组织奖", award.rules)
        assert db.session.get_one(HeadcountLock, copy.id).locks_at == copy.opens_at + timedelta(minutes=5)


@pytest.mark.once
def test_a_result_from_before_a_correction_says_so_until_there_is_another(contest: Contest, qin: FlaskClient) -> None:
    award, _file = published(contest, qin)
    pages = [contest.public(f"{award}{rest}") for rest in ("", f"/units/{contest.cast.group.id}")]
    stranger = contest.app.test_client()
    assert not any("名次又作了更正" in stranger.get(page).text for page in pages)
    with contest.app.app_context():
        change = {"kind": "headcount", "unit": contest.cast.unit_a.id, "headcount": 15}
        made = propose_correction(contest.id, change, reason="笔误", actor=contest.cast.qin.account, now=utc_now())
        db.session.commit()
        apply_correction(contest.id, made.id, actor=contest.cast.ada.account, now=utc_now())
        db.session.commit()
    assert all("名次又作了更正" in stranger.get(page).text for page in pages)
    assert qin.post(contest.admin(f"{award}/result"), data={"sure": "y"}).status_code == 303
    assert not any("名次又作了更正" in stranger.get(page).text for page in pages)
