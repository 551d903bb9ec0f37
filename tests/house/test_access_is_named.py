"""No page is open or closed by accident."""

from flask import Flask

from quizapp import create_app
from quizapp.config import Settings
from quizapp.web.access import Access, Blueprint, access_of


def site() -> Flask:
    return create_app(Settings(database_url="sqlite://", redis_url="unix:///nowhere.sock", secret_key="x" * 32))


def test_every_url_names_who_may_open_it() -> None:
    app = site()
    with app.app_context():
        unnamed = [rule.rule for rule in app.url_map.iter_rules() if not isinstance(access_of(rule.endpoint), Access)]
    assert not unnamed, f"no access is named for {unnamed}"


def test_every_blueprint_is_of_the_kind_that_names_its_access() -> None:
    plain = [name for name, blueprint in site().blueprints.items() if not isinstance(blueprint, Blueprint)]
    assert not plain, f"plain Flask blueprints: {plain}"


def test_admin_pages_live_below_admin_and_nothing_else_does() -> None:
    for rule in site().url_map.iter_rules():
        is_admin = rule.endpoint.partition(".")[0].endswith("_admin")
        assert is_admin == rule.rule.startswith("/admin"), f"{rule.rule} belongs to {rule.endpoint}"
