"""Pictures: kept once, served for ever, shown wherever questions are, and never named without being there."""

import json
import re
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from quizapp.attempts.recorder import Recorder
from quizapp.banks import sandbox
from quizapp.banks.actions import store_pictures
from quizapp.banks.content import BankContent
from quizapp.banks.formats.own.project import write_yaml
from quizapp.banks.models import Bank, Picture
from quizapp.banks.pictures import token
from quizapp.banks.routes import pictured
from quizapp.banks.versions.actions import publish_version, save_draft
from quizapp.clock import utc_now
from quizapp.errors import Refused
from quizapp.extensions import db
from tests.cast import BORN, Cast, OpenCompetition, add_competition, tiny_content
from tests.conftest import SignIn
from tests.pictured import CHART, MARK, add_pictured_bank, pictured_content
from tests.uploads import send

pytestmark = pytest.mark.slow

ADDRESS = f"/pictures/{CHART.digest}.png"
IMAGE = f'<img class="picture" src="{ADDRESS}" alt="控制图 &lt;一&gt;" loading="lazy">'
UNNAMED = f'<img class="picture" src="/pictures/{MARK.digest}.png" alt="图片" loading="lazy">'


@pytest.fixture
def competition(app: Flask) -> OpenCompetition:
    """An open competition with pictures in its questions, that shows answers after submitting."""
    bank = add_pictured_bank(app)
    return add_competition(app, bank.version_id, now=utc_now(), show_answers="submitted")


@pytest.fixture
def lin(app: Flask, cast: Cast, sign_in: SignIn) -> FlaskClient:
    return sign_in(app.test_client(), cast.lin)


@pytest.fixture
def qin(app: Flask, cast: Cast, sign_in: SignIn) -> FlaskClient:
    return sign_in(app.test_client(), cast.qin)


def one_question(text: str) -> BankContent:
    """A bank of one question with that stem."""
    question = replace(tiny_content().questions[0], stem=text, english=None)
    return replace(tiny_content(), questions=(question,))


def count(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Picture)) or 0


# Served


def test_a_picture_is_served_to_anybody_and_kept_for_ever(app: Flask, client: FlaskClient) -> None:
    add_pictured_bank(app)
    answer = client.get(ADDRESS)
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "image/png", CHART.png)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers
    again = client.get(ADDRESS, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("name", ["0" * 64, "0" * 63, CHART.digest.upper(), "../../etc/passwd", "x" * 64])
def test_another_address_is_not_there(app: Flask, client: FlaskClient, name: str) -> None:
    add_pictured_bank(app)
    assert client.get(f"/pictures/{name}.png").status_code == 404


# Shown


def test_a_text_becomes_html_that_is_safe(app: Flask) -> None:
    with app.test_request_context():
        assert pictured("<b>1 & 2</b>") == "&lt;b&gt;1 &amp; 2&lt;/b&gt;"
        assert pictured(f"<i>{token(CHART, '控制图 <一>')}</i>") == f"&lt;i&gt;{IMAGE}&lt;/i&gt;"
        assert pictured(token(MARK) * 2) == UNNAMED * 2
        evil = f'![" onerror="alert(1)](sha256:{CHART.digest})'
        assert '" onerror' not in pictured(evil)
        for other in ("![x](http://evil.example/a.png)", "![x](sha256:abc)", "![x](javascript:alert(1))"):
            assert "<img" not in pictured(other)


def test_organizers_see_them_in_the_bank_and_in_the_sample_paper(
    app: Flask, qin: FlaskClient, competition: OpenCompetition
) -> None:
    with app.app_context():
        bank = db.session.scalars(select(Bank)).one()
        version = bank.versions[0].id
    page = qin.get(f"/admin/banks/versions/{version}").text
    assert (page.count(IMAGE), page.count(UNNAMED)) == (28, 10)
    paper = qin.get(f"/admin/competitions/{competition.id}/preview?seed=a").text
    assert (paper.count(IMAGE), paper.count(UNNAMED)) == (10, 4)


def test_participants_get_them_while_answering_and_in_the_result(
    app: Flask, lin: FlaskClient, competition: OpenCompetition
) -> None:
    lin.post(f"/competitions/{competition.id}/start")
    page = lin.get(f"/competitions/{competition.id}/answering").text
    assert 'data-pictures="/pictures/{digest}.png"' in page
    paper = lin.post(f"/competitions/{competition.id}/open", json={}, headers={"Accept": "application/json"}).get_json()
    assert all(token(CHART, "控制图 <一>") in place["stem"] for place in paper["positions"])
    assert lin.post("/submit", headers={"X-Ticket": paper["ticket"]}, csrf=False).status_code == 200
    with app.app_context():
        recorder = Recorder(app)
        recorder.look_around()
        while recorder.take():
            pass
        recorder.close()
    review = lin.get(f"/competitions/{competition.id}/result").text
    assert (review.count(IMAGE), review.count(UNNAMED)) == (10, 4)


def test_practice_gets_them_with_the_explanation(lin: FlaskClient, competition: OpenCompetition) -> None:
    page = lin.get(f"/competitions/{competition.id}/practice/mixed").text
    assert 'data-pictures="/pictures/{digest}.png"' in page
    found = re.search(r'<script type="application/json" id="round">(.*?)</script>', page, re.DOTALL)
    assert found
    held = json.loads(found[1])
    assert all(CHART.digest in question["stem"] for question in held["questions"])
    body = {"round": held["round"], "question": 12, "chosen": 1}
    told = lin.post(f"/competitions/{competition.id}/practice/check", json=body).get_json()
    assert token(CHART, "控制图 <一>") in told["explanation"]


def test_the_policy_lets_pages_show_them(client: FlaskClient, competition: OpenCompetition) -> None:
    policy = client.get(f"/competitions/{competition.id}").headers["Content-Security-Policy"]
    assert "img-src 'self'" in policy


# Kept


def test_a_picture_that_is_not_there_is_an_error_of_the_file(app: Flask, qin: FlaskClient) -> None:
    text = write_yaml(pictured_content()).encode()
    page = qin.get(send(qin, "a.yaml", text).location).text
    assert "这里的图片“控制图 &lt;一&gt;”不在文件里" in page
    with app.app_context():
        store_pictures([CHART, MARK], now=utc_now())
        db.session.commit()
    answer = send(qin, "a.yaml", text)
    page = qin.get(answer.location).text
    assert "可以导入" in page
    assert qin.post(f"{answer.location}/save").status_code == 303


@pytest.mark.parametrize("deed", ["save", "publish"])
def test_nothing_is_saved_or_published_that_names_a_picture_that_is_not_there(app: Flask, deed: str) -> None:
    content = one_question(f"看图 {token(CHART)}")
    with app.app_context():
        if deed == "save":
            with pytest.raises(Refused, match="upload_has_errors"):
                save_draft(content, source_name="a", actor=None, now=BORN)
            return
        store_pictures([CHART], now=BORN)
        bank = save_draft(content, source_name="a", actor=None, now=BORN).bank
        db.session.delete(db.session.get_one(Picture, CHART.digest))
        db.session.flush()
        with pytest.raises(Refused, match="draft_has_errors"):
            publish_version(bank, actor=None, now=BORN)


def test_the_same_picture_is_kept_once(app: Flask) -> None:
    with app.app_context():
        store_pictures([CHART, MARK, CHART], now=BORN)
        store_pictures([CHART], now=utc_now())
        db.session.commit()
        assert db.session.get_one(Picture, MARK.digest).uploaded_at == BORN
        assert db.session.get_one(Picture, CHART.digest).uploaded_at > BORN
    assert count(app) == 2


def test_two_uploads_bring_the_same_picture_at_once(app: Flask) -> None:
    """The second waits for the first, on any database, and finds the picture there."""
    begun = threading.Event()

    def store_too() -> None:
        with app.app_context():
            begun.set()
            store_pictures([CHART], now=utc_now())
            db.session.commit()

    other = threading.Thread(target=store_too)
    with app.app_context():
        store_pictures([CHART], now=BORN)
        other.start()
        assert begun.wait(60)
        db.session.commit()
    other.join(60)
    with app.app_context():
        assert db.session.get_one(Picture, CHART.digest).uploaded_at > BORN
    assert count(app) == 1


def test_pictures_that_nothing_shows_are_cleared_with_old_uploads(app: Flask, qin: FlaskClient) -> None:
    with app.app_context():
        store_pictures([CHART, MARK], now=utc_now() - timedelta(days=8))
        save_draft(one_question(f"看图 {token(CHART)}"), source_name="a", actor=None, now=BORN)
        db.session.commit()
    send(qin, "a.yaml", b"a: b")
    with app.app_context():
        assert list(db.session.scalars(select(Picture.digest))) == [CHART.digest]


def test_a_picture_that_was_uploaded_again_lately_stays(app: Flask, qin: FlaskClient) -> None:
    with app.app_context():
        store_pictures([CHART], now=utc_now() - timedelta(days=8))
        store_pictures([CHART], now=utc_now() - timedelta(days=6))
        db.session.commit()
    send(qin, "a.yaml", b"a: b")
    assert count(app) == 1


def test_the_length_of_a_text_is_that_of_what_people_read(app: Flask) -> None:
    with app.app_context():
        store_pictures([CHART], now=BORN)
        long = "字" * 1990 + token(CHART, "图")
        assert save_draft(one_question(long), source_name="a", actor=None, now=BORN).number is None
        with pytest.raises(Refused, match="upload_has_errors"):
            save_draft(one_question("字" * 2000 + token(CHART, "图")), source_name="a", actor=None, now=BORN)


def test_the_pictures_of_an_upload_are_kept_with_it(
    app: Flask, qin: FlaskClient, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sandbox, "READER", "tests.integration.banks.hostile_reader"
    )  # it has a format that is a picture
    answer = send(qin, "a.shown", b"shown" + CHART.png)
    page = qin.get(answer.location).text
    assert "可以导入" in page
    assert client.get(ADDRESS).data == CHART.png
    assert qin.post(f"{answer.location}/save").status_code == 303
    with app.app_context():
        assert db.session.get_one(Picture, CHART.digest).in_use
