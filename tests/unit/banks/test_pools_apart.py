"""Practice tells answers at once, papers ask for them: no question is in both pools, and neither draws from the other."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from quizapp.banks.checking.checks import check_content
from quizapp.banks.content import BankContent, Question
from quizapp.banks.findings import ERROR
from quizapp.papers.assembly import BlueprintUnsatisfiable, assemble
from quizapp.papers.blueprint import Blueprint, Section, candidates, shortfalls
from quizapp.practice.rooms import draw_round, is_for_practice, rooms_of
from tests.unit.banks.samples import CONTENT, JUDGE, MULTIPLE, SINGLE


def errors(*questions: Question) -> list[tuple[str, int | None]]:
    content = replace(CONTENT, questions=questions)
    return [(fault.code, fault.number) for fault in check_content(content) if fault.severity == ERROR]


@pytest.mark.parametrize("question", [SINGLE, MULTIPLE, replace(JUDGE, pool="formal")])
def test_the_same_words_in_both_pools_are_an_error(question: Question) -> None:
    twin = replace(question, code="X-1", pool="practice")
    assert errors(question, twin) == [("in_both_pools", 1)]
    assert errors(twin, question) == [("in_both_pools", 1)]


def test_other_punctuation_order_or_wrong_options_do_not_hide_it() -> None:
    twin = replace(SINGLE, code="X-1", pool="practice")
    for hidden in (
        replace(twin, stem="ＰＤＣＡ循环的第一个阶段是什么"),
        replace(twin, options=("处置", "检查", "实施", "策划"), right=0b1000),
        replace(twin, options=("策划", "总结", "表彰")),
    ):
        assert errors(SINGLE, hidden) == [("in_both_pools", 1)]


def test_it_is_found_behind_others_with_the_same_stem() -> None:
    other = replace(SINGLE, code="T01-009", options=("甲", "乙", "丙", "丁"))
    assert errors(other, SINGLE, replace(SINGLE, code="X-1", pool="practice")) == [("in_both_pools", 2)]


def test_one_stem_with_two_answers_is_two_questions() -> None:
    stem = "下列说法正确的是哪一项？"
    first = replace(SINGLE, stem=stem, options=("顾客决定质量", "检验产生质量", "质量越高越贵", "质量是检验员的事"))
    second = replace(
        first, code="X-1", pool="practice", options=("过程可以改进", "不合格可以忽略", "标准不必执行", "数据可以估计")
    )
    assert errors(first, second) == []


# What is drawn. Contents of any mix, blueprints of any kind, whatever the seed.


@st.composite
def mixed(draw: st.DrawFn) -> BankContent:
    kinds = st.tuples(
        st.sampled_from([SINGLE, MULTIPLE, JUDGE]),
        st.sampled_from(["formal", "practice"]),
        st.sampled_from(["T01", "T02"]),
    )
    questions = tuple(
        replace(sample, code=f"Q{number}", stem=f"第 {number} 问", pool=pool, topic=topic)
        for number, (sample, pool, topic) in enumerate(draw(st.lists(kinds, min_size=1, max_size=20)))
    )
    return replace(CONTENT, questions=questions)


sections = st.builds(
    Section,
    st.sampled_from(["single", "multiple", "judge"]),
    st.integers(1, 4),
    st.just(100),
    st.sampled_from([(), ("T01",), ("T01", "T02")]),
)
seeds = st.text(max_size=12)


@given(mixed(), st.lists(sections, min_size=1, max_size=3), seeds)
def test_papers_never_hold_a_practice_question(content: BankContent, rows: list[Section], seed: str) -> None:
    blueprint = Blueprint(tuple(rows))
    assert all(content.questions[each].pool == "formal" for row in rows for each in candidates(row, content))
    try:
        paper = assemble(blueprint, content, seed)
    except BlueprintUnsatisfiable:
        assert shortfalls(blueprint, content)
        return
    assert {content.questions[place.ordinal].pool for place in paper.places} == {"formal"}


@given(mixed(), seeds, st.sets(st.integers(-3, 25)))
def test_practice_never_holds_a_formal_question(content: BankContent, seed: str, asked: set[int]) -> None:
    drawn = draw_round(content, asked, seed)
    assert all(content.questions[place.ordinal].pool == "practice" for place in drawn)
    assert {place.ordinal for place in drawn} <= asked
    for room in rooms_of(content):
        assert {content.questions[ordinal].pool for ordinal in room.ordinals} == {"practice"}
    for ordinal in asked:
        there = 0 <= ordinal < len(content.questions)
        assert is_for_practice(content, ordinal) == (there and content.questions[ordinal].pool == "practice")


@given(mixed(), seeds)
def test_paper_and_practice_have_no_question_in_common(content: BankContent, seed: str) -> None:
    blueprint = Blueprint((Section("single", 1, 100),))
    assume(not shortfalls(blueprint, content))
    paper = {place.ordinal for place in assemble(blueprint, content, seed).places}
    practice = {place.ordinal for place in draw_round(content, range(len(content.questions)), seed)}
    assert not paper & practice
