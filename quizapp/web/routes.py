"""The pages that belong to no feature: the way in, the language, what happens with personal data."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from quizapp.errors import NotFound
from quizapp.web.access import PUBLIC, Blueprint
from quizapp.web.language import COOKIE, LOCALES
from quizapp.web.links import local_path

bp = Blueprint("web", __name__, access=PUBLIC)


@bp.get("/")
def home() -> ResponseReturnValue:
    """The list of competitions is the way in."""
    return redirect(url_for("competitions.index"))


@bp.get("/language/<locale>")
def language(locale: str) -> ResponseReturnValue:
    """Remember the language on this device for a year, and go back to the page."""
    if locale not in LOCALES:
        raise NotFound()
    response = redirect(local_path(request.args.get("next", "")))
    response.set_cookie(COOKIE, locale, max_age=31_536_000, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


@bp.get("/privacy")
def privacy() -> ResponseReturnValue:
    """What personal data is kept, what for, who sees it and for how long."""
    return render_template("web/privacy.html")
