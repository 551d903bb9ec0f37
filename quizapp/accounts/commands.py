"""`quizapp accounts …`: the first administrator, and a one-time code when nobody can sign in to give one."""

import click
from flask.cli import AppGroup

from quizapp.accounts import actions, passwords, queries
from quizapp.accounts.codes import show_code
from quizapp.accounts.logins import is_chosen_name, read_login, read_phone, tidy_name
from quizapp.accounts.sentences import SENTENCES
from quizapp.clock import utc_now
from quizapp.errors import QuizError
from quizapp.extensions import db

group = AppGroup("accounts", help="账号 · Accounts: the first administrator, one-time codes.")


@group.command("create-admin")
@click.option("--login", prompt="登录名 · Login", help="A phone number, or letters and digits.")
@click.option("--name", prompt="姓名 · Name")
@click.option(
    "--password",
    prompt="密码 · Password",
    hide_input=True,
    confirmation_prompt="再输一遍 · Again",
    help="Better left out: it is then asked for, and stays out of the shell's history.",
)
def create_admin(login: str, name: str, password: str) -> None:
    """Make an administrator's account."""
    login, name = read_login(login), tidy_name(name)
    if not read_phone(login) and not is_chosen_name(login):
        raise click.ClickException(
            "登录名须为手机号，或字母开头的 3–40 位字母数字。 A phone number, or letters and digits."
        )
    if not name or len(name) > 60:
        raise click.ClickException("姓名须为 1–60 个字符。 The name has 1 to 60 characters.")
    if found := passwords.weakness(password, login, name):
        raise click.ClickException(f"{SENTENCES[found]} The password is too weak ({found}).")
    hashed = passwords.hash_password(password)
    try:
        actions.create_administrator(login, name, hashed, now=utc_now())
    except QuizError as error:
        raise click.ClickException(f"{SENTENCES[error.code]} ({error.code})") from error
    db.session.commit()
    click.echo(f"管理员 {login} 已建立，可以登录。 The administrator {login} can sign in now.")


@group.command("reset-code")
@click.argument("login")
def reset_code(login: str) -> None:
    """Give a one-time code for LOGIN: it sets a new password at /reset (or /claim for an account not claimed yet)."""
    account = queries.account_by_login(login)
    if account is None:
        raise click.ClickException(f"没有登录名为 {login} 的账号。 There is no account {login}.")
    try:
        code = actions.issue_code(account, actor=None, now=utc_now())
    except QuizError as error:
        raise click.ClickException(f"{SENTENCES[error.code]} ({error.code})") from error
    page = "/reset" if account.password_hash else "/claim"
    db.session.commit()
    hours = int(actions.CODE_LIFE.total_seconds() // 3600)
    click.echo(
        f"{show_code(code)}\n请在 {hours} 小时内到 {page} 使用一次。 To be used once at {page} within {hours} hours."
    )
