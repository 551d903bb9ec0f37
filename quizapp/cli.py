"""The console script `quizapp`: what runs an installation, and the features' command groups."""

import os
import secrets
import signal
import sys
import threading
from pathlib import Path

import click
from flask.cli import FlaskGroup
from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError

from quizapp import create_app
from quizapp.clock import utc_now
from quizapp.config import SettingsError, read_settings
from quizapp.errors import QuizError, Unavailable
from quizapp.signing import canonical

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


@cli.command(
    with_appcontext=False,
    help="赛前预演：在隔离的副本里模拟参赛者，写出签名的容量说明。 Rehearse a competition in a scratch installation beside this one.",
)
@click.argument("competition_id", metavar="[COMPETITION]", type=int, required=False)
@click.option(
    "--people",
    type=click.IntRange(1),
    help="模拟多少人；默认名册人数，至多 300。 How many people; the roster, 300 at most.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0.01, 600),
    default=1.0,
    show_default=True,
    help="边想边答一份卷子约几分钟。 How long a paper takes them, thinking before each answer.",
)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="容量说明写到哪里。 Where the note goes."
)
@click.option("--seed", type=int, help="随机种子。 What people choose and when.")
@click.option(
    "--beside-a-running-competition", "beside", is_flag=True, help="竞赛进行中也做。 Even while a competition is open."
)
@click.option("--clean", is_flag=True, help="清除中断的预演留下的数据。 Clear away what a killed rehearsal left.")
@click.option(
    "--verify", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="查验容量说明。 Check a note."
)
@click.option(
    "--keys", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="另存的公钥文件。 Noted keys."
)
def rehearse(
    competition_id: int | None,
    people: int | None,
    minutes: float,
    output: Path | None,
    seed: int | None,
    beside: bool,
    clean: bool,
    verify: Path | None,
    keys: Path | None,
) -> None:
    """Exit status: 0 nothing was lost, or the note holds; 1 something was, or it does not; 2 no rehearsal was possible."""
    from quizapp.rehearsals.note import is_clean, lines_of
    from quizapp.rehearsals.rehearsal import rehearse as rehearse_competition
    from quizapp.rehearsals.rehearsal import verified
    from quizapp.rehearsals.scratch import RehearsalError, clear_leftovers

    try:
        if verify:
            statement = verified(verify, keys)
        elif clean:
            cleared = clear_leftovers(read_settings())
            click.echo("已清除。 Cleared away." if cleared else "没有留下什么。 Nothing was left.")
            return
        elif competition_id is None:
            raise click.UsageError("请给出竞赛编号。 Name the competition by its number.")
        else:
            now = utc_now()
            output = output or Path(f"capacity-{competition_id}-{now:%Y%m%dT%H%M%SZ}.json")
            if not os.access(output.parent, os.W_OK):
                raise RehearsalError(f"不能写入 {output.parent}。 It can't be written: {output.parent}.")
            note = rehearse_competition(
                competition_id,
                environ=os.environ,
                people=people,
                minutes=minutes,
                beside=beside,
                seed=secrets.randbelow(10**9) if seed is None else seed,
                now=now,
                say=lambda chinese, english: click.echo(f"{chinese} {english}"),
            )
            output.write_bytes(canonical(note) + b"\n")
            statement = note["statement"]
    except RehearsalError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        click.echo("已中断，预演的数据已清除。 Ended early; all of it is cleared away.", err=True)
        sys.exit(130)
    for line in lines_of(statement):
        click.echo(line)
    if verify:
        click.echo("真 TRUE.")
    else:
        click.echo(f"容量说明已写入 {output}，查验：quizapp rehearse --verify {output}。 The signed note is written.")
    if not is_clean(statement):
        sys.exit(
            "预演中有作答丢失、重复、判分不符或没能完成，见上。 Something was lost, doubled, mis-scored or given up: see above."
        )


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
