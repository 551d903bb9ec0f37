"""Administrators' pages: accounts, roles and the audit trail."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from quizapp.accounts import actions, audit, queries
from quizapp.accounts.codes import show_code
from quizapp.accounts.forms import EmptyForm, NewAccountForm, RoleForm
from quizapp.accounts.logins import read_login, read_phone
from quizapp.accounts.models import RoleGrant
from quizapp.accounts.sentences import FACTS, ROLE_NAMES, SUBJECTS
from quizapp.clock import utc_now
from quizapp.errors import NotFound, Refused
from quizapp.extensions import db
from quizapp.web.access import ADMINISTRATOR, Blueprint
from quizapp.web.error_pages import sentence

bp = Blueprint("accounts_admin", __name__, access=ADMINISTRATOR, url_prefix="/admin")
ZONE = ZoneInfo("Asia/Shanghai")


@bp.app_template_filter("deed_name")
def deed_name(action: str) -> str:
    """An audit entry's action as people call it."""
    return audit.deed_name(action)


@bp.app_template_filter("subject_name")
def subject_name(kind: str) -> str:
    """What kind of thing an audit entry is about."""
    return str(SUBJECTS.get(kind, kind))


@bp.app_template_filter("fact_name")
def fact_name(key: str) -> str:
    """What a detail of an audit entry is called."""
    return str(FACTS.get(key, key))


def _page_number() -> int:
    return request.args.get("page", 1, type=int)


@bp.get("/accounts")
def index() -> ResponseReturnValue:
    """All accounts, searched and filtered."""
    filters = {name: request.args.get(name, "")[:80] for name in ("text", "role", "state")}
    page = queries.page_of(queries.accounts_matching(**filters), _page_number())
    return render_template("accounts/admin_index.html", page=page, filters=filters, role_names=ROLE_NAMES)


@bp.route("/accounts/new", methods=["GET", "POST"])
def create() -> ResponseReturnValue:
    """An account for somebody on the staff."""
    form = NewAccountForm()
    if form.validate_on_submit():
        login = read_login(form.login.data)
        try:
            account = actions.create_account(login, form.name.data, phone=read_phone(login), now=utc_now())
        except Refused as refusal:
            form.login.errors = [sentence(refusal.code, refusal.facts)]
        else:
            audit.record(
                "create_account", actor=current_user, subject_type="account", subject_id=account.id, now=utc_now()
            )
            db.session.commit()
            flash(_("账号已建立。请授予角色，再发放一次性验证码，由本人设置密码。"), "success")
            return redirect(url_for(".account", account_id=account.id), 303)
    return render_template("accounts/admin_create.html", form=form), 422 if form.is_submitted() else 200


@bp.get("/accounts/<int:account_id>")
def account(account_id: int) -> ResponseReturnValue:
    """One account: its state, its roles and what was done to it."""
    shown = queries.account_or_404(account_id)
    entries = queries.audit_entries(
        action="", actor="", subject_type="account", subject_id=str(shown.id), since=None, until=None
    )
    return render_template(
        "accounts/admin_account.html",
        account=shown,
        role_form=RoleForm(),
        entries=queries.page_of(entries, 1, 20).items,
    )


@bp.post("/accounts/<int:account_id>/roles")
def grant(account_id: int) -> ResponseReturnValue:
    """Grant a role that reaches everywhere."""
    shown = queries.account_or_404(account_id)
    form = RoleForm()
    if form.validate_on_submit():
        actions.grant_role(shown, form.role.data, actor=current_user, now=utc_now())
        db.session.commit()
        flash(_("角色已授予。"), "success")
    else:
        flash(_("没有授予：请选择列表中的角色。"), "danger")
    return redirect(url_for(".account", account_id=account_id), 303)


@bp.route("/accounts/roles/<int:grant_id>/revoke", methods=["GET", "POST"])
def revoke(grant_id: int) -> ResponseReturnValue:
    """Take a role back, after a page that says what that means."""
    held = db.session.get(RoleGrant, grant_id) if grant_id < 2**63 else None
    if held is None:
        raise NotFound()
    form = EmptyForm()
    if form.validate_on_submit():
        account_id = held.account_id
        actions.revoke_role(held, actor=current_user, now=utc_now())
        db.session.commit()
        flash(_("角色已收回，立即生效。"), "success")
        return redirect(url_for(".account", account_id=account_id), 303)
    return render_template("accounts/admin_revoke.html", form=form, grant=held)


@bp.route("/accounts/<int:account_id>/disable", methods=["GET", "POST"])
def disable(account_id: int) -> ResponseReturnValue:
    """Disable an account, after a page that says what that means."""
    shown = queries.account_or_404(account_id)
    form = EmptyForm()
    if form.validate_on_submit():
        actions.disable_account(shown, actor=current_user, now=utc_now())
        db.session.commit()
        flash(_("账号已停用，所有设备上的登录都已退出。"), "success")
        return redirect(url_for(".account", account_id=account_id), 303)
    return render_template("accounts/admin_disable.html", form=form, account=shown)


@bp.post("/accounts/<int:account_id>/enable")
def enable(account_id: int) -> ResponseReturnValue:
    """Let a disabled account sign in again."""
    shown = queries.account_or_404(account_id)
    actions.enable_account(shown, actor=current_user, now=utc_now())
    db.session.commit()
    flash(_("账号已恢复，可以用原来的密码登录。"), "success")
    return redirect(url_for(".account", account_id=account_id), 303)


@bp.post("/accounts/<int:account_id>/code")
def code(account_id: int) -> ResponseReturnValue:
    """A one-time code, shown once."""
    shown = queries.account_or_404(account_id)
    fresh = actions.issue_code(shown, actor=current_user, now=utc_now())
    db.session.commit()
    return render_template(
        "accounts/code.html",
        account=shown,
        code=show_code(fresh),
        hours=actions.CODE_LIFE // timedelta(hours=1),
        back_url=url_for(".account", account_id=account_id),
    )


@bp.get("/audit")
def audit_trail() -> ResponseReturnValue:
    """Who did what to what, when; the latest first."""
    names = ("action", "actor", "subject_type", "subject_id")
    filters = {name: request.args.get(name, "")[:80] for name in names}
    since, until = _day("since"), _day("until")
    entries = queries.audit_entries(**filters, since=since, until=until + timedelta(days=1) if until else None)
    filters |= {
        name: request.args.get(name, "")[:10] if moment else "" for name, moment in (("since", since), ("until", until))
    }
    return render_template(
        "accounts/audit_trail.html",
        page=queries.page_of(entries, _page_number()),
        filters=filters,
        actions=queries.audit_actions(),
    )


def _day(name: str) -> datetime | None:
    """The beginning of the day that an argument names, or None."""
    try:
        return datetime.strptime(request.args.get(name, ""), "%Y-%m-%d").replace(tzinfo=ZONE)
    except ValueError:
        return None
