"""Addresses that come from outside."""

from flask import url_for


def local_path(address: str) -> str:
    """`address` if it is a path of this site, else the home page: a link must not lead to somebody else's site."""
    is_path = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if is_path and address.isprintable() else url_for("web.home")
