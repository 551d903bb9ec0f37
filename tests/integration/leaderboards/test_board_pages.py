"""What the pages show, to whom, and what they cost."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tests.cast import Cast, Person, add_person
from tests.conftest import SignIn
from tests.integration.leaderboards.stage import NOW_MS, Stage

BOARDS = ("people", "units", "regions", "industries", "hall")
JSON = {"Accept": "application/json"}


@pytest.fixture
def crowd(stage: Stage, cast: Cast) -> list[Person]:
    """Sixty people of unit B, all with names of their own, the first the best, the last two alike."""
    people = stage.add_people("b", "李某", 60, cast.unit_b)
    scores = [9000 - 100 * min(number, 58) for number in range(60)]
    stage.set_results((p.id, cast.unit_b.id, score, 60_000, NOW_MS) for p, score in zip(people, scores, strict=True))
    stage.refresh()
    return people


def url(stage: Stage, page: str) -> str:
    return f"/competitions/{stage.competition}/boards/{page}"


@contextmanager
def statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize("page", BOARDS)
def test_every_board_says_so_while_it_is_empty(stage: Stage, client: FlaskClient, page: str) -> None:
    assert client.get(url(stage, page)).status_code == 200
    stage.refresh()
    assert client.get(url(stage, page)).status_code == 200


def test_names_are_masked_for_everybody(stage: Stage, crowd: list[Person], client: FlaskClient) -> None:
    text = client.get(url(stage, "people")).text
    assert "李*" in text
    assert "李某" not in text
    assert "李某" not in client.get(url(stage, "hall")).text


def test_people_of_small_units_appear_without_name_and_unit(
    stage: Stage, cast: Cast, crowd: list[Person], client: FlaskClient
) -> None:
    stage.set(board_minimum_people=100)
    text = client.get(url(stage, "people")).text
    assert "李*" not in text
    assert "乙厂" not in text
    assert "人数较少的单位" in text


def test_a_person_of_a_small_workshop_appears_with_the_nearest_large_unit(
    stage: Stage, cast: Cast, crowd: list[Person], client: FlaskClient
) -> None:
    stage.set_result(cast.lin.id, cast.unit_a.id, 10_000)
    stage.refresh()
    text = client.get(url(stage, "people")).text
    assert "林*" in text
    assert "远大集团" in text
    assert "甲厂" not in text


def test_a_small_unit_has_no_list_of_people_and_no_mean(stage: Stage, cast: Cast, client: FlaskClient) -> None:
    stage.set_result(cast.lin.id, cast.unit_a.id, 8765)
    stage.refresh()
    assert client.get(url(stage, f"units/{cast.unit_a.id}/people")).status_code == 404
    for page in (f"units/{cast.unit_a.id}", "units?order=participants", "regions", "industries"):
        answer = client.get(url(stage, page))
        assert answer.status_code == 200
        assert "87.65" not in answer.text


def test_ties_share_a_rank_and_are_called_ties(stage: Stage, crowd: list[Person], client: FlaskClient) -> None:
    text = client.get(url(stage, "people?page=2")).text
    assert text.count("并列</span>") == 2
    assert text.count("第 59 名") == 2
    assert "第 60 名" not in text


def test_my_row_stays_in_sight_on_every_page(
    stage: Stage, crowd: list[Person], client: FlaskClient, sign_in: SignIn
) -> None:
    sign_in(client, crowd[4])
    for page in (1, 2):
        text = client.get(url(stage, f"people?page={page}")).text
        assert "我的名次：第 5 名" in text
        assert "单位内第 5 名，共 60 人" in text
    assert "李某04" in text or "看我的位置" in text


def test_my_place_as_json(stage: Stage, cast: Cast, crowd: list[Person], client: FlaskClient, sign_in: SignIn) -> None:
    sign_in(client, crowd[59])
    mine = client.get(url(stage, "mine")).get_json()
    assert (mine["rank"], mine["of"], mine["sharing"], mine["score"]) == (59, 60, 2, 3200)
    assert mine["unit"] == {"id": cast.unit_b.id, "name": "乙厂", "rank": 59, "of": 60, "sharing": 2}
    assert mine["share_behind"] == 0


def test_who_has_no_result_has_no_place(
    stage: Stage, cast: Cast, crowd: list[Person], client: FlaskClient, sign_in: SignIn
) -> None:
    sign_in(client, cast.lin)
    mine = client.get(url(stage, "mine")).get_json()
    assert mine["rank"] is None
    assert mine["of"] == 60


def test_a_member_of_a_small_unit_has_a_place_among_all_but_none_within(
    stage: Stage, cast: Cast, client: FlaskClient, sign_in: SignIn
) -> None:
    stage.set_result(cast.lin.id, cast.unit_a.id, 8000)
    stage.refresh()
    mine = sign_in(client, cast.lin).get(url(stage, "mine")).get_json()
    assert mine["rank"] == 1
    assert mine["unit"] is None


@pytest.mark.parametrize(
    ("boards", "who", "expected"),
    [
        ("public", None, 200),
        ("public", "lin", 200),
        ("members", None, 303),
        ("members", "lin", 200),
        ("members", "outsider", 403),
        ("members", "wu", 200),
        ("off", None, 404),
        ("off", "lin", 404),
        ("off", "wu", 404),
        ("off", "qin", 200),
        ("off", "ada", 200),
        ("off", "jun", 200),
    ],
)
def test_boards_open_to_whom_the_competition_says(
    app: Flask,
    stage: Stage,
    cast: Cast,
    crowd: list[Person],
    client: FlaskClient,
    sign_in: SignIn,
    boards: str,
    who: str | None,
    expected: int,
) -> None:
    stage.set(boards=boards)
    if who == "outsider":
        sign_in(client, add_person(app, "outsider", "外人"))
    elif who:
        sign_in(client, cast.everyone[who])
    pages = [*BOARDS, f"units/{cast.unit_b.id}", f"units/{cast.unit_b.id}/people"]
    assert {page: client.get(url(stage, page)).status_code for page in pages} == dict.fromkeys(pages, expected)
    if who:
        assert client.get(url(stage, "mine")).status_code == expected


def test_a_draft_has_no_boards(stage: Stage, cast: Cast, client: FlaskClient, sign_in: SignIn) -> None:
    stage.set(published_at=None)
    assert sign_in(client, cast.qin).get(url(stage, "people")).status_code == 404


@pytest.mark.parametrize("page", ["units/999999", "units/999999/people", "units/99999999999999999999"])
def test_a_unit_that_does_not_take_part_is_not_found(
    stage: Stage, crowd: list[Person], client: FlaskClient, page: str
) -> None:
    assert client.get(url(stage, page)).status_code == 404


def test_a_unit_leads_down_to_the_units_below_it(
    stage: Stage, cast: Cast, crowd: list[Person], client: FlaskClient
) -> None:
    text = client.get(url(stage, f"units/{cast.group.id}")).text
    assert "下属单位" in text
    assert f"/boards/units/{cast.unit_b.id}" in text
    assert f"/boards/units/{cast.unit_a.id}" not in text


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999", "９", "1" * 400])
def test_a_strange_page_number_is_answered_kindly(
    stage: Stage, crowd: list[Person], client: FlaskClient, page: str
) -> None:
    assert client.get(url(stage, f"people?page={page}")).status_code == 200


@pytest.mark.parametrize(
    "page", ["people", "people?page=2", "units", "units?scope=all", "regions", "industries", "hall"]
)
def test_a_page_costs_the_same_few_statements_however_many_people(
    stage: Stage, cast: Cast, client: FlaskClient, sign_in: SignIn, page: str
) -> None:
    people = stage.add_people("m", "马", 70, cast.unit_b)
    sign_in(client, people[0])
    counts = []
    for among in (people[:55], people[55:]):
        stage.set_results((person.id, cast.unit_b.id, 8000, 60_000, NOW_MS) for person in among)
        stage.refresh()
        client.get(url(stage, page))  # the bank's content and the like are read once a process
        with statements() as seen:
            assert client.get(url(stage, page)).status_code == 200
        counts.append(len(seen))
        for statement in seen:
            assert "GROUP BY" not in statement.upper()
            assert "attempt" not in statement.lower().replace("attempts_", "")
            assert "from result" not in " ".join(statement.lower().split())
    assert counts[0] == counts[1] <= 8


@pytest.mark.parametrize("page", [*BOARDS, "people?page=2"])
def test_an_open_page_is_told_only_what_changed(
    stage: Stage, cast: Cast, crowd: list[Person], client: FlaskClient, page: str
) -> None:
    first = client.get(url(stage, page), headers=JSON)
    assert first.status_code == 200
    assert "<!doctype" not in first.get_json()["html"]
    stage.refresh()
    same = client.get(url(stage, page), headers={**JSON, "If-None-Match": first.headers["ETag"]})
    assert same.status_code == 304
    assert int(same.headers["X-Board-Time"]) == int(first.headers["X-Board-Time"]) + 1000
    stage.set_result(cast.lin.id, cast.unit_a.id, 10_000)
    stage.refresh()
    other = client.get(url(stage, page), headers={**JSON, "If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200
    assert other.headers["ETag"] != first.headers["ETag"]
