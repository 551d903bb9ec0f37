"""The links at the top: those that exist and that the person may open, found by the endpoints' own access."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, request, url_for
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from quizapp.web.access import access_of


@dataclass(frozen=True)
class Link:
    """A link of the navigation; `here` marks the one that leads to the page in hand."""

    url: str
    text: LazyString
    icon: str
    here: bool = False


STAFF_ROLES = frozenset({"administrator", "organizer", "association", "coordinator", "auditor"})
PLACES: tuple[tuple[str, LazyString, str], ...] = (
    ("competitions.index", _l("竞赛"), "trophy"),
    ("competitions_admin.index", _l("竞赛管理"), "clipboard"),
    ("reports_admin.index", _l("进度"), "bar-chart-line"),
    ("banks_admin.index", _l("题库"), "book"),
    ("organizations.my_units", _l("我的单位"), "people"),
    ("organizations_admin.index", _l("单位"), "building"),
    ("accounts_admin.index", _l("账号与权限"), "person-gear"),
    ("accounts_admin.audit_trail", _l("操作记录"), "clock-history"),
    ("operations_admin.show", _l("运行状况"), "activity"),
)


def links_for(person: Any) -> list[Link]:
    """The links for `person` (anonymous ones included) on this request's page."""
    held: frozenset[str] = person.roles if person.is_authenticated else frozenset()
    if not held & STAFF_ROLES:
        return []  # a participant's pages lead on by themselves: the brand is the way back to the list
    links = []
    for endpoint, text, icon in PLACES:
        named = access_of(endpoint) if endpoint in current_app.view_functions else None
        if named and named.allows(held, "GET"):
            links.append(Link(url_for(endpoint), text, icon))
    nearest = max((link.url for link in links if request.path.startswith(link.url)), key=len, default="")
    return [Link(link.url, link.text, link.icon, link.url == nearest) for link in links]
