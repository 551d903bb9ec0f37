import io
from collections.abc import Sequence
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from quizapp.accounts.models import Account, AuditEntry
from quizapp.extensions import db
from quizapp.organizations.models import Membership, Organization
from quizapp.web.spreadsheets import read_tables, write_workbook
from tests.cast import Cast, add_unit

pytestmark = pytest.mark.slow

HEADING = ["姓名", "工号", "手机号", "单位代码"]


@pytest.fixture
def wu(app: Flask, cast: Cast, sign_in: Any) -> FlaskClient:
    client: FlaskClient = sign_in(app.test_client(), cast.wu)
    return client


@pytest.fixture
def qin(app: Flask, cast: Cast, sign_in: Any) -> FlaskClient:
    client: FlaskClient = sign_in(app.test_client(), cast.qin)
    return client


def upload(
    client: FlaskClient, address: str, *rows: Sequence[object], name: str = "名册.xlsx", content: bytes = b""
) -> Any:
    content = content or write_workbook([("名册", rows)])
    return client.post(address, data={"file": (io.BytesIO(content), name)})


def commit_address(page: str, prefix: str) -> str:
    assert f'action="{prefix}' in page, page
    return prefix + page.split(f'action="{prefix}')[1].split('"')[0]


def people(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Account)) or 0


def test_a_roster_is_checked_first_and_imported_whole(app: Flask, wu: FlaskClient, cast: Cast) -> None:
    add_unit(app, "A1", "甲厂一车间", parent=cast.unit_a)
    before = people(app)
    address = f"/units/{cast.unit_a.id}/roster"
    page = upload(wu, address, HEADING, ["张三", "10086", "", ""], ["李四", "", "13800009999", "A1"], ["林晓", "lin"])
    assert page.status_code == 200
    assert people(app) == before
    assert "张三、李四" in page.text
    commit = commit_address(page.text, f"{address}/")
    assert wu.post(commit).status_code == 303
    assert people(app) == before + 2
    with app.app_context():
        rows = db.session.execute(
            select(Account.login, Account.password_hash, Membership.state, Organization.code)
            .join(Membership, Membership.account_id == Account.id)
            .join(Organization, Organization.id == Membership.organization_id)
            .where(Account.login.in_(["a/10086", "13800009999"]))
            .order_by(Account.id)
        ).all()
    assert [tuple(row) for row in rows] == [
        ("a/10086", None, "confirmed", "A"),
        ("13800009999", None, "confirmed", "A1"),
    ]
    assert wu.post(commit).status_code == 409  # once only
    again = upload(wu, address, HEADING, ["张三", "10086", "", ""])
    assert "都已在单位里" in again.text


def test_claim_codes_are_downloaded_and_let_their_owners_in(app: Flask, wu: FlaskClient, cast: Cast) -> None:
    address = f"/units/{cast.unit_a.id}/roster"
    page = upload(wu, address, HEADING, ["张三", "10086", "", ""], ["=HYPERLINK", "x", "", ""])
    assert page.status_code == 422
    page = upload(wu, address, HEADING, ["张三", "10086", "", ""], ["李四", "", "13800009999", ""])
    wu.post(commit_address(page.text, f"{address}/"))
    lists = [wu.post(f"/units/{cast.unit_a.id}/claim-codes.xlsx") for _ in range(2)]
    assert all((answer.mimetype or "").endswith("sheet") for answer in lists)
    old, new = (read_tables(answer.data, "codes.xlsx")[0].rows for answer in lists)
    assert [row[2:5] for row in new[1:]] == [["张三", "10086", ""], ["李四", "", "13800009999"]]
    claim = {"unit_code": "A", "new_password": "Zhiliang-2027", "repeat": "Zhiliang-2027", "consent": "y"}

    def claimed(number: str, code: str) -> int:
        form = {**claim, "number": number, "code": code}
        return int(app.test_client().post("/claim", data=form).status_code)

    assert claimed("10086", old[1][5]) == 422  # the second list ended the first
    assert claimed("10086", new[2][5]) == 422  # another's code
    assert claimed("10086", new[1][5]) == 303
    assert claimed("13800009999", new[2][5]) == 303
    assert wu.post(f"/units/{cast.unit_a.id}/claim-codes.xlsx").status_code == 303  # nobody is left
    with app.app_context():
        actions = list(db.session.scalars(select(AuditEntry.action)))
        facts = str(list(db.session.scalars(select(AuditEntry.facts))))
    assert actions.count("issue_claim_codes") == 2
    assert new[1][5] not in facts
    assert new[1][5].replace("-", "") not in facts


def test_one_fault_keeps_the_whole_roster_out_and_says_where(app: Flask, wu: FlaskClient, cast: Cast) -> None:
    before = people(app)
    page = upload(
        wu,
        f"/units/{cast.unit_a.id}/roster",
        ["甲厂名册"],
        HEADING,
        ["张三", "10086", "", ""],
        ["", "10087", "", ""],
        ["王五", "", "12345", ""],
        ["赵六", "10088", "", "B"],
    )
    assert page.status_code == 422
    for sentence in ("第 4 行", "没有姓名", "第 5 行", "“手机号”列", "第 6 行", "不在您负责的范围内"):
        assert sentence in page.text
    assert f"/units/{cast.unit_a.id}/roster/" not in page.text
    assert people(app) == before


def test_a_roster_that_was_true_when_checked_is_checked_again(app: Flask, wu: FlaskClient, cast: Cast) -> None:
    address = f"/units/{cast.unit_a.id}/roster"
    page = upload(wu, address, HEADING, ["张三", "10086", "", ""], ["李四", "10087", "", ""])
    form = {
        "name": "抢先",
        "staff_number": "10086",
        "phone": "",
        "new_password": "Zhiliang-2027",
        "repeat": "Zhiliang-2027",
        "consent": "y",
    }
    assert app.test_client().post("/join/JOINA", data=form).status_code == 303
    before = people(app)
    assert wu.post(commit_address(page.text, f"{address}/")).status_code == 409
    assert people(app) == before


def test_anothers_upload_cannot_be_committed(app: Flask, wu: FlaskClient, qin: FlaskClient, cast: Cast) -> None:
    address = f"/units/{cast.unit_a.id}/roster"
    commit = commit_address(upload(wu, address, HEADING, ["张三", "1", "", ""]).text, f"{address}/")
    assert qin.post(commit).status_code == 409
    assert wu.post(commit.replace(f"/{cast.unit_a.id}/", f"/{cast.unit_b.id}/")).status_code == 404
    assert wu.post(f"{address}/..%2F..%2Fsecret_key").status_code in (404, 405, 409)


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("名册.xlsx", b"not a workbook", 422),
        ("名册.xlsx", b"PK\x03\x04 broken", 422),
        ("名册.csv", "姓名,工号\n张三,1\n".encode("gbk"), 200),
        ("名册.csv", "姓名,工号\n张三,1\n".encode(), 200),
        ("名册.csv", b'name,no\n"Lin,1', 422),
        ("../../名册.csv", "姓名,工号\n张三,1\n".encode(), 200),
        ("x" * 300 + ".csv", "姓名,工号\n张三,1\n".encode(), 200),
        ("名册", "姓名,工号\n张三,1\n".encode(), 422),
        ("名册.csv", b"\xef\xbb\xbf", 422),
    ],
)
def test_files_of_every_kind_get_a_sentence(
    app: Flask, wu: FlaskClient, cast: Cast, name: str, content: bytes, status: int
) -> None:
    answer = upload(wu, f"/units/{cast.unit_a.id}/roster", name=name, content=content)
    assert answer.status_code == status
    assert "<h1>" in answer.text
    assert ('type="file"' in answer.text) == (
        status == 422
    )  # a refused file leaves the person where another can be chosen


def test_no_file_and_too_large_a_file_get_a_sentence(app: Flask, wu: FlaskClient, cast: Cast) -> None:
    address = f"/units/{cast.unit_a.id}/roster"
    assert "请选择文件" in wu.post(address, data={}).text
    limit = app.config["MAX_CONTENT_LENGTH"]
    body = b"x" * (limit + 1)
    assert wu.post(address, data=body, content_type="multipart/form-data; boundary=x").status_code == 413


def test_the_template_is_read_back_as_a_roster(app: Flask, wu: FlaskClient, cast: Cast) -> None:
    template = wu.get("/units/roster-template.xlsx").data
    assert upload(wu, f"/units/{cast.unit_a.id}/roster", content=template).status_code == 200


UNITS = ["单位名称", "单位代码", "上级单位代码", "地区", "行业", "应参赛人数"]


def test_a_tree_is_checked_first_and_imported_whole(app: Flask, qin: FlaskClient, cast: Cast) -> None:
    address = "/admin/organizations/import"
    page = upload(
        qin,
        address,
        UNITS,
        ["乙厂二车间", "B2", "B", "", "", 7],
        ["丙厂", "C", "G", "陕西", "教育", 40],
        ["丙厂一部", "C1", "C", "", "", ""],
        ["甲厂", "A", "", "", "", 11],
    )
    assert page.status_code == 200
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Organization)) == 3
    assert qin.post(commit_address(page.text, f"{address}/")).status_code == 303
    with app.app_context():
        units = {unit.code: unit for unit in db.session.scalars(select(Organization))}
        assert set(units) == {"G", "A", "B", "B2", "C", "C1"}
        assert units["C1"].path == f"{units['C'].path}{units['C1'].id}/"
        assert (units["C1"].region, units["C1"].industry) == ("610000", "P")
        assert units["A"].headcount == 11
        assert len({unit.join_code for unit in units.values()}) == 6


def test_a_tree_with_one_fault_is_kept_out(app: Flask, qin: FlaskClient, cast: Cast) -> None:
    page = upload(
        qin, "/admin/organizations/import", UNITS, ["丙厂", "C", "没有", "", "", ""], ["丁厂", "D", "G", "火星", "", ""]
    )
    assert page.status_code == 422
    assert "火星" in page.text
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Organization)) == 3


def test_a_unit_is_made_changed_moved_and_deleted_by_hand(app: Flask, qin: FlaskClient, cast: Cast) -> None:
    form = {"name": "丙厂", "code": "c-1", "region": "", "industry": "", "league": "", "headcount": "5"}
    made = qin.post(f"/admin/organizations/new?parent={cast.group.id}", data=form)
    assert made.status_code == 303
    assert qin.post("/admin/organizations/new", data=form).status_code == 409  # the code is taken
    unit_id = int(made.location.rpartition("/")[2])
    edited = {
        "name": "丙厂（新）",
        "region": "610000",
        "industry": "C",
        "league": "甲组",
        "headcount": "",
        "is_central": "y",
    }
    assert qin.post(f"/admin/organizations/{unit_id}/edit", data=edited).status_code == 303
    with app.app_context():
        unit = db.session.get_one(Organization, unit_id)
        assert (unit.name, unit.code, unit.region, unit.headcount, unit.is_central) == (
            "丙厂（新）",
            "C-1",
            "610000",
            None,
            True,
        )
    assert qin.post(f"/admin/organizations/{unit_id}/move", data={"parent_code": "zz"}).status_code == 422
    assert qin.post(f"/admin/organizations/{unit_id}/move", data={"parent_code": "a"}).status_code == 303
    assert qin.post(f"/admin/organizations/{cast.group.id}/delete").status_code == 409
    assert qin.post(f"/admin/organizations/{unit_id}/delete").status_code == 303
    assert qin.get(f"/units/{unit_id}").status_code == 404


def test_a_moved_unit_takes_all_below_with_it(app: Flask, qin: FlaskClient, cast: Cast) -> None:
    shop = add_unit(app, "A1", "车间", parent=cast.unit_a)
    team = add_unit(app, "A11", "班组", parent=shop)
    assert qin.post(f"/admin/organizations/{cast.unit_a.id}/move", data={"parent_code": "B"}).status_code == 303
    above = f"/{cast.group.id}/{cast.unit_b.id}/{cast.unit_a.id}/"
    assert team.organization.path == f"{above}{shop.id}/{team.id}/"
    assert qin.post(f"/admin/organizations/{cast.unit_b.id}/move", data={"parent_code": "A11"}).status_code == 409
    assert qin.post(f"/admin/organizations/{cast.unit_b.id}/move", data={"parent_code": "B"}).status_code == 409
    assert qin.post(f"/admin/organizations/{cast.unit_a.id}/move", data={"parent_code": ""}).status_code == 303
    assert team.organization.path == f"/{cast.unit_a.id}/{shop.id}/{team.id}/"
    assert shop.organization.parent_id == cast.unit_a.id


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "x" * 121},
        {"code": ""},
        {"code": "x" * 21},
        {"code": "甲"},
        {"region": "999999"},
        {"industry": "?"},
        {"headcount": "0"},
        {"headcount": "many"},
        {"league": "x" * 41},
        {"path": "/1/"},
    ],
)
def test_odd_units_are_refused(qin: FlaskClient, cast: Cast, changes: dict[str, str]) -> None:
    form = {"name": "丙厂", "code": "C", "region": "", "industry": "", "league": "", "headcount": "", **changes}
    assert qin.post("/admin/organizations/new", data=form).status_code == 422


def test_a_roster_of_thousands_is_imported_at_once(app: Flask, wu: FlaskClient, cast: Cast) -> None:
    rows = [[f"员工{chr(0x4E00 + n)}", f"N{n}", "", ""] for n in range(2000)]
    address = f"/units/{cast.unit_a.id}/roster"
    page = upload(wu, address, HEADING, *rows)
    assert page.status_code == 200
    assert wu.post(commit_address(page.text, f"{address}/")).status_code == 303
    assert len(read_tables(wu.post(f"/units/{cast.unit_a.id}/claim-codes.xlsx").data, "a.xlsx")[0].rows) == 2001
