"""XML from strangers: nothing is fetched or blown up, no encoding is guessed, and every finding has its line."""

import pytest

from quizapp.banks.checking.checks import check_source
from quizapp.banks.formats.gathering import Unreadable
from quizapp.banks.formats.xml.elements import DEPTH, ELEMENTS, read_xml, root_name
from quizapp.banks.reading import read_upload
from tests.unit.banks.samples import codes

LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
HOSTILE = {
    "a document type": "<!DOCTYPE quiz><quiz/>",
    "billion laughs": f'<!DOCTYPE quiz [<!ENTITY l0 "ha">{LAUGHS}]><quiz>&l9;</quiz>',
    "quadratic blow-up": f'<!DOCTYPE quiz [<!ENTITY a "{"a" * 50_000}">]><quiz>{"&a;" * 50_000}</quiz>',
    "an external entity": '<!DOCTYPE quiz [<!ENTITY x SYSTEM "file:///etc/passwd">]><quiz>&x;</quiz>',
    "a parameter entity": '<!DOCTYPE quiz [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;]><quiz/>',
    "an external document type": '<!DOCTYPE quiz SYSTEM "http://127.0.0.1:9/x.dtd"><quiz/>',
    "a public document type": '<!DOCTYPE quiz PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://127.0.0.1:9/x.dtd"><quiz/>',
}


def fault(content: bytes) -> Unreadable:
    with pytest.raises(Unreadable) as refused:
        read_xml(content)
    return refused.value


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_a_document_type_is_refused_in_any_encoding(text: str, codec: str) -> None:
    assert fault(f"\n{text}".encode(codec)).code == "xml_dtd"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_an_upload_with_a_document_type_is_told_so_and_gives_nothing(text: str) -> None:
    report = check_source(read_upload("a.xml", text.encode()))
    assert (codes(report)[0], report.entry_count) == ("xml_dtd", 0)


def test_an_entity_that_nobody_declared_is_a_fault_at_its_line() -> None:
    refused = fault(b"<?xml version='1.0'?>\n<quiz>\n &nbsp;</quiz>")
    assert (refused.code, refused.line) == ("xml_syntax", 3)


def test_nothing_is_included() -> None:
    text = '<quiz xmlns:xi="http://www.w3.org/2001/XInclude">\n<xi:include href="/etc/passwd" parse="text"/></quiz>'
    refused = fault(text.encode())
    assert (refused.code, refused.line) == ("xml_include", 2)


def test_deep_nesting_and_a_flood_of_elements_are_refused() -> None:
    assert read_xml(b"<a>" * DEPTH + b"</a>" * DEPTH).tag == "a"
    assert fault(b"<a>" * (DEPTH + 1) + b"</a>" * (DEPTH + 1)).code == "nested_too_deep"
    assert fault(b"<a>" * 200_000).code == "nested_too_deep"
    assert fault(b"<a>" + b"<b/>" * (ELEMENTS + 1) + b"</a>").code == "too_many_values"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "quiz",
        "<quiz>",
        "<quiz></quiz><quiz/>",
        "<quiz><a></quiz>",
        "<quiz a=1/>",
        "<quiz a='1' a='2'/>",
        "<x:quiz/>",
        "<quiz>\x00</quiz>",
        "<quiz>\x01</quiz>",
        "<quiz>a < b</quiz>",
        "<quiz><![CDATA[</quiz>",
        '<quiz xmlns=""xmlns:a="">',
    ],
)
def test_what_is_not_well_formed_is_refused(text: str) -> None:
    assert fault(text.encode()).code == "xml_syntax"


QUIZ = "<quiz>\n  <question>质量</question>\n</quiz>"


def declared(label: str, text: str = QUIZ) -> str:
    return f'<?xml version="1.0" encoding="{label}"?>\n{text}'


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF-8", "utf-8"),
        ("utf-8", "utf-8-sig"),
        ("UTF-16", "utf-16"),
        ("utf-16", "utf-16-be"),
        ("gb2312", "gb18030"),
        ("GBK", "gb18030"),
        ("Big5", "big5"),
    ],
)
def test_an_encoding_that_is_named_rightly_is_read(label: str, codec: str) -> None:
    text = QUIZ.replace("质量", "品質") if codec == "big5" else QUIZ
    root = read_xml(declared(label, text).encode(codec))
    question = root.all("question")[0]
    assert (question.text(), question.line) == ("品質" if codec == "big5" else "质量", 3)


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF-8", "gb18030"),
        ("UTF-8", "utf-16"),
        ("UTF-16", "utf-8"),
        ("UTF-16", "utf-8-sig"),
        ("GBK", "utf-8"),
        ("GBK", "utf-8-sig"),
        ("GBK", "utf-16"),
        ("ISO-8859-1", "utf-8"),
        ("us-ascii", "utf-8"),
        ("x-unheard-of", "utf-8"),
        ("utf-7", "utf-8"),
        ("UTF-32", "utf-32"),
    ],
)
def test_a_label_that_the_bytes_do_not_bear_out_is_refused(label: str, codec: str) -> None:
    assert fault(declared(label).encode(codec)).code in ("xml_encoding", "xml_syntax")  # NUL is no text


def test_bytes_that_are_not_utf_8_are_refused_at_their_line() -> None:
    refused = fault(b"<quiz>\n\n\xd6\xca\xc1\xbf</quiz>")
    assert (refused.code, refused.line) == ("xml_encoding", 3)


@pytest.mark.parametrize(
    "before", ["", "\ufeff", "\n\n", '<?xml version="1.0"?>\n\n', '\n<?xml version="1.0"?>\n<!-- a\n -->']
)
def test_lines_count_from_the_top_of_the_file(before: str) -> None:
    root = read_xml(f"{before}<a>\n<b/></a>".encode())
    assert [root.line, *(each.line for each in root.elements)] == [before.count("\n") + 1, before.count("\n") + 2]


def test_names_are_local_and_attributes_of_others_do_not_shadow() -> None:
    root = read_xml(b'<x:a xmlns:x="urn:x" xmlns:y="urn:y" href=" 1 " y:href="2" xml:base="b/"/>')
    assert (root.tag, root.namespace, root.get("href"), root.get("xml:base")) == ("a", "urn:x", "1", "b/")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("<quiz>", "quiz"),
        ("<?xml version='1.0'?><!-- <no> --><x:quiz a='1'>", "quiz"),
        ("<!DOCTYPE a><quiz>", ""),
        ("no", ""),
        ("", ""),
        ("<!--" * 9000, ""),
    ],
)
def test_the_root_is_told_without_reading_the_whole(text: str, name: str) -> None:
    assert root_name(text.encode()) == name
    assert root_name(text.encode("utf-16")) == name
