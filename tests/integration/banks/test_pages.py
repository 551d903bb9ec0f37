"""The organizers' pages: upload, report, draft, publishing, comparing; and who may do what."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from quizapp.banks import queries
from quizapp.banks.checking.surroundings import Choices
from quizapp.banks.content import BankContent, content_digest
from quizapp.banks.formats.own.project import write_yaml
from quizapp.banks.formats.tables.sheets import read_tables
from quizapp.banks.formats.tables.template import headings, write_csv, write_xlsx
from quizapp.banks.models import Bank, BankUpload, BankVersion
from quizapp.banks.uploads.actions import add_upload
from quizapp.banks.uploads.jobs import check_upload
from quizapp.banks.versions.actions import save_draft
from quizapp.clock import utc_now
from quizapp.extensions import db
from quizapp.web.spreadsheets import read_tables as read_workbook
from quizapp.web.spreadsheets import write_workbook
from tests.cast import Cast, TinyBank, tiny_content
from tests.conftest import SignIn
from tests.uploads import send, send_as_program

pytestmark = pytest.mark.slow


@pytest.fixture
def qin(client: FlaskClient, cast: Cast, sign_in: SignIn) -> FlaskClient:
    """The organizer's browser."""
    return sign_in(client, cast.qin)


def changed() -> BankContent:
    """The tiny bank with another key, another explanation, one question less and one more."""
    first, second, _third, *rest = tiny_content().questions
    new = replace(first, code="NEW", stem="新的一题", options=("一", "二", "三", "四"))
    return replace(tiny_content(), questions=(replace(first, right=2), replace(second, explanation="改写"), *rest, new))


def drafted(app: Flask, content: BankContent) -> tuple[int, int]:
    """Save a draft; its bank's id and its own."""
    with app.app_context():
        draft = save_draft(content, source_name="a.yaml", actor=None, now=utc_now())
        db.session.commit()
        return draft.bank_id, draft.id


def test_an_empty_site_offers_the_upload(qin: FlaskClient) -> None:
    page = qin.get("/admin/banks/")
    assert page.status_code == 200
    assert "还没有题库" in page.text
    assert "/admin/banks/upload" in page.text


def test_from_the_file_to_the_published_version(app: Flask, qin: FlaskClient) -> None:
    report = send(qin, "题库.yaml", write_yaml(tiny_content()).encode())
    assert report.status_code == 303
    page = qin.get(report.location)
    assert "可以导入" in page.text
    assert "保存为草稿" in page.text
    saved = qin.post(report.location + "/save")
    assert saved.status_code == 303
    draft = qin.get(saved.location)
    assert "第 1 题的题干" in draft.text
    with app.app_context():
        bank = db.session.scalars(select(Bank)).one()
        assert queries.latest_version(bank) is None
        bank_id = bank.id
    confirmation = qin.get(f"/admin/banks/{bank_id}/publish")
    assert "14" in confirmation.text
    digest = content_digest(tiny_content())
    assert digest in confirmation.text
    done = qin.post(f"/admin/banks/{bank_id}/publish", data={"digest": digest})
    assert done.status_code == 303
    page = qin.get(done.location)
    assert "第 1 版已发布" in page.text
    assert digest in page.text
    with app.app_context():
        version = db.session.scalars(select(BankVersion)).one()
        assert (version.number, version.digest) == (1, digest)
        assert version.published_by is not None


def test_a_file_with_errors_saves_nothing_and_says_where(app: Flask, qin: FlaskClient) -> None:
    rows = [
        ["题型", "题干", "选项A", "选项B", "答案", "章节"],
        ["判断题", "对吗？", "", "", "V", "T01 基础"],
        ["单选题", "=哪个？", "甲", "乙", "A", "T01 基础"],
    ]
    response = send(qin, "题库.xlsx", write_workbook([("题目", rows)]), code="new", title="新题库")
    page = qin.get(response.location)
    assert "需要修改" in page.text
    assert "工作表“题目” 第 2 行 E 列 答案" in page.text
    assert "有两种读法：“正确”，或一个字母" in page.text
    assert "保存为草稿" not in page.text
    assert qin.post(response.location + "/save").status_code == 409
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Bank)) == 0


@pytest.mark.once
def test_the_faulty_rows_come_back_with_their_reasons(qin: FlaskClient) -> None:
    good, bad = ["单选题", "=哪个？", "甲", "乙", "A", "T01"], ["单选题", "=1+1 得几？", "二", "三", "AB", "T01"]
    table = [["题型", "题干", "选项A", "选项B", "答案", "章节"], good, bad]
    response = send(qin, "a.xlsx", write_workbook([("第一章", table)]), code="new", title="新题库")
    file = qin.get(response.location + "/faulty.xlsx")
    (sheet,) = read_workbook(file.data, "faulty.xlsx")
    assert sheet.sheet == "第一章"
    assert sheet.rows[0] == [*table[0], "错误原因"]
    assert (sheet.rows[1][:-1], len(sheet.rows)) == (bad, 2)
    assert "[E] 单选题只能有一个答案" in sheet.rows[1][-1]
    # Mended, the file reads as before: the added column is no trouble.
    assert "columns_unused" not in {finding.code for finding in read_tables("b.xlsx", [sheet]).findings}


@pytest.mark.once
def test_the_faulty_questions_of_a_yaml_file_come_back_in_the_template(qin: FlaskClient) -> None:
    text = write_yaml(tiny_content()).replace("key: AC", "key: A", 1)
    response = send(qin, "a.yaml", text.encode())
    (sheet,) = read_workbook(qin.get(response.location + "/faulty.xlsx").data, "faulty.xlsx")
    assert sheet.rows[0] == [*headings(), "错误原因"]
    assert sheet.rows[1][1] == "第 7 题的题干"


@pytest.mark.once
def test_without_faulty_rows_there_is_no_such_file(qin: FlaskClient) -> None:
    response = send(qin, "a.yaml", write_yaml(tiny_content()).encode())
    assert qin.get(response.location + "/faulty.xlsx").status_code == 404


@pytest.mark.once
def test_a_program_gets_the_report_as_json(qin: FlaskClient) -> None:
    response = send_as_program(qin, "a.yaml", write_yaml(tiny_content()).replace("key: AC", "key: A", 1).encode())
    report = response.get_json()
    assert (response.status_code, report["verdict"], report["questions"], len(report["items"])) == (
        422,
        "reject",
        14,
        13,
    )
    (finding,) = [each for each in report["findings"] if each["severity"] == "error"]
    assert finding["code"] == "multiple_one_key"
    assert finding["where"]["file"] == "a.yaml"
    assert finding["where"]["line"] > 1
    assert {item["type"]: item["answer"] for item in report["items"]} == {
        "single": "A",
        "multiple": "AC",
        "judge": True,
    }
    good = send_as_program(qin, "a.yaml", write_yaml(tiny_content()).encode())
    assert (good.status_code, good.get_json()["verdict"]) == (200, "accept")


@pytest.mark.once
def test_the_page_and_the_json_of_one_upload_agree(qin: FlaskClient) -> None:
    data = write_yaml(tiny_content()).replace("key: AC", "key: A", 1).encode()
    at_once = send_as_program(qin, "a.yaml", data).get_json()
    later = qin.get(send(qin, "a.yaml", data).location + "/report.json").get_json()
    assert later == at_once


def test_a_spreadsheet_for_a_known_bank_needs_neither_code_nor_topics(
    app: Flask, qin: FlaskClient, tiny_bank: TinyBank
) -> None:
    response = send(qin, "a.csv", write_csv(changed()), bank="tiny")
    saved = qin.post(response.location + "/save")
    assert saved.status_code == 303
    with app.app_context():
        draft = queries.draft_of(db.session.get_one(Bank, tiny_bank.bank_id))
        assert draft is not None
        assert queries.version_content(draft.id) == changed()


def test_a_file_of_another_bank_than_the_chosen_one_is_refused(qin: FlaskClient, tiny_bank: TinyBank) -> None:
    other = replace(tiny_content(), code="other")
    page = qin.get(send(qin, "a.yaml", write_yaml(other).encode(), bank="tiny").location)
    assert "文件属于题库“other”，而您选择的是“tiny”" in page.text


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_the_template_of_a_bank_can_be_filled_in_and_uploaded(
    qin: FlaskClient, tiny_bank: TinyBank, ending: str
) -> None:
    file = qin.get(f"/admin/banks/template.{ending}?bank={tiny_bank.bank_id}")
    assert file.headers["Content-Disposition"] == f"attachment; filename=tiny.{ending}"
    source = read_tables("t", read_workbook(file.data, f"t.{ending}"))
    assert (source.findings, source.entries) == ((), ())
    assert source.header.code == ("tiny" if ending == "xlsx" else "")
    assert qin.get(f"/admin/banks/template.{ending}").status_code == 200


@pytest.mark.once
def test_other_templates_are_not_there(qin: FlaskClient) -> None:
    assert qin.get("/admin/banks/template.docx").status_code == 404
    assert qin.get("/admin/banks/template.xlsx?bank=77").status_code == 404


def test_questions_are_searched_and_filtered(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    url = f"/admin/banks/versions/{tiny_bank.version_id}"
    assert "符合条件的有 14 题" in qin.get(url).text
    assert "符合条件的有 4 题" in qin.get(url + "?kind=judge").text
    assert "符合条件的有 1 题" in qin.get(url + "?kind=judge&pool=practice").text
    assert "符合条件的有 7 题" in qin.get(url + "?topic=T02").text
    found = qin.get(url + "?text=题3选项乙")
    assert "第 3 题的题干" in found.text
    assert "第 4 题的题干" not in found.text
    assert "没有符合条件的试题" in qin.get(url + "?text=没有这样的").text
    assert "符合条件的有 14 题" in qin.get(url + "?kind=essay&page=1").text


def test_long_lists_have_pages(app: Flask, qin: FlaskClient) -> None:
    sample = tiny_content().questions[0]
    many = tuple(replace(sample, code=f"Q{n:02}", stem=f"第 {n} 问", right=1 << n % 4) for n in range(45))
    _, draft_id = drafted(app, replace(tiny_content(), questions=many))
    page = qin.get(f"/admin/banks/versions/{draft_id}?page=3")
    assert "第 44 问" in page.text
    assert "第 39 问" not in page.text
    assert qin.get(f"/admin/banks/versions/{draft_id}?page=99").status_code == 200
    assert qin.get(f"/admin/banks/versions/{draft_id}?page=x").status_code == 200


def test_the_comparison_shows_key_changes_first(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    bank_id, draft_id = drafted(app, changed())
    page = qin.get(f"/admin/banks/{bank_id}/differences?old={tiny_bank.version_id}&new={draft_id}").text
    assert page.index('id="keys-1">T01<') < page.index('id="changed-1">T02<')
    assert page.count("答案有变</span>") == 1
    assert "新的一题" in page
    assert qin.get(f"/admin/banks/{bank_id}/differences").text.count("selected") == 3
    assert qin.get(f"/admin/banks/{bank_id}/differences?old=9999").status_code == 404
    confirmation = qin.get(f"/admin/banks/{bank_id}/publish").text
    assert "新增 1 题，删除 1 题，修改 2 题，其中答案有变的 1 题" in confirmation


def test_one_version_alone_has_nothing_to_compare(qin: FlaskClient, tiny_bank: TinyBank) -> None:
    assert qin.get(f"/admin/banks/{tiny_bank.bank_id}/differences").status_code == 404
    assert "/differences" not in qin.get(f"/admin/banks/{tiny_bank.bank_id}").text


def test_a_draft_that_changed_meanwhile_is_not_published(app: Flask, qin: FlaskClient) -> None:
    bank_id, _ = drafted(app, tiny_content())
    drafted(app, changed())
    response = qin.post(f"/admin/banks/{bank_id}/publish", data={"digest": content_digest(tiny_content())})
    assert response.status_code == 409
    assert "草稿在您查看之后有了改动" in response.text
    with app.app_context():
        assert queries.latest_version(db.session.get_one(Bank, bank_id)) is None


def test_publishing_without_the_digest_is_refused(app: Flask, qin: FlaskClient) -> None:
    bank_id, _ = drafted(app, tiny_content())
    assert qin.post(f"/admin/banks/{bank_id}/publish").status_code == 409


def test_a_draft_is_discarded_after_a_question(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    bank_id, draft_id = drafted(app, changed())
    assert "14 题" in qin.get(f"/admin/banks/{bank_id}/discard").text
    assert qin.post(f"/admin/banks/{bank_id}/discard").status_code == 303
    assert qin.get(f"/admin/banks/versions/{draft_id}").status_code == 404
    assert qin.get(f"/admin/banks/{bank_id}/discard").status_code == 404
    assert qin.post(f"/admin/banks/{bank_id}/discard").status_code == 409


@pytest.mark.once
def test_a_version_can_be_downloaded_in_every_format(qin: FlaskClient, tiny_bank: TinyBank) -> None:
    url = f"/admin/banks/versions/{tiny_bank.version_id}/content"
    assert qin.get(url + ".yaml").text == write_yaml(tiny_content())
    assert qin.get(url + ".csv").data == write_csv(tiny_content())
    assert len(read_workbook(qin.get(url + ".xlsx").data, "a.xlsx")) == 3
    assert qin.get(url + ".docx").status_code == 404


@pytest.mark.once
@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.xlsx", b"", "文件是空的"),
        ("a.csv", b"\xef\xbb\xbf", "文件是空的"),
        ("a.xlsx", b"PK\x03\x04truncated", "文件不完整或已损坏"),
        ("a.csv", write_xlsx(tiny_content()), "内容与后缀不符"),
        ("a.yaml", write_xlsx(tiny_content()), "像是 Office 文件"),
        ("a.json", write_yaml(tiny_content()).encode(), "写法无法识别"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "旧版 Excel"),
        ("a.xlsx", b"<html><table></table></html>", "文件内容是网页"),
        ("a.exe", b"MZ", "不能读取“.exe”文件"),
        ("noending", b"x", "不能读取“noending”文件"),
        ("../../etc/passwd.yaml", b"a: [", "passwd.yaml"),
        ("a\x00b.yaml", b"a: [", "写法无法识别"),
        ("名" * 300 + ".yaml", b"a: [", "写法无法识别"),
        ("a.csv", '题型,题干,答案\n单选题,"没有结束,A'.encode(), "引号没有成对"),
        ("a.csv", "题型,题干,选项A,选项B,答案,章节\n多选题,题干,甲,乙,A,B,T01".encode(), "逗号没有加引号"),
    ],
)
def test_each_kind_of_bad_file_gets_its_sentence(
    qin: FlaskClient, app: Flask, name: str, data: bytes, words: str
) -> None:
    response = send(qin, name, data, code="new", title="新题库")
    assert response.status_code == 303
    page = qin.get(response.location)
    assert page.status_code == 200
    assert words in page.text
    assert qin.post(response.location + "/save").status_code in (409,)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Bank)) == 0


@pytest.mark.once
def test_a_form_without_a_file_or_with_a_bad_code_says_so_at_the_field(qin: FlaskClient) -> None:
    page = send(qin, "", b"")
    assert (page.status_code, "请选择一个文件" in page.text) == (422, True)
    page = send(qin, "a.yaml", b"a: b", code="大写 TQM")
    assert (page.status_code, "请用小写字母、数字和短横线" in page.text) == (422, True)
    page = send(qin, "a.yaml", b"a: b", bank="no-such-bank")
    assert page.status_code == 422
    page = send(qin, "a.yaml", b"a: b", colour="red")
    assert page.status_code == 422


@pytest.mark.once
def test_a_file_over_the_limit_is_refused(qin: FlaskClient) -> None:
    size = {"CONTENT_LENGTH": str(8 * 1024 * 1024 + 1)}
    assert qin.post("/admin/banks/upload", data=b"x", environ_overrides=size).status_code == 413


def test_old_reports_are_cleared_away(app: Flask, qin: FlaskClient) -> None:
    from datetime import timedelta

    old = send(qin, "a.yaml", b"a: b").location
    with app.app_context():
        db.session.scalars(select(BankUpload)).one().created_at = utc_now() - timedelta(days=8)
        db.session.commit()
    send(qin, "b.yaml", b"a: b")
    assert qin.get(old).status_code == 404


def test_the_same_file_twice_gives_two_reports_and_one_draft(app: Flask, qin: FlaskClient) -> None:
    data = write_yaml(tiny_content()).encode()
    for location in (send(qin, "a.yaml", data).location, send(qin, "a.yaml", data).location):
        assert qin.post(location + "/save").status_code == 303
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(BankVersion)) == 1


@pytest.mark.once
def test_english_pages_say_english_things(qin: FlaskClient, tiny_bank: TinyBank) -> None:
    qin.set_cookie("quiz_language", "en")
    page = qin.get(send(qin, "a.yaml", b"a: [").location)
    assert "Please check indentation" in page.text
    assert "Question banks" in qin.get("/admin/banks/").text


# Who may do what: see also tests/integration/access.


def places(app: Flask, cast: Cast) -> dict[str, int]:
    """A bank with a version and a draft, and a rejected upload."""
    bank, draft = drafted(app, changed())
    with app.app_context():
        text = write_yaml(tiny_content()).replace("key: AC", "key: A", 1)
        upload = add_upload("a.yaml", text.encode(), choices=Choices(), actor=cast.qin.account, now=utc_now())
        db.session.commit()
        check_upload(upload.id)
        return {"bank": bank, "draft": draft, "upload": upload.id}


@pytest.mark.once
def test_an_auditor_is_shown_no_button_that_would_be_refused(
    app: Flask, cast: Cast, tiny_bank: TinyBank, sign_in: SignIn
) -> None:
    client = sign_in(app.test_client(), cast.jun)
    known = places(app, cast)
    pages = ("", "{bank}", "{bank}/publish", "{bank}/discard", "versions/{draft}", "uploads/{upload}")
    for url in pages:
        text = client.get(f"/admin/banks/{url.format(**known)}").text
        assert "data-once" not in text, url
        assert "/admin/banks/upload" not in text.replace("/admin/banks/uploads", ""), url


@pytest.mark.parametrize(
    "url", ["/admin/banks/77", "/admin/banks/versions/77", "/admin/banks/uploads/77", "/admin/banks/77/publish"]
)
def test_what_is_not_there_is_not_found(qin: FlaskClient, url: str) -> None:
    assert qin.get(url).status_code == 404


@pytest.mark.once
def test_a_forged_form_is_refused(app: Flask, qin: FlaskClient, cast: Cast) -> None:
    bank_id, _ = drafted(app, tiny_content())
    assert qin.post(f"/admin/banks/{bank_id}/discard", csrf=False).status_code == 400
    with app.app_context():
        assert queries.draft_of(db.session.get_one(Bank, bank_id)) is not None
