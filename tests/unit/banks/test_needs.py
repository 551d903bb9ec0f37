"""Whether a bank has enough questions for the papers that are drawn from it."""

from dataclasses import replace

import pytest

from quizapp.banks.checking.checks import check_content
from quizapp.banks.checking.needs import Need, Row, unmet
from quizapp.banks.content import BankContent, Question
from tests.unit.banks.samples import CONTENT, SINGLE


def bank(*topics: str, pool: str = "formal", difficulty: str = "easy") -> BankContent:
    questions = [
        replace(SINGLE, code=f"Q{number}", topic=topic, pool=pool, difficulty=difficulty)
        for number, topic in enumerate(topics)
    ]
    return replace(CONTENT, questions=tuple(questions))


def short(content: BankContent, *rows: Row) -> list[tuple[int, int]]:
    """(row, available) of each row that can't be filled."""
    faults = unmet([Need("秋季赛", rows)], content)
    return [(fault.facts["row"], fault.facts["available"]) for fault in faults if fault.facts]


@pytest.mark.parametrize(
    ("row", "available"),
    [
        (Row("single", 3), 2),
        (Row("single", 2, ("T01",)), 1),
        (Row("single", 1, (), "hard"), 0),
        (Row("multiple", 1), 0),
    ],
)
def test_a_row_that_the_bank_cannot_fill_is_told_with_what_there_is(row: Row, available: int) -> None:
    assert short(bank("T01", "T02"), row) == [(1, available)]


def test_what_is_enough_is_not_mentioned() -> None:
    assert short(bank("T01", "T02"), Row("single", 1, ("T01",)), Row("single", 1, (), "easy")) == []


def test_questions_to_practise_with_do_not_count() -> None:
    assert short(bank("T01", "T02", pool="practice"), Row("single", 1)) == [(1, 0)]


def test_no_question_counts_for_two_rows() -> None:
    # Either row alone could be filled.
    assert short(bank("T01", "T02"), Row("single", 2), Row("single", 1, ("T01",))) == [(2, 0)]
    # The first row leaves to the second what only that can use.
    assert short(bank("T01", "T02"), Row("single", 1), Row("single", 1, ("T01",))) == []


def test_the_report_names_the_competition_and_its_row() -> None:
    rows = (Row("single", 1), Row("single", 5, ("T01", "T02"), "easy"))
    (fault,) = (each for each in check_content(bank("T01"), needs=[Need("秋季赛", rows)]) if each.code == "need_unmet")
    assert (fault.severity, fault.number) == ("warning", None)
    assert fault.facts == {
        "title": "秋季赛",
        "row": 2,
        "type": "single",
        "topics": ["T01", "T02"],
        "difficulty": "easy",
        "needed": 5,
        "available": 0,
    }


def test_a_need_of_nothing_is_met() -> None:
    assert short(bank(), Row("single", 0)) == []
    assert list(unmet([], bank())) == []


def test_a_question_s_type_pool_topic_and_difficulty_decide() -> None:
    question: Question = SINGLE
    assert Row("single", 1, ("T01",), "easy").admits(question)
    for other in ({"type": "judge"}, {"pool": "practice"}, {"topic": "T02"}, {"difficulty": "hard"}):
        assert not Row("single", 1, ("T01",), "easy").admits(replace(question, **other))  # type: ignore[arg-type]
