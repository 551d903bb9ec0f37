"""Simplified Chinese first, English second: a person's choice, else the browser's."""

from flask import has_request_context, request

LOCALES = {"zh_Hans_CN": "中文", "en": "English"}
COOKIE = "quiz_language"


def choose_locale() -> str:
    """The locale of this request: the cookie, then Accept-Language, then Chinese."""
    if not has_request_context():
        return "zh_Hans_CN"
    chosen = request.cookies.get(COOKIE, "")
    if chosen in LOCALES:
        return chosen
    best = request.accept_languages.best_match(["zh", "zh-CN", "zh-Hans", "en", "en-US", "en-GB"])
    return "en" if best and best.startswith("en") else "zh_Hans_CN"
