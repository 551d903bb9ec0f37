"""Practice: rooms, rounds and checks over HTTP. The tiny bank has ordinals 12 and 13 for practice, the rest is formal."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient

from quizapp.clock import utc_now
from tests.cast import Cast, OpenCompetition, add_competition

SEED = "0123456789abcdef"


@pytest.fixture
def lin(client: FlaskClient, cast: Cast, sign_in: Any) -> FlaskClient:
    signed: FlaskClient = sign_in(client, cast.lin)
    return signed


def round_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="round">(.*?)</script>', page, re.DOTALL)
    assert found
    value: dict[str, Any] = json.loads(found[1])
    return value


def check(client: FlaskClient, competition: OpenCompetition, body: Any) -> Any:
    return client.post(f"/competitions/{competition.id}/practice/check", json=body)


def test_rooms_show_only_topics_with_practice_questions(lin: FlaskClient, competition: OpenCompetition) -> None:
    page = lin.get(f"/competitions/{competition.id}/practice/").text
    assert "质量管理基础" in page
    assert "共 2 题" in page


def test_a_round_brings_practice_questions_without_key_or_explanation(
    lin: FlaskClient, competition: OpenCompetition
) -> None:
    page = lin.get(f"/competitions/{competition.id}/practice/mixed").text
    held = round_of(page)
    assert sorted(question["id"] for question in held["questions"]) == [12, 13]
    assert all(set(question) == {"id", "topic", "type", "stem", "options"} for question in held["questions"])
    assert "解析</" not in page
    assert "题的解析" not in page


def test_a_round_can_be_of_the_questions_that_went_wrong_but_never_of_formal_ones(
    lin: FlaskClient, competition: OpenCompetition
) -> None:
    address = f"/competitions/{competition.id}/practice/mixed?questions="
    assert [question["id"] for question in round_of(lin.get(address + "13").text)["questions"]] == [13]
    for odd in ("0,1,2", "x,-1", "99999999999999999999", "1"):
        assert {question["id"] for question in round_of(lin.get(address + odd).text)["questions"]} == {12, 13}


def test_a_choice_is_checked_and_explained_at_once(lin: FlaskClient, competition: OpenCompetition) -> None:
    held = round_of(lin.get(f"/competitions/{competition.id}/practice/mixed").text)
    question = next(question for question in held["questions"] if question["type"] == "single")
    right = 1 << question["options"].index("题13选项甲")
    reply = check(lin, competition, {"round": held["round"], "question": question["id"], "chosen": right})
    assert reply.json == {
        "right": right,
        "is_right": True,
        "explanation": "第 13 题的解析",
        "reference": "第 13 题的出处",
    }
    wrong = check(lin, competition, {"round": held["round"], "question": question["id"], "chosen": right ^ 15})
    assert (wrong.json["is_right"], wrong.json["right"]) == (False, right)


@pytest.mark.parametrize("ordinal", [*range(12), 14, 999_999])
def test_a_formal_or_missing_question_has_no_answer_here(
    lin: FlaskClient, competition: OpenCompetition, ordinal: int
) -> None:
    reply = check(lin, competition, {"round": SEED, "question": ordinal, "chosen": 1})
    assert reply.status_code == 404
    assert not isinstance(reply.json, Mapping) or "right" not in reply.json


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"round": SEED, "question": 12},
        {"round": SEED, "question": 12, "chosen": 0},
        {"round": SEED, "question": 12, "chosen": 256},
        {"round": SEED, "question": 12, "chosen": "1"},
        {"round": SEED, "question": True, "chosen": 1},
        {"round": SEED, "question": -1, "chosen": 1},
        {"round": "x" * 16, "question": 12, "chosen": 1},
        {"round": SEED, "question": 12, "chosen": 1, "more": 1},
    ],
)
def test_a_malformed_try_is_refused_with_a_sentence(lin: FlaskClient, competition: OpenCompetition, body: Any) -> None:
    reply = lin.post(
        f"/competitions/{competition.id}/practice/check",
        json=body,
        headers={"Accept": "application/json"},
    )
    assert reply.status_code == 422
    assert reply.json is not None
    assert reply.json["error"]["code"] == "practice_try_malformed"


def test_practice_leaves_no_record(lin: FlaskClient, competition: OpenCompetition, store: Any) -> None:
    before = sorted(store.keys())
    check(lin, competition, {"round": SEED, "question": 12, "chosen": 1})
    assert sorted(store.keys()) == before


def test_strangers_are_sent_to_sign_in(client: FlaskClient, competition: OpenCompetition) -> None:
    assert client.get(f"/competitions/{competition.id}/practice/").status_code == 303


def test_unknown_topics_and_drafts_are_not_found(
    lin: FlaskClient, competition: OpenCompetition, tiny_bank: Any
) -> None:
    assert lin.get(f"/competitions/{competition.id}/practice/T99").status_code == 404
    draft = add_competition(competition.app, tiny_bank.version_id, now=utc_now(), published_at=None, primed=False)
    assert lin.get(f"/competitions/{draft.id}/practice/").status_code == 404
    assert check(lin, draft, {"round": SEED, "question": 12, "chosen": 1}).status_code == 404


def test_practice_goes_on_after_the_close(lin: FlaskClient, cast: Cast, tiny_bank: Any) -> None:
    now = utc_now()
    past = add_competition(
        cast.lin.app,
        tiny_bank.version_id,
        now=now,
        opens_at=now.replace(year=2020),
        closes_at=now.replace(year=2021),
        primed=False,
    )
    assert lin.get(f"/competitions/{past.id}/practice/T01").status_code == 200


def test_who_reads_english_practises_in_english(lin: FlaskClient, competition: OpenCompetition) -> None:
    lin.set_cookie("quiz_language", "en")
    questions = round_of(lin.get(f"/competitions/{competition.id}/practice/mixed").text)["questions"]
    by_id = {question["id"]: question for question in questions}
    assert (by_id[12]["stem"], by_id[13]["options"]) == ("Stem of question 13", ["True", "False"])
    assert sorted(by_id[12]["options"]) == [f"Option {letter} of 13" for letter in "ABCD"]
    told = check(lin, competition, {"question": 13, "chosen": 1, "round": SEED}).get_json()
    assert (told["is_right"], told["explanation"]) == (True, "Explanation of question 14")
