"""The list of a version's questions as somebody searched, filtered and sorted it, and the way through it from one to the next."""

from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l

from quizapp.banks import queries
from quizapp.banks.checking import messages
from quizapp.banks.content import BankContent, Question
from quizapp.banks.models import Bank
from quizapp.banks.uses import Exposure, users
from quizapp.banks.versions.forms import QuestionFilterForm

LIST_ARGUMENTS = ("text", "topic", "kind", "difficulty", "pool", "sort", "page")


def topic_name(code: str, title: str) -> str:
    """What a topic is called in a list to choose from."""
    return code if title == code else f"{code} {title}"


def listed(content: BankContent, form: QuestionFilterForm, exposure: Exposure) -> list[tuple[int, Question]]:
    """The questions that the form asks for, in its order, each with its place."""
    wanted = form.wanted()
    order = wanted.pop("sort", "")
    found = queries.matching_questions(content, **wanted)
    if order:
        found.sort(key=lambda item: exposure.of(item[1].code), reverse=order == "most")
    return found


def neighbours(bank: Bank, content: BankContent, ids: list[int], place: int) -> tuple[int | None, int | None]:
    """The question before this one and the one after it, in the list that was come from."""
    form = QuestionFilterForm(request.args)
    offer_filters(form, content)
    places = [ordinal for ordinal, _question in listed(content, form, users.exposure(bank.id))]
    if place not in places:  # it was changed, and is no longer what was asked for: one goes on from where it stood
        places = sorted([*places, place])
    at = places.index(place)
    return ids[places[at - 1]] if at else None, ids[places[at + 1]] if at + 1 < len(places) else None


def list_arguments() -> dict[str, Any]:
    """What the list of questions was narrowed to, so that one comes back to it."""
    return {name: value for name in LIST_ARGUMENTS if (value := request.args.get(name))}


def offer_filters(form: QuestionFilterForm, content: BankContent) -> None:
    """What the list can be narrowed to: this content's topics, and the kinds of questions."""
    anything = ("", _l("全部"))
    form.topic.choices = [anything, *((code, topic_name(code, title)) for code, title in content.topics.items())]
    form.kind.choices = [anything, *messages.TYPE_NAMES.items()]
    form.difficulty.choices = [anything, *messages.DIFFICULTY_NAMES.items()]
    form.pool.choices = [anything, *messages.POOL_NAMES.items()]
