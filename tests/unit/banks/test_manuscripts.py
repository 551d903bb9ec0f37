"""A question as somebody types it: it reads back as it was, and each fault is at its field."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.banks.checking.surroundings import Surroundings
from quizapp.banks.content import JUDGE_OPTIONS, English, Question
from quizapp.banks.editor.manuscript import FIELDS, fields_of, next_code, place_for, review
from tests.unit.banks.samples import CONTENT, JUDGE, MULTIPLE, SINGLE

WORDS = st.text(st.sampled_from("质量管理检验Aaz09。，（）? \n"), min_size=1, max_size=30).map(str.strip).filter(bool)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Any question that an editor could type, as far as one question can be right or wrong by itself."""
    kind = draw(st.sampled_from(("single", "multiple", "judge")))
    count = 2 if kind == "judge" else draw(st.integers(2, 8))
    texts = tuple(draw(st.lists(WORDS, min_size=count, max_size=count, unique_by=lambda text: "".join(text.split()))))
    places = st.sets(st.integers(0, count - 1), min_size=2 if kind == "multiple" else 1, max_size=count)
    chosen = draw(places) if kind == "multiple" else {draw(st.integers(0, count - 1))}
    translation = English(
        draw(WORDS),
        () if kind == "judge" else tuple(f"{number} {text}" for number, text in enumerate(texts)),
        draw(WORDS),
    )
    return Question(
        code=draw(st.text(st.sampled_from("AT01-"), min_size=1, max_size=40)),
        type=kind,
        topic=draw(st.sampled_from(("T01", "T02"))),
        difficulty=draw(st.sampled_from(("easy", "medium", "hard"))),
        pool=draw(st.sampled_from(("formal", "practice"))),
        stem=draw(WORDS),
        options=JUDGE_OPTIONS if kind == "judge" else texts,
        right=sum(1 << place for place in chosen),
        explanation=draw(WORDS),
        reference=draw(WORDS),
        valid_from=draw(st.none() | st.dates()),
        valid_to=None,
        english=draw(st.none() | st.just(translation)),
    )


@settings(max_examples=50)
@given(questions())
def test_a_question_that_is_opened_and_saved_is_as_it_was(question: Question) -> None:
    fields = fields_of(question)
    assert fields.keys() <= set(FIELDS)
    assert review(fields, replace(CONTENT, questions=(question,)), place=0).question == question


def faults(question: Question, typed: dict[str, str]) -> dict[str, str]:
    """The codes of what is wrong with a sample when it is typed over, by field."""
    reviewed = review({**fields_of(question), **typed}, CONTENT, place=CONTENT.questions.index(question))
    assert reviewed.has_errors == any(each.severity == "error" for each in reviewed.findings)
    return {each.where.field: each.code for each in reviewed.findings}


@pytest.mark.parametrize(
    ("question", "typed", "expected"),
    [
        (SINGLE, {}, {}),
        (SINGLE, {"stem": "  "}, {"stem": "stem_missing"}),
        (SINGLE, {"key": ""}, {"key": "key_missing"}),
        (SINGLE, {"key": "AB"}, {"key": "single_several_keys"}),
        (SINGLE, {"key": "E"}, {"key": "key_outside_options"}),
        (SINGLE, {"B": ""}, {"B": "option_missing"}),
        (SINGLE, {"C": "策 划"}, {"C": "options_equal"}),
        (MULTIPLE, {"key": "A"}, {"key": "multiple_one_key"}),
        (JUDGE, {"key": ""}, {"key": "key_missing"}),
        (SINGLE, {"type": "judge", "key": "正确"}, {"A": "judge_options"}),
        (SINGLE, {"type": "填空题"}, {"type": "kind_unsupported"}),
        (SINGLE, {"topic": "T99"}, {"topic": "topic_unknown"}),
        (SINGLE, {"code": "T01 001"}, {"code": "code_bad"}),
        (SINGLE, {"code": "T02-001"}, {"code": "code_doubled"}),
        (SINGLE, {"valid_from": "2026-02-30"}, {"valid_from": "date_unreadable"}),
        (SINGLE, {"valid_from": "2026-02-01", "valid_to": "2026-01-01"}, {"valid_to": "dates_reversed"}),
        (SINGLE, {"stem": "哪\u202e个？"}, {"stem": "text_control"}),
        (SINGLE, {"english_stem": "Which?"}, {"english_A": "english_options_differ"}),
        (SINGLE, {"explanation": "x" * 4001}, {"explanation": "text_too_long"}),
        (SINGLE, {"explanation": "", "reference": ""}, dict.fromkeys(("explanation", "reference"), "")),
        (SINGLE, {"stem": f"看图 ![图](sha256:{'0' * 64})"}, {"stem": "picture_missing"}),
    ],
)
def test_each_fault_is_told_at_its_field(question: Question, typed: dict[str, str], expected: dict[str, str]) -> None:
    found = faults(question, typed)
    for field, code in expected.items():
        assert found.get(field) == (code or f"{field}_missing"), found
    if not expected:
        assert found == {}


def test_a_doubled_question_is_told_at_the_one_being_edited_wherever_the_other_is() -> None:
    same = {**fields_of(JUDGE), "code": "X"}
    for place, twin, number in ((None, JUDGE, 3), (0, JUDGE, 3), (2, SINGLE, 1)):
        typed = {**fields_of(twin), "code": "X"}
        (doubled,) = [each for each in review(typed, CONTENT, place=place).findings if each.code == "question_doubled"]
        assert (doubled.where.field, doubled.facts["code"], doubled.facts["count"]) == ("stem", twin.code, number)
    assert not review(same, CONTENT, place=2).has_errors


def test_what_is_wrong_with_other_questions_keeps_nobody_from_saving() -> None:
    content = replace(CONTENT, questions=(replace(SINGLE, right=0), MULTIPLE, JUDGE))
    assert not review(fields_of(JUDGE), content, place=2).findings


def test_a_question_of_the_newest_version_keeps_its_code() -> None:
    moved = {**fields_of(SINGLE), "code": "OTHER"}
    (finding,) = review(moved, CONTENT, Surroundings(latest=CONTENT), place=0).findings
    assert (finding.code, finding.severity) == ("already_in_bank", "warning")


def test_an_empty_code_is_numbered_on_or_kept() -> None:
    new = {**fields_of(SINGLE), "stem": "新的问题？", "code": " "}
    assert review(new, CONTENT).question.code == "T01-003"
    earlier = replace(CONTENT, questions=(*CONTENT.questions, replace(JUDGE, code="T01-017")))
    assert review(new, CONTENT, Surroundings(latest=earlier)).question.code == "T01-018", (
        "a code that was used means that question"
    )
    assert review(new, CONTENT, place=0).question.code == "T01-001"


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (("T01-009",), "T01-010"),
        (("T01-099", "T01-100"), "T01-101"),
        (("T0199", "T01-1"), "T01100"),
        (("T02-001", "Q1"), ""),
        ((), ""),
        (("T01-x", "T01-"), ""),
    ],
)
def test_codes_go_on_as_they_began(codes: tuple[str, ...], expected: str) -> None:
    content = replace(CONTENT, questions=tuple(replace(SINGLE, code=code) for code in codes))
    assert next_code("T01", content, None) == expected


def test_a_bank_whose_questions_are_not_numbered_gives_a_code_made_of_the_words() -> None:
    content = replace(CONTENT, questions=(replace(SINGLE, code="first"),))
    code = review({**fields_of(JUDGE), "code": ""}, content).question.code
    assert code.startswith("Q")
    assert review({**fields_of(JUDGE), "code": ""}, content).question.code == code


def test_a_new_question_stands_where_its_file_would_have_it() -> None:
    assert place_for(replace(SINGLE, code="N"), CONTENT) == 1
    assert place_for(replace(JUDGE, code="N"), CONTENT) == 3
    assert place_for(replace(MULTIPLE, code="N", pool="practice"), CONTENT) == 2
    assert place_for(replace(SINGLE, topic="T09"), CONTENT) == 3
    assert place_for(SINGLE, replace(CONTENT, questions=())) == 0
