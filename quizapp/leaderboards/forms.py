"""The form of freezing."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField
from wtforms.validators import DataRequired

from quizapp.web.forms import Form


class FreezeForm(Form):
    """The organizer says that it is meant."""

    sure = BooleanField(
        _l("我已核对，确认冻结；冻结之后不能撤销"), validators=[DataRequired(_l("请先确认，再冻结成绩。"))]
    )
