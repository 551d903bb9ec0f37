"""The pages of versions: what they share, who uses them, what changed, retirement, review, and how often questions were drawn."""

import html
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from quizapp.attempts.models import ExposureCount, QuestionExposure
from quizapp.banks import queries
from quizapp.banks.content import BankContent
from quizapp.banks.models import Bank, BankVersion, Question, VersionQuestion, VersionReview
from quizapp.banks.versions.actions import publish_version, save_draft
from quizapp.clock import utc_now
from quizapp.extensions import db
from tests.cast import Cast, Person, TinyBank, add_competition, tiny_content
from tests.conftest import SignIn

NOW = utc_now()
PAST: dict[str, Any] = {"opens_at": NOW - timedelta(days=9), "closes_at": NOW - timedelta(days=1), "primed": False}


@pytest.fixture
def qin(client: FlaskClient, cast: Cast, sign_in: SignIn) -> FlaskClient:
    """The organizer's browser."""
    return sign_in(client, cast.qin)


@pytest.fixture
def ada(app: Flask, cast: Cast, sign_in: SignIn) -> FlaskClient:
    """The administrator's browser."""
    return sign_in(app.test_client(), cast.ada)


def changed() -> BankContent:
    """The tiny bank with another key, an option reworded in both languages, one question less and one more."""
    first, second, _third, *rest = tiny_content().questions
    assert second.english
    english = replace(second.english, options=("Choice A of 2", *second.english.options[1:]))
    second = replace(second, options=("题2备选甲", *second.options[1:]), english=english)
    new = replace(first, code="NEW", stem="新的一题", options=("一", "二", "三", "四"), english=None)
    return replace(tiny_content(), questions=(replace(first, right=2), second, *rest, new))


def saved(app: Flask, content: BankContent, person: Person | None = None, *, publish: bool = False) -> tuple[int, int]:
    """A draft, or a version that its uploader published; its bank's id and its own."""
    with app.app_context():
        actor = person.account if person else None
        version = save_draft(content, source_name="a.yaml", actor=actor, now=NOW)
        if publish:
            publish_version(version.bank, actor=actor, now=NOW)
        db.session.commit()
        return version.bank_id, version.id


def plain(page: str) -> str:
    """What is read of a page, without tags and with single blanks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


# Sharing


def test_versions_store_what_they_share_once(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    """Of 14 questions two changed, one went and one came: 11 rows serve both, 3 were added."""
    bank_id, version_id = saved(app, changed(), publish=True)
    with app.app_context():
        rows = {
            version: set(
                db.session.scalars(select(VersionQuestion.question_id).where(VersionQuestion.version_id == version))
            )
            for version in (tiny_bank.version_id, version_id)
        }
        shared = rows[tiny_bank.version_id] & rows[version_id]
        assert (len(shared), len(rows[version_id])) == (11, 14)
        assert db.session.scalar(select(func.count()).select_from(Question)) == 14 + 3
        first, second = queries.version_content(tiny_bank.version_id), queries.version_content(version_id)
        assert set(first.questions) & set(second.questions) == set(tiny_content().questions[3:])
    assert "与第 1 版共用 11 题" in qin.get(f"/admin/banks/{bank_id}").text
    saved(app, replace(changed(), questions=changed().questions[:5]))
    assert "与第 2 版共用 5 题" in qin.get(f"/admin/banks/{bank_id}").text


# Who uses which version


def test_the_time_line_says_who_uses_which_version(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    bank_id, version_id = saved(app, changed(), publish=True)
    add_competition(app, tiny_bank.version_id, now=NOW, title="去年的竞赛", **PAST)
    add_competition(app, version_id, now=NOW, primed=False, title="今年的竞赛", bank_four_eyes=True)
    page = qin.get(f"/admin/banks/{bank_id}").text
    newer, older = page.split("第 1 版</h3>") if "第 1 版</h3>" in page else re.split(r"<h3>第 1 版", page)
    assert "今年的竞赛" in newer
    assert "题库须经两人" in newer
    assert "今年的竞赛" not in older
    assert "去年的竞赛" in older
    assert "已截止" in older
    assert "今年的竞赛" in qin.get(f"/admin/banks/versions/{version_id}").text
    assert "去年的竞赛" not in qin.get(f"/admin/banks/versions/{version_id}").text


# Differences


def test_the_differences_are_marked_word_by_word(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    bank_id, draft_id = saved(app, changed())
    page = qin.get(f"/admin/banks/{bank_id}/differences").text
    assert page.index('id="keys-1">T01<') < page.index('id="changed-1">T02<') < page.index('id="added-1">NEW<')
    assert page.index('id="added-1">NEW<') < page.index('id="removed-1">T03<')
    assert '<del><span class="visually-hidden">删去：</span>A 题1选项甲</del>' in page
    assert '<ins><span class="visually-hidden">新增：</span>B 题1选项乙</ins>' in page
    assert '题2<del><span class="visually-hidden">删去：</span>选项</del>甲' in page
    assert 'lang="en"><del><span class="visually-hidden">删去：</span>Option</del> A of 2' in page
    assert 'lang="en"><ins><span class="visually-hidden">新增：</span>Choice</ins> A of 2' in page
    assert "英文译文 选项 A" in plain(page)
    assert (page.count("<del>"), page.count("<ins>")) == (3, 3)
    keys = qin.get(f"/admin/banks/{bank_id}/differences?show=keys").text
    assert ('id="keys-1"' in keys, 'id="changed-1"' in keys, 'id="added-1"' in keys) == (True, False, False)
    assert qin.get(f"/admin/banks/{bank_id}/differences?show=nonsense").status_code == 200
    assert draft_id


def test_a_long_comparison_has_pages(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    many = tuple(
        replace(tiny_content().questions[0], code=f"Q{n:02}", stem=f"第 {n} 问", english=None) for n in range(60)
    )
    bank_id, _ = saved(app, replace(tiny_content(), questions=(*tiny_content().questions, *many)))
    first = qin.get(f"/admin/banks/{bank_id}/differences").text
    second = qin.get(f"/admin/banks/{bank_id}/differences?page=2").text
    assert ("第 1 问" in first, "第 59 问" in first, "第 59 问" in second) == (True, False, True)


def test_an_order_alone_and_a_renamed_topic_are_told(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    content = tiny_content()
    bank_id, _ = saved(app, replace(content, questions=content.questions[::-1]))
    assert "只有次序不同" in qin.get(f"/admin/banks/{bank_id}/differences").text
    saved(app, replace(content, title="小题库新名", topics={**content.topics, "T01": "质量管理入门"}))
    page = qin.get(f"/admin/banks/{bank_id}/differences").text
    assert '小题库<ins><span class="visually-hidden">新增：</span>新名</ins>' in page
    assert '质量管理<ins><span class="visually-hidden">新增：</span>入门</ins>' in page


# Retirement


def test_a_version_is_retired_with_its_reason_and_that_is_shown_where_versions_are_chosen(
    app: Flask, qin: FlaskClient, ada: FlaskClient, tiny_bank: TinyBank
) -> None:
    draft = add_competition(app, tiny_bank.version_id, now=NOW, primed=False, published_at=None, title="明年的竞赛").id
    running = add_competition(app, tiny_bank.version_id, now=NOW, primed=False, title="正在进行的竞赛").id
    address = f"/admin/banks/versions/{tiny_bank.version_id}/retire"
    question = plain(qin.get(address).text)
    assert "不受影响的竞赛（1 个） 正在进行的竞赛" in question
    assert "要换版本才能发布的竞赛草稿（1 个） 明年的竞赛" in question
    assert qin.post(address, data={"reason": "  "}).status_code == 422
    assert qin.post(address, data={"reason": "长" * 201}).status_code == 422
    assert qin.post(address, data={"reason": "第 3 题有误"}).status_code == 303
    assert qin.post(address, data={"reason": "再次"}).status_code == 409
    assert qin.get(address).status_code == 409
    for page in (
        f"/admin/banks/{tiny_bank.bank_id}",
        "/admin/banks/",
        f"/admin/banks/versions/{tiny_bank.version_id}",
        f"/admin/competitions/{running}",
        f"/admin/competitions/{draft}/publish",
        f"/admin/competitions/{draft}/edit",
        "/admin/competitions/",
    ):
        assert "已停用" in qin.get(page).text, page
    for page in (f"/admin/banks/{tiny_bank.bank_id}", f"/admin/competitions/{draft}/publish"):
        assert "第 3 题有误" in qin.get(page).text, page
    assert "还没有发布的题库" in qin.get("/admin/competitions/new").text
    assert qin.post(f"/admin/competitions/{draft}/publish").status_code == 422
    assert "已停用（第 3 题有误）" in plain(qin.get(f"/admin/competitions/{running}/copy").text)
    back = f"/admin/banks/versions/{tiny_bank.version_id}/bring-back"
    assert "恢复使用" in ada.get(back).text
    assert ada.post(back).status_code == 303
    assert ada.post(back).status_code == 409
    assert "已停用" not in qin.get(f"/admin/competitions/{draft}/publish").text


def test_a_retirement_is_final_once_a_newer_version_is_out(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    qin.post(f"/admin/banks/versions/{tiny_bank.version_id}/retire", data={"reason": "旧版"})
    with app.app_context():
        draft = save_draft(changed(), source_name="a.yaml", actor=None, now=utc_now())
        publish_version(draft.bank, actor=None, now=utc_now())
        db.session.commit()
    back = f"/admin/banks/versions/{tiny_bank.version_id}/bring-back"
    assert "停用之后已发布第 2 版" in qin.get(back).text
    refused = qin.post(back)
    assert (refused.status_code, "停用之后已发布第 2 版" in refused.text) == (409, True)


def test_a_draft_has_no_retirement_and_no_review(app: Flask, qin: FlaskClient) -> None:
    _, draft_id = saved(app, changed())
    for deed in ("retire", "bring-back", "review"):
        assert qin.get(f"/admin/banks/versions/{draft_id}/{deed}").status_code == 404


# Four eyes


def test_who_uploaded_is_told_that_another_must_publish(
    app: Flask, qin: FlaskClient, ada: FlaskClient, cast: Cast, tiny_bank: TinyBank
) -> None:
    add_competition(app, tiny_bank.version_id, now=NOW, primed=False, title="两人竞赛", bank_four_eyes=True)
    bank_id, _ = saved(app, changed(), cast.qin)
    own = qin.get(f"/admin/banks/{bank_id}/publish").text
    assert "竞赛“两人竞赛”要求题库须经两人：上传或修改过草稿的人（秦悦）不能自己发布" in own
    assert "确认发布" not in own
    digest = re.search(r'name="digest"[^>]*value="(\w+)"', own)
    assert digest
    refused = qin.post(f"/admin/banks/{bank_id}/publish", data={"digest": digest[1]})
    assert (refused.status_code, "两人竞赛" in refused.text) == (409, True)
    assert "确认发布" in ada.get(f"/admin/banks/{bank_id}/publish").text
    assert ada.post(f"/admin/banks/{bank_id}/publish", data={"digest": digest[1]}).status_code == 303
    assert "秦悦 上传或修改 · 艾达 发布" in plain(qin.get(f"/admin/banks/{bank_id}").text)


def test_a_review_by_another_opens_the_way(app: Flask, qin: FlaskClient, ada: FlaskClient, cast: Cast) -> None:
    _, version_id = saved(app, changed(), cast.qin, publish=True)
    draft = add_competition(
        app, version_id, now=NOW, primed=False, published_at=None, bank_four_eyes=True, attempts_total=1
    ).id
    publish = f"/admin/competitions/{draft}/publish"
    assert "请没有参与修改的人在题库页面复核这一版" in ada.get(publish).text
    review = f"/admin/banks/versions/{version_id}/review"
    assert "复核…" not in qin.get(f"/admin/banks/versions/{version_id}").text
    assert "不能由您复核" in qin.get(review).text
    assert qin.post(review).status_code == 409
    assert "复核…" in ada.get(f"/admin/banks/versions/{version_id}").text
    assert ada.post(review).status_code == 303
    assert ada.post(review).status_code == 409
    with app.app_context():
        assert db.session.scalars(select(VersionReview.account_id)).all() == [cast.ada.id]
    assert "艾达 复核" in qin.get(f"/admin/banks/versions/{version_id}").text
    assert "请没有参与修改的人" not in qin.get(publish).text


# Exposure


@pytest.fixture
def expose(app: Flask, tiny_bank: TinyBank) -> Callable[..., int]:
    """`expose(T01=30)`: a competition that is over, in which these questions were drawn so often; its id."""

    def make(attempts: int = 100, **drawn: int) -> int:
        competition = add_competition(app, tiny_bank.version_id, now=NOW, title="去年的竞赛", **PAST)
        with app.app_context():
            closes_at = competition.competition.closes_at
            count: dict[str, Any] = {
                "closes_at": closes_at,
                "last_account_id": 0,
                "last_ordinal": 0,
                "finished_at": NOW,
            }
            db.session.add(ExposureCount(competition_id=competition.id, attempts=attempts, **count))
            for code, times in drawn.items():
                row = db.session.scalars(select(Question.id).where(Question.code == code)).one()
                db.session.add(QuestionExposure(competition_id=competition.id, question_id=row, drawn=times))
            db.session.commit()
        return competition.id

    return make


def listed(page: str) -> list[str]:
    """The codes of a version's list, in its order."""
    return re.findall(r'id="question-\d+"><a [^>]*>(\w+)</a>', page)


def test_questions_are_listed_by_how_often_they_were_drawn(
    qin: FlaskClient, tiny_bank: TinyBank, expose: Callable[..., int]
) -> None:
    address = f"/admin/banks/versions/{tiny_bank.version_id}"
    assert "自动统计每题被抽到的次数" in qin.get(address).text
    expose(T02=30, T05=45)
    expose(T02=20)
    page = qin.get(f"{address}?sort=most").text
    assert listed(page)[:3] == ["T02", "T05", "T01"]
    assert "抽到 50 次" in page
    assert "2 个已结束的竞赛、200 份答卷" in page
    assert listed(qin.get(f"{address}?sort=least").text)[-1] == "T02"
    assert listed(qin.get(address).text)[:2] == ["T01", "T02"]
    with qin.application.app_context():
        row = db.session.scalars(select(Question.id).where(Question.code == "T02")).one()
    single = plain(qin.get(f"{address}/questions/{row}").text)
    assert "一共抽到 50 次" in single
    assert "去年的竞赛 30 30.0%" in single


def test_one_goes_from_question_to_question_in_the_order_of_the_list(
    qin: FlaskClient, tiny_bank: TinyBank, expose: Callable[..., int]
) -> None:
    expose(T02=50, T05=45)
    address = f"/admin/banks/versions/{tiny_bank.version_id}/questions"
    with qin.application.app_context():
        rows = dict(db.session.execute(select(Question.code, Question.id)).all())
    page = qin.get(f"{address}/{rows['T05']}?sort=most").text
    assert f'href="{address}/{rows["T02"]}?sort=most" rel="prev"' in page
    assert f'href="{address}/{rows["T01"]}?sort=most" rel="next"' in page
    assert 'rel="prev"' not in qin.get(f"{address}/{rows['T02']}?sort=most").text


def test_what_was_drawn_too_often_goes_to_the_practice_pool_of_the_next_draft(
    app: Flask, qin: FlaskClient, tiny_bank: TinyBank, expose: Callable[..., int]
) -> None:
    expose(T01=10, T02=30, T05=31, T13=99)  # T13 is for practice already
    address = f"/admin/banks/{tiny_bank.bank_id}/overexposed"
    assert "移到草稿的练习题池" not in qin.get(address).text
    assert "没有正式题抽到超过 31 次" in qin.get(f"{address}?over=31").text
    page = qin.get(f"{address}?over=29").text
    assert "2 道正式题抽到超过 29 次" in page
    assert re.findall(r'<th scope="row" class="nowrap">(\w+)<', page) == ["T05", "T02"]
    for wrong in ("x", "-1", "99999999999"):
        assert "移到草稿的练习题池" not in qin.get(f"{address}?over={wrong}").text
        assert qin.post(address, data={"over": wrong}).status_code == 422
    assert qin.post(address, data={"over": "31"}).status_code == 409
    with app.app_context():
        assert queries.draft_of(db.session.get_one(Bank, tiny_bank.bank_id)) is None
        db.session.rollback()
    assert qin.post(address, data={"over": "29"}).status_code == 303
    with app.app_context():
        draft = queries.draft_of(db.session.get_one(Bank, tiny_bank.bank_id))
        assert draft is not None
        after = {question.code: question for question in queries.version_content(draft.id).questions}
        before = {question.code: question for question in tiny_content().questions}
        assert {code for code in before if after[code] != before[code]} == {"T02", "T05"}
        assert all(after[code] == replace(before[code], pool="practice") for code in ("T02", "T05"))
        assert len(after) == len(before)
        assert queries._read_content(db.session.get_one(BankVersion, tiny_bank.version_id)) == tiny_content()
        assert draft.contributors != []
