"""Pages and JSON are compressed for the way to a phone; static files are compressed once, in `assets`.

Compressing a page that holds both a secret and an echo of the query lets somebody who watches sizes guess the secret
(BREACH). Here the session cookie is SameSite=Lax, so another site cannot make the browser load such pages again and again.
"""

import gzip

from flask import Flask, Response, request

SMALLEST = 1024  # bytes: below this a packet is a packet
TYPES = ("text/html", "application/json")


def init_app(app: Flask) -> None:
    """Compress what is worth it after each request."""

    @app.after_request
    def compress(response: Response) -> Response:
        if response.mimetype not in TYPES or response.is_streamed or response.direct_passthrough:
            return response
        response.vary.add("Accept-Encoding")
        if request.accept_encodings.quality("gzip") <= 0 or "Content-Encoding" in response.headers:
            return response
        body = response.get_data()
        if len(body) >= SMALLEST:
            response.set_data(gzip.compress(body, 5, mtime=0))
            response.headers["Content-Encoding"] = "gzip"
        return response
