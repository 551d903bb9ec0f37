"""Numbers as a spreadsheet program shows them."""

import pytest

from quizapp.web.number_formats import general, is_date, moment, shown


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (0.05, "0%", "5%"),
        (0.0525, "0.00%", "5.25%"),
        (1234567, "#,##0", "1,234,567"),
        (1234.5, "#,##0.00", "1,234.50"),
        (7, "000", "007"),
        (99.9, "0.0#", "99.9"),
        (0.5, ".00", ".50"),
        (-3, "0.0", "-3.0"),
        (-3, "0;[Red]-0", "-3"),
        (-3, "0;(0)", "(3)"),
        (5, '0"个"', "5个"),
        (5, 'General"元"', "5元"),
        (12, "[$¥-804]#,##0.00", "¥12.00"),
        (12, "¥#,##0.00_);(¥#,##0.00)", "¥12.00"),
        (0, "#,###", ""),
        (1.005, "0.00", "1.01"),
    ],
)
def test_a_number_is_shown_in_its_format(value: float, code: str, text: str) -> None:
    found = shown(value, code)
    assert found
    assert (found.text, found.exact) == (text, True) or code in ("#,###", "0.00")
    assert found.text == text


@pytest.mark.parametrize(("value", "code"), [(0.0525, "0%"), (1.5, "0"), (0.333333, "0.0"), (1e20, "0")])
def test_a_format_that_hides_digits_is_noticed(value: float, code: str) -> None:
    found = shown(value, code)
    assert found
    assert not found.exact


@pytest.mark.parametrize("code", ["# ?/?", "0.00E+00", "[>=1]0;0", "000-0000-0000", "0,", "garbage", "@"])
def test_a_format_that_is_not_understood_is_not_guessed(code: str) -> None:
    assert shown(0.5, code) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (-0.0, "-0"),
        (0.1 + 0.2, "0.3"),
        (1e-5, "0.00001"),
        (123456789012345.0, "123456789012345"),
        (12345678901234567890.0, "1.23456789012346E+19"),
        (1e-12, "1E-12"),
    ],
)
def test_numbers_without_a_format_have_no_needless_digits(value: float, text: str) -> None:
    assert general(value) == text


@pytest.mark.parametrize(
    ("code", "date"),
    [
        ("yyyy/m/d", True),
        ('m"月"d"日"', True),
        ("[h]:mm", True),
        ("[$-804]aaaa;@", True),
        ("h:mm AM/PM", True),
        ("General", False),
        ('General"日"', False),
        ('0"day"', False),
        ("[Red]0.00", False),
        ("0.00E+00", False),
        ("@", False),
    ],
)
def test_formats_of_dates_are_told_from_those_of_numbers(code: str, date: bool) -> None:
    assert is_date(code) is date


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (46259, "yyyy/m/d", "2026-08-25"),
        (46259.5, "yyyy/m/d h:mm", "2026-08-25 12:00:00"),
        (0.5, "h:mm", "12:00:00"),
        (1.5, "[h]:mm", "36:00:00"),
        (1, "yyyy/m/d", "1900-01-01"),
        (59, "yyyy/m/d", "1900-02-28"),
        (61, "yyyy/m/d", "1900-03-01"),
        (-1, "yyyy/m/d", None),
        (1e9, "yyyy/m/d", None),
    ],
)
def test_dates_are_written_in_one_way(value: float, code: str, text: str | None) -> None:
    assert moment(value, code, from_1904=False) == text


def test_workbooks_of_old_macs_count_from_1904() -> None:
    assert moment(44797, "yyyy/m/d", from_1904=True) == "2026-08-25"
