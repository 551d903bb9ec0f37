"""The base of every form: CSRF, and refusal of fields that the form does not know."""

from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field
from wtforms.validators import StopValidation

from quizapp.errors import QuizError


class Form(FlaskForm):
    """A WTForms form whose messages follow the page's language."""

    class Meta(FlaskForm.Meta):
        locales = ("zh", "en")

    def validate(self, extra_validators: Any = None) -> bool:
        """Validate the fields, then refuse names that the form does not have (a forged or an outdated page)."""
        valid = bool(super().validate(extra_validators))
        known = {field.name for field in self} | {"csrf_token"}
        prefixes = tuple(f"{name}-" for name in known)  # sub-fields of a FieldList or FormField
        if any("\0" in value for values in request.form.listvalues() for value in values):
            self.form_errors.append(_l("表单里有无法识别的字符，没有保存。请检查后再填写。"))
            return False
        unknown = [name for name in request.form if name not in known and not name.startswith(prefixes)]
        if unknown:
            self.form_errors.append(_l("表单里有不认识的内容，没有保存。请刷新页面后再填写。"))
            return False
        return valid


def refuse_nul() -> None:
    """Before each request: no address holds the character NUL, which PostgreSQL has no text for."""
    if "\0" in request.path or any("\0" in value for values in request.args.listvalues() for value in values):
        raise QuizError("bad_request", status=400)


def required(_form: Any, field: Field) -> None:
    """A validator: something other than blanks has been entered. What follows is not asked: one message is enough."""
    if field.data is None or (isinstance(field.data, str) and not field.data.strip()):
        raise StopValidation(_l("请填写此项。"))


required.field_flags = {"required": True}  # type: ignore[attr-defined]  # WTForms reads it: the label shows the mark
