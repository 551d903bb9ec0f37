"""`quizapp demo …`"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask.cli import AppGroup
from flask_migrate import upgrade
from redis.exceptions import RedisError
from sqlalchemy import exists, select

from quizapp.accounts.models import Account
from quizapp.accounts.queries import account_by_login
from quizapp.accounts.sentences import ROLE_NAMES
from quizapp.competitions.models import Competition
from quizapp.competitions.priming import prime
from quizapp.demo import season
from quizapp.demo.filling import Say, cast_lines, demo_password, fill
from quizapp.extensions import db, grader, settings

UP = ("-c", "import sys; from quizapp.cli import main; sys.exit(main())", "up", "--end-with-parent")
STARTS_S = 120.0

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
        if account_by_login(login) is None:  # a season has none of the demo's units, and nobody of them
            continue
        click.echo(f"    {login:<12} {password}  {ROLE_NAMES.get(role, '参赛者')} {role}")


@demo.command(
    "season", help="模拟一整季：从开赛到抽奖，写出全部公布文件。 A whole season, with all its published files."
)
@click.option(
    "--people", type=click.IntRange(200, 1_000_000), default=season.PEOPLE, show_default=True, help="人数。 People."
)
@click.option(
    "--units", type=click.IntRange(5, 10_000), default=season.UNITS, show_default=True, help="单位数。 Units."
)
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="公布文件的目录。 Folder of the files.")
def season_command(people: int, units: int, to: Path | None) -> None:
    """It fills an empty installation of its own, which can be looked at afterwards with `quizapp up`."""
    begun_s = time.monotonic()

    def say(chinese: str, english: str) -> None:
        click.echo(f"  {time.monotonic() - begun_s:5.1f} s  {chinese} {english}")

    here = settings()
    if not (here.embedded_database and here.embedded_redis):
        raise click.ClickException(
            "演示只写入内置的数据库和存储：请不设 DATABASE_URL、REDIS_URL，用 QUIZ_DATA_DIR 指定一个新目录再运行。"
            " The demo fills the embedded stores only: unset DATABASE_URL and REDIS_URL, and name a new folder by QUIZ_DATA_DIR."
        )
    say("准备数据库…", "Preparing the database …")
    upgrade()
    if db.session.scalar(select(exists().where(Account.id > 0))):
        raise click.ClickException(
            f"{here.data_dir} 里已有数据，没有改动。请指定一个新目录：QUIZ_DATA_DIR=season quizapp demo season。"
            " There are data already, which were left alone. Name a new folder: QUIZ_DATA_DIR=season quizapp demo season."
        )
    db.session.rollback()
    to = to or here.data_dir / "published"
    try:
        competition = season.prepare(demo_password(here.data_dir), say, people=people, units=units)
        with _running(say):
            prime(db.session.get_one(Competition, competition))
            db.session.rollback()
            say("全体答题…", "Everybody answers …")
            season.take_part(competition, say)
            season.close(competition)
            season.wait_until_recorded(competition, say)
            season.freeze(competition, say)
            season.conclude(competition, say)
            checks = season.write_files(competition, to)
    except season.SeasonError as error:
        raise click.ClickException(str(error)) from error
    say(f"完成。公布的文件在 {to}，说明见其中的 HOW_TO_CHECK.txt。查验：", "Done. The files are there; to check them:")
    click.echo(f"\n    cd {to}")
    for check in checks:
        click.echo(f"    {check}")
    click.echo(f"\n  查看网站 To look at the site: QUIZ_DATA_DIR={here.data_dir} quizapp up")


@contextmanager
def _running(say: Say) -> Iterator[None]:
    """The program, started by us and stopped in the end."""
    say("启动程序…", "Starting the program …")
    log = settings().data_dir / "season.log"
    with log.open("wb") as output:
        up = subprocess.Popen([sys.executable, *UP], stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + STARTS_S
        while not _answers():
            if up.poll() is not None or time.monotonic() > deadline:
                raise season.SeasonError(
                    f"{log.read_text()}\n程序没有启动，原因见上。 The program did not start: see above."
                )
            time.sleep(0.1)
        yield
    finally:
        up.terminate()
        up.wait()


def _answers() -> bool:
    try:
        return bool(grader.store.ping())
    except RedisError:
        return False
