"""Word documents: Word's own numbers, pictures, tables, and what could be overlooked."""

import io
from pathlib import Path

import pytest

from quizapp.banks.checking.checks import Report, check_source
from quizapp.banks.content import Question
from quizapp.banks.entries import Header
from quizapp.banks.findings import Where
from quizapp.banks.pictures import read_picture, token
from quizapp.banks.reading import read_upload
from tests.unit.banks.samples import codes, found
from tests.unit.banks.test_pictures import drawn
from tests.unit.banks.word_files import Paper, element, with_part

FILES = Path(__file__).parent / "files"
BANK = Header("demo", "示例题库")
BOX = "<v:textbox><w:txbxContent><w:p><w:r><w:t>答案 A</w:t></w:r></w:p></w:txbxContent></v:textbox>"


def check(paper: Paper | bytes, name: str = "题库.docx") -> Report:
    return check_source(read_upload(name, paper if isinstance(paper, bytes) else paper.bytes()), bank=BANK)


def errors(report: Report) -> list[str]:
    return [finding.code for finding in report.findings if finding.severity == "error"]


def shown(question: Question) -> tuple[str, str, tuple[str, ...], str]:
    return question.type, question.stem, question.options, question.key_letters


def lines(*texts: str) -> Paper:
    paper = Paper()
    for text in texts:
        paper.add(text)
    return paper


@pytest.mark.parametrize("name", ["wjx.txt", "daoyiyun.txt", "exam_paper.txt"])
def test_paragraphs_are_read_like_the_lines_of_a_text_file(name: str) -> None:
    text = (FILES / name).read_text()
    assert check(lines(*text.split("\n"))).content == check(text.encode(), name).content


def test_the_numbers_that_word_writes_are_those_of_questions_and_options() -> None:
    paper = Paper()
    both = paper.add_list(("decimal", "%1."), ("upperLetter", "%2."))
    paper.add("一、单选题")
    for stem, options in (("第一步是（A）", ("策划", "实施", "检查")), ("第二步是（B）", ("策划", "实施"))):
        paper.add(stem, both)
        for option in options:
            paper.add(option, both, 1)
    paper.add("二、判断题")
    again = paper.restart(both)
    paper.add("质量第一。（√）", again)
    paper.add("质量第二。（×）", again)
    report = check(paper)
    assert errors(report) == []
    assert [shown(question) for question in report.content.questions] == [
        ("single", "第一步是（ ）", ("策划", "实施", "检查"), "A"),
        ("single", "第二步是（ ）", ("策划", "实施"), "B"),
        ("judge", "质量第一。", ("正确", "错误"), "A"),
        ("judge", "质量第二。", ("正确", "错误"), "B"),
    ]


@pytest.mark.parametrize(
    ("kind", "text", "suffix"),
    [
        ("decimal", "%1．", "tab"),
        ("decimal", "（%1）", "nothing"),
        ("decimal", "第%1题", "space"),
        ("decimalZero", "%1.", "tab"),
        ("decimalFullWidth", "%1、", "tab"),
        ("chineseCounting", "第%1题", "tab"),
    ],
)
def test_questions_may_be_numbered_in_all_usual_ways(kind: str, text: str, suffix: str) -> None:
    paper = Paper()
    numbers = paper.add_list((kind, text), suffix=suffix)
    for number in range(1, 13):
        paper.add(f"说法{number}成立。（√）", numbers)
    report = check(paper)
    assert [question.stem for question in report.content.questions] == [
        f"说法{number}成立。" for number in range(1, 13)
    ]
    assert "numbers_skipped" not in codes(report)


def test_a_numbered_style_numbers_its_paragraphs() -> None:
    paper = Paper()
    numbers = paper.add_list(("upperLetter", "%1、"))
    style = paper.document.styles.add_style("选项", 1)
    style.element.get_or_add_pPr().append(element(f'<w:numPr {{ns}}><w:numId w:val="{numbers}"/></w:numPr>'))
    based = paper.document.styles.add_style("选项2", 1)
    based.base_style = style
    paper.add("1. 第一步是（B）")
    for text, name in (("策划", "选项"), ("实施", "选项2"), ("检查", "选项")):
        paper.add(text).style = name
    assert check(paper).content.questions[0].options == ("策划", "实施", "检查")


def test_a_kind_of_numbers_that_is_not_known_is_named() -> None:
    paper = Paper()
    paper.add("质量第一。（√）", paper.add_list(("hebrew1", "%1.")))
    assert found(check(paper), "word_part_unread").facts["part"] == "numbering"


def test_soft_breaks_tabs_and_raised_figures_are_kept() -> None:
    paper = Paper()
    paragraph = paper.add("1. 10")
    paragraph.add_run("2").font.superscript = True
    paragraph.add_run(" 是多少（B）\nA. 20\tB. 100")
    question = check(paper).content.questions[0]
    assert shown(question) == ("single", "10² 是多少（ ）", ("20", "100"), "B")


def test_a_tick_of_a_symbol_font_is_a_tick() -> None:
    paper = Paper()
    paper.add("1. 质量第一。（√）")
    paragraph = paper.add("2. 质量第二。（")
    paragraph.add_run()._r.append(element('<w:sym {ns} w:font="Wingdings" w:char="F0FB"/>'))
    paragraph.add_run("）")
    assert [question.right for question in check(paper).content.questions] == [1, 2]


def test_pictures_stay_where_they_stand_with_their_words() -> None:
    paper = lines("1. 看图回答（A）")
    png = drawn(size=(40, 30))
    paragraph = paper.add("A. ")
    paragraph.add_run().add_picture(io.BytesIO(png))
    next(paragraph._p.iter("{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr")).set(
        "descr", "控制图"
    )
    paper.add("B. 乙")
    source = read_upload("a.docx", paper.bytes())
    picture = read_picture(png)
    assert source.pictures == {picture.digest: picture}
    assert source.entries[0].values["A"] == token(picture, "控制图")
    assert errors(check_source(source, bank=BANK)) == []


def test_a_picture_that_is_elsewhere_or_no_picture_is_refused_at_its_paragraph() -> None:
    paper = lines("1. 看图（√）")
    paper.add_xml('<w:r {ns}><w:pict><v:shape><v:imagedata r:id="rId999"/></v:shape></w:pict></w:r>')
    assert found(check(paper), "picture_missing").where == Where("题库.docx", paragraph=2)
    paper = lines("1. 看图（√）")
    linked = paper.document.part.relate_to(
        "http://x/a.png", "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image", is_external=True
    )
    paper.add_xml(
        f'<w:r {{ns}}><w:drawing><wp:inline><a:graphic><a:blip r:link="{linked}"/></a:graphic></wp:inline></w:drawing></w:r>'
    )
    assert found(check(paper), "picture_missing").facts == {"name": "http://x/a.png"}


def test_a_table_with_headings_is_read_like_a_sheet() -> None:
    paper = lines("质量题库")
    paper.add_table(
        ["序号", "题型", "题干", "选项A", "选项B", "答案"],
        ["1", "单选题", "第一步是什么？", "策划", "实施", "A"],
        ["2", "判断题", "质量第一。", "", "", "×"],
    )
    report = check(paper)
    assert [(question.type, question.key_letters) for question in report.content.questions] == [
        ("single", "A"),
        ("judge", "B"),
    ]
    assert found(report, "lines_unused").quoted == "质量题库"
    bad = Paper()
    bad.add_table(["题型", "题干", "答案"], ["判断题", "质量第一。", "X"])
    assert found(check(bad), "key_ambiguous").where.row == 2


def test_questions_may_stand_in_paragraphs_and_in_a_table() -> None:
    paper = lines("1. 质量第一。（√）", "2. 质量第二。（X）")
    paper.add_table(["题型", "题干", "答案"], ["判断题", "质量第三。", "对"], ["判断题", "质量第四。", "V"])
    report = check(paper)
    assert [question.stem for question in report.content.questions][::2] == ["质量第一。", "质量第三。"]
    assert [finding.entry for finding in report.findings if finding.code == "key_ambiguous"] == [1, 3]


def test_a_table_may_only_lay_out_options() -> None:
    paper = lines("1. 第一步是（C）")
    paper.add_table(["A. 策划", "B. 实施"], ["C. 检查", "D. 处置"])
    paper.add("2. 质量第一。（√）")
    report = check(paper)
    assert [question.key_letters for question in report.content.questions] == ["C", "A"]
    assert report.content.questions[0].options == ("策划", "实施", "检查", "处置")


def test_a_table_of_keys_alone_is_refused() -> None:
    paper = lines("1. 第一步是（ ）", "A. 策划", "B. 实施")
    paper.add_table(["题号", "1", "2"], ["答案", "A", "B"])
    assert "keys_apart" in errors(check(paper))


@pytest.mark.parametrize(
    ("inside", "part", "text"),
    [
        ('<w:ins {ns} w:id="1" w:author="x"><w:r><w:t>B</w:t></w:r></w:ins>', "revision", "B"),
        ('<w:del {ns} w:id="1" w:author="x"><w:r><w:delText>A</w:delText></w:r></w:del>', "revision", "A"),
        ("<w:r {ns}><w:rPr><w:vanish/></w:rPr><w:t>答案：A</w:t></w:r>", "hidden", "答案：A"),
        ("<w:r {ns}><w:rPr><w:strike/></w:rPr><w:t>甲</w:t></w:r>", "struck", "甲"),
        ("<m:oMath {ns}><m:r><m:t>x=1</m:t></m:r></m:oMath>", "formula", "x=1"),
        ("<w:r {ns}><w:object/></w:r>", "object", ""),
        ('<w:r {ns}><w:sym w:font="Wingdings" w:char="F04A"/></w:r>', "symbol", "wingdings F04A"),
        ('<w:r {ns}><w:footnoteReference w:id="2"/></w:r>', "note", ""),
        (
            "<w:r {ns}><w:fldChar/><w:instrText> E</w:instrText><w:instrText>Q \\f(1,2)</w:instrText><w:fldChar/></w:r>",
            *("formula", "EQ \\f(1,2)"),
        ),
        ('<w:fldSimple {ns} w:instr=" EQ \\o\\ac(○,1)"/>', "formula", "EQ \\o\\ac(○,1)"),
        ("<w:r {ns}><w:instrText>FORMCHECKBOX</w:instrText><w:fldChar/></w:r>", "object", "FORMCHECKBOX"),
        ("<w:r {ns}><w:contentPart r:id='x'/></w:r>", "object", ""),
        ("<w:subDoc {ns} r:id='x'/>", "object", ""),
        (
            f"<w:r {{ns}}><w:pict><v:shape>{BOX}</v:shape></w:pict></w:r>",
            *("text box", "答案 A"),
        ),
    ],
)
def test_what_may_hold_content_and_is_not_read_is_named_at_its_paragraph(inside: str, part: str, text: str) -> None:
    paper = lines("1. 质量第一。（√）")
    paper.add_xml(inside)
    finding = found(check(paper), "word_part_unread")
    assert (finding.facts, finding.where) == ({"part": part, "text": text}, Where("题库.docx", paragraph=2))


def test_a_document_inside_the_document_is_named() -> None:
    paper = lines("1. 质量第一。（√）")
    paper.document.element.body.insert(1, element('<w:altChunk {ns} r:id="x"/>'))
    assert found(check(paper), "word_part_unread").facts["part"] == "object"


def test_of_two_forms_of_the_same_thing_the_new_one_is_read_wherever_it_stands() -> None:
    form = (
        '<mc:AlternateContent {ns} xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice>%s'
        "</mc:Choice><mc:Fallback>%s</mc:Fallback></mc:AlternateContent>"
    )
    run = "<w:r><w:t>%s</w:t></w:r>"
    paper = lines("1. 质量第一。")
    paper.add_xml(form % (run % "新", run % "旧"))
    paper.document.element.body.insert(2, element(form % (f"<w:p>{run % '段落'}</w:p>", "<w:p/>")))
    paper.add("（√）")
    assert check(paper).content.questions[0].stem == "质量第一。\n新\n段落"


def test_what_is_accepted_or_switched_off_is_ordinary_text() -> None:
    paper = Paper()
    paper.add_xml(
        '<w:r {ns}><w:rPr><w:vanish w:val="0"/><w:strike w:val="false"/></w:rPr><w:t>1. 质量第一。（√）</w:t></w:r>'
    )
    assert errors(check(paper)) == []


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a.doc", "word_old_format"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "a.docx", "word_encrypted"),
        (b"PK\x03\x04rest", "a.docx", "archive_damaged"),
        (b"just text", "a.docx", "archive_damaged"),
        (b"{\\rtf1 text}", "a.doc", "word_old_format"),
        (b"\xef\xbb\xbf<html>text</html>", "a.doc", "word_old_format"),
        (b"MIME-Version: 1.0", "a.doc", "word_old_format"),
    ],
)
def test_what_is_no_document_is_refused_in_one_finding(content: bytes, name: str, code: str) -> None:
    assert codes(check(content, name)) == [code]


def test_an_archive_that_is_no_document_is_refused() -> None:
    whole = lines("1. 质量第一。（√）").bytes()
    assert codes(check(with_part(whole, "word/document.xml", lambda _: b"<x/>"))) == ["word_damaged"]
    assert codes(check(with_part(whole, "[Content_Types].xml", lambda _: b"<Types/>"))) == ["word_damaged"]
    entity = b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
    assert codes(check(with_part(whole, "word/document.xml", lambda _: entity))) == ["archive_has_dtd"]
