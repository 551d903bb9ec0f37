"""What gives an answer away, or reads wrongly once options are shuffled; and what only looks like it."""

import random
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from quizapp.banks.checking.checks import check_content
from quizapp.banks.checking.quality import bank_doubts, chi_square_tail
from quizapp.banks.content import Question, mask_of
from quizapp.banks.findings import Fault
from tests.unit.banks.samples import CONTENT, JUDGE, MULTIPLE, SINGLE, faults

DAY = date(2026, 11, 22)


def found(question: Question, **options: Any) -> list[tuple[str, str]]:
    return [(severity, code) for severity, code, _field in faults(question, **options)]


# --- the answer in the stem


@pytest.mark.parametrize(
    "stem",
    [
        "第一个阶段是（A）。",
        "质量管理是指从(Ａ)角度理解质量。",
        "（ A ）是 PDCA 循环的第一个阶段。",
        "PDCA 循环的第一个阶段是哪一个？【A】",
        "PDCA 循环的第一个阶段是哪一个？ 答案：A",
        "Which comes first? Answer: a",
    ],
)
def test_a_stem_that_shows_its_key_is_refused(stem: str) -> None:
    assert found(replace(SINGLE, stem=stem)) == [("error", "stem_shows_key")]


def test_several_letters_in_brackets_are_the_key_wherever_they_stand() -> None:
    assert found(replace(MULTIPLE, stem="老七种工具有哪些（A、B、D）几种？")) == [("error", "stem_shows_key")]
    assert found(replace(MULTIPLE, stem="老七种工具（ABD）包括？")) == [("error", "stem_shows_key")]


@pytest.mark.parametrize(
    "stem",
    [
        "企业（A）类部门的第一个阶段是什么？",
        "零件（A）级缺陷的第一个阶段是什么？",
        "企业（B）在第一个阶段做什么？",
        "第一个阶段是（计划）吗，还是别的？",
        "PDCA 中的检查（C）之前是什么？",
        "参照方案 ABC（A 为现行方案）的第一个阶段是什么？",
    ],
)
def test_a_symbol_in_brackets_is_no_key(stem: str) -> None:
    assert found(replace(SINGLE, stem=stem)) == []


def test_a_symbol_that_is_the_key_s_letter_is_pointed_at_and_refuses_nothing() -> None:
    act = replace(SINGLE, stem="PDCA 中检查（C）阶段的主要任务是什么？", right=0b0100)
    assert found(act) == [("warning", "stem_may_show_key")]


@pytest.mark.parametrize(
    ("stem", "right", "expected"),
    [
        ("抽检合格的批里没有不合格品。（×）", 2, [("error", "stem_shows_key")]),
        ("（错）抽检合格的批里没有不合格品。", 2, [("error", "stem_shows_key")]),
        ("抽检合格的批里没有不合格品。答案：错误", 2, [("error", "stem_shows_key")]),
        ("抽检合格的批里没有不合格品。（√）", 2, [("warning", "stem_key_differs")]),
        ("操作者应当（正确）佩戴防护用品。", 1, []),
        ("规格上限与规格下限之差称为公差（T）。", 1, []),
        ("公差（T）与六倍标准差之比是过程能力指数。", 1, []),
        ("抽检合格的批里没有不合格品。（T）", 1, [("error", "stem_shows_key")]),
    ],
)
def test_a_judgement_tells_its_key_at_its_end_or_its_beginning(
    stem: str, right: int, expected: list[tuple[str, str]]
) -> None:
    assert found(replace(JUDGE, stem=stem, right=right)) == expected


def test_a_stem_that_says_another_answer_than_the_key_is_pointed_at() -> None:
    assert found(replace(SINGLE, stem="PDCA 循环的第一个阶段是（B）。")) == [("warning", "stem_key_differs")]
    assert found(replace(SINGLE, stem="第一个阶段是什么？答案：B")) == [("warning", "stem_key_differs")]


@pytest.mark.parametrize(
    ("stem", "options", "expected"),
    [
        ("先策划的循环，第一个阶段是什么？", SINGLE.options, True),
        ("先策划后实施的循环，第一个阶段是什么？", SINGLE.options, False),
        ("第 10201 号文与 2016 年的各有几条？", ("16", "20", "12", "9"), False),
        ("每班抽 16 件，样本量是多少？", ("16", "20", "12", "9"), True),
        ("CPK 是什么的缩写？", ("PK", "PP", "CP", "CM"), False),
        ("图 ![策划](sha256:" + "0" * 64 + ") 说的是哪一步？", SINGLE.options, True),  # who can't see it hears it
    ],
)
def test_a_stem_with_the_words_of_only_the_right_option_is_pointed_at(
    stem: str, options: tuple[str, ...], expected: bool
) -> None:
    question = replace(SINGLE, stem=stem, options=options)
    assert [code for _severity, code in found(question)] == (["stem_holds_option"] if expected else [])


# --- options under shuffling


@pytest.mark.parametrize(
    "option",
    [
        "以上都是",
        "以上都不对",
        "以上均不正确。",
        "以上皆非",
        "以上全是",
        "以上三种描述都不对",
        "以上三项都合适",
        "以上选项均正确",
        "以上都能质疑",
        "上述 说法都对",
        "上述都不是",
        "上面说法均错误",
        "以上",
        "以上说法不正确",
        "前三项",
        "前三项都是",
        "前两者均正确",
        "其他选项都不对",
        "全部正确",
        "都不对",
        "全对",
        "A和B",
        "A、B",
        "A,B,C",
        "A＋B",
        "AB都对",
        "A和B都不对",
        "ABC 均正确",
        "选项 A 与 B",
        "A or B",
        "All of the above",
        "none of the above is correct",
        "Both of the above",
        "both A and B",
        "Neither of these",
    ],
)
def test_an_option_that_speaks_of_others_reads_wrongly_once_they_are_shuffled(option: str) -> None:
    question = replace(SINGLE, options=("策划", "实施", "检查", option))
    assert faults(question) == [("warning", "option_refers", "D")]
    assert faults(question, shuffle=False) == []


@pytest.mark.parametrize(
    "option",
    [
        "以上级文件为准",
        "上述过程的输入均应形成文件",
        "前者",
        "前三项工序的负责人",
        "AC",
        "ABC",
        "DC 和 AC",
        "A 类和 B 类不合格",
        "D和E",
        "BA",
        "没有共同特点",
        "都是先进先出",
        "全部产品",
        "全面质量管理",
        "all products of the line",
        "总体的 95% 以上都在界限之内",
    ],
)
def test_an_option_that_only_sounds_so_is_left_alone(option: str) -> None:
    assert faults(replace(SINGLE, options=("策划", "实施", "检查", option))) == []


def test_letters_that_the_stem_names_are_things_and_not_options() -> None:
    question = replace(SINGLE, stem="甲厂有 A、B 两台机床，哪些需要停机？", options=("只有 A", "只有 B", "A和B", "无"))
    assert faults(question) == []
    listed = replace(SINGLE, stem="①样本量 ②批量，哪些要记录？", options=("仅①", "仅②", "都对", "无"))
    assert faults(listed) == []


# --- twins, length, dates


@pytest.mark.parametrize(
    ("first", "second", "alike"),
    [
        ("质量、成本、交期", "质量，成本，交期。", True),
        ("“三检”制", "三检制", True),
        ("Kaizen 改善", "kaizen改善", True),
        ("n", "N", False),
        ("mPa", "MPa", False),
        ("(1,2]", "[1,2)", False),
        ("1.5", "15", False),
        ("3:1", "31", False),
        ("≥1.33", "≤1.33", False),
        ("-3σ", "3σ", False),
        ("5%", "5‰", False),
    ],
)
def test_options_that_differ_in_nothing_to_see_are_pointed_at(first: str, second: str, alike: bool) -> None:
    question = replace(SINGLE, options=("策划先行", first, second, "其余"))
    assert faults(question) == ([("warning", "options_alike", "C")] if alike else [])


def test_a_right_option_much_longer_than_all_others_is_pointed_at() -> None:
    long = "从顾客的需求出发，策划、实施、检查并持续改进整个过程"
    assert faults(replace(SINGLE, options=(long, "实施", "检查", "处置"))) == [("warning", "key_much_longer", "A")]
    assert faults(replace(SINGLE, options=(long, "实施", "检查", "处置"), right=2)) == []
    assert faults(replace(SINGLE, options=(long, "实施", "检查", long[:20]))) == []
    assert faults(replace(SINGLE, options=("阿曼德·费根堡姆", "戴明", "朱兰", "石川馨"))) == []


def test_a_question_past_its_date_is_pointed_at_in_the_formal_pool_only() -> None:
    old = replace(SINGLE, valid_to=date(2026, 11, 21))
    assert faults(old, today=DAY) == [("warning", "question_expired", "valid_to")]
    assert faults(replace(old, pool="practice"), today=DAY) == []
    assert faults(replace(old, valid_to=DAY), today=DAY) == []
    assert faults(old) == []


# --- the bank as a whole


def many(kind: str, masks: list[int]) -> list[Question]:
    """Questions that have nothing in common but their kind."""
    sample = {"single": SINGLE, "multiple": MULTIPLE, "judge": JUDGE}[kind]
    words = [chr(0x4E00 + 7 * number) * 5 for number in range(len(masks))]
    return [
        replace(sample, code=f"Q{number}", stem=f"{word}是什么？", right=mask)
        for number, (word, mask) in enumerate(zip(words, masks, strict=True))
    ]


def whole(*questions: Question) -> list[Fault]:
    return [fault for fault in check_content(replace(CONTENT, questions=questions)) if fault.number is None]


def test_a_letter_that_is_right_too_often_is_pointed_at() -> None:
    # The real set: D is right in 25 of 58, the rest spread over the others.
    (fault,) = whole(*many("single", [8] * 25 + [1, 2, 4] * 11))
    assert fault.code == "keys_skewed"
    assert fault.facts == {"type": "single", "letter": "D", "right": 25, "offered": 58, "expected": 14}


def test_keys_that_are_uneven_altogether_are_pointed_at_once() -> None:
    # No letter is off by three deviations, but chance would do this in one bank of 200.
    (fault,) = whole(*many("single", [1] * 35 + [2] * 32 + [4] * 13 + [8] * 20))
    assert fault.code == "keys_uneven"
    assert fault.facts == {"type": "single", "offered": 100, "counts": "A 35, B 32, C 13, D 20", "expected": 25}
    (fault,) = whole(*many("multiple", [0b0011] * 17 + [0b0101] * 9 + [0b1001] * 8 + [0b0110] * 8 + [0b1010] * 8))
    assert fault.code == "keys_uneven"


def test_judgements_that_are_mostly_true_are_pointed_at() -> None:
    (fault,) = whole(*many("judge", [1] * 30 + [2] * 10))
    assert fault.code == "judgements_skewed"
    assert fault.facts == {"right": 30, "offered": 40, "more": "true"}
    assert whole(*many("judge", [1] * 24 + [2] * 16)) == []


@pytest.mark.parametrize(
    ("kind", "masks"),
    [
        ("single", [1, 2, 4, 8] * 10),
        ("single", [1] * 11),
        ("single", [1] * 290 + [2] * 260 + [4] * 240 + [8] * 210),  # sure, but worth two questions in a hundred
        ("judge", [1, 2] * 10),
        ("multiple", [3, 5, 6, 9, 10, 12] * 4),
        ("multiple", [15] * 9),
        ("multiple", [15] * 5 + [3, 5, 6, 9, 10, 12]),
    ],
)
def test_an_even_or_a_small_distribution_is_left_alone(kind: str, masks: list[int]) -> None:
    assert whole(*many(kind, masks)) == []


def test_keys_by_chance_are_hardly_ever_pointed_at() -> None:
    chance = random.Random(7)
    banks = [many("single", [1 << chance.randrange(4) for _ in range(60)]) for _ in range(200)]
    alarms = sum(any(bank_doubts(replace(CONTENT, questions=tuple(bank)))) for bank in banks)
    assert alarms <= 10  # 1 % of 200 banks by the test's own design, and as much for single letters


def test_multiple_choices_with_all_options_right_are_pointed_at_where_most_are_so() -> None:
    (fault,) = whole(*many("multiple", [15] * 8 + [3, 5, 6, 9]))
    assert fault.code == "multiples_all_right"
    assert fault.facts == {"count": 8, "offered": 12, "percent": 67}


def test_one_multiple_choice_with_all_options_right_is_nothing_to_complain_of() -> None:
    assert faults(replace(MULTIPLE, right=0b1111)) == []


def sized(number: int, *, longest: bool) -> Question:
    (question,) = many("single", [1])
    key = "正确的选项比较长" if longest else "长短差不多"
    options = (
        (key, "长短差不多", "这也是一项", "还有这一项") if longest else ("短的一项", key, "这也是一项", "还有一项")
    )
    return replace(question, code=f"Q{number}", stem=chr(0x4E00 + 7 * number) * 5, options=options)


def test_right_options_that_are_mostly_the_longest_are_pointed_at_with_numbers() -> None:
    bank = [sized(number, longest=number < 9) for number in range(20)]
    keys = [replace(each, right=1) for each in bank]
    assert [fault.facts for fault in whole(*keys) if fault.code == "keys_longest"] == [
        {"count": 9, "offered": 20, "percent": 45}
    ]
    fewer = [sized(number, longest=number < 8) for number in range(20)]
    assert "keys_longest" not in {fault.code for fault in whole(*fewer)}
    assert "keys_longest" not in {fault.code for fault in whole(*keys[:19])}


def test_the_length_of_figures_says_nothing() -> None:
    figures = [
        replace(each, options=("10000", "500", "80", "20"), right=mask_of("A")) for each in many("single", [1] * 25)
    ]
    assert "keys_longest" not in {fault.code for fault in whole(*figures)}


@pytest.mark.parametrize(
    ("statistic", "freedom", "tail"),
    # The 1 % and 5 % points of the usual tables.
    [(6.635, 1, 0.01), (9.210, 2, 0.01), (11.345, 3, 0.01), (13.277, 4, 0.01), (18.475, 7, 0.01), (7.815, 3, 0.05)],
)
def test_the_tail_of_chi_square_is_that_of_the_tables(statistic: float, freedom: int, tail: float) -> None:
    assert chi_square_tail(statistic, freedom) == pytest.approx(tail, rel=1e-3)
