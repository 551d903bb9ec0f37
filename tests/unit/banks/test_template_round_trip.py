"""What leaves as XLSX or CSV comes back as the same bank, pictures and translation included, and none of it is a formula."""

import csv
import io
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.banks.checking.checks import check_source
from quizapp.banks.content import BankContent, content_digest, pictures_of
from quizapp.banks.entries import Header
from quizapp.banks.formats.tables.template import PICTURE_SHEET, write_csv, write_xlsx
from quizapp.banks.pictures import token
from quizapp.banks.reading import read_upload
from quizapp.web import spreadsheet_reader
from tests.unit.banks.samples import CONTENT, SINGLE
from tests.unit.banks.whole_contents import PICTURES, PNG, contents
from tests.unit.web.workbooks import members

SHOWN = [token(picture, "图 <1>") for picture in PICTURES.values()]


@st.composite
def illustrated(draw: st.DrawFn) -> BankContent:
    """A bank of which some texts end with pictures, a line each."""
    content = draw(contents())
    ends = draw(st.lists(st.lists(st.sampled_from(SHOWN), max_size=5), min_size=3, max_size=3))
    stem_end, option_end, end = ("".join(f"\n{each}" for each in shown) for shown in ends)
    return replace(
        content,
        questions=tuple(
            replace(
                each,
                stem=each.stem + stem_end,
                options=each.options if each.type == "judge" else (each.options[0] + option_end, *each.options[1:]),
                explanation=(each.explanation + end).strip(),
            )
            for each in content.questions
        ),
    )


@settings(max_examples=8, deadline=None)
@given(content=illustrated())
def test_a_workbook_comes_back_with_the_same_digest_and_its_pictures(content: BankContent) -> None:
    source = read_upload("a.xlsx", write_xlsx(content, PNG))
    assert [each for each in source.findings if each.code != "cell_converted"] == []
    report = check_source(source)
    assert report.content.questions == content.questions
    assert content_digest(report.content) == content_digest(content)
    assert set(source.pictures) == pictures_of(content)


@settings(max_examples=8, deadline=None)
@given(content=illustrated())
def test_a_csv_file_comes_back_with_the_same_digest(content: BankContent) -> None:
    source = read_upload("a.csv", write_csv(content))
    report = check_source(source, bank=Header(content.code, content.title, content.topics))
    assert report.content.questions == content.questions
    assert content_digest(report.content) == content_digest(content)


@settings(max_examples=4, deadline=None)
@given(content=illustrated())
def test_nothing_that_leaves_runs_as_a_formula(content: BankContent) -> None:
    for name, part in members(write_xlsx(content, PNG)).items():
        if name.startswith("xl/worksheets/sheet"):
            assert not re.search(rb"<(\w+:)?f[ >/]", part)
    for record in csv.reader(io.StringIO(write_csv(content).decode("utf-8-sig"), newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")) for cell in record)


def test_a_picture_that_ends_a_text_lies_in_its_cell_and_is_small_enough_to_stay_there() -> None:
    question = replace(SINGLE, stem=f"{SINGLE.stem}\n{SHOWN[0]}\n{SHOWN[1]}", options=(SHOWN[2], "乙", "丙", "丁"))
    content = replace(CONTENT, questions=(question,))
    first, *others = spreadsheet_reader.read(write_xlsx(content, PNG), "xlsx")
    assert [(each.cell, each.shows, each.spans) for each in first.pictures] == [
        ((1, 1), "图 <1>", False),
        ((1, 1), "图 <1>", False),
        ((1, 2), "图 <1>", False),
    ]
    assert first.rows[1][1:4] == [SINGLE.stem, "", "乙"]
    assert PICTURE_SHEET not in [table.sheet for table in others]


def test_a_picture_in_the_midst_of_a_text_lies_on_a_sheet_of_its_own() -> None:
    question = replace(SINGLE, stem=f"如图 {SHOWN[0]} 所示，第一阶段是什么？")
    content = replace(CONTENT, questions=(question,))
    tables = spreadsheet_reader.read(write_xlsx(content, PNG), "xlsx")
    assert tables[0].rows[1][1] == question.stem
    assert (tables[-1].sheet, len(tables[-1].pictures), tables[0].pictures) == (PICTURE_SHEET, 1, ())


@pytest.mark.parametrize("text", ["\\", "TRUE", "2026-08-25", "1.2E+17", "#N/A", "A. 甲|B. 乙", "'=1", "_x000D_"])
def test_texts_that_tables_use_for_something_else_stay_texts(text: str) -> None:
    question = replace(SINGLE, explanation=text, options=(text, "乙", "丙", "丁"))
    content = replace(CONTENT, questions=(question,))
    header = Header(content.code, content.title, content.topics)
    for name, data in (("a.xlsx", write_xlsx(content)), ("a.csv", write_csv(content))):
        assert content_digest(check_source(read_upload(name, data), bank=header).content) == content_digest(content)


def test_without_their_files_pictures_stay_named() -> None:
    content = replace(CONTENT, questions=(replace(SINGLE, stem=f"图\n{SHOWN[0]}"),))
    report = check_source(read_upload("a.xlsx", write_xlsx(content)))
    assert content_digest(report.content) == content_digest(content)
    assert report.source.pictures == {}
