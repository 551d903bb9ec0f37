"""The project's template as a spreadsheet: XLSX with a sheet of questions and one about the bank, or CSV. Pure.

Headings are recognised in any order, under the names that organisers' files use, and below title rows.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from quizapp.banks.content import LETTERS, BankContent, Question
from quizapp.banks.entries import Entry, Header, Source
from quizapp.banks.findings import ERROR, WARNING, Finding, Where
from quizapp.banks.spellings import fold_width
from quizapp.web.spreadsheets import FORMULA_STARTS, write_workbook
from quizapp.web.tables import Table

QUESTION_SHEET = "试题"
BANK_SHEET = "题库信息"
NOTES_SHEET = "填写说明"
HEADER_ROWS = 20  # title rows and empty rows above the headings that are looked through

NAMES = {
    "type": ("题型", "题目类型", "试题类型"),
    "stem": ("题干", "题目", "试题", "问题", "题目内容", "大题题干", "试题内容"),
    "key": ("答案", "正确答案", "正确选项", "标准答案", "答案1"),
    "explanation": ("解析", "答案解析", "试题解析"),
    "reference": ("依据", "题目依据", "出处"),
    "topic": ("章节/主题", "主题", "章节", "知识点", "目录", "题目分类", "一级纲要"),
    "difficulty": ("难度", "难易度", "题目难度"),
    "pool": ("题池",),
    "code": ("编号", "试题编号", "题目编号", "试题编码"),
    "valid_from": ("生效日期",),
    "valid_to": ("失效日期",),
    "english_stem": ("英文题干",),
    "english_explanation": ("英文解析",),
}
NEEDED = ("type", "stem", "key")
USUAL = ("difficulty", "explanation", "reference")  # without such a column there is one warning, not one a row
# A count of the rows; points, which belong to the competition; what we ourselves added to faulty rows.
IGNORED = ("序号", "分值", "分数", "试题分数", "得分1", "错误原因")
COLUMNS = (
    *("type", "stem"),
    *LETTERS,
    *("key", "explanation", "reference", "topic", "difficulty", "pool", "code", "valid_from", "valid_to"),
    "english_stem",
    *(f"english_{letter}" for letter in LETTERS),
    "english_explanation",
)
TYPE_NAMES = {"single": "单选题", "multiple": "多选题", "judge": "判断题"}
DIFFICULTY_NAMES = {"easy": "易", "medium": "中", "hard": "难"}
POOL_NAMES = {"formal": "正式", "practice": "练习"}

_FIELDS = {name: field for field, names in NAMES.items() for name in names}
_NOISE = re.compile(r"[\s*()\[\]【】\u200b-\u200f\u2060\ufeff]|必填|勿删|选填")
_OPTION = re.compile(r"(英文)?(?:选项([A-Z])|选择项([1-9]))")
_ESCAPED = re.compile(rf"'+[{re.escape(''.join(FORMULA_STARTS))}＝＋－＠]")
_STARTER = re.compile(rf"'*[{re.escape(''.join(FORMULA_STARTS))}＝＋－＠]")


def field_of(heading: str) -> str | None:
    """The field that a column's heading names: "选项 A（必填）" → "A"."""
    name = _NOISE.sub("", fold_width(heading)).upper()
    if option := _OPTION.fullmatch(name):
        english, letter, number = option.groups()
        return ("english_" if english else "") + (letter or chr(ord("A") + int(number) - 1))
    return _FIELDS.get(name)


def column_letter(place: int) -> str:
    """The letters that Excel calls a column by; `place` counts from 0."""
    text = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def read_tables(name: str, tables: Sequence[Table]) -> Source:
    """The questions in the sheets that have the template's headings, and the bank's header if a sheet holds it."""
    header = Header()
    entries: list[Entry] = []
    findings: list[Finding] = []
    columns: dict[str, tuple[str, ...]] = {}
    for table in tables:
        if table.sheet == BANK_SHEET:
            header = _read_header(table)
            continue
        if "说明" in table.sheet or not any(table.rows):
            continue
        place = _heading_row(table)
        if place is None or table.hidden:
            code = "sheet_hidden" if table.hidden else "sheet_without_headings"
            findings.append(Finding(WARNING, code, Where(file=name, sheet=table.sheet), {"sheet": table.sheet or name}))
            continue
        columns[table.sheet] = tuple(table.rows[place])
        fields, faults = _columns(name, table, place)
        findings += faults
        if not any(fault.severity == ERROR for fault in faults):
            for entry in _entries(name, table, place, fields):
                findings += _beyond_headings(entry, len(table.rows[place]), len(entries))
                entries.append(entry)
    if not columns:
        findings.append(Finding(ERROR, "headings_missing", Where(file=name)))
    return Source(name, header, tuple(entries), tuple(findings), columns)


def _heading_row(table: Table) -> int | None:
    for place, row in enumerate(table.rows[:HEADER_ROWS]):
        fields = {field_of(cell) for cell in row}
        if "stem" in fields and ("key" in fields or "type" in fields):
            return place
    return None


def _columns(name: str, table: Table, place: int) -> tuple[dict[int, str], list[Finding]]:
    fields: dict[int, str] = {}
    findings: list[Finding] = []
    unused: list[str] = []
    for number, heading in enumerate(table.rows[place]):
        where = Where(name, table.sheet, place + 1, column_letter(number))
        field = field_of(heading)
        filled = any(len(row) > number and row[number].strip() for row in table.rows[place + 1 :])
        if field is None:
            if filled and _NOISE.sub("", heading) not in IGNORED:
                unused.append(heading.strip() or column_letter(number))
        elif field in fields.values():
            first = next(column for column, known in fields.items() if known == field)
            facts = {"first": table.rows[place][first].strip(), "second": heading.strip()}
            findings.append(Finding(ERROR, "column_doubled", where, facts, heading))
        else:
            fields[number] = field
    for field in NEEDED:
        if field not in fields.values():
            where = Where(name, table.sheet, place + 1)
            findings.append(Finding(ERROR, "column_missing", where, {"names": "、".join(NAMES[field])}))
    for field in USUAL:
        if field not in fields.values():
            where = Where(name, table.sheet, place + 1)
            findings.append(Finding(WARNING, "column_absent", where, {"names": "、".join(NAMES[field])}))
    if unused:
        where = Where(name, table.sheet, place + 1)
        findings.append(Finding(WARNING, "columns_unused", where, {"names": "、".join(unused)}))
    return fields, findings


def _entries(name: str, table: Table, place: int, fields: dict[int, str]) -> Iterable[Entry]:
    absent = frozenset(USUAL) - set(fields.values())
    for number, row in enumerate(table.rows[place + 1 :], place + 2):
        if not any(cell.strip() for cell in row):
            continue
        values = {field: _unescaped(row[column], table) for column, field in fields.items() if column < len(row)}
        places = {
            field: Where(name, table.sheet, number, column_letter(column), field=table.rows[place][column].strip())
            for column, field in fields.items()
        }
        places[""] = Where(name, table.sheet, number)
        yield Entry(values, places, tuple(row), absent)


def _beyond_headings(entry: Entry, width: int, number: int) -> Iterable[Finding]:
    """Cells to the right of all headings. In CSV that is a comma without quotes, which has shifted the whole row."""
    beyond = [cell for cell in entry.cells[width:] if cell.strip()]
    if beyond and entry.where().sheet:
        yield Finding(WARNING, "cells_beyond_headings", entry.where(), {}, " | ".join(beyond)[:200], number)
    elif beyond:
        yield Finding(ERROR, "row_shifted", entry.where(), {}, " | ".join(entry.cells)[:200], number)


def _unescaped(cell: str, table: Table) -> str:
    """Without the apostrophe that our CSV files put before what Excel would take for a formula."""
    return cell[1:] if not table.sheet and _ESCAPED.match(cell) else cell


def _read_header(table: Table) -> Header:
    code = title = ""
    topics: dict[str, str] = {}
    in_topics = False
    for row in table.rows:
        first, second = [cell.strip() for cell in [*row, "", ""][:2]]
        if first == "题库编号":
            code = second
        elif first == "题库名称":
            title = second
        elif first == "主题编号":
            in_topics = True
        elif in_topics and first:
            topics[first] = second
    return Header(code, title, topics)


# --- writing


def headings() -> list[str]:
    """The template's headings."""
    return [_heading(column) for column in COLUMNS]


def _heading(column: str) -> str:
    if column in NAMES:
        return NAMES[column][0]
    return f"英文选项{column[-1]}" if column.startswith("english_") else f"选项{column}"


def row_of(question: Question, topics: dict[str, str]) -> list[str]:
    """A question as a row of the template."""
    judge = question.type == "judge"
    values = {
        "type": TYPE_NAMES[question.type],
        "stem": question.stem,
        "key": ("正确" if question.right == 1 else "错误") if judge else question.key_letters,
        "explanation": question.explanation,
        "reference": question.reference,
        "topic": topic_label(question.topic, topics),
        "difficulty": DIFFICULTY_NAMES[question.difficulty],
        "pool": POOL_NAMES[question.pool],
        "code": question.code,
        "valid_from": question.valid_from.isoformat() if question.valid_from else "",
        "valid_to": question.valid_to.isoformat() if question.valid_to else "",
    }
    if not judge:
        values.update(zip(LETTERS, question.options, strict=False))
    if english := question.english:
        values["english_stem"] = english.stem
        values["english_explanation"] = english.explanation
        values.update({f"english_{letter}": text for letter, text in zip(LETTERS, english.options, strict=False)})
    return [values.get(column, "") for column in COLUMNS]


def topic_label(code: str, topics: dict[str, str]) -> str:
    """How a topic is written in a cell: its code and title."""
    title = topics.get(code, code)
    return code if title == code else f"{code} {title}"


def write_xlsx(content: BankContent) -> bytes:
    """The content as a filled-in template that reads back to the same digest; without questions, the empty template."""
    questions = [headings(), *(row_of(question, content.topics) for question in content.questions)]
    bank = [
        ["题库编号", content.code],
        ["题库名称", content.title],
        [],
        ["主题编号", "主题名称"],
        *([code, title] for code, title in content.topics.items()),
    ]
    return write_workbook([(QUESTION_SHEET, questions), (BANK_SHEET, bank), (NOTES_SHEET, NOTES)])


def write_csv(content: BankContent) -> bytes:
    """The questions as CSV in UTF-8 with its mark; what Excel would take for a formula is preceded by an apostrophe."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(headings())
    for question in content.questions:
        writer.writerow([escaped(cell) for cell in row_of(question, content.topics)])
    return file.getvalue().encode("utf-8-sig")


def escaped(cell: str) -> str:
    """The cell as CSV may hold it: never the beginning of a formula."""
    return f"'{cell}" if _STARTER.match(cell) else cell


NOTES = [
    ["列", "怎样填写"],
    ["题型", "必填：单选题、多选题、判断题"],
    ["题干", "必填；不要在题干里写出答案"],
    ["选项A–选项H", "单选、多选至少两项，依次填写，中间不留空；判断题不填"],
    ["答案", "必填：单选写一个字母，多选写全部字母（如 ABD），判断写 正确 或 错误"],
    ["解析", "讲清为什么对、错在哪里"],
    ["依据", "标准、法规写明年份与条款，如 GB/T 19001-2016 8.4.1"],
    ["章节/主题", "必填：“题库信息”表里的主题编号或名称，如 T01"],
    ["难度", "易、中、难；不填按 中"],
    ["题池", "正式 或 练习；不填按 正式"],
    ["编号", "每题唯一，最多 40 个字符；不填由系统按题目内容生成"],
    ["生效日期、失效日期", "可不填；如 2026-07-01"],
    ["英文题干、英文选项A–H、英文解析", "可不填；填写时选项与原文逐项对应，界面语言为英文的人看到的是译文"],
    [],
    ["示例", "下面三行示范各题型的填写，请填到“试题”表里"],
    headings(),
    [
        *("单选题", "下列哪一项是 PDCA 循环的第一个阶段？", "策划", "实施", "检查", "处置", "", "", "", "", "A"),
        *("PDCA 依次为策划、实施、检查、处置。", "GB/T 19001-2016 0.3.2", "T02", "易", "正式", "T02-001"),
    ],
    [
        *("多选题", "下列哪些属于 QC 老七种工具？", "排列图", "因果图", "亲和图", "控制图", "", "", "", "", "ABD"),
        *("亲和图属于新七种工具。", "T/CAQ 10201-2024", "T12", "中", "练习", "T12-001"),
    ],
    [
        *("判断题", "抽样检验合格的批中不会有不合格品。", "", "", "", "", "", "", "", "", "错误"),
        *("抽样检验以样本推断批，合格批中仍可能有不合格品。", "GB/T 2828.1-2012 3.1", "T10", "易", "正式", "T10-001"),
    ],
]
