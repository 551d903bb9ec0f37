"""The forms of a version: which of its questions are shown, and why it is retired."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    SelectField,
    StringField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from quizapp.web.forms import Form, required

REASON_LENGTH = 200


def _trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


class RetireForm(Form):
    """Takes a version out of use."""

    reason = StringField(
        _l("原因"), [required, Length(max=REASON_LENGTH, message=_l("原因最多 200 个字，请缩短。"))], filters=[_trimmed]
    )


class QuestionFilterForm(Form):
    """What the list of questions shows. Sent by GET, so without a token."""

    class Meta(Form.Meta):
        csrf = False

    text = StringField(_l("搜索"))
    topic = SelectField(_l("主题"))
    kind = SelectField(_l("题型"))
    difficulty = SelectField(_l("难度"))
    pool = SelectField(_l("题池"))
    sort = SelectField(
        _l("排列"),
        choices=[
            SelectChoice("", _l("题库顺序")),
            SelectChoice("most", _l("抽到次数多的在前")),
            SelectChoice("least", _l("抽到次数少的在前")),
        ],
    )

    def wanted(self) -> dict[str, Any]:
        """What is set: filters, as arguments of `matching_questions`, and `sort`; an unknown choice counts as not set."""
        found: dict[str, Any] = {}
        for field in (self.topic, self.kind, self.difficulty, self.pool, self.sort):
            if field.data and field.data in {value for value, *_ in field.choices}:
                found[field.name] = field.data
        if self.text.data:
            found["text"] = self.text.data[:100]
        return found
