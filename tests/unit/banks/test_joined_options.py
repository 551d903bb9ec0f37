"""Options in one cell: taken apart where there is one way to do it, refused where there are two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.banks.formats.tables.joined_options import take_apart


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("A-带电|B-停电", ("带电", "停电")),
        ("A-带电｜B-停电", ("带电", "停电")),
        ("A. x,B. y", ("x", "y")),
        ("A.甲；B.乙；C.丙；", ("甲", "乙", "丙")),
        ("A、甲\nB、乙\nC、丙", ("甲", "乙", "丙")),
        ("A. 甲；\nB. 乙；\nC. 丙。", ("甲", "乙", "丙。")),
        ("A.甲 B.乙\nC.丙 D.丁", ("甲", "乙", "丙", "丁")),
        ("A.甲B.乙C.丙", ("甲", "乙", "丙")),
        ("（A）甲 （B）乙", ("甲", "乙")),
        ("【A】甲【B】乙", ("甲", "乙")),
        ("Ａ：甲，Ｂ：乙", ("甲", "乙")),
        ("A．5%|B．10%", ("5%", "10%")),
        ("A. 甲,乙,B. 丙", ("甲,乙", "丙")),
        ("A.见A、B两项,B.无", ("见A、B两项", "无")),
        ("A．ISO 9001|B．A类|C．B类", ("ISO 9001", "A类", "B类")),
        ("A-甲-乙|B-丙", ("甲-乙", "丙")),
        ("A.1:2|B.A:B", ("1:2", "A:B")),
        ("A-带电|B-停电|C-|D-", ("带电", "停电", "", "")),
        ("甲$;$乙、丙$;$丁", ("甲", "乙、丙", "丁")),
    ],
)
def test_letters_in_order_with_one_kind_of_separator_are_certain(text: str, options: tuple[str, ...]) -> None:
    assert take_apart(text).options == options


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("A. 甲B.式,B. 乙,C. 丙", [("甲", "式,B. 乙", "丙"), ("甲B.式", "乙", "丙")]),
        ("A.维生素 B.族 B.其他", [("维生素", "族 B.其他"), ("维生素 B.族", "其他")]),
        ("A. x,B. y；C. z", [("x", "y", "z")]),
        ("带电|停电", []),
        ("A顾客B标准", []),
        ("A 甲 B 乙", []),
        ("A.甲|C.丙", []),
        ("A.单个", []),
        ("B.乙|A.甲", []),
        ("", []),
    ],
)
def test_what_can_be_read_in_two_ways_or_none_is_not_taken_apart(text: str, readings: list[tuple[str, ...]]) -> None:
    found = take_apart(text)
    assert (found.options, list(found.readings)) == ((), readings)


def test_a_judgement_may_have_its_two_words_without_letters() -> None:
    assert take_apart("正确|错误", judge=True).options == ("正确", "错误")
    assert take_apart("对/错", judge=True).options == ("对", "错")
    assert take_apart("正确|错误").options == ()
    assert take_apart("正确|停电", judge=True).options == ()


OPTIONS = st.lists(st.text("甲乙丙丁 ,.、()1x", min_size=1).map(str.strip).filter(bool), min_size=2, max_size=8)
MARKS = st.sampled_from([".", "、", ":", ")", "-", "．", "："])
SEPARATORS = st.sampled_from(["|", "｜", "\n", ";\n", "；", "$;$"])


@given(OPTIONS, MARKS, SEPARATORS)
def test_what_is_taken_apart_is_what_was_put_together(options: list[str], mark: str, separator: str) -> None:
    text = separator.join(f"{letter}{mark}{option}" for letter, option in zip("ABCDEFGH", options, strict=False))
    found = take_apart(text).options
    # A sign of a separator at the end of every option, or of the last, can't be told from the separator.
    cut = [option.rstrip(" ,、|;$\n") for option in options]
    assert not found or [option.rstrip(" ,、|;$\n") for option in found] == cut
    assert found or not all(option.isalnum() for option in options)


@given(st.text("AB.、|,-$ 甲", max_size=30))
def test_nothing_is_lost_whatever_the_text(text: str) -> None:
    found = take_apart(text)
    for option in (each for reading in (found.options, *found.readings) for each in reading):
        assert option in text
