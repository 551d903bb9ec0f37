"""Simplified Chinese first, English second: a person's choice, else the browser's."""

from flask import has_request_context, request
from werkzeug.datastructures import LanguageAccept

LOCALES = {"zh_Hans_CN": "中文", "en": "English"}
COOKIE = "quiz_language"


def choose_locale() -> str:
    """The locale of this request: the cookie, then Accept-Language, then Chinese."""
    if not has_request_context():
        return "zh_Hans_CN"
    return locale_for(request.cookies.get(COOKIE, ""), request.accept_languages)


def locale_for(chosen: str, accepted: LanguageAccept) -> str:
    """The locale for a cookie's value and a browser's Accept-Language."""
    if chosen in LOCALES:
        return chosen
    best = accepted.best_match(["zh", "zh-CN", "zh-Hans", "en", "en-US", "en-GB"])
    return "en" if best and best.startswith("en") else "zh_Hans_CN"
