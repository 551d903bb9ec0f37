"""An upload on its way: waiting, checking, checked or failed; checked again; saved and taken back as one batch."""

import csv
import io
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from quizapp.accounts.models import AuditEntry
from quizapp.banks import queries, sandbox
from quizapp.banks.checking import lookup
from quizapp.banks.checking.surroundings import Choices, Surroundings
from quizapp.banks.content import BankContent, content_digest, question_digest
from quizapp.banks.formats.own.project import write_yaml
from quizapp.banks.formats.tables.template import headings
from quizapp.banks.models import Bank, BankUpload, BankVersion
from quizapp.banks.uploads import jobs
from quizapp.banks.uploads.actions import add_upload, save_upload
from quizapp.clock import utc_now
from quizapp.extensions import db
from quizapp.web.spreadsheets import read_tables
from tests.cast import Cast, TinyBank, tiny_content
from tests.conftest import SignIn
from tests.uploads import send, send_as_program, wait_for_check

pytestmark = pytest.mark.slow

TABLE = "题型,题干,选项A,选项B,答案,章节\n"
FOREIGN = TABLE + "单选题,哪个？,甲,乙,A,\n简答题,为什么？,,,因为,\n"


@pytest.fixture
def qin(client: FlaskClient, cast: Cast, sign_in: SignIn) -> FlaskClient:
    """The organizer's browser."""
    return sign_in(client, cast.qin)


def waiting(app: Flask, cast: Cast, content: bytes = b"", name: str = "a.yaml") -> str:
    """An upload whose check has not begun; its page."""
    with app.app_context():
        kept = add_upload(name, content or tiny_yaml(), choices=Choices(), actor=cast.qin.account, now=utc_now())
        db.session.commit()
        return f"/admin/banks/uploads/{kept.id}"


def tiny_yaml(content: BankContent | None = None) -> bytes:
    return write_yaml(content or tiny_content()).encode()


def shortened(count: int) -> BankContent:
    return replace(tiny_content(), questions=tiny_content().questions[:count])


def upload_of(page: str) -> BankUpload:
    return db.session.get_one(BankUpload, int(page.rpartition("/")[2]))


def draft_content(app: Flask) -> BankContent | None:
    """What the only bank's draft holds."""
    with app.app_context():
        draft = queries.draft_of(db.session.scalars(select(Bank)).one())
        return queries.version_content(draft.id) if draft else None


# On its way


def test_the_page_shows_how_far_the_check_is_and_then_the_report(app: Flask, cast: Cast, qin: FlaskClient) -> None:
    page = waiting(app, cast)
    shown = qin.get(page).text
    assert "正在检查" in shown
    assert "正在排队" in shown
    assert 'http-equiv="refresh"' in shown  # for browsers without scripts
    assert qin.get(f"{page}/report.json").status_code == 409
    assert qin.post(f"{page}/save").status_code == 409
    with app.app_context():
        jobs.check_upload(upload_of(page).id)
    assert "可以导入" in qin.get(page).text
    assert qin.get(f"{page}/state.json").get_json()["state"] == "checked"


def test_the_state_is_small_and_not_sent_twice(app: Flask, cast: Cast, qin: FlaskClient) -> None:
    page = waiting(app, cast)
    answer = qin.get(f"{page}/state.json")
    assert len(answer.data) < 300
    assert answer.get_json() == {"state": "waiting", "progress": 0, "text": "正在排队，前面的文件检查完就轮到它。"}
    again = qin.get(f"{page}/state.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    with app.app_context():
        kept = upload_of(page)
        kept.state, kept.progress, kept.question_count = "checking", 50, 14
        db.session.commit()
    moved = qin.get(f"{page}/state.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert (moved.status_code, moved.get_json()["text"]) == (200, "读到 14 题，正在逐题检查。")


@pytest.mark.parametrize("state", ["waiting", "checking"])
def test_a_check_that_died_is_called_interrupted_and_can_be_done_again(
    app: Flask, cast: Cast, qin: FlaskClient, state: str
) -> None:
    page = waiting(app, cast)
    with app.app_context():
        kept = upload_of(page)
        kept.state, kept.touched_at = state, utc_now() - queries.SILENCE + timedelta(seconds=5)
        db.session.commit()
    assert "检查中断了" not in qin.get(page).text
    assert qin.post(f"{page}/again").status_code == 409  # it may still come to its end
    with app.app_context():
        upload_of(page).touched_at = utc_now() - queries.SILENCE - timedelta(seconds=1)
        db.session.commit()
    assert qin.get(f"{page}/state.json").get_json()["state"] == "interrupted"
    shown = qin.get(page).text
    assert "检查中断了" in shown
    assert "再检查一次" in shown
    assert 'http-equiv="refresh"' not in shown
    again = qin.post(f"{page}/again")
    assert wait_for_check(qin, again.location) == "checked"
    assert "可以导入" in qin.get(again.location).text


def test_a_check_that_fails_says_so_and_can_be_done_again(
    app: Flask, cast: Cast, qin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "MEMORY_BYTES", "not a number")  # the child can't even begin
    answer = send(qin, "a.yaml", tiny_yaml())
    assert "文件的结构无法识别" in qin.get(answer.location).text
    monkeypatch.setattr(sandbox, "READER", None)  # nor can the parent
    answer = send(qin, "a.yaml", tiny_yaml())
    assert "检查没有完成，题库没有任何改动" in qin.get(answer.location).text
    monkeypatch.undo()
    again = qin.post(f"{answer.location}/again")
    assert wait_for_check(qin, again.location) == "checked"


def test_too_many_uploads_at_once_are_told_so(
    app: Flask, cast: Cast, qin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [jobs._places.acquire(blocking=False) for _ in range(jobs.AT_ONCE)]
    try:
        answer = send(qin, "a.yaml", tiny_yaml())
        assert "正在检查其他人的文件" in qin.get(answer.location).text
    finally:
        for _ in filter(None, held):
            jobs._places.release()
    monkeypatch.setattr(sandbox, "WAIT_S", 0.01)
    monkeypatch.setattr(jobs, "TRIES", 2)
    with sandbox.turn(), sandbox.turn():
        again = qin.post(f"{answer.location}/again")
        assert wait_for_check(qin, again.location) == "failed"
        program = send_as_program(qin, "a.yaml", tiny_yaml())
        assert (program.status_code, program.get_json()["error"]["code"]) == (503, "check_busy")
        assert int(program.headers["Retry-After"]) > 0


def test_a_check_keeps_nobody_from_writing(
    app: Flask, cast: Cast, qin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the child works, and while the bank is read for it, nobody waits: on SQLite that would hold up every answer."""
    written: list[int] = []
    real, known = sandbox.check_file, lookup.surroundings

    def write() -> None:
        with app.app_context(), db.engine.begin() as other:
            other.exec_driver_sql("UPDATE bank_upload SET failure = failure")
            written.append(1)

    def check_file(*arguments: Any) -> sandbox.Checked:
        write()
        return real(*arguments)

    def surroundings(*arguments: Any, **more: Any) -> Surroundings:
        found = known(*arguments, **more)
        write()
        return found

    monkeypatch.setattr(sandbox, "check_file", check_file)
    monkeypatch.setattr(lookup, "surroundings", surroundings)
    assert send_as_program(qin, "a.yaml", tiny_yaml()).status_code == 200
    assert qin.get(send(qin, "a.yaml", tiny_yaml()).location).status_code == 200
    assert written == [1] * 4


# What the organiser chooses


def test_kinds_that_we_do_not_have_are_left_out_when_that_is_chosen(qin: FlaskClient) -> None:
    refused = send(qin, "a.csv", FOREIGN.encode(), code="new", title="新题库")
    shown = qin.get(refused.location).text
    assert "第 2 题是“简答题”" in shown
    assert "可以略去它们，再检查一次" in shown
    again = qin.post(f"{refused.location}/again", data={"leave_out": "y"})
    assert wait_for_check(qin, again.location) == "checked"
    shown = qin.get(again.location).text
    assert "可以导入，有提醒" in shown
    assert "第 2 题是“简答题”，本系统没有这种题型，已略去" in shown  # named all the same
    at_once = send_as_program(qin, "a.csv", FOREIGN.encode(), code="new", title="新题库", leave_out="y")
    assert (at_once.status_code, len(at_once.get_json()["items"])) == (200, 1)


def test_a_bank_that_nobody_has_named_is_named_without_another_upload(app: Flask, qin: FlaskClient) -> None:
    refused = send(qin, "a.csv", (TABLE + "单选题,哪个？,甲,乙,A,改进\n").encode())
    shown = qin.get(refused.location).text
    assert "没有题库编号" in shown
    assert "不必重新上传：在这里填写编号和名称" in shown
    mistyped = qin.post(f"{refused.location}/again", data={"code": "New!", "title": "新题库"})
    assert wait_for_check(qin, mistyped.location) == "checked"
    again = qin.post(f"{mistyped.location}/again", data={"code": "new"})  # the title stays
    assert wait_for_check(qin, again.location) == "checked"
    with app.app_context():
        content = queries.upload_content(upload_of(again.location))
    assert (content.code, content.title) == ("new", "新题库")
    assert 'name="title"' not in qin.get(again.location).text


def test_questions_without_a_topic_go_to_the_one_that_is_chosen(app: Flask, qin: FlaskClient) -> None:
    table = (TABLE + "单选题,哪个？,甲,乙,A,\n").encode()
    answer = send(qin, "a.csv", table, code="new", title="新题库", topic="T07 工具")
    with app.app_context():
        content = queries.upload_content(upload_of(answer.location))
    assert (content.topics, content.questions[0].topic) == ({"T07": "工具"}, "T07")


def test_the_format_that_is_chosen_beats_the_ending(qin: FlaskClient) -> None:
    assert "不能读取“.bak”文件" in qin.get(send(qin, "a.bak", tiny_yaml()).location).text
    assert "可以导入" in qin.get(send(qin, "a.bak", tiny_yaml(), format="yaml").location).text
    assert send(qin, "a.bak", tiny_yaml(), format="no-such").status_code == 422


def test_a_file_is_checked_again_only_where_it_is_still_there(app: Flask, qin: FlaskClient) -> None:
    page = send(qin, "a.yaml", tiny_yaml()).location
    again = qin.post(f"{page}/again").location
    assert wait_for_check(qin, again) == "checked"
    assert qin.post(f"{page}/again").status_code == 409  # its file went on
    assert "换一种方式再检查" not in qin.get(page).text
    assert qin.post(f"{again}/again", data={"format": "no-such"}).status_code == 422


def test_the_file_is_not_kept_once_it_is_saved(app: Flask, qin: FlaskClient) -> None:
    page = send(qin, "a.yaml", tiny_yaml()).location
    assert qin.post(f"{page}/save").status_code == 303
    with app.app_context():
        assert upload_of(page).file is None


def test_what_cannot_be_stored_in_a_name_does_not_stop_the_report(qin: FlaskClient) -> None:
    bad = b'{"code": "a\\u0000b", "title": "t", "topics": {"T01": "x"}, "questions": []}'
    assert "题库编号" in qin.get(send(qin, "a.json", bad).location).text


# Saved, and taken back


def test_undo_brings_the_draft_back_that_was_there_before(app: Flask, qin: FlaskClient) -> None:
    first = send(qin, "first.yaml", tiny_yaml()).location
    qin.post(f"{first}/save")
    before = draft_content(app)
    second = send(qin, "second.yaml", tiny_yaml(replace(shortened(5), title="改了名的题库"))).location
    qin.post(f"{second}/save")
    assert draft_content(app) != before
    asked = qin.get(f"{second}/undo").text
    assert "来自 second.yaml 的 5 题将整批移出草稿" in asked
    assert "草稿恢复为之前的 14 题（来自 first.yaml）" in asked
    done = qin.post(f"{second}/undo", follow_redirects=True)
    assert "已撤销，草稿恢复为之前的内容" in done.text
    assert "撤销保存。" in done.text
    assert draft_content(app) == before
    with app.app_context():
        bank = db.session.scalars(select(Bank)).one()
        draft = queries.draft_of(bank)
        assert draft is not None
        assert (bank.title, draft.source_name, draft.number) == (tiny_content().title, "first.yaml", None)
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "undo_bank_upload")).one()
        assert entry.facts == {"bank": "tiny", "source": "second.yaml", "questions": 5, "restored": "first.yaml"}
    # The first can be undone in its turn, and the second saved again.
    assert "之前没有草稿" in qin.get(f"{first}/undo").text
    assert qin.post(f"{first}/undo").status_code == 303
    assert draft_content(app) is None
    assert qin.post(f"{second}/save").status_code == 303
    assert draft_content(app) == replace(shortened(5), title="改了名的题库")


def test_saving_twice_at_once_is_saving_once(app: Flask, cast: Cast, qin: FlaskClient) -> None:
    """A double click, or two organizers: undone, it brings back what was there before either."""
    page = send(qin, "a.yaml", tiny_yaml()).location
    barrier = threading.Barrier(2)
    drafts: list[int] = []

    def save() -> None:
        with app.app_context():
            upload = upload_of(page)
            db.session.rollback()
            barrier.wait()
            drafts.append(save_upload(upload, actor=cast.qin.account, now=utc_now()).id)
            db.session.commit()

    threads = [threading.Thread(target=save) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(drafts) == 2
    assert drafts[0] == drafts[1]
    assert qin.post(f"{page}/undo").status_code == 303
    assert draft_content(app) is None


def test_saving_again_takes_nothing_back_that_was_edited_since(app: Flask, qin: FlaskClient) -> None:
    page = send(qin, "a.yaml", tiny_yaml()).location
    address = qin.post(f"{page}/save").location
    with app.app_context():
        draft = queries.version_or_404(int(address.rpartition("/")[2]))
        edited = queries.question_ids_of(draft)[0]
        removed = {"seen": question_digest(tiny_content().questions[0])}
        question = f"/admin/banks/{draft.bank_id}/questions/{edited}"
    assert qin.post(f"{question}/remove", data=removed).status_code == 303
    before = draft_content(app)
    assert qin.post(f"{page}/save").location == address
    assert draft_content(app) == before


def test_a_saved_upload_can_be_undone_from_the_page_of_its_bank(
    app: Flask, qin: FlaskClient, tiny_bank: TinyBank
) -> None:
    page = send(qin, "a.yaml", tiny_yaml(shortened(5))).location
    qin.post(f"{page}/save")
    assert f"{page}/undo" in qin.get(f"/admin/banks/{tiny_bank.bank_id}").text
    assert f"{page}/undo" in qin.get(page).text
    qin.post(f"{page}/undo")
    assert "/undo" not in qin.get(f"/admin/banks/{tiny_bank.bank_id}").text


def test_what_is_published_is_not_undone(app: Flask, qin: FlaskClient) -> None:
    page = send(qin, "a.yaml", tiny_yaml()).location
    qin.post(f"{page}/save")
    with app.app_context():
        bank_id = db.session.scalars(select(Bank.id)).one()
    digest = content_digest(tiny_content())
    assert qin.post(f"/admin/banks/{bank_id}/publish", data={"digest": digest}).status_code == 303
    assert qin.get(f"{page}/undo").status_code == 404
    answer = qin.post(f"{page}/undo")
    assert (answer.status_code, "不能再撤销" in answer.text) == (409, True)
    with app.app_context():
        version = db.session.scalars(select(BankVersion)).one()
        assert (version.number, version.digest) == (1, digest)


@pytest.mark.parametrize("deed", ["discard", "replace", "twice"])
def test_what_is_no_longer_the_draft_is_not_undone(app: Flask, qin: FlaskClient, deed: str) -> None:
    page = send(qin, "a.yaml", tiny_yaml()).location
    qin.post(f"{page}/save")
    with app.app_context():
        bank_id = db.session.scalars(select(Bank.id)).one()
    if deed == "discard":
        qin.post(f"/admin/banks/{bank_id}/discard")
    elif deed == "replace":
        qin.post(f"{send(qin, 'b.yaml', tiny_yaml(shortened(3))).location}/save")
    else:
        qin.post(f"{page}/undo")
    before = draft_content(app)
    assert qin.post(f"{page}/undo").status_code == 409
    assert draft_content(app) == before


def test_a_saved_upload_stays_as_long_as_it_can_be_undone(app: Flask, qin: FlaskClient) -> None:
    page = send(qin, "a.yaml", tiny_yaml()).location
    qin.post(f"{page}/save")
    with app.app_context():
        upload_of(page).created_at = utc_now() - timedelta(days=30)
        db.session.commit()
    send(qin, "b.yaml", b"a: b")
    assert qin.post(f"{page}/undo").status_code == 303
    send(qin, "c.yaml", b"a: b")
    assert qin.get(page).status_code == 404


def test_an_import_on_the_command_line_can_be_undone_too(
    app: Flask, qin: FlaskClient, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("bank") / "a.yaml"
    path.write_bytes(tiny_yaml())
    assert app.test_cli_runner().invoke(args=["banks", "import", str(path)]).exit_code == 0
    with app.app_context():
        upload_id = db.session.scalars(select(BankUpload.id)).one()
    assert qin.post(f"/admin/banks/uploads/{upload_id}/undo").status_code == 303
    assert draft_content(app) is None


# The rows that come back


def test_faulty_questions_of_a_file_that_is_no_table_come_back_in_our_columns(qin: FlaskClient) -> None:
    kinds = tiny_yaml().replace(b"type: judge", "type: 填空题".encode(), 1)
    page = send(qin, "a.yaml", kinds).location
    (sheet,) = read_tables(qin.get(f"{page}/faulty.xlsx").data, "faulty.xlsx")
    assert sheet.rows[0] == [*headings(), "错误原因"]
    (row,) = sheet.rows[1:]
    assert row[0] == "填空题"
    assert "本系统没有这种题型" in row[-1]
    # Mended in the sheet, it can be uploaded as it is.
    mended = io.StringIO()
    csv.writer(mended).writerows([sheet.rows[0], ["判断题", *row[1:]]])
    again = send(qin, "b.csv", mended.getvalue().encode(), code="tiny", title="小题库")
    assert "可以导入" in qin.get(again.location).text


def test_uploads_leave_no_trace_in_other_tables(app: Flask, qin: FlaskClient) -> None:
    send(qin, "a.yaml", tiny_yaml())
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Bank)) == 0
        assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == 0
