"""A question as its reader reads it: in English where the page is in English and the question has a translation."""

from dataclasses import replace

from flask_babel import get_locale

from quizapp.banks.content import Question

JUDGE_OPTIONS = ("True", "False")


def for_reader(question: Question) -> Question:
    """The question in the language of this request; options keep their order, so that letters and keys stay right."""
    locale = get_locale()
    return in_english(question) if locale and locale.language == "en" else question


def in_english(question: Question) -> Question:
    """The translated question; the original where there is no translation, but for the words true and false."""
    english = question.english
    options = JUDGE_OPTIONS if question.type == "judge" else english.options if english else question.options
    if english is None:
        return replace(question, options=options)
    explanation = english.explanation or question.explanation
    return replace(question, stem=english.stem, options=options, explanation=explanation)
