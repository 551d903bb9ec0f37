"""The forms of joining, of people in a unit, and of the tree."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, Field, IntegerField, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, NumberRange, Optional

from quizapp.accounts.forms import REQUIRED, NewPassword, name_of_person, on_a_phone
from quizapp.accounts.logins import read_phone, read_staff_number
from quizapp.accounts.sentences import ROLE_NAMES
from quizapp.organizations.evidence import FILE_BYTES, Evidence, read_evidence
from quizapp.organizations.regions import INDUSTRIES, REGIONS
from quizapp.organizations.unit_lists import is_unit_code
from quizapp.organizations.words import industry_name, region_name
from quizapp.web.forms import Form, required

OWN_DEVICE = _l("这是我自己的设备（120 天内不必再登录）")
CONSENT = _l(
    "我已阅读并同意：姓名、手机号或工号、单位和答题情况只用于组织本竞赛，由主办方和所在单位查看，保存到竞赛结束、异议处理完毕。"
)


def region_choices() -> list[SelectChoice]:
    """No region, then all of them."""
    return [SelectChoice("", "—"), *(SelectChoice(code, region_name(code)) for code in REGIONS)]


def industry_choices() -> list[SelectChoice]:
    """No industry, then all of them."""
    return [SelectChoice("", "—"), *(SelectChoice(code, f"{code} {industry_name(code)}") for code in INDUSTRIES)]


def agreed(_form: Any, field: Field) -> None:
    """A validator: the box is ticked."""
    if not field.data:
        raise ValidationError(_l("请阅读说明并勾选同意后再继续。"))


def phone_number(_form: Any, field: Field) -> None:
    """A validator: empty, or a phone number, in its one spelling from here on."""
    if not (field.data or "").strip():
        field.data = None
    elif (phone := read_phone(field.data)) is None:
        raise ValidationError(_l("请填写有效的手机号，例如 13800001234。"))
    else:
        field.data = phone


def staff_number(_form: Any, field: Field) -> None:
    """A validator: empty, or a staff number, in its one spelling from here on."""
    if not (field.data or "").strip():
        field.data = None
    elif (number := read_staff_number(field.data)) is None:
        raise ValidationError(_l("工号只能用字母、数字、汉字和 . _ -，最多 40 位。"))
    else:
        field.data = number


class JoinForm(Form):
    """The join code of a poster, typed."""

    code = StringField(
        _l("加入码"), REQUIRED, render_kw={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
    )


class Numbers:
    """Validation of phone and staff number: one of the two is needed."""

    def check(self, form: Any) -> None:
        """Raise at the staff number's field when neither is given."""
        if not form.phone.data and not form.staff_number.data and not form.phone.errors:
            raise ValidationError(_l("手机号和工号至少填一项，用来登录。"))


class RegisterForm(NewPassword):
    """A new account in a unit."""

    name = StringField(_l("姓名"), [required, name_of_person], render_kw={"autocomplete": "name"})
    phone = StringField(_l("手机号"), [phone_number], render_kw={"autocomplete": "tel", "inputmode": "tel"})
    staff_number = StringField(_l("工号"), [staff_number], render_kw={"autocomplete": "off"})
    consent = BooleanField(CONSENT, [agreed])
    own_device = BooleanField(OWN_DEVICE, default=on_a_phone)

    def validate_staff_number(self, _field: Field) -> None:
        """One of the two numbers is needed."""
        Numbers().check(self)

    def personal(self) -> tuple[str | None, ...]:
        """The numbers are known to others."""
        return (self.phone.data, self.staff_number.data, self.name.data)


class JoinAgainForm(Form):
    """Somebody with an account asks for a place in a unit."""

    staff_number = StringField(_l("工号（没有可不填）"), [staff_number], render_kw={"autocomplete": "off"})


class ClaimForm(NewPassword):
    """The account that a unit's roster holds, taken over by its owner with a one-time code."""

    unit_code = StringField(
        _l("单位代码"), [Length(max=20)], render_kw={"autocomplete": "off", "autocapitalize": "characters"}
    )
    number = StringField(_l("工号或手机号"), REQUIRED, render_kw={"autocomplete": "username", "autocapitalize": "none"})
    code = StringField(
        _l("一次性验证码"), REQUIRED, render_kw={"autocomplete": "one-time-code", "autocapitalize": "characters"}
    )
    consent = BooleanField(CONSENT, [agreed])
    own_device = BooleanField(OWN_DEVICE, default=on_a_phone)

    def personal(self) -> tuple[str | None, ...]:
        """The numbers are known to others."""
        return (self.number.data,)


class PersonForm(Form):
    """A person's name and numbers, corrected by the coordinator."""

    name = StringField(_l("姓名"), [required, name_of_person], render_kw={"autocomplete": "off"})
    phone = StringField(_l("手机号"), [phone_number], render_kw={"autocomplete": "off", "inputmode": "tel"})
    staff_number = StringField(_l("工号"), [staff_number], render_kw={"autocomplete": "off"})

    def validate_staff_number(self, _field: Field) -> None:
        """One of the two numbers is needed."""
        Numbers().check(self)


class MoveForm(Form):
    """The unit to move a person to, by its code."""

    unit_code = StringField(_l("新单位的代码"), [required, Length(max=20)], render_kw={"autocomplete": "off"})


class HeadcountForm(Form):
    """How many people should take part, and what proves it; empty withdraws the declaration."""

    headcount = IntegerField(
        _l("应参赛人数（含下级单位）"),
        [Optional(), NumberRange(1, 10_000_000, message=_l("请填写 1 到 10000000 之间的整数。"))],
        render_kw={"inputmode": "numeric"},
    )
    note = StringField(
        _l("数字来源（例如：2026 年 8 月在册职工统计表）"),
        [Length(max=200, message=_l("内容过长。"))],
        render_kw={"autocomplete": "off"},
    )
    evidence = FileField(
        _l("证明文件（PDF、JPEG 或 PNG，最大 5 MB，可不传）"), render_kw={"accept": ".pdf,.jpg,.jpeg,.png"}
    )


def sent_evidence(file: FileStorage | None) -> Evidence | None:
    """The evidence that came with a form, or None. Raises Invalid as `read_evidence` does."""
    if not file or not file.filename:
        return None
    return read_evidence(file.stream.read(FILE_BYTES + 1))


class UploadForm(Form):
    """A file to be checked."""

    file = FileField(
        _l("文件（.xlsx 或 .csv）"), [FileRequired(message=_l("请选择文件。"))], render_kw={"accept": ".xlsx,.csv"}
    )


class UnitForm(Form):
    """A unit's name and details."""

    name = StringField(_l("单位名称"), [required, Length(max=120, message=_l("内容过长。"))])
    region = SelectField(_l("地区"), choices=region_choices)
    industry = SelectField(_l("行业"), choices=industry_choices)
    league = StringField(_l("组别"), [Length(max=40, message=_l("内容过长。"))])
    is_central = BooleanField(_l("中央企业"))
    headcount = IntegerField(
        _l("应参赛人数（含下级单位）"),
        [Optional(), NumberRange(1, 10_000_000, message=_l("请填写 1 到 10000000 之间的整数。"))],
        render_kw={"inputmode": "numeric"},
    )

    def details(self) -> dict[str, object]:
        """The fields as the unit's columns."""
        return {
            "region": self.region.data or None,
            "industry": self.industry.data or None,
            "league": (self.league.data or "").strip() or None,
            "is_central": bool(self.is_central.data),
            "headcount": self.headcount.data,
        }


class NewUnitForm(UnitForm):
    """A new unit."""

    code = StringField(_l("单位代码"), [required], render_kw={"autocapitalize": "characters", "autocomplete": "off"})

    def validate_code(self, field: Field) -> None:
        """Capital letters, digits and hyphens."""
        field.data = (field.data or "").strip().upper()
        if not is_unit_code(field.data):
            raise ValidationError(_l("单位代码须为 1–20 位字母、数字或 -。"))


class MoveUnitForm(Form):
    """The unit to move a unit under; empty is the top."""

    parent_code = StringField(_l("新上级单位的代码"), [Length(max=20)], render_kw={"autocomplete": "off"})


class ScopedRoleForm(Form):
    """A role that reaches as far as a unit, a region or an industry."""

    role = SelectField(
        _l("角色"), choices=[SelectChoice(role, ROLE_NAMES[role]) for role in ("coordinator", "association")]
    )
    unit_code = StringField(_l("单位代码（联络员）"), [Length(max=20)], render_kw={"autocomplete": "off"})
    region = SelectField(_l("地区（协会）"), choices=region_choices)
    industry = SelectField(
        _l("行业（协会）"),
        choices=industry_choices,
    )

    def validate_unit_code(self, field: Field) -> None:
        """A coordinator has a unit."""
        if self.role.data == "coordinator" and not (field.data or "").strip():
            raise ValidationError(_l("请填写联络员负责的单位代码。"))

    def validate_region(self, field: Field) -> None:
        """An association has a region or an industry."""
        if self.role.data == "association" and not field.data and not self.industry.data:
            raise ValidationError(_l("请为协会选择地区或行业。"))
