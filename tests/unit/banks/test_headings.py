"""Headings as organizers write them, and sheets that are named for a type."""

import pytest

from quizapp.banks.formats.tables.headings import (
    column_letter,
    column_place,
    fields,
    is_ignored,
    read_heading,
    sheet_type,
)


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("题干（必填）", "stem"),
        ("题型 （必填）", "type"),
        ("题型(必填）", "type"),
        ("选项 A", "A"),
        ("选项E\n(勿删)", "E"),
        ("选项A（必填）", "A"),
        ("选择项1", "A"),
        ("选择项5", "E"),
        ("备选答案C", "C"),
        ("A", "A"),
        ("D选项", "D"),
        ("正确答案\n（必填）", "key"),
        ("正确答案H\n（必填）", "key"),
        ("正确选项（必填）", "key"),
        ("参考答案", "key"),
        ("答案2", "key"),
        ("解析\n（勿删）", "explanation"),
        ("章节\n（勿删）", "topic"),
        ("知识点一级", "topic"),
        ("一级纲要", "topic"),
        ("章节/主题", "topic"),
        ("专业", "topic"),
        ("大题题干", "stem"),
        ("题目名称", "stem"),
        ("＊题目＊", "stem"),
        ("題目", "stem"),
        ("選項Ｂ", "B"),
        ("選項", "options"),
        ("难易度", "difficulty"),
        ("难易程度", "difficulty"),
        ("出处", "reference"),
        ("题目依据", "reference"),
        ("试题编码", "code"),
        ("试题GUID", "code"),
        ("得分2", "points"),
        ("\u200b题干\ufeff", "stem"),
        ("Question", "stem"),
        ("Option A", "A"),
        ("Correct answer:", "key"),
        ("英文选项B", "english_B"),
        ("题型（单选/多选/判断）", "type"),
        ("难度（易、中、难）*", "difficulty"),
        ("选项（B）", "B"),
        ("答案\n多选写全部字母", "key"),
        ("题目编号（不填则自动生成）", "code"),
        ("备注", None),
        ("二级纲要", None),
        ("知识点二级", None),
        ("选项数", None),
        ("", None),
        ("N", None),
    ],
)
def test_headings_of_real_files_are_recognised(heading: str, field: str | None) -> None:
    found = read_heading(heading)
    assert (found.field if found else None) == field


@pytest.mark.parametrize("heading", ["序号", "选项数", "一致性", "分数", "试题分数", "分值（分）", "错误原因"])
def test_columns_that_a_bank_does_not_keep_are_known(heading: str) -> None:
    assert is_ignored(heading)


def test_what_a_person_said_of_a_heading_goes_first() -> None:
    said = {"题面": "stem", "解析": "reference"}
    assert [read_heading(each, said) for each in ("题面（新）", "题 面", "解析")] == [
        None,
        ("stem", 0),
        ("reference", 0),
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("单选题", "single"),
        ("一、单选题（80）", "single"),
        ("单项选择题", "single"),
        ("多选", "multiple"),
        ("不定项选择题", "multiple"),
        ("判断题", "judge"),
        ("是非題", "judge"),
        ("填空题", "填空题"),
        ("单选多选", ""),
        ("单选与填空", ""),
        ("Sheet1", ""),
        ("", ""),
    ],
)
def test_a_sheet_may_be_named_for_the_type_of_its_questions(name: str, kind: str) -> None:
    assert sheet_type(name) == kind


def test_columns_are_called_as_excel_calls_them() -> None:
    letters = ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]
    assert [column_letter(place) for place in (0, 25, 26, 51, 52, 701, 702)] == letters
    assert [column_letter(column_place(each)) for each in letters] == letters


def test_every_field_of_the_template_can_be_a_column() -> None:
    from quizapp.banks.formats.tables.template import COLUMNS

    assert set(COLUMNS) < set(fields())
