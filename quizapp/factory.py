"""The application factory: settings → extensions → features. Wiring only.

A feature is a folder in FEATURES (highest first: each may import those after it, never those before). What it brings is
found by the name of its files, in its folder or in a folder of that: `routes`, `admin` and `api` hold blueprints,
`commands` a command group, `sentences` the sentences of its error codes (and DEEDS, the names of its audited actions),
`models` its tables; `translations/` holds its English.
"""

from datetime import timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import click
from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from quizapp.accounts import audit
from quizapp.attempts.exposure import exposure_of_bank
from quizapp.banks.uses import users
from quizapp.competitions.bank_needs import needs_of_bank
from quizapp.competitions.bank_uses import uses_of_bank
from quizapp.config import Settings, read_settings
from quizapp.counting import counts
from quizapp.extensions import babel, csrf, db, grader, limiter, login_manager, migrate
from quizapp.web import assets, compression, error_pages, headers, icons, language, page_context, requests
from quizapp.web.access import check_access
from quizapp.web.forms import refuse_nul

FEATURES = (
    "demo",
    "operations",
    "reports",
    "draws",
    "awards",
    "notices",
    "leaderboards",
    "practice",
    "receipts",
    "attempts",
    "competitions",
    "papers",
    "banks",
    "organizations",
    "accounts",
    "web",
)
ROOT = Path(__file__).parent


def create_app(settings: Settings | None = None) -> Flask:
    """The site for any WSGI server. Raises SettingsError if the environment can't be used."""
    settings = settings or read_settings()
    app = Flask("quizapp", static_folder=None, template_folder=None, instance_path=str(settings.data_dir))
    app.config.update(
        QUIZ_SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.sql_url,
        SQLALCHEMY_ENGINE_OPTIONS={
            "pool_pre_ping": not settings.sql_url.startswith("sqlite"),
            "hide_parameters": True,  # an error in the logs says nothing of answers and phone numbers
        },
        MAX_CONTENT_LENGTH=settings.max_upload_bytes,
        MAX_FORM_PARTS=1000,
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as the session: a form filled in slowly is not lost
        SESSION_COOKIE_NAME="quiz_session",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https://"),
        PERMANENT_SESSION_LIFETIME=timedelta(days=120),  # a season, on a person's own device
        SESSION_REFRESH_EACH_REQUEST=False,
        REMEMBER_COOKIE_NAME="quiz_remember",
        RATELIMIT_STORAGE_URI=settings.limits_url,
        RATELIMIT_HEADERS_ENABLED=True,
        RATELIMIT_SWALLOW_ERRORS=True,  # a store that is away must not lock people out of the pages that say so
        RATELIMIT_KEY_PREFIX="quiz",
        BABEL_DEFAULT_LOCALE="zh_Hans_CN",
        BABEL_DEFAULT_TIMEZONE="Asia/Shanghai",
        BABEL_TRANSLATION_DIRECTORIES=";".join(str(ROOT / name / "translations") for name in FEATURES),
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]

    counts.bind(settings.data_dir / "counts")
    requests.init_app(app)
    db.init_app(app)
    for name in FEATURES:
        _modules(name, "models")
    migrate.init_app(app, db, directory=str(ROOT.parent / "migrations"))
    login_manager.init_app(app, add_context_processor=False)  # page_context has one that stands without SQL
    csrf.init_app(app)
    limiter.init_app(app)
    babel.init_app(app, locale_selector=language.choose_locale)
    grader.bind(settings.store_url, settings.store_replicas)
    users.bind(uses=uses_of_bank, exposure=exposure_of_bank, needs=needs_of_bank)

    app.before_request(refuse_nul)
    app.before_request(check_access)
    assets.init_app(app)
    icons.init_app(app)
    compression.init_app(app)
    headers.init_app(app)
    page_context.init_app(app)
    error_pages.init_app(app)
    for name in FEATURES:
        _wire(app, name)
    return app


@cache
def _modules(feature: str, file: str) -> list[ModuleType]:
    """The feature's own file of that name, and those of its parts: the folders in it."""
    paths = [path for pattern in (f"{file}.py", f"*/{file}.py") for path in sorted((ROOT / feature).glob(pattern))]
    return [import_module(".".join(("quizapp", *path.relative_to(ROOT).with_suffix("").parts))) for path in paths]


def _wire(app: Flask, feature: str) -> None:
    for file in ("routes", "admin", "api"):
        for module in _modules(feature, file):
            for value in vars(module).values():
                if isinstance(value, Blueprint) and value.import_name == module.__name__:
                    app.register_blueprint(value)
    for module in _modules(feature, "commands"):
        for value in vars(module).values():
            if isinstance(value, click.Group) and value.name not in app.cli.commands:
                app.cli.add_command(value)
    for module in _modules(feature, "sentences"):
        error_pages.add_sentences(module.SENTENCES)
        audit.add_deeds(getattr(module, "DEEDS", {}))
