"""Sign-in, sign-out, the own profile and passwords."""

from flask import current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from quizapp.accounts import actions, audit, entering, passwords, queries, sessions, sign_in_limits
from quizapp.accounts.forms import ChangePasswordForm, ResetForm, SignInForm
from quizapp.accounts.models import Account
from quizapp.accounts.sentences import ROLE_NAMES
from quizapp.clock import utc_now
from quizapp.errors import Refused
from quizapp.extensions import db
from quizapp.web.access import PUBLIC, SIGNED_IN, Blueprint, access, reads_only
from quizapp.web.error_pages import sentence
from quizapp.web.links import local_path

bp = Blueprint("accounts", __name__, access=SIGNED_IN)

# Where each role starts its work, the farthest-reaching role first.
STARTING_PAGES = (
    ("organizer", "competitions_admin.index"),
    ("administrator", "accounts_admin.index"),
    ("auditor", "competitions_admin.index"),
    ("coordinator", "organizations.my_units"),
    ("association", "organizations.my_units"),
)


@bp.app_template_filter("role_name")
def role_name(role: str) -> str:
    """A role as people call it."""
    return str(ROLE_NAMES.get(role, role))


@bp.route("/sign-in", methods=["GET", "POST"])
@access(PUBLIC)
@reads_only  # but for a hash of older costs, and that statement begins a transaction of its own
def sign_in() -> ResponseReturnValue:
    """Sign in, then go to the page that was wanted, or where the person's role has its work."""
    wanted = request.args.get("next", "")
    if request.method == "GET" and current_user.is_authenticated:
        return redirect(page_after_sign_in(current_user, wanted), 303)
    form = SignInForm()
    if request.method == "GET":
        form.login.data = request.args.get("login", "")[:80]
    status = 200 if request.method == "GET" else 422
    if form.validate_on_submit():
        try:
            account = entering.authenticate(
                form.login.data,
                form.password.data,
                address=request.remote_addr or "",
                devices=sessions.known_accounts(),
                now=utc_now(),
            )
            db.session.commit()
        except Refused as refusal:
            form.form_errors.append(sentence(refusal.code, refusal.facts))
            status = refusal.status
        else:
            sessions.begin(account, own_device=form.own_device.data, now=utc_now())
            response = make_response(redirect(page_after_sign_in(account, wanted), 303))
            sessions.remember_device(response, account)
            return response
    return render_template("accounts/sign_in.html", form=form, wanted=wanted), status


def page_after_sign_in(account: Account, wanted: str) -> str:
    """The address to go to: `wanted` if it is one of this site, else by role."""
    if wanted and local_path(wanted) == wanted and wanted != "/":
        return wanted
    for role, endpoint in STARTING_PAGES:
        if role in account.roles and endpoint in current_app.view_functions:
            return url_for(endpoint)
    return url_for("web.home")


@bp.post("/sign-out")
@access(PUBLIC)
def sign_out() -> ResponseReturnValue:
    """Sign out on this device."""
    sessions.end()
    flash(_("您已退出登录。"), "success")
    return redirect(url_for("accounts.sign_in"), 303)


@bp.get("/profile")
def profile() -> ResponseReturnValue:
    """The own account: how one signs in, what one may do."""
    return render_template("accounts/profile.html", account=current_user)


@bp.route("/profile/password", methods=["GET", "POST"])
def change_password() -> ResponseReturnValue:
    """A new password for whoever knows the old one; it signs out everywhere else."""
    form = ChangePasswordForm()
    if form.validate_on_submit():
        account_id, stored, login = current_user.id, current_user.password_hash, current_user.login
        own_device = sessions.on_own_device()
        tries = sign_in_limits.SignInTries(login, request.remote_addr or "", f"signed in as {account_id}")
        try:
            entering.check_password(stored, form.password.data, tries, now=utc_now())
        except Refused as refusal:
            code = "password_wrong" if refusal.code == "sign_in_failed" else refusal.code
            form.password.errors = [sentence(code, refusal.facts)]
            return render_template("accounts/change_password.html", form=form), refusal.status
        hashed = passwords.hash_password(form.new_password.data)
        account = queries.account_or_404(account_id)
        actions.set_password(account, hashed)
        audit.record("change_password", actor=account, subject_type="account", subject_id=account.id, now=utc_now())
        db.session.commit()
        sessions.begin(account, own_device=own_device, now=utc_now())
        flash(_("密码已修改。其他设备上的登录已全部退出。"), "success")
        return redirect(url_for("accounts.profile"), 303)
    return render_template("accounts/change_password.html", form=form), 422 if form.is_submitted() else 200


@bp.route("/reset", methods=["GET", "POST"])
@access(PUBLIC)
def reset() -> ResponseReturnValue:
    """Set a new password with a one-time code from the coordinator or an administrator."""
    form = ResetForm()
    status = 200 if request.method == "GET" else 422
    if form.validate_on_submit():
        try:
            account = entering.redeem(
                queries.account_by_login(form.login.data),
                form.login.data,
                "reset",
                form.code.data,
                form.new_password.data,
                address=request.remote_addr or "",
                now=utc_now(),
            )
            db.session.commit()
        except Refused as refusal:
            form.form_errors.append(sentence(refusal.code, refusal.facts))
            status = refusal.status
        else:
            sessions.begin(account, own_device=form.own_device.data, now=utc_now())
            flash(_("新密码已生效，您已登录。"), "success")
            response = make_response(redirect(page_after_sign_in(account, ""), 303))
            sessions.remember_device(response, account)
            return response
    return render_template("accounts/reset.html", form=form), status
