"""Sessions: the season long on a person's own device, short on a shared terminal; and which devices an account knows."""

import secrets
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import Response, flash, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import login_user, logout_user
from flask_wtf.csrf import generate_csrf
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload

from quizapp.accounts.models import Account
from quizapp.clock import to_ms, utc_now
from quizapp.errors import Refused
from quizapp.extensions import db, login_manager, settings
from quizapp.web.error_pages import wants_json

SHARED_IDLE = timedelta(minutes=30)
DEVICE_COOKIE = "quiz_device"
DEVICE_LIFE = timedelta(days=365)
DEVICE_ACCOUNTS = 20
# Asked at each page: one statement, and built once.
_ACCOUNT = select(Account).where(Account.id == bindparam("account_id")).options(joinedload(Account.grants))

# The session is signed, and people change networks while they answer: an address or a browser's name proves nothing.
login_manager.session_protection = None


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load_account(session_id: str) -> Account | None:
    """The account of a session that is still good: not signed out everywhere, disabled, or left alone at a terminal."""
    account_id, _dot, round_ = session_id.partition(".")
    if not (account_id.isdecimal() and round_.isdecimal()):
        return None
    account = db.session.scalars(_ACCOUNT, {"account_id": int(account_id)}).unique().one_or_none()
    if account is None or account.session_round != int(round_) or not account.is_active:
        return None
    if not session.permanent:
        now_ms = to_ms(utc_now())
        seen_ms = int(session.setdefault("seen_ms", now_ms))
        if now_ms > max(seen_ms + SHARED_IDLE // timedelta(milliseconds=1), int(session.get("kept_until_ms", 0))):
            return None
        if now_ms - seen_ms > 60_000:
            session["seen_ms"] = now_ms
    return account


@login_manager.unauthorized_handler  # type: ignore[untyped-decorator]
def send_to_sign_in() -> Response:
    """Ask a stranger to sign in, and remember the page that was wanted."""
    if wants_json():
        raise Refused("sign_in_needed", status=401)
    wanted = request.full_path.rstrip("?") if request.method in ("GET", "HEAD") else _page_before()
    if session.pop("_user_id", None):
        flash(_("登录已结束，请重新登录。已保存的作答不会丢失。"), "info")
    return redirect(url_for("accounts.sign_in", next=wanted), 303)  # type: ignore[return-value]


def _page_before() -> str:
    # A form that was sent after the session ended: its address may not be one to GET, the page that held it is.
    before = urlsplit(request.referrer or "")
    return before.path if before.netloc == request.host else "/"


def begin(account: Account, *, own_device: bool, now: datetime) -> None:
    """Sign the account in on this device; whatever the session held before is gone."""
    flashes = session.get("_flashes")
    session.clear()
    if flashes:
        session["_flashes"] = flashes
    session.permanent = own_device
    session["seen_ms"] = to_ms(now)
    login_user(account)
    generate_csrf()


def end() -> None:
    """Sign out on this device."""
    logout_user()
    session.clear()


def keep_until(moment: datetime) -> None:
    """A shared terminal's idle time begins at `moment` at the earliest: an attempt's deadline, while only its ticket is
    used and the session is not seen."""
    if not session.permanent:
        session["kept_until_ms"] = to_ms(moment + SHARED_IDLE)


def on_own_device() -> bool:
    """Whether this session is one of a person's own device."""
    return bool(session.permanent)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings().secret_key, salt="device")


def _device() -> tuple[str, list[int]]:
    try:
        content = _signer().loads(request.cookies.get(DEVICE_COOKIE, ""), max_age=int(DEVICE_LIFE.total_seconds()))
        return str(content["id"]), [int(account_id) for account_id in content["accounts"]]
    except (BadSignature, KeyError, TypeError, ValueError):
        return secrets.token_hex(8), []


def known_accounts() -> dict[int, str]:
    """The accounts that were signed in on this device, each with the device's id."""
    device, accounts = _device()
    return dict.fromkeys(accounts, device)


def remember_device(response: Response, account: Account) -> None:
    """Note on the device that the account was signed in on it."""
    device, accounts = _device()
    kept = [account.id, *(each for each in accounts if each != account.id)][:DEVICE_ACCOUNTS]
    response.set_cookie(
        DEVICE_COOKIE,
        _signer().dumps({"id": device, "accounts": kept}),
        max_age=int(DEVICE_LIFE.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=request.is_secure or settings().public_url.startswith("https://"),
        path="/",
    )
