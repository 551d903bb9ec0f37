"""The forms for a file: what it is, and how it is to be read."""

from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    SelectField,
    StringField,
    ValidationError,
)
from wtforms.validators import Length, Optional

from quizapp.banks.checking.checks import BANK_CODE, TITLE_LENGTH
from quizapp.banks.checking.messages import FORMAT_NAMES
from quizapp.banks.checking.surroundings import Choices
from quizapp.banks.reading import format_names
from quizapp.web.forms import Form

topic_length = Length(max=TITLE_LENGTH, message=_l("主题太长，请缩短。"))


def format_choices() -> list[tuple[str, Any]]:
    """The formats there are, after what fits nearly always."""
    return [("", _l("自动识别")), *((name, FORMAT_NAMES.get(name, name)) for name in format_names())]


class UploadForm(Form):
    """A file and the bank that it is for; a new bank's code and title may stand in the file instead."""

    file = FileField(_l("题库文件"))
    bank = SelectField(_l("导入到"))
    code = StringField(_l("新题库的编号"), [Optional()])
    title = StringField(_l("新题库的名称"), [Optional(), Length(max=TITLE_LENGTH, message=_l("名称太长，请缩短。"))])
    format = SelectField(_l("文件格式"), choices=format_choices, default="")
    leave_out = BooleanField(_l("略去本系统没有的题型"))
    topic = StringField(_l("没有写明主题的题归入"), [topic_length])

    def choices(self) -> Choices:
        """What was chosen, for the check."""
        known = self.bank.data
        return Choices(
            bank=known or self.code.data or "",
            title="" if known else self.title.data or "",
            format_name=self.format.data or "",
            leave_out=bool(self.leave_out.data),
            topic=(self.topic.data or "").strip(),
        )

    def validate_file(self, field: FileField) -> None:
        """A file was chosen. What is in it is the check's business."""
        if not field.data or not getattr(field.data, "filename", ""):
            raise ValidationError(_l("请选择一个文件。"))

    def validate_code(self, field: StringField) -> None:
        """Small letters, digits and hyphens."""
        if field.data and not BANK_CODE.fullmatch(field.data):
            raise ValidationError(_l("请用小写字母、数字和短横线，最多 40 个字符。"))


class CheckAgainForm(Form):
    """The same file, read in another way; the bank's code and title where neither file nor upload gave them."""

    code = StringField(_l("新题库的编号"), [Optional()])
    title = StringField(_l("新题库的名称"), [Optional()])
    format = SelectField(_l("文件格式"), choices=format_choices, default="")
    leave_out = BooleanField(_l("略去本系统没有的题型"))
    topic = StringField(_l("没有写明主题的题归入"), [topic_length])

    def choices(self, before: Choices) -> Choices:
        """What was chosen now, for the bank that was chosen before unless one is named now."""
        return replace(
            before,
            bank=(self.code.data or "").strip() or before.bank,
            title=(self.title.data or "").strip() or before.title,
            format_name=self.format.data or "",
            leave_out=bool(self.leave_out.data),
            topic=(self.topic.data or "").strip(),
        )
