from quizapp.accounts.codes import ALPHABET, code_digest, new_code, read_code, show_code
from quizapp.accounts.logins import (
    is_chosen_name,
    read_login,
    read_phone,
    read_staff_number,
    staff_login,
    tidy_name,
)


def test_a_code_has_no_letter_that_looks_like_another() -> None:
    assert not set("01OIL") & set(ALPHABET)
    assert all(set(new_code()) <= set(ALPHABET) and len(new_code()) == 8 for _ in range(200))


def test_a_code_is_read_as_people_type_it() -> None:
    code = "ABCD2345"
    assert show_code(code) == "ABCD-2345"
    for typed in ("ABCD-2345", " abcd 2345 ", "ＡＢＣＤ－２３４５", "abcd—2345", "A B C D 2 3 4 5"):
        assert read_code(typed) == code


def test_the_digest_of_a_code_depends_on_the_site() -> None:
    assert code_digest("ABCD2345", "one secret") != code_digest("ABCD2345", "another")
    assert len(code_digest("ABCD2345", "one secret")) == 64


def test_a_phone_number_has_one_spelling() -> None:
    for typed in (
        "13800001234",
        "138 0000 1234",
        "138-0000-1234",
        "+86 13800001234",
        "１３８００００１２３４",
        "0086138-00001234",
    ):
        assert read_phone(typed) == "13800001234"
    assert read_phone("+852 9123 4567") == "+85291234567"


def test_what_is_no_phone_number_is_refused() -> None:
    for typed in ("", "12345", "23800001234", "138000012345", "1.38E+10", "张三", "+86"):
        assert read_phone(typed) is None


def test_a_login_is_read_in_the_spelling_that_is_kept() -> None:
    assert read_login(" Ada ") == "ada"
    assert read_login("HX01／10086") == "hx01/10086"
    assert read_login("+86 138 0000 1234") == "13800001234"
    assert staff_login("HX01", "A-7") == "hx01/a-7"


def test_a_chosen_name_cannot_pass_for_a_phone_or_staff_number() -> None:
    assert is_chosen_name("ada")
    for login in ("13800001234", "a/1", "ab", "1ada", "ada!", "阿达", "a" * 41):
        assert not is_chosen_name(login)


def test_a_staff_number_holds_no_separator() -> None:
    assert read_staff_number(" Ａ－１０２ ") == "A-102"
    assert read_staff_number("质检007") == "质检007"
    for typed in ("", "a/b", "=1+1", "-1", "x" * 41, "1 2;3"):
        assert read_staff_number(typed) is None


def test_a_name_loses_what_cannot_be_seen() -> None:
    assert tidy_name("  张\u200b 三\ufeff ") == "张 三"
    assert tidy_name("\x00\u200b") == ""
