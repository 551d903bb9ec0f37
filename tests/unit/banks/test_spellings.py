"""Types, difficulties and keys in the spellings of real files; and those that can be read two ways."""

import pytest

from quizapp.banks.spellings import (
    read_choice_key,
    read_difficulty,
    read_judge_key,
    read_pool,
    read_type,
)


@pytest.mark.parametrize(
    "text", ["ABC", "A,B,C", "A，B，C", "A;B;C", "A；B；C", "A、B、C", "a b c", "ＡＢＣ", "C B A", "A/B/C"]
)
def test_every_spelling_of_several_letters_is_read_alike(text: str) -> None:
    assert read_choice_key(text).right == 0b111


@pytest.mark.parametrize("text", ["对", "正确", "√", "T", "t", "是", "Ｔ", "TRUE", "true", " 正 确 ", "A", "✓"])
def test_every_spelling_of_true_is_read(text: str) -> None:
    assert read_judge_key(text, ()).right == 1


@pytest.mark.parametrize("text", ["错", "错误", "×", "F", "f", "否", "FALSE", "B", "✗", "Ｂ"])
def test_every_spelling_of_false_is_read(text: str) -> None:
    assert read_judge_key(text, ()).right == 2


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("1", "true", "option A"),
        ("0", "false", "option A"),
        ("V", "true", "letter"),
        ("x", "false", "letter"),
        ("不对", "false", "slip"),
    ],
)
def test_a_judgement_with_two_readings_is_refused_with_both(text: str, first: str, second: str) -> None:
    key = read_judge_key(text, ())
    assert (key.right, key.fault, key.first, key.second) == (0, "key_ambiguous", first, second)


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [("1", "option A", "option B"), ("0", "places", "content"), ("12", "places", "content")],
)
def test_a_number_as_a_choice_has_two_readings(text: str, first: str, second: str) -> None:
    key = read_choice_key(text)
    assert (key.right, key.fault, key.first, key.second) == (0, "key_ambiguous", first, second)


def test_the_letters_of_a_judgement_follow_its_written_options() -> None:
    assert read_judge_key("A", ("错误", "正确")).right == 2
    assert read_judge_key("B", ("错误", "正确")).right == 1
    assert read_judge_key("A", ("合格", "不合格")).fault == "key_unreadable"


@pytest.mark.parametrize("text", ["", "策划", "答案A", "A?", "对"])
def test_what_is_no_letter_is_no_choice(text: str) -> None:
    assert read_choice_key(text).fault == "key_unreadable"


@pytest.mark.parametrize(
    ("text", "fault"), [("J", "key_outside_options"), ("AA", "key_repeats_letter"), ("BAB", "key_repeats_letter")]
)
def test_letters_that_make_no_key_are_named(text: str, fault: str) -> None:
    assert read_choice_key(text).fault == fault


@pytest.mark.parametrize("text", ["也许", "AB", "12", "正确错误"])
def test_what_is_neither_true_nor_false_is_not_read(text: str) -> None:
    key = read_judge_key(text, ())
    assert (key.right, bool(key.fault)) == (0, True)


def test_types_difficulties_and_pools_have_their_words() -> None:
    assert [read_type(word) for word in ("单选", "单项选择题", "多选题", "不定项", "是非题", "judge", " 单选题 ")] == [
        *("single", "single", "multiple", "multiple", "judge", "judge", "single")
    ]
    assert [read_difficulty(word) for word in ("易", "中等", "困难", "Hard")] == ["easy", "medium", "hard", "hard"]
    assert [read_pool(word) for word in ("正式", "练习", "practice")] == ["formal", "practice", "practice"]
    assert read_type("简答题") is read_difficulty("5") is read_pool("备用") is None
