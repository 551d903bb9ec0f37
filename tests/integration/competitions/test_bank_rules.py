"""What a competition asks of its bank: two people, a version in use, and answers that nobody knows yet."""

import html
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from quizapp.banks.models import BankVersion
from quizapp.banks.versions.actions import publish_version, save_draft
from quizapp.clock import utc_now
from quizapp.competitions.bank_uses import answers_shown, uses_of_bank
from quizapp.competitions.models import Competition
from quizapp.extensions import db
from tests.cast import Cast, TinyBank, add_competition, tiny_content
from tests.conftest import SignIn
from tests.integration.competitions.form_data import draft_form

NOW = utc_now()
OVER: dict[str, Any] = {"opens_at": NOW - timedelta(days=9), "closes_at": NOW - timedelta(days=1), "primed": False}


@pytest.fixture
def qin(client: FlaskClient, cast: Cast, sign_in: SignIn) -> FlaskClient:
    """The organizer's browser."""
    return sign_in(client, cast.qin)


def plain(page: str) -> str:
    """What is read of a page, without tags and with single blanks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def second_version(app: Flask) -> int:
    """A version that keeps the first three of the twelve formal questions and has others instead of the rest."""
    kept = tiny_content().questions
    new = [replace(each, stem=f"{each.stem}（新）", code=f"{each.code}N", english=None) for each in kept[3:]]
    with app.app_context():
        content = replace(tiny_content(), questions=(*kept[:3], *new))
        draft = save_draft(content, source_name="b.yaml", actor=None, now=NOW)
        version = publish_version(draft.bank, actor=None, now=NOW)
        db.session.commit()
        return version.id


# Four eyes


def test_the_rule_is_saved_shown_and_copied(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    assert qin.post("/admin/competitions/new", data=draft_form(tiny_bank.version_id)).status_code == 302
    asking = draft_form(tiny_bank.version_id, bank_four_eyes="y")
    made = qin.post("/admin/competitions/new", data=asking)
    assert "题库须经两人" in qin.get(made.location).text
    assert qin.post(f"{made.location}/copy").status_code == 302
    with app.app_context():
        rules = db.session.scalars(select(Competition.bank_four_eyes).order_by(Competition.id)).all()
        assert rules == [False, True, True]
    edit = qin.get(f"{made.location}/edit").text
    assert "checked" in re.findall(r'<input[^>]*id="bank_four_eyes"[^>]*>', edit)[0]
    assert qin.post(f"{made.location}/edit", data=draft_form(tiny_bank.version_id)).status_code == 302
    with app.app_context():
        assert db.session.get_one(Competition, 2).bank_four_eyes is False


def test_the_rule_cannot_be_dropped_once_the_competition_is_published(app: Flask, tiny_bank: TinyBank) -> None:
    competition_id = add_competition(app, tiny_bank.version_id, now=NOW, primed=False, bank_four_eyes=True).id
    with app.app_context():
        db.session.get_one(Competition, competition_id).bank_four_eyes = False
        with pytest.raises(ValueError, match="bank_four_eyes"):
            db.session.flush()


# A retired version


def retire(qin: FlaskClient, version_id: int) -> None:
    assert qin.post(f"/admin/banks/versions/{version_id}/retire", data={"reason": "第 3 题有误"}).status_code == 303


def test_a_draft_must_leave_its_retired_version(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    made = qin.post("/admin/competitions/new", data=draft_form(tiny_bank.version_id)).location
    newer = second_version(app)
    retire(qin, tiny_bank.version_id)
    edit = qin.get(f"{made}/edit").text
    assert f'<option selected value="{tiny_bank.version_id}">小题库 第 1 版（已停用）</option>' in edit
    refused = qin.post(f"{made}/edit", data=draft_form(tiny_bank.version_id))
    assert (refused.status_code, "这一版已停用（第 3 题有误）。请换一个题库版本。" in refused.text) == (422, True)
    assert qin.post(f"{made}/edit", data=draft_form(newer)).status_code == 302
    assert "已停用" not in qin.get(f"{made}/edit").text


def test_a_new_competition_is_not_offered_a_retired_version(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    newer = second_version(app)
    retire(qin, newer)
    page = qin.get("/admin/competitions/new").text
    assert f'value="{tiny_bank.version_id}"' in page
    assert f'<option value="{newer}"' not in page
    refused = qin.post("/admin/competitions/new", data=draft_form(newer))
    assert (refused.status_code, "请从列表中选择一项" in refused.text) == (422, True)


# Answers that were shown


@pytest.mark.parametrize(
    ("columns", "already", "by_next_year"),
    [
        (OVER, True, True),
        ({**OVER, "show_answers": "never"}, False, False),
        ({**OVER, "closes_at": NOW + timedelta(days=1)}, False, True),
        ({**OVER, "closes_at": NOW + timedelta(days=1), "show_answers": "submitted"}, True, True),
        ({**OVER, "closes_at": NOW - timedelta(seconds=1), "grace_ms": 60_000}, False, True),
        ({**OVER, "published_at": None}, False, False),
        ({**OVER, "frozen_at": NOW, "show_answers": "at_once"}, True, True),
    ],
)
def test_answers_are_known_where_a_competition_has_shown_them(
    app: Flask, tiny_bank: TinyBank, columns: dict[str, Any], already: bool, by_next_year: bool
) -> None:
    competition_id = add_competition(app, tiny_bank.version_id, now=NOW, **columns).id

    def found(by: datetime | None) -> list[tuple[int, bool]]:
        return [(each.count, each.already) for each in answers_shown(version, now=NOW, by=by)]

    with app.app_context():
        version = db.session.get_one(BankVersion, tiny_bank.version_id)
        assert found(None) == ([(12, True)] if already else [])
        assert found(NOW + timedelta(days=365)) == ([(12, already)] if by_next_year else [])
        own = db.session.get_one(Competition, competition_id)
        assert answers_shown(version, now=NOW, apart_from=own) == []


def test_a_new_version_helps_as_far_as_it_is_new(app: Flask, tiny_bank: TinyBank) -> None:
    newer = second_version(app)
    add_competition(app, tiny_bank.version_id, now=NOW, title="去年", **OVER)
    with app.app_context():
        (shown,) = answers_shown(db.session.get_one(BankVersion, newer), now=NOW)
        assert (shown.title, shown.count) == ("去年", 3)


def test_who_copies_a_competition_is_told_that_its_answers_are_known(
    app: Flask, qin: FlaskClient, tiny_bank: TinyBank
) -> None:
    past = add_competition(app, tiny_bank.version_id, now=NOW, title="2026 年竞赛", **OVER).id
    told = "题库的 12 道正式题里，有 12 道的答案已在“2026 年竞赛”中公布：参加过的人可能记得。"
    assert told in qin.get(f"/admin/competitions/{past}/copy").text
    copied = qin.post(f"/admin/competitions/{past}/copy")
    assert told in qin.get(copied.location).text
    publish = copied.location.replace("/edit", "/publish")
    assert told in plain(qin.get(publish).text)


def test_who_copies_a_running_competition_is_told_what_will_be_known_by_then(
    app: Flask, qin: FlaskClient, tiny_bank: TinyBank
) -> None:
    running = add_competition(app, tiny_bank.version_id, now=NOW, primed=False, title="2026 年竞赛").id
    told = "有 12 道的答案到时已在“2026 年竞赛”中公布"
    assert told in qin.get(f"/admin/competitions/{running}/copy").text


def test_a_first_competition_is_told_nothing_of_the_kind(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    made = qin.post("/admin/competitions/new", data=draft_form(tiny_bank.version_id)).location
    assert "参加过的人可能记得" not in qin.get(f"{made}/publish").text


def test_banks_are_told_of_their_competitions_in_their_order(app: Flask, tiny_bank: TinyBank) -> None:
    for title, columns in (("去年", OVER), ("今年", {"primed": False, "bank_four_eyes": True})):
        add_competition(app, tiny_bank.version_id, now=NOW, title=title, **columns)
    with app.app_context():
        uses = uses_of_bank(tiny_bank.bank_id, NOW)
        assert [(use.title, use.is_over, use.four_eyes) for use in uses] == [
            ("今年", False, True),
            ("去年", True, False),
        ]
        assert uses_of_bank(tiny_bank.bank_id + 1, NOW) == []


def test_of_many_competitions_the_first_three_are_named(app: Flask, qin: FlaskClient, tiny_bank: TinyBank) -> None:
    for number in range(5):
        past = add_competition(app, tiny_bank.version_id, now=NOW, title=f"第 {number} 届", **OVER).id
    page = qin.get(f"/admin/competitions/{past}/copy").text
    assert page.count("参加过的人可能记得") == 3
    assert "另外还有 2 个竞赛" in page
