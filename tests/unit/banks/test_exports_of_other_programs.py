"""Whole files in the way that other programs write them, with questions of our own.

`moodle_export.xml` is laid out as Moodle 4 exports a category of its question bank; `qti_package` as editors of QTI 2.2 do,
with a folder an item, a standard template beside rules written out, and metadata.
"""

from pathlib import Path

from quizapp.banks.checking.checks import Report, check_source
from quizapp.banks.entries import Header
from quizapp.banks.reading import read_upload
from quizapp.web.archives import make_archive
from tests.unit.banks.samples import found

FILES = Path(__file__).parent / "files"
BANK = Header("spc", "控制图")


def errors(report: Report) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.entry) for finding in report.findings if finding.severity == "error"]


def test_an_export_of_moodle() -> None:
    source = read_upload("moodle_export.xml", (FILES / "moodle_export.xml").read_bytes())
    report = check_source(source, bank=BANK)
    assert errors(report) == [("kind_unsupported", 3), ("kind_unsupported", 4)]
    assert [finding.facts["kind"] for finding in report.findings if finding.code == "kind_unsupported"] == [
        "essay",
        "matching",
    ]
    report = check_source(source, bank=BANK, leave_out=True)
    assert (report.verdict, report.content.topics) == ("accept_with_warnings", {"控制图": "控制图"})
    chart, several, judgement = report.content.questions
    (picture,) = source.pictures
    assert chart.stem == f"下面的控制图里，第 7 个点说明什么？\n![一个点在上控制限之外](sha256:{picture})"
    assert (chart.code, chart.type, chart.key_letters, chart.difficulty) == ("SPC-01", "single", "B", "easy")
    assert chart.options == ("过程受控", "过程中可能有特殊原因", "规格限太窄")
    assert chart.explanation == "点子出界，说明过程中有特殊原因。\n规格限太窄：规格限不画在控制图上。"
    assert (several.type, several.key_letters, several.options[1]) == ("multiple", "AC", "不合格品率控制图（p）")
    assert found(report, "scoring_by_competition").facts == {"count": 1, "numbers": "2"}
    assert (judgement.type, judgement.right, judgement.code) == ("judge", 2, "SPC-03")


def test_a_package_of_an_editor_of_qti() -> None:
    folder = FILES / "qti_package"
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    source = read_upload("export.zip", make_archive(files))
    report = check_source(source, bank=BANK)
    assert errors(report) == [("kind_unsupported", 3)]
    assert found(report, "kind_unsupported").facts == {"number": 4, "kind": "extendedTextInteraction"}
    chart, judgement, several = check_source(source, bank=BANK, leave_out=True).content.questions
    (picture,) = source.pictures
    assert chart.stem == f"看图，第 7 个点说明什么？\n![一个点在上控制限之外](sha256:{picture})"
    assert (chart.code, chart.key_letters, chart.topic, chart.difficulty) == ("spc-01", "B", "T10", "easy")
    assert (judgement.type, judgement.stem, judgement.right) == ("judge", "控制限就是规格限。", 2)
    assert judgement.explanation == "控制限来自过程的数据，规格限来自顾客或设计。"
    assert (several.type, several.key_letters, several.difficulty) == ("multiple", "AC", "hard")
    assert report.content.topics == {"T10": "统计过程控制"}
