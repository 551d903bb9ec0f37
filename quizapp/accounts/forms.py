"""The forms of sign-in, the profile and the administrators' pages."""

from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, PasswordField, SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from quizapp.accounts import passwords
from quizapp.accounts.logins import is_chosen_name, read_login, read_phone, tidy_name
from quizapp.accounts.sentences import ROLE_NAMES, SENTENCES
from quizapp.web.forms import Form, required

REQUIRED = (required, Length(max=200, message=_l("内容过长。")))


def on_a_phone() -> bool:
    """Whether the browser says that it is a phone's: then it is likely the person's own."""
    return "Mobile" in request.user_agent.string


def name_of_person(_form: Any, field: Field) -> None:
    """A validator: the text is somebody's name; it is tidied on the way."""
    field.data = tidy_name(field.data or "")
    if not field.data:
        raise ValidationError(_l("请填写姓名。"))
    if len(field.data) > 60 or any(char in field.data for char in "<>\\/|"):
        raise ValidationError(_l("姓名过长或含有不能使用的符号。"))


class NewPassword(Form):
    """The fields of a new password, entered twice."""

    new_password = PasswordField(_l("新密码"), [required], render_kw={"autocomplete": "new-password"})
    repeat = PasswordField(_l("再输一遍新密码"), [required], render_kw={"autocomplete": "new-password"})

    def personal(self) -> tuple[str | None, ...]:
        """What others know of the person, and a password must not be."""
        return ()

    def validate_new_password(self, field: Field) -> None:
        """Refuse a password that is too weak."""
        if found := passwords.weakness(field.data or "", *self.personal()):
            raise ValidationError(SENTENCES[found])

    def validate_repeat(self, field: Field) -> None:
        """Refuse a slip of the finger."""
        if field.data != self.new_password.data:
            raise ValidationError(_l("两次输入的密码不同，请重新输入。"))


class SignInForm(Form):
    """Sign in; whose the device is decides how long it lasts."""

    login = StringField(
        _l("手机号或登录名"),
        REQUIRED,
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = PasswordField(_l("密码"), REQUIRED, render_kw={"autocomplete": "current-password"})
    own_device = BooleanField(_l("这是我自己的设备（120 天内不必再登录）"), default=on_a_phone)


class ChangePasswordForm(NewPassword):
    """The old password and a new one."""

    password = PasswordField(_l("当前密码"), REQUIRED, render_kw={"autocomplete": "current-password"})


class ResetForm(NewPassword):
    """A one-time code and a new password."""

    login = StringField(
        _l("手机号或登录名"), REQUIRED, render_kw={"autocomplete": "username", "autocapitalize": "none"}
    )
    code = StringField(
        _l("一次性验证码"), REQUIRED, render_kw={"autocomplete": "one-time-code", "autocapitalize": "characters"}
    )
    own_device = BooleanField(_l("这是我自己的设备（120 天内不必再登录）"), default=on_a_phone)

    def personal(self) -> tuple[str | None, ...]:
        """The login is known to others."""
        return (self.login.data,)


class NewAccountForm(Form):
    """An account for somebody on the staff; a one-time code then lets its owner set the password."""

    name = StringField(_l("姓名"), [required, name_of_person], render_kw={"autocomplete": "off"})
    login = StringField(_l("手机号或登录名"), REQUIRED, render_kw={"autocomplete": "off", "autocapitalize": "none"})

    def validate_login(self, field: Field) -> None:
        """A phone number, or a name of letters and digits."""
        if not read_phone(field.data or "") and not is_chosen_name(read_login(field.data or "")):
            raise ValidationError(_l("请填写手机号，或 3–40 位的登录名（字母开头，可含数字和 . _ -）。"))


class RoleForm(Form):
    """A role that reaches everywhere."""

    role = SelectField(
        _l("角色"),
        choices=[
            SelectChoice("organizer", ROLE_NAMES["organizer"]),
            SelectChoice("auditor", ROLE_NAMES["auditor"]),
            SelectChoice("administrator", ROLE_NAMES["administrator"]),
        ],
    )


class EmptyForm(Form):
    """A deed without fields; it still proves that the page asked for it."""
