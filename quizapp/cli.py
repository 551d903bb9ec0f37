"""The console script `quizapp`: what runs an installation, and the features' command groups."""

import os
import signal
import sys
import threading
from pathlib import Path

import click
from flask.cli import FlaskGroup
from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError

from quizapp import create_app
from quizapp.config import SettingsError, read_settings
from quizapp.errors import QuizError, Unavailable

ROOT = Path(__file__).resolve().parent.parent


@click.group(
    cls=FlaskGroup,
    create_app=create_app,
    add_default_commands=False,
    add_version_option=False,
    load_dotenv=False,
    set_debug_flag=False,
    help="质量知识竞赛。 The quality knowledge competition.",
)
def cli() -> None:
    """The group; its help is above."""


@cli.command(with_appcontext=False, help="启动全部：数据库迁移、内置存储、落库进程、网站。 Start all of it.")
@click.option("--end-with-parent", is_flag=True, help="随父进程一同结束。 End when the parent process does.")
def up(end_with_parent: bool) -> None:
    """What `make run` runs."""
    from quizapp.installation import children
    from quizapp.installation.up import Up

    if end_with_parent:
        children.end_with_parent(os.getppid())
    sys.exit(Up(read_settings()).run())


@cli.command(
    with_appcontext=False,
    context_settings={"ignore_unknown_options": True},
    help="只启动网站。 Start the web server alone.",
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def web(options: tuple[str, ...]) -> None:
    """Become gunicorn; `options` are its own and go before ours."""
    from quizapp.installation.up import APP, WEB

    read_settings()  # a bad setting is said here, in one sentence, and not by each worker
    command = [sys.executable, *WEB]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    os.execv(sys.executable, [*command, *options, APP])  # noqa: S606


@cli.command(
    with_appcontext=False,
    help="只启动落库进程（兼刷新排行榜、冻结成绩）。 Start the recorder alone; it refreshes and freezes the boards too.",
)
def recorder() -> None:
    """Record and refresh until SIGTERM or SIGINT."""
    from quizapp.attempts.recorder import run_recorder
    from quizapp.attempts.refresh import count_exposure_forever
    from quizapp.installation.logs import configure_logging
    from quizapp.leaderboards.jobs import freeze_forever
    from quizapp.leaderboards.refresh import refresh_forever
    from quizapp.receipts.jobs import keep_ledger_forever

    configure_logging()
    app = create_app()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    beside = [
        threading.Thread(target=refresh_forever, args=(app, stop), name="boards"),
        threading.Thread(target=count_exposure_forever, args=(app, stop), name="exposure"),
        threading.Thread(target=keep_ledger_forever, args=(app, stop), name="receipts"),
        threading.Thread(target=freeze_forever, args=(app, stop), name="freezes"),
    ]
    for thread in beside:
        thread.start()
    try:
        run_recorder(app, stop)
    finally:
        stop.set()
        for thread in beside:
            thread.join()


@cli.command(with_appcontext=False, help="检查安装，用整句说明问题。 Say what is wrong with this installation.")
def doctor() -> None:
    """Exit status 1 if something is wrong."""
    from quizapp.installation.doctor import examine

    sys.exit(examine())


@cli.command(
    with_appcontext=False,
    help="把运行中的安装备份到目录（内置数据库）。 Back a running installation up into a folder (embedded database).",
)
@click.argument("folder", type=click.Path(path_type=Path))
def backup(folder: Path) -> None:
    """Everything that was acknowledged before it began is in it; people go on answering."""
    from quizapp.installation.backup import BackupError, make_backup, summary

    try:
        click.echo(summary(make_backup(read_settings(), folder)))
    except BackupError as error:
        raise click.ClickException(str(error)) from error


@cli.command(
    with_appcontext=False,
    help="把备份恢复到空的数据目录。 Restore a backup into an empty data folder.",
)
@click.argument("folder", type=click.Path(path_type=Path))
def restore(folder: Path) -> None:
    """The next start notices the empty store and restores it from SQL."""
    from quizapp.installation.backup import BackupError, restore_backup, summary
    from quizapp.installation.checks import CannotStart

    try:
        click.echo(summary(restore_backup(read_settings(), folder)))
    except (BackupError, CannotStart) as error:
        raise click.ClickException(str(error)) from error
    click.echo("已恢复，可以启动了：quizapp up。 Restored; start it with quizapp up.")


def main() -> int:
    """Run the command line. What people can mend is said in one sentence, without a traceback."""
    try:
        cli.main()
    except SettingsError as error:
        click.echo(str(error), err=True)
    except QuizError as error:
        _say(error)
    except (OperationalError, RedisError):
        _say(Unavailable())
    return 1


def _say(error: QuizError) -> None:
    from quizapp.web.error_pages import sentence  # not above: `quizapp web` passes through here at each start

    with create_app().app_context():
        click.echo(sentence(error.code, error.facts), err=True)
