"""The organizer's forms. Times are entered as the clocks of the competition's zone show them."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import wtforms
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FieldList, FormField, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Length, Regexp

from quizapp.competitions.forms import LocalMomentField, OneOfField, PointsField, WholeNumberField, plain_text
from quizapp.draws.drawing import MOST_PLACES, MOST_PRIZES, Prize
from quizapp.draws.models import Draw
from quizapp.web.forms import Form, required

BLANK_ROWS = 2
MOST_EXCLUDED = 500
REASON_NAMES = {
    "staff": _l("工作人员"),
    "voided": _l("答卷作废"),
    "earlier_winner": _l("以往中奖"),
    "other": _l("其他原因"),
}


class AddForm(Form):
    """Why there is another draw."""

    reason = TextAreaField(_l("再次抽奖的原因（公开显示）"), [required, Length(max=300), plain_text])


def _named(form: Any, field: wtforms.Field) -> None:
    """`required`, but without its mark: the browser would not send a row that is left empty."""
    required(form, field)


class PrizeForm(wtforms.Form):
    """One prize; a row that is left empty is none."""

    name = StringField(_l("奖项名称"), [_named, Length(max=40), plain_text])
    quota = WholeNumberField(_l("名额"), least=1, most=MOST_PLACES)
    low = PointsField(_l("最低分"))
    high = PointsField(_l("最高分"))

    @property
    def is_blank(self) -> bool:
        """Whether nothing was entered."""
        return not any(str(value).strip() for field in self for value in field.raw_data or ())

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether the row is a prize, or none at all."""
        return self.is_blank or super().validate(extra_validators)

    def prize(self) -> Prize:
        """The row as a prize; call it on a valid row that is not blank."""
        return Prize(self.name.data or "", self.quota.data or 0, self.low.data, self.high.data)


class PlanForm(Form):
    """Prizes and exclusions. `people_by_login` finds the ids of accounts."""

    prizes = FieldList(FormField(PrizeForm), max_entries=MOST_PRIZES)
    exclude_staff = BooleanField(_l("排除工作人员（管理员、主办方、监督员）"))
    exclude_earlier = OneOfField(
        _l("以往的中奖者"),
        {
            "competition": _l("排除本次竞赛以往抽奖的中奖者"),
            "all": _l("排除所有竞赛以往抽奖的中奖者"),
            "none": _l("不排除"),
        },
    )
    excluded = TextAreaField(_l("另外排除的人"), [Length(max=60_000), plain_text])

    def __init__(self, people_by_login: Callable[[Sequence[str]], dict[str, int]], **options: Any) -> None:
        super().__init__(**options)
        self._people_by_login = people_by_login
        self.left_out: dict[int, str] = {}

    def validate_excluded(self, field: TextAreaField) -> None:
        """Each line is a login, then one of the reasons' names."""
        codes = {str(name): code for code, name in REASON_NAMES.items()} | {code: code for code in REASON_NAMES}
        lines = [line.strip() for line in (field.data or "").splitlines() if line.strip()]
        if len(lines) > MOST_EXCLUDED:
            raise ValidationError(_("最多排除 %(most)d 人。", most=MOST_EXCLUDED))
        wanted: dict[str, str] = {}
        for line in lines:
            login, reason = ([*re.split(r"[\s,，]+", line, maxsplit=1), ""])[:2]
            if reason not in codes:
                message = _(
                    "“%(line)s”没有写明原因。可用的原因：%(reasons)s。",
                    line=line,
                    reasons="、".join(map(str, REASON_NAMES.values())),
                )
                raise ValidationError(message)
            wanted[login.lower()] = codes[reason]
        found = self._people_by_login(list(wanted))
        if missing := [login for login in wanted if login not in found]:
            raise ValidationError(_("没有找到这些登录名：%(logins)s。", logins="、".join(missing[:10])))
        self.left_out = {found[login]: reason for login, reason in wanted.items()}

    def planned(self) -> list[Prize]:
        """The prizes; call it on a valid form."""
        return [row.form.prize() for row in self.prizes if not row.form.is_blank]


def plan_data(draw: Draw) -> dict[str, Any]:
    """The draw as the values of a PlanForm, with rows left to fill."""
    rows: list[dict[str, Any]] = [dict(prize) for prize in draw.prizes]
    blank = min(BLANK_ROWS if rows else 3, MOST_PRIZES - len(rows))
    lines = [f"{each.account.login} {REASON_NAMES[each.reason]}" for each in draw.exclusions if each.by_name]
    return {
        "prizes": rows + [{} for _row in range(blank)],
        "exclude_staff": draw.exclude_staff,
        "exclude_earlier": draw.exclude_earlier,
        "excluded": "\n".join(lines),
    }


class FreezeRollForm(Form):
    """The organizer says that it is meant."""

    sure = BooleanField(
        _l("我已核对，确认冻结；冻结之后奖项和名册都不能再改"), [DataRequired(_l("请先确认，再冻结名册。"))]
    )


class BeaconForm(Form):
    """From which moment on the first round of the beacon decides."""

    moment = LocalMomentField(_l("开奖时间"))


class CommitmentForm(Form):
    """A public number of a later moment, and the secret to which the operator commits."""

    source = TextAreaField(_l("公共数字及其来源"), [required, Length(max=300), plain_text])
    happens_at = LocalMomentField(_l("公共数字产生的时间"))
    open_by = LocalMomentField(_l("最迟公开密语的时间"))
    secret = TextAreaField(_l("密语"), [required, Length(max=80)])
    kept = BooleanField(_l("我已记下密语并妥善保管"), [DataRequired(_l("请先记下密语，再公布承诺。"))])


class RoundForm(Form):
    """The named round, as the beacon's servers give it."""

    round = TextAreaField(_l("信标返回的内容（JSON）"), [required, Length(max=2000)])


class SecretForm(Form):
    """The secret and the public number."""

    secret = TextAreaField(_l("密语"), [required, Length(max=80)])
    number = StringField(
        _l("公共数字"),
        [
            required,
            Length(max=200),
            Regexp(r"^[0-9A-Za-z.+\-]+$", message=_l("只填数字、字母、小数点、加减号，中间不留空格。")),
        ],
    )
