"""Who may open which URL. Every blueprint names its access; a view without one is refused and fails a house test.

This is the first gate, by role. The second, by owner, is in the queries: another's thing looks like a missing one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import flask
from flask import current_app, request
from flask_login import current_user

from quizapp.errors import NotFound, Refused
from quizapp.extensions import login_manager

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Access:
    """`roles` may do everything at the URL, `readers` only GET it. Administrators may what organizers may."""

    roles: frozenset[str] = frozenset()
    readers: frozenset[str] = frozenset()
    anyone: bool = False
    signed_in: bool = False

    def allows(self, held: frozenset[str], method: str) -> bool:
        """Whether somebody signed in with the roles `held` may send `method`."""
        if self.anyone or self.signed_in:
            return True
        if "administrator" in held and "organizer" in self.roles:
            return True
        reading = method in ("GET", "HEAD", "OPTIONS")
        return bool(held & self.roles) or (reading and bool(held & self.readers))


def for_roles(*roles: str, readers: tuple[str, ...] = ()) -> Access:
    """Access for `roles`, and for `readers` to look only."""
    return Access(roles=frozenset(roles), readers=frozenset(readers))


PUBLIC = Access(anyone=True)
SIGNED_IN = Access(signed_in=True)
ADMINISTRATOR = for_roles("administrator", readers=("auditor",))
ORGANIZER = for_roles("organizer", readers=("auditor",))
STAFF = for_roles("organizer", "coordinator", "association", readers=("auditor",))


class Blueprint(flask.Blueprint):
    """A blueprint that names its access; a view may narrow or widen its own with `@access(…)`."""

    def __init__(self, name: str, import_name: str, *, access: Access, **options: Any) -> None:
        options.setdefault("template_folder", "templates")
        super().__init__(name, import_name, **options)
        self.access = access


def access(value: Access) -> Callable[[View], View]:
    """Give one view another access than its blueprint's."""

    def mark(view: View) -> View:
        view.access = value  # type: ignore[attr-defined]
        return view

    return mark


def reads_only(view: View) -> View:
    """Say of a view that is sent POST that it writes nothing to SQL: so it need not wait for SQLite's one writer."""
    view.reads_only = True  # type: ignore[attr-defined]
    return view


def access_of(endpoint: str) -> Access | None:
    """The access that an endpoint names, or None."""
    view = current_app.view_functions.get(endpoint)
    named = getattr(view, "access", None)
    if named is None:
        blueprint = current_app.blueprints.get(endpoint.rpartition(".")[0])
        named = getattr(blueprint, "access", None)
    return named


def check_access() -> Any:
    """Before each request: send strangers to sign in, and refuse whoever lacks the role."""
    if request.endpoint is None:
        return None
    named = access_of(request.endpoint)
    if named is None:
        raise NotFound()
    if named.anyone:
        return None
    if not current_user.is_authenticated:
        return login_manager.unauthorized()
    if not named.allows(current_user.roles, request.method):
        raise Refused("role_missing", status=403)
    return None
