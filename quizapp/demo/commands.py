"""`quizapp demo …`"""

import click
from flask.cli import AppGroup
from sqlalchemy import exists, select

from quizapp.accounts.models import Account
from quizapp.accounts.sentences import ROLE_NAMES
from quizapp.demo.filling import cast_lines, demo_password, fill
from quizapp.extensions import db, settings

demo = AppGroup("demo", help="演示数据。 The demo.")


@demo.command("fill", help="填充演示数据（可重复运行）。 Fill in the demo; may be run again.")
def fill_command() -> None:
    """Say each step as it begins."""
    fill(demo_password(settings().data_dir), lambda chinese, english: click.echo(f"  {chinese} {english}"))


@demo.command("accounts", help="显示演示账号。 Show the demo's accounts.")
def accounts_command() -> None:
    """Nothing where there is no demo."""
    if not db.session.scalar(select(exists().where(Account.login == "organizer"))):
        return
    address = settings().public_url or f"http://{settings().bind}"
    click.echo(f"  演示账号 demo accounts, {address}")
    for login, password, role in cast_lines(demo_password(settings().data_dir)):
        click.echo(f"    {login:<12} {password}  {ROLE_NAMES.get(role, '参赛者')} {role}")
