"""The form in which a person says what the columns of a table are, sheet by sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField
from wtforms.fields.choices import SelectChoice

from quizapp.banks.checking.messages import FIELD_NAMES, TYPE_NAMES
from quizapp.banks.content import LETTERS
from quizapp.banks.formats.tables.column_guesses import Proposal, propose
from quizapp.banks.formats.tables.columns import Columns, Layout
from quizapp.banks.formats.tables.heading_rows import HEADING_ROWS
from quizapp.banks.formats.tables.headings import column_letter
from quizapp.banks.formats.tables.template import BANK_SHEET, NOTES_SHEET, PICTURE_SHEET
from quizapp.web.forms import Form
from quizapp.web.tables import Row, Table

ROWS_READ = HEADING_ROWS + 20
ROWS_SHOWN = 8
SAMPLES = 3
SAMPLE_LENGTH = 40
MOST_SHEETS = 12
# Every field that a column can be, in the groups of the choice. Options come by letter, or all in one cell.
_QUESTION = (
    *("stem", "type", "key", "explanation", "reference", "topic", "difficulty", "pool", "code"),
    *("valid_from", "valid_to"),
)


def _field_choices() -> list[SelectChoice]:
    question = {name: FIELD_NAMES[name] for name in _QUESTION}
    options = {letter: _("选项 %(letter)s", letter=letter) for letter in LETTERS}
    options["options"] = _("全部选项（在一格里）")
    english = {"english_stem": _("英文题干")}
    english |= {f"english_{letter}": _("英文选项 %(letter)s", letter=letter) for letter in LETTERS}
    english["english_explanation"] = _("英文解析")
    groups = {_("不属于试题"): {"": _("不读取")}, _("试题"): question, _("选项"): options, _("英文译文"): english}
    return [
        SelectChoice(value, name, optgroup=group) for group, names in groups.items() for value, name in names.items()
    ]


@dataclass(frozen=True)
class Column:
    """A column as it is shown: `name` is that of its field in the form."""

    name: str
    place: int
    letters: str
    samples: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """A sheet as it is shown, with the names of its fields in the form."""

    title: str
    rows: list[Row]
    columns: tuple[Column, ...]
    reads: str
    first_row: str
    type: str


class ColumnsForm(Form):
    """Made anew for each file by `columns_form`; `sheets` says what is in it."""

    sheets: tuple[Sheet, ...] = ()

    def columns(self) -> Columns:
        """What was said. A sheet that is not to be read has no columns."""
        return Columns(sheets={sheet.title: self._layout(sheet) for sheet in self.sheets})

    def _layout(self, sheet: Sheet) -> Layout:
        first, kind = int(self[sheet.first_row].data), self[sheet.type].data
        columns = {each.letters: self[each.name].data for each in sheet.columns if self[each.name].data}
        return Layout(first, columns if self[sheet.reads].data else {}, kind)

    def validate(self, extra_validators: Any = None) -> bool:
        """Besides the choices: some sheet is read, and each that is has what a question needs, once."""
        if not super().validate(extra_validators):
            return False
        read = [sheet for sheet in self.sheets if self[sheet.reads].data]
        if not read:
            self.form_errors.append(_l("请至少读取一张工作表。"))
        for sheet in read:
            self._validate_sheet(sheet)
        return not (self.form_errors or self.errors)

    def _validate_sheet(self, sheet: Sheet) -> None:
        layout = self._layout(sheet)
        chosen: set[str] = set()
        for column in sheet.columns:
            field = self[column.name]
            if field.data and field.data != "key" and field.data in chosen:
                field.errors = [*field.errors, _l("另一列也选了这一项。请只选一列。")]
            chosen.add(field.data)
        missing = [name for name in ("stem", "key") if name not in chosen]
        if missing:
            names = "、".join(str(FIELD_NAMES[name]) for name in missing)
            title = sheet.title or _("表格")
            self.form_errors.append(_("“%(sheet)s”还缺少：%(names)s。请为它选一列。", sheet=title, names=names))
        kind = self[sheet.type]
        if not (layout.type or "type" in chosen):
            kind.errors = [*kind.errors, _l("请选择题型，或选一列作为题型。")]


def columns_form(tables: Sequence[Table]) -> ColumnsForm:
    """The form for a file's sheets, filled in with what its columns might be."""
    shown: list[Sheet] = []
    fields: dict[str, Any] = {}
    for table in tables:
        ours = table.sheet in (BANK_SHEET, NOTES_SHEET, PICTURE_SHEET)
        if any(table.rows) and not ours and len(shown) < MOST_SHEETS:
            shown.append(_sheet(table, len(shown), fields))
    made: type[ColumnsForm] = type("ColumnsForm", (ColumnsForm,), {"sheets": tuple(shown), **fields})
    return made()


def _sheet(table: Table, number: int, fields: dict[str, Any]) -> Sheet:
    proposal = propose(table)
    layout = proposal.layout
    prefix = f"sheet{number}"
    likely = "说明" not in table.sheet and not table.hidden and "stem" in proposal.columns
    fields[f"{prefix}_reads"] = BooleanField(_l("读取这张工作表"), default=likely)
    last = min(len(table.rows), HEADING_ROWS + 1)
    rows = [SelectChoice(str(row), _("第 %(row)s 行", row=row)) for row in range(1, last + 1)]
    fields[f"{prefix}_first"] = SelectField(_l("第一道题在"), choices=rows, default=str(min(layout.first_row, last)))
    types = [SelectChoice("", _l("由下面的一列说明")), *(SelectChoice(kind, name) for kind, name in TYPE_NAMES.items())]
    known = layout.type if layout.type in TYPE_NAMES else ""
    fields[f"{prefix}_type"] = SelectField(_l("这张表的题型"), choices=types, default=known)
    columns = tuple(_columns(table, proposal, prefix, fields))
    return Sheet(
        table.sheet,
        table.rows[: max(ROWS_SHOWN, layout.first_row + 2)],
        columns,
        f"{prefix}_reads",
        f"{prefix}_first",
        f"{prefix}_type",
    )


def _columns(table: Table, proposal: Proposal, prefix: str, fields: dict[str, Any]) -> list[Column]:
    below = table.rows[proposal.layout.first_row - 1 :]
    columns = []
    for place, guess in enumerate(proposal.columns):
        heading = proposal.headings[place].strip() if place < len(proposal.headings) else ""
        texts = dict.fromkeys(row[place].strip() for row in below if place < len(row) and row[place].strip())
        if not heading and not texts:
            continue
        letters = column_letter(place)
        label = _("%(letters)s 列 %(heading)s", letters=letters, heading=heading).strip()
        name = f"{prefix}_column{place}"
        fields[name] = SelectField(label, choices=_field_choices(), default=guess)
        columns.append(Column(name, place, letters, tuple(_cut(text) for text in list(texts)[:SAMPLES])))
    return columns


def _cut(text: str) -> str:
    return text if len(text) <= SAMPLE_LENGTH else f"{text[:SAMPLE_LENGTH]}…"
