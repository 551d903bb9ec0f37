"""Static files: each feature's own and Bootstrap's from its wheel, under addresses that hold their digest.

`asset("web/app.css")` is `/static/web/app.3f2a91b04c5d.css`. What an address holds never changes, so browsers keep it for a
year. A page of the version before (or after, in a rolling restart) may ask for a digest that this process does not have:
it gets the file as it is here, not to be kept. The files are small and few, so they are read and compressed once and
held in memory.
"""

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from flask import Flask, Response, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.http import quote_etag

from quizapp.errors import NotFound
from quizapp.web.access import PUBLIC, access
from quizapp.web.bootstrap import slim

ROOT = Path(__file__).parent.parent
BOOTSTRAP = "bootstrap.min.css"
WITH_DIGEST = re.compile(r"\.[0-9a-f]{12}(?=\.[a-z0-9]+$)")
TEXT = ("text/", "application/javascript", "application/json", "image/svg+xml")


@dataclass(frozen=True)
class Asset:
    """A file as it is served; `compressed` is None where compressing gains nothing."""

    content: bytes
    compressed: bytes | None
    digest: str
    media_type: str


@lru_cache
def _load(path: Path, _changed_ns: int) -> Asset:
    content = path.read_bytes()
    if path.name == BOOTSTRAP:
        content = slim(content.decode()).encode()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    is_text = media_type.startswith(TEXT)
    return Asset(
        content=content,
        compressed=gzip.compress(content, 9, mtime=0) if is_text else None,
        digest=hashlib.sha256(content).hexdigest()[:12],
        media_type=f"{media_type}; charset=utf-8" if is_text else media_type,
    )


def collect() -> dict[str, Asset]:
    """Name → file, for all features and the one stylesheet that Bootstrap's wheel brings."""
    paths = {
        path.relative_to(folder).as_posix(): path
        for folder in ROOT.glob("*/static")
        for path in folder.rglob("*")
        if path.is_file()
    }
    paths[BOOTSTRAP] = Path(str(files("flask_bootstrap"))) / "static/bootstrap5/css" / BOOTSTRAP
    return {name: _load(path, path.stat().st_mtime_ns) for name, path in paths.items()}


def init_app(app: Flask) -> None:
    """Serve the static files and give templates `asset(name)`."""
    assets = collect()

    @app.template_global()
    def asset(name: str) -> str:
        """The address of a static file; an unknown name is a mistake in a template and raises KeyError."""
        stem, dot, ending = name.rpartition(".")
        return url_for("static", filename=f"{stem}.{assets[name].digest}{dot}{ending}")

    @app.get("/static/<path:filename>", endpoint="static")
    @access(PUBLIC)
    def static(filename: str) -> ResponseReturnValue:
        found = assets.get(WITH_DIGEST.sub("", filename))
        if found is None:
            raise NotFound()
        gzipped = found.compressed is not None and request.accept_encodings.quality("gzip") > 0
        response = Response(found.compressed if gzipped else found.content, content_type=found.media_type)
        if gzipped:
            response.headers["Content-Encoding"] = "gzip"
        if found.compressed is not None:
            response.headers["Vary"] = "Accept-Encoding"
        response.headers["ETag"] = quote_etag(found.digest + ("-gzip" if gzipped else ""))
        pinned = f".{found.digest}." in filename
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if pinned else "no-cache"
        return response.make_conditional(request)
