"""What leaves as Moodle XML, a QTI package or a zipped folder comes back as the same bank, pictures and translation included."""

import io
import zipfile
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.banks.checking.checks import check_source
from quizapp.banks.content import BankContent, content_digest, pictures_of
from quizapp.banks.entries import Source
from quizapp.banks.formats.own.package import write_package
from quizapp.banks.formats.xml.moodle import write_moodle
from quizapp.banks.formats.xml.qti_writer import write_qti
from quizapp.banks.reading import read_upload
from tests.unit.banks.samples import CONTENT, codes
from tests.unit.banks.whole_contents import PNG, contents

Write = Callable[[BankContent, Mapping[str, bytes]], bytes]
WRITERS = [("a.xml", write_moodle), ("a.zip", write_qti), ("b.zip", write_package)]
each_writer = pytest.mark.parametrize(("name", "write"), WRITERS, ids=["moodle", "qti", "package"])


@each_writer
@settings(max_examples=15, deadline=None)
@given(content=contents())
def test_what_goes_out_comes_back_with_the_same_digest(name: str, write: Write, content: BankContent) -> None:
    source = read_upload(name, write(content, PNG))
    assert source.findings == ()
    report = check_source(source)
    assert report.content.questions == content.questions
    assert content_digest(report.content) == content_digest(content)
    assert set(source.pictures) == pictures_of(content)


@each_writer
def test_the_same_content_gives_the_same_bytes(name: str, write: Write) -> None:
    assert write(CONTENT, {}) == write(CONTENT, {})


@each_writer
@settings(max_examples=15, deadline=None)
@given(places=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6), cut=st.floats(0, 1))
def test_a_file_that_was_damaged_is_read_whole_or_refused(
    name: str, write: Write, places: list[tuple[float, int]], cut: float
) -> None:
    """No exception and no half import: whoever accepts what comes of it accepts as many questions as there are."""
    data = bytearray(write(CONTENT, {}))
    for place, value in places:
        data[int(place * (len(data) - 1))] = value
    for broken in (bytes(data), bytes(data[: int(cut * len(data))])):
        source: Source = read_upload(name, broken)
        report = check_source(source)
        assert report.errors or len(report.content.questions) == len(CONTENT.questions)


@pytest.mark.parametrize(("name", "write"), WRITERS[1:], ids=["qti", "package"])
@settings(max_examples=15, deadline=None)
@given(
    places=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4), member=st.integers(0, 9)
)
def test_an_archive_whose_members_were_damaged_is_read_whole_or_refused(
    name: str, write: Write, places: list[tuple[float, int]], member: int
) -> None:
    """Here the checksums are right, so that the damage reaches the readers."""
    old = zipfile.ZipFile(io.BytesIO(write(CONTENT, {})))
    names = old.namelist()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as new:
        for number, each in enumerate(names):
            data = bytearray(old.read(each))
            if number == member % len(names):
                for place, value in places:
                    data[int(place * (len(data) - 1))] = value
            new.writestr(each, bytes(data))
    report = check_source(read_upload(name, packed.getvalue()))
    told = report.errors or "items_unlisted" in codes(report)
    assert told or len(report.content.questions) == len(CONTENT.questions)


XML_PIECES = st.sampled_from(
    [
        *(
            "<quiz>",
            "</quiz>",
            '<question type="multichoice">',
            "</question>",
            "<text>",
            "</text>",
            "<answer fraction='50'>",
        ),
        *(
            "</answer>",
            "<single>false</single>",
            "<![CDATA[",
            "]]>",
            "<p>",
            "<img src='x'>",
            "&amp;",
            "&lt;b&gt;",
            "&x;",
        ),
        *(
            "<qti-assessment-item>",
            "<assessmentItem>",
            "<itemBody>",
            "<choiceInteraction>",
            "<simpleChoice identifier='A'>",
        ),
        *(
            "<responseProcessing>",
            "<!DOCTYPE x>",
            "<?xml version='1.0' encoding='gbk'?>",
            "题",
            "\x00",
            "\ufeff",
            "<!--",
            "-->",
        ),
    ]
)


@settings(max_examples=50, deadline=None)
@given(
    pieces=st.lists(XML_PIECES | st.text(max_size=4), max_size=30),
    codec=st.sampled_from(["utf-8", "utf-16", "gb18030"]),
)
def test_no_xml_makes_the_reader_raise(pieces: list[str], codec: str) -> None:
    data = "".join(pieces).encode(codec, "replace")
    for chosen in ("", "moodle", "qti", "folder-zip"):
        source = read_upload("a.xml", data, chosen)
        assert source.entries or source.findings
