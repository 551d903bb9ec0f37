"""Questions and files that the bank tests are about."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from quizapp.banks.checking.checks import Report, check_content, check_source
from quizapp.banks.content import BankContent, Question
from quizapp.banks.entries import Header
from quizapp.banks.findings import Finding
from quizapp.banks.formats.tables.sheets import read_tables
from quizapp.banks.reading import read_upload
from quizapp.web.tables import Table

TOPICS = {"T01": "质量管理基础", "T02": "质量工具"}
HEADER = Header("demo", "示例题库", TOPICS)

SINGLE = Question(
    code="T01-001",
    type="single",
    topic="T01",
    difficulty="easy",
    pool="formal",
    stem="PDCA 循环的第一个阶段是什么？",
    options=("策划", "实施", "检查", "处置"),
    right=0b0001,
    explanation="依次为策划、实施、检查、处置。",
    reference="GB/T 19001-2016 0.3.2",
)
MULTIPLE = replace(
    SINGLE,
    code="T02-001",
    type="multiple",
    topic="T02",
    stem="下列哪些属于老七种工具？",
    options=("排列图", "因果图", "亲和图", "控制图"),
    right=0b1011,
)
JUDGE = replace(
    SINGLE,
    code="T01-002",
    type="judge",
    stem="抽检合格的批里没有不合格品。",
    options=("正确", "错误"),
    right=2,
    pool="practice",
)
CONTENT = BankContent("demo", "示例题库", TOPICS, (SINGLE, MULTIPLE, JUDGE))

HEADINGS = ["题型", "题干", "选项A", "选项B", "选项C", "选项D", "答案", "解析", "依据", "章节", "难度", "题池", "编号"]
ROW = [
    "单选题",
    "第一阶段是什么？",
    "策划",
    "实施",
    "检查",
    "处置",
    "A",
    "依次四步。",
    "GB/T 19001-2016",
    "T01",
    "易",
    "正式",
    "T01-001",
]


def row(**cells: str) -> list[str]:
    """The sample row with some cells changed, by heading."""
    return [cells.get(heading, cell) for heading, cell in zip(HEADINGS, ROW, strict=True)]


def check_rows(*rows: Sequence[str], sheet: str = "试题", **options: Any) -> Report:
    """The report of a sheet with these rows (headings first)."""
    table = Table(sheet, [list(each) for each in rows])
    return check_source(read_tables("题库.xlsx", [table]), bank=options.pop("bank", HEADER), **options)


def check_text(text: str, name: str = "bank.yaml", **options: Any) -> Report:
    """The report of a YAML or JSON file."""
    return check_source(read_upload(name, text.encode()), **options)


def codes(report: Report) -> list[str]:
    """The findings' codes."""
    return [finding.code for finding in report.findings]


def found(report: Report, code: str) -> Finding:
    """The one finding of that code."""
    (finding,) = [each for each in report.findings if each.code == code]
    return finding


def faults(*questions: Question, **options: Any) -> list[tuple[str, str, str]]:
    """(severity, code, field) of what a content with these questions has."""
    content = replace(CONTENT, questions=questions)
    return [(fault.severity, fault.code, fault.field) for fault in check_content(content, **options)]
