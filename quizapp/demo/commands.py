"""`quizapp demo …`"""

import click
from flask.cli import AppGroup
from sqlalchemy import exists, select

from quizapp.accounts.models import Account
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
    click.echo("  演示账号 demo accounts:")
    for login, password, role in cast_lines(demo_password(settings().data_dir)):
        click.echo(f"    {role:<14} {login:<12} {password}")
