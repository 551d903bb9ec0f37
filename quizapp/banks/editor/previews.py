"""A question as the pages of participants get it, for who writes or checks it."""

from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _

from quizapp.banks import translation
from quizapp.banks.checking.messages import TYPE_NAMES
from quizapp.banks.content import JUDGE_OPTIONS, Question
from quizapp.banks.translation import in_english

READERS = {"zh": "zh_Hans_CN", "en": "en"}


def preview(question: Question) -> dict[str, Any]:
    """The question in both languages: what the answering page gets, and what is shown once it has been answered."""
    return {
        language: {
            "type": shown.type,
            "stem": shown.stem,
            "options": shown.options,
            "right": shown.right,
            "explanation": shown.explanation,
            "reference": shown.reference,
        }
        for language, shown in (("zh", question), ("en", in_english(question)))
    }


def preview_texts() -> dict[str, Any]:
    """The words around a previewed question, in the language of its readers, whatever that of the page is."""
    texts = {}
    for language, locale in READERS.items():
        with force_locale(locale):
            texts[language] = {
                **{kind: str(name) for kind, name in TYPE_NAMES.items()},
                "right": _("正确答案"),
                "yours": _("您选的"),
                "picture": _("图片"),
                "after": _("答题之后"),
                "key": _("正确答案："),
                "explanation": _("解析："),
                "reference": _("出处："),
                "truths": JUDGE_OPTIONS if language == "zh" else translation.JUDGE_OPTIONS,
            }
    return texts
