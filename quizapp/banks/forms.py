"""The forms that more than one kind of bank page has."""

from wtforms import (
    HiddenField,
    IntegerField,
)
from wtforms.validators import Optional

from quizapp.web.forms import Form


class SeenDraftForm(Form):
    """A deed on the draft that was looked at, and on no other."""

    digest = HiddenField()


class PlainForm(Form):
    """A deed without details: the token alone."""


class BeginDraftForm(Form):
    """Begins a draft from the newest version, then opens the question that was looked at, if any."""

    question = IntegerField(validators=[Optional()])
