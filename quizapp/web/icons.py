"""Icons of the set that Bootstrap-Flask's wheel brings (Bootstrap Icons, MIT), drawn into the page.

The set as one file is 1.1 MB; a page needs a handful. Drawn in place they cost no request, and old browsers show them too.
"""

import re
from functools import cache
from importlib.resources import files

from flask import Flask
from markupsafe import Markup

SYMBOL = re.compile(r'<symbol[^>]*?viewBox="([^"]+)"[^>]*?id="([^"]+)"[^>]*>(.*?)</symbol>', re.DOTALL)


@cache
def _symbols() -> dict[str, tuple[str, str]]:
    text = (files("flask_bootstrap") / "static/bootstrap5/icons/bootstrap-icons.svg").read_text()
    return {name: (box, re.sub(r"\s+", " ", body).strip()) for box, name, body in SYMBOL.findall(text)}


@cache
def icon(name: str) -> Markup:
    """The icon as SVG, hidden from screen readers: words stand beside it. An unknown name raises KeyError."""
    box, body = _symbols()[name]
    return Markup(f'<svg class="icon" viewBox="{box}" aria-hidden="true" focusable="false">{body}</svg>')  # noqa: S704


def init_app(app: Flask) -> None:
    """Give templates `draw_icon(name)`; they use it as `ui.icon`."""
    app.add_template_global(icon, "draw_icon")
