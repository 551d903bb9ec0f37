"""CSV and TSV: encodings told for certain, separators, and what is refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.web.delimited_text import decode, delimiter_of, read_delimited
from quizapp.web.tables import Unreadable

SIMPLIFIED = "题型,题干,选项A,选项B,答案\n单选题,全面质量管理强调什么？,全员参与,单独检验,A\n"
TRADITIONAL = "題型,題目,選項A,選項B,答案\n單選題,全面品質管理強調什麼？,全員參與,單獨檢驗,A\n"


def code_of(content: bytes, kind: str = "csv") -> str:
    with pytest.raises(Unreadable) as caught:
        read_delimited(content, kind)
    return caught.value.code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_simplified_chinese_is_read_in_its_encodings(encoding: str) -> None:
    assert decode(SIMPLIFIED.encode(encoding)).removeprefix("\ufeff") == SIMPLIFIED


@pytest.mark.parametrize("encoding", ["big5", "cp950", "utf-8", "utf-16"])
def test_traditional_chinese_is_read_in_its_encodings(encoding: str) -> None:
    assert decode(TRADITIONAL.encode(encoding)) == TRADITIONAL


@pytest.mark.parametrize(
    "content",
    [
        SIMPLIFIED.encode() + SIMPLIFIED.encode("gbk"),
        TRADITIONAL.encode("big5") + SIMPLIFIED.encode("gbk") * 2,
        "陳".encode("big5"),  # an everyday character in both
        b"\xff\xfe\x00",
        b"\x81\x30",
        "Überprüfung, Prüfung, Größe\n".encode("latin-1"),
    ],
)
def test_a_mixture_and_a_doubtful_encoding_are_refused(content: bytes) -> None:
    assert code_of(content) == "spreadsheet_encoding_unknown"


@pytest.mark.parametrize("content", [b"name,no\nLin\x00,1\n", b"name,no\nLin\x00,12\n", b"\x00\x01\x02\x03"])
def test_zero_bytes_are_damage(content: bytes) -> None:
    assert code_of(content) == "spreadsheet_damaged"


EVERYDAY = "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学之都好看"
EVERYDAY_THERE = "的一是了我不人在他有這個上們來到時大地為子中你說生國年著就那和要她出也得裡後自以會家可下而過天去能對小多然於心學之都好看"


@given(st.lists(st.sampled_from(EVERYDAY), min_size=8), st.lists(st.sampled_from(EVERYDAY_THERE), min_size=8))
def test_everyday_text_is_never_read_as_another(simplified: list[str], traditional: list[str]) -> None:
    for characters, encoding in ((simplified, "gb18030"), (traditional, "big5")):
        text = "题".join(characters) if encoding == "gb18030" else "題".join(characters)
        with suppress(Unreadable):  # refused is not misread
            assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "，"])
def test_the_separator_is_the_one_that_makes_a_table(delimiter: str) -> None:
    rows = [["2026 年题库"], ["题型", "题干", "答案"], *[["单选题", f"第{number}问是什么", "A"] for number in range(5)]]
    assert delimiter_of("\n".join(delimiter.join(row) for row in rows)) == delimiter


def test_commas_in_texts_do_not_make_a_table_of_a_tab_separated_file() -> None:
    lines = [
        "题型\t题干\t选项A\t选项B\t答案",
        *(f"多选题\t第{number}问，甲，乙，丙\t1,2\t3,4\tA,B" for number in range(9)),
    ]
    assert read_delimited("\n".join(lines).encode(), "csv")[1][4] == "A,B"


def test_in_tsv_the_tab_separates_whatever_else_there_is() -> None:
    assert read_delimited(b"a,b,c\td,e,f\n1,2,3\t4,5,6\n", "tsv") == [["a,b,c", "d,e,f"], ["1,2,3", "4,5,6"]]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_separator_may_be_named_in_the_first_line(line_end: str) -> None:
    if line_end != "\r":  # Excel itself writes such files with CR LF
        assert read_delimited(f"sep=|{line_end}a|b,c{line_end}".encode(), "csv") == [["a", "b,c"]]


def test_a_quoted_line_break_stays_in_its_cell_and_counts_as_one_row() -> None:
    assert read_delimited('"甲\n乙",丙\n丁,戊\n'.encode(), "csv") == [["甲\n乙", "丙"], ["丁", "戊"]]


def test_an_unclosed_quote_is_refused_with_its_row() -> None:
    with pytest.raises(Unreadable) as caught:
        read_delimited(b'a,b\n"c,d\n', "csv")
    assert (caught.value.code, caught.value.facts) == ("spreadsheet_bad_quotes", {"row": 2})


def test_ragged_rows_keep_their_cells() -> None:
    assert read_delimited(b"a,b,c\n1\n1,2,3,4\n\n", "csv") == [["a", "b", "c"], ["1"], ["1", "2", "3", "4"]]


@given(st.binary(max_size=300), st.sampled_from(["csv", "tsv", "txt"]))
def test_no_bytes_make_the_reader_raise_anything_else(content: bytes, kind: str) -> None:
    with suppress(Unreadable):
        assert all(isinstance(cell, str) for row in read_delimited(content, kind) for cell in row)
