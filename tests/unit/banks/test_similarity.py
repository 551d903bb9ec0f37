"""Questions that are there twice, or nearly so: in the file, in the bank, in what the bank once had."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.banks.checking.similarity import Earlier, _Index, _shingles, doubles
from quizapp.banks.content import BankContent, Question
from quizapp.banks.spellings import bare
from tests.unit.banks.samples import CONTENT, JUDGE, MULTIPLE, SINGLE

LONG = replace(
    SINGLE,
    code="T01-050",
    stem="依据 GB/T 19001-2016，组织确定外部供方的评价、选择、绩效监视和再评价准则时，应当基于什么？",
    options=("外部供方提供产品和服务的能力", "外部供方的报价高低", "外部供方的注册资本", "外部供方的员工人数"),
)


def content(*questions: Question) -> BankContent:
    return replace(CONTENT, questions=questions)


def found(*questions: Question, **options: Any) -> list[tuple[str, str, int | None]]:
    return [(each.severity, each.code, each.number) for each in doubles(content(*questions), **options)]


def facts(*questions: Question, **options: Any) -> dict[str, Any] | None:
    (fault,) = doubles(content(*questions), **options)
    return fault.facts


# --- within the file


def test_the_same_words_are_an_error_whatever_their_order_width_and_blanks() -> None:
    twin = replace(SINGLE, code="T01-009", options=tuple(reversed(SINGLE.options)), right=8)
    assert found(SINGLE, twin) == [("error", "question_doubled", 1)]
    wide = replace(SINGLE, code="T01-009", stem="ＰＤＣＡ循环的 第一个阶段是什么？")
    assert found(SINGLE, MULTIPLE, wide) == [("error", "question_doubled", 2)]
    assert facts(SINGLE, MULTIPLE, wide) == {"code": "T01-001", "count": 1}


def test_the_same_words_with_another_key_contradict_each_other() -> None:
    assert found(SINGLE, replace(SINGLE, code="T01-009", right=2)) == [("error", "question_contradicts", 1)]
    moved = replace(SINGLE, code="T01-009", options=tuple(reversed(SINGLE.options)), right=1)
    assert found(SINGLE, moved) == [("error", "question_contradicts", 1)]
    assert found(JUDGE, replace(JUDGE, code="T01-009", right=1)) == [("error", "question_contradicts", 1)]


def test_one_code_for_two_questions_is_an_error() -> None:
    assert found(SINGLE, replace(MULTIPLE, code=SINGLE.code)) == [("error", "code_doubled", 1)]


def test_the_same_stem_with_other_options_is_a_doubt() -> None:
    cousin = replace(SINGLE, code="T01-009", options=("计划", "执行", "核对", "改进"))
    assert found(SINGLE, cousin) == [("warning", "stem_repeated", 1)]


@pytest.mark.parametrize(
    "stem",
    [
        "PDCA循环的第一个阶段是什么。",
        "PDCA 循环的第一个阶段是什么（  ）？",
        "“PDCA”循环的第一个阶段是什么？",
        "PDCA 循环的第一个阶段，是什么____",
    ],
)
def test_a_stem_that_differs_in_punctuation_only_is_a_doubt(stem: str) -> None:
    assert found(SINGLE, replace(SINGLE, code="T01-009", stem=stem)) == [("warning", "stem_alike", 1)]


def test_a_stem_that_leaves_the_question_to_the_options_may_come_again() -> None:
    stem = "关于质量管理，下列说法正确的是（ ）。"
    first = replace(SINGLE, stem=stem)
    other = replace(first, code="T01-009", options=("抽样有风险", "全检没有风险", "免检没有风险", "抽样没有风险"))
    assert found(first, other) == []
    again = replace(first, code="T01-009", options=("策划", "实施", "检查", "改进"))
    assert found(first, again) == [("warning", "stem_repeated", 1)]


@pytest.mark.parametrize(
    "stem",
    [
        "按照 GB/T 19001-2016，组织确定外部供方的评价、选择、绩效监视和再评价的准则时，应基于什么？",
        "依据 GB/T 19001-2016，组织在确定外部供方的评价、选择、绩效监视和再评价准则时，应基于哪一点？",
        "GB/T 19001-2016：组织确定外部供方的评价、选择、绩效监视和再评价准则时，应当基于什么？",
    ],
)
def test_the_same_question_in_other_words_is_a_doubt(stem: str) -> None:
    again = replace(
        LONG, code="T07-050", stem=stem, options=(LONG.options[1], LONG.options[0], "距离", "规模"), right=2
    )
    assert found(SINGLE, LONG, again) == [("warning", "question_similar", 2)]
    said = facts(SINGLE, LONG, again)
    assert said
    assert (said["code"], said["count"]) == ("T01-050", 2)
    assert 70 <= said["percent"] < 100


def test_the_same_question_with_its_answer_put_otherwise_is_a_doubt() -> None:
    again = replace(LONG, code="T07-050", stem=LONG.stem + "请选择", options=("按要求供货的本领", *LONG.options[1:]))
    assert found(LONG, again) == [("warning", "question_similar", 1)]


def test_questions_of_one_pattern_with_other_answers_are_two_questions() -> None:
    options = ("严重度", "频度", "探测度", "风险顺序数")
    first = replace(SINGLE, stem="在 FMEA 的风险分析里，用来评价失效影响程度的字母 S 代表什么？", options=options)
    second = replace(first, code="T01-009", stem=first.stem.replace(" S ", " O "), right=2)
    assert found(first, second) == []


def test_judgements_of_one_pattern_are_two_where_a_figure_or_a_symbol_differs() -> None:
    first = replace(JUDGE, stem="过程能力指数 Cp 反映过程的潜在能力，不考虑过程均值的偏移。", right=1)
    assert found(first, replace(first, code="T01-009", stem=first.stem.replace("Cp ", "Cpk "), right=2)) == []
    again = replace(first, code="T01-009", stem=first.stem.replace("不考虑", "没有考虑"))
    assert found(first, again) == [("warning", "question_similar", 1)]


def test_one_text_about_two_pictures_is_two_questions() -> None:
    pictures = [f"![图](sha256:{digit * 64})" for digit in "12"]
    first, second = (
        replace(SINGLE, code=digit, stem=f"图中的控制图说明了什么？{picture}")
        for digit, picture in zip("12", pictures, strict=True)
    )
    assert found(first, second) == []


def test_a_question_is_told_once_and_of_the_nearest() -> None:
    near = replace(LONG, code="T07-050", stem=LONG.stem.replace("依据", "按照"))
    nearer = replace(LONG, code="T07-051", stem=near.stem + "？")
    assert found(LONG, near, nearer) == [("warning", "stem_alike", 2), ("warning", "question_similar", 1)]


# --- against the bank


def test_a_question_that_the_bank_has_under_another_code_is_pointed_at() -> None:
    renamed = replace(SINGLE, code="NEW-1")
    assert found(renamed, latest=CONTENT) == [("warning", "already_in_bank", 0)]
    assert facts(renamed, latest=CONTENT) == {"code": "T01-001", "own": "NEW-1"}


def test_a_question_like_one_of_the_bank_is_pointed_at_unless_it_is_that_one() -> None:
    again = replace(LONG, stem=LONG.stem.replace("依据", "按照"))
    bank = content(SINGLE, LONG)
    assert found(replace(again, code="NEW-1"), latest=bank) == [("warning", "similar_in_bank", 0)]
    assert found(again, latest=bank) == []  # the same question, reworded
    # Where the file has it too, that is told, and once.
    assert found(LONG, replace(again, code="NEW-1"), latest=bank) == [("warning", "question_similar", 1)]


def test_a_question_that_was_taken_out_and_comes_back_is_pointed_at() -> None:
    earlier = (Earlier(3, LONG),)
    assert found(SINGLE, LONG, latest=content(SINGLE), earlier=earlier) == [("warning", "was_in_bank", 1)]
    other = replace(LONG, code="NEW-1", stem=LONG.stem.replace("依据", "按照"))
    assert found(SINGLE, other, latest=content(SINGLE), earlier=earlier) == [("warning", "similar_in_earlier", 1)]
    assert facts(replace(LONG, code="NEW-1"), latest=content(SINGLE), earlier=earlier) == {
        "version": 3,
        "code": "T01-050",
    }


def test_an_old_file_that_undoes_a_correction_is_pointed_at() -> None:
    corrected = replace(SINGLE, right=2)
    earlier = (Earlier(1, SINGLE),)
    assert found(SINGLE, latest=content(corrected), earlier=earlier) == [("warning", "question_reverted", 0)]
    assert facts(SINGLE, latest=content(corrected), earlier=earlier) == {"version": 1}
    assert found(corrected, latest=content(corrected), earlier=earlier) == []
    assert found(replace(SINGLE, right=4), latest=content(corrected), earlier=earlier) == []


# --- one question among others, and many


def test_asking_about_one_question_finds_it_wherever_its_double_stands() -> None:
    again = replace(LONG, code="T07-050", stem=LONG.stem.replace("依据", "按照"))
    assert found(again, SINGLE, LONG, only=2) == [("warning", "question_similar", 2)]
    assert found(again, SINGLE, LONG, only=0) == [("warning", "question_similar", 0)]
    assert found(again, SINGLE, LONG, only=1) == []


@st.composite
def stems(draw: st.DrawFn) -> list[str]:
    """Some stems of their own, and others that are made from them by a few changes."""
    found = draw(st.lists(st.text("质量管理体系的要求与过程方法A1", min_size=0, max_size=40), min_size=1, max_size=6))
    for _ in range(draw(st.integers(0, 14))):
        stem = list(draw(st.sampled_from(found)))
        for _ in range(draw(st.integers(0, 3))):
            place = draw(st.integers(0, len(stem)))
            stem[place : place + draw(st.integers(0, 1))] = draw(st.sampled_from(["", "新", "旧"]))
        found.append("".join(stem))
    return found


@settings(max_examples=40, deadline=None)
@given(stems())
def test_the_index_finds_what_comparing_all_with_all_finds(stems: list[str]) -> None:
    index = _Index(stems)
    got = set()
    for number in range(len(stems)):
        got |= {(other, number) for _share, other in index.near(number)}
        index.add(number)
    sets = [_shingles(stem) for stem in stems]
    wanted = {
        (other, number)
        for number in range(len(sets))
        for other in range(number)
        if sets[number] and 10 * len(sets[other] & sets[number]) >= 7 * len(sets[other] | sets[number])
    }
    assert got == wanted


def made(count: int, seed: int = 1) -> list[Question]:
    """Questions with stems of 40 characters as unlike as those of a bank, every hundredth much like the one before."""
    chance = random.Random(seed)
    parts = ["".join(chr(0x4E00 + chance.randrange(3000)) for _ in range(5)) for _ in range(4000)]
    questions: list[Question] = []
    for number in range(count):
        stem = "依据标准，" + "".join(chance.choices(parts, k=7))
        if number % 100 == 99:
            stem = "按" + questions[-1].stem[2:]
        right = f"第 {number - number % 100 // 99} 题的答案"
        questions.append(replace(SINGLE, code=f"Q{number}", stem=stem, options=(right, "其二", "其三", "其四")))
    return questions


@pytest.mark.slow
def test_twenty_thousand_questions_are_compared_in_time() -> None:
    # Comparing all with all would take hours, and this test its time limit.
    bank = [replace(question, code=f"L{question.code}") for question in made(2_000, seed=2)]
    faults = list(doubles(content(*made(20_000)), latest=content(*bank)))
    assert {fault.code for fault in faults} == {"question_similar"}
    assert [fault.number for fault in faults] == list(range(99, 20_000, 100))


@pytest.mark.slow
def test_a_file_made_to_be_slow_is_compared_in_time() -> None:
    # All stems share their rarest sequences: without a bound each would be compared with each.
    chance = random.Random(3)
    parts = ["".join(chr(0x4E00 + chance.randrange(5000)) for _ in range(3)) for _ in range(60)]
    stems = ["".join(chance.choices(parts, k=40)) for _ in range(8_000)]
    options = [(f"甲{number}", "乙", "丙") for number in range(len(stems))]
    pairs = enumerate(zip(stems, options, strict=True))
    questions = [replace(SINGLE, code=f"Q{number}", stem=stem, options=each) for number, (stem, each) in pairs]
    assert {fault.code for fault in doubles(content(*questions))} <= {"question_similar"}


def test_stems_are_compared_without_punctuation_and_pictures() -> None:
    assert bare("PDCA 循环的第一个阶段是（ ）。") == bare("“pdca”循环的第一个阶段是____")
