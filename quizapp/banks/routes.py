"""Pictures of questions: at an address that nobody guesses, and in the texts that name them.

An address holds the digest of what the picture shows. Whoever has it has seen the picture or a question that shows it; it
says nothing of where the question stands or what is right.
"""

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup, escape
from werkzeug.http import quote_etag

from quizapp.banks import queries
from quizapp.banks.pictures import TOKEN
from quizapp.errors import NotFound
from quizapp.web.access import PUBLIC, Blueprint

bp = Blueprint("banks", __name__, access=PUBLIC)

DIGEST_LENGTH = 64


@bp.get(f"/pictures/<string(length={DIGEST_LENGTH}):digest>.png")
def picture(digest: str) -> ResponseReturnValue:
    """A picture. What its address holds never changes, so every cache on the way may keep it."""
    if digest.strip("0123456789abcdef"):
        raise NotFound()
    response = Response(queries.picture_png(digest), mimetype="image/png")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["ETag"] = quote_etag(digest[:16])
    return response.make_conditional(request)


@bp.app_template_filter("pictured")
def pictured(text: str) -> Markup:
    """The text of a question as HTML: as it is, but with its pictures in their places."""
    parts = TOKEN.split(text)
    shown = escape(parts[0])
    for words, digest, rest in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        shown += Markup('<img class="picture" src="{}" alt="{}" loading="lazy">').format(
            url_for("banks.picture", digest=digest), words or _("图片")
        )
        shown += escape(rest)
    return shown


@bp.app_template_global("picture_address")
def picture_address() -> str:
    """The address of a picture with `{digest}` in the digest's place, for scripts."""
    nobody = "0" * DIGEST_LENGTH
    return url_for("banks.picture", digest=nobody).replace(nobody, "{digest}")
