from typing import Any

import pytest

from quizapp.organizations.rosters import Known, Roster, check_roster, numbers_in, read_sheets

KNOWN = Known(
    units={"A": 1, "A1": 2},
    default_unit=1,
    phones={"13800000001": ("林晓", 1), "13800000002": ("陈光", 9)},
    staff={(1, "7"): "薄明"},
)


def check(rows: list[list[str]], known: Known = KNOWN, sheet: str = "名册") -> Roster:
    return check_roster(read_sheets([(sheet, rows)]), known)


def faults(rows: list[list[str]]) -> list[tuple[int, str, str]]:
    return [(finding.row, finding.column, finding.code) for finding in check(rows).faults]


def test_people_are_read_with_their_numbers_and_units() -> None:
    found = check(
        [["姓名", "工号", "手机号", "单位代码"], ["张三", "10086", "", ""], ["李四", "", "138 0000 9999", "a1"]]
    )
    assert not found.faults
    assert [(each.name, each.unit_id, each.staff_number, each.phone) for each in found.people] == [
        ("张三", 1, "10086", None),
        ("李四", 2, None, "13800009999"),
    ]


@pytest.mark.parametrize(
    "heading",
    [
        ["姓名*", "工号（必填）"],
        [" 姓 名 ", "员工编号"],
        ["姓名\n(必填)", "职工号"],
        ["\ufeff姓名", "工\u200b号"],
        ["ＮＡＭＥ", "Staff Number"],
    ],
)
def test_headings_are_known_in_many_spellings(heading: list[str]) -> None:
    assert [each.name for each in check([heading, ["张三", "1"]]).people] == ["张三"]


def test_rows_above_the_headings_are_skipped_and_row_numbers_are_the_sheets() -> None:
    found = check([["某某公司员工名册"], [], ["姓名", "工号"], ["张三", "1"], [], ["", "2"]])
    assert [(each.row, each.column, each.code) for each in found.faults] == [(6, "姓名", "name_missing")]


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        (["", "1", "", ""], "姓名", "name_missing"),
        (["张" * 61, "1", "", ""], "姓名", "name_long"),
        (["=cmd", "1", "", ""], "姓名", "name_odd"),
        (["13800009999", "1", "", ""], "姓名", "name_odd"),
        (["张三", "", "12345", ""], "手机号", "phone_odd"),
        (["张三", "", "1.38000099991E+10", ""], "手机号", "number_rounded"),
        (["张三", "1.23456789012346E+17", "", ""], "工号", "number_rounded"),
        (["张三", "a/b", "", ""], "工号", "staff_number_odd"),
        (["张三", "", "", ""], "工号", "number_missing"),
        (["张三", "1", "", "ZZ"], "单位代码", "unit_unknown"),
        (["张三", "", "13800000001", ""], "手机号", "phone_taken"),
        (["张三", "7", "", ""], "工号", "staff_number_taken"),
        (["陈光", "", "13800000002", ""], "手机号", "phone_taken"),
    ],
)
def test_each_fault_is_named_with_its_row_and_column(row: list[str], column: str, code: str) -> None:
    assert faults([["姓名", "工号", "手机号", "单位代码"], ["张三", "100", "", ""], row]) == [(3, column, code)]


def test_repeats_within_the_file_name_the_other_row() -> None:
    found = check(
        [["姓名", "工号", "手机号"], ["张三", "a1", "13800009999"], ["李四", "A1", ""], ["王五", "", "13800009999"]]
    )
    assert [(each.row, each.column, each.code, each.facts["other"]) for each in found.faults] == [
        (3, "工号", "repeated", 2),
        (4, "手机号", "repeated", 2),
    ]


def test_the_same_number_in_two_units_is_no_repeat() -> None:
    assert not check([["姓名", "工号", "单位代码"], ["张三", "1", "A"], ["李四", "1", "A1"]]).faults


def test_a_roster_imported_again_adds_nobody_twice() -> None:
    found = check([["姓名", "工号", "手机号"], ["林晓", "", "13800000001"], ["薄明", "7", ""]])
    assert (found.people, found.present, found.faults) == ([], 2, [])


@pytest.mark.parametrize("rows", [[], [["单位"]], [["a"] * 5] * 20])
def test_a_file_without_a_column_of_names_says_so(rows: list[list[str]]) -> None:
    assert [code for _, _, code in faults(rows)] == ["no_name_column"]


def test_headings_alone_say_so() -> None:
    assert [code for _, _, code in faults([["姓名", "工号"]])] == ["no_rows"]


def test_a_doubled_column_is_a_fault_and_an_unknown_one_a_note() -> None:
    found = check([["姓名", "工号", "员工编号", "爱好"], ["张三", "1", "2", "象棋"]])
    assert [finding.code for finding in found.faults] == ["column_twice"]
    assert [(finding.column, finding.code) for finding in found.notes] == [("爱好", "column_unknown")]


def test_an_instruction_sheet_beside_the_roster_is_ignored() -> None:
    sheets = read_sheets([("说明", [["请先阅读"], ["填写要求"]]), ("名册", [["姓名", "工号"], ["张三", "1"]])])
    assert [sheet.name for sheet in sheets] == ["名册"]
    assert numbers_in(sheets) == (set(), {("", "1")})


def test_too_many_people_are_refused() -> None:
    rows: list[Any] = [["姓名", "工号"], *([f"员工{chr(0x4E00 + n)}", f"N{n}"] for n in range(5001))]
    assert [code for _, _, code in faults(rows)] == ["too_many_rows"]
