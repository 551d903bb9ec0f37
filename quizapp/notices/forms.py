"""The forms of notices, objections, corrections and consent."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional

from quizapp.competitions.forms import WholeNumberField, plain_text
from quizapp.web.forms import Form, required

BODY = 2000


class SureForm(Form):
    """What can't be taken back is meant."""

    sure = BooleanField(_l("我已核对，确认执行；此操作不能撤销"), validators=[DataRequired(_l("请先勾选确认。"))])


class BeginForm(SureForm):
    """Begin a notice; the last day only where the holidays are not known."""

    last_day = DateField(_l("公示最后一天"), validators=[Optional()])


class ObjectionForm(Form):
    """An objection: who, how to reach them, and what."""

    name = StringField(_l("姓名"), [required, Length(max=60, message=_l("最多 60 个字。")), plain_text])
    contact = StringField(
        _l("联系方式（手机号或邮箱）"), [required, Length(max=120, message=_l("最多 120 个字。")), plain_text]
    )
    body = TextAreaField(_l("异议内容"), [required, Length(min=5, max=BODY, message=_l("请写 5 到 2000 个字。"))])


class AnswerForm(Form):
    """The reply to an objection."""

    outcome = RadioField(
        _l("处理结果"),
        choices=[SelectChoice("rejected", _l("异议不成立")), SelectChoice("upheld", _l("异议成立"))],
        validators=[DataRequired(_l("请选择处理结果。"))],
    )
    reply = TextAreaField(_l("答复"), [required, Length(min=5, max=BODY, message=_l("请写 5 到 2000 个字。"))])


class CorrectionForm(Form):
    """One change of the standings, with its reason."""

    kind = RadioField(
        _l("更正什么"),
        choices=[
            SelectChoice("void", _l("作废一份答卷")),
            SelectChoice("unit", _l("改正一名参赛者的单位")),
            SelectChoice("headcount", _l("改正一个单位的应参赛人数")),
            SelectChoice("void_question", _l("作废一道试题")),
            SelectChoice("key", _l("改正一道试题的标准答案")),
        ],
        validators=[DataRequired(_l("请选择更正什么。"))],
    )
    person = StringField(_l("参赛者"), [Length(max=80, message=_l("最多 80 个字。")), plain_text])
    ordinal = WholeNumberField(_l("第几次答卷"), least=1, most=10_000, optional=True)
    unit = StringField(_l("单位代码"), [Length(max=20, message=_l("最多 20 个字。")), plain_text])
    headcount = WholeNumberField(_l("应参赛人数"), least=1, most=10_000_000, optional=True)
    question = StringField(_l("试题编号"), [Length(max=40, message=_l("最多 40 个字。")), plain_text])
    key = StringField(_l("正确的标准答案"), [Length(max=20, message=_l("最多 20 个字。")), plain_text])
    reason = StringField(_l("更正理由"), [required, Length(max=300, message=_l("最多 300 个字。")), plain_text])


class NamingForm(Form):
    """Whether the full name may stand in published lists of winners."""

    named = RadioField(
        _l("如果我获奖，公布的名单里"),
        choices=[SelectChoice("no", _l("只显示姓氏（例如 张*）")), SelectChoice("yes", _l("显示我的全名"))],
        validators=[DataRequired(_l("请选择一项。"))],
    )
