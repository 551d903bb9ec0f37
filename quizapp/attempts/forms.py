"""The organizer's forms about interruptions."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField
from wtforms.validators import Length, Regexp

from quizapp.competitions.forms import LocalMomentField, plain_text
from quizapp.web.forms import Form, required


class InterruptionForm(Form):
    """From when to when time was taken, and why."""

    begun_at = LocalMomentField(_l("中断开始"))
    over_at = LocalMomentField(_l("中断结束"))
    reason = StringField(_l("原因"), [required, Length(max=200, message=_l("最多 200 个字。")), plain_text])
    confirmed = HiddenField()


class DetectedForm(Form):
    """A span that was detected, in server milliseconds: "from-to"."""

    span = HiddenField(validators=[required, Regexp(r"^[0-9]{1,15}-[0-9]{1,15}$")])
