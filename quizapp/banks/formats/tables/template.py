"""The project's template as a spreadsheet: XLSX with a sheet of questions and one about the bank, or CSV. Pure.

`sheets` reads it, and the tables of others. A picture that ends a text is shown in its cell; one in the midst of a text
stays named there, and lies on a sheet of its own. CSV has no place for pictures: it only names them.
"""

import csv
import io
import re
from collections.abc import Mapping

from quizapp.banks.content import LETTERS, BankContent, Question
from quizapp.banks.formats.tables.headings import NAMES, TEXTS
from quizapp.banks.pictures import TOKEN, digests_in
from quizapp.web.spreadsheets import FORMULA_STARTS, write_workbook
from quizapp.web.tables import CellPicture

QUESTION_SHEET = "试题"
BANK_SHEET = "题库信息"
PICTURE_SHEET = "图片"
PICTURE_HEADINGS = ["图片编号", "图片"]
NOTES_SHEET = "填写说明"
COLUMNS = (
    *("type", "stem"),
    *LETTERS,
    *("key", "explanation", "reference", "topic", "difficulty", "pool", "code", "valid_from", "valid_to"),
    "english_stem",
    *(f"english_{letter}" for letter in LETTERS),
    "english_explanation",
)
TYPE_NAMES = {"single": "单选题", "multiple": "多选题", "judge": "判断题"}
PICTURES_A_CELL = 4  # that have room in a row
DIFFICULTY_NAMES = {"easy": "容易", "medium": "中等", "hard": "较难"}
POOL_NAMES = {"formal": "正式", "practice": "练习"}

ESCAPED = re.compile(rf"'+[{re.escape(''.join(FORMULA_STARTS))}＝＋－＠]")
_ENDING = re.compile(rf"(?:(?:^|(?<=\S)\n){TOKEN.pattern})+$")
_STARTER = re.compile(rf"'*[{re.escape(''.join(FORMULA_STARTS))}＝＋－＠]")


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


def write_xlsx(content: BankContent, pictures: Mapping[str, bytes] | None = None) -> bytes:
    """The content as a filled-in template that reads back to the same digest; without questions, the empty template.

    `pictures` holds the PNG files of the pictures that the texts name, by their digests.
    """
    files = pictures or {}
    rows, shown = [headings()], []
    for question in content.questions:
        cells, in_cells = _with_pictures(row_of(question, content.topics), len(rows), files)
        rows.append(cells)
        shown += in_cells
    bank = [
        ["题库编号", content.code],
        ["题库名称", content.title],
        [],
        ["主题编号", "主题名称"],
        *([code, title] for code, title in content.topics.items()),
    ]
    sheets = [(QUESTION_SHEET, rows), (BANK_SHEET, bank), (NOTES_SHEET, NOTES)]
    placed = {QUESTION_SHEET: shown}
    if named := sorted(digests_in(cell for row in rows for cell in row) & set(files)):
        sheets.append((PICTURE_SHEET, [PICTURE_HEADINGS, *([digest] for digest in named)]))
        placed[PICTURE_SHEET] = [CellPicture((row, 1), files[digest]) for row, digest in enumerate(named, 1)]
    return write_workbook(sheets, placed)


def _with_pictures(row: list[str], number: int, files: Mapping[str, bytes]) -> tuple[list[str], list[CellPicture]]:
    """A row whose cells show the pictures that end their texts, as the reader puts them back: one a line, after the words."""
    cells, shown = [], []
    for column, text in enumerate(row):
        ending = _ENDING.search(text) if COLUMNS[column] in TEXTS else None
        found = list(TOKEN.finditer(ending.group())) if ending else []
        fit = len(found) <= PICTURES_A_CELL and all(each.group(2) in files for each in found)
        if ending and fit and all(each.group(1).isprintable() for each in found):
            shown += [CellPicture((number, column), files[each.group(2)], each.group(1)) for each in found]
            text = text[: ending.start()]
        cells.append(text)
    return cells, shown


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
    ["难度", "容易、中等、较难；不填按 中等"],
    ["题池", "正式 或 练习；不填按 正式"],
    ["编号", "每题唯一，最多 40 个字符；不填由系统按题目内容生成"],
    ["生效日期、失效日期", "可不填；如 2026-07-01"],
    ["英文题干、英文选项A–H、英文解析", "可不填；填写时选项与原文逐项对应，界面语言为英文的人看到的是译文"],
    ["图片", "放在题干、选项或解析的单元格里（PNG、JPEG、WebP），读在该格文字之后；可选文字会读给看不见图片的人"],
    [],
    ["示例", "下面三行示范各题型的填写，请填到“试题”表里"],
    headings(),
    [
        *("单选题", "下列哪一项是 PDCA 循环的第一个阶段？", "策划", "实施", "检查", "处置", "", "", "", "", "A"),
        *("PDCA 依次为策划、实施、检查、处置。", "GB/T 19001-2016 0.3.2", "T02", "容易", "正式", "T02-001"),
    ],
    [
        *("多选题", "下列哪些属于 QC 老七种工具？", "排列图", "因果图", "亲和图", "控制图", "", "", "", "", "ABD"),
        *("亲和图属于新七种工具。", "T/CAQ 10201-2024", "T12", "中等", "练习", "T12-001"),
    ],
    [
        *("判断题", "抽样检验合格的批中不会有不合格品。", "", "", "", "", "", "", "", "", "错误"),
        *("抽样检验以样本推断批，合格批中仍可能有不合格品。", "GB/T 2828.1-2012 3.1", "T10", "容易", "正式", "T10-001"),
    ],
]
