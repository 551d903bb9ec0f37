"""Pieces of pages that a script asks for again and again: unchanged ones cost a header."""

import hashlib

from flask import Request, Response, make_response


def fragment(html: str, request: Request) -> Response:
    """A piece of HTML with an ETag; 304 where the browser has it already."""
    response = make_response(html)
    response.headers["Cache-Control"] = "private, no-cache"  # kept by the browser alone, and asked about each time
    response.set_etag(hashlib.sha256(html.encode()).hexdigest()[:16])
    response.make_conditional(request)
    return response
