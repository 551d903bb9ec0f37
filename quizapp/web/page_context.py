"""What every template can use: filters for times, points and masked names, and the asset address."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, g, request
from flask.json.provider import DefaultJSONProvider
from flask_babel import get_translations
from flask_babel import gettext as _
from flask_login import current_user
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup
from sqlalchemy.exc import SQLAlchemyError

from quizapp.extensions import db, login_manager
from quizapp.web.language import LOCALES, choose_locale
from quizapp.web.navigation import links_for

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")


def show_datetime(moment: datetime | None, zone: str = "Asia/Shanghai") -> str:
    """2026年8月25日 09:00, in `zone`."""
    if moment is None:
        return "—"
    local = moment.astimezone(ZoneInfo(zone))
    if choose_locale() == "en":
        return f"{local:%Y-%m-%d %H:%M}"
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def show_date(day: date | None) -> str:
    """2026年8月25日."""
    if day is None:
        return "—"
    return f"{day:%Y-%m-%d}" if choose_locale() == "en" else f"{day.year}年{day.month}月{day.day}日"


def show_points(hundredths: float | None) -> str:
    """Hundredths of a point as a number without needless zeros: 9250 → 92.5."""
    return "—" if hundredths is None else f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")


def show_percent(share: float | None) -> str:
    """A share of 1 as a percentage with one decimal."""
    return "—" if share is None else f"{share * 100:.1f}%"


def show_duration(milliseconds: int | None) -> str:
    """A time used: 12分34秒."""
    if milliseconds is None:
        return "—"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return str(_("%(minutes)d分%(seconds)02d秒", minutes=minutes, seconds=seconds))


def show_fact(value: object) -> str:
    """A fact of the audit trail for people: moments as everywhere; two moments or numbers are before and after."""
    if isinstance(value, list):
        before_and_after = len(value) == 2 and all(isinstance(each, int) or _is_moment(each) for each in value)
        return (" → " if before_and_after else ", ").join(show_fact(each) for each in value)
    if isinstance(value, str) and _is_moment(value):
        return show_datetime(datetime.fromisoformat(value))
    return "—" if value is None else str(value)


def _is_moment(value: object) -> bool:
    return isinstance(value, str) and MOMENT.fullmatch(value) is not None


# Compound surnames, the common ones first: whoever bears one that is missing is shown with its first character.
COMPOUND_SURNAMES = re.compile(
    "爱新觉罗|叶赫那拉|"
    "欧阳|上官|皇甫|令狐|诸葛|司徒|司马|申屠|夏侯|贺兰|完颜|慕容|尉迟|长孙|司空|呼延|端木|公孙|东方|南宫|独孤|宇文|轩辕|百里|"
    "东郭|南郭|西门|北宫|澹台|公冶|宗政|濮阳|淳于|单于|太叔|仲孙|钟离|鲜于|闾丘|亓官|司寇|公羊|公西|公良|壤驷|漆雕|乐正|宰父|"
    "谷梁|拓跋|夹谷|段干|梁丘|左丘|东门|呼衍|赫连|第五|达奚|纳兰|耶律"
)


def mask_name(name: str) -> str:
    """The surname and a star: 张*, 欧阳*. The public sees no more of anybody.

    A name of two characters keeps one, or nothing would be masked; so does one that is not Chinese: of "Anna Lee" the A.
    """
    compound = COMPOUND_SURNAMES.match(name[:-1])
    return f"{compound.group() if compound else name[:1]}*"


def mask_phone(phone: str | None) -> str:
    """138****1234."""
    return "—" if not phone else f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 11 else "****"


def init_app(app: Flask) -> None:
    """Register the filters and what every template knows."""
    app.jinja_env.filters.update(
        date=show_date,
        datetime=show_datetime,
        points=show_points,
        percent=show_percent,
        duration=show_duration,
        fact=show_fact,
        masked_name=mask_name,
        masked_phone=mask_phone,
    )
    if isinstance(app.json, DefaultJSONProvider):
        app.json.ensure_ascii = False  # Chinese as it is: escapes cost a phone twice the bytes
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True

    @app.context_processor
    def page() -> dict[str, object]:
        person = who_is_here()
        return {
            "_": _sentences(),
            "current_user": person,
            "navigation": links_for(person),
            "locales": LOCALES,
            "locale": choose_locale(),
            "this_page": request.full_path.rstrip("?") if request.method == "GET" else "/",
        }


def _sentences() -> Callable[..., str]:
    """Templates' `_`, as Flask-Babel's own does it, but that the request's language is found once a page, not once a sentence:
    that was a tenth of a page."""
    translations = get_translations()

    @pass_eval_context
    def sentence(context: EvalContext, text: str, /, **values: object) -> str:
        found: str = translations.ugettext(text)
        return (Markup(found) if context.autoescape else found) % values  # noqa: S704  # the sentences are our own

    return sentence


def who_is_here() -> Any:
    """The account that is signed in, or an anonymous one; with SQL away nobody knows, and the page must show all the same."""
    if not g.get("signed_in_unknown"):
        try:
            if current_user.is_authenticated:
                return current_user
        except SQLAlchemyError:
            db.session.rollback()
            g.signed_in_unknown = True
    return login_manager.anonymous_user()
