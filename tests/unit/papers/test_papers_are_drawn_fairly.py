"""Blueprints and the drawing of papers."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.banks.content import JUDGE_OPTIONS, BankContent, Question
from quizapp.papers.assembly import BlueprintUnsatisfiable, SeededChance, assemble
from quizapp.papers.blueprint import Blueprint, Section, Shortfall, shortfalls


def question(code: str, kind: str = "single", topic: str = "T01", pool: str = "formal", hard: str = "easy") -> Question:
    options = JUDGE_OPTIONS if kind == "judge" else ("甲", "乙", "丙", "丁")
    return Question(code, kind, topic, hard, pool, f"题干 {code}", options, 1 if kind != "multiple" else 3)


def bank(*questions: Question) -> BankContent:
    return BankContent("t", "试", {"T01": "一", "T02": "二"}, questions)


SMALL = bank(
    *(question(f"S{n}") for n in range(8)),
    *(question(f"M{n}", "multiple") for n in range(4)),
    *(question(f"J{n}", "judge") for n in range(3)),
    *(question(f"P{n}", pool="practice") for n in range(5)),
)
GOLDEN = [
    (7, "2130", 400),
    (6, "2130", 400),
    (2, "1203", 400),
    (5, "1302", 400),
    (10, "3012", 400),
    (9, "1320", 400),
    (14, "01", 200),
]
SHARES = {"easy": 10, "medium": 7, "hard": 3}  # 3, 2.1 and 0.9 of six
RULE = Blueprint((Section("multiple", 2, 400), Section("single", 4, 400), Section("judge", 1, 200)))


def test_the_same_seed_gives_the_same_paper_for_ever() -> None:
    """A golden value: if this fails, papers already written would change. Do not mend the value; mend the code."""
    paper = assemble(RULE, SMALL, "golden")
    assert [(place.ordinal, "".join(map(str, place.options)), place.points) for place in paper.places] == GOLDEN


def test_a_paper_holds_what_the_blueprint_asks_in_the_order_of_types() -> None:
    kinds = [SMALL.questions[place.ordinal].type for place in assemble(RULE, SMALL, "x").places]
    assert kinds == ["single"] * 4 + ["multiple"] * 2 + ["judge"]


@given(st.text(min_size=1, max_size=20))
def test_no_question_is_drawn_twice_and_none_from_the_other_pool(seed: str) -> None:
    ordinals = [place.ordinal for place in assemble(RULE, SMALL, seed).places]
    assert len(set(ordinals)) == len(ordinals)
    assert all(SMALL.questions[ordinal].pool == "formal" for ordinal in ordinals)


def test_every_question_of_a_section_is_drawn_about_as_often() -> None:
    drawn: Counter[int] = Counter()
    for n in range(4000):
        drawn.update(p.ordinal for p in assemble(RULE, SMALL, str(n)).places if p.ordinal < 8)
    # 4000 draws of 4 from 8: each is expected 2000 times with a deviation of 31.6; six deviations are allowed.
    assert all(abs(drawn[ordinal] - 2000) < 190 for ordinal in range(8))


MIXED = bank(*(question(f"{hard}{n}", hard=hard) for hard, count in SHARES.items() for n in range(count)))


def test_every_paper_is_about_as_hard_and_every_question_drawn_about_as_often() -> None:
    drawn: Counter[int] = Counter()
    for n in range(4000):
        held = [place.ordinal for place in assemble(Blueprint((Section("single", 6, 100),)), MIXED, str(n)).places]
        hard = Counter(MIXED.questions[ordinal].difficulty for ordinal in held)
        assert (hard["easy"], hard["medium"], hard["hard"]) in {(3, 2, 1), (4, 2, 0), (3, 3, 0), (2, 3, 1)}
        drawn.update(held)
    # 4000 draws of 6 from 20: each is expected 1200 times with a deviation of 29; six deviations are allowed.
    assert all(abs(drawn[ordinal] - 1200) < 174 for ordinal in range(20))


def test_options_are_a_permutation_and_true_or_false_keeps_its_order() -> None:
    for place in assemble(RULE, SMALL, "x").places:
        assert sorted(place.options) == list(range(len(SMALL.questions[place.ordinal].options)))
    assert assemble(RULE, SMALL, "x").places[-1].options == (0, 1)


def test_without_shuffling_options_stand_as_written() -> None:
    paper = assemble(RULE, SMALL, "x", shuffle_options=False)
    assert {place.options for place in paper.places} == {(0, 1, 2, 3), (0, 1)}


def test_overlapping_sections_are_filled_whenever_that_is_possible() -> None:
    content = bank(question("a", topic="T01"), question("b", topic="T01"), question("c", topic="T02"))
    rule = Blueprint((Section("single", 1, 100), Section("single", 2, 100, ("T01",))))
    assert shortfalls(rule, content) == []
    for n in range(50):
        ordinals = [place.ordinal for place in assemble(rule, content, str(n)).places]
        assert sorted(ordinals) == [0, 1, 2]


def test_a_shortfall_is_named_with_its_numbers_and_the_draw_refuses() -> None:
    rule = Blueprint((Section("single", 9, 100), Section("judge", 4, 100)))
    assert shortfalls(rule, SMALL) == [Shortfall(0, 9, 8), Shortfall(1, 4, 3)]
    with pytest.raises(BlueprintUnsatisfiable):
        assemble(rule, SMALL, "x")


def test_difficulty_and_topics_narrow_a_section() -> None:
    content = bank(question("a"), question("b", hard="hard"), replace(question("c", hard="hard"), topic="T02"))
    rule = Blueprint((Section("single", 1, 100, ("T02",), "hard"),))
    assert assemble(rule, content, "x").places[0].ordinal == 2


def test_a_blueprint_survives_its_json() -> None:
    assert Blueprint.from_json(RULE.to_json()) == RULE
    assert RULE.full_score == 2 * 400 + 4 * 400 + 200
    assert RULE.question_count == 7


@given(st.text(max_size=10), st.integers(min_value=1, max_value=1000))
def test_a_draw_below_a_bound_stays_below_it(seed: str, bound: int) -> None:
    assert 0 <= SeededChance(seed).below(bound) < bound
