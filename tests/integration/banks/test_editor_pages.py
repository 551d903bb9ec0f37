"""The editor's pages, as a browser without scripts sends them; what scripts add is in tests/browser."""

import io
import json
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from werkzeug.test import TestResponse

from quizapp.banks import queries
from quizapp.banks.content import BankContent, English, Question, question_digest
from quizapp.banks.formats.own.project import write_yaml
from quizapp.banks.models import Bank, Picture
from quizapp.banks.pictures import read_picture
from quizapp.banks.versions.actions import publish_version, save_draft
from quizapp.clock import utc_now
from quizapp.extensions import db
from tests.cast import Cast, TinyBank, tiny_content
from tests.conftest import SignIn
from tests.uploads import send

pytestmark = pytest.mark.slow

FIRST, SECOND = tiny_content().questions[:2]


class Form(HTMLParser):
    """What a browser would send of the editor's form, pressing no button."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.action = ""
        self._inside = False
        self._text = self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form" and given.get("id") == "question-form":
            self._inside, self.action = True, given["action"]
        elif self._inside and tag == "textarea":
            self._text, self.fields[name] = name, ""
        elif self._inside and tag == "select":
            self._select = name
        elif self._inside and tag == "option" and ("selected" in given or self._select not in self.fields):
            self.fields[self._select] = given["value"]
        elif self._inside and tag == "input":
            if given.get("type") in ("checkbox", "radio"):
                if "checked" in given:
                    self.fields[name] = given["value"]
            elif given.get("type") != "file":
                self.fields[name] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        if tag == "textarea" and self._text:
            self.fields[self._text] = self.fields[self._text].removeprefix("\r\n").removeprefix("\n")
            self._text = ""

    def handle_data(self, data: str) -> None:
        if self._text:
            self.fields[self._text] += data


class Editor:
    """Somebody's browser at one bank."""

    def __init__(self, app: Flask, client: FlaskClient, bank_id: int) -> None:
        self.app, self.client, self.url = app, client, f"/admin/banks/{bank_id}"
        self.bank_id = bank_id

    def begin(self, **fields: int) -> TestResponse:
        return self.client.post(f"{self.url}/draft", data=fields)

    def content(self) -> BankContent:
        with self.app.app_context():
            return queries.version_content(self.draft_id())

    def draft_id(self) -> int:
        with self.app.app_context():
            draft = queries.draft_of(db.session.get_one(Bank, self.bank_id))
            assert draft is not None
            return draft.id

    def row(self, code: str) -> int:
        """The row of the draft's question with that code."""
        with self.app.app_context():
            version = queries.version_or_404(self.draft_id())
            codes = [question.code for question in queries.version_content(version.id).questions]
            return queries.question_ids_of(version)[codes.index(code)]

    def question(self, code: str) -> Question:
        return next(question for question in self.content().questions if question.code == code)

    def open(self, path: str) -> Form:
        page = self.client.get(path if path.startswith("/") else f"{self.url}/questions/{path}")
        assert page.status_code == 200, page.text
        return Form(page.text)

    def send(self, form: Form, do: str = "save", **typed: Any) -> TestResponse:
        """Press a button of the form, with some fields typed over; None takes one out."""
        fields = {**form.fields, "do": do, **{name.replace("__", "-"): value for name, value in typed.items()}}
        return self.client.post(form.action, data={name: value for name, value in fields.items() if value is not None})


@pytest.fixture
def editor(app: Flask, client: FlaskClient, cast: Cast, tiny_bank: TinyBank, sign_in: SignIn) -> Editor:
    """Qin at the tiny bank, with a draft begun from its first version."""
    editor = Editor(app, sign_in(client, cast.qin), tiny_bank.bank_id)
    editor.begin()
    return editor


def at_field(page: str, field: str) -> str:
    """What is said of a field on the page: its control is described by it."""
    control = re.search(rf'<[^>]*\bid="{field}"[^>]*>', page)
    assert control, f"no {field}"
    described = re.search(r'aria-describedby="([^"]*)"', control.group())
    notes = [
        re.search(rf'id="{name}">(.*?)</div>\s*(?:</div>|\n)', page, re.DOTALL)
        for name in (described[1].split() if described else ())
    ]
    return " ".join(note[1] for note in notes if note)


# A draft to edit in


def test_one_click_leads_from_the_newest_version_to_a_draft(
    app: Flask, client: FlaskClient, cast: Cast, tiny_bank: TinyBank, sign_in: SignIn
) -> None:
    qin = Editor(app, sign_in(client, cast.qin), tiny_bank.bank_id)
    assert "从第 1 版开始编辑" in client.get(qin.url).text
    assert "从第 1 版开始编辑" in client.get(f"/admin/banks/versions/{tiny_bank.version_id}").text
    answer = qin.begin()
    assert (answer.status_code, answer.location) == (303, f"/admin/banks/versions/{qin.draft_id()}")
    assert qin.content() == tiny_content()
    listed = client.get(answer.location).text
    assert f"{qin.url}/questions/new" in listed
    assert f"{qin.url}/questions/{qin.row('T01')}" in listed
    assert "从第 1 版开始编辑" not in client.get(qin.url).text
    assert "来自 第 1 版" in client.get(qin.url).text
    assert "（来自 第 1 版）" in client.get(f"{qin.url}/discard").text


def test_the_click_at_a_question_leads_to_that_question(
    app: Flask, client: FlaskClient, cast: Cast, tiny_bank: TinyBank, sign_in: SignIn
) -> None:
    qin = Editor(app, sign_in(client, cast.qin), tiny_bank.bank_id)
    with app.app_context():
        row = queries.question_ids_of(queries.version_or_404(tiny_bank.version_id))[3]
    page = client.get(f"/admin/banks/versions/{tiny_bank.version_id}/questions/{row}").text
    assert f'name="question" value="{row}"' in page
    assert qin.begin(question=row).location == f"{qin.url}/questions/{row}"
    assert qin.begin(question=98765).location == f"/admin/banks/versions/{qin.draft_id()}"


def test_without_a_draft_the_editor_leads_to_the_bank(
    app: Flask, client: FlaskClient, cast: Cast, tiny_bank: TinyBank, sign_in: SignIn
) -> None:
    sign_in(client, cast.qin)
    for path in ("new", "1"):
        answer = client.get(f"/admin/banks/{tiny_bank.bank_id}/questions/{path}", follow_redirects=True)
        assert "请先开始一份草稿" in answer.text
        assert "从第 1 版开始编辑" in answer.text
    assert client.get(f"/admin/banks/{tiny_bank.bank_id}/questions/1/remove").status_code == 404


# Writing


def test_a_question_that_is_opened_and_saved_stays_as_it_is(editor: Editor) -> None:
    for question in tiny_content().questions:
        answer = editor.send(editor.open(str(editor.row(question.code))))
        assert answer.status_code == 303, answer.text
        assert "没有改动" in editor.client.get(answer.location).text
    assert editor.content() == tiny_content()


def test_every_field_can_be_changed(editor: Editor) -> None:
    form = editor.open(str(editor.row("T01")))
    answer = editor.send(
        form,
        type="multiple",
        topic="T02",
        difficulty="hard",
        pool="practice",
        code="T02-100",
        stem="换了的\r\n题干",
        options__0__text="甲",
        options__1__text="乙",
        options__2__text="丙",
        options__3__text="",
        options__0__right=None,
        options__1__right="y",
        options__2__right="y",
        explanation="换了的解析",
        reference="GB/T 19000-2016",
        valid_from="2026-01-02",
        valid_to="2027-01-02",
        english_stem="Another stem",
        options__0__english="one",
        options__1__english="two",
        options__2__english="three",
        options__3__english="",
        english_explanation="Another explanation",
    )
    assert answer.status_code == 303, answer.text
    changed = editor.question("T02-100")
    assert changed.stem == "换了的\n题干"
    assert (changed.type, changed.topic, changed.difficulty, changed.pool) == ("multiple", "T02", "hard", "practice")
    assert (changed.options, changed.key_letters) == (("甲", "乙", "丙"), "BC")
    assert (changed.explanation, changed.reference) == ("换了的解析", "GB/T 19000-2016")
    assert (str(changed.valid_from), str(changed.valid_to)) == ("2026-01-02", "2027-01-02")
    assert changed.english == English("Another stem", ("one", "two", "three"), "Another explanation")
    assert editor.content().questions[0] == changed


def test_a_judgement_needs_no_options(editor: Editor) -> None:
    form = editor.open(str(editor.row("T01")))
    typed: dict[str, Any] = {name: "" for name in form.fields if name.startswith(("options-", "english"))}
    answer = editor.send(form, **{**typed, "type": "judge", "truth": "false", "options-0-right": None})
    assert answer.status_code == 303, answer.text
    changed = editor.question("T01")
    assert (changed.type, changed.options, changed.right) == ("judge", ("正确", "错误"), 2)
    again = editor.open(str(editor.row("T01")))
    assert (again.fields["type"], again.fields["truth"]) == ("judge", "false")


def test_errors_refuse_and_stand_at_their_fields_with_what_was_typed(editor: Editor) -> None:
    form = editor.open(str(editor.row("T01")))
    answer = editor.send(
        form, stem=" ", options__1__text="", options__1__right="y", valid_to="2026-02-31", code="T02", english_stem="X"
    )
    assert answer.status_code == 422
    assert editor.content() == tiny_content()
    assert "没有题干" in at_field(answer.text, "stem")
    assert "选项 B 是空的" in at_field(answer.text, "options-1-text")
    assert "单选题只能有一个答案" in at_field(answer.text, "options")
    assert "看不懂日期" in at_field(answer.text, "valid_to")
    again = Form(answer.text)
    assert (again.fields["valid_to"], again.fields["code"]) == ("2026-02-31", "T02")
    assert again.fields["options-1-right"] == "y"
    assert again.fields["seen"] == question_digest(FIRST)


def test_warnings_are_shown_and_allowed(editor: Editor) -> None:
    form = editor.open(str(editor.row("T01")))
    answer = editor.send(form, explanation="", reference="依据 GB/T 19001", english_explanation="")
    assert answer.status_code == 303
    assert editor.question("T01").explanation == ""
    page = editor.client.get(answer.location).text
    assert "处提醒" in page
    assert "提醒：没有解析" in at_field(page, "explanation")
    assert "没有写年份" in at_field(page, "reference")
    assert 'aria-invalid="true"' not in page


def test_a_double_is_told_by_its_code(editor: Editor) -> None:
    copied = editor.open(f"new?like={editor.row('T02')}")
    assert copied.fields["code"] == ""
    assert copied.fields["stem"] == SECOND.stem
    answer = editor.send(copied)
    assert answer.status_code == 422
    assert "（T02）" in at_field(answer.text, "stem")
    changed = editor.send(
        copied, stem="哪一件事与此无关？", options__0__text="一件全新的事", english_stem="What is it?"
    )
    assert changed.status_code == 303, changed.text
    assert len(editor.content().questions) == len(tiny_content().questions) + 1
    assert editor.question("T02") == SECOND


def test_a_new_question_is_written_from_nothing(editor: Editor) -> None:
    form = editor.open("new")
    texts = dict(zip(("options__0__text", "options__1__text"), ("策划", "处置"), strict=True))
    answer = editor.send(form, stem="PDCA 从哪里开始？", options__0__right="y", topic="T02", **texts)
    assert answer.status_code == 303, answer.text
    page = editor.client.get(answer.location)
    code = Form(page.text).fields["code"]
    new = editor.question(code)
    assert (new.stem, new.options, new.right, new.topic) == ("PDCA 从哪里开始？", ("策划", "处置"), 1, "T02")
    assert f"试题 {code} 已保存到草稿" in page.text


@pytest.mark.once
def test_rows_of_options_come_go_and_move_without_scripts(editor: Editor) -> None:
    form = editor.open(str(editor.row("T01")))
    before = [form.fields[f"options-{place}-text"] for place in range(4)]
    added = Form(editor.send(form, do="add").text)
    assert added.fields["options-4-text"] == ""
    moved = Form(editor.send(added, do="down-0", stem="写了一半").text)
    assert [moved.fields[f"options-{place}-text"] for place in range(5)] == [before[1], before[0], *before[2:], ""]
    assert ("options-1-right" in moved.fields, "options-0-right" in moved.fields) == (True, False)
    removed = Form(editor.send(moved, do="remove-2").text)
    assert [removed.fields[f"options-{place}-text"] for place in range(4)] == [before[1], before[0], before[3], ""]
    assert removed.fields["stem"] == "写了一半"
    assert editor.content() == tiny_content(), "only saving saves"
    answer = editor.send(removed, options__0__english="a", options__1__english="b", options__2__english="c")
    assert answer.status_code == 303, answer.text
    assert editor.question("T01").options == (before[1], before[0], before[3])
    assert editor.question("T01").key_letters == "B"


@pytest.mark.once
@pytest.mark.parametrize("do", ["up-0", "down-3", "remove-9", "up-x", "down-", "add-", "nonsense", "remove--1"])
def test_a_button_that_is_not_there_changes_nothing(editor: Editor, do: str) -> None:
    form = editor.open(str(editor.row("T01")))
    answer = editor.send(form, do=do)
    assert answer.status_code == 200
    rows = {name: value for name, value in Form(answer.text).fields.items() if name.startswith("options")}
    assert rows == {name: value for name, value in form.fields.items() if name.startswith("options")} or do == "add-"


@pytest.mark.once
def test_there_are_eight_options_at_most(editor: Editor) -> None:
    form = editor.open(str(editor.row("T01")))
    for _ in range(9):
        form = Form(editor.send(form, do="add").text)
    assert [name for name in form.fields if name.endswith("-text")] == [f"options-{place}-text" for place in range(8)]
    answer = editor.send(form, options__8__text="第九项", options__7__text="第八项")
    assert "options-8-text" not in answer.text


def test_a_forged_or_outdated_form_saves_nothing(editor: Editor) -> None:
    form = editor.open(str(editor.row("T01")))
    assert editor.send(form, stem="改", colour="red").status_code == 422
    assert editor.send(form, stem="改", topic="T77").status_code == 422
    without_token = {**form.fields, "stem": "改", "csrf_token": ""}
    assert editor.client.post(form.action, data=without_token, csrf=False).status_code == 400
    assert editor.content() == tiny_content()


# Two editors


@pytest.fixture
def ada(app: Flask, editor: Editor, cast: Cast, sign_in: SignIn) -> Editor:
    """The administrator at the same bank."""
    return Editor(app, sign_in(app.test_client(), cast.ada), editor.bank_id)


def test_the_second_of_two_editors_sees_what_the_first_has_made_of_it(editor: Editor, ada: Editor) -> None:
    mine, theirs = (each.open(str(each.row("T01"))) for each in (editor, ada))
    assert ada.send(theirs, explanation="艾达的解析").status_code == 303
    answer = editor.send(mine, explanation="秦悦的解析", stem="秦悦的题干")
    assert answer.status_code == 409
    assert "被别人改过" in answer.text
    assert "艾达的解析" in answer.text
    assert "试题 T01" in answer.text
    again = Form(answer.text)
    assert (again.fields["explanation"], again.fields["stem"]) == ("秦悦的解析", "秦悦的题干")
    assert editor.question("T01") == replace(FIRST, explanation="艾达的解析")
    assert editor.send(again).status_code == 303, "having seen it, she may"
    assert editor.question("T01").explanation == "秦悦的解析"


def test_two_who_save_different_questions_at_the_same_moment_both_have_a_part(
    editor: Editor, ada: Editor, app: Flask, cast: Cast
) -> None:
    for _ in range(3):
        forms = {each: each.open(str(each.row(code))) for each, code in ((editor, "T01"), (ada, "T02"))}
        barrier = threading.Barrier(2)
        answers: list[int] = []

        def save(who: Editor, form: Form, barrier: threading.Barrier = barrier, answers: list[int] = answers) -> None:
            barrier.wait()
            answers.append(who.send(form, explanation="同时写的").status_code)

        threads = [threading.Thread(target=save, args=each) for each in forms.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [303, 303]
        assert [editor.question(code).explanation for code in ("T01", "T02")] == ["同时写的"] * 2
        with app.app_context():
            contributors = queries.version_or_404(editor.draft_id()).contributors
        assert set(contributors) == {cast.qin.id, cast.ada.id}
        editor.client.post(f"{editor.url}/discard")
        editor.begin()


def test_what_was_typed_over_a_removed_question_can_be_kept_as_a_new_one(editor: Editor, ada: Editor) -> None:
    mine = editor.open(str(editor.row("T01")))
    confirmation = ada.client.get(f"{ada.url}/questions/{ada.row('T01')}/remove").text
    assert "草稿里现在有 14 题，删除后剩 13 题" in confirmation
    seen = re.search(r'name="seen"[^>]*value="(\w+)"', confirmation)
    assert seen
    assert ada.client.post(f"{ada.url}/questions/{ada.row('T01')}/remove", data={"seen": seen[1]}).status_code == 303
    answer = editor.send(mine, stem="还想留着的题干")
    assert answer.status_code == 409
    assert "已不在草稿里" in answer.text
    assert "会作为新题加入草稿" in answer.text
    again = Form(answer.text)
    assert again.fields["stem"] == "还想留着的题干"
    assert editor.send(again).status_code == 303
    assert editor.question("T01").stem == "还想留着的题干"


def test_a_question_that_changed_meanwhile_is_not_removed(editor: Editor, ada: Editor) -> None:
    row = editor.row("T01")
    ada.send(ada.open(str(row)), explanation="艾达的解析")
    answer = editor.client.post(f"{editor.url}/questions/{row}/remove", data={"seen": question_digest(FIRST)})
    assert answer.status_code == 409
    assert editor.client.post(f"{editor.url}/questions/{row}/remove").status_code == 409
    assert editor.question("T01").explanation == "艾达的解析"


def test_a_draft_that_was_published_meanwhile_loses_nobodys_words(editor: Editor, app: Flask, cast: Cast) -> None:
    mine = editor.open(str(editor.row("T01")))
    editor.send(editor.open(str(editor.row("T05"))), explanation="另外改的")
    with app.app_context():
        publish_version(db.session.get_one(Bank, editor.bank_id), actor=cast.ada.account, now=utc_now())
        db.session.commit()
    answer = editor.send(mine, stem="没有来得及保存")
    assert answer.status_code == 409
    assert "重新开始草稿" in answer.text
    begun = editor.send(Form(answer.text), do="begin")
    assert begun.status_code == 200
    assert Form(begun.text).fields["stem"] == "没有来得及保存"
    saved = editor.send(Form(begun.text))
    assert saved.status_code == 303, saved.text
    assert editor.question("T01").stem == "没有来得及保存"
    assert editor.question("T05").explanation == "另外改的"


def test_an_address_from_before_a_change_leads_to_the_question_as_it_is(editor: Editor) -> None:
    old = editor.row("T01")
    editor.send(editor.open(str(old)), explanation="改过的")
    now = editor.row("T01")
    assert editor.client.get(f"{editor.url}/questions/{old}?kind=single").location == (
        f"{editor.url}/questions/{now}?kind=single"
    )
    shown = f"/admin/banks/versions/{editor.draft_id()}/questions/"
    assert editor.client.get(f"{shown}{old}").location == f"{shown}{now}"


def test_another_banks_question_is_not_there(editor: Editor, app: Flask) -> None:
    with app.app_context():
        other = replace(tiny_content(), code="other", questions=(replace(FIRST, stem="别的题库的题"),))
        draft = save_draft(other, source_name="a", actor=None, now=utc_now())
        db.session.commit()
        theirs = queries.question_ids_of(draft)[0]
    for path in (f"{theirs}", f"{theirs}/remove", "987654", "987654/remove", f"new?like={theirs}"):
        assert editor.client.get(f"{editor.url}/questions/{path}").status_code == 404, path
    for path in (f"{theirs}", f"{theirs}/remove", "987654", "987654/remove"):
        assert editor.client.post(f"{editor.url}/questions/{path}", data={"seen": "0"}).status_code == 404, path
    assert editor.client.get(f"/admin/banks/versions/{editor.draft_id()}/questions/{theirs}").status_code == 404


def test_a_removed_question_stays_in_the_version_that_has_it(editor: Editor, tiny_bank: TinyBank) -> None:
    row = editor.row("T01")
    confirmation = editor.client.get(f"{editor.url}/questions/{row}/remove").text
    assert "第 1 版里的这道题不受影响" in confirmation
    answer = editor.client.post(
        f"{editor.url}/questions/{row}/remove?kind=single&page=1", data={"seen": question_digest(FIRST)}
    )
    assert answer.location == f"/admin/banks/versions/{editor.draft_id()}?kind=single&page=1"
    assert "试题 T01 已从草稿里删除" in editor.client.get(answer.location).text
    assert editor.client.get(f"{editor.url}/questions/{row}").status_code == 404
    page = editor.client.get(f"/admin/banks/versions/{tiny_bank.version_id}/questions/{row}")
    assert page.status_code == 200
    assert "在草稿里编辑" not in page.text


# Looking


def test_a_question_is_shown_as_participants_of_both_languages_get_it(editor: Editor) -> None:
    editor.send(
        editor.open(str(editor.row("T10"))), english_stem="Is it so?", english_explanation="Because.", truth="true"
    )
    page = editor.client.get(f"/admin/banks/versions/{editor.draft_id()}/questions/{editor.row('T10')}").text
    given = re.search(r'<script type="application/json" id="preview">(.*?)</script>', page, re.DOTALL)
    assert given
    preview = json.loads(given[1])
    assert (preview["zh"]["stem"], preview["zh"]["options"]) == (editor.question("T10").stem, ["正确", "错误"])
    assert (preview["en"]["stem"], preview["en"]["options"]) == ("Is it so?", ["True", "False"])
    assert preview["en"]["explanation"] == "Because."


def test_from_question_to_question_of_the_narrowed_list(editor: Editor) -> None:
    listed = editor.client.get(f"/admin/banks/versions/{editor.draft_id()}?kind=judge").text
    first, second = editor.row("T10"), editor.row("T11")
    assert f"/questions/{first}?kind=judge" in listed
    page = editor.client.get(f"{editor.url}/questions/{first}?kind=judge").text
    assert f'href="{editor.url}/questions/{second}?kind=judge" rel="next"' in page
    assert 'rel="prev"' not in page
    answer = editor.send(Form(page), explanation="改过的")
    assert answer.location == f"{editor.url}/questions/{editor.row('T10')}?kind=judge"
    assert f"/admin/banks/versions/{editor.draft_id()}?kind=judge" in editor.client.get(answer.location).text


def test_one_goes_on_from_a_question_that_is_no_longer_what_was_asked_for(editor: Editor) -> None:
    answer = editor.send(
        editor.open(f"{editor.row('T11')}?kind=judge"), type="single", options__0__text="甲", options__1__text="乙",
        options__0__english="a", options__1__english="b", options__0__right="y",
    )  # fmt: skip
    page = editor.client.get(answer.location).text
    for code, way in (("T10", "prev"), ("T12", "next")):
        assert f'href="{editor.url}/questions/{editor.row(code)}?kind=judge" rel="{way}"' in page


def test_a_draft_that_somebody_edits_meanwhile_is_neither_discarded_nor_undone(
    editor: Editor, ada: Editor, client: FlaskClient
) -> None:
    client.post(f"{editor.url}/discard")
    report = send(client, "a.yaml", write_yaml(replace(tiny_content(), title="另一个名称")).encode()).location
    client.post(f"{report}/save")
    for page in (f"{editor.url}/discard", f"{report}/undo"):
        asked = client.get(page).text
        seen = re.search(r'name="digest"[^>]*value="(\w+)"', asked)
        assert seen
        ada.send(ada.open(str(ada.row("T01"))), explanation=f"艾达在{page}之前写的")
        answer = client.post(page, data={"digest": seen[1]})
        assert (answer.status_code, "草稿保持原样" in answer.text) == (409, True)
    assert "新增、修改或删除了 1 题，这些改动也会失去" in client.get(f"{report}/undo").text
    assert "其中 1 题是第 1 版里没有的，或与那一版不同" in client.get(f"{editor.url}/discard").text
    seen = re.search(r'name="digest"[^>]*value="(\w+)"', client.get(f"{report}/undo").text)
    assert seen
    assert client.post(f"{report}/undo", data={"digest": seen[1]}).status_code == 303


def test_questions_are_found_by_their_english_too(editor: Editor) -> None:
    editor.send(editor.open(str(editor.row("T10"))), english_stem="Zero defects is a goal.", english_explanation="Yes.")
    url = f"/admin/banks/versions/{editor.draft_id()}"
    assert "符合条件的有 1 题" in editor.client.get(f"{url}?text=zero DEFECTS").text


def test_an_auditor_looks_and_changes_nothing(editor: Editor, app: Flask, cast: Cast, sign_in: SignIn) -> None:
    jun = sign_in(app.test_client(), cast.jun)
    row, draft = editor.row("T01"), editor.draft_id()
    for path in (f"/admin/banks/versions/{draft}/questions/{row}", f"/admin/banks/versions/{draft}"):
        looked = jun.get(path)
        assert looked.status_code == 200
        assert f"{editor.url}/questions/" not in looked.text
        assert "data-once" not in looked.text
    for path in ("new", f"{row}", f"{row}/remove"):
        assert jun.get(f"{editor.url}/questions/{path}").status_code == 403
        assert jun.post(f"{editor.url}/questions/{path}").status_code == 403
    assert jun.post(f"{editor.url}/draft").status_code == 403


# Pictures


def drawn(colour: str = "red", kind: str = "PNG", size: tuple[int, int] = (8, 6)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    ("into", "field"),
    [("stem", "stem"), ("C", "options-2-text"), ("F", "options-5-text"), ("explanation", "explanation")],
)
def test_a_picture_goes_into_the_text_that_was_chosen(editor: Editor, app: Flask, into: str, field: str) -> None:
    form = editor.open(str(editor.row("T01")))
    answer = editor.send(
        form,
        do="picture",
        picture=(io.BytesIO(drawn(kind="WEBP")), "图.webp"),
        picture_into=into,
        picture_shows="一张[红]图",
    )
    assert answer.status_code == 200, answer.text
    with app.app_context():
        (row,) = db.session.scalars(select(Picture)).all()
        assert row.in_use is False
    again = Form(answer.text)
    assert again.fields[field].endswith(f"![一张 红 图](sha256:{row.digest})")
    assert editor.content() == tiny_content()
    if into == "F":
        return  # the empty options before it are another matter
    saved = editor.send(again)
    assert saved.status_code == 303, saved.text
    with app.app_context():
        assert db.session.scalars(select(Picture.in_use)).all() == [True]
    shown = editor.client.get(f"/admin/banks/versions/{editor.draft_id()}").text
    assert f'src="/pictures/{row.digest}.png" alt="一张 红 图"' in shown


@pytest.mark.once
@pytest.mark.parametrize(
    ("file", "words"),
    [
        (None, "没有选择图片"),
        (lambda: b"", "图片不是 PNG、JPEG 或 WebP"),
        (lambda: b"GIF89a", "图片不是 PNG、JPEG 或 WebP"),
        (lambda: drawn()[:45], "图片打不开"),
        (lambda: drawn(size=(4001, 4000)), "图片太大"),  # half a second, not to be spent wherever tests are collected
    ],
    ids=["none", "empty", "other kind", "cut off", "too large"],
)
def test_a_bad_picture_is_refused_at_its_field_and_nothing_is_lost(
    editor: Editor, app: Flask, file: Callable[[], bytes] | None, words: str
) -> None:
    form = editor.open(str(editor.row("T01")))
    typed: dict[str, Any] = {"stem": "写了一半"}
    if file is not None:
        typed["picture"] = (io.BytesIO(file()), "a.png")
    answer = editor.send(form, do="picture", **typed)
    assert answer.status_code == 422
    assert words in at_field(answer.text, "picture")
    assert Form(answer.text).fields["stem"] == "写了一半"
    with app.app_context():
        assert db.session.scalars(select(Picture)).all() == []


def test_a_picture_that_was_chosen_and_not_put_anywhere_is_asked_about(editor: Editor, app: Flask) -> None:
    form = editor.open(str(editor.row("T01")))
    answer = editor.send(form, stem="写了一半", picture=(io.BytesIO(drawn()), "a.png"))
    assert answer.status_code == 422
    assert "选好的图片还没有加入" in at_field(answer.text, "picture")
    assert editor.content() == tiny_content()
    assert editor.send(Form(answer.text)).status_code == 303
    assert editor.question("T01").stem == "写了一半"


def test_a_picture_that_is_not_stored_is_an_error(editor: Editor) -> None:
    token = f"![图](sha256:{read_picture(drawn('blue')).digest})"
    answer = editor.send(editor.open(str(editor.row("T01"))), stem=f"看图 {token}")
    assert answer.status_code == 422
    assert "图片“图”" in at_field(answer.text, "stem")
