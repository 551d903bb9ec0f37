"""A file whose name says another kind than it is: told what it is and what to do, never read as something else."""

import pytest

from quizapp.banks.checking.checks import check_source
from quizapp.banks.reading import PACKED_ENDINGS, accepted_endings, read_upload
from tests.unit.banks.samples import codes

TEXT_ENDINGS = [ending for ending in accepted_endings() if ending not in PACKED_ENDINGS]
MOODLE = b'<?xml version="1.0"?>\n<quiz><question type="essay"><name/></question></quiz>'
NEVER_READ = {
    "file_is_pdf": [b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"],
    "file_is_picture": [
        b"\x89PNG\r\n\x1a\n\0",
        b"\xff\xd8\xff\xe0\0\x10JFIF",
        b"GIF89a\1\0",
        b"RIFF\x10\0\0\0WEBPVP8 ",
    ],
}
OTHER_TEXTS = {
    "file_is_rtf": [b"{\\rtf1\\ansi 1. x (A) A. y B. z}"],
    "file_is_web_page": [b"\r\n<!DOCTYPE HTML><p>1. x", b"\xef\xbb\xbf<html lang='zh'>", b"MIME-Version: 1.0\n"],
    "file_is_xml": [MOODLE, b"<quiz>\n</quiz>", b'<assessmentItem xmlns="x"/>'],
}


@pytest.mark.parametrize("ending", accepted_endings())
@pytest.mark.parametrize(("code", "content"), [(code, each) for code, many in NEVER_READ.items() for each in many])
def test_what_no_ending_makes_readable_is_named(ending: str, code: str, content: bytes) -> None:
    report = check_source(read_upload(f"题库{ending}", content))
    assert (codes(report)[0], report.entry_count) == (code, 0)


@pytest.mark.parametrize("ending", TEXT_ENDINGS)
@pytest.mark.parametrize(("code", "content"), [(code, each) for code, many in OTHER_TEXTS.items() for each in many])
def test_text_of_another_kind_is_named_and_not_read_as_questions(ending: str, code: str, content: bytes) -> None:
    report = check_source(read_upload(f"题库{ending}", content))
    if ending == ".xml" and code == "file_is_xml":
        assert code not in codes(report)
    else:
        assert (codes(report)[0], report.entry_count) == (code, 0)


def test_who_says_the_format_is_believed() -> None:
    assert codes(check_source(read_upload("moodle.txt", MOODLE, "moodle")))[-1] == "kind_unsupported"


@pytest.mark.parametrize("text", ["<第一章> 总则\n1. 甲（A）\nA. 乙\nB. 丙", "BM 是什么（A）\nA. 乙\nB. 丙"])
def test_a_text_that_only_begins_alike_is_read(text: str) -> None:
    assert check_source(read_upload("a.txt", text.encode())).entry_count == 1
