"""Bootstrap's stylesheet without what a page here can't use: a third less for a phone to load.

Its menus, dialogs and carousels need Bootstrap's script, which this site does not load, and its dark theme is chosen by an
attribute that no page has: tokens.css follows the device instead. Pure.
"""

import re
from collections.abc import Iterator

SCRIPTED = "accordion|carousel|collapse|dropdown|dropend|dropstart|dropup|modal|navbar|offcanvas|popover|toast|tooltip"
DROPPED = re.compile(rf"\.({SCRIPTED})(?![a-z])|\[data-bs-theme=dark\]")
GROUP = re.compile(r"@(media|supports)\b")
COMMA = re.compile(r",(?![^()]*\))")  # not those within :not(…)


def slim(css: str) -> str:
    """The stylesheet without rules that can't apply; what stays is unchanged and in its order."""
    kept = []
    for head, body in _rules(css):
        if GROUP.match(head):
            inner = slim(body)
            if inner:
                kept.append(f"{head}{{{inner}}}")
        else:
            selectors = [selector for selector in COMMA.split(head) if not DROPPED.search(selector)]
            if selectors:
                kept.append(f"{','.join(selectors)}{{{body}}}")
    return "".join(kept)


def _rules(css: str) -> Iterator[tuple[str, str]]:
    """(what stands before the brace, what stands within) of each rule of the outermost level."""
    start = depth = opened = 0
    for place, letter in enumerate(css):
        if letter == "{":
            if depth == 0:
                opened = place
            depth += 1
        elif letter == "}":
            depth -= 1
            if depth == 0:
                yield css[start:opened], css[opened + 1 : place]
                start = place + 1
