"""The editor's forms: one question, and those that were drawn too often."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    FieldList,
    FormField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms import Form as PartForm
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, NumberRange, Optional

from quizapp.banks.checking.messages import DIFFICULTY_NAMES, POOL_NAMES, TYPE_NAMES
from quizapp.banks.content import JUDGE_OPTIONS, LETTERS
from quizapp.banks.findings import ERROR
from quizapp.web.forms import Form


class OverexposedForm(Form):
    """Which questions were drawn too often. Looked at by GET; moving them is sent by POST."""

    over = IntegerField(
        _l("抽到超过多少次"), [Optional(), NumberRange(0, 2**31 - 1, message=_l("请填写不小于 0 的整数。"))]
    )


# The texts of a question that have a field of their own by the same name.
TYPED = (
    *("type", "topic", "difficulty", "pool", "code", "stem", "explanation", "reference", "valid_from", "valid_to"),
    *("english_stem", "english_explanation"),
)
TRUTHS = ("true", "false")
USUAL_OPTIONS = 4


class Row(NamedTuple):
    """An option as it stands in the form."""

    text: str = ""
    english: str = ""
    right: bool = False


def offered(names: Mapping[str, Any]) -> list[SelectChoice]:
    """What a field offers, by value."""
    return [SelectChoice(value, name) for value, name in names.items()]


# The texts that a picture can be put into.
PICTURED = {
    "stem": _l("题干"),
    **{letter: _l("选项 %(letter)s", letter=letter) for letter in LETTERS},
    "explanation": _l("解析"),
}


class OptionForm(PartForm):
    """A row of the options, in both languages."""

    text = TextAreaField(_l("内容"))
    english = TextAreaField(_l("英文"))
    right = BooleanField(_l("正确答案"))


class QuestionForm(Form):
    """One question in the editor. What is wrong with it is the check's business: any field may hold anything."""

    seen = HiddenField()
    do = StringField()  # which of the buttons was pressed; it has no field on the page
    type = SelectField(_l("题型"), choices=offered(TYPE_NAMES))
    topic = SelectField(_l("主题"))
    difficulty = SelectField(_l("难度"), choices=offered(DIFFICULTY_NAMES))
    pool = SelectField(_l("题池"), choices=offered(POOL_NAMES))
    code = StringField(_l("编号"))
    stem = TextAreaField(_l("题干"))
    options = FieldList(FormField(OptionForm), max_entries=len(LETTERS))
    truth = RadioField(
        _l("答案"), [Optional()], choices=offered(dict(zip(TRUTHS, (_l("正确"), _l("错误")), strict=True)))
    )
    explanation = TextAreaField(_l("解析"))
    reference = TextAreaField(_l("依据"))
    valid_from = StringField(_l("生效日期"))
    valid_to = StringField(_l("失效日期"))
    english_stem = TextAreaField(_l("英文题干"))
    english_explanation = TextAreaField(_l("英文解析"))
    picture = FileField(_l("图片文件"))
    picture_into = SelectField(_l("放到"), choices=offered(PICTURED))
    picture_shows = StringField(_l("图片内容"), [Length(max=200, message=_l("说明太长，最多 200 个字符。"))])

    def fill(self, values: Mapping[str, str]) -> None:
        """Show a question, given as an entry's fields (`manuscript.fields_of`)."""
        for name in TYPED:
            self[name].data = values.get(name, "")
        if values.get("type") == "judge":
            self.truth.data = dict(zip(JUDGE_OPTIONS, TRUTHS, strict=True)).get(values.get("key", ""))
        right = values.get("key", "") if values.get("type") != "judge" else ""
        written = [letter for letter in LETTERS if values.get(letter) or values.get(f"english_{letter}")]
        count = LETTERS.index(written[-1]) + 1 if written else USUAL_OPTIONS
        self._show_rows(
            [
                Row(values.get(letter, ""), values.get(f"english_{letter}", ""), letter in right)
                for letter in LETTERS[:count]
            ]
        )

    def values(self) -> dict[str, str]:
        """What was typed, as an entry's fields."""
        values = {name: self[name].data or "" for name in TYPED}
        rows = list(zip(LETTERS, self._rows(), strict=False))
        for letter, row in rows:
            values[letter], values[f"english_{letter}"] = row.text, row.english
        if values["type"] == "judge":
            values["key"] = dict(zip(TRUTHS, JUDGE_OPTIONS, strict=True)).get(self.truth.data or "", "")
        else:
            values["key"] = "".join(letter for letter, row in rows if row.right)
        return values

    def change_rows(self, deed: str) -> str | None:
        """Do what a button beside the options says: `add`, `remove-2`, `up-2` or `down-2`; rows count from 0.

        Returns the id of the control where one goes on, or None for anything else.
        """
        rows = self._rows()
        verb, _, number = deed.partition("-")
        place = int(number) if number.isdecimal() and int(number) < len(rows) else -1
        if verb == "add" and len(rows) < len(LETTERS):
            rows.append(Row())
            place, control = len(rows) - 1, "text"
        elif verb == "remove" and place >= 0:
            del rows[place]
            place, control = min(place, len(rows) - 1), "text"
        elif (
            verb in ("up", "down") and 0 <= (other := place + (1 if verb == "down" else -1)) < len(rows) and place >= 0
        ):
            rows[place], rows[other] = rows[other], rows[place]
            place, control = other, verb
        else:
            return None
        self._show_rows(rows or [Row()])
        return f"options-{max(place, 0)}-{control}"

    def insert(self, token: str) -> str:
        """Put a picture's token at the end of the text that was chosen for it; returns the id of that field."""
        into = self.picture_into.data
        if into in LETTERS:
            while len(self.options) <= LETTERS.index(into):
                self.options.append_entry()
            field = self.options[LETTERS.index(into)].form.text
        else:
            field = self[into]
        field.data = f"{(field.data or '').rstrip()}\n{token}".lstrip("\n")
        self.picture_shows.data = ""
        return str(field.id)

    def tell(self, name: str, severity: str, sentence: str) -> None:
        """Show a sentence at the field of that name in an entry."""
        field = self._field(name)
        if severity == ERROR:
            field.errors = [*field.errors, sentence]
        else:
            field.warnings = [*getattr(field, "warnings", ()), sentence]

    def _field(self, name: str) -> Any:
        if name == "key":
            return self.truth if self.type.data == "judge" else self.options
        letter = name.removeprefix("english_")
        if letter in LETTERS and len(letter) == 1:
            if LETTERS.index(letter) >= len(self.options):
                return self.options
            row = self.options[LETTERS.index(letter)].form
            return row.text if letter == name else row.english
        return self[name] if name in TYPED else self.stem

    def _rows(self) -> list[Row]:
        return [
            Row(row.form.text.data or "", row.form.english.data or "", bool(row.form.right.data))
            for row in self.options
        ]

    def _show_rows(self, rows: Sequence[Row]) -> None:
        while len(self.options):
            self.options.pop_entry()
        for row in rows:
            self.options.append_entry(row._asdict())


class RemoveQuestionForm(Form):
    """Removes the question that was looked at, and no other."""

    seen = HiddenField()
