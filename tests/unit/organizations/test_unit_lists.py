import pytest

from quizapp.organizations.coverage import coverage
from quizapp.organizations.regions import INDUSTRIES, REGIONS, read_industry, read_region
from quizapp.organizations.unit_lists import KnownUnit, UnitList, check_units, read_sheets

HEADING = ["单位名称", "单位代码", "上级单位代码", "地区", "行业", "组别", "是否央企", "应参赛人数"]
GROUP = KnownUnit(1, "G", "远大集团", None, {"region": "110000", "headcount": 30})
UNIT_A = KnownUnit(2, "A1", "甲厂", "G", {"region": "110000", "headcount": 10})


def check(*rows: list[str], heading: list[str] = HEADING) -> UnitList:
    return check_units(read_sheets([("单位", [heading, *rows])]), [GROUP, UNIT_A])


def codes(found: UnitList) -> list[str]:
    return [finding.code for finding in found.faults]


def test_units_are_created_parents_first_in_whatever_order_they_stand() -> None:
    found = check(["车间", "W1", "F1"], ["分厂", "F1", "B1"], ["乙厂", "B1", "远大集团"])
    assert not found.faults
    assert [(unit.code, unit.parent) for unit in found.new] == [("B1", "G"), ("F1", "B1"), ("W1", "F1")]


def test_details_are_read_as_people_write_them() -> None:
    found = check(["乙厂", "b1", "", "陕西", "制造业", "甲组", "是", "1,200人"])
    assert found.new[0].code == "B1"
    assert found.new[0].details == {
        "region": "610000",
        "industry": "C",
        "league": "甲组",
        "is_central": True,
        "headcount": 1200,
    }


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (["", "B1"], "unit_name_missing"),
        (["乙厂", ""], "unit_code_missing"),
        (["乙厂", "B 1"], "unit_code_odd"),
        (["乙厂", "乙"], "unit_code_odd"),
        (["乙厂", "B1", "没有的单位"], "parent_unknown"),
        (["乙厂", "B1", "", "火星"], "region_unknown"),
        (["乙厂", "B1", "", "", "算命"], "industry_unknown"),
        (["乙厂", "B1", "", "", "", "", "也许"], "yes_or_no"),
        (["乙厂", "B1", "", "", "", "", "", "-3"], "headcount_odd"),
        (["乙厂", "B1", "", "", "", "", "", "1.5"], "headcount_odd"),
        (["甲厂", "A1", "乙厂"], "parent_unknown"),
    ],
)
def test_each_fault_is_named(row: list[str], code: str) -> None:
    assert codes(check(row)) == [code]


def test_a_circle_is_found() -> None:
    assert codes(check(["甲", "X1", "X2"], ["乙", "X2", "X1"])) == ["unit_circle", "unit_circle"]


def test_a_unit_that_names_itself_as_parent_is_a_circle() -> None:
    assert codes(check(["甲", "X1", "X1"])) == ["unit_circle"]


def test_a_parent_named_by_a_name_that_two_units_have_is_refused() -> None:
    assert codes(check(["分厂", "X1", "G"], ["分厂", "X2", "G"], ["车间", "X3", "分厂"])) == ["parent_ambiguous"]


def test_a_doubled_code_is_refused() -> None:
    assert codes(check(["甲", "X1"], ["乙", "x1"])) == ["repeated"]


def test_known_units_change_or_stay_and_are_not_moved() -> None:
    found = check(["甲厂", "A1", "G", "", "", "", "", "12"], ["远大集团", "G"], heading=HEADING)
    assert ([unit.code for unit in found.changed], found.unchanged, codes(found)) == (["A1"], 1, [])
    assert codes(check(["甲厂", "A1", "B1"], ["乙厂", "B1"])) == ["unit_elsewhere"]


def test_there_are_34_regions_and_20_industries_each_read_by_code_and_name() -> None:
    assert (len(REGIONS), len(INDUSTRIES)) == (34, 20)
    for code, name in REGIONS.items():
        assert read_region(code) == read_region(name) == read_region(code[:2]) == code
    for code, name in INDUSTRIES.items():
        assert read_industry(code) == read_industry(name) == read_industry(code.lower()) == code
    assert (read_region("内蒙古"), read_region("新疆"), read_region("")) == ("150000", "650000", None)


def test_coverage_never_exceeds_the_whole_and_tells_the_excess() -> None:
    assert (coverage(5, 10).share, coverage(5, 10).excess) == (0.5, 0)
    assert (coverage(12, 10).share, coverage(12, 10).excess) == (1.0, 2)
    assert coverage(3, None).share is None
